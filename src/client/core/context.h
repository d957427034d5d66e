/* The context of a client: what its parts share and are given in place of the client itself.
 *
 * This folder is the ground that the other folders of the client stand on. It knows requests and
 * operations (req, op), who holds a request (holder) and how many complete later (complete), the
 * end of a turn of the loop (turn), what depends on a connection or a client (dependent), and the
 * submissions of other threads (submit). It counts and reports what happens (observe, stats)
 * without secrets (redact). It does not know connections, the pool or any feature: what it has to
 * tell them goes through the functions that they register.
 */
#ifndef TUV_CLIENT_CORE_CONTEXT_H
#define TUV_CLIENT_CORE_CONTEXT_H

#include <stdatomic.h>
#include <uv.h>

#include "client/core/dependent.h"
#include "client/core/ids.h"
#include "client/core/stats.h"
#include "client/core/turn.h"
#include "io/timers.h"
#include "io/ws/ws.h"
#include "util/mem.h"
#include "wire/json/json.h"
#include "wire/url/url.h"

typedef struct tuv_context_s tuv_context_t;
typedef struct tuv_conn_s tuv_conn_t;
typedef struct tuv_req_s tuv_req_t;
typedef struct tuv_op_s tuv_op_t;
typedef struct tuv_failure_s tuv_failure_t;
typedef struct tuv_conn_stage_s tuv_conn_stage_t;

/* The functions that call the caller's hooks; see core/observe.h. Any may be NULL. */
typedef struct tuv_observer_s {
  void (*op)(tuv_context_t* context, taosuv_stage_t stage, tuv_op_t* op, const char* host);
  void (*completed)(tuv_context_t* context, const taosuv_req_t* req);
  void (*conn)(tuv_context_t* context, const tuv_conn_stage_t* stage);
  void (*message)(tuv_conn_t* conn, bool sent, const void* data, size_t size);
  void (*log)(tuv_context_t* context, int level, const char* text);
} tuv_observer_t;

struct tuv_context_s {
  uv_loop_t* loop;
  tuv_mem_t* mem;
  tuv_url_t url;          /* does not change once the client is made */
  tuv_io_shared_t shared; /* buffers and random numbers; the work of this turn */
  tuv_json_t json;
  tuv_ids_t ids; /* of requests */
  tuv_timers_t timers;
  tuv_turn_t turn;
  tuv_dependents_t dependents; /* writers, statements, results without a connection, the consumer */
  tuv_queue_t done;            /* requests to be completed in the next turn */
  tuv_queue_t failing;         /* tuv_failing_t: many requests that fail for one reason */
  tuv_task_t complete;         /* completes some of both */
  tuv_task_t end;              /* closes the handles if nothing is left; posted while closing */
  uv_async_t async;            /* for taosuv_submit */
  _Atomic(taosuv_submit_t*) submits;
  atomic_bool closing; /* taosuv_submit reads it on other threads */
  char* path;          /* of the upgrade, with the cloud token: a secret */
  char* authorization; /* HTTP: the header, a secret; or NULL */
  char totp[12];       /* the last code made of totp_secret, a secret; or "" */
  tuv_totals_t totals;
  tuv_stats_t* stats; /* NULL: metrics are off */
  taosuv_hooks_t hooks;
  tuv_observer_t observer; /* of the hooks that are set */
  bool in_hook;            /* a hook of the caller's is running: nothing may change */
  uint32_t pending;        /* requests between their call and their callback */
  uint64_t started;        /* when the last request was begun; no two have the same time */
  /* Called with each request that completes, before its callback; NULL: nobody waits for that. */
  void (*completed)(tuv_context_t* context, const tuv_req_t* req);
  /* The time limit of a request has passed while it waited for this connection's answer. */
  void (*timed_out)(tuv_conn_t* conn);
};

/* A client begins with its context: core code needs no more of it. */
static inline tuv_context_t* tuv_context_of(taosuv_client_t* client) {
  return (tuv_context_t*) (void*) client;
}

/* Something that closing waits for may be over. */
static inline void tuv_context_check_end(tuv_context_t* context) {
  if (atomic_load_explicit(&context->closing, memory_order_relaxed))
    tuv_turn_post(&context->turn, &context->end, TUV_PHASE_END);
}

#endif
