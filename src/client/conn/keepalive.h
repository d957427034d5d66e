/* Keepalive: pings, idle_timeout and max_age of a connection. */
#ifndef TUV_CLIENT_CONN_KEEPALIVE_H
#define TUV_CLIENT_CONN_KEEPALIVE_H

#include "client/conn/conn.h"

void tuv_keepalive_begin(tuv_conn_t* conn); /* it is ready */
/* Lets it take no more requests, and closes it when it is unused. */
void tuv_keepalive_retire(tuv_conn_t* conn);

#endif
