/* What the files of prepared statements share. */
#ifndef TUV_CLIENT_STMT_H
#define TUV_CLIENT_STMT_H

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/query/results.h"
#include "taosuv/stmt.h"
#include "wire/batch.h"
#include "wire/stmt_reply.h"
#include "wire/stmt_sql.h"
#include "wire/version.h"

typedef struct tuv_server_stmt_s tuv_server_stmt_t;

/* How often what was not executed is moved to another connection. */
#define TUV_STMT_MAX_MOVES 5

/* How often a batch is sent again because what was prepared for it was out of date. */
#define TUV_STMT_MAX_RENEWALS 5

/* A batch that is given while its statement's prepare calls back goes by what was prepared, if that
 * was so many nanoseconds ago at most. */
#define TUV_STMT_FRESH UINT64_C(10000000)

/* An SQL text as it was given, in a tuv_refbuf_t that the statement and what was prepared share. */
typedef struct tuv_source_s {
  uint64_t hash;
  tuv_stmt_sql_t scan;
  const char* table; /* the caller's hint, or else a name in the super table's database; or NULL */
  size_t length;
  char sql[]; /* NUL-terminated */
} tuv_source_t;

/* What is to be bound, in a tuv_refbuf_t that never changes. */
typedef struct tuv_field_list_s {
  bool insert;
  uint32_t count;               /* of fields; of a query's question marks */
  taosuv_stmt_field_t fields[]; /* of an insert; their names behind them */
} tuv_field_list_t;

/* What a statement on the server is doing: the message in flight. */
typedef enum {
  TUV_STEP_NONE,
  /* being prepared */
  TUV_STEP_INIT,
  TUV_STEP_PROBE, /* with the hint for the table's name, to learn the fields */
  TUV_STEP_PREPARE,
  TUV_STEP_PROBE_NAME, /* these three: the first version */
  TUV_STEP_TAG_FIELDS,
  TUV_STEP_COLUMN_FIELDS,
  TUV_STEP_FIELDS, /* an endpoint of old gateways: a query that tells them, over another one */
  TUV_STEP_SCALES, /* a query that tells those of DECIMALs */
  /* with a batch */
  TUV_STEP_NAME, /* these four: the first version, for each table */
  TUV_STEP_TAGS,
  TUV_STEP_ROWS,
  TUV_STEP_ADD,
  TUV_STEP_BIND,
  TUV_STEP_EXEC,
  TUV_STEP_BIND_EXEC, /* both in one message */
  TUV_STEP_RESULT,
  TUV_STEP_CLOSE
} tuv_server_stmt_step_t;

/* A statement on the server. It is in use by a statement of the caller's, or holds an open result,
 * or waits in its connection's cache, or is about to be closed when its answer comes. */
struct tuv_server_stmt_s {
  tuv_dependent_t dependent; /* on its connection */
  tuv_queue_t cached;        /* in its connection's cache */
  tuv_conn_t* conn;
  taosuv_stmt_t* stmt;      /* that uses it; or NULL */
  tuv_result_owner_t owner; /* of the result, while there is one */
  taosuv_result_t* result;  /* open, so that nothing else may be sent; or NULL */
  tuv_op_t op;
  uint64_t id;                 /* 0: not known yet */
  tuv_refbuf_t* source;        /* tuv_source_t */
  tuv_refbuf_t* field_list;    /* tuv_field_list_t; NULL until it is known */
  struct tuv_fields_s* asking; /* for what is to be bound: stmt_fields.c; or NULL */
  uint64_t session;            /* the client's when it was prepared */
  uint64_t order;              /* the client's stmts_order when its SQL was sent */
  uint64_t ready_at;           /* uv_hrtime when that was answered */
  uint32_t table;              /* first version: which of the batch's tables */
  uint8_t step;                /* tuv_server_stmt_step_t */
  bool first;                  /* speaks the first version */
  bool prepared;
  bool poisoned; /* something is bound and not executed, or executed and not fetched */
  bool kept;     /* it was in the cache: it may be of before a change of its table */
};

/* A batch on its way. Its request is the caller's and may be gone before it. */
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

