/* The keys of a URL's query: which ones there are, and what values they take. */
#include "wire/url/settings.h"

#include <string.h>

#include "util/ascii.h"
#include "util/percent.h"
#include "util/totp.h"

#define DAY_MS 86400000u
#define AT(field) offsetof(tuv_url_t, field)

static const tuv_setting_t settings[] = {
    {"token", NULL, TUV_SETTING_SECRET, AT(token), 0, TUV_URL_MAX_LENGTH},
    {"bearer_token", NULL, TUV_SETTING_SECRET, AT(bearer_token), 0, TUV_URL_MAX_LENGTH},
    {"totp_code", NULL, TUV_SETTING_SECRET, AT(totp_code), 0, TUV_URL_MAX_LENGTH},
    {"totp_secret", NULL, TUV_SETTING_BASE32, AT(totp_secret), 0, TUV_URL_MAX_LENGTH},
    {"timezone", "tz", TUV_SETTING_TIMEZONE, AT(timezone), 0, 64},
    {"app", "user_app", TUV_SETTING_TEXT, AT(app), 0, 23}, /* the server cuts longer ones */
    {"ip", "user_ip", TUV_SETTING_TEXT, AT(ip), 0, 64},
    {"rest_auth", NULL, TUV_SETTING_AUTH, AT(rest_token), 0, 0},
    {"connector", NULL, TUV_SETTING_TEXT, AT(connector), 0, 255},
    {"conmode", "conn_mode", TUV_SETTING_BOOL, AT(bi_mode), 0, 0},
    {"compression", NULL, TUV_SETTING_BOOL, AT(compression), 0, 0},
    {"compression_threshold", NULL, TUV_SETTING_U64, AT(compression_threshold), 0, 0x7fffffff},
    {"adapter_ha", "discover", TUV_SETTING_BOOL, AT(adapter_ha), 0, 0},
    {"discover_interval", NULL, TUV_SETTING_U64, AT(discover_interval), 0, DAY_MS},
    {"prefetch", NULL, TUV_SETTING_BOOL, AT(prefetch), 0, 0},
    {"tcp_nodelay", NULL, TUV_SETTING_BOOL, AT(tcp_nodelay), 0, 0},
    {"metrics", NULL, TUV_SETTING_BOOL, AT(metrics), 0, 0},
    {"pool_size", NULL, TUV_SETTING_U32, AT(pool_size), 1, 65535},
    {"max_inflight", NULL, TUV_SETTING_U32, AT(max_inflight), 1, 1048576},
    {"max_queue", NULL, TUV_SETTING_U32, AT(max_queue), 0, 16777216},
    {"max_queue_bytes", NULL, TUV_SETTING_U64, AT(max_queue_bytes), 0, (uint64_t) 1 << 40},
    {"max_send_buffer", NULL, TUV_SETTING_U64, AT(max_send_buffer), 1, (uint64_t) 1 << 40},
    {"max_message_size", NULL, TUV_SETTING_U64, AT(max_message_size), 65536, 0x7fffffff},
    {"stmt_version", NULL, TUV_SETTING_U32, AT(stmt_version), 1, 2},
    {"stmt_cache", NULL, TUV_SETTING_U32, AT(stmt_cache), 0, 65536},
    {"connect_timeout", NULL, TUV_SETTING_U64, AT(connect_timeout), 1, DAY_MS},
    {"close_timeout", NULL, TUV_SETTING_U64, AT(close_timeout), 0, DAY_MS},
    {"request_timeout", "timeout", TUV_SETTING_U64, AT(request_timeout), 0, DAY_MS},
    {"retries", "conn_retries", TUV_SETTING_U32, AT(retries), 0, 1000},
    {"retry_initial", "retry_backoff_ms", TUV_SETTING_U64, AT(retry_initial), 1, DAY_MS},
    {"retry_max", "retry_backoff_max_ms", TUV_SETTING_U64, AT(retry_max), 1, DAY_MS},
    {"tls_ca", NULL, TUV_SETTING_PEM, AT(tls_ca), 0, TUV_URL_MAX_LENGTH},
    {"tls_cert", NULL, TUV_SETTING_PEM, AT(tls_cert), 0, TUV_URL_MAX_LENGTH},
    {"tls_key", NULL, TUV_SETTING_SECRET_PEM, AT(tls_key), 0, TUV_URL_MAX_LENGTH},
    {"tls_server_name", NULL, TUV_SETTING_TEXT, AT(tls_server_name), 0, 253},
    {"tls_pin", NULL, TUV_SETTING_PINS, AT(tls_pin), 0, TUV_URL_MAX_LENGTH},
    {"tls_min_version", NULL, TUV_SETTING_VERSION, AT(tls_13_only), 0, 0},
    {"tls_verify", NULL, TUV_SETTING_VERIFY, AT(tls_insecure), 0, 0},
    {"tls_common_name", NULL, TUV_SETTING_BOOL, AT(tls_common_name), 0, 0},
    {"load_balance", NULL, TUV_SETTING_BALANCE, AT(first_alive), 0, 0},
    {"ping_interval", NULL, TUV_SETTING_U64, AT(ping_interval), 0, DAY_MS},
    {"probe_timeout", NULL, TUV_SETTING_U64, AT(probe_timeout), 1, DAY_MS},
    {"idle_timeout", NULL, TUV_SETTING_U64, AT(idle_timeout), 0, DAY_MS},
    {"max_age", NULL, TUV_SETTING_U64, AT(max_age), 0, 7 * (uint64_t) DAY_MS},
};

