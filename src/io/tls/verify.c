/* Whether the server is the intended one: its name or address, and its pinned key. */
#include "io/tls/verify.h"

#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>
#include <string.h>
#include <uv.h>

static bool is_address(const mbedtls_x509_buf* entry, const uint8_t* address, size_t size) {
  return entry->len == size && memcmp(entry->p, address, size) == 0;
}

/* RFC 6066 allows no address as the server name that is sent, and mbedTLS does not compare what is
 * not sent. So addresses are compared here, with the certificate's iPAddress entries. An IPv4
 * address that is written as an IPv6 one (::ffff:192.0.2.7) is the same peer. */
static bool has_address(const mbedtls_x509_crt* certificate, const tuv_tls_verify_t* verify) {
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  bool is_mapped = verify->address_size == 16 && memcmp(verify->address, mapped, 12) == 0;
  for (const mbedtls_x509_sequence* name = &certificate->subject_alt_names; name != NULL;
       name = name->next) {
    if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) != MBEDTLS_X509_SAN_IP_ADDRESS) continue;
    if (is_address(&name->buf, verify->address, verify->address_size)) return true;
    if (is_mapped && is_address(&name->buf, verify->address + 12, 4)) return true;
  }
  return false;
}

/* Without subject alternative names mbedTLS compares the common name, which RFC 9525 forbids. */
static bool is_by_common_name(const mbedtls_x509_crt* certificate) {
  return !mbedtls_x509_crt_has_ext_type(certificate, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME);
}

/* mbedTLS calls this for each certificate of the chain, after its own checks. */
static int on_certificate(void* context, mbedtls_x509_crt* certificate, int depth,
                          uint32_t* flags) {
  tuv_tls_verify_t* verify = context;
  if (depth > 0) return 0;
  const mbedtls_x509_buf* issuer = &certificate->issuer_raw;
  const mbedtls_x509_buf* subject = &certificate->subject_raw;
  verify->self_signed = issuer->len == subject->len &&
                        memcmp(issuer->p, subject->p, issuer->len) == 0;
  bool other_address = verify->address_size > 0 && !has_address(certificate, verify);
  verify->no_names = is_by_common_name(certificate) && !verify->common_name;
  if (other_address || verify->no_names) *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  return 0;
}

static void read_address(tuv_tls_verify_t* verify, const char* name) {
  char bare[64]; /* an IPv6 address without its zone */
  size_t size = strcspn(name, "%");
  verify->address_size = 0;
  if (size >= sizeof bare) return;
  memcpy(bare, name, size);
  bare[size] = 0;
  if (uv_inet_pton(AF_INET, bare, verify->address) == 0)
    verify->address_size = 4;
  else if (uv_inet_pton(AF_INET6, bare, verify->address) == 0)
    verify->address_size = 16;
}

/* A name may end with a dot for the look-up. In certificates, and in the name that is sent (RFC
 * 6066, 3), it has none. */
static int set_name(mbedtls_ssl_context* ssl, const char* name) {
  char bare[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 2];
  size_t length = strlen(name);
  if (length >= sizeof bare) return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
  memcpy(bare, name, length + 1);
  if (length > 1 && bare[length - 1] == '.') bare[length - 1] = 0;
  return mbedtls_ssl_set_hostname(ssl, bare);
}

int tuv_tls_expect(mbedtls_ssl_context* ssl, tuv_tls_verify_t* verify, const char* name) {
  read_address(verify, name);
  mbedtls_ssl_set_verify(ssl, on_certificate, verify);
  int code = verify->address_size > 0 ? mbedtls_ssl_set_hostname(ssl, NULL) : set_name(ssl, name);
  return code == 0 ? 0 : UV_ENOMEM;
}

bool tuv_tls_is_pinned(const tuv_tls_pins_t* pins, const mbedtls_ssl_context* ssl) {
  uint8_t sum[TUV_TLS_PIN_SIZE];
  if (pins->count == 0) return true;
  /* A resumed session has its certificate with it. */
  const mbedtls_x509_crt* certificate = mbedtls_ssl_get_peer_cert(ssl);
  if (certificate == NULL) return false;
  if (mbedtls_sha256(certificate->pk_raw.p, certificate->pk_raw.len, sum, 0) != 0) return false;
  for (size_t i = 0; i < pins->count; i++)
    if (memcmp(pins->sums + i * TUV_TLS_PIN_SIZE, sum, sizeof sum) == 0) return true;
  return false;
}
