/* A bounded error text that needs no allocation. */
#ifndef TUV_UTIL_ERRMSG_H
#define TUV_UTIL_ERRMSG_H

#include <stdarg.h>
#include <stddef.h>

#define TUV_ERRMSG_SIZE 256

typedef struct tuv_errmsg_s {
  char text[TUV_ERRMSG_SIZE]; /* NUL-terminated, cut if need be */
} tuv_errmsg_t;

/* Writes the text (printf form) and returns `status`, so that `return tuv_fail(err, X, "…")` reads
 * as one step. `err` may be NULL. */
int tuv_fail(tuv_errmsg_t* err, int status, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