#define NSETTINGS (sizeof settings / sizeof settings[0])
#define MAX_KEY 24 /* longer than any key */

_Static_assert(NSETTINGS <= 64, "a bit for each setting fits into 64");

static bool decode_key(tuv_span_t key, char* buf, tuv_span_t* decoded) {
  if (key.length > (size_t) 3 * MAX_KEY) return false;
  decoded->at = buf;
  decoded->length = tuv_percent_decode(buf, key.at, key.length);
  return decoded->length != SIZE_MAX;
}

/* Keys are case-sensitive, unlike schemes and host names. */
static bool key_is(tuv_span_t key, const char* name) {
  return name != NULL && key.length == strlen(name) && memcmp(key.at, name, key.length) == 0;
}

const tuv_setting_t* tuv_setting_find(tuv_span_t key) {
  char buf[3 * MAX_KEY];
  tuv_span_t decoded;
  if (!decode_key(key, buf, &decoded)) return NULL;
  for (size_t i = 0; i < NSETTINGS; i++) {
    if (key_is(decoded, settings[i].name) || key_is(decoded, settings[i].alias)) {
      return &settings[i];
    }
  }
  return NULL;
}

unsigned tuv_setting_index(const tuv_setting_t* setting) {
  return (unsigned) (setting - settings);
}

bool tuv_url_key_is_secret(tuv_span_t key) {
  const tuv_setting_t* setting = tuv_setting_find(key);
  return setting != NULL &&
         (setting->kind == TUV_SETTING_SECRET || setting->kind == TUV_SETTING_BASE32 ||
          setting->kind == TUV_SETTING_SECRET_PEM);
}

static bool is_alnum(char c) {
  return tuv_is_letter(c) || tuv_is_digit(c);
}

/* Whether a text has the form of an IANA name: parts between slashes, which begin with a letter and
 * consist of letters, digits, '_', '-' and '+'. A name of one part must be all letters (UTC, GMT,
 * Japan): "UTC-8" and "CST+8" are POSIX names, whose sign is the opposite of what people expect. A
 * few old IANA names look like these and are refused, too: EST5EDT, GMT0, GMT+0, NZ-CHAT, W-SU.
 * Each of them has another name (America/New_York, Etc/GMT, Pacific/Chatham, Europe/Moscow). */
bool tuv_setting_is_iana_name(const char* name) {
  bool area = strchr(name, '/') != NULL;
  bool first = true;
  if (tuv_span_is((tuv_span_t) {name, strlen(name)}, "local")) return false;
  for (; *name != '\0'; name++) {
    bool letter = tuv_is_letter(*name);
    if (*name == '/') {
      if (first) return false;
      first = true;
      continue;
    }
    if (!letter && (first || !area)) return false;
    if (!is_alnum(*name) && *name != '_' && *name != '-' && *name != '+') return false;
    first = false;
  }
  return !first;
}

/* Whether each pin is the base64 of 32 bytes: 43 digits and one '='. */
bool tuv_setting_are_pins(const char* text) {
  tuv_span_t list = {text, strlen(text)}, pin;
  while (tuv_span_next(&list, ',', &pin)) {
    if (pin.length != 44 || pin.at[43] != '=') return false;
    for (size_t i = 0; i < 43; i++)
      if (!is_alnum(pin.at[i]) && pin.at[i] != '+' && pin.at[i] != '/') return false;
  }
  return true;
}

bool tuv_setting_is_base32(const char* text) {
  uint8_t bytes[TUV_TOTP_MAX_SECRET];
  size_t size = tuv_base32_decode(text, bytes);
  tuv_wipe(bytes, sizeof bytes);
  return size > 0;
}
