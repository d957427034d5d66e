/* Replaces TLS where mbedTLS's TLS is missing: no configuration can be made, so that the
 * other calls are never reached. */
#include <stdio.h>
#include <stdlib.h>

#include "ws/tls.h"

int ts_tls_config_new(const ts_tls_options_t* options, ts_tls_config_t** config, char* message,
                      size_t size) {
  (void) options;
  *config = NULL;
  snprintf(message, size, "built without TLS");
  return -1;
}

void ts_tls_config_free(ts_tls_config_t* config) {
  (void) config;
}

const ts_tls_counters_t* ts_tls_counters(const ts_tls_config_t* config) {
  static const ts_tls_counters_t none;
  (void) config;
  return &none;
}

ts_tls_t* ts_tls_new(ts_tls_config_t* config, const ts_tls_events_t* events, void* data) {
  (void) config;
  (void) events;
  (void) data;
  abort();
}

void ts_tls_free(ts_tls_t* tls) {
  (void) tls;
}

int ts_tls_feed(ts_tls_t* tls, const uint8_t* bytes, size_t size) {
  (void) tls;
  (void) bytes;
  (void) size;
  return -1;
}

bool ts_tls_is_open(const ts_tls_t* tls) {
  (void) tls;
  return false;
}

void ts_tls_write(ts_tls_t* tls, const void* bytes, size_t size) {
  (void) tls;
  (void) bytes;
  (void) size;
}

void ts_tls_finish(ts_tls_t* tls) {
  (void) tls;
}
