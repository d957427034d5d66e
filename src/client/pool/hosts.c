/* Where to connect to: the hosts of the URL and those that servers name, passed over for growing
 * times after failures. */
#include <stdio.h>
#include <string.h>

#include "client/pool/client.h"
#include "client/pool/hosts.h"

/* Fills a entry; `name` is NUL-terminated. Its texts stay where they are while it is used. */
static void set_entry(tuv_pool_host_t* entry, const tuv_host_t* host) {
  memset(entry, 0, sizeof *entry);
  snprintf(entry->name, sizeof entry->name, "%s", host->name);
  snprintf(entry->text, sizeof entry->text, host->ipv6 ? "[%s]:%u" : "%s:%u", host->name,
           host->port);
  entry->port = host->port;
  entry->listed = true;
}

int tuv_hosts_init(taosuv_client_t* client) {
  const tuv_url_t* url = &client->context.url;
  uint32_t capacity = url->nhosts + (url->adapter_ha ? TUV_MAX_LEARNED : 0);
  client->hosts = tuv_calloc(&client->context.mem->alloc, capacity, sizeof *client->hosts);
  if (client->hosts == NULL) return TAOSUV_ENOMEM;
  client->hosts_capacity = capacity;
  for (client->nhosts = 0; client->nhosts < url->nhosts; client->nhosts++)
    set_entry(&client->hosts[client->nhosts], &url->hosts[client->nhosts]);
  return 0;
}

static bool same_name(const char* a, const char* b) {
  for (;; a++, b++) {
    char x = *a >= 'A' && *a <= 'Z' ? (char) (*a + 32) : *a;
    char y = *b >= 'A' && *b <= 'Z' ? (char) (*b + 32) : *b;
    if (x != y) return false;
    if (x == 0) return true;
  }
}

/* The place of a host that is known, also of one that was left. */
static tuv_pool_host_t* find_entry(taosuv_client_t* client, const tuv_host_t* host) {
  for (uint32_t i = 0; i < client->nhosts; i++) {
    tuv_pool_host_t* entry = &client->hosts[i];
    if (entry->port == host->port && same_name(entry->name, host->name)) return entry;
  }
  return NULL;
}

/* A place for a new host: behind the others, or that of one that was left and nobody uses. */
static tuv_pool_host_t* free_entry(taosuv_client_t* client) {
  if (client->nhosts < client->hosts_capacity) return &client->hosts[client->nhosts++];
  for (uint32_t i = client->context.url.nhosts; i < client->nhosts; i++)
    if (!client->hosts[i].listed && client->hosts[i].users == 0) return &client->hosts[i];
  return NULL;
}

bool tuv_hosts_add(taosuv_client_t* client, const tuv_host_t* host) {
  tuv_pool_host_t* entry = find_entry(client, host);
  bool known = entry != NULL;
  if (!known) entry = free_entry(client);
  if (entry == NULL) return false;
  bool news = !known || !entry->listed;
  if (!known) set_entry(entry, host);
  entry->listed = true;
  entry->named = true;
  return news;
}

/* Whether the last thing heard of a host was good. */
bool tuv_hosts_is_up(const taosuv_client_t* client, uint32_t host) {
  return client->hosts[host].failures == 0 && !client->hosts[host].doubted;
}

/* Whether one host is to be preferred to another, when both may be tried. */
static bool better(const taosuv_client_t* client, uint32_t host, uint32_t than) {
  bool well = tuv_hosts_is_up(client, host);
  if (well != tuv_hosts_is_up(client, than)) return well;
  return !client->context.url.first_alive && client->hosts[host].open < client->hosts[than].open;
}

/* Picks the host for the next connection: of those that may be tried, and rather of those that are
 * well, the first, or the one with the fewest connections. Returns false when all have to be left
 * alone; for *wait ms then. */
bool tuv_hosts_pick(taosuv_client_t* client, uint32_t* host, uint64_t* wait) {
  uint64_t now = tuv_now();
  uint32_t count = client->nhosts;
  uint32_t start = client->context.url.first_alive ? 0 : client->next_host;
  bool found = false;
  *wait = UINT64_MAX;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t each = (start + i) % count;
    const tuv_pool_host_t* entry = &client->hosts[each];
    if (!entry->listed) continue;
    if (entry->retry_at > now) {
      if (entry->retry_at - now < *wait) *wait = entry->retry_at - now;
    } else if (!found || better(client, each, *host)) {
      *host = each;
      found = true;
    }
  }
  if (found) client->next_host = (*host + 1) % count;
  return found;
}

uint32_t tuv_hosts_listed(const taosuv_client_t* client) {
  uint32_t listed = 0;
  for (uint32_t i = 0; i < client->nhosts; i++) listed += client->hosts[i].listed;
  return listed;
}

void tuv_hosts_retry_after(taosuv_client_t* client, uint32_t host, uint32_t seconds) {
  if (seconds > TUV_MAX_ASKED_SECONDS) seconds = TUV_MAX_ASKED_SECONDS;
  client->hosts[host].retry_after_ms = 1000ull * seconds;
  client->hosts[host].retry_after_until = tuv_now() + 1000ull * seconds;
}

/* The pause after so many failures: doubling from retry_initial to retry_max, give or take a fifth,
 * so that many clients do not come back in the same moment. */
static uint64_t pause_after(taosuv_client_t* client, uint32_t failures) {
  uint64_t pause = client->context.url.retry_initial;
  for (uint32_t i = 1; i < failures && pause < client->context.url.retry_max; i++) pause *= 2;
  if (pause > client->context.url.retry_max) pause = client->context.url.retry_max;
  uint16_t random = 0x8000;
  tuv_random_bytes(&client->context.shared.random, (uint8_t*) &random, sizeof random);
  return pause - pause / 5 + 2 * (pause / 5) * random / 0xFFFF;
}

/* A connection that was begun at `started` failed. Several that were begun together say the same:
 * returns whether this was news. */
bool tuv_hosts_failed(taosuv_client_t* client, uint32_t host, uint64_t started) {
  tuv_pool_host_t* entry = &client->hosts[host];
  if (entry->failures > 0 && started <= entry->failed_at) return false;
  entry->failures++;
  entry->failed_at = tuv_now();
  entry->retry_at = entry->failed_at + pause_after(client, entry->failures);
  bool asks = entry->retry_after_until > entry->failed_at;
  uint64_t asked = entry->failed_at + entry->retry_after_ms;
  if (asks && entry->retry_at < asked) entry->retry_at = asked;
  return true;
}

void tuv_hosts_mark_up(taosuv_client_t* client, uint32_t host) {
  client->hosts[host].failures = 0;
  client->hosts[host].retry_at = 0;
  client->hosts[host].doubted = false;
}

void tuv_hosts_doubt(taosuv_client_t* client, uint32_t host) {
  client->hosts[host].doubted = true;
}
