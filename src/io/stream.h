/* A byte stream as a small table of functions: TCP, TLS and a test's memory pair are alike.
 *
 * The folder is all that talks to the system: bytes, time and random numbers, over libuv alone.
 * `tcp` is a stream over a socket; `race` connects to the first of a host's addresses that accepts,
 * and `avoid` remembers which of them to try last. The folders above a stream are `tls`, a stream
 * over another one; `ws`, a WebSocket; and `http`, requests one after the other. `shared` is what
 * the connections of one client have in common, `timers` puts all deadlines on one uv_timer_t, and
 * `random` supplies masks and keys. Nothing here knows what TDengine is. */
#ifndef TUV_IO_STREAM_H
#define TUV_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "io/avoid.h"
#include "util/alloc.h"

typedef struct tuv_stream_s tuv_stream_t;

/* What a stream reports to its owner: on the loop's thread, never from inside a call. */
typedef struct tuv_stream_events_s {
  /* Once: connected (status 0) or failed. */
  void (*on_connect)(void* context, int status, const char* message);
  /* Asks where the next bytes go. With *size 0 on_read follows, with UV_ENOBUFS. */
  void (*alloc)(void* context, uint8_t** base, size_t* size);
  /* size > 0: bytes in `base`; 0: nothing was read, `base` is returned; < 0: error or UV_EOF. */
  void (*on_read)(void* context, ssize_t size, uint8_t* base);
  /* The write is done. Not called once the stream is being closed. */
  void (*on_write)(void* context, int status);
  /* The last event: the stream's memory is gone. */
  void (*on_close)(void* context);
} tuv_stream_events_t;

typedef struct tuv_stream_ops_s {
  int (*read_start)(tuv_stream_t* stream);
  void (*read_stop)(tuv_stream_t* stream);
  /* Writes what the system takes now of the pieces, none of which is empty. Returns the number of
   * bytes, UV_EAGAIN, or another error. */
  ssize_t (*try_write)(tuv_stream_t* stream, const uv_buf_t* pieces, unsigned count);
  /* Writes all; the data must stay until on_write. One at a time. */
  int (*write)(tuv_stream_t* stream, const uint8_t* data, size_t size);
  /* Ends the stream at any moment, also while it connects. */
  void (*close)(tuv_stream_t* stream);
  /* Bytes that were taken by try_write, or given to `write`, and that the system does not have. */
  size_t (*unwritten)(const tuv_stream_t* stream);
} tuv_stream_ops_t;

struct tuv_stream_s {
  const tuv_stream_ops_t* ops;
  const tuv_stream_events_t* events;
  void* context;
  const char* message; /* what went wrong, where that is known better than by the status; or NULL */
  bool more;           /* the last read filled its buffer: there may be more to read */
};

#define TUV_PIECE_MAX 0x40000000u

/* Bytes as a piece for try_write. Of more than TUV_PIECE_MAX bytes it is the beginning. */
static inline uv_buf_t tuv_piece(const void* data, size_t size) {
  union {
    const void* in;
    char* out;
  } base = {data}; /* libuv's buffers are not const, though writes only read them */
  return uv_buf_init(base.out, (unsigned) (size > TUV_PIECE_MAX ? TUV_PIECE_MAX : size));
}

static inline ssize_t tuv_stream_try_write(tuv_stream_t* stream, const uint8_t* data, size_t size) {
  uv_buf_t piece = tuv_piece(data, size);
  return stream->ops->try_write(stream, &piece, 1);
}

/* Which of a host's addresses a stream is connected to. */
typedef struct tuv_route_s {
  /* in: the addresses that are tried last; NULL: none. */
  const tuv_avoid_t* avoid;
  /* in: the host's addresses, which stay until on_connect; NULL: they are looked up. */
  const struct addrinfo* known;
  /* in: called when one of the addresses has accepted, before TLS and on_connect; or NULL. */
  void (*on_accepted)(struct tuv_route_s* route);
  /* out, from on_accepted on: the address, and the number of the host's addresses. */
  tuv_address_t address;
  uint32_t addresses; /* 0: none has accepted */
  uint32_t others;    /* the other ones that are neither avoided nor failed */
} tuv_route_t;

/* Makes a stream that is connecting: tuv_tcp_connect, or what a test puts in its place. `route` may
 * be NULL; if not, it stays until on_close. Returns 0 and the stream, whose on_connect follows, or
 * UV_ENOMEM without a stream. */
typedef int (*tuv_connect_t)(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host,
                             uint16_t port, bool nodelay, tuv_route_t* route,
                             const tuv_stream_events_t* events, void* context,
                             tuv_stream_t** stream);

#endif
