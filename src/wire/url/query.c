/* The keys of a URL's query: which there are, their aliases, and what values they take. */
#include <string.h>

#include "util/ascii.h"
#include "util/percent.h"
#include "util/totp.h"
#include "wire/status.h"
#include "wire/url/parts.h"

/* Those before VERSION are texts. */
typedef enum {
  TEXT,
  SECRET,
  BASE32,
  TIMEZONE,
  PEM,
  SECRET_PEM,
  PINS,
  VERSION,
  VERIFY,
  BALANCE,
  AUTH,
  BOOL,
  U32,
  U64
} kind_t;

typedef struct setting_s {
  const char* name;
  const char* alias; /* or NULL */
  kind_t kind;
  size_t field; /* offset in tuv_url_t */
  uint64_t min; /* of a number */
  uint64_t max; /* of a number, or of a text's length in bytes */
} setting_t;

#define DAY_MS 86400000u
#define AT(field) offsetof(tuv_url_t, field)

static const setting_t settings[] = {
    {"token", NULL, SECRET, AT(token), 0, TUV_URL_MAX_LENGTH},
    {"bearer_token", NULL, SECRET, AT(bearer_token), 0, TUV_URL_MAX_LENGTH},
    {"totp_code", NULL, SECRET, AT(totp_code), 0, TUV_URL_MAX_LENGTH},
    {"totp_secret", NULL, BASE32, AT(totp_secret), 0, TUV_URL_MAX_LENGTH},
    {"timezone", "tz", TIMEZONE, AT(timezone), 0, 64},
    {"app", "user_app", TEXT, AT(app), 0, 23}, /* the server would cut it */
    {"ip", "user_ip", TEXT, AT(ip), 0, 64},
    {"rest_auth", NULL, AUTH, AT(rest_token), 0, 0},
    {"connector", NULL, TEXT, AT(connector), 0, 255},
    {"conmode", "conn_mode", BOOL, AT(bi_mode), 0, 0},
    {"compression", NULL, BOOL, AT(compression), 0, 0},
    {"compression_threshold", NULL, U64, AT(compression_threshold), 0, 0x7fffffff},
    {"adapter_ha", "discover", BOOL, AT(adapter_ha), 0, 0},
    {"discover_interval", NULL, U64, AT(discover_interval), 0, DAY_MS},
    {"prefetch", NULL, BOOL, AT(prefetch), 0, 0},
    {"tcp_nodelay", NULL, BOOL, AT(tcp_nodelay), 0, 0},
    {"metrics", NULL, BOOL, AT(metrics), 0, 0},
    {"pool_size", NULL, U32, AT(pool_size), 1, 65535},
    {"max_inflight", NULL, U32, AT(max_inflight), 1, 1048576},
    {"max_queue", NULL, U32, AT(max_queue), 0, 16777216},
    {"max_queue_bytes", NULL, U64, AT(max_queue_bytes), 0, (uint64_t) 1 << 40},
    {"max_send_buffer", NULL, U64, AT(max_send_buffer), 1, (uint64_t) 1 << 40},
    {"max_message_size", NULL, U64, AT(max_message_size), 65536, 0x7fffffff},
    {"stmt_version", NULL, U32, AT(stmt_version), 1, 2},
    {"stmt_cache", NULL, U32, AT(stmt_cache), 0, 65536},
    {"connect_timeout", NULL, U64, AT(connect_timeout), 1, DAY_MS},
    {"close_timeout", NULL, U64, AT(close_timeout), 0, DAY_MS},
    {"request_timeout", "timeout", U64, AT(request_timeout), 0, DAY_MS},
    {"retries", "conn_retries", U32, AT(retries), 0, 1000},
    {"retry_initial", "retry_backoff_ms", U64, AT(retry_initial), 1, DAY_MS},
    {"retry_max", "retry_backoff_max_ms", U64, AT(retry_max), 1, DAY_MS},
    {"tls_ca", NULL, PEM, AT(tls_ca), 0, TUV_URL_MAX_LENGTH},
    {"tls_cert", NULL, PEM, AT(tls_cert), 0, TUV_URL_MAX_LENGTH},
    {"tls_key", NULL, SECRET_PEM, AT(tls_key), 0, TUV_URL_MAX_LENGTH},
    {"tls_server_name", NULL, TEXT, AT(tls_server_name), 0, 253},
    {"tls_pin", NULL, PINS, AT(tls_pin), 0, TUV_URL_MAX_LENGTH},
    {"tls_min_version", NULL, VERSION, AT(tls_13_only), 0, 0},
    {"tls_verify", NULL, VERIFY, AT(tls_insecure), 0, 0},
    {"tls_common_name", NULL, BOOL, AT(tls_common_name), 0, 0},
    {"load_balance", NULL, BALANCE, AT(first_alive), 0, 0},
    {"ping_interval", NULL, U64, AT(ping_interval), 0, DAY_MS},
    {"probe_timeout", NULL, U64, AT(probe_timeout), 1, DAY_MS},
    {"idle_timeout", NULL, U64, AT(idle_timeout), 0, DAY_MS},
    {"max_age", NULL, U64, AT(max_age), 0, 7 * (uint64_t) DAY_MS},
};

