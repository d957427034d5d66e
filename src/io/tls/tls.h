/* TLS as a stream over any other stream.
 *
 * Only this folder includes mbedTLS's headers for TLS. `config` makes a context from settings and
 * files, once a client; `tls` is the stream: handshake, records, close_notify. `verify` checks the
 * server's name, address and pins, `session` keeps what the next connection resumes, and `error`
 * turns mbedTLS's errors into statuses. In a build without TLS, `none` stands in their place. */
#ifndef TUV_IO_TLS_H
#define TUV_IO_TLS_H

#include <stdbool.h>

#include "io/stream.h"
#include "util/alloc.h"
#include "util/errmsg.h"

/* What the connections of one client share: settings, certificates, sessions to be resumed. */
typedef struct tuv_tls_context_s tuv_tls_context_t;

/* A text that is not set is NULL or "". In place of a file's name there may be its PEM text, which
 * is recognised by its "-----BEGIN". */
typedef struct tuv_tls_settings_s {
  const char* ca;          /* trusted CAs: file, folder or text; not set: the system's */
  const char* certificate; /* the client's own, with its chain: file or text */
  const char* key;         /* its private key: file or text; never shown */
  const char* server_name; /* whose certificate it must be; not set: the host's */
  /* Base64 of SHA-256 sums of public keys (SubjectPublicKeyInfo), separated by commas. The server's
   * key must be one of them. */
  const char* pins;
  bool tls_13_only; /* no TLS 1.2 */
  bool insecure;    /* verify neither the chain nor the name; pins are still checked */
  /* Compare the common name of a certificate that has no subject alternative names. Without this,
   * such a certificate is refused. */
  bool common_name;
} tuv_tls_settings_t;

/* Reads the files; the settings are not needed afterwards. Returns 0, TAOSUV_ETLSFILE (a file
 * or text is missing or bad), TAOSUV_ETLS, UV_ENOTSUP (built without TLS) or UV_ENOMEM, with the
 * reason in `err`. mbedTLS takes its own memory from malloc (its allocator belongs to the whole
 * process); on the first call it initialises its PSA layer, once a process, for good. */
int tuv_tls_context_create(const tuv_alloc_t* alloc, const tuv_tls_settings_t* settings,
                           tuv_tls_context_t** context, tuv_errmsg_t* err);

/* After the last of its streams was closed. NULL is allowed. */
void tuv_tls_context_free(tuv_tls_context_t* context);

/* tuv_connect_t over a stream that `connect` makes: the route's on_accepted comes before the
 * handshake, on_connect after it. The stream ends with UV_EOF only when the peer has sent
 * close_notify, and with TAOSUV_ETLSEOF when it was cut. */
int tuv_tls_connect(tuv_tls_context_t* context, tuv_connect_t connect, uv_loop_t* loop,
                    const tuv_alloc_t* alloc, const char* host, uint16_t port, bool nodelay,
                    tuv_route_t* route, const tuv_stream_events_t* events, void* events_context,
                    tuv_stream_t** stream);

#endif
