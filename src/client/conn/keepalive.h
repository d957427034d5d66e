/* Keeping connections alive, and ending them in time. */
#ifndef TUV_CLIENT_CONN_KEEPALIVE_H
#define TUV_CLIENT_CONN_KEEPALIVE_H

#include "client/conn/conn.h"

void tuv_keepalive_begin(tuv_conn_t* conn);
void tuv_keepalive_retire(tuv_conn_t* conn);

#endif