#define NSETTINGS (sizeof settings / sizeof settings[0])
#define MAX_KEY 24 /* longer than any of them */

static bool decode_key(tuv_span_t key, char* buf, tuv_span_t* decoded) {
  if (key.length > 3 * MAX_KEY) return false;
  decoded->at = buf;
  decoded->length = tuv_percent_decode(buf, key.at, key.length);
  return decoded->length != SIZE_MAX;
}

/* Keys are case-sensitive, unlike schemes and host names. */
static bool key_is(tuv_span_t key, const char* name) {
  return name != NULL && key.length == strlen(name) && memcmp(key.at, name, key.length) == 0;
}

static const setting_t* find_setting(tuv_span_t key) {
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

bool tuv_url_key_is_secret(tuv_span_t key) {
  const setting_t* setting = find_setting(key);
  return setting != NULL &&
         (setting->kind == SECRET || setting->kind == BASE32 || setting->kind == SECRET_PEM);
}

static bool is_alnum(char c) {
  return tuv_is_letter(c) || tuv_is_digit(c);
}

/* Whether this is the form of an IANA name: parts of letters, digits, '_', '-' and '+' between
 * slashes, each beginning with a letter. A name of one part must be all letters (UTC, GMT, Japan),
 * for "UTC-8" and "CST+8" are POSIX style, whose sign is the opposite of what people expect. The
 * few old IANA names that look like them are refused as well: EST5EDT, GMT0, GMT+0, NZ-CHAT, W-SU;
 * each has another name (America/New_York, Etc/GMT, Pacific/Chatham, Europe/Moscow). */
static bool is_iana_name(const char* name) {
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

/* A PEM text has lines, every other one has not. */
static bool has_control(const char* text, bool lines) {
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char) *text;
    bool line = lines && (c == '\n' || c == '\r' || c == '\t');
    if ((c < ' ' && !line) || c == 0x7f) return true;
  }
  return false;
}

/* Whether each is the base64 form of 32 bytes: 43 digits and one '='. */
static bool are_pins(const char* text) {
  tuv_span_t list = {text, strlen(text)}, pin;
  while (tuv_span_next(&list, ',', &pin)) {
    if (pin.length != 44 || pin.at[43] != '=') return false;
    for (size_t i = 0; i < 43; i++)
      if (!is_alnum(pin.at[i]) && pin.at[i] != '+' && pin.at[i] != '/') return false;
  }
  return true;
}

static bool is_base32(const char* text) {
  uint8_t bytes[TUV_TOTP_MAX_SECRET];
  size_t size = tuv_base32_decode(text, bytes);
  tuv_wipe(bytes, sizeof bytes);
  return size > 0;
}

