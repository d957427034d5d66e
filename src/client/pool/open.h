/* When connections are opened: for requests that wait, while there may be more of them. */
#ifndef TUV_CLIENT_POOL_OPEN_H
#define TUV_CLIENT_POOL_OPEN_H

#include "client/pool/pool.h"

/* Opens connections until `wanted` are on their way for requests of these kinds, or the pool is
 * full. When every host has to be left alone, that is done after a while. */
void tuv_pool_open(tuv_pool_t* pool, uint32_t wanted, unsigned needs);
/* Opens connections for the requests that wait. If that cannot even be begun, nothing would end
 * their waiting: they fail. */
void tuv_pool_open_for_queued(tuv_pool_t* pool);
/* Whether there is anything that queued requests of these kinds can wait for. */
bool tuv_pool_has_hope(const tuv_pool_t* pool, unsigned needs);
/* Fails the queued requests that nothing will take. */
void tuv_pool_fail_queued(tuv_pool_t* pool, const tuv_failure_t* failure);

#endif
