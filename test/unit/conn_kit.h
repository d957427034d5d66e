/* A pool without a client: its connections use a transport that records its calls and follows the
 * test. It is based on req_kit, with its context, loop and clock. */
#ifndef TUV_TEST_UNIT_CONN_KIT_H
#define TUV_TEST_UNIT_CONN_KIT_H

#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/pool/pool.h"
#include "req_kit.h"

#define LINK_BYTES 100u /* of every message */

/* The far side of one connection. */
typedef struct link_s {
  tuv_conn_t* conn; /* NULL: it is freed */
  uint32_t host;
  uint64_t written; /* bytes of all messages */
  uint64_t left;    /* bytes that were sent: sent_up_to */
  uint64_t signs;   /* of life */
  unsigned logins, readies, sends, abandons, probes, flushes;
  bool closed, aborted; /* it was asked to end, and will be freed */
} link_t;

typedef struct conn_kit_s {
  tuv_pool_t pool;
  link_t links[64]; /* in the order in which they were opened */
  unsigned nlinks;
  unsigned drained;   /* number of times that the pool has reported room */
  int connect_status; /* what the next connects return */
  int send_status;    /* what the next sends return */
  int recover_status; /* the result of recover: whether a payload can be restored */
  bool probe_fails;
  bool may_repeat;
} conn_kit_t;

extern conn_kit_t ck;
extern tuv_transport_t link_transport; /* tests may change it; conn_kit_begin restores it */
extern const tuv_op_type_t query_type; /* a request with a message; ops of it have a tombstone */
extern const tuv_op_type_t stmt_type;  /* the same for a statement's connection */

/* Creates everything from the settings of the URL, e.g. "ws://a,b/?pool_size=2". */
void conn_kit_begin(const char* url);
/* Closes the pool, runs it to its end, and requires that nothing is left. */
int conn_kit_end(void** state);

/* Ends the connections that were asked to end, and runs the loop until no task is posted. */
void conn_kit_settle(void);

void link_restore(void); /* the transport as it was */
/* The far side of the n-th connection. */
link_t* link_at(unsigned index);
link_t* link_of(const tuv_conn_t* conn);
unsigned links_alive(void);
void link_ready(link_t* link);                                   /* it connects and logs in */
void link_opened(link_t* link);                                  /* it connects only */
void link_refuse(link_t* link, int status, const char* message); /* it does not connect */
void link_lose(link_t* link, const char* message);               /* the stream ends */
void link_leave_all(link_t* link);                               /* all written bytes were sent */
/* Answers a request that is in flight there: it completes with status 0. */
void link_answer(link_t* link, call_t* call);

/* Begins a request of a type with a payload. Returns the status of the call. */
int call_submit(call_t* call, const tuv_op_type_t* type, const char* payload);
/* Starts a plain query, which must be accepted. */
void call_query(call_t* call);

#endif
