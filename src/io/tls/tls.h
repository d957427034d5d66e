/* TLS as a stream over any other stream. Nothing of the TLS library is seen here: tls*.c are its
 * only users, and none.c stands in their place where there is none. */
#ifndef TUV_IO_TLS_H
#define TUV_IO_TLS_H

#include <stdbool.h>

#include "io/stream.h"
#include "util/alloc.h"
#include "util/errmsg.h"

/* What the connections of one client share: settings, certificates, sessions to be resumed. */
typedef struct tuv_tls_context_s tuv_tls_context_t;

/* Texts may be NULL or "" for "not given". Where a file may be named, its PEM text may stand
 * instead: it is recognised by its "-----BEGIN". */
typedef struct tuv_tls_settings_s {
  const char* ca;          /* trusted CAs: file, folder or text; none: the system's */
  const char* certificate; /* the client's own, with its chain: file or text */
  const char* key;         /* its private key: file or text; never shown */
  const char* server_name; /* whose certificate it must be; none: the host's */
  const char* pins;        /* base64 of SHA-256 of the public key (SubjectPublicKeyInfo), commas
                              between; the server's must be one of them */
  bool tls_13_only;        /* no TLS 1.2 */
  bool insecure;           /* verify nothing: neither chain nor name; pins count still */
  bool common_name;        /* compare the common name of a certificate that has no subject
                              alternative names; else it is refused */
} tuv_tls_settings_t;

/* Reads the files; nothing of the settings is needed afterwards. Returns 0, TAOSUV_ETLSFILE (a file
 * or text is missing or bad), TAOSUV_ETLS, UV_ENOTSUP (built without TLS) or UV_ENOMEM, with the
 * reason in `err`. mbedTLS takes its own memory from malloc (its allocator belongs to the whole
 * process); on the first call it initialises its PSA layer, once a process, for good. */
int tuv_tls_context_create(const tuv_alloc_t* alloc, const tuv_tls_settings_t* settings,
                           tuv_tls_context_t** context, tuv_errmsg_t* err);

/* After the last of its streams. NULL is nothing. */
void tuv_tls_context_free(tuv_tls_context_t* context);

/* tuv_connect_t over a stream that `connect` makes: the route's on_accepted comes before the
 * handshake, on_connect after it. The stream ends with UV_EOF only when the peer has said
 * close_notify, with TAOSUV_ETLSEOF when it was cut. */
int tuv_tls_connect(tuv_tls_context_t* context, tuv_connect_t connect, uv_loop_t* loop,
                    const tuv_alloc_t* alloc, const char* host, uint16_t port, bool nodelay,
                    tuv_route_t* route, const tuv_stream_events_t* events, void* events_context,
                    tuv_stream_t** stream);

#endif
