/* permessage-deflate and gzip on the server's side, as the gateway does it: each message alone,
 * level 1. */
#include <string.h>

#include "ws/conn.h"
#include "ws/out.h"
#include "ws/deflate.h"

#define FRAGMENT 4096u

bool ts_deflate_init(ts_conn_t* conn) {
  if (!tuv_deflate_available()) return false;
  conn->inflater = tuv_inflater_create(&tuv_alloc_default, false);
  conn->deflater = tuv_deflater_create(&tuv_alloc_default, 15, false);
  return conn->inflater != NULL && conn->deflater != NULL;
}

void ts_deflate_free(ts_conn_t* conn) {
  tuv_inflater_free(conn->inflater);
  tuv_deflater_free(conn->deflater);
}

static void make_room(ts_buf_t* buf, size_t size) {
  ts_buf_grow(buf, size);
  buf->size -= size;
}

static void deflate_part(tuv_deflater_t* deflater, ts_buf_t* out, const void* data, size_t size,
                         bool end) {
  tuv_deflate_io_t io = {data, size, NULL, 0};
  tuv_deflate_status_t status;
  do {
    make_room(out, size + 64);
    uint8_t* place = out->data + out->size;
    io.out = place;
    io.room = out->capacity - out->size;
    status = tuv_deflater_run(deflater, &io, end);
    out->size = (size_t) (io.out - out->data);
  } while (status == TUV_DEFLATE_FULL);
}

void ts_deflate_send(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size,
                     const ts_blob_t* body) {
  ts_buf_t packed = {0};
  tuv_deflater_begin(conn->deflater);
  deflate_part(conn->deflater, &packed, head, size, body == NULL);
  if (body != NULL) deflate_part(conn->deflater, &packed, body->data, body->size, true);
  for (size_t at = 0; at < packed.size; at += FRAGMENT) {
    size_t part = packed.size - at < FRAGMENT ? packed.size - at : FRAGMENT;
    uint8_t header[TUV_WS_MAX_HEADER];
    bool first = at == 0, last = at + part == packed.size;
    ts_out_bytes(
        conn, header,
        tuv_ws_write_header(header, first ? opcode : TUV_WS_CONTINUATION, last, first, part, NULL));
    ts_out_bytes(conn, packed.data + at, part);
  }
  conn->peer->counters.compressed_out++;
  ts_buf_free(&packed);
}

bool ts_deflate_read(ts_conn_t* conn, const uint8_t* data, size_t size, ts_buf_t* out) {
  tuv_deflate_io_t io = {data, size, NULL, 0};
  tuv_deflate_status_t status;
  tuv_inflater_begin(conn->inflater, conn->peer->options.max_message);
  do {
    make_room(out, 4 * size + 64);
    uint8_t* place = out->data + out->size;
    io.out = place;
    io.room = out->capacity - out->size;
    status = tuv_inflater_run(conn->inflater, &io, true);
    out->size += (size_t) (io.out - place);
  } while (status == TUV_DEFLATE_FULL);
  return status == TUV_DEFLATE_OK;
}

static uint32_t crc_of(const uint8_t* data, size_t size) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

bool ts_deflate_gzip(const void* data, size_t size, ts_buf_t* out) {
  static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
  /* What the sync flush ended with, and a last, empty block. */
  static const uint8_t tail[9] = {0, 0, 255, 255, 1, 0, 0, 255, 255};
  if (!tuv_deflate_available()) return false;
  tuv_deflater_t* deflater = tuv_deflater_create(&tuv_alloc_default, 15, false);
  if (deflater == NULL) return false;
  ts_buf_add(out, head, sizeof head);
  tuv_deflater_begin(deflater);
  deflate_part(deflater, out, data, size, true);
  ts_buf_add(out, tail, sizeof tail);
  ts_buf_u32(out, crc_of(data, size));
  ts_buf_u32(out, (uint32_t) size);
  tuv_deflater_free(deflater);
  return true;
}
