/* A server statement: what was prepared for a statement on one connection. A statement uses one at
 * a time, which reports to it by tuv_stmt_events_t. Unused ones wait in the cache of their
 * connection. */
#ifndef TUV_CLIENT_STMT_SERVER_STMT_H
#define TUV_CLIENT_STMT_SERVER_STMT_H

#include "client/conn/conn.h"
#include "client/core/dependent.h"
#include "client/query/results.h"
#include "client/stmt/source.h"
#include "wire/batch/batch.h"
#include "wire/version.h"

typedef struct tuv_server_stmt_s tuv_server_stmt_t;

/* What is called when its message is answered, or has failed: server_stmt_receive.c. */
typedef struct tuv_server_stmt_answers_s {
  void (*replied)(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
  void (*failed)(tuv_op_t* op, const tuv_failure_t* failure);
} tuv_server_stmt_answers_t;

/* The fields are known, or *failure says why not. */
typedef void (*tuv_fields_known_cb)(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure);

/* What a server statement is doing: its message in flight. */
typedef enum {
  TUV_STEP_NONE,
  /* being prepared */
  TUV_STEP_INIT,
  TUV_STEP_PROBE, /* with the hint for the table, to learn the fields */
  TUV_STEP_PREPARE,
  TUV_STEP_PROBE_NAME, /* these three: the first version */
  TUV_STEP_TAG_FIELDS,
  TUV_STEP_COLUMN_FIELDS,
  TUV_STEP_FIELDS, /* old gateways: a query for the fields, over another endpoint */
  TUV_STEP_SCALES, /* a query for the scales of DECIMALs */
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

/* A server statement. A statement uses it, or it has an open result, or waits in the cache of its
 * connection, or is closed when its answer comes. */
struct tuv_server_stmt_s {
  tuv_dependent_t dependent; /* on its connection */
  tuv_queue_t cached;        /* in its connection's cache */
  tuv_conn_t* conn;
  taosuv_stmt_t* stmt; /* that uses it; or NULL */
  const tuv_server_stmt_answers_t* answers;
  tuv_result_owner_t owner; /* of the result, while there is one */
  taosuv_result_t* result;  /* open, so that nothing else may be sent; or NULL */
  tuv_op_t op;
  uint64_t id;                      /* 0: not known yet */
  tuv_refbuf_t* source;             /* tuv_source_t */
  tuv_refbuf_t* field_list;         /* tuv_field_list_t; NULL until it is known */
  struct tuv_fields_s* asking;      /* the query for the fields; or NULL */
  tuv_fields_known_cb fields_known; /* called when it is answered */
  uint64_t session;                 /* the client's when it was prepared */
  uint64_t order;                   /* the client's stmts_order when its SQL was sent */
  uint64_t ready_at;                /* uv_hrtime when that was answered */
  uint32_t table;                   /* first version: which of the batch's tables */
  uint8_t step;                     /* tuv_server_stmt_step_t */
  bool first;                       /* speaks the first version */
  bool prepared;
  bool poisoned; /* something is bound and not executed, or executed and not fetched */
  bool kept;     /* it was in the cache: its table may have changed since */
};

/* Whether it inserts into tables that must exist. If another client drops such a table and creates
 * it again, servers report rows as written that are lost. So it is used only for batches that were
 * given before it was prepared. */
static inline bool tuv_server_stmt_names_tables(const tuv_server_stmt_t* server_stmt) {
  return server_stmt->field_list != NULL && tuv_field_list_of(server_stmt->field_list)->insert &&
         !tuv_source_of(server_stmt->source)->scan.super_table;
}

/* How batches are encoded. Servers before 3.4 store the text of a DECIMAL as if it were its integer
 * (PROTOCOL 6.3.3). */
static inline tuv_batch_encoding_t tuv_server_stmt_encoding(const tuv_server_stmt_t* server_stmt) {
  tuv_batch_encoding_t encoding = {
      .format = server_stmt->first ? TUV_BATCH_V1 : TUV_BATCH_STMT2,
      .decimal_text = server_stmt->conn->version >= TUV_VERSION(3, 4, 0, 0)};
  return encoding;
}

/* Sets its open result: it sends nothing else before that is read or closed. */
void tuv_server_stmt_own(tuv_server_stmt_t* server_stmt, taosuv_result_t* result);

tuv_server_stmt_t* tuv_server_stmt_create(taosuv_stmt_t* stmt, tuv_conn_t* conn,
                                          const tuv_server_stmt_answers_t* answers);

/* Takes one out of the cache of a connection with less than `bound` in flight; or returns NULL. */
tuv_server_stmt_t* tuv_server_stmt_take_cached(taosuv_client_t* client, tuv_refbuf_t* source,
                                               size_t bound);

/* It is not used any more: puts it into the cache, or closes it. */
void tuv_server_stmt_settle(tuv_server_stmt_t* server_stmt);

/* Closes it on the server, and frees it. */
void tuv_server_stmt_discard(tuv_server_stmt_t* server_stmt);

/* The server has closed it, or cannot: frees it. */
void tuv_server_stmt_closed(tuv_server_stmt_t* server_stmt);

/* Closes all cached statements that are older than the last change of tables, if that is due. */
void tuv_server_stmt_drop_old(taosuv_client_t* client);

/* Closes all cached statements for an SQL. */
void tuv_server_stmt_forget(taosuv_client_t* client, tuv_refbuf_t* source);

#endif
