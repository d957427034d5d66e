/* Error texts of bounded size, which need no allocation. */
#ifndef TUV_UTIL_ERRMSG_H
#define TUV_UTIL_ERRMSG_H

#include <stdarg.h>
#include <stddef.h>

#define TUV_ERRMSG_SIZE 256

typedef struct tuv_errmsg_s {
  char text[TUV_ERRMSG_SIZE]; /* NUL-terminated; a longer text is cut */
} tuv_errmsg_t;

/* Writes the text, formatted as by printf, and returns `status`, so that a function can fail with
 * `return tuv_fail(err, X, "…")`. `err` may be NULL. */
int tuv_fail(tuv_errmsg_t* err, int status, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
