/* Checks and prints connection URLs. */
#ifndef TAOSUV_URL_H
#define TAOSUV_URL_H

#include <stddef.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* May be passed for any length of a NUL-terminated text. */
#define TAOSUV_NUL_TERMINATED ((size_t) -1)

/* Checks a URL as taosuv_client_create would, without creating anything:
 *
 *   ws[s]|http[s]://[user[:password]@]host[:port][,host2[:port2]...][/db][?key=value&...]
 *
 * The README lists the keys and their defaults. Returns 0, TAOSUV_EURL or TAOSUV_ENOMEM. On an
 * error the reason is written to `message` (up to `size` bytes, NUL-terminated; `message` may be
 * NULL). It never contains a secret. */
TAOSUV_EXTERN int taosuv_url_check(const char* url, size_t length, char* message, size_t size);

/* Writes the URL without its secrets: password, token, bearer token, TOTP and tls_key values are
 * replaced by "***". The result need not be a valid URL. Returns the length of the whole text
 * (without NUL), as snprintf does, or TAOSUV_EURL if the URL is invalid (then nothing is
 * written). */
TAOSUV_EXTERN int taosuv_url_redact(const char* url, size_t length, char* buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
