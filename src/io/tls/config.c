/* The TLS context: settings, files and PEM texts into mbedTLS's configuration, once a client. */
#include <mbedtls/base64.h>
#include <mbedtls/error.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <string.h>

#include "io/tls/context.h"
#include "io/tls/error.h"
#include "taosuv/error.h"

static bool given(const char* text) {
  return text != NULL && text[0] != 0;
}

static bool is_pem(const char* text) {
  return strstr(text, "-----BEGIN ") != NULL;
}

static bool is_folder(const char* path) {
  uv_fs_t request;
  bool folder = uv_fs_stat(NULL, &request, path, NULL) == 0 &&
                (request.statbuf.st_mode & S_IFMT) == S_IFDIR;
  uv_fs_req_cleanup(&request);
  return folder;
}

/* Says which file cannot be used, without showing a secret: a PEM text is not shown. */
static int bad_file(const char* key, const char* value, int code, tuv_errmsg_t* err) {
  char text[128];
  if (tuv_tls_is_memory(code)) return tuv_fail(err, UV_ENOMEM, "no memory for %s", key);
  mbedtls_strerror(code, text, sizeof text);
  if (value == NULL || is_pem(value)) return tuv_fail(err, TAOSUV_ETLSFILE, "%s: %s", key, text);
  return tuv_fail(err, TAOSUV_ETLSFILE, "%s: %.80s: %s", key, value, text);
}

/* Returns 0, an error of mbedTLS, or the number of certificates that could not be read. */
static int parse_certificates(mbedtls_x509_crt* chain, const char* value) {
  if (is_pem(value))
    return mbedtls_x509_crt_parse(chain, (const unsigned char*) value, strlen(value) + 1);
  return mbedtls_x509_crt_parse_file(chain, value);
}

static int load_certificates(mbedtls_x509_crt* chain, const char* key, const char* value,
                             tuv_errmsg_t* err) {
  int code = parse_certificates(chain, value);
  if (code < 0) return bad_file(key, value, code, err);
  if (code > 0)
    return tuv_fail(err, TAOSUV_ETLSFILE, "%s: %d of the certificates cannot be read", key, code);
  return 0;
}

/* The places where systems keep the CAs that they trust. Those that mbedTLS cannot read are left
 * out. */
static int load_system_ca(tuv_tls_context_t* context, tuv_errmsg_t* err) {
  static const char* const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                      "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
  int code = -1;
  for (size_t i = 0; i < sizeof files / sizeof *files && context->ca.version == 0; i++)
    code = mbedtls_x509_crt_parse_file(&context->ca, files[i]);
  if (context->ca.version == 0) code = mbedtls_x509_crt_parse_path(&context->ca, "/etc/ssl/certs");
  if (tuv_tls_is_memory(code)) return tuv_fail(err, UV_ENOMEM, "no memory for the system's CAs");
  if (context->ca.version != 0) return 0;
  return tuv_fail(err, TAOSUV_ETLSFILE,
                  "the system has no store of CAs: set tls_ca to a file or folder");
}

static int load_ca(tuv_tls_context_t* context, const char* ca, tuv_errmsg_t* err) {
  if (!given(ca)) return load_system_ca(context, err);
  if (is_pem(ca) || !is_folder(ca)) return load_certificates(&context->ca, "tls_ca", ca, err);
  int code = mbedtls_x509_crt_parse_path(&context->ca, ca);
  if (tuv_tls_is_memory(code)) return tuv_fail(err, UV_ENOMEM, "no memory for tls_ca");
  if (context->ca.version != 0) return 0; /* the folder may have other files, too */
  return tuv_fail(err, TAOSUV_ETLSFILE, "tls_ca: no certificate is in %.80s", ca);
}

static int load_key(tuv_tls_context_t* context, const char* key, tuv_errmsg_t* err) {
  int code = is_pem(key)
                 ? mbedtls_pk_parse_key(&context->key, (const unsigned char*) key, strlen(key) + 1,
                                        NULL, 0, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE)
                 : mbedtls_pk_parse_keyfile(&context->key, key, NULL, mbedtls_psa_get_random,
                                            MBEDTLS_PSA_RANDOM_STATE);
  return code == 0 ? 0 : bad_file("tls_key", NULL, code, err);
}

static int load_own(tuv_tls_context_t* context, const tuv_tls_settings_t* settings,
                    tuv_errmsg_t* err) {
  if (!given(settings->certificate) || !given(settings->key)) {
    if (!given(settings->certificate) && !given(settings->key)) return 0;
    return tuv_fail(err, TAOSUV_ETLSFILE, "tls_cert and tls_key must be set together");
  }
  int status = load_certificates(&context->certificate, "tls_cert", settings->certificate, err);
  if (status == 0) status = load_key(context, settings->key, err);
  if (status < 0) return status;
  int code = mbedtls_pk_check_pair(&context->certificate.pk, &context->key, mbedtls_psa_get_random,
                                   MBEDTLS_PSA_RANDOM_STATE);
  if (tuv_tls_is_memory(code)) return tuv_fail(err, UV_ENOMEM, "no memory for tls_key");
  if (code != 0) return tuv_fail(err, TAOSUV_ETLSFILE, "tls_key is not the key of tls_cert");
  code = mbedtls_ssl_conf_own_cert(&context->config, &context->certificate, &context->key);
  return code == 0 ? 0 : tuv_fail(err, UV_ENOMEM, "no memory for tls_cert");
}

