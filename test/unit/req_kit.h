/* Requests without a client: a context, a clock that the test moves, and holders that note what is
 * asked of them. */
#ifndef TUV_TEST_UNIT_REQ_KIT_H
#define TUV_TEST_UNIT_REQ_KIT_H

#include "alloc_probe.h"
#include "client/core/complete.h"
#include "client/core/context.h"
#include "client/core/req.h"

/* A request and what has become of it. */
typedef struct call_s {
  taosuv_req_t req; /* first */
  unsigned completed, released;
  bool sent;                         /* what its holder says: it may be executed */
  tuv_conn_t* waits_on;              /* what its holder says */
  void (*then)(struct call_s* call); /* at the end of its callback; NULL: nothing */
  int status;                        /* of its callback; and copies of its texts */
  char message[128];
  char host[32];
} call_t;

/* What was reported to the context. */
typedef struct req_kit_s {
  tuv_context_t context;
  uv_loop_t loop;
  alloc_probe_t probe;
  unsigned doubted; /* connections that did not answer in time, and the last one of them */
  tuv_conn_t* last_doubted;
  unsigned ends;  /* how often the end of the client was looked for */
  char order[64]; /* "c": the context heard of a completion, "b": a callback, "r": a release,
                     "d": a connection was doubted */
} req_kit_t;

extern req_kit_t kit;
extern const tuv_op_type_t call_type;
extern const tuv_holder_t sending_holder; /* like a connection: may have sent it */
extern const tuv_holder_t reading_holder; /* like a result: executes nothing */
extern const tuv_holder_t plain_holder;   /* only has a list */
extern tuv_conn_t* const some_conn;       /* an address, not to be looked at */

int kit_setup(void** state);
int kit_teardown(void** state);

/* The clock stands still until a test moves it; deadlines that have passed then expire. */
uint64_t kit_now(void); /* ms */
void kit_pass(uint64_t ms);
/* When the request's time is up, in ms of the same clock; 0: never. */
uint64_t kit_limit(const call_t* call);

void kit_turn(void); /* one turn of the loop */

call_t* call_start(call_t* call);
/* Started, and held by `holder`. */
call_t* call_hold(call_t* call, const tuv_holder_t* holder);

#endif
