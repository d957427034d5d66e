/* Whether the server is the intended one: its name or address, and its pinned key. */
#ifndef TUV_IO_TLS_VERIFY_H
#define TUV_IO_TLS_VERIFY_H

#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUV_TLS_PIN_SIZE 32u

/* SHA-256 sums of public keys, TUV_TLS_PIN_SIZE bytes each. */
typedef struct tuv_tls_pins_s {
  uint8_t* sums;
  size_t count;
} tuv_tls_pins_t;

/* What the verification of a connection's certificates needs, and what it finds. */
typedef struct tuv_tls_verify_s {
  uint8_t address[16]; /* of the peer, when its name is an address */
  size_t address_size; /* 4, 16, or 0 for a name, which mbedTLS checks */
  bool common_name;    /* a certificate without alternative names is compared by its common name */
  bool self_signed;    /* found: the server's certificate is its own issuer */
  bool no_names;       /* found: it has no alternative names, and needs them */
} tuv_tls_verify_t;

/* Makes `ssl` expect this name or address. Returns 0 or UV_ENOMEM. */
int tuv_tls_expect(mbedtls_ssl_context* ssl, tuv_tls_verify_t* verify, const char* name);

/* Whether the server's key is one of the pins. True when there are no pins. */
bool tuv_tls_is_pinned(const tuv_tls_pins_t* pins, const mbedtls_ssl_context* ssl);

#endif
