/* TCP: name look-up, a race of its addresses, and the stream itself. */
#ifndef TUV_IO_TCP_H
#define TUV_IO_TCP_H

#include <stdbool.h>
#include <uv.h>

#include "io/stream.h"
#include "util/alloc.h"

/* Begins to connect. Returns 0 and the stream, whose on_connect follows, or UV_ENOMEM without one.
 * A host that is a literal address is not looked up: then no thread of libuv's pool is used. */
int tuv_tcp_connect(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host, uint16_t port,
                    bool nodelay, tuv_route_t* route, const tuv_stream_events_t* events,
                    void* context, tuv_stream_t** stream);

#endif
