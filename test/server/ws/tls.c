/* The server's end of TLS by mbedTLS, as an engine without sockets. */
#include "ws/tls.h"

#include <mbedtls/error.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct ts_tls_config_s {
  mbedtls_ssl_config config;
  mbedtls_x509_crt certificate;
  mbedtls_x509_crt client_ca;
  mbedtls_pk_context key;
  mbedtls_ssl_ticket_context tickets;
  size_t record_size;
  bool no_close_notify;
  bool asks_client;
  ts_tls_counters_t counters;
};

struct ts_tls_s {
  ts_tls_config_t* config;
  const ts_tls_events_t* events;
  void* data;
  mbedtls_ssl_context ssl;
  const uint8_t* in; /* of the feed that is going on */
  size_t in_size;
  bool open;
  bool ended;
};

/* ---- the configuration ---- */

static int parse_ticket(void* context, mbedtls_ssl_session* session, unsigned char* ticket,
                        size_t size) {
  ts_tls_config_t* config = context;
  int code = mbedtls_ssl_ticket_parse(&config->tickets, session, ticket, size);
  if (code == 0) config->counters.resumed++;
  return code;
}

static int write_ticket(void* context, const mbedtls_ssl_session* session, unsigned char* start,
                        const unsigned char* end, size_t* size, uint32_t* lifetime) {
  ts_tls_config_t* config = context;
  return mbedtls_ssl_ticket_write(&config->tickets, session, start, end, size, lifetime);
}

static int set_up_tickets(ts_tls_config_t* config) {
  int code = mbedtls_ssl_ticket_setup(&config->tickets, mbedtls_psa_get_random,
                                      MBEDTLS_PSA_RANDOM_STATE, MBEDTLS_CIPHER_AES_256_GCM, 86400);
  if (code == 0)
    mbedtls_ssl_conf_session_tickets_cb(&config->config, write_ticket, parse_ticket, config);
  return code;
}

static int parse(mbedtls_x509_crt* chain, const char* pem) {
  return mbedtls_x509_crt_parse(chain, (const unsigned char*) pem, strlen(pem) + 1);
}

static void set_version(mbedtls_ssl_config* config, int version) {
  if (version == 0) return;
  mbedtls_ssl_protocol_version only = version == 12 ? MBEDTLS_SSL_VERSION_TLS1_2
                                                    : MBEDTLS_SSL_VERSION_TLS1_3;
  mbedtls_ssl_conf_min_tls_version(config, only);
  mbedtls_ssl_conf_max_tls_version(config, only);
}

