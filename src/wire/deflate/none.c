/* A build without zlib: nothing can be created. */
#include "wire/deflate/deflate.h"

bool tuv_deflate_available(void) {
  return false;
}

tuv_inflater_t* tuv_inflater_create(const tuv_alloc_t* alloc, bool keep_context) {
  (void) alloc, (void) keep_context;
  return NULL;
}

tuv_inflater_t* tuv_inflater_create_gzip(const tuv_alloc_t* alloc) {
  (void) alloc;
  return NULL;
}

bool tuv_inflater_complete(const tuv_inflater_t* inflater) {
  (void) inflater;
  return false;
}

void tuv_inflater_free(tuv_inflater_t* inflater) {
  (void) inflater;
}

void tuv_inflater_begin(tuv_inflater_t* inflater, uint64_t limit) {
  (void) inflater, (void) limit;
}

tuv_deflate_status_t tuv_inflater_run(tuv_inflater_t* inflater, tuv_deflate_io_t* io, bool end) {
  (void) inflater, (void) io, (void) end;
  return TUV_DEFLATE_CORRUPT;
}

tuv_deflater_t* tuv_deflater_create(const tuv_alloc_t* alloc, int window_bits, bool keep_context) {
  (void) alloc, (void) window_bits, (void) keep_context;
  return NULL;
}

void tuv_deflater_free(tuv_deflater_t* deflater) {
  (void) deflater;
}

void tuv_deflater_begin(tuv_deflater_t* deflater) {
  (void) deflater;
}

size_t tuv_deflater_bound(tuv_deflater_t* deflater, size_t size) {
  (void) deflater;
  return size;
}

tuv_deflate_status_t tuv_deflater_run(tuv_deflater_t* deflater, tuv_deflate_io_t* io, bool end) {
  (void) deflater, (void) io, (void) end;
  return TUV_DEFLATE_NOMEM;
}
