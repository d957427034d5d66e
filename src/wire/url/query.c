/* The query of a URL: each key once, its value checked and stored. */
#include <string.h>

#include "util/totp.h"
#include "wire/status.h"
#include "wire/url/settings.h"

/* Words are case-sensitive. */
static bool value_is(tuv_span_t value, const char* word) {
  return value.length == strlen(word) && memcmp(value.at, word, value.length) == 0;
}

/* Whether a text has a control character; a PEM text (`lines`) may have line breaks. */
static bool has_control(const char* text, bool lines) {
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char) *text;
    bool line = lines && (c == '\n' || c == '\r' || c == '\t');
    if ((c < ' ' && !line) || c == 0x7f) return true;
  }
  return false;
}

static bool is_tls_key(const tuv_setting_t* setting) {
  return strncmp(setting->name, "tls_", 4) == 0;
}

static int set_text(tuv_url_arena_t* arena, const tuv_setting_t* setting, tuv_span_t value,
                    tuv_url_t* url, tuv_errmsg_t* err) {
  const char* text;
  int status = tuv_url_store(arena, value, setting->name, &text, err);
  if (status != 0) return status;
  if (has_control(text,
                  setting->kind == TUV_SETTING_PEM || setting->kind == TUV_SETTING_SECRET_PEM)) {
    return tuv_fail(err, TUV_EURL, "%s contains a control character", setting->name);
  }
  if (text[0] == '\0' &&
      is_tls_key(setting)) { /* perhaps an environment variable that is not set */
    return tuv_fail(err, TUV_EURL, "%s is empty", setting->name);
  }
  if (strlen(text) > setting->max) {
    return tuv_fail(err, TUV_EURL, "%s is longer than %llu bytes", setting->name,
                    (unsigned long long) setting->max);
  }
  if (setting->kind == TUV_SETTING_TIMEZONE && !tuv_setting_is_iana_name(text)) {
    return tuv_fail(err, TUV_EURL,
                    "%s: '%s' is not an IANA name: use one such as Europe/Berlin, UTC or Etc/GMT+8",
                    setting->name, tuv_url_show(value).text);
  }
  if (setting->kind == TUV_SETTING_BASE32 && !tuv_setting_is_base32(text)) {
    return tuv_fail(err, TUV_EURL, "%s is not base32 of 1 to %u bytes", setting->name,
                    TUV_TOTP_MAX_SECRET);
  }
  if (setting->kind == TUV_SETTING_PINS && !tuv_setting_are_pins(text)) {
    return tuv_fail(
        err, TUV_EURL,
        "%s: each pin must be the base64 of a SHA-256 sum (44 characters); separate pins by commas",
        setting->name);
  }
  memcpy((char*) url + setting->field, &text, sizeof text);
  return 0;
}

/* Sets a switch by one of two words, of which the second one means true. */
static int set_choice(const tuv_setting_t* setting, tuv_span_t value, tuv_url_t* url,
                      tuv_errmsg_t* err) {
  static const struct {
    const char *no, *yes;
  } words[] = {{"1.2", "1.3"}, {"full", "insecure-none"}, {"least", "first"}, {"basic", "token"}};
  const char* no = words[setting->kind - TUV_SETTING_VERSION].no;
  const char* yes = words[setting->kind - TUV_SETTING_VERSION].yes;
  bool is_yes = value_is(value, yes);
  if (!is_yes && !value_is(value, no)) {
    return tuv_fail(err, TUV_EURL, "%s: '%s' must be %s or %s", setting->name,
                    tuv_url_show(value).text, no, yes);
  }
  memcpy((char*) url + setting->field, &is_yes, sizeof is_yes);
  return 0;
}

static int set_bool(const tuv_setting_t* setting, tuv_span_t value, tuv_url_t* url,
                    tuv_errmsg_t* err) {
  bool yes = value_is(value, "1") || value_is(value, "true");
  if (!yes && !value_is(value, "0") && !value_is(value, "false")) {
    return tuv_fail(err, TUV_EURL, "%s: '%s' must be 0, 1, true or false", setting->name,
                    tuv_url_show(value).text);
  }
  memcpy((char*) url + setting->field, &yes, sizeof yes);
  return 0;
}

static int set_number(const tuv_setting_t* setting, tuv_span_t value, tuv_url_t* url,
                      tuv_errmsg_t* err) {
  uint64_t number;
  if (!tuv_span_number(value, setting->min, setting->max, &number)) {
    return tuv_fail(err, TUV_EURL, "%s: '%s' must be a number from %llu to %llu", setting->name,
                    tuv_url_show(value).text, (unsigned long long) setting->min,
                    (unsigned long long) setting->max);
  }
  if (setting->kind == TUV_SETTING_U32) {
    uint32_t narrow = (uint32_t) number;
    memcpy((char*) url + setting->field, &narrow, sizeof narrow);
  } else {
    memcpy((char*) url + setting->field, &number, sizeof number);
  }
  return 0;
}

/* Numbers and switches are percent-decoded like texts. The copy in the arena does no harm. */
static int set_value(tuv_url_arena_t* arena, const tuv_setting_t* setting, tuv_span_t value,
                     tuv_url_t* url, tuv_errmsg_t* err) {
  const char* text;
  if (setting->kind < TUV_SETTING_VERSION) return set_text(arena, setting, value, url, err);
  int status = tuv_url_store(arena, value, setting->name, &text, err);
  if (status != 0) return status;
  tuv_span_t decoded = {text, strlen(text)};
  if (setting->kind >= TUV_SETTING_VERSION && setting->kind <= TUV_SETTING_AUTH)
    return set_choice(setting, decoded, url, err);
  return setting->kind == TUV_SETTING_BOOL ? set_bool(setting, decoded, url, err)
                                           : set_number(setting, decoded, url, err);
}

/* The error text names the key, unless it looks like the rest of a password after a '?'. */
static int unknown_key(tuv_span_t key, tuv_span_t value, bool no_user, tuv_errmsg_t* err) {
  if (no_user && (tuv_span_has(key, '@') || tuv_span_has(value, '@'))) {
    return tuv_fail(err, TUV_EURL,
                    "unknown key; if the password holds '/' or '?', write them as %%2F and %%3F");
  }
  return tuv_fail(err, TUV_EURL, "unknown key '%s'", tuv_url_show(key).text);
}

/* A setting that would have no effect is an error. */
static int check_together(const tuv_url_t* url, tuv_errmsg_t* err) {
  if (url->totp_code[0] != 0 && url->totp_secret[0] != 0)
    return tuv_fail(err, TUV_EURL, "only one of totp_code and totp_secret can be given");
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
    const tuv_setting_t* setting = tuv_setting_find(key);
    if (setting == NULL) return unknown_key(key, piece, no_user, err);
    if (is_tls_key(setting) && !url->tls) {
      return tuv_fail(err, TUV_EURL, "%s is for wss:// and https:// only", setting->name);
    }
    uint64_t bit = (uint64_t) 1 << tuv_setting_index(setting);
    if ((seen & bit) != 0) {
      return tuv_fail(err, TUV_EURL, "%s is given twice%s%s", setting->name,
                      setting->alias != NULL ? "; it is the same as " : "",
                      setting->alias != NULL ? setting->alias : "");
    }
    seen |= bit;
    if (piece.at == NULL) return tuv_fail(err, TUV_EURL, "%s needs '=' and a value", setting->name);
    int status = set_value(arena, setting, piece, url, err);
    if (status != 0) return status;
  }
  return check_together(url, err);
}
