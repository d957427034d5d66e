/* mbedTLS's errors as statuses and texts. */
#ifndef TUV_IO_TLS_ERROR_H
#define TUV_IO_TLS_ERROR_H

#include "io/tls/verify.h"
#include "util/errmsg.h"

/* An error of mbedTLS as a status, with a text in `err`. `name` is the expected server's. */
int tuv_tls_explain(const mbedtls_ssl_context* ssl, const tuv_tls_verify_t* verify,
                    const char* name, int code, tuv_errmsg_t* err);

/* Whether the error is a lack of memory. */
bool tuv_tls_is_memory(int code);

#endif
