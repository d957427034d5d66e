/* taosuv_client_drain: completes when all requests that were made before it are complete. */
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/pool/drain.h"

static taosuv_client_drain_t* drain_of(tuv_queue_t* link) {
  return (taosuv_client_drain_t*) (void*) tuv_req_of_op(TUV_CONTAINER(link, tuv_op_t, link));
}

static void drain_complete(taosuv_req_t* req, int status) {
  taosuv_client_drain_t* drain = (taosuv_client_drain_t*) (void*) req;
  taosuv_client_t* client = tuv_client_of(tuv_req_of(req)->context);
  if (--client->ndrains == 0) client->context.completed = NULL;
  drain->cb(drain, status);
}

static const tuv_op_type_t drain_type = {.is_request = true, .complete = drain_complete};
static const tuv_holder_t drain_holder = {.release = NULL}; /* they are in a list of the client */

/* A drain calls back after the request that it waited for. */
static void on_completed(tuv_context_t* context, const tuv_req_t* priv) {
  taosuv_client_t* client = tuv_client_of(context);
  if (priv->op.type == &drain_type) return;
  for (tuv_queue_t *at = client->drains.next, *next; at != &client->drains; at = next) {
    taosuv_client_drain_t* drain = drain_of(at);
    next = at->next;
    if (priv->started < tuv_req_of(tuv_req_base(drain))->started && --drain->remaining == 0)
      tuv_req_defer(tuv_req_base(drain), 0, 0, NULL);
  }
}

void tuv_drain_close(taosuv_client_t* client) {
  while (!tuv_queue_empty(&client->drains))
    tuv_req_defer(tuv_req_base(drain_of(client->drains.next)), TAOSUV_ECANCELED, 0,
                  "the client was closed");
}

int taosuv_client_drain(taosuv_client_t* client, taosuv_client_drain_t* req,
                        taosuv_client_drain_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->remaining = client->context.pending - client->ndrains;
  status = tuv_req_start(&client->context, tuv_req_base(req), &drain_type);
  if (status < 0) return status;
  client->ndrains++;
  client->context.completed = on_completed;
  tuv_req_hold(tuv_req_base(req), &drain_holder);
  tuv_queue_push(&client->drains, &tuv_req_of(tuv_req_base(req))->op.link);
  if (req->remaining == 0) tuv_req_defer(tuv_req_base(req), 0, 0, NULL);
  return 0;
}
