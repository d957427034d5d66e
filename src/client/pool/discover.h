/* Hosts that servers name. */
#ifndef TUV_CLIENT_POOL_DISCOVER_H
#define TUV_CLIENT_POOL_DISCOVER_H

#include "client/conn/conn.h"

void tuv_discover_replied(tuv_conn_t* conn, const tuv_reply_t* reply); /* to a log-in */
void tuv_discover_check(tuv_conn_t* conn);                             /* its version is known */

#endif
