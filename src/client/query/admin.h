/* Operations that leave nothing behind on the server. */
#ifndef TUV_CLIENT_QUERY_ADMIN_H
#define TUV_CLIENT_QUERY_ADMIN_H

#include "client/core/op.h"

extern tuv_op_t tuv_plain_tombstone;

#endif
