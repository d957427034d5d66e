/* Over what the integration tests run; the CA and the certificate are made once a program. */
#include "transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

it_transport_t it_transport(void) {
  const char* name = getenv("TAOSUV_TEST_TRANSPORT");
  if (name == NULL || name[0] == 0 || strcmp(name, "ws") == 0) return IT_WS;
  if (strcmp(name, "wss") == 0) return IT_WSS;
  if (strcmp(name, "compressed") == 0) return IT_COMPRESSED;
  if (strcmp(name, "http") == 0) return IT_HTTP;
  if (strcmp(name, "https") == 0) return IT_HTTPS;
  fprintf(stderr, "TAOSUV_TEST_TRANSPORT: no such transport: %s\n", name);
  abort();
}

bool it_transport_http(void) {
  return it_transport() == IT_HTTP || it_transport() == IT_HTTPS;
}

bool it_transport_secure(void) {
  return it_transport() == IT_WSS || it_transport() == IT_HTTPS;
}

#ifdef TUV_HAVE_TLS

#include "certs.h"

static cert_t *ca, *server;
static char folder[256], ca_key[400];
static ts_tls_options_t options;

static void remove_all(void) {
  cert_free(ca);
  cert_free(server);
  cert_folder_remove(folder);
}

static void make_all(void) {
  char file[300];
  if (ca != NULL) return;
  ca = cert_new(&(cert_spec_t) {.name = "Test CA", .ca = true});
  server = cert_new(
      &(cert_spec_t) {.name = "server", .issuer = ca, .dns = {"localhost"}, .ip = {"127.0.0.1"}});
  cert_folder(folder, sizeof folder);
  cert_write(folder, "ca.pem", ca->pem, file, sizeof file);
  snprintf(ca_key, sizeof ca_key, "tls_ca=%s", file);
  options = (ts_tls_options_t) {.certificate = server->chain, .key = server->key};
  atexit(remove_all);
}

const ts_tls_options_t* it_transport_tls(void) {
  if (!it_transport_secure()) return NULL;
  make_all();
  return &options;
}

static const char* tls_keys(void) {
  make_all();
  return ca_key;
}

#else

const ts_tls_options_t* it_transport_tls(void) {
  return NULL;
}

static const char* tls_keys(void) {
  return "";
}

#endif

const char* it_transport_keys(void) {
  switch (it_transport()) {
    case IT_WSS:
    case IT_HTTPS: return tls_keys();
    case IT_COMPRESSED: return "compression=1&compression_threshold=0";
    default: return "";
  }
}
