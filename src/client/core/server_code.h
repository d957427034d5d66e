/* What a server's own error codes say. */
#ifndef TUV_CLIENT_CORE_SERVER_CODE_H
#define TUV_CLIENT_CORE_SERVER_CODE_H

#include <stdint.h>

unsigned int tuv_server_code_flags(int code); /* TAOSUV_ERR_… of a server's own code */
/* Whether a code says that a batch was not executed because its statement was prepared before
 * something changed. */
typedef enum {
  TUV_NOT_STALE,
  TUV_MAYBE_STALE, /* it may also be meant for a statement that is up to date */
  TUV_STALE
} tuv_stale_t;
tuv_stale_t tuv_server_code_stale(int code);
/* Of the code in a refusal: its lower 16 bits, as gateways give them; never 0. */
int tuv_server_code(uint64_t code);

#endif
