/* A connection's session: the callbacks of the peer. */
#ifndef TS_GATEWAY_SESSION_H
#define TS_GATEWAY_SESSION_H

#include "ws/peer.h"

void ts_session_open(ts_conn_t* conn);
void ts_session_text(ts_conn_t* conn, const char* text, size_t size);
void ts_session_binary(ts_conn_t* conn, const uint8_t* data, size_t size);
void ts_session_close_frame(ts_conn_t* conn, uint16_t code);
void ts_session_closed(ts_conn_t* conn);

#endif
