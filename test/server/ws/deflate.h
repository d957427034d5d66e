/* permessage-deflate and gzip. Without zlib there is neither. */
#ifndef TS_WS_DEFLATE_H
#define TS_WS_DEFLATE_H

#include "ws/conn.h"

bool ts_deflate_init(ts_conn_t* conn);
void ts_deflate_free(ts_conn_t* conn);
/* A message as the gateway sends it: compressed, in frames of 4096 bytes. */
void ts_deflate_send(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size,
                     const ts_blob_t* body);
/* A gzip member of these bytes, at least one; false when there is no zlib. */
bool ts_deflate_gzip(const void* data, size_t size, ts_buf_t* out);
/* The content of a whole compressed message; false when it has none. The caller frees `out`. */
bool ts_deflate_read(ts_conn_t* conn, const uint8_t* data, size_t size, ts_buf_t* out);

#endif
