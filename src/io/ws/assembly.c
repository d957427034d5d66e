/* The buffer in which a received message is put together that does not lie whole in one read. */
#include "io/ws/assembly.h"

#include <string.h>

#include "util/assert.h"

bool tuv_ws_assembly_reserve(tuv_ws_assembly_t* assembly, tuv_mem_t* mem, uint64_t more,
                             uint64_t limit) {
  tuv_refbuf_t* old = assembly->buffer;
  uint64_t need = assembly->size + more;
  size_t have = old == NULL ? 0 : old->capacity - assembly->at;
  if (old != NULL && need <= have) return true;
  if (old != NULL && need < 2 * (uint64_t) have) need = 2 * (uint64_t) have;
  if (need > limit) need = limit;
  tuv_refbuf_t* bigger = tuv_refbuf_take(mem, (size_t) need);
  if (bigger == NULL) return false;
  if (old != NULL) memcpy(bigger->data, old->data + assembly->at, assembly->size);
  tuv_refbuf_unref(old);
  assembly->buffer = bigger;
  assembly->at = 0;
  return true;
}

bool tuv_ws_assembly_stay(tuv_ws_assembly_t* assembly, tuv_refbuf_t* buffer, const uint8_t* first,
                          uint64_t length) {
  size_t at = (size_t) (first - buffer->data);
  TUV_ASSERT(assembly->buffer == NULL && at <= buffer->capacity);
  if (length > buffer->capacity - at) return false;
  assembly->buffer = tuv_refbuf_ref(buffer);
  assembly->at = at;
  return true;
}

tuv_refbuf_t* tuv_ws_assembly_take(tuv_ws_assembly_t* assembly, uint8_t** data, size_t* size) {
  tuv_refbuf_t* whole = assembly->buffer;
  TUV_ASSERT(whole != NULL && assembly->size <= whole->capacity - assembly->at);
  *data = whole->data + assembly->at;
  *size = assembly->size;
  assembly->buffer = NULL;
  assembly->size = 0;
  return whole;
}

void tuv_ws_assembly_free(tuv_ws_assembly_t* assembly) {
  tuv_refbuf_unref(assembly->buffer);
  assembly->buffer = NULL;
  assembly->size = 0;
}
