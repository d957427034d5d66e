/* Connections move to the hosts where they belong. */
#ifndef TUV_CLIENT_POOL_BALANCE_H
#define TUV_CLIENT_POOL_BALANCE_H

#include "client/pool/pool.h"

void tuv_balance_look(tuv_pool_t* pool); /* a connection or a host has come or gone */
int tuv_balance_replace(tuv_pool_t* pool, uint32_t host); /* one of them by one to that host */
void tuv_balance_replaces(tuv_conn_t* conn); /* once it is ready, another one retires */
void tuv_balance_ready(tuv_conn_t* conn);
void tuv_balance_done(tuv_conn_t* conn); /* it is ready, or will never be */

#endif
