/* Frames that the system has not been given: their payload, and taking them out of the buffer. */
#include "io/ws/unsent.h"

#include <string.h>

/* The first buffer for an inflated message: what deflate makes of a typical one. */
#define TYPICAL_RATIO 4u
#define LEAST_BUFFER 1024u

/* Where a frame stands in the send buffer and how long its parts are. */
typedef struct frame_s {
  size_t offset, header, payload;
  bool compressed;
} frame_t;

static size_t header_size(const uint8_t* head) {
  switch (head[1] & 0x7F) {
    case 126: return 8;
    case 127: return 14;
    default: return 6;
  }
}

/* Finds the frame that begins at `at`. */
static bool find(const tuv_ws_out_t* out, uint64_t at, frame_t* frame) {
  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  uint8_t head[TUV_WS_MAX_HEADER];
  if (at < out->handed || at >= out->queued) return false;
  frame->offset = (size_t) (at - out->handed);
  size_t size = tuv_buf_size(&out->unsent) - frame->offset;
  memcpy(head, out->unsent.data + out->unsent.head + frame->offset,
         size < sizeof head ? size : sizeof head);
  frame->header = header_size(head);
  /* A control frame is read whole; its length is in its second byte. */
  if ((head[0] & 0x08) != 0) {
    frame->payload = head[1] & 0x7Fu;
    frame->compressed = false;
    return true;
  }
  tuv_ws_reader_init(&reader, true, true);
  tuv_ws_reader_next(&reader, head, frame->header, &event);
  frame->payload = (size_t) event.length;
  frame->compressed = event.compressed;
  return event.kind == TUV_WS_EV_FRAME;
}

/* Inflates a whole message into `inflated`, which grows. */
static tuv_deflate_status_t inflate(tuv_ws_unsent_t* unsent, tuv_mem_t* mem, tuv_deflate_io_t io,
                                    size_t* size) {
  tuv_deflate_status_t status;
  *size = 0;
  do {
    uint8_t* place = unsent->inflated->data + *size;
    io.out = place;
    io.room = unsent->inflated->capacity - *size;
    status = tuv_inflater_run(unsent->inflater, &io, true);
    *size += (size_t) (io.out - place);
    if (status != TUV_DEFLATE_FULL) return status;
    tuv_refbuf_t* bigger = tuv_refbuf_take(mem, 2 * unsent->inflated->capacity);
    if (bigger == NULL) return TUV_DEFLATE_NOMEM;
    memcpy(bigger->data, unsent->inflated->data, *size);
    tuv_refbuf_unref(unsent->inflated);
    unsent->inflated = bigger;
  } while (true);
}

static uint8_t* inflate_payload(tuv_ws_unsent_t* unsent, const tuv_ws_out_t* out,
                                const uint8_t* payload, size_t* size) {
  tuv_mem_t* mem = out->shared->mem;
  if (out->deflate.keeps_context) return NULL;
  if (unsent->inflater == NULL) unsent->inflater = tuv_inflater_create(&mem->alloc, false);
  tuv_refbuf_unref(unsent->inflated);
  unsent->inflated = tuv_refbuf_take(mem, TYPICAL_RATIO * *size + LEAST_BUFFER);
  if (unsent->inflater == NULL || unsent->inflated == NULL) return NULL;
  tuv_inflater_begin(unsent->inflater, UINT64_MAX);
  tuv_deflate_io_t io = {payload, *size, NULL, 0};
  return inflate(unsent, mem, io, size) == TUV_DEFLATE_OK ? unsent->inflated->data : NULL;
}

uint8_t* tuv_ws_unsent_payload(tuv_ws_unsent_t* unsent, tuv_ws_out_t* out, uint64_t at,
                               size_t* size) {
  frame_t frame;
  if (!find(out, at, &frame)) return NULL;
  uint8_t* payload = out->unsent.data + out->unsent.head + frame.offset + frame.header;
  uint8_t mask[4];
  memcpy(mask, payload - sizeof mask, sizeof mask);
  tuv_ws_mask(payload, payload, frame.payload, mask, 0);
  *size = frame.payload;
  return frame.compressed ? inflate_payload(unsent, out, payload, size) : payload;
}

size_t tuv_ws_unsent_withdraw(tuv_ws_out_t* out, uint64_t at) {
  frame_t frame;
  if (!find(out, at, &frame)) return 0;
  if (frame.compressed && out->deflate.keeps_context) return 0;
  size_t size = frame.header + frame.payload;
  tuv_buf_erase(&out->unsent, frame.offset, size);
  out->queued -= size;
  return size;
}

void tuv_ws_unsent_free(tuv_ws_unsent_t* unsent) {
  tuv_inflater_free(unsent->inflater);
  tuv_refbuf_unref(unsent->inflated);
  unsent->inflater = NULL;
  unsent->inflated = NULL;
}
