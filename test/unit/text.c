/* Text that grows as it is printed to, for tests. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static size_t length_of(const char* format, va_list args) {
  int length = vsnprintf(NULL, 0, format, args);
  if (length < 0) abort();
  return (size_t) length;
}

void text_add(text_t* text, const char* format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  size_t need = text->size + length_of(format, args) + 1;
  va_end(args);
  if (need > text->room) {
    text->room = need > 2 * text->room ? need : 2 * text->room;
    text->data = realloc(text->data, text->room);
    if (text->data == NULL) abort();
  }
  vsnprintf(text->data + text->size, text->room - text->size, format, again);
  va_end(again);
  text->size = need - 1;
}
