/* How calls begin their requests. */
#include "client/conn/transport.h"
#include "client/core/req.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"

int tuv_pool_check_any(taosuv_client_t* client, taosuv_req_t* req, bool has_callback) {
  if (client == NULL || req == NULL || !has_callback) return TAOSUV_EINVAL;
  if (taosuv_is_pending(req)) return TAOSUV_EBUSY;
  if (client->context.closing) return TAOSUV_ECLOSED;
  if (client->context.in_hook) return TAOSUV_EBUSY;
  if (req->req_id != 0 && tuv_pool_id_in_flight(&client->pool, req->req_id)) return TAOSUV_EREQID;
  return 0;
}

/* The client of a consumer takes only the consumer's requests: the server would not answer others. */
int tuv_pool_check(taosuv_client_t* client, taosuv_req_t* req, bool has_callback) {
  if (client != NULL && client->pool.conns.endpoint->single) return TAOSUV_ENOTSUP;
  return tuv_pool_check_any(client, req, has_callback);
}

int tuv_pool_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                   const void* payload, size_t size) {
  bool can = type->encode == NULL || type->rest != NULL ||
             client->pool.conns.transport->has_actions;
  int status = can ? tuv_req_start(&client->context, req, type) : TAOSUV_ENOTSUP;
  if (status < 0) return status;
  if (tuv_req_is_late(req)) {
    tuv_req_defer(req, TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE, NULL);
    return 0;
  }
  status = tuv_pool_submit(&client->pool, req, payload, size);
  if (status < 0) tuv_req_unstart(req);
  return status;
}
