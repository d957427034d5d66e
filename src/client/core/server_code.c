/* What a server's own code says about trying again. */
#include "client/core/server_code.h"

#include "taosuv/error.h"

/* A code without these bits says only that the gateway refused. */
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
    case 0x03C6: /* this and the next: the gateway's view of the table or vgroup was out of date */
    case 0x0503:
    case 0x0522:
    case 0x0602:
    case 0x060A:
    case 0x0611:
    case 0x061B:
    case 0xFFFE: /* the gateway's query limiter */ return TAOSUV_ERR_RETRYABLE;
    case 0x0018: /* connection broken */
    case 0x0019: /* connection read timeout */
    case 0x012C: /* operation timeout */ return TAOSUV_ERR_RETRYABLE | TAOSUV_ERR_MAYBE_EXECUTED;
    default: return 0;
  }
}

tuv_stale_t tuv_server_code_stale(int code) {
  switch (code) {
    case 0x0125: /* retry needed */
    case 0x03C6: /* invalid schema version */
    case 0x0503: /* invalid vgroup */
    case 0x0522: /* the table is not of this vgroup */
    case 0x0602: /* invalid schema version */
    case 0x060A: /* tags are out of date */
    case 0x0611: /* table is to be configured anew */
    case 0x061B: /* table schema is old */ return TUV_STALE;
    case 0x0110: /* generic error */
    case 0x0115: /* invalid message */
    case 0x0332: /* vgroup does not exist */
    case 0x0362: /* super table does not exist */
    case 0x03C7: /* super table is another one */
    case 0x0520: /* vnode does not exist */
    case 0x0600: /* invalid table id */
    case 0x0618: /* table does not exist */
    case 0x061A: /* super table does not exist */
    case 0x061D: /* table is in another super table */
    case 0x061E: /* database is another one */
    case 0x2603: /* table does not exist */ return TUV_MAYBE_STALE;
    default: return TUV_NOT_STALE;
  }
}