struct taosuv_stmt_s {
  tuv_dependent_t dependent; /* on the client */
  tuv_task_t next;           /* what it does next */
  tuv_mem_t* mem;
  taosuv_client_t* client;  /* NULL when it is closed */
  tuv_refbuf_t* source;     /* tuv_source_t */
  tuv_refbuf_t* field_list; /* tuv_field_list_t; NULL until it is prepared, and after that failed */
  tuv_server_stmt_t* server_stmt; /* NULL: none yet, or its connection is gone */
  taosuv_stmt_prepare_t* preparing;
  taosuv_req_t waiter; /* wants a connection to prepare on */
  bool waiting_for_conn;
  bool held;         /* the prepare is counted in the client's held */
  bool known;        /* the caller has it */
  bool fresh;        /* not to be taken from a cache */
  bool roams;        /* a writer's: goes to another connection rather than behind others */
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

static inline tuv_source_t* tuv_source_of(tuv_refbuf_t* buf) {
  return (tuv_source_t*) (void*) buf->data;
}
static inline tuv_field_list_t* tuv_field_list_of(tuv_refbuf_t* buf) {
  return (tuv_field_list_t*) (void*) buf->data;
}

/* Whether it inserts into tables that must exist. When another client has dropped such a table and
 * made it again, servers report rows as written that go nowhere: what is prepared is good for the
 * batches that were given before, and for no later one. */
static inline bool tuv_server_stmt_names_tables(const tuv_server_stmt_t* server_stmt) {
  return server_stmt->field_list != NULL && tuv_field_list_of(server_stmt->field_list)->insert &&
         !tuv_source_of(server_stmt->source)->scan.super_table;
}

static inline bool tuv_server_stmt_serves(const tuv_server_stmt_t* server_stmt,
                                          const tuv_job_t* job) {
  return !tuv_server_stmt_names_tables(server_stmt) || server_stmt->order > job->order;
}

/* How batches go there. Servers before 3.4 store DECIMAL's text as if it were its integer (PROTOCOL
 * 6.3.3). */
static inline tuv_batch_wire_t tuv_server_stmt_encoding(const tuv_server_stmt_t* server_stmt) {
  tuv_batch_wire_t wire = {.form = server_stmt->first ? TUV_BATCH_V1 : TUV_BATCH_STMT2,
                           .decimal_text = server_stmt->conn->version >= TUV_VERSION(3, 4, 0, 0)};
  return wire;
}

/* stmt.c */
/* taosuv_stmt_exec; before the callback, the batch and `keep`, which is an empty one of the same
 * fields, have changed places. NULL: the batch is gone. */
int tuv_stmt_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req, taosuv_stmt_exec_cb cb,
                  tuv_batch_t* keep);
void tuv_stmt_destroy(taosuv_stmt_t* stmt); /* nothing is pending, nobody has it */
/* What is to be bound from now on; TAOSUV_ENOTSUP when a type cannot be sent to this server. */
int tuv_stmt_take_fields(taosuv_stmt_t* stmt, const tuv_server_stmt_t* server_stmt,
                         tuv_errmsg_t* err);
void tuv_stmt_init_batch(const taosuv_stmt_t* stmt, tuv_batch_t* batch);
void tuv_job_recycle(tuv_job_t* job, const tuv_alloc_t* alloc);
/* A batch that is the writer's: its messages are sent, or will not be. */
void tuv_job_give_back(tuv_job_t* job);
/* The request begins to wait for its statement; then one whose deadline has passed completes. */
int tuv_stmt_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                   const tuv_holder_t* holder, void* owner);
void tuv_stmt_end_if_late(taosuv_req_t* req);

/* bind.c: a table, tags and rows at once, of which a failure leaves nothing. */
int tuv_stmt_give(taosuv_stmt_t* stmt, const tuv_batch_given_t* given);

/* stmt_exec.c */
bool tuv_exec_was_sent(const taosuv_req_t* req); /* of a batch, so that it may be executed */

/* stmt_turn.c: what a statement does next. What calls the caller back does so once, as its last
 * act: the statement may be gone then. */
