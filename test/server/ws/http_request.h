/* HTTP requests that are complete. */
#ifndef TS_WS_HTTP_REQUEST_H
#define TS_WS_HTTP_REQUEST_H

#include "ws/conn.h"

/* Gives the request to the owner of the peer; false: it is not wanted. */
bool ts_http_request(ts_conn_t* conn);

#endif
