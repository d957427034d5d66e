/* The TLS of the floor: mbedTLS over a socket that is read in large pieces. */
#include "floor_link.h"

#include <stdio.h>

#ifdef TUV_HAVE_TLS

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>

typedef struct tls_s {
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  int fd;
  size_t head, tail;
  unsigned char in[65536]; /* ciphertext */
} tls_t;

static int fail(const char* what, int code) {
  char text[200];
  mbedtls_strerror(code, text, sizeof text);
  fprintf(stderr, "taosuv-floor: %s: %s\n", what, text);
  return -1;
}

static int on_send(void* context, const unsigned char* data, size_t size) {
  ssize_t sent = send(((tls_t*) context)->fd, data, size, MSG_NOSIGNAL);
  return sent < 0 ? MBEDTLS_ERR_SSL_CONN_EOF : (int) sent;
}

/* mbedTLS requests five bytes and then the rest of a record; this reads more at a time from the
 * system. */
static int on_receive(void* context, unsigned char* data, size_t size) {
  tls_t* tls = context;
  if (tls->head == tls->tail) {
    ssize_t got = recv(tls->fd, tls->in, sizeof tls->in, 0);
    if (got <= 0) return MBEDTLS_ERR_SSL_CONN_EOF;
    tls->head = 0;
    tls->tail = (size_t) got;
  }
  size_t part = tls->tail - tls->head < size ? tls->tail - tls->head : size;
  memcpy(data, tls->in + tls->head, part);
  tls->head += part;
  return (int) part;
}

static int set_up(tls_t* tls) {
  mbedtls_ssl_init(&tls->ssl);
  mbedtls_ssl_config_init(&tls->config);
  mbedtls_entropy_init(&tls->entropy);
  mbedtls_ctr_drbg_init(&tls->random);
  if (psa_crypto_init() != PSA_SUCCESS) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  int code = mbedtls_ctr_drbg_seed(&tls->random, mbedtls_entropy_func, &tls->entropy, NULL, 0);
  if (code == 0)
    code = mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT,
                                       MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_rng(&tls->config, mbedtls_ctr_drbg_random, &tls->random);
  if (code == 0) code = mbedtls_ssl_setup(&tls->ssl, &tls->config);
  mbedtls_ssl_set_bio(&tls->ssl, tls, on_send, on_receive, NULL);
  return code;
}

int floor_tls_open(floor_link_t* link) {
  tls_t* tls = calloc(1, sizeof *tls);
  if (tls == NULL) return -1;
  tls->fd = link->fd;
  link->tls = tls;
  int code = set_up(tls);
  if (code == 0) code = mbedtls_ssl_set_hostname(&tls->ssl, NULL);
  if (code == 0) code = mbedtls_ssl_handshake(&tls->ssl);
  return code == 0 ? 0 : fail("the TLS handshake", code);
}

void floor_tls_close(floor_link_t* link) {
  tls_t* tls = link->tls;
  mbedtls_ssl_free(&tls->ssl);
  mbedtls_ssl_config_free(&tls->config);
  mbedtls_ctr_drbg_free(&tls->random);
  mbedtls_entropy_free(&tls->entropy);
  free(tls);
  link->tls = NULL;
}

int floor_tls_send(floor_link_t* link, const void* data, size_t size) {
  tls_t* tls = link->tls;
  const unsigned char* at = data;
  while (size > 0) {
    int sent = mbedtls_ssl_write(&tls->ssl, at, size);
    if (sent <= 0) return fail("sending", sent);
    at += sent;
    size -= (size_t) sent;
  }
  return 0;
}

ssize_t floor_tls_receive(floor_link_t* link, void* data, size_t size) {
  tls_t* tls = link->tls;
  for (;;) {
    int got = mbedtls_ssl_read(&tls->ssl, data, size);
    if (got > 0) return got;
    if (got != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET && got != MBEDTLS_ERR_SSL_WANT_READ)
      return fail("receiving", got);
  }
}

#else

int floor_tls_open(floor_link_t* link) {
  (void) link;
  fprintf(stderr, "taosuv-floor: built without TLS\n");
  return -1;
}

void floor_tls_close(floor_link_t* link) {
  (void) link;
}

int floor_tls_send(floor_link_t* link, const void* data, size_t size) {
  (void) link, (void) data, (void) size;
  return -1;
}

ssize_t floor_tls_receive(floor_link_t* link, void* data, size_t size) {
  (void) link, (void) data, (void) size;
  return -1;
}

#endif
