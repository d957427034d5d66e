/* Texts and messages without the client's secrets. */
#ifndef TUV_CLIENT_REDACT_H
#define TUV_CLIENT_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/core/context.h"
#include "client/core/failure.h"
#include "util/errmsg.h"
#include "wire/envelope.h"
#include "wire/url.h"

/* What must not be seen: the URL's password, tokens, codes; the token as the upgrade has it. */
typedef struct tuv_secrets_s {
  const char* text[8]; /* "" for none */
} tuv_secrets_t;

/* `path` is the upgrade's, `totp` the code that was made ("": none), `authorization` the header of
 * HTTP (NULL: none), of which what is behind its scheme is secret. */
tuv_secrets_t tuv_secrets_of(const tuv_url_t* url, const char* path, const char* totp,
                             const char* authorization);

/* Whether one of them is in there. Here and below: one of four bytes or more. */
bool tuv_secrets_in(const tuv_secrets_t* secrets, const void* data, size_t size);

/* Copies a text with "***" in place of each secret, cut to `size` and NUL-terminated. Returns its
 * length in `out`. */
size_t tuv_redact_text(const tuv_secrets_t* secrets, const char* text, size_t length, char* out,
                       size_t size);

/* A JSON message with "***" for each secret inside its texts, and for the values of password,
 * totp_code and bearer_token whatever they are; to be given to tuv_free. *changed says whether
 * there was anything. NULL: no JSON, too deep, or out of memory. */
char* tuv_redact_json(const tuv_json_t* json, const tuv_secrets_t* secrets, const void* data,
                      size_t size, size_t* length, bool* changed);

/* The secrets of a client. */
tuv_secrets_t tuv_secrets_of_context(const tuv_context_t* context);

/* Room for a failure without secrets. */
typedef struct tuv_redacted_s {
  tuv_failure_t failure;
  char text[TUV_ERRMSG_SIZE];
} tuv_redacted_t;

/* A failure whose message may be the server's, without secrets: itself, or a copy in `out`. */
const tuv_failure_t* tuv_redact_failure(const tuv_context_t* context, const tuv_failure_t* failure,
                                        tuv_redacted_t* out);

#endif
