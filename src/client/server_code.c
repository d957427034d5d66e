/* What a server's own code says about trying again (PROTOCOL 10.3). */
#include "client/private.h"

/* Of a code that has nothing there, all that can be said is that the gateway refused. */
int tuv_server_code(uint64_t code) {
  return (code & 0xFFFF) != 0 ? (int) (code & 0xFFFF) : 0xFFFF;
}

unsigned int tuv_server_code_flags(int code) {
  switch (code) {
    case 0x000B: /* unable to establish connection */
    case 0x0020: /* some node is not connected */
    case 0x0021: /* broken link */
    case 0x0022: /* too many sessions */
    case 0x0023: /* network error */
    case 0x0024: /* network busy */
    case 0x0102: /* out of memory */
    case 0x0125: /* retry needed */
    case 0x0130: /* database is starting up */
    case 0x0131: /* database is closing down */
    case 0xFFFE: /* the gateway's query limiter */
      return TAOSUV_ERR_RETRYABLE;
    case 0x0018: /* connection broken */
    case 0x0019: /* connection read timeout */
    case 0x012C: /* operation timeout */
      return TAOSUV_ERR_RETRYABLE | TAOSUV_ERR_MAYBE_EXECUTED;
    default:
      return 0;
  }
}
