/* Error texts of bounded size. */
#include "util/errmsg.h"

#include <stdio.h>

int tuv_fail(tuv_errmsg_t* err, int status, const char* format, ...) {
  if (err == NULL) return status;
  va_list args;
  va_start(args, format);
  vsnprintf(err->text, sizeof err->text, format, args);
  va_end(args);
  return status;
}
