/* What the readers of the parts of a URL share: spans of its text, and memory for the texts that
 * are kept. A URL is cut into parts first (split.c); then each part is read (hosts.c, query.c). */
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

/* A piece of the URL as it was written. */
typedef struct tuv_span_s {
  const char* at;
  size_t length;
} tuv_span_t;

/* A missing part has at == NULL; an empty one has not. */
typedef struct tuv_url_parts_s {
  tuv_span_t scheme;
  tuv_span_t user;
  tuv_span_t password; /* present if the user information has a ':' */
  tuv_span_t hosts;
  tuv_span_t path;  /* without its '/' */
  tuv_span_t query; /* without its '?' */
} tuv_url_parts_t;

/* How far the memory of the tuv_url_t is filled. */
typedef struct tuv_url_arena_s {
  char* next;
} tuv_url_arena_t;

/* A span for an error text: cut, and only with characters that are safe to print. */
typedef struct tuv_url_shown_s {
  char text[64];
} tuv_url_shown_t;
tuv_url_shown_t tuv_url_show(tuv_span_t span);

/* Cuts the URL into its parts. Characters that no part may have are an error. */
int tuv_url_split(const char* text, size_t length, tuv_url_parts_t* parts, tuv_errmsg_t* err);

/* Takes the next piece, up to `separator` or the end, from `rest`; false when none is left. Empty
 * pieces count: "a,,b" has three pieces, and "" has one. */
bool tuv_span_next(tuv_span_t* rest, char separator, tuv_span_t* piece);

bool tuv_span_is(tuv_span_t span, const char* text); /* ignores the case of ASCII letters */
bool tuv_span_has(tuv_span_t span, char c);

/* Reads decimal digits; false for anything else, and for a number outside min..max. */
bool tuv_span_number(tuv_span_t span, uint64_t min, uint64_t max, uint64_t* value);

/* Stores the decoded span as a string. It must be UTF-8, because it is sent as JSON. Error texts
 * name it by `part` and never show it. */
int tuv_url_store(tuv_url_arena_t* arena, tuv_span_t span, const char* part, const char** string,
                  tuv_errmsg_t* err);

/* Stores a string as it is. */
const char* tuv_url_copy(tuv_url_arena_t* arena, const char* text, size_t length);

/* Reads the list of hosts into url->hosts, which has room for one host for each piece. */
int tuv_url_hosts(tuv_url_arena_t* arena, tuv_span_t list, tuv_url_t* url, tuv_errmsg_t* err);

/* Reads the query into `url`, which has the defaults. `no_user`: the URL has no user, so that an
 * '@' suggests a password with an unescaped '?'. */
int tuv_url_query(tuv_url_arena_t* arena, tuv_span_t query, bool no_user, tuv_url_t* url,
                  tuv_errmsg_t* err);

/* Whether the value of this key, as it is written in the URL, is a secret. */
bool tuv_url_key_is_secret(tuv_span_t key);

#endif
