/* The buffer in which a received message is put together that does not lie whole in one read. */
#ifndef TUV_IO_WS_ASSEMBLY_H
#define TUV_IO_WS_ASSEMBLY_H

#include <stdbool.h>

#include "util/mem.h"

typedef struct tuv_ws_assembly_s {
  tuv_refbuf_t* buffer; /* NULL: no message is being put together */
  size_t at;            /* where the message begins in the buffer */
  size_t size;          /* bytes of it so far */
} tuv_ws_assembly_t;

/* Makes room for `more` bytes, but for no message of more than `limit` bytes. False when out of
 * memory; then nothing has changed. */
bool tuv_ws_assembly_reserve(tuv_ws_assembly_t* assembly, tuv_mem_t* mem, uint64_t more,
                             uint64_t limit);

/* Lets a message of `length` bytes stay in the buffer where its first bytes were read. False when
 * the buffer has no room for the rest. */
bool tuv_ws_assembly_stay(tuv_ws_assembly_t* assembly, tuv_refbuf_t* buffer, const uint8_t* first,
                          uint64_t length);

/* Where the next bytes of the message go, and how many there is room for. */
static inline uint8_t* tuv_ws_assembly_end(const tuv_ws_assembly_t* assembly) {
  return assembly->buffer->data + assembly->at + assembly->size;
}

static inline size_t tuv_ws_assembly_room(const tuv_ws_assembly_t* assembly) {
  if (assembly->buffer == NULL) return 0;
  return assembly->buffer->capacity - assembly->at - assembly->size;
}

/* The message is complete: gives its buffer to the caller. */
tuv_refbuf_t* tuv_ws_assembly_take(tuv_ws_assembly_t* assembly, uint8_t** data, size_t* size);

void tuv_ws_assembly_free(tuv_ws_assembly_t* assembly);

#endif
