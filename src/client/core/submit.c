/* taosuv_submit, the one call for other threads: a lock-free list and one uv_async_t. */
#include "client/core/submit.h"
#include "client/core/context.h"

/* priv[0]: the next in the list; priv[1]: not NULL while pending. */

int taosuv_submit(taosuv_client_t* client, taosuv_submit_t* req, taosuv_submit_cb cb) {
  if (client == NULL || req == NULL || cb == NULL) return TAOSUV_EINVAL;
  if (req->priv[1] != NULL) return TAOSUV_EBUSY;
  tuv_context_t* context = tuv_context_of(client);
  if (context->closing) return TAOSUV_ECLOSED;
  req->cb = cb;
  req->priv[1] = client;
  taosuv_submit_t* head = atomic_load_explicit(&context->submits, memory_order_relaxed);
  do {
    req->priv[0] = head;
  } while (!atomic_compare_exchange_weak_explicit(&context->submits, &head, req,
                                                  memory_order_release, memory_order_relaxed));
  uv_async_send(&context->async);
  return 0;
}

/* The latest submission is the first in the list. They run in the order of their calls. */
static taosuv_submit_t* reverse(taosuv_submit_t* list) {
  taosuv_submit_t* turned = NULL;
  while (list != NULL) {
    taosuv_submit_t* next = list->priv[0];
    list->priv[0] = turned;
    turned = list;
    list = next;
  }
  return turned;
}

void tuv_submit_on_async(uv_async_t* handle) {
  tuv_context_t* context = TUV_CONTAINER(handle, tuv_context_t, async);
  taosuv_submit_t* next = reverse(
      atomic_exchange_explicit(&context->submits, NULL, memory_order_acquire));
  while (next != NULL) {
    taosuv_submit_t* req = next;
    next = req->priv[0];
    req->priv[1] = NULL;
    req->cb(req, context->closing ? TAOSUV_ECANCELED : 0);
  }
  tuv_context_check_end(context);
}
