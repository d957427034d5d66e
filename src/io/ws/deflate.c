/* Sent messages that are compressed: each is deflated into the send buffer. */
#include "io/ws/deflate.h"

#include <string.h>
#include <uv.h>

#include "util/assert.h"

/* The compressed bytes go behind the room for the longest header. They are not committed, so they
 * are gone when the message is given up. */
int tuv_ws_deflate_begin(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, uint8_t opcode, size_t length) {
  if (deflate->deflater == NULL)
    deflate->deflater = tuv_deflater_create(buf->alloc, deflate->window_bits,
                                            deflate->keeps_context);
  if (deflate->deflater == NULL || length > SIZE_MAX / 4) return UV_ENOMEM;
  size_t room = TUV_WS_MAX_HEADER + tuv_deflater_bound(deflate->deflater, length);
  if (tuv_buf_reserve(buf, room) == NULL) return UV_ENOMEM;
  tuv_deflater_begin(deflate->deflater);
  deflate->active = true;
  deflate->failed = false;
  deflate->opcode = opcode;
  deflate->size = 0;
  return 0;
}

/* Makes more room than was thought necessary. Only committed bytes are moved with the buffer. */
static bool grow(const tuv_ws_deflate_t* deflate, tuv_buf_t* buf) {
  size_t have = TUV_WS_MAX_HEADER + deflate->size;
  tuv_buf_commit(buf, have);
  bool grown = tuv_buf_reserve(buf, have) != NULL;
  buf->tail -= have;
  return grown;
}

static void run(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, const void* data, size_t size,
                bool end) {
  tuv_deflate_io_t io = {data, size, NULL, 0};
  tuv_deflate_status_t status = TUV_DEFLATE_FULL;
  TUV_ASSERT(deflate->active);
  while (status == TUV_DEFLATE_FULL && !deflate->failed) {
    uint8_t* base = buf->data + buf->tail + TUV_WS_MAX_HEADER;
    io.out = base + deflate->size;
    io.room = buf->capacity - buf->tail - TUV_WS_MAX_HEADER - deflate->size;
    status = tuv_deflater_run(deflate->deflater, &io, end);
    deflate->size = (size_t) (io.out - base);
    if (status == TUV_DEFLATE_FULL && !grow(deflate, buf)) deflate->failed = true;
  }
}

void tuv_ws_deflate_put(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, const void* data, size_t size) {
  run(deflate, buf, data, size, false);
}

int tuv_ws_deflate_end(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, const uint8_t mask[4],
                       size_t* size) {
  run(deflate, buf, NULL, 0, true);
  deflate->active = false;
  if (deflate->failed) return UV_ENOMEM;
  uint8_t* out = buf->data + buf->tail;
  size_t header = tuv_ws_write_header(out, deflate->opcode, true, true, deflate->size, mask);
  memmove(out + header, out + TUV_WS_MAX_HEADER, deflate->size);
  tuv_ws_mask(out + header, out + header, deflate->size, mask, 0);
  *size = header + deflate->size;
  tuv_buf_commit(buf, *size);
  return 0;
}

void tuv_ws_deflate_free(tuv_ws_deflate_t* deflate) {
  tuv_deflater_free(deflate->deflater);
  deflate->deflater = NULL;
}
