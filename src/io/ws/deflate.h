/* Sent messages that are compressed: each is deflated into the send buffer. */
#ifndef TUV_IO_WS_DEFLATE_H
#define TUV_IO_WS_DEFLATE_H

#include "util/buf.h"
#include "wire/deflate/deflate.h"
#include "wire/ws/frame.h"

typedef struct tuv_ws_deflate_s {
  bool agreed;
  int window_bits;
  bool keeps_context;       /* each message depends on those before */
  size_t least_size;        /* smaller messages are not compressed; SIZE_MAX: no message is */
  tuv_deflater_t* deflater; /* made for the first message */
  bool active;              /* a message is in progress, behind the room for its header */
  bool failed;              /* there was no memory for it */
  uint8_t opcode;
  size_t size; /* deflated bytes so far */
} tuv_ws_deflate_t;

/* Deflates a message of `length` bytes to the end of `buf`: begin, put its bytes, end. Begin and
 * end return 0 or UV_ENOMEM; then the message is not in the buffer. End returns the size of the
 * frame in *size. */
int tuv_ws_deflate_begin(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, uint8_t opcode, size_t length);
void tuv_ws_deflate_put(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, const void* data, size_t size);
int tuv_ws_deflate_end(tuv_ws_deflate_t* deflate, tuv_buf_t* buf, const uint8_t mask[4],
                       size_t* size);

void tuv_ws_deflate_free(tuv_ws_deflate_t* deflate);

#endif
