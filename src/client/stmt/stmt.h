/* Prepared statements, as the caller has them. A statement (stmt, bind, exec) takes a server
 * statement when it has something to do (run), and lets go of it when it cannot use it any more.
 * Its batches (job) wait in order. A server statement lives on one connection and in its cache
 * (server_stmt); it is prepared (_prepare, _fields, _scales), sends messages (_send) and receives
 * their answers (_receive). */
#ifndef TUV_CLIENT_STMT_STMT_H
#define TUV_CLIENT_STMT_STMT_H

#include "client/stmt/server_stmt.h"
#include "client/stmt/server_stmt_steps.h"
#include "client/stmt/source.h"
#include "taosuv/stmt.h"
#include "wire/batch/batch.h"
#include "wire/stmt/reply.h"

/* How often what was not executed is moved to another connection. */
#define TUV_STMT_MAX_MOVES 5

/* How often a batch is sent again because what was prepared for it was out of date. */
#define TUV_STMT_MAX_RENEWALS 5

/* A batch that is given in the callback of its statement's prepare uses what was prepared, if that
 * was at most this number of nanoseconds ago. */
#define TUV_STMT_FRESH UINT64_C(10000000)

/* A batch that is to be executed. Its request may complete before it. */
typedef struct tuv_job_s {
  tuv_queue_t link;        /* in its statement's jobs, or spare ones */
  taosuv_stmt_t* stmt;     /* NULL: on its way to be completed */
  taosuv_stmt_exec_t* req; /* NULL: cancelled while the server executes it */
  tuv_batch_t batch;
  tuv_batch_t* keep; /* what it changes places with when it is done; or NULL */
  size_t size;       /* as it is counted in held_bytes */
  uint64_t order;    /* the client's stmts_order when it was given */
  uint8_t moves;
  uint8_t renewals; /* how often it was refused because what was prepared was out of date */
  bool held;        /* it is counted */
} tuv_job_t;

/* What a server statement reports to the statement that uses it. Both call the caller back as their
 * last act, after which the statement may be freed. */
typedef struct tuv_stmt_events_s {
  void (*prepared)(tuv_server_stmt_t* server_stmt);
  void (*failed)(taosuv_stmt_t* stmt,
                 const tuv_failure_t* failure); /* fails everything that waits */
} tuv_stmt_events_t;

extern const tuv_stmt_events_t tuv_stmt_events;

struct taosuv_stmt_s {
  const tuv_stmt_events_t* events;
  tuv_dependent_t dependent; /* on the client */
  tuv_task_t next;           /* what it does next */
  tuv_mem_t* mem;
  taosuv_client_t* client;  /* NULL when it is closed */
  tuv_refbuf_t* source;     /* tuv_source_t */
  tuv_refbuf_t* field_list; /* tuv_field_list_t; NULL until it is prepared, and after that failed */
  tuv_server_stmt_t* server_stmt; /* NULL: none yet, or its connection is gone */
  taosuv_stmt_prepare_t* preparing;
  taosuv_req_t waiter; /* waits for a connection to prepare on */
  bool waiting_for_conn;
  bool held;         /* the prepare is counted in the client's held */
  bool known;        /* the caller has it */
  bool fresh;        /* not to be taken from a cache */
  bool roams;        /* of a writer: it goes to another connection rather than wait behind others */
  bool stale;        /* the table has changed: only to be prepared again, or closed */
  bool running;      /* the first job's messages are in flight */
  bool together;     /* the last batch went in one message */
  bool close_due;    /* by the caller, in a hook */
  uint8_t moves;     /* of what is being prepared */
  tuv_queue_t jobs;  /* in order */
  tuv_queue_t spare; /* tuv_job_t with the buffers of their batches */
  uint32_t njobs, nspare;
  tuv_batch_t batch; /* what is bound and not executed */
  tuv_errmsg_t err;  /* of the last binding or exec call */
};

static inline bool tuv_server_stmt_serves(const tuv_server_stmt_t* server_stmt,
                                          const tuv_job_t* job) {
  return !tuv_server_stmt_names_tables(server_stmt) || server_stmt->order > job->order;
}

/* Executes what is bound, as taosuv_stmt_exec does. Before the callback, the batch changes places
 * with `keep`, an empty one of the same fields. With NULL the batch is freed. */
int tuv_stmt_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req, taosuv_stmt_exec_cb cb,
                  tuv_batch_t* keep);

/* Whether a batch was sent, so that it may be executed. */
bool tuv_exec_was_sent(const taosuv_req_t* req);

/* Binds a table, tags and rows at once. On failure nothing is bound. */
int tuv_stmt_append(taosuv_stmt_t* stmt, const tuv_batch_appended_t* appended);

/* Does what is next; lets go of its server statement, and of its search for a connection. */
void tuv_stmt_run(taosuv_stmt_t* stmt);
void tuv_stmt_let_go(taosuv_stmt_t* stmt);

#endif
