/* Where the client's files tell what happens: to the metrics, and to the caller's hooks. */
#ifndef TUV_CLIENT_HOOKS_H
#define TUV_CLIENT_HOOKS_H

#include "client/core/failure.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"

/* A line for the log, of what is no connection's. Secrets in it are hidden. */
void tuv_hooks_log(taosuv_client_t* client, int level, const char* text);

/* Out of line: only called when somebody looks. */
void tuv_hooks_op(taosuv_client_t* client, taosuv_stage_t stage, tuv_op_t* op,
                  const tuv_conn_t* conn);
void tuv_hooks_completed(taosuv_client_t* client, const taosuv_req_t* req);

/* A stage of a connection. `failure` is of FAILED and LOST, else NULL. */
void tuv_observe_conn(tuv_conn_t* conn, taosuv_stage_t stage, const tuv_failure_t* failure);

/* A stage of an operation, up to ANSWERED. `conn` may be NULL. */
static inline void tuv_observe_op(taosuv_client_t* client, taosuv_stage_t stage, tuv_op_t* op,
                                  const tuv_conn_t* conn) {
  if (client->hooks.trace != NULL) tuv_hooks_op(client, stage, op, conn);
}

/* Bytes of a message over HTTP, for the wire tap. */
void tuv_hooks_message(tuv_conn_t* conn, bool sent, const void* data, size_t size);
static inline void tuv_observe_message(tuv_conn_t* conn, bool sent, const void* data, size_t size) {
  if (conn->client->hooks.tap != NULL) tuv_hooks_message(conn, sent, data, size);
}

/* A request whose out-fields are set; its callback is next. */
static inline void tuv_observe_completed(taosuv_client_t* client, const taosuv_req_t* req,
                                         unsigned int action) {
  client->totals.requests++;
  if (req->status < 0) client->totals.failures++;
  if (client->stats != NULL)
    tuv_stats_completed(client->stats, action, req->total_time_ns, req->status);
  if (client->hooked) tuv_hooks_completed(client, req);
}

/* A failure whose message may be the server's, without secrets: itself, or a copy in `out`. */
typedef struct tuv_redacted_s {
  tuv_failure_t failure;
  char text[TUV_ERRMSG_SIZE];
} tuv_redacted_t;
const tuv_failure_t* tuv_redact_failure(const taosuv_client_t* client, const tuv_failure_t* failure,
                                        tuv_redacted_t* out);

#endif
