/* Headers of HTTP. */
#include "wire/http/text.h"

#include <stdio.h>
#include <string.h>

#include "util/ascii.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

tuv_http_span_t tuv_text_trim(tuv_http_span_t text) {
  while (text.size > 0 && is_blank(text.at[text.size - 1])) text.size--;
  while (text.size > 0 && is_blank(text.at[0])) {
    text.at++;
    text.size--;
  }
  return text;
}

bool tuv_text_is(tuv_http_span_t text, const char* lower) {
  return text.size == strlen(lower) && tuv_equal_ignoring_case(text.at, lower, text.size);
}

tuv_http_span_t tuv_text_split(tuv_http_span_t* text, char separator, bool* more) {
  size_t size = 0;
  while (size < text->size && text->at[size] != separator) size++;
  *more = size < text->size;
  tuv_http_span_t head = {text->at, size};
  size_t skip = *more ? size + 1 : size;
  text->at += skip;
  text->size -= skip;
  return tuv_text_trim(head);
}

bool tuv_text_list_has(tuv_http_span_t list, const char* lower) {
  for (bool more = true; more;)
    if (tuv_text_is(tuv_text_split(&list, ',', &more), lower)) return true;
  return false;
}

void tuv_http_line_begin(tuv_http_line_t* line) {
  line->name_size = line->value_size = 0;
  line->value_cut = false;
}

void tuv_http_line_name(tuv_http_line_t* line, const char* at, size_t length) {
  if (length > sizeof line->name || line->name_size > sizeof line->name - length) {
    line->name_size = sizeof line->name + 1; /* too long, whatever follows */
    return;
  }
  memcpy(line->name + line->name_size, at, length);
  line->name_size += length;
}

void tuv_http_line_value(tuv_http_line_t* line, const char* at, size_t length) {
  size_t room = sizeof line->value - line->value_size;
  if (length > room) {
    line->value_cut = true;
    length = room;
  }
  memcpy(line->value + line->value_size, at, length);
  line->value_size += length;
}

bool tuv_http_line_end(const tuv_http_line_t* line, tuv_http_span_t* name, tuv_http_span_t* value) {
  if (line->name_size > sizeof line->name) return false;
  *name = (tuv_http_span_t) {line->name, line->name_size};
  *value = tuv_text_trim((tuv_http_span_t) {line->value, line->value_size});
  return true;
}

void tuv_http_location(tuv_http_span_t value, char* out, size_t size) {
  size_t length = 0;
  while (length < value.size && length < size - 1 && value.at[length] != '?' &&
         value.at[length] != '#' && value.at[length] > ' ' && value.at[length] < 0x7F)
    length++;
  memcpy(out, value.at, length);
  out[length] = '\0';
}

uint32_t tuv_http_seconds(tuv_http_span_t value) {
  const uint32_t most = 999999;
  uint32_t seconds = 0;
  for (size_t i = 0; i < value.size; i++) {
    if (!tuv_is_digit(value.at[i])) return 0;
    seconds = seconds * 10 + (uint32_t) (value.at[i] - '0');
    if (seconds > most) seconds = most;
  }
  return seconds;
}

const char* tuv_http_retry_text(char out[TUV_HTTP_RETRY_TEXT], uint32_t seconds) {
  out[0] = 0;
  if (seconds > 0)
    snprintf(out, TUV_HTTP_RETRY_TEXT, " (Retry-After: %lu)", (unsigned long) seconds);
  return out;
}

/* Reads a window size: 8 to 15, without leading zeros, possibly in quotes; 0 for anything else. */
static int window_bits(tuv_http_span_t text) {
  if (text.size >= 2 && text.at[0] == '"' && text.at[text.size - 1] == '"') {
    text.at++;
    text.size -= 2;
  }
  if (text.size == 1 && (text.at[0] == '8' || text.at[0] == '9')) return text.at[0] - '0';
  if (text.size == 2 && text.at[0] == '1' && text.at[1] >= '0' && text.at[1] <= '5')
    return 10 + text.at[1] - '0';
  return 0;
}

enum { SERVER_NO_CONTEXT = 1, CLIENT_NO_CONTEXT = 2, SERVER_BITS = 4, CLIENT_BITS = 8 };

/* Returns which of the allowed parameters this is, and its value in *bits; 0 for any other. */
static unsigned deflate_param(tuv_http_span_t param, int least_client_bits, int* bits) {
  bool has_value;
  tuv_http_span_t name = tuv_text_split(&param, '=', &has_value);
  if (!has_value && tuv_text_is(name, "server_no_context_takeover")) return SERVER_NO_CONTEXT;
  if (!has_value && tuv_text_is(name, "client_no_context_takeover")) return CLIENT_NO_CONTEXT;
  *bits = window_bits(tuv_text_trim(param));
  if (tuv_text_is(name, "server_max_window_bits") && *bits != 0) return SERVER_BITS;
  if (tuv_text_is(name, "client_max_window_bits") && *bits >= least_client_bits) return CLIENT_BITS;
  return 0;
}

bool tuv_http_deflate_answer(tuv_http_span_t value, tuv_http_offer_t offer,
                             tuv_http_deflate_t* agreed) {
  bool more, alone = offer == TUV_HTTP_DEFLATE_ALONE;
  unsigned seen = 0;
  agreed->client_window_bits = 15;
  if (!tuv_text_is(tuv_text_split(&value, ';', &more), "permessage-deflate")) return false;
  while (more) {
    int bits;
    unsigned param = deflate_param(tuv_text_split(&value, ';', &more), alone ? 15 : 9, &bits);
    if (param == 0 || (seen & param) != 0) return false;
    if (param == CLIENT_BITS) agreed->client_window_bits = bits;
    seen |= param;
  }
  agreed->server_keeps_context = (seen & SERVER_NO_CONTEXT) == 0;
  /* The offer not to keep it is a promise, whatever the answer states (RFC 7692, 7.1.1.2). */
  agreed->client_keeps_context = !alone && (seen & CLIENT_NO_CONTEXT) == 0;
  /* A server that accepts that offer must repeat this parameter (7.1.1.1). */
  return !alone || !agreed->server_keeps_context;
}
