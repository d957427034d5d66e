/* Stands in place of TLS in a build without it: each call says so. */
#include "io/tls/tls.h"

int tuv_tls_context_create(const tuv_alloc_t* alloc, const tuv_tls_settings_t* settings,
                           tuv_tls_context_t** context, tuv_errmsg_t* err) {
  (void) alloc;
  (void) settings;
  *context = NULL;
  return tuv_fail(err, UV_ENOTSUP, "this taosuv was built without TLS: use ws://");
}

void tuv_tls_context_free(tuv_tls_context_t* context) {
  (void) context; /* always NULL */
}

int tuv_tls_connect(tuv_tls_context_t* context, tuv_connect_t connect, uv_loop_t* loop,
                    const tuv_alloc_t* alloc, const char* host, uint16_t port, bool nodelay,
                    tuv_route_t* route, const tuv_stream_events_t* events, void* events_context,
                    tuv_stream_t** stream) {
  (void) context;
  (void) connect;
  (void) loop;
  (void) alloc;
  (void) host;
  (void) port;
  (void) nodelay;
  (void) route;
  (void) events;
  (void) events_context;
  (void) stream;
  return UV_ENOTSUP;
}
