/* mbedTLS's errors as statuses and texts. */
#include "io/tls/error.h"

#include <mbedtls/error.h>
#include <mbedtls/pem.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "taosuv/error.h"

bool tuv_tls_is_memory(int code) {
  if (code >= 0) return false;
  int low = -(-code & 0x7F), high = -(-code & 0xFF80);
  return high == MBEDTLS_ERR_SSL_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
         high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
         high == MBEDTLS_ERR_MD_ALLOC_FAILED || high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED ||
         high == MBEDTLS_ERR_PEM_ALLOC_FAILED || low == MBEDTLS_ERR_MPI_ALLOC_FAILED ||
         low == MBEDTLS_ERR_ASN1_ALLOC_FAILED;
}

/* The gravest flag decides: without a trusted issuer nothing else in the certificate counts. */
static int status_of_flags(uint32_t flags, bool self_signed) {
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
    return self_signed ? TAOSUV_ETLSSELFSIGNED : TAOSUV_ETLSUNTRUSTED;
  const uint32_t named = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE |
                         MBEDTLS_X509_BADCERT_CN_MISMATCH;
  if ((flags & ~named) != 0) return TAOSUV_ETLSCERT;
  if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) return TAOSUV_ETLSHOST;
  return (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0 ? TAOSUV_ETLSEXPIRED : TAOSUV_ETLSNOTYET;
}

/* mbedTLS writes a line for each flag; here they become one. */
static int explain_flags(uint32_t flags, const tuv_tls_verify_t* verify, const char* name,
                         tuv_errmsg_t* err) {
  char text[160];
  int length = mbedtls_x509_crt_verify_info(text, sizeof text, "", flags);
  if (length < 0) text[0] = 0;
  for (char* at = text; *at != 0; at++)
    if (*at == '\n') *at = at[1] != 0 ? ';' : 0;
  int status = status_of_flags(flags, verify->self_signed);
  const char* hint = verify->no_names ? "; it has no subject alternative name" : "";
  return tuv_fail(err, status, "%s (%.80s): %s%s", taosuv_strerror(status), name, text, hint);
}

/* RFC 8446's names of the alerts that end a connection. */
static const char* alert_name(unsigned int alert) {
  switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE: return "unexpected_message";
    case MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC: return "bad_record_mac";
    case MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW: return "record_overflow";
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE: return "handshake_failure";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT: return "bad_certificate";
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT: return "unsupported_certificate";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED: return "certificate_revoked";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED: return "certificate_expired";
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN: return "certificate_unknown";
    case MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER: return "illegal_parameter";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA: return "unknown_ca";
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED: return "access_denied";
    case MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR: return "decode_error";
    case MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR: return "decrypt_error";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION: return "protocol_version";
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY: return "insufficient_security";
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR: return "internal_error";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME: return "unrecognized_name";
    case 116: return "certificate_required"; /* mbedTLS has no name for it */
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL: return "no_application_protocol";
    default: return "no known name";
  }
}

/* mbedTLS 3.6 has no function that returns the alert: it is read from where it was decrypted. */
static int explain_alert(const mbedtls_ssl_context* ssl, tuv_errmsg_t* err) {
  const unsigned char* message = ssl->MBEDTLS_PRIVATE(in_msg);
  if (message == NULL || ssl->MBEDTLS_PRIVATE(in_msglen) < 2)
    return tuv_fail(err, TAOSUV_ETLSREFUSED, "%s", taosuv_strerror(TAOSUV_ETLSREFUSED));
  bool version = message[1] == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
  int status = version ? TAOSUV_ETLSVERSION : TAOSUV_ETLSREFUSED;
  return tuv_fail(err, status, "%s: alert %u, %s", taosuv_strerror(status), message[1],
                  alert_name(message[1]));
}

int tuv_tls_explain(const mbedtls_ssl_context* ssl, const tuv_tls_verify_t* verify,
                    const char* name, int code, tuv_errmsg_t* err) {
  char text[160];
  if (tuv_tls_is_memory(code)) return tuv_fail(err, UV_ENOMEM, "no memory for TLS");
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) return explain_alert(ssl, err);
  uint32_t flags = mbedtls_ssl_get_verify_result(ssl);
  bool by_certificate = code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
                        code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
  if (by_certificate && flags != 0 && flags != UINT32_MAX)
    return explain_flags(flags, verify, name, err);
  int status = code == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION ? TAOSUV_ETLSVERSION
               : by_certificate                             ? TAOSUV_ETLSCERT
                                                            : TAOSUV_ETLS;
  mbedtls_strerror(code, text, sizeof text);
  return tuv_fail(err, status, "%s: %s (-0x%04X)%s", taosuv_strerror(status), text,
                  (unsigned int) -code,
                  code == MBEDTLS_ERR_SSL_INVALID_RECORD ? "; does that port speak TLS?" : "");
}
