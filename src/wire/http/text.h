/* Headers of HTTP: lines collected from pieces, values trimmed, compared and split, and what
 * servers agree to about permessage-deflate. */
#ifndef TUV_WIRE_HTTP_TEXT_H
#define TUV_WIRE_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a text. */
typedef struct tuv_http_span_s {
  const char* at;
  size_t size;
} tuv_http_span_t;

/* The text without spaces and tabs around it. */
tuv_http_span_t tuv_text_trim(tuv_http_span_t text);

/* Whether a text is a word, given in lower case. The case of ASCII letters is ignored. */
bool tuv_text_is(tuv_http_span_t text, const char* lower);

/* Takes the text before the first `separator`, or all of it, and returns it trimmed. *more says
 * whether there was a separator. */
tuv_http_span_t tuv_text_split(tuv_http_span_t* text, char separator, bool* more);

/* Whether a list that is separated by commas has this word. */
bool tuv_text_list_has(tuv_http_span_t list, const char* lower);

/* A header line that arrives in pieces. */
typedef struct tuv_http_line_s {
  char name[32]; /* no header that matters has a longer name: then name_size is larger */
  char value[256];
  size_t name_size, value_size;
  bool value_cut; /* the value was longer than `value` */
} tuv_http_line_t;

void tuv_http_line_begin(tuv_http_line_t* line);
void tuv_http_line_name(tuv_http_line_t* line, const char* at, size_t length);
void tuv_http_line_value(tuv_http_line_t* line, const char* at, size_t length);
/* Returns name and value of a complete line; false for a name that is too long. */
bool tuv_http_line_end(const tuv_http_line_t* line, tuv_http_span_t* name, tuv_http_span_t* value);

/* The seconds of a Retry-After, at most 999,999; 0 for a date. */
uint32_t tuv_http_seconds(tuv_http_span_t value);

/* Writes " (Retry-After: 120)" for error texts; "" for 0 seconds. */
#define TUV_HTTP_RETRY_TEXT 32u
const char* tuv_http_retry_text(char out[TUV_HTTP_RETRY_TEXT], uint32_t seconds);

/* Copies a Location without its query, as much as fits. */
void tuv_http_location(tuv_http_span_t value, char* out, size_t size);

/* What a client offers about permessage-deflate (RFC 7692, 7.1). */
typedef enum {
  TUV_HTTP_DEFLATE_NONE,
  /* No message depends on another one, in both directions: "client_no_context_takeover;
   * server_no_context_takeover". For a client that may send a message again over another
   * connection. */
  TUV_HTTP_DEFLATE_ALONE,
  /* "client_max_window_bits", with and without "client_no_context_takeover": the server chooses. */
  TUV_HTTP_DEFLATE_ANY
} tuv_http_offer_t;

/* What client and server agreed on. */
typedef struct tuv_http_deflate_s {
  bool server_keeps_context; /* its messages depend on earlier ones */
  bool client_keeps_context; /* ours may */
  int client_window_bits;    /* at most, 9 to 15 */
} tuv_http_deflate_t;

/* Whether the value of Sec-WebSocket-Extensions is a possible answer to the offer: this extension
 * alone, with any of server_no_context_takeover (required for ALONE), client_no_context_takeover,
 * server_max_window_bits=8..15 and client_max_window_bits=15 (ANY: 9..15, because zlib has no
 * window of 8 bits), each at most once. If so, *agreed is filled in. */
bool tuv_http_deflate_answer(tuv_http_span_t value, tuv_http_offer_t offer,
                             tuv_http_deflate_t* agreed);

#endif
