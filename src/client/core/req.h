/* What all requests have in common. A call checks, fills its own fields, then begins. */
#ifndef TUV_CLIENT_CORE_REQ_H
#define TUV_CLIENT_CORE_REQ_H

#include "client/core/op.h"
#include "client/core/turn.h"
#include "io/timers.h"

typedef enum {
  TUV_REQ_IDLE,    /* the caller's */
  TUV_REQ_QUEUED,  /* in the client's queue, with a payload of its own */
  TUV_REQ_SENT,    /* in a connection's table */
  TUV_REQ_WAITING, /* for its result or its statement, whose messages are not its own */
  TUV_REQ_DONE     /* in the client's list of completions for the next turn */
} tuv_req_state_t;

/* The library's part of a request: overlays taosuv_req_private_t. */
struct tuv_req_s {
  tuv_op_t op;
  taosuv_client_t* client;
  tuv_timed_t timed;
  tuv_refbuf_t* payload; /* while queued; of an idempotent request up to its end */
  size_t payload_size;
  uint64_t started; /* uv_hrtime; no other request of the client has the same */
  int32_t outcome;  /* DONE: the status to complete with */
  uint16_t moves;   /* how often it was moved to another connection */
  uint8_t state;    /* tuv_req_state_t */
  bool left;        /* a connection of it died after its first byte had left */
  bool stays;       /* when its time is up and it may be executed, it waits on for the answer … */
  bool late;        /* … and does so */
  void* owner;      /* WAITING for a statement: the statement, or the batch */
};

_Static_assert(sizeof(tuv_req_t) <= sizeof(taosuv_req_private_t), "requests hold their insides");

static inline tuv_req_t* tuv_req_of(taosuv_req_t* req) {
  return (tuv_req_t*) (void*) &req->priv;
}
static inline taosuv_req_t* tuv_req_public(tuv_req_t* req) {
  return TUV_CONTAINER(req, taosuv_req_t, priv);
}
static inline taosuv_req_t* tuv_req_of_op(tuv_op_t* op) {
  return tuv_req_public(TUV_CONTAINER(op, tuv_req_t, op));
}

/* How many requests are completed in one turn of the loop, unless the server's answers complete
 * them: about a millisecond's work. */
#define TUV_TURN_COMPLETIONS 1000u

int tuv_req_check(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
int tuv_req_check_any(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
int tuv_req_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                  const void* payload, size_t size);
int tuv_req_start(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type);
bool tuv_req_is_late(taosuv_req_t* req); /* its deadline had passed when it was started */
void tuv_req_finish(taosuv_req_t* req, int status);
void tuv_req_fail(taosuv_req_t* req, const tuv_failure_t* failure);
void tuv_req_defer(taosuv_req_t* req, int status, unsigned int flags, const char* message);
/* A request that is in no list becomes one of those in `reqs`: it can be cancelled still. */
void tuv_req_set_aside(taosuv_req_t* req, tuv_queue_t* reqs);
/* Fails requests that were set aside, or were in flight: in later turns, if they are many. */
void tuv_req_fail_all(taosuv_client_t* client, tuv_queue_t* reqs, const tuv_failure_t* failure);
void tuv_req_complete_some(tuv_task_t* task); /* context.complete */
void tuv_req_detach(taosuv_req_t* req);       /* off its queue or connection, leaving a tombstone */

#endif
