/* Addresses that accepted a connection and then failed: they are tried last for some time. */
#include "io/avoid.h"

#include <string.h>

bool tuv_address_set(tuv_address_t* address, const struct sockaddr* from) {
  memset(address, 0, sizeof *address);
  if (from->sa_family == AF_INET)
    memcpy(&address->ip4, from, sizeof address->ip4);
  else if (from->sa_family == AF_INET6)
    memcpy(&address->ip6, from, sizeof address->ip6);
  else
    return false;
  return true;
}

static bool is_same(const tuv_address_t* a, const tuv_address_t* b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET)
    return a->ip4.sin_port == b->ip4.sin_port &&
           memcmp(&a->ip4.sin_addr, &b->ip4.sin_addr, sizeof a->ip4.sin_addr) == 0;
  return a->ip6.sin6_port == b->ip6.sin6_port && a->ip6.sin6_scope_id == b->ip6.sin6_scope_id &&
         memcmp(&a->ip6.sin6_addr, &b->ip6.sin6_addr, sizeof a->ip6.sin6_addr) == 0;
}

/* The index of an address; `count` when it is not remembered. */
static uint32_t find(const tuv_avoid_t* avoid, const tuv_address_t* address) {
  uint32_t i = 0;
  while (i < avoid->count && !is_same(&avoid->entry[i].address, address)) i++;
  return i;
}

void tuv_avoid_add(tuv_avoid_t* avoid, const tuv_address_t* address, uint64_t now) {
  uint32_t i = find(avoid, address);
  if (i == TUV_AVOID_MAX) {
    i = avoid->oldest;
    avoid->oldest = (i + 1) % TUV_AVOID_MAX;
  } else if (i == avoid->count) {
    avoid->count++;
  }
  avoid->entry[i].address = *address;
  avoid->entry[i].until = now + TUV_AVOID_MS;
}

void tuv_avoid_remove(tuv_avoid_t* avoid, const tuv_address_t* address) {
  uint32_t i = find(avoid, address);
  if (i < avoid->count) avoid->entry[i].until = 0;
}

bool tuv_avoid_has(const tuv_avoid_t* avoid, const struct sockaddr* address, uint64_t now) {
  tuv_address_t wanted;
  if (avoid->count == 0 || !tuv_address_set(&wanted, address)) return false;
  uint32_t i = find(avoid, &wanted);
  return i < avoid->count && avoid->entry[i].until > now;
}
