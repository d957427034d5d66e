/* What inflating and deflating share: zlib's stream over our allocator and pieces of any size. Only
 * the files of this folder include zlib. */
#ifndef TUV_WIRE_DEFLATE_STREAM_H
#define TUV_WIRE_DEFLATE_STREAM_H

#include <limits.h>
#include <zlib.h>

#include "wire/deflate/deflate.h"

/* What a sync flush ends with. It is not sent (RFC 7692, 7.2.1). */
#define TUV_DEFLATE_TAIL_SIZE 4u
extern const uint8_t tuv_deflate_tail[TUV_DEFLATE_TAIL_SIZE];

void tuv_zlib_use_allocator(z_stream* z, const tuv_alloc_t* alloc);

/* zlib counts in unsigned int: of larger pieces it is given a part. */
void tuv_zlib_give_input(z_stream* z, const tuv_deflate_io_t* io);
void tuv_zlib_give_output(z_stream* z, uint8_t* out, uint64_t room);

#endif
