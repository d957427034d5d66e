/* Where the parts of a client report what happens. Totals are always counted here; latencies and
 * errors are counted while metrics are on. The caller's hooks are called through a table of
 * functions that src/client/observe fills in. Nothing else knows the hooks. */
#ifndef TUV_CLIENT_CORE_OBSERVE_H
#define TUV_CLIENT_CORE_OBSERVE_H

#include "client/core/context.h"
#include "client/core/failure.h"
#include "client/core/op.h"

/* What has become of a connection. */
typedef struct tuv_conn_stage_s {
  taosuv_stage_t stage;
  uint32_t host_index; /* of the client's hosts */
  const char* host;
  const char* version;          /* "": not known yet */
  const tuv_failure_t* failure; /* of FAILED and LOST; otherwise NULL */
  uint64_t time_ns;             /* uv_hrtime */
  uint64_t duration_ns;         /* of READY: since the connection was begun; otherwise 0 */
} tuv_conn_stage_t;

/* A stage of an operation, up to ANSWERED. `host` is NULL while it is queued. */
static inline void tuv_observe_op(tuv_context_t* context, taosuv_stage_t stage, tuv_op_t* op,
                                  const char* host) {
  if (context->observer.op != NULL) context->observer.op(context, stage, op, host);
}

/* A request whose out-fields are set; its callback is next. */
static inline void tuv_observe_completed(tuv_context_t* context, const taosuv_req_t* req,
                                         unsigned int action) {
  context->totals.requests++;
  if (req->status < 0) context->totals.failures++;
  if (context->stats != NULL)
    tuv_stats_completed(context->stats, action, req->total_time_ns, req->status);
  if (context->observer.completed != NULL) context->observer.completed(context, req);
}

/* Bytes of a message over HTTP, for the wire tap. */
static inline void tuv_observe_message(tuv_context_t* context, tuv_conn_t* conn, bool sent,
                                       const void* data, size_t size) {
  if (context->observer.message != NULL) context->observer.message(conn, sent, data, size);
}

/* A line for the log that is about no single connection. Secrets in it are hidden. */
static inline void tuv_observe_log(tuv_context_t* context, int level, const char* text) {
  if (context->observer.log != NULL) context->observer.log(context, level, text);
}

void tuv_observe_conn(tuv_context_t* context, const tuv_conn_stage_t* stage);

#endif
