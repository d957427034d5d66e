/* TLS sessions that the next connection resumes: the last one of each host. */
#ifndef TUV_IO_TLS_SESSION_H
#define TUV_IO_TLS_SESSION_H

#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/alloc.h"

/* The last session with a host. */
typedef struct tuv_tls_slot_s {
  struct tuv_tls_slot_s* next;
  mbedtls_ssl_session session;
  bool full; /* there is a session to resume */
  uint16_t port;
  char host[];
} tuv_tls_slot_t;

typedef struct tuv_tls_sessions_s {
  const tuv_alloc_t* alloc;
  tuv_tls_slot_t* first;
} tuv_tls_sessions_t;

/* The host's slot. NULL when there is no memory for one: then no session with it is resumed. */
tuv_tls_slot_t* tuv_tls_slot(tuv_tls_sessions_t* sessions, const char* host, uint16_t port);

/* Keeps the session of a connection. `slot` may be NULL, in the calls below too. */
void tuv_tls_remember(tuv_tls_slot_t* slot, const mbedtls_ssl_context* ssl);

/* Offers the session to the server. Returns 0 or UV_ENOMEM. */
int tuv_tls_resume(const tuv_tls_slot_t* slot, mbedtls_ssl_context* ssl);

/* Makes the next handshake a full one. */
void tuv_tls_forget(tuv_tls_slot_t* slot);

void tuv_tls_sessions_free(tuv_tls_sessions_t* sessions);

#endif
