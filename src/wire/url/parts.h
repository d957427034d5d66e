/* The steps of reading a URL that its parts have in common: spans, percent decoding, the arena. */
#ifndef TUV_WIRE_URL_PARTS_H
#define TUV_WIRE_URL_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/errmsg.h"
#include "wire/url/url.h"

#define TUV_URL_MAX_LENGTH 16384u
#define TUV_URL_MAX_HOSTS 64u
#define TUV_URL_IPV4_SIZE 16u /* "255.255.255.255" and its NUL */

/* A piece of the URL's text as it was written. */
typedef struct tuv_span_s {
  const char* at;
  size_t length;
} tuv_span_t;

/* A part that is not there has at == NULL, unlike one that is there and empty. */
typedef struct tuv_url_parts_s {
  tuv_span_t scheme;
  tuv_span_t user;
  tuv_span_t password; /* present when the user information has a ':' */
  tuv_span_t hosts;
  tuv_span_t path;  /* without its '/' */
  tuv_span_t query; /* without its '?' */
} tuv_url_parts_t;

/* The one block of memory, and how far it is filled. */
typedef struct tuv_url_arena_s {
  char* next;
} tuv_url_arena_t;

/* A span's text for an error message: cut, and only with characters that are safe to print. */
typedef struct tuv_url_shown_s {
  char text[64];
} tuv_url_shown_t;
tuv_url_shown_t tuv_url_show(tuv_span_t span);

/* Cuts the URL into its parts and checks the characters that are wrong everywhere. */
int tuv_url_split(const char* text, size_t length, tuv_url_parts_t* parts, tuv_errmsg_t* err);

/* Cuts the next piece in front of `separator` off `rest`; false when nothing is left. An empty
 * piece counts: "a,,b" has three, and "" has one. */
bool tuv_span_next(tuv_span_t* rest, char separator, tuv_span_t* piece);

bool tuv_span_is(tuv_span_t span, const char* text); /* ASCII case is ignored */
bool tuv_span_has(tuv_span_t span, char c);

/* Plain decimal digits, within min..max. */
bool tuv_span_number(tuv_span_t span, uint64_t min, uint64_t max, uint64_t* value);

/* Puts the decoded span as a string into the arena. `part` names it in errors; its text never
 * appears there. Must be UTF-8, since it will be sent as JSON. */
int tuv_url_store(tuv_url_arena_t* arena, tuv_span_t span, const char* part, const char** string,
                  tuv_errmsg_t* err);

/* Copies a string into the arena as it is. */
const char* tuv_url_copy(tuv_url_arena_t* arena, const char* text, size_t length);

/* The comma-separated hosts into url->hosts, which has room for as many as the list has pieces. */
int tuv_url_hosts(tuv_url_arena_t* arena, tuv_span_t list, tuv_url_t* url, tuv_errmsg_t* err);

/* The keys of the query into `url`, which holds the defaults. `no_user`: the URL has no user, so
 * that a stray '@' hints at a password with an unescaped '?'. */
int tuv_url_query(tuv_url_arena_t* arena, tuv_span_t query, bool no_user, tuv_url_t* url,
                  tuv_errmsg_t* err);

/* Whether this key, as written in the URL, holds what nobody else may read. */
bool tuv_url_key_is_secret(tuv_span_t key);

#endif