static int load_pins(tuv_tls_context_t* context, const char* pins, tuv_errmsg_t* err) {
  if (!given(pins)) return 0;
  size_t count = 1;
  for (const char* at = pins; *at != 0; at++) count += *at == ',';
  context->pins.sums = tuv_malloc(context->alloc, count * TUV_TLS_PIN_SIZE);
  if (context->pins.sums == NULL) return tuv_fail(err, UV_ENOMEM, "no memory for tls_pin");
  while (context->pins.count < count) {
    size_t length = strcspn(pins, ","), size = 0;
    uint8_t* pin = context->pins.sums + context->pins.count++ * TUV_TLS_PIN_SIZE;
    int code = mbedtls_base64_decode(pin, TUV_TLS_PIN_SIZE, &size, (const unsigned char*) pins,
                                     length);
    if (code != 0 || size != TUV_TLS_PIN_SIZE)
      return tuv_fail(err, TAOSUV_ETLSFILE, "tls_pin: pin %zu must be the base64 of a SHA-256 sum",
                      context->pins.count);
    pins += length + (pins[length] == ',');
  }
  return 0;
}

/* mbedTLS's own list has RSA-PSS before PKCS#1, and 3.6.6 then refuses RSA-PSS from a server of TLS
 * 1.2 (Mbed-TLS issue 10668). Servers mostly take the first that they can: in this order TLS 1.2
 * takes PKCS#1, and TLS 1.3, which does not have it, RSA-PSS. */
static const uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_NONE};

static int configure(tuv_tls_context_t* context, const tuv_tls_settings_t* settings,
                     tuv_errmsg_t* err) {
  mbedtls_ssl_config* config = &context->config;
  if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    return tuv_fail(err, UV_ENOMEM, "no memory for TLS");
  mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
  mbedtls_ssl_conf_sig_algs(config, signatures);
  mbedtls_ssl_conf_authmode(
      config, settings->insecure ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_min_tls_version(
      config, settings->tls_13_only ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
#ifdef MBEDTLS_SSL_RENEGOTIATION
  mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
  mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
      config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
  /* The caller's own files first, so that their errors are reported first. */
  int status = load_own(context, settings, err);
  if (status == 0) status = load_pins(context, settings->pins, err);
  if (status == 0 && !settings->insecure) status = load_ca(context, settings->ca, err);
  if (status < 0 || settings->insecure) return status;
  mbedtls_ssl_conf_ca_chain(config, &context->ca, NULL);
  return 0;
}

static int copy_server_name(tuv_tls_context_t* context, const char* name, tuv_errmsg_t* err) {
  if (!given(name)) return 0;
  size_t size = strlen(name) + 1;
  context->server_name = tuv_malloc(context->alloc, size);
  if (context->server_name == NULL) return tuv_fail(err, UV_ENOMEM, "no memory for TLS");
  memcpy(context->server_name, name, size);
  return 0;
}

int tuv_tls_context_create(const tuv_alloc_t* alloc, const tuv_tls_settings_t* settings,
                           tuv_tls_context_t** context, tuv_errmsg_t* err) {
  *context = NULL;
  psa_status_t psa = psa_crypto_init();
  if (psa != PSA_SUCCESS)
    return tuv_fail(err, TAOSUV_ETLS, "mbedTLS's PSA layer cannot be initialised (%d)", (int) psa);
  tuv_tls_context_t* made = tuv_calloc(alloc, 1, sizeof *made);
  if (made == NULL) return tuv_fail(err, UV_ENOMEM, "no memory for TLS");
  made->alloc = made->sessions.alloc = alloc;
  made->common_name = settings->common_name;
  mbedtls_ssl_config_init(&made->config);
  mbedtls_x509_crt_init(&made->ca);
  mbedtls_x509_crt_init(&made->certificate);
  mbedtls_pk_init(&made->key);
  int status = configure(made, settings, err);
  if (status == 0) status = copy_server_name(made, settings->server_name, err);
  if (status < 0) {
    tuv_tls_context_free(made);
    return status;
  }
  *context = made;
  return 0;
}

void tuv_tls_context_free(tuv_tls_context_t* context) {
  if (context == NULL) return;
  tuv_tls_sessions_free(&context->sessions);
  mbedtls_ssl_config_free(&context->config);
  mbedtls_x509_crt_free(&context->ca);
  mbedtls_x509_crt_free(&context->certificate);
  mbedtls_pk_free(&context->key); /* wipes it */
  tuv_free(context->alloc, context->server_name);
  tuv_free(context->alloc, context->pins.sums);
  tuv_free(context->alloc, context);
}
