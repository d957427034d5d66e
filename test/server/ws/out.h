/* The one way of all bytes out. */
#ifndef TS_WS_OUT_H
#define TS_WS_OUT_H

#include "ws/conn.h"

void ts_out_bytes(ts_conn_t* conn, const void* data, size_t size); /* copies them */
void ts_out_cipher(void* conn, const uint8_t* data, size_t size);  /* what TLS made of them */
void ts_out_blob(ts_conn_t* conn, ts_blob_t* blob);
void ts_out_flush(ts_conn_t* conn);
void ts_out_flush_dirty(ts_peer_t* peer, bool before_poll);
void ts_out_finish(ts_conn_t* conn); /* the end of the connection when all is written */
void ts_out_free(ts_conn_t* conn);

#endif
