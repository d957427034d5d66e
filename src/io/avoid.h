/* Addresses that accepted a connection and then failed: they are tried last for some time. */
#ifndef TUV_IO_AVOID_H
#define TUV_IO_AVOID_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Milliseconds for which an address is tried last. */
#define TUV_AVOID_MS 60000u

/* How many addresses are remembered. One more takes the place of the oldest. */
#define TUV_AVOID_MAX 32

/* An IPv4 or IPv6 address with its port. */
typedef union tuv_address_u {
  struct sockaddr any;
  struct sockaddr_in ip4;
  struct sockaddr_in6 ip6;
} tuv_address_t;

/* All zero: nothing is remembered. */
typedef struct tuv_avoid_s {
  struct {
    tuv_address_t address;
    uint64_t until; /* by tuv_now */
  } entry[TUV_AVOID_MAX];
  uint32_t count;
  uint32_t oldest; /* the entry to be replaced next, once all are in use */
} tuv_avoid_t;

/* Copies an address of either family. Returns false, and writes nothing, for another family. */
bool tuv_address_set(tuv_address_t* address, const struct sockaddr* from);

/* Remembers an address from `now` on. */
void tuv_avoid_add(tuv_avoid_t* avoid, const tuv_address_t* address, uint64_t now);

/* The address works again: it is not tried last any more. */
void tuv_avoid_remove(tuv_avoid_t* avoid, const tuv_address_t* address);

/* Whether the address is to be tried last. */
bool tuv_avoid_has(const tuv_avoid_t* avoid, const struct sockaddr* address, uint64_t now);

#endif
