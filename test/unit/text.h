/* Text that grows as it is printed to, for tests. */
#ifndef TUV_TEST_TEXT_H
#define TUV_TEST_TEXT_H

#include <stddef.h>

/* Zero it before its first use. `data` is NUL-terminated; give it to free() when done. */
typedef struct text_s {
  char* data;
  size_t size, room;
} text_t;

/* Appends as printf does. Ends the program when there is no memory. */
__attribute__((format(printf, 2, 3))) void text_add(text_t* text, const char* format, ...);

#endif
