/* Text written into a buffer of fixed size. It is cut at the end of the buffer, always terminated,
 * and its whole length is counted, as snprintf does. */
#ifndef TUV_WIRE_TEXT_H
#define TUV_WIRE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "taosuv/url.h"
#include "wire/status.h"

/* The length of a text of the caller, for which TAOSUV_NUL_TERMINATED may stand. */
static inline size_t tuv_text_length(const char* text, size_t length) {
  return length == TAOSUV_NUL_TERMINATED ? strlen(text) : length;
}

typedef struct tuv_text_s {
  char* buf;
  size_t size;   /* of buf, with the NUL; 0 when nothing can be written */
  size_t length; /* of the whole text so far, even of what did not fit */
} tuv_text_t;

static inline tuv_text_t tuv_text_start(char* buf, size_t size) {
  tuv_text_t text = {buf, buf != NULL ? size : 0, 0};
  return text;
}

static inline void tuv_text_add(tuv_text_t* text, const char* bytes, size_t length) {
  if (length != 0 && text->length < text->size) {
    size_t room = text->size - text->length;
    memcpy(text->buf + text->length, bytes, length < room ? length : room);
  }
  text->length += length;
}

static inline void tuv_text_char(tuv_text_t* text, char c) {
  tuv_text_add(text, &c, 1);
}

/* Terminates the text and returns its whole length, or TUV_ERANGE when that exceeds INT32_MAX. */
static inline int tuv_text_end(tuv_text_t* text) {
  if (text->size != 0) {
    text->buf[text->length < text->size ? text->length : text->size - 1] = '\0';
  }
  return text->length <= INT32_MAX ? (int) text->length : TUV_ERANGE;
}

#endif
