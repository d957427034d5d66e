/* Where to connect to: the hosts of the URL and those that servers name. A host that fails is
 * passed over, for a longer time after each failure. */
#include "client/pool/hosts.h"

#include <stdio.h>
#include <string.h>

#include "taosuv/error.h"
#include "util/backoff.h"

/* Fills an entry; `name` is NUL-terminated. Its texts stay where they are while it is used. */
static void set_entry(tuv_hosts_t* hosts, uint32_t index, const tuv_host_t* host) {
  tuv_pool_host_t* entry = &hosts->list[index];
  memset(entry, 0, sizeof *entry);
  entry->base.index = index;
  snprintf(entry->base.name, sizeof entry->base.name, "%s", host->name);
  snprintf(entry->base.text, sizeof entry->base.text, host->ipv6 ? "[%s]:%u" : "%s:%u", host->name,
           host->port);
  entry->base.port = host->port;
  entry->listed = true;
}

int tuv_hosts_init(tuv_hosts_t* hosts, const tuv_alloc_t* alloc, const tuv_url_t* url,
                   tuv_random_t* random) {
  uint32_t capacity = url->nhosts + (url->adapter_ha ? TUV_MAX_LEARNED : 0);
  *hosts = (tuv_hosts_t) {.url = url, .random = random, .capacity = capacity};
  hosts->list = tuv_calloc(alloc, capacity, sizeof *hosts->list);
  if (hosts->list == NULL) return TAOSUV_ENOMEM;
  for (; hosts->count < url->nhosts; hosts->count++)
    set_entry(hosts, hosts->count, &url->hosts[hosts->count]);
  return 0;
}

void tuv_hosts_free(tuv_hosts_t* hosts, const tuv_alloc_t* alloc) {
  tuv_free(alloc, hosts->list);
  hosts->list = NULL;
}

/* ---- the hosts that servers name ---- */

static bool same_name(const char* a, const char* b) {
  for (;; a++, b++) {
    char x = *a >= 'A' && *a <= 'Z' ? (char) (*a + 32) : *a;
    char y = *b >= 'A' && *b <= 'Z' ? (char) (*b + 32) : *b;
    if (x != y) return false;
    if (x == 0) return true;
  }
}

/* The entry of a known host, listed or not; or NULL. */
static tuv_pool_host_t* find_entry(tuv_hosts_t* hosts, const tuv_host_t* host) {
  for (uint32_t i = 0; i < hosts->count; i++) {
    tuv_pool_host_t* entry = &hosts->list[i];
    if (entry->base.port == host->port && same_name(entry->base.name, host->name)) return entry;
  }
  return NULL;
}

/* An entry for a new host: behind the others, or that of an unlisted host which nobody uses. */
static tuv_pool_host_t* free_entry(tuv_hosts_t* hosts) {
  if (hosts->count < hosts->capacity) return &hosts->list[hosts->count++];
  for (uint32_t i = hosts->url->nhosts; i < hosts->count; i++)
    if (!hosts->list[i].listed && hosts->list[i].base.users == 0) return &hosts->list[i];
  return NULL;
}

void tuv_hosts_name_begin(tuv_hosts_t* hosts) {
  for (uint32_t i = 0; i < hosts->count; i++) hosts->list[i].named = false;
}

bool tuv_hosts_name(tuv_hosts_t* hosts, const tuv_host_t* host) {
  tuv_pool_host_t* entry = find_entry(hosts, host);
  bool known = entry != NULL;
  if (!known) entry = free_entry(hosts);
  if (entry == NULL) return false;
  bool is_new = !known || !entry->listed;
  if (!known) set_entry(hosts, (uint32_t) (entry - hosts->list), host);
  entry->listed = true;
  entry->named = true;
  return is_new;
}

void tuv_hosts_name_end(tuv_hosts_t* hosts, void (*removed)(const tuv_pool_host_t*, void*),
                        void* context) {
  for (uint32_t i = hosts->url->nhosts; i < hosts->count; i++) {
    tuv_pool_host_t* entry = &hosts->list[i];
    if (!entry->listed || entry->named) continue;
    entry->listed = false;
    removed(entry, context);
  }
}

uint32_t tuv_hosts_listed(const tuv_hosts_t* hosts) {
  uint32_t listed = 0;
  for (uint32_t i = 0; i < hosts->count; i++) listed += hosts->list[i].listed;
  return listed;
}

/* ---- the choice of a host ---- */

bool tuv_hosts_is_up(const tuv_hosts_t* hosts, uint32_t host) {
  return hosts->list[host].failures == 0 && !hosts->list[host].doubted;
}

/* Whether one host is preferred to another, when both may be tried. */
static bool better(const tuv_hosts_t* hosts, uint32_t host, uint32_t than) {
  bool up = tuv_hosts_is_up(hosts, host);
  if (up != tuv_hosts_is_up(hosts, than)) return up;
  return !hosts->url->first_alive && hosts->list[host].base.open < hosts->list[than].base.open;
}

bool tuv_hosts_pick(tuv_hosts_t* hosts, uint64_t now, uint32_t* host, uint64_t* wait) {
  uint32_t start = hosts->url->first_alive ? 0 : hosts->next;
  bool found = false;
  *wait = UINT64_MAX;
  for (uint32_t i = 0; i < hosts->count; i++) {
    uint32_t each = (start + i) % hosts->count;
    const tuv_pool_host_t* entry = &hosts->list[each];
    if (!entry->listed) continue;
    if (entry->retry_at > now) {
      if (entry->retry_at - now < *wait) *wait = entry->retry_at - now;
    } else if (!found || better(hosts, each, *host)) {
      *host = each;
      found = true;
    }
  }
  if (found) hosts->next = (*host + 1) % hosts->count;
  return found;
}

/* ---- the health of a host ---- */

void tuv_hosts_retry_after(tuv_hosts_t* hosts, uint32_t host, uint32_t seconds, uint64_t now) {
  if (seconds > TUV_MAX_ASKED_SECONDS) seconds = TUV_MAX_ASKED_SECONDS;
  hosts->list[host].retry_after_ms = 1000ull * seconds;
  hosts->list[host].retry_after_until = now + 1000ull * seconds;
}

/* The pause after a number of failures: it doubles from retry_initial to retry_max. A fifth is
 * added or taken away at random, so that many clients do not come back at the same moment. */
static uint64_t pause_after(tuv_hosts_t* hosts, uint32_t failures) {
  uint16_t random = 0x8000;
  tuv_random_bytes(hosts->random, (uint8_t*) &random, sizeof random);
  uint64_t pause = tuv_backoff(hosts->url->retry_initial, hosts->url->retry_max, failures);
  return tuv_backoff_spread(pause, random);
}

bool tuv_hosts_failed(tuv_hosts_t* hosts, uint32_t host, uint64_t started, uint64_t now) {
  tuv_pool_host_t* entry = &hosts->list[host];
  if (entry->failures > 0 && started <= entry->failed_at) return false;
  entry->failures++;
  entry->failed_at = now;
  entry->retry_at = now + pause_after(hosts, entry->failures);
  bool asks = entry->retry_after_until > now;
  uint64_t asked = now + entry->retry_after_ms;
  if (asks && entry->retry_at < asked) entry->retry_at = asked;
  return true;
}

void tuv_hosts_mark_up(tuv_hosts_t* hosts, uint32_t host) {
  hosts->list[host].failures = 0;
  hosts->list[host].retry_at = 0;
  hosts->list[host].doubted = false;
}

void tuv_hosts_doubt(tuv_hosts_t* hosts, uint32_t host) {
  hosts->list[host].doubted = true;
}
