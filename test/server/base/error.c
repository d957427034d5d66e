/* Errors of the database. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int ts_error(ts_error_t* error, int code, const char* format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  error->code = code;
  return code;
}

int ts_unsupported(ts_error_t* error, const char* what) {
  return ts_error(error, TS_E_UNSUPPORTED, "Operation not supported: %s", what);
}
