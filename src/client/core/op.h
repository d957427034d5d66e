/* An operation: one message to the server and the answer to it. */
#ifndef TUV_CLIENT_CORE_OP_H
#define TUV_CLIENT_CORE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "client/core/failure.h"
#include "taosuv.h"
#include "util/mem.h"
#include "util/queue.h"
#include "wire/envelope.h"
#include "wire/message.h"

typedef struct tuv_conn_s tuv_conn_t;
typedef struct tuv_op_s tuv_op_t;
typedef struct tuv_req_s tuv_req_t;

/* What an operation is over HTTP. */
typedef struct tuv_rest_type_s {
  int (*encode)(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
  void (*reply)(tuv_op_t* op, tuv_conn_t* conn); /* a success; the answer is in conn->rest */
} tuv_rest_type_t;

/* The kinds of requests. Gateways before 3.1.1.15 have an endpoint for each of them; newer ones
 * have /ws for all. */
typedef enum {
  TUV_SERVES_QUERY = 1, /* /rest/ws: SQL, results, raw writes */
  TUV_SERVES_STMT = 2,  /* /rest/stmt: statements of the first version, inserts only */
  TUV_SERVES_LINES = 4, /* /rest/schemaless */
  TUV_SERVES_ALL = 7    /* /ws; also HTTP, and /rest/tmq for a consumer's requests */
} tuv_serves_t;

/* What an operation is: one message to the server and the answer to it. */
typedef struct tuv_op_type_s {
  bool is_request; /* the operation is inside a taosuv_req_t; else inside a result or connection */
  bool by_pong;    /* over WebSocket, a pong with its id is the answer */
  bool pinned;     /* a request that means something on its connection only: it is never moved */
  /* Writes the message; payload is what tuv_pool_begin was given. Returns 0 or an error. NULL: there
   * is no message, a connection that is logged in is all it takes; `reply` is called with it, and
   * NULL for a reply, before the request completes. */
  int (*encode)(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
  /* The answer, when its code is 0: as JSON; as binary message (NULL: never binary). */
  void (*reply)(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
  void (*fetched)(tuv_op_t* op, tuv_conn_t* conn, const tuv_msg_fetched_t* fetched,
                  tuv_refbuf_t* owner);
  /* A binary message of any other form. */
  void (*binary)(tuv_op_t* op, tuv_conn_t* conn, const uint8_t* data, size_t size,
                 tuv_refbuf_t* owner);
  /* The connection whose answer a request that waits is waiting for, or NULL. NULL: none. */
  tuv_conn_t* (*waits_on)(const taosuv_req_t* req);
  /* A refusal that is no failure: returns true when it has seen to it. NULL: all are failures. */
  bool (*refused)(tuv_op_t* op, tuv_conn_t* conn, int server_code);
  /* Not a request: it failed. */
  void (*fail)(tuv_op_t* op, const tuv_failure_t* failure);
  /* A request: calls the caller back; all common out-fields are set. */
  void (*complete)(taosuv_req_t* req, int status);
  /* A request that has no message of its own, but wants a connection with room for one: it is
   * there, and the request leaves the pool; or there will be none. */
  void (*acquired)(taosuv_req_t* req, tuv_conn_t* conn);
  void (*acquire_failed)(taosuv_req_t* req, const tuv_failure_t* failure);
  /* A request that waits (TUV_REQ_WAITING): it will not any more (NULL: that is all); whether what
   * it waits for was given to the system, so that it may be executed (NULL: it executes
   * nothing). */
  void (*leave)(taosuv_req_t* req);
  bool (*was_sent)(const taosuv_req_t* req);
  /* In a JSON request of this type the payload is this text of args; NULL: no payload. */
  const char* payload_key;
  /* Gives such a request its payload back out of a whole message; NULL: by payload_key. */
  int (*recover)(taosuv_client_t* client, const uint8_t* message, size_t size, tuv_req_t* priv);
  /* Takes its place in the connection's table when it was cancelled; it frees what a late answer
   * brings. */
  tuv_op_t* tombstone;
  /* The same over HTTP; NULL: HTTP cannot do it, and the call returns TAOSUV_ENOTSUP. */
  const tuv_rest_type_t* rest;
  uint8_t action; /* taosuv_action_t */
  uint8_t needs;  /* the connections that it can go over: TUV_SERVES_…; 0: TUV_SERVES_QUERY */
} tuv_op_type_t;

struct tuv_op_s {
  const tuv_op_type_t* type;
  tuv_conn_t* conn; /* while it is in a connection's table */
  tuv_queue_t link; /* in one of: client's queue, client's done, connection's sent or waiting */
  uint64_t id;      /* its req_id */
  uint64_t at;      /* where its frame begins in the connection's sent stream */
};
static inline unsigned tuv_op_needs(const tuv_op_type_t* type) {
  return type->needs == 0 ? (unsigned) TUV_SERVES_QUERY : type->needs;
}

#endif
