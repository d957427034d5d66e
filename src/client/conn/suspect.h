/* Connections on which a request timed out. */
#ifndef TUV_CLIENT_CONN_SUSPECT_H
#define TUV_CLIENT_CONN_SUSPECT_H

#include "client/conn/conn.h"

void tuv_suspect_begin(tuv_conn_t* conn); /* a request timed out on it */
void tuv_suspect_heard(tuv_conn_t* conn); /* the server has sent something */

#endif