void tuv_stmt_due(taosuv_stmt_t* stmt);
void tuv_stmt_run_next(tuv_task_t* task);  /* taosuv_stmt_s.next */
void tuv_stmt_let_go(taosuv_stmt_t* stmt); /* of what it has on the server, and of its search */
tuv_job_t* tuv_stmt_job(const taosuv_stmt_t* stmt);  /* the first one, or NULL */
void tuv_stmt_go_on(tuv_server_stmt_t* server_stmt); /* it is prepared: calls back */
void tuv_stmt_fail(taosuv_stmt_t* stmt, const tuv_failure_t* failure); /* all: calls back */
void tuv_job_drop(tuv_job_t* job, taosuv_client_t* client);
void tuv_job_done(tuv_job_t* job, const tuv_failure_t* failure); /* NULL: well. Calls back */

/* server_stmt.c: statements on the server, and the caches of them */
/* The request that waits for the answer to a statement's message; or NULL. */
const taosuv_req_t* tuv_server_stmt_waiter(const tuv_op_t* op);
/* It may do nothing else before this result is read or closed. */
void tuv_server_stmt_own(tuv_server_stmt_t* server_stmt, taosuv_result_t* result);
tuv_server_stmt_t* tuv_server_stmt_create(taosuv_stmt_t* stmt, tuv_conn_t* conn);
/* From a connection with less than `bound` in flight. */
tuv_server_stmt_t* tuv_server_stmt_take_cached(taosuv_client_t* client, tuv_refbuf_t* source,
                                               size_t bound);
void tuv_server_stmt_settle(
    tuv_server_stmt_t* server_stmt); /* nobody uses it: into the cache, or closed */
void tuv_server_stmt_discard(
    tuv_server_stmt_t* server_stmt); /* it is of no use: closed on the server, and freed */
void tuv_server_stmt_closed(tuv_server_stmt_t* server_stmt); /* the server says so, or cannot */
/* Closes what a change has made useless in all caches, if that is to be done. */
void tuv_server_stmt_drop_old(taosuv_client_t* client);
/* Closes what is cached for an SQL. */
void tuv_server_stmt_forget(taosuv_client_t* client, tuv_refbuf_t* source);

/* stmt_send.c: the messages */
void tuv_server_stmt_post(tuv_server_stmt_t* server_stmt,
                          tuv_server_stmt_step_t step); /* may fail: calls back */
bool tuv_server_stmt_sent(
    const tuv_server_stmt_t* server_stmt); /* its message was given to the system */
bool tuv_server_stmt_withdraw(tuv_server_stmt_t* server_stmt); /* its message, if it has not left */

/* stmt_prepare.c: the steps up to a statement that is prepared; each may fail: calls back */
void tuv_server_stmt_prepare(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_go_on_preparing(
    tuv_server_stmt_t* server_stmt); /* that had waited for something to do */
void tuv_server_stmt_prepare_again(
    tuv_server_stmt_t* server_stmt); /* one from the cache, to learn its fields */
void tuv_server_stmt_preparing(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply);
void tuv_server_stmt_without_scales(
    tuv_server_stmt_t* server_stmt); /* the server will not tell them */
void tuv_server_stmt_unprepared(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure);

/* What is to be bound is known, or *failure says why not. */
void tuv_server_stmt_fields_told(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure);

/* stmt_fields.c: what is to be bound, where the endpoint does not tell it */
void tuv_server_stmt_ask_fields(tuv_server_stmt_t* server_stmt); /* may fail: calls back */
void tuv_server_stmt_stop_asking(tuv_server_stmt_t* server_stmt);

/* stmt_scales.c: those of DECIMALs that the fields do not tell */
bool tuv_server_stmt_wants_scales(const tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_ask_scales(tuv_server_stmt_t* server_stmt); /* may fail: calls back */
void tuv_server_stmt_take_scales(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply);

/* stmt_receive.c: the answers */
void tuv_server_stmt_begin(tuv_server_stmt_t* server_stmt,
                           tuv_batch_t* batch); /* its statement's first job's */
void tuv_server_stmt_answered(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
void tuv_server_stmt_failed(tuv_op_t* op, const tuv_failure_t* failure);

#endif
