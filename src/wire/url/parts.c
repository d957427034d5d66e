/* What the readers of the parts of a URL share. */
#include "wire/url/parts.h"

#include <string.h>

#include "util/ascii.h"
#include "util/percent.h"
#include "util/utf8.h"
#include "wire/status.h"

tuv_url_shown_t tuv_url_show(tuv_span_t span) {
  tuv_url_shown_t shown;
  size_t room = sizeof shown.text - 4;
  size_t length = span.length < room ? span.length : room;
  for (size_t i = 0; i < length; i++) {
    char c = span.at[i];
    shown.text[i] = c > ' ' && c < 0x7f ? c : '?';
  }
  if (span.length > room) {
    memcpy(shown.text + length, "...", 3);
    length += 3;
  }
  shown.text[length] = 0;
  return shown;
}

bool tuv_span_next(tuv_span_t* rest, char separator, tuv_span_t* piece) {
  if (rest->at == NULL) return false;
  const char* end = rest->length == 0 ? NULL : memchr(rest->at, separator, rest->length);
  piece->at = rest->at;
  if (end == NULL) {
    piece->length = rest->length;
    rest->at = NULL;
    rest->length = 0;
    return true;
  }
  piece->length = (size_t) (end - rest->at);
  rest->length -= piece->length + 1;
  rest->at = end + 1;
  return true;
}

bool tuv_span_is(tuv_span_t span, const char* text) {
  return span.length == strlen(text) && tuv_equal_ignoring_case(span.at, text, span.length);
}

bool tuv_span_has(tuv_span_t span, char c) {
  return span.length != 0 && memchr(span.at, c, span.length) != NULL;
}

bool tuv_span_number(tuv_span_t span, uint64_t min, uint64_t max, uint64_t* value) {
  if (span.length == 0) return false;
  uint64_t number = 0;
  for (size_t i = 0; i < span.length; i++) {
    if (!tuv_is_digit(span.at[i])) return false;
    uint64_t digit = (uint64_t) (span.at[i] - '0');
    if (digit > max || number > (max - digit) / 10) return false;
    number = number * 10 + digit;
  }
  *value = number;
  return number >= min;
}

int tuv_url_store(tuv_url_arena_t* arena, tuv_span_t span, const char* part, const char** string,
                  tuv_errmsg_t* err) {
  char* start = arena->next;
  size_t length = tuv_percent_decode(start, span.at, span.length);
  if (length == SIZE_MAX) {
    return tuv_fail(err, TUV_EURL,
                    "bad percent escape in %s: '%%' needs two hex digits that are not 00", part);
  }
  if (!tuv_utf8_valid((const uint8_t*) start, length)) {
    return tuv_fail(err, TUV_EURL, "%s is not UTF-8", part);
  }
  start[length] = '\0';
  arena->next = start + length + 1;
  *string = start;
  return 0;
}

const char* tuv_url_copy(tuv_url_arena_t* arena, const char* text, size_t length) {
  char* start = arena->next;
  if (length != 0) memcpy(start, text, length);
  start[length] = '\0';
  arena->next = start + length + 1;
  return start;
}
