/* What a TLS context holds: mbedTLS's configuration and what its connections share. */
#ifndef TUV_IO_TLS_CONTEXT_H
#define TUV_IO_TLS_CONTEXT_H

#include "io/tls/session.h"
#include "io/tls/tls.h"
#include "io/tls/verify.h"

struct tuv_tls_context_s {
  const tuv_alloc_t* alloc;
  mbedtls_ssl_config config;
  mbedtls_x509_crt ca;
  mbedtls_x509_crt certificate;
  mbedtls_pk_context key;
  char* server_name; /* NULL: the host */
  tuv_tls_pins_t pins;
  bool common_name; /* a certificate without alternative names is compared by its common name */
  tuv_tls_sessions_t sessions;
};

#endif
