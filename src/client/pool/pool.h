/* Which connection a request goes over. */
#ifndef TUV_CLIENT_POOL_POOL_H
#define TUV_CLIENT_POOL_POOL_H

#include "client/pool/client.h"

/* What every call checks of its client and request; 0 or what the call returns. `_any` is also for
 * the requests of a consumer. */
int tuv_pool_check(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
int tuv_pool_check_any(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
/* Begins a request whose message is made of this payload. */
int tuv_pool_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                   const void* payload, size_t size);
int tuv_pool_submit(taosuv_client_t* client, taosuv_req_t* req, const void* payload, size_t size);
void tuv_pool_pump(taosuv_client_t* client);
/* Whether a connection has nothing in flight; else one more is opened, if there may be. */
bool tuv_pool_has_idle(taosuv_client_t* client, unsigned needs);
/* The same, whether one has room and is not suspect. */
bool tuv_pool_has_room(taosuv_client_t* client, unsigned needs);
/* Connections that take requests. */
static inline uint32_t tuv_pool_usable(const taosuv_client_t* client) {
  return client->ready - client->retiring;
}
/* Those of them that serve one of these kinds. */
uint32_t tuv_pool_usable_for(const taosuv_client_t* client, unsigned needs);
/* A connection that was to serve all requests will not: others may have to be opened. */
void tuv_pool_narrowed(taosuv_client_t* client);
/* Puts a request whose connection died back into the queue; false: no memory. */
bool tuv_pool_requeue(taosuv_client_t* client, taosuv_req_t* req);
/* Counts a request that waits for its statement; TAOSUV_EAGAIN when too many wait. */
int tuv_pool_hold(taosuv_client_t* client, size_t size);
void tuv_pool_unhold(taosuv_client_t* client, size_t size);
/* Takes a queued request out of the queue. */
void tuv_pool_unqueue(taosuv_client_t* client, taosuv_req_t* req);
void tuv_pool_ready(tuv_conn_t* conn);
/* After TAOSUV_EAGAIN: has the caller told, once, when there is room again. */
void tuv_pool_check_drain(taosuv_client_t* client);
void tuv_pool_connect_failed(taosuv_client_t* client, uint32_t host, uint64_t started,
                             unsigned served, const tuv_failure_t* failure);
bool tuv_pool_id_in_flight(taosuv_client_t* client, uint64_t id);

#endif
