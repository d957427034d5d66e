/* taosuv_client_drain: waiting for requests. */
#ifndef TUV_CLIENT_POOL_DRAIN_H
#define TUV_CLIENT_POOL_DRAIN_H

#include "client/core/req.h"

void tuv_drain_close(taosuv_client_t* client); /* cancels those that wait */

#endif
