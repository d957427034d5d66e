/* Messages compressed as permessage-deflate does it (RFC 7692, 7.2): bytes in, bytes out. */
#ifndef TUV_WIRE_DEFLATE_DEFLATE_H
#define TUV_WIRE_DEFLATE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

/* Whether this build has zlib. Without it nothing below can be created. */
bool tuv_deflate_available(void);

typedef enum {
  TUV_DEFLATE_OK,      /* all input is taken, and all that comes of it is out */
  TUV_DEFLATE_FULL,    /* to be called again with more room and the rest of the input */
  TUV_DEFLATE_TOO_BIG, /* inflating: the message is larger than its limit */
  TUV_DEFLATE_CORRUPT, /* inflating: it is no compressed message */
  TUV_DEFLATE_NOMEM
} tuv_deflate_status_t;

/* Where bytes come from and go to; each call moves all four on. */
typedef struct tuv_deflate_io_s {
  const uint8_t* in;
  size_t in_size;
  uint8_t* out;
  size_t room;
} tuv_deflate_io_t;

/* The receiving side: one a connection. It takes windows of any size, so that the peer's
 * max_window_bits does not matter. `keep_context`: the peer's messages depend on those before. */
typedef struct tuv_inflater_s tuv_inflater_t;
tuv_inflater_t* tuv_inflater_create(const tuv_alloc_t* alloc, bool keep_context);
/* The same for what HTTP calls gzip: a message is one or more gzip members. Its end is known by
 * tuv_inflater_complete, not by `end` (false). */
tuv_inflater_t* tuv_inflater_create_gzip(const tuv_alloc_t* alloc);
bool tuv_inflater_complete(const tuv_inflater_t* inflater); /* a member has just ended */
void tuv_inflater_free(tuv_inflater_t* inflater);           /* NULL is allowed */

/* A message begins, which may have `limit` bytes when inflated. */
void tuv_inflater_begin(tuv_inflater_t* inflater, uint64_t limit);
/* Inflates the next piece of it; `end`: the last one, behind which the message must be complete.
 * After another status than OK and FULL the inflater is of no more use for this connection. */
tuv_deflate_status_t tuv_inflater_run(tuv_inflater_t* inflater, tuv_deflate_io_t* io, bool end);

/* The sending side. Windows of 2^window_bits bytes, 9 to 15: zlib has no smaller one. */
typedef struct tuv_deflater_s tuv_deflater_t;
tuv_deflater_t* tuv_deflater_create(const tuv_alloc_t* alloc, int window_bits, bool keep_context);
void tuv_deflater_free(tuv_deflater_t* deflater); /* NULL is allowed */

/* A message begins. One that was not brought to its end is forgotten. */
void tuv_deflater_begin(tuv_deflater_t* deflater);
/* Room that a message of this size will hardly exceed. */
size_t tuv_deflater_bound(tuv_deflater_t* deflater, size_t size);
/* Deflates the next piece; `end`: the last one. The pieces of the output must follow each other in
 * memory, because at the end io->out goes back to where the message ends. Only OK and FULL. */
tuv_deflate_status_t tuv_deflater_run(tuv_deflater_t* deflater, tuv_deflate_io_t* io, bool end);

#endif
