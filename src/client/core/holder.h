/* The holder of a request is whoever has it between its beginning and its completion: the queue of
 * the pool, a connection, a result, a statement, a consumer. A request that is cancelled, or whose
 * time is up, leaves its holder by these functions. Each may be NULL. */
#ifndef TUV_CLIENT_CORE_HOLDER_H
#define TUV_CLIENT_CORE_HOLDER_H

#include <stdbool.h>

#include "taosuv.h"

typedef struct tuv_conn_s tuv_conn_t;

typedef struct tuv_holder_s {
  /* Lets go of the request, without calling back. It is still linked into the holder's list, if
   * there is one. NULL: it only has to be unlinked. */
  void (*release)(taosuv_req_t* req);
  /* Whether the server may have seen the request and may execute it. NULL: the request waits for
   * something that executes nothing. */
  bool (*maybe_sent)(const taosuv_req_t* req);
  /* The connection whose answer the request waits for, or NULL. NULL: there is never one. */
  tuv_conn_t* (*waits_on)(const taosuv_req_t* req);
} tuv_holder_t;

#endif
