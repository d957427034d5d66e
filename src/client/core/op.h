/* An operation is one message to the server and the answer to it. Most operations are inside a
 * request of the caller's. Others belong to a result, a statement, a consumer or a connection. */
#ifndef TUV_CLIENT_CORE_OP_H
#define TUV_CLIENT_CORE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "client/core/failure.h"
#include "taosuv.h"
#include "util/mem.h"
#include "util/queue.h"
#include "wire/json/reply.h"
#include "wire/block/message.h"

typedef struct tuv_context_s tuv_context_t;
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

/* What all operations of one type have in common. */
typedef struct tuv_op_type_s {
  bool is_request; /* the operation is inside a taosuv_req_t */
  bool by_pong;    /* over WebSocket, a pong with its id is the answer */
  bool pinned;     /* the request makes sense on its connection only: it is never moved */
  uint8_t action;  /* taosuv_action_t */
  uint8_t needs;   /* the connections that it can go over: TUV_SERVES_…; 0: TUV_SERVES_QUERY */
  /* Writes the message; `payload` is what tuv_pool_begin was given. Returns 0 or an error. NULL:
   * the request has no message and needs only a connection that is logged in. `reply` is then
   * called with a NULL reply before the request completes. */
  int (*encode)(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
  /* The answer as JSON, with code 0. */
  void (*reply)(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
  /* The answer as a binary message that holds a block. NULL: such an answer is malformed. */
  void (*fetched)(tuv_op_t* op, tuv_conn_t* conn, const tuv_msg_fetched_t* fetched,
                  tuv_refbuf_t* owner);
  /* The answer as any binary message, in place of `fetched`. */
  void (*binary)(tuv_op_t* op, tuv_conn_t* conn, const uint8_t* data, size_t size,
                 tuv_refbuf_t* owner);
  /* Whether a refusal is not a failure; it has been dealt with then. NULL: all are failures. */
  bool (*refused)(tuv_op_t* op, tuv_conn_t* conn, int server_code);
  /* An operation that is not inside a request has failed. */
  void (*failed)(tuv_op_t* op, const tuv_failure_t* failure);
  /* The request that waits for the answer to an operation that is not inside one; or NULL. No such
   * function: the library sends these operations for itself. */
  const taosuv_req_t* (*waiter)(const tuv_op_t* op);
  /* Calls the caller of a request back. All common out-fields are set. */
  void (*complete)(taosuv_req_t* req, int status);
  /* A request without a message of its own that wants a connection with room for one: here it is,
   * and the request has left the pool; or there will be none. */
  void (*acquired)(taosuv_req_t* req, tuv_conn_t* conn);
  void (*acquire_failed)(taosuv_req_t* req, const tuv_failure_t* failure);
  /* In a JSON request of this type, the argument that holds the payload. NULL: no payload. */
  const char* payload_key;
  /* Gives such a request its payload back out of a whole message. NULL: by payload_key. */
  int (*recover)(tuv_context_t* context, const uint8_t* message, size_t size, tuv_req_t* priv);
  /* Takes the place of a cancelled operation in the table of its connection, and frees what a late
   * answer brings. */
  tuv_op_t* tombstone;
  /* The same over HTTP. NULL: HTTP cannot do it, and the call returns TAOSUV_ENOTSUP. */
  const tuv_rest_type_t* rest;
} tuv_op_type_t;

struct tuv_op_s {
  const tuv_op_type_t* type;
  tuv_conn_t* conn; /* while it is in the table of a connection */
  tuv_queue_t link; /* in the pool's queue, a connection's list, or a list of completions */
  uint64_t id;      /* its req_id */
  uint64_t at;      /* where its frame begins in what the connection sends */
};

static inline unsigned tuv_op_needs(const tuv_op_type_t* type) {
  return type->needs == 0 ? (unsigned) TUV_SERVES_QUERY : type->needs;
}

bool tuv_op_is_tombstone(const tuv_op_t* op);
const taosuv_req_t* tuv_op_request(const tuv_op_t* op); /* the one that it is inside; or NULL */
const taosuv_req_t* tuv_op_waiter(const tuv_op_t* op);  /* the one that waits for it; or NULL */
/* A tombstone does not fail, and has no server time. */
void tuv_op_failed(tuv_op_t* op, const tuv_failure_t* failure);
void tuv_op_set_server_time(tuv_op_t* op, uint64_t ns);

/* Of operations that leave nothing behind on the server; the second one is answered by a pong. */
extern tuv_op_t tuv_plain_tombstone, tuv_ping_tombstone;

#endif
