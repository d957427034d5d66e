/* Texts and messages without the client's secrets. */
#ifndef TUV_CLIENT_REDACT_H
#define TUV_CLIENT_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/core/context.h"
#include "client/core/failure.h"
#include "util/errmsg.h"
#include "wire/json/json.h"
#include "wire/url/url.h"

/* What must not be shown: the password, the tokens and the codes of the URL, and the token as it is
 * encoded in the path of the upgrade. */
typedef struct tuv_secrets_s {
  const char* text[8]; /* "" for none */
} tuv_secrets_t;

/* `path` is that of the upgrade, `totp` the code that was made ("": none). `authorization` is the
 * header of HTTP (NULL: none), which is secret behind its scheme. */
tuv_secrets_t tuv_secrets_of(const tuv_url_t* url, const char* path, const char* totp,
                             const char* authorization);

/* Whether the data contains a secret. Secrets of less than four bytes are not looked for, here and
 * below. */
bool tuv_secrets_in(const tuv_secrets_t* secrets, const void* data, size_t size);

/* Copies a text with "***" in place of each secret, cut to `size` and NUL-terminated. Returns its
 * length in `out`. */
size_t tuv_redact_text(const tuv_secrets_t* secrets, const char* text, size_t length, char* out,
                       size_t size);

/* A JSON message with "***" in place of each secret in its texts, and of any value of password,
 * totp_code and bearer_token. The caller gives it to tuv_free. *changed says whether there was a
 * secret. NULL: it is not JSON, is nested too deeply, or there is no memory. */
char* tuv_redact_json(const tuv_json_t* json, const tuv_secrets_t* secrets, const void* data,
                      size_t size, size_t* length, bool* changed);

/* The secrets of a client. */
tuv_secrets_t tuv_secrets_of_context(const tuv_context_t* context);

/* Room for a failure without secrets. */
typedef struct tuv_redacted_s {
  tuv_failure_t failure;
  char text[TUV_ERRMSG_SIZE];
} tuv_redacted_t;

/* A failure, whose message may come from the server, without secrets: the same one, or a copy in
 * `out`. */
const tuv_failure_t* tuv_redact_failure(const tuv_context_t* context, const tuv_failure_t* failure,
                                        tuv_redacted_t* out);

#endif
