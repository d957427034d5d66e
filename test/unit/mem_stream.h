/* A tuv_stream_t in memory whose peer is the test: on a real loop, with every failure on demand. */
#ifndef TUV_TEST_UNIT_MEM_STREAM_H
#define TUV_TEST_UNIT_MEM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "io/stream.h"

/* One read as the owner received it. */
typedef struct mem_read_s {
  uint8_t* base;
  size_t offered; /* by alloc */
  size_t size;    /* delivered */
} mem_read_t;

/* Keeps the contract of io/stream.h: every event comes in a later turn of the loop (one a turn),
 * never from inside a call, no more bytes at once than alloc offered, on_close last. An owner that
 * breaks its side (two writes at once, a call after close, bytes changed while they are being
 * written) ends the test program. Memory is malloc's, not the allocator's under test. */
typedef struct mem_stream_s {
  tuv_stream_t stream; /* for the owner */
  uv_loop_t* loop;

  /* Settings, to be changed at any time; call mem_stream_kick after taking back a hold. */
  bool hold_connect;           /* on_connect is not called yet */
  int connect_status;          /* its status */
  const char* connect_message; /* and its text */
  size_t piece;                /* maximum bytes of one read; 0: as many as alloc provides */
  bool hold_reads;             /* nothing is delivered for now */
  bool early_alloc;  /* alloc is called long before the bytes arrive, as on a system that reads
                        in the background */
  bool empty_reads;  /* each read follows a read of no bytes */
  bool no_base;      /* errors and ends are reported without the memory from alloc */
  size_t take;       /* bytes that one try_write accepts; 0: UV_EAGAIN; SIZE_MAX: all (default) */
  size_t take_total; /* bytes that all try_writes together accept, then UV_EAGAIN; default
                        SIZE_MAX */
  int try_write_status;                     /* not 0: what try_write returns */
  int read_start_status, write_call_status; /* not 0: what these calls return */
  bool hold_write;                          /* on_write does not come yet */
  size_t below;     /* bytes that were taken and have not left, as a TLS stream may have them */
  int write_status; /* what it will say; when not 0 the bytes have not arrived */

  /* What the peer sends; use mem_stream_feed and mem_stream_end. */
  uint8_t* incoming;
  size_t incoming_size, delivered;
  int end; /* not 0: comes when `delivered` reaches end_at */
  size_t end_at;

  /* What the owner did. */
  uint8_t* written; /* all bytes that it wrote */
  size_t written_size;
  unsigned try_writes, writes, allocs;
  mem_read_t* reads;
  size_t read_count;
  bool reading, closing, closed;

  /* Private. */
  uv_idle_t turn;
  uint8_t *base, *flying_copy;
  const uint8_t* flying;
  size_t offered, flying_size;
  bool has_base, connected, emptied;
} mem_stream_t;

/* Begins to connect; on_connect follows in a later turn. */
void mem_stream_init(mem_stream_t* mem, uv_loop_t* loop, const tuv_stream_events_t* events,
                     void* context);

/* After on_close. */
void mem_stream_free(mem_stream_t* mem);

/* The peer sends bytes; they are copied. */
void mem_stream_feed(mem_stream_t* mem, const void* data, size_t size);

/* The peer ends the stream behind all that it has sent so far: UV_EOF or an error. */
void mem_stream_end(mem_stream_t* mem, int status);

/* Looks for work after a setting was changed. */
void mem_stream_kick(mem_stream_t* mem);

/* Whether an event is going to come by itself. */
bool mem_stream_busy(const mem_stream_t* mem);

#endif
