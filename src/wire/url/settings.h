/* The table of the keys of a URL's query. */
#ifndef TUV_WIRE_URL_SETTINGS_H
#define TUV_WIRE_URL_SETTINGS_H

#include "wire/url/parts.h"

/* What values a key takes. Those before VERSION are texts. */
typedef enum {
  TUV_SETTING_TEXT,
  TUV_SETTING_SECRET,
  TUV_SETTING_BASE32,
  TUV_SETTING_TIMEZONE,
  TUV_SETTING_PEM,
  TUV_SETTING_SECRET_PEM,
  TUV_SETTING_PINS,
  TUV_SETTING_VERSION,
  TUV_SETTING_VERIFY,
  TUV_SETTING_BALANCE,
  TUV_SETTING_AUTH,
  TUV_SETTING_BOOL,
  TUV_SETTING_U32,
  TUV_SETTING_U64
} tuv_setting_kind_t;

typedef struct tuv_setting_s {
  const char* name;
  const char* alias; /* or NULL */
  tuv_setting_kind_t kind;
  size_t field; /* offset in tuv_url_t */
  uint64_t min; /* of a number */
  uint64_t max; /* of a number, or of the length of a text in bytes */
} tuv_setting_t;

/* The setting with this key, as it is written in the URL; NULL for an unknown key. Keys are
 * case-sensitive, unlike schemes and host names. */
const tuv_setting_t* tuv_setting_find(tuv_span_t key);

/* The position of a setting in the table, less than 64. */
unsigned tuv_setting_index(const tuv_setting_t* setting);

/* Whether a text has the form of an IANA time zone, of base32, or of a list of pins. */
bool tuv_setting_is_iana_name(const char* name);
bool tuv_setting_is_base32(const char* text);
bool tuv_setting_are_pins(const char* text);

#endif
