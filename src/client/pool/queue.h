/* The requests that wait for a connection, or for their statement, and the bounds of both. */
#ifndef TUV_CLIENT_POOL_QUEUE_H
#define TUV_CLIENT_POOL_QUEUE_H

#include "client/pool/pool.h"

/* Whether the queue has room for a request with a payload of `size` bytes. An empty queue takes one
 * of any size; otherwise a large request could never be sent. */
bool tuv_pool_queue_takes(const tuv_pool_t* pool, unsigned needs, size_t size);
/* Puts a request in front of `at`. Returns 0 or TAOSUV_ENOMEM. */
int tuv_pool_queue_put(tuv_pool_t* pool, taosuv_req_t* req, tuv_queue_t* at);
void tuv_pool_queue_remove(tuv_pool_t* pool, taosuv_req_t* req);
bool tuv_pool_queue_has(const tuv_pool_t* pool, uint64_t id);
/* The counter of queued requests that a connection of the request's kind must be opened for. */
uint32_t* tuv_pool_queue_kind(tuv_pool_t* pool, const tuv_req_t* priv);
/* Copies the payload of a request that has to be sent later, or perhaps again. Returns 0,
 * TAOSUV_ENOMEM or TAOSUV_EMSGSIZE. */
int tuv_pool_queue_keep(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size);
void tuv_pool_queue_drop(tuv_req_t* priv); /* frees the copy */

/* Counts a request that waits for its statement. Returns 0, or TAOSUV_EAGAIN when too many wait. */
int tuv_pool_hold(tuv_pool_t* pool, size_t size);
void tuv_pool_unhold(tuv_pool_t* pool, size_t size);
/* After TAOSUV_EAGAIN: reports once when there is room again. */
void tuv_pool_check_drain(tuv_pool_t* pool);

#endif
