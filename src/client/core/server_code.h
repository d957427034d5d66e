/* What the error codes of servers mean. */
#ifndef TUV_CLIENT_CORE_SERVER_CODE_H
#define TUV_CLIENT_CORE_SERVER_CODE_H

#include <stdint.h>

unsigned int tuv_server_code_flags(int code); /* TAOSUV_ERR_… */
/* Whether a code says that a batch was not executed because something has changed since its
 * statement was prepared. */
typedef enum {
  TUV_NOT_STALE,
  TUV_MAYBE_STALE, /* it may also be meant for a statement that is up to date */
  TUV_STALE
} tuv_stale_t;
tuv_stale_t tuv_server_code_stale(int code);
/* The lower 16 bits of the code in a refusal, which gateways report; never 0. */
int tuv_server_code(uint64_t code);

#endif
