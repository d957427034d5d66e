/* Which connection is picked for a request, and how many there are to pick from. `needs` are kinds of
 * requests (TUV_SERVES_…): a connection counts that serves one of them. */
#ifndef TUV_CLIENT_POOL_PICK_H
#define TUV_CLIENT_POOL_PICK_H

#include "client/pool/pool.h"

/* The bound of a request that takes no place on a connection. */
#define TUV_PICK_ANY SIZE_MAX

/* The connection with least in flight, if that is less than `bound`, which has room for a message of
 * `size` bytes; or NULL. */
tuv_conn_t* tuv_pick_least_loaded(tuv_pool_t* pool, unsigned needs, size_t bound, size_t size);
/* How many take requests; how many are on their way to it. */
uint32_t tuv_pick_usable(const tuv_pool_t* pool, unsigned needs);
uint32_t tuv_pick_connecting(const tuv_pool_t* pool, unsigned needs);
/* How many requests in flight one connection takes of those that are queued: while others are about
 * to be ready, its share only. */
size_t tuv_pick_share(const tuv_pool_t* pool);

#endif
