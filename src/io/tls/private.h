/* What the files of TLS share; the only header that includes mbedTLS's. */
#ifndef TUV_IO_TLS_PRIVATE_H
#define TUV_IO_TLS_PRIVATE_H

#include <mbedtls/ssl.h>

#include "io/tls/tls.h"

#define TUV_TLS_PIN_SIZE 32u

/* The last session with a host, to be resumed by the next connection to it. */
typedef struct tuv_tls_slot_s {
  struct tuv_tls_slot_s* next;
  mbedtls_ssl_session session;
  bool full;
  uint16_t port;
  char host[];
} tuv_tls_slot_t;

struct tuv_tls_context_s {
  const tuv_alloc_t* alloc;
  mbedtls_ssl_config config;
  mbedtls_x509_crt ca;
  mbedtls_x509_crt certificate;
  mbedtls_pk_context key;
  char* server_name; /* NULL: the host */
  uint8_t* pins;     /* TUV_TLS_PIN_SIZE bytes each */
  size_t npins;
  bool common_name;
  tuv_tls_slot_t* slots;
};

/* session.c */

/* The host's slot; NULL when there is no memory for one, which costs the resumption alone. */
tuv_tls_slot_t* tuv_tls_slot(tuv_tls_context_t* context, const char* host, uint16_t port);
void tuv_tls_remember(tuv_tls_slot_t* slot, const mbedtls_ssl_context* ssl);
/* Offers the session to the server; returns 0 or UV_ENOMEM. */
int tuv_tls_resume(const tuv_tls_slot_t* slot, mbedtls_ssl_context* ssl);
void tuv_tls_forget(tuv_tls_slot_t* slot);
void tuv_tls_slots_free(tuv_tls_context_t* context);

/* verify.c */

/* What the verification of a connection's certificates needs and finds. */
typedef struct tuv_tls_verify_s {
  uint8_t address[16]; /* the peer's name when that is an address */
  size_t address_size; /* 4, 16, or 0 for a name, which mbedTLS checks */
  bool common_name;    /* a certificate without alternative names is compared by its common name */
  bool self_signed;    /* found: the server's certificate is its own issuer */
  bool no_names;       /* found: it has no alternative names, and needs them */
} tuv_tls_verify_t;

/* Makes `ssl` expect this name or address. Returns 0 or UV_ENOMEM. */
int tuv_tls_expect(mbedtls_ssl_context* ssl, tuv_tls_verify_t* verify, const char* name);

/* Whether the server's key is one of the pins, if there are any. */
bool tuv_tls_is_pinned(const tuv_tls_context_t* context, const mbedtls_ssl_context* ssl);

/* error.c */

/* An error of mbedTLS as a status, with a text in `err`. */
int tuv_tls_explain(const mbedtls_ssl_context* ssl, const tuv_tls_verify_t* verify,
                    const char* name, int code, tuv_errmsg_t* err);
bool tuv_tls_is_memory(int code); /* whether it says that there was none */

#endif
