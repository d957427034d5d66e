/* How calls begin their requests. */
#ifndef TUV_CLIENT_POOL_BEGIN_H
#define TUV_CLIENT_POOL_BEGIN_H

#include "client/pool/client.h"

/* What every call checks of its client and request. Returns 0, or what the call returns. `_any` is
 * for the requests of a consumer as well. */
int tuv_pool_check(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
int tuv_pool_check_any(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
/* Begins a request whose message is made of this payload. */
int tuv_pool_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                   const void* payload, size_t size);

#endif
