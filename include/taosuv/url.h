/* Checking and printing of connection URLs. */
#ifndef TAOSUV_URL_H
#define TAOSUV_URL_H

#include <stddef.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Wherever a length is asked for, this stands for strlen of the text. */
#define TAOSUV_NUL_TERMINATED ((size_t) -1)

/* Checks a URL as taosuv_client_create would, without creating anything:
 *
 *   ws[s]|http[s]://[user[:password]@]host[:port][,host2[:port2]...][/db][?key=value&...]
 *
 * The README lists the keys and their defaults. Returns 0, TAOSUV_EURL or TAOSUV_ENOMEM. With an
 * error, the reason, naming what was wrong but never a secret, is written to `message` (up to
 * `size` bytes, NUL-terminated; `message` may be NULL). */
TAOSUV_EXTERN int taosuv_url_check(const char* url, size_t length, char* message, size_t size);

/* Writes the URL without its secrets: password, token, bearer token, TOTP and tls_key values become
 * "***" (the result is not a valid totp_secret). Returns the length of the whole text (without
 * NUL), as snprintf does, or TAOSUV_EURL for a text that is not a valid URL (then nothing of it is
 * written). */
TAOSUV_EXTERN int taosuv_url_redact(const char* url, size_t length, char* buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
