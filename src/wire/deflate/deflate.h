/* Compression of messages as in permessage-deflate (PROTOCOL 1.3; RFC 7692, 7.2), and reading of
 * gzip, by zlib. Bytes go in and out in pieces of any size. */
#ifndef TUV_WIRE_DEFLATE_DEFLATE_H
#define TUV_WIRE_DEFLATE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

/* Whether this build has zlib. Without it nothing below can be created. */
bool tuv_deflate_available(void);

typedef enum {
  TUV_DEFLATE_OK,      /* all input was taken, and all of its output was written */
  TUV_DEFLATE_FULL,    /* call again with more room and the rest of the input */
  TUV_DEFLATE_TOO_BIG, /* inflating: the message is larger than its limit */
  TUV_DEFLATE_CORRUPT, /* inflating: not a compressed message */
  TUV_DEFLATE_NOMEM
} tuv_deflate_status_t;

/* Where bytes come from and go to. Each call advances all four. */
typedef struct tuv_deflate_io_s {
  const uint8_t* in;
  size_t in_size;
  uint8_t* out;
  size_t room;
} tuv_deflate_io_t;

/* The receiving side, one for each connection. It accepts windows of any size, so that the peer's
 * max_window_bits does not matter. `keep_context`: messages of the peer depend on earlier ones. */
typedef struct tuv_inflater_s tuv_inflater_t;
tuv_inflater_t* tuv_inflater_create(const tuv_alloc_t* alloc, bool keep_context);
/* The same for gzip in HTTP: a message is one or more gzip members. tuv_inflater_complete tells
 * where it may end; `end` is always false. */
tuv_inflater_t* tuv_inflater_create_gzip(const tuv_alloc_t* alloc);
bool tuv_inflater_complete(const tuv_inflater_t* inflater); /* a member has just ended */
void tuv_inflater_free(tuv_inflater_t* inflater);           /* NULL is allowed */

/* Begins a message, which may have `limit` bytes when it is inflated. */
void tuv_inflater_begin(tuv_inflater_t* inflater, uint64_t limit);
/* Inflates the next piece; `end`: the last one, after which the message must be complete. After a
 * status other than OK and FULL the inflater cannot be used any more. */
tuv_deflate_status_t tuv_inflater_run(tuv_inflater_t* inflater, tuv_deflate_io_t* io, bool end);

/* The sending side. Windows have 2^window_bits bytes, from 9 to 15: zlib has no smaller ones. */
typedef struct tuv_deflater_s tuv_deflater_t;
tuv_deflater_t* tuv_deflater_create(const tuv_alloc_t* alloc, int window_bits, bool keep_context);
void tuv_deflater_free(tuv_deflater_t* deflater); /* NULL is allowed */

/* Begins a message. An earlier one that was not ended is dropped. */
void tuv_deflater_begin(tuv_deflater_t* deflater);
/* How much room a message of this size needs; more is needed only in rare cases. */
size_t tuv_deflater_bound(tuv_deflater_t* deflater, size_t size);
/* Deflates the next piece; `end`: the last one. The pieces of the output must be adjacent in
 * memory, because at the end io->out goes back to where the message ends. Returns OK or FULL. */
tuv_deflate_status_t tuv_deflater_run(tuv_deflater_t* deflater, tuv_deflate_io_t* io, bool end);

#endif
