/* What a server's own code says about trying again. */
#include "client/core/server_code.h"

#include "taosuv/error.h"
#include "wire/server_code.h"

/* A code without these bits says only that the gateway refused. */
int tuv_server_code(uint64_t code) {
  return (code & 0xFFFF) != 0 ? (int) (code & 0xFFFF) : TUV_CODE_GATEWAY;
}

unsigned int tuv_server_code_flags(int code) {
  switch (code) {
    case TUV_CODE_CANNOT_CONNECT:
    case TUV_CODE_NODE_NOT_CONNECTED:
    case TUV_CODE_LINK_BROKEN:
    case TUV_CODE_TOO_MANY_SESSIONS:
    case TUV_CODE_NETWORK_ERROR:
    case TUV_CODE_NETWORK_BUSY:
    case TUV_CODE_OUT_OF_MEMORY:
    case TUV_CODE_RETRY_NEEDED:
    case TUV_CODE_STARTING_UP:
    case TUV_CODE_CLOSING_DOWN:
    case TUV_CODE_QUERY_LIMIT:
    /* The gateway's view of a table or vgroup was out of date. */
    case TUV_CODE_SCHEMA_VERSION:
    case TUV_CODE_INVALID_VGROUP:
    case TUV_CODE_WRONG_VGROUP:
    case TUV_CODE_TABLE_SCHEMA_VERSION:
    case TUV_CODE_TAGS_OUT_OF_DATE:
    case TUV_CODE_TABLE_RECONFIGURE:
    case TUV_CODE_TABLE_SCHEMA_OLD: return TAOSUV_ERR_RETRYABLE;
    case TUV_CODE_CONNECTION_BROKEN:
    case TUV_CODE_READ_TIMEOUT:
    case TUV_CODE_OPERATION_TIMEOUT: return TAOSUV_ERR_RETRYABLE | TAOSUV_ERR_MAYBE_EXECUTED;
    default: return 0;
  }
}

tuv_stale_t tuv_server_code_stale(int code) {
  switch (code) {
    case TUV_CODE_RETRY_NEEDED:
    case TUV_CODE_SCHEMA_VERSION:
    case TUV_CODE_INVALID_VGROUP:
    case TUV_CODE_WRONG_VGROUP:
    case TUV_CODE_TABLE_SCHEMA_VERSION:
    case TUV_CODE_TAGS_OUT_OF_DATE:
    case TUV_CODE_TABLE_RECONFIGURE:
    case TUV_CODE_TABLE_SCHEMA_OLD: return TUV_STALE;
    case TUV_CODE_GENERIC:
    case TUV_CODE_INVALID_MESSAGE:
    case TUV_CODE_VGROUP_NOT_EXIST:
    case TUV_CODE_STABLE_NOT_EXIST:
    case TUV_CODE_OTHER_STABLE:
    case TUV_CODE_VNODE_NOT_EXIST:
    case TUV_CODE_INVALID_TABLE_ID:
    case TUV_CODE_TABLE_NOT_EXIST:
    case TUV_CODE_VNODE_STABLE_NOT_EXIST:
    case TUV_CODE_TABLE_OF_OTHER_STABLE:
    case TUV_CODE_OTHER_DATABASE:
    case TUV_CODE_PARSER_TABLE_NOT_EXIST: return TUV_MAYBE_STALE;
    default: return TUV_NOT_STALE;
  }
}
