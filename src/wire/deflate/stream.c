/* zlib's stream over our allocator. */
#include "wire/deflate/stream.h"

#include <stdint.h>

const uint8_t tuv_deflate_tail[TUV_DEFLATE_TAIL_SIZE] = {0x00, 0x00, 0xFF, 0xFF};

static void* z_malloc(void* alloc, uInt items, uInt size) {
  if (size != 0 && items > SIZE_MAX / size) return Z_NULL;
  return tuv_malloc(alloc, (size_t) items * size);
}

static void z_free(void* alloc, void* memory) {
  tuv_free(alloc, memory);
}

void tuv_zlib_use_allocator(z_stream* z, const tuv_alloc_t* alloc) {
  z->zalloc = z_malloc;
  z->zfree = z_free;
  z->opaque = (void*) (uintptr_t) alloc; /* only read; zlib's pointer is not const */
}

/* zlib counts in unsigned int. */
static uInt clamp(uint64_t size) {
  return size < UINT_MAX ? (uInt) size : UINT_MAX;
}

void tuv_zlib_give_input(z_stream* z, const tuv_deflate_io_t* io) {
  z->next_in = (Bytef*) (uintptr_t) io->in;
  z->avail_in = clamp(io->in_size);
}

void tuv_zlib_give_output(z_stream* z, uint8_t* out, uint64_t room) {
  z->next_out = out;
  z->avail_out = clamp(room);
}

bool tuv_deflate_available(void) {
  return true;
}