static bool is_tls_key(const setting_t* setting) {
  return strncmp(setting->name, "tls_", 4) == 0;
}

static int set_text(tuv_url_arena_t* arena, const setting_t* setting, tuv_span_t value,
                    tuv_url_t* url, tuv_errmsg_t* err) {
  const char* text;
  int status = tuv_url_store(arena, value, setting->name, &text, err);
  if (status != 0) return status;
  if (has_control(text, setting->kind == PEM || setting->kind == SECRET_PEM)) {
    return tuv_fail(err, TUV_EURL, "%s contains a control character", setting->name);
  }
  if (text[0] == '\0' && is_tls_key(setting)) { /* of a variable that was not set, perhaps */
    return tuv_fail(err, TUV_EURL, "%s is empty", setting->name);
  }
  if (strlen(text) > setting->max) {
    return tuv_fail(err, TUV_EURL, "%s is longer than %llu bytes", setting->name,
                    (unsigned long long) setting->max);
  }
  if (setting->kind == TIMEZONE && !is_iana_name(text)) {
    return tuv_fail(err, TUV_EURL,
                    "%s: '%s' is no IANA name: use one such as Europe/Berlin, UTC or Etc/GMT+8",
                    setting->name, tuv_url_show(value).text);
  }
  if (setting->kind == BASE32 && !is_base32(text)) {
    return tuv_fail(err, TUV_EURL, "%s is not base32 of 1 to %u bytes", setting->name,
                    TUV_TOTP_MAX_SECRET);
  }
  if (setting->kind == PINS && !are_pins(text)) {
    return tuv_fail(err, TUV_EURL,
                    "%s: each pin is the base64 of a SHA-256 sum: 44 characters, comma between",
                    setting->name);
  }
  memcpy((char*) url + setting->field, &text, sizeof text);
  return 0;
}

/* One of two words, of which the second stands for true. */
static int set_choice(const setting_t* setting, tuv_span_t value, tuv_url_t* url,
                      tuv_errmsg_t* err) {
  static const struct {
    const char *no, *yes;
  } words[] = {{"1.2", "1.3"}, {"full", "insecure-none"}, {"least", "first"}, {"basic", "token"}};
  const char* no = words[setting->kind - VERSION].no;
  const char* yes = words[setting->kind - VERSION].yes;
  bool is_yes = key_is(value, yes);
  if (!is_yes && !key_is(value, no)) {
    return tuv_fail(err, TUV_EURL, "%s: '%s' is neither %s nor %s", setting->name,
                    tuv_url_show(value).text, no, yes);
  }
  memcpy((char*) url + setting->field, &is_yes, sizeof is_yes);
  return 0;
}

static int set_bool(const setting_t* setting, tuv_span_t value, tuv_url_t* url, tuv_errmsg_t* err) {
  bool yes = key_is(value, "1") || key_is(value, "true");
  if (!yes && !key_is(value, "0") && !key_is(value, "false")) {
    return tuv_fail(err, TUV_EURL, "%s: '%s' is none of 0, 1, true, false", setting->name,
                    tuv_url_show(value).text);
  }
  memcpy((char*) url + setting->field, &yes, sizeof yes);
  return 0;
}

static int set_number(const setting_t* setting, tuv_span_t value, tuv_url_t* url,
                      tuv_errmsg_t* err) {
  uint64_t number;
  if (!tuv_span_number(value, setting->min, setting->max, &number)) {
    return tuv_fail(err, TUV_EURL, "%s: '%s' is no number from %llu to %llu", setting->name,
                    tuv_url_show(value).text, (unsigned long long) setting->min,
                    (unsigned long long) setting->max);
  }
  if (setting->kind == U32) {
    uint32_t narrow = (uint32_t) number;
    memcpy((char*) url + setting->field, &narrow, sizeof narrow);
  } else {
    memcpy((char*) url + setting->field, &number, sizeof number);
  }
  return 0;
}

