/* Where to connect to: the hosts of the URL, passed over for growing times after failures. */
#include "client/private.h"

/* Whether one host is to be preferred to another, both being well. */
static bool better(const taosuv_client_t* client, uint32_t host, uint32_t than) {
  return !client->url.first_alive && client->health[host].open < client->health[than].open;
}

/* Picks the host for the next connection: the first that may be tried, or of those the one with the
 * fewest connections. Returns false when all have to be left alone; for *wait ms then. */
bool tuv_hosts_pick(taosuv_client_t* client, uint32_t* host, uint64_t* wait) {
  uint64_t now = uv_now(client->loop);
  uint32_t count = client->url.nhosts;
  uint32_t start = client->url.first_alive ? 0 : client->next_host;
  bool found = false;
  *wait = UINT64_MAX;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t each = (start + i) % count;
    const tuv_health_t* health = &client->health[each];
    if (health->retry_at > now) {
      if (health->retry_at - now < *wait) *wait = health->retry_at - now;
    } else if (!found || better(client, each, *host)) {
      *host = each;
      found = true;
    }
  }
  if (found) client->next_host = (*host + 1) % count;
  return found;
}

/* The pause after so many failures: doubling from retry_initial to retry_max, give or take a fifth,
 * so that many clients do not come back in the same moment. */
static uint64_t pause_after(taosuv_client_t* client, uint32_t failures) {
  uint64_t pause = client->url.retry_initial;
  for (uint32_t i = 1; i < failures && pause < client->url.retry_max; i++) pause *= 2;
  if (pause > client->url.retry_max) pause = client->url.retry_max;
  uint16_t random = 0x8000;
  tuv_random_bytes(&client->shared.random, (uint8_t*) &random, sizeof random);
  return pause - pause / 5 + 2 * (pause / 5) * random / 0xFFFF;
}

/* A connection that was begun at `started` failed. Several that were begun together say the same:
 * returns whether this was news. */
bool tuv_hosts_failed(taosuv_client_t* client, uint32_t host, uint64_t started) {
  tuv_health_t* health = &client->health[host];
  if (health->failures > 0 && started <= health->failed_at) return false;
  health->failures++;
  health->failed_at = uv_now(client->loop);
  health->retry_at = health->failed_at + pause_after(client, health->failures);
  return true;
}

void tuv_hosts_well(taosuv_client_t* client, uint32_t host) {
  client->health[host].failures = 0;
  client->health[host].retry_at = 0;
}
