/* What the connections of one client share: memory, limits, counters, the chunk. */
#ifndef TUV_IO_SHARED_H
#define TUV_IO_SHARED_H

#include <stdbool.h>

#include "io/random.h"
#include "util/mem.h"
#include "wire/http/upgrade.h"

/* Counted over all connections, since the beginning. */
typedef struct tuv_io_traffic_s {
  uint64_t bytes_sent, bytes_received;       /* of the streams */
  uint64_t messages_sent, messages_received; /* all but pongs; text and binary */
} tuv_io_traffic_t;

typedef struct tuv_io_shared_s {
  tuv_mem_t* mem;
  tuv_random_t random;
  tuv_refbuf_t* chunk; /* where the next read goes; NULL while it is lent, and at first */
  size_t chunk_fill;   /* bytes at its beginning that blocks still use */
  uint64_t max_message_size;
  tuv_http_offer_t offer; /* of compression, to every server */
  uint64_t max_text_size; /* of JSON, which takes a dozen times its size to read; 0: the same */
  tuv_io_traffic_t traffic;
  size_t work; /* in this turn, see TUV_TURN_WORK; the owner sets it to 0 when a turn begins */
  /* Shows each message, unmasked: a sent one when it goes into the send buffer, a received one
   * before it is handled. While this is set, sent messages are not compressed. `data` is NULL
   * with a size above 0 when there was no memory to show the message. NULL: no tap. */
  void (*tap)(void* connection, bool sent, uint8_t opcode, const uint8_t* data, size_t size);
} tuv_io_shared_t;

void tuv_io_shared_free(tuv_io_shared_t* shared);

/* Small messages are read many at a time into chunks of this size. */
#define TUV_IO_CHUNK_SIZE (64u << 10)

/* Takes the chunk for one read, which goes behind its first *fill bytes. A second connection that
 * reads before the first has returned it (systems that read in the background do so) gets a new
 * one. NULL when out of memory. */
tuv_refbuf_t* tuv_io_chunk_take(tuv_io_shared_t* shared, size_t* fill);

/* Returns a chunk. Blocks may hold references on it: then the next read goes behind `end`, where
 * this read ended. `end` is NULL when that is not known: then a chunk that blocks hold is not used
 * again. */
void tuv_io_chunk_return(tuv_io_shared_t* shared, tuv_refbuf_t* chunk, const uint8_t* end);

/* The work that is done with received bytes in one turn of the loop takes about a millisecond. It
 * is counted in bytes of rows in JSON; other bytes take less work, and each message takes some. A
 * connection that finds this used up stops reading and reports on_paused: the owner resumes it in
 * the next turn. */
#define TUV_TURN_WORK (32u << 10)
#define TUV_WORK_OF_MESSAGE 32u
#define TUV_WORK_OF_INFLATED(size) ((size) / 8)
#define TUV_WORK_OF_TEXT(size) ((size) / 16)
#define TUV_WORK_OF_BINARY(size) ((size) / 64)

#endif
