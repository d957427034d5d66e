/* The upgrade request, or an HTTP request, read. */
#ifndef TS_WS_UPGRADE_H
#define TS_WS_UPGRADE_H

#include "ws/conn.h"

void ts_upgrade_init(ts_conn_t* conn);
/* Takes bytes of the request and returns how many belonged to it. */
size_t ts_upgrade_feed(ts_conn_t* conn, const char* data, size_t size);

#endif