/* Numbers and switches are percent-decoded as well, into the arena, where they do no harm. */
static int set_value(tuv_url_arena_t* arena, const setting_t* setting, tuv_span_t value,
                     tuv_url_t* url, tuv_errmsg_t* err) {
  const char* text;
  if (setting->kind < VERSION) return set_text(arena, setting, value, url, err);
  int status = tuv_url_store(arena, value, setting->name, &text, err);
  if (status != 0) return status;
  tuv_span_t decoded = {text, strlen(text)};
  if (setting->kind >= VERSION && setting->kind <= AUTH)
    return set_choice(setting, decoded, url, err);
  return setting->kind == BOOL ? set_bool(setting, decoded, url, err)
                               : set_number(setting, decoded, url, err);
}

/* Names the key, unless it looks like what follows an unescaped '?' in a password. */
static int unknown_key(tuv_span_t key, tuv_span_t value, bool no_user, tuv_errmsg_t* err) {
  if (no_user && (tuv_span_has(key, '@') || tuv_span_has(value, '@'))) {
    return tuv_fail(err, TUV_EURL,
                    "unknown key; if the password holds '/' or '?', write them as %%2F and %%3F");
  }
  return tuv_fail(err, TUV_EURL, "unknown key '%s'", tuv_url_show(key).text);
}

/* What would be without effect is an error. */
static int check_together(const tuv_url_t* url, tuv_errmsg_t* err) {
  if (url->totp_code[0] != 0 && url->totp_secret[0] != 0)
    return tuv_fail(err, TUV_EURL, "totp_code and totp_secret exclude each other");
  if ((url->tls_cert[0] != 0) != (url->tls_key[0] != 0)) {
    return tuv_fail(err, TUV_EURL, "tls_cert and tls_key belong together: %s is missing",
                    url->tls_cert[0] != 0 ? "tls_key" : "tls_cert");
  }
  if (url->tls_insecure && url->tls_ca[0] != 0) {
    return tuv_fail(err, TUV_EURL,
                    "tls_verify=insecure-none makes tls_ca useless: remove one of them");
  }
  if (url->tls_insecure && url->tls_common_name) {
    return tuv_fail(err, TUV_EURL,
                    "tls_verify=insecure-none makes tls_common_name useless: remove one of them");
  }
  return 0;
}

int tuv_url_query(tuv_url_arena_t* arena, tuv_span_t query, bool no_user, tuv_url_t* url,
                  tuv_errmsg_t* err) {
  uint64_t seen = 0;
  tuv_span_t piece, key;
  if (query.length == 0) return 0;
  while (tuv_span_next(&query, '&', &piece)) {
    tuv_span_next(&piece, '=', &key);
    if (key.length == 0) return tuv_fail(err, TUV_EURL, "a key of the query is empty");
    const setting_t* setting = find_setting(key);
    if (setting == NULL) return unknown_key(key, piece, no_user, err);
    if (is_tls_key(setting) && !url->tls) {
      return tuv_fail(err, TUV_EURL, "%s is for wss:// and https:// only", setting->name);
    }
    uint64_t bit = (uint64_t) 1 << (setting - settings);
    if ((seen & bit) != 0) {
      return tuv_fail(err, TUV_EURL, "%s is given twice%s%s", setting->name,
                      setting->alias != NULL ? "; it is the same as " : "",
                      setting->alias != NULL ? setting->alias : "");
    }
    seen |= bit;
    if (piece.at == NULL) return tuv_fail(err, TUV_EURL, "%s has no '=' and value", setting->name);
    int status = set_value(arena, setting, piece, url, err);
    if (status != 0) return status;
  }
  return check_together(url, err);
}

_Static_assert(NSETTINGS <= 64, "`seen` has a bit for each setting");
