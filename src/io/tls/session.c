/* TLS sessions that the next connection resumes: the last one of each host. */
#include "io/tls/session.h"

#include <string.h>
#include <uv.h>

#include "io/tls/error.h"

tuv_tls_slot_t* tuv_tls_slot(tuv_tls_sessions_t* sessions, const char* host, uint16_t port) {
  for (tuv_tls_slot_t* slot = sessions->first; slot != NULL; slot = slot->next)
    if (slot->port == port && strcmp(slot->host, host) == 0) return slot;
  size_t size = strlen(host) + 1;
  tuv_tls_slot_t* slot = tuv_calloc(sessions->alloc, 1, sizeof *slot + size);
  if (slot == NULL) return NULL;
  mbedtls_ssl_session_init(&slot->session);
  slot->port = port;
  memcpy(slot->host, host, size);
  slot->next = sessions->first;
  sessions->first = slot;
  return slot;
}

void tuv_tls_forget(tuv_tls_slot_t* slot) {
  if (slot == NULL) return;
  mbedtls_ssl_session_free(&slot->session);
  mbedtls_ssl_session_init(&slot->session);
  slot->full = false;
}

void tuv_tls_remember(tuv_tls_slot_t* slot, const mbedtls_ssl_context* ssl) {
  if (slot == NULL) return;
  tuv_tls_forget(slot);
  slot->full = mbedtls_ssl_get_session(ssl, &slot->session) == 0;
  if (!slot->full) tuv_tls_forget(slot);
}

int tuv_tls_resume(const tuv_tls_slot_t* slot, mbedtls_ssl_context* ssl) {
  if (slot == NULL || !slot->full) return 0;
  int code = mbedtls_ssl_set_session(ssl, &slot->session);
  /* Only a lack of memory leaves a half-made copy behind. After other errors the handshake is a
   * full one. */
  return tuv_tls_is_memory(code) ? UV_ENOMEM : 0;
}

void tuv_tls_sessions_free(tuv_tls_sessions_t* sessions) {
  while (sessions->first != NULL) {
    tuv_tls_slot_t* slot = sessions->first;
    sessions->first = slot->next;
    tuv_tls_forget(slot);
    tuv_free(sessions->alloc, slot);
  }
}
