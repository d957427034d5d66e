/* What all requests have in common: they begin, have a time limit, can be cancelled, and complete
 * once. A request that has begun has a holder until it completes. */
#ifndef TUV_CLIENT_CORE_REQ_H
#define TUV_CLIENT_CORE_REQ_H

#include "client/core/holder.h"
#include "client/core/op.h"
#include "io/timers.h"
#include "util/assert.h"

typedef struct tuv_context_s tuv_context_t;

typedef enum {
  TUV_REQ_IDLE,  /* the caller's */
  TUV_REQ_BEGUN, /* on its way to a holder, or from one to its completion */
  TUV_REQ_HELD,  /* by `holder` */
  TUV_REQ_DONE   /* in the list of completions for the next turn */
} tuv_req_state_t;

/* The library's part of a request: overlays taosuv_req_private_t. */
struct tuv_req_s {
  tuv_op_t op;
  tuv_context_t* context;
  const tuv_holder_t* holder;
  void* owner;           /* the holder's: what the request waits for */
  tuv_refbuf_t* payload; /* while it is queued; an idempotent request keeps it to its end */
  tuv_timed_t timed;
  uint64_t started;      /* uv_hrtime; no other request of the client has the same */
  int32_t outcome;       /* DONE: the status to complete with */
  uint32_t payload_size; /* no message is larger than max_message_size */
  uint16_t moves;        /* how often it was moved to another connection */
  uint8_t state;         /* tuv_req_state_t */
  bool left;             /* a connection of it died after its first byte had left */
  bool stays;            /* it waits for its answer beyond its time limit, if it may be executed */
  bool late;             /* it does so now */
};

_Static_assert(sizeof(tuv_req_t) <= sizeof(taosuv_req_private_t), "requests hold their insides");

/* Any request of the public interface as what all of them begin with. */
static inline taosuv_req_t* tuv_req_base(void* req) {
  return req;
}
static inline tuv_req_t* tuv_req_of(taosuv_req_t* req) {
  return (tuv_req_t*) (void*) &req->priv;
}
static inline const tuv_req_t* tuv_req_of_const(const taosuv_req_t* req) {
  return (const tuv_req_t*) (const void*) &req->priv;
}
static inline taosuv_req_t* tuv_req_public(tuv_req_t* req) {
  return TUV_CONTAINER(req, taosuv_req_t, priv);
}
static inline taosuv_req_t* tuv_req_of_op(tuv_op_t* op) {
  return tuv_req_public(TUV_CONTAINER(op, tuv_req_t, op));
}

/* Fills the private part and the out-fields, and sets the time limit. The caller then gives the
 * request to a holder, or completes it. Returns 0 or TAOSUV_ENOMEM. */
int tuv_req_start(tuv_context_t* context, taosuv_req_t* req, const tuv_op_type_t* type);
void tuv_req_unstart(taosuv_req_t* req);       /* takes that back */
bool tuv_req_is_late(const taosuv_req_t* req); /* its deadline had passed when it was started */

/* Who holds it from now on. A holder that has a list pushes op.link. */
static inline void tuv_req_hold(taosuv_req_t* req, const tuv_holder_t* holder) {
  tuv_req_t* priv = tuv_req_of(req);
  TUV_ASSERT(priv->state == TUV_REQ_BEGUN || priv->state == TUV_REQ_HELD);
  priv->state = TUV_REQ_HELD;
  priv->holder = holder;
}
static inline void tuv_req_unhold(taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  TUV_ASSERT(priv->state == TUV_REQ_BEGUN || priv->state == TUV_REQ_HELD);
  priv->state = TUV_REQ_BEGUN;
  priv->holder = NULL;
}
static inline bool tuv_req_is_held(const taosuv_req_t* req) {
  return tuv_req_of_const(req)->state == TUV_REQ_HELD;
}
static inline bool tuv_req_is_held_by(const taosuv_req_t* req, const tuv_holder_t* holder) {
  return tuv_req_is_held(req) && tuv_req_of_const(req)->holder == holder;
}

/* Completes a request that is in no list: calls back, as the last act. */
void tuv_req_finish(taosuv_req_t* req, int status);
void tuv_req_fail(taosuv_req_t* req, const tuv_failure_t* failure);
/* Takes a request from its holder, and completes it in the next turn. */
void tuv_req_defer(taosuv_req_t* req, int status, unsigned int flags, const char* message);

#endif
