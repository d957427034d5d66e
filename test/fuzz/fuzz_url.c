/* Fuzzes connection URLs: parsed, shown without secrets, freed; what is shown parses as well. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/status.h"
#include "wire/url/url.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

static void check_settings(const tuv_url_t* url) {
  check(url->nhosts >= 1 && url->nhosts <= 64);
  for (uint32_t i = 0; i < url->nhosts; i++) {
    size_t length = strlen(url->hosts[i].name);
    check(length >= 1 && length <= 253 && url->hosts[i].port != 0);
  }
  check(strlen(url->db) <= 64 && strlen(url->app) <= 23);
  check(strlen(url->user) > 0 && strlen(url->password) < 16384);
  check(strlen(url->token) + strlen(url->bearer_token) + strlen(url->totp_code) < 16384);
  check(strlen(url->timezone) + strlen(url->ip) + strlen(url->connector) < 16384);
  check(url->pool_size >= 1 && url->max_inflight >= 1);
}

/* The same text as the name of a gateway that a server may send. */
static void check_host(const char* text, size_t size) {
  char name[TUV_HOST_NAME_SIZE];
  tuv_host_t host;
  tuv_errmsg_t err = {""};
  if (tuv_host_parse(text, size, name, &host, &err) < 0)
    check(err.text[0] != '\0');
  else
    check(host.name == name && host.port != 0 && strlen(name) >= 1 && strlen(name) <= 253);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static char shown[40000], again[40000];
  const char* text = (const char*) data;
  tuv_url_t url;
  tuv_errmsg_t err = {""};
  check_host(text, size);
  int status = tuv_url_parse(&tuv_alloc_default, text, size, &url, &err);
  int length = tuv_url_redact(text, size, shown, sizeof shown);
  check(status == 0 || status == TUV_EURL);
  check((status == 0) == (err.text[0] == '\0'));
  check((status == 0) == (length >= 0));
  if (status != 0) {
    check(shown[0] == '\0');
    return 0;
  }
  check_settings(&url);
  bool parses = url.totp_secret[0] == '\0'; /* "***" is no base32 */
  tuv_url_free(&tuv_alloc_default, &url);
  if (parses && length <= 16384) {
    check(tuv_url_redact(shown, (size_t) length, again, sizeof again) == length);
    check(strcmp(shown, again) == 0);
  }
  return 0;
}