static int configure(ts_tls_config_t* config, const ts_tls_options_t* options) {
  mbedtls_ssl_config* ssl = &config->config;
  int code = psa_crypto_init() == PSA_SUCCESS ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  if (code == 0)
    code = mbedtls_ssl_config_defaults(ssl, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_rng(ssl, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
  set_version(ssl, options->only_version);
  if (code == 0) code = parse(&config->certificate, options->certificate);
  if (code == 0)
    code = mbedtls_pk_parse_key(&config->key, (const unsigned char*) options->key,
                                strlen(options->key) + 1, NULL, 0, mbedtls_psa_get_random,
                                MBEDTLS_PSA_RANDOM_STATE);
  if (code == 0) code = mbedtls_ssl_conf_own_cert(ssl, &config->certificate, &config->key);
  if (code == 0 && options->client_ca != NULL) {
    code = parse(&config->client_ca, options->client_ca);
    mbedtls_ssl_conf_ca_chain(ssl, &config->client_ca, NULL);
    /* With TLS 1.3 mbedTLS refuses a client under keys that the client no longer uses, so that it
     * would not understand: there shake_hands refuses, after the handshake, as other servers do. */
    mbedtls_ssl_conf_authmode(ssl, options->only_version == 12 ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                               : MBEDTLS_SSL_VERIFY_OPTIONAL);
    config->asks_client = true;
  }
  bool tickets = !options->no_tickets && options->client_ca == NULL;
  if (code == 0 && tickets) code = set_up_tickets(config);
  return code;
}

int ts_tls_config_new(const ts_tls_options_t* options, ts_tls_config_t** out, char* message,
                      size_t size) {
  ts_tls_config_t* config = ts_calloc(1, sizeof *config);
  config->record_size = options->record_size;
  config->no_close_notify = options->no_close_notify;
  mbedtls_ssl_config_init(&config->config);
  mbedtls_x509_crt_init(&config->certificate);
  mbedtls_x509_crt_init(&config->client_ca);
  mbedtls_pk_init(&config->key);
  mbedtls_ssl_ticket_init(&config->tickets);
  int code = configure(config, options);
  if (code == 0) {
    *out = config;
    return 0;
  }
  mbedtls_strerror(code, message, size);
  ts_tls_config_free(config);
  return -1;
}

void ts_tls_config_free(ts_tls_config_t* config) {
  if (config == NULL) return;
  mbedtls_ssl_config_free(&config->config);
  mbedtls_x509_crt_free(&config->certificate);
  mbedtls_x509_crt_free(&config->client_ca);
  mbedtls_pk_free(&config->key);
  mbedtls_ssl_ticket_free(&config->tickets);
  free(config);
}

const ts_tls_counters_t* ts_tls_counters(const ts_tls_config_t* config) {
  return &config->counters;
}

/* ---- one connection ---- */

static int send_cipher(void* context, const unsigned char* data, size_t size) {
  ts_tls_t* tls = context;
  tls->events->cipher(tls->data, data, size);
  return (int) size;
}

static int receive_cipher(void* context, unsigned char* data, size_t size) {
  ts_tls_t* tls = context;
  if (tls->in_size == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  if (size > tls->in_size) size = tls->in_size;
  memcpy(data, tls->in, size);
  tls->in += size;
  tls->in_size -= size;
  return (int) size;
}

ts_tls_t* ts_tls_new(ts_tls_config_t* config, const ts_tls_events_t* events, void* data) {
  ts_tls_t* tls = ts_calloc(1, sizeof *tls);
  tls->config = config;
  tls->events = events;
  tls->data = data;
  mbedtls_ssl_init(&tls->ssl);
  if (mbedtls_ssl_setup(&tls->ssl, &config->config) != 0) abort(); /* of memory alone */
  mbedtls_ssl_set_bio(&tls->ssl, tls, send_cipher, receive_cipher, NULL);
  return tls;
}

void ts_tls_free(ts_tls_t* tls) {
  if (tls == NULL) return;
  mbedtls_ssl_free(&tls->ssl);
  free(tls);
}

bool ts_tls_is_open(const ts_tls_t* tls) {
  return tls->open;
}

static void send_alert(ts_tls_t* tls, unsigned char alert) {
  mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
}

static int check_client(ts_tls_t* tls) {
  uint32_t flags = tls->config->asks_client ? mbedtls_ssl_get_verify_result(&tls->ssl) : 0;
  if (flags == 0) return 0;
  bool missing = (flags & (MBEDTLS_X509_BADCERT_MISSING | MBEDTLS_X509_BADCERT_SKIP_VERIFY)) != 0;
  send_alert(tls, missing ? 116 /* certificate_required */ : MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
}

static int shake_hands(ts_tls_t* tls) {
  int code = mbedtls_ssl_handshake(&tls->ssl);
  if (code == MBEDTLS_ERR_SSL_WANT_READ) return 0;
  if (code == 0) code = check_client(tls);
  tls->open = code == 0;
  if (code == 0) {
    tls->config->counters.handshakes++;
    return 0;
  }
  tls->config->counters.failed++;
  /* The one refusal that mbedTLS does not report to a client of TLS 1.2. */
  if (code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE &&
      mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
    send_alert(tls, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
  tls->ended = true;
  return -1;
}

int ts_tls_feed(ts_tls_t* tls, const uint8_t* bytes, size_t size) {
  uint8_t plain[16384];
  tls->in = bytes;
  tls->in_size = size;
  if (tls->ended) return -1;
  if (!tls->open && shake_hands(tls) < 0) return -1;
  while (tls->open) {
    size_t before = tls->in_size;
    int code = mbedtls_ssl_read(&tls->ssl, plain, sizeof plain);
    if (code > 0) {
      tls->events->plain(tls->data, plain, (size_t) code);
    } else if (code == MBEDTLS_ERR_SSL_WANT_READ) {
      if (tls->in_size == before) break;
    } else {
      if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) tls->config->counters.close_notifies++;
      tls->ended = true;
      return -1;
    }
  }
  return 0;
}

void ts_tls_write(ts_tls_t* tls, const void* bytes, size_t size) {
  const uint8_t* at = bytes;
  size_t most = tls->config->record_size;
  while (size > 0 && tls->open) {
    int code = mbedtls_ssl_write(&tls->ssl, at, most > 0 && most < size ? most : size);
    if (code <= 0) return;
    at += code;
    size -= (size_t) code;
  }
}

void ts_tls_finish(ts_tls_t* tls) {
  if (tls->open && !tls->config->no_close_notify) mbedtls_ssl_close_notify(&tls->ssl);
}
