/* What becomes of the operations of a connection that is gone. First they are taken apart, and what
 * depends on the connection is detached: no callback is called until all of that is done. */
#ifndef TUV_CLIENT_CONN_LOSS_H
#define TUV_CLIENT_CONN_LOSS_H

#include "client/conn/conn.h"

/* Sorts what was in flight: requests that never left, or may be executed twice, go back to the pool,
 * the others into `lost`. Calls nobody back. */
void tuv_loss_take_apart(tuv_conn_t* conn, tuv_queue_t* lost);
/* Fails the requests in `lost`, and then tells the connection's dependents. */
void tuv_loss_fail(tuv_conn_t* conn, tuv_queue_t* lost, const tuv_failure_t* failure);

#endif
