/* Reads line protocol independently of its writer, to test the writer. */
#ifndef TUV_TEST_UNIT_LINE_READER_H
#define TUV_TEST_UNIT_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The rest of the text. */
typedef struct line_reader_s {
  const char* at;
  const char* end;
} line_reader_t;

/* A name or tag value up to one of `stops` that no backslash precedes; `out` has room for it. A
 * backslash before one of `special` is taken out. Returns its length. */
static inline size_t read_word(line_reader_t* in, const char* stops, const char* special,
                               char* out) {
  size_t length = 0;
  while (in->at < in->end && strchr(stops, *in->at) == NULL) {
    bool escape = *in->at == '\\' && in->at + 1 < in->end && strchr(special, in->at[1]) != NULL;
    if (escape) in->at++;
    out[length++] = *in->at++;
  }
  return length;
}

/* The text between two quotes; false: there is no quoted text here. */
static inline bool read_quoted(line_reader_t* in, char* out, size_t* length) {
  *length = 0;
  if (in->at == in->end || *in->at++ != '"') return false;
  while (in->at < in->end && *in->at != '"') {
    bool escape = *in->at == '\\' && in->at + 1 < in->end &&
                  (in->at[1] == '"' || in->at[1] == '\\');
    if (escape) in->at++;
    out[(*length)++] = *in->at++;
  }
  if (in->at == in->end) return false;
  in->at++;
  return true;
}

static inline bool take(line_reader_t* in, const char* text) {
  size_t length = strlen(text);
  if ((size_t) (in->end - in->at) < length || memcmp(in->at, text, length) != 0) return false;
  in->at += length;
  return true;
}

#endif
