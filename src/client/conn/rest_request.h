/* Operations over HTTP: how they are sent, and what they are given of a reply. */
#ifndef TUV_CLIENT_REST_H
#define TUV_CLIENT_REST_H

#include "client/conn/conn.h"

/* What a reply must be to count as a success. */
typedef enum {
  TUV_REST_SQL,  /* the JSON of /rest/sql with code 0 */
  TUV_REST_JSON, /* any JSON object with code 0 */
  TUV_REST_DONE  /* any status of the two hundreds; its body does not matter */
} tuv_rest_kind_t;

typedef struct tuv_rest_message_s {
  const char* method;
  const char* target;
  size_t target_size;
  bool with_id;  /* op->id is appended to the target */
  bool no_token; /* the target does not take a Taosd token */
  bool has_body;
  const void* body;
  size_t size;
  /* The request's payload, of which `body` is the last part, when it may have to be sent again over
   * another connection; NULL: none. */
  const void* payload;
  tuv_rest_kind_t kind;
  bool repeatable; /* it may be executed twice: it is sent again if an idle connection was closed */
} tuv_rest_message_t;

/* The connection's own buffer for a target, empty; what was in it may be secret, and is wiped. */
tuv_buf_t* tuv_rest_target(tuv_conn_t* conn);

int tuv_rest_send(tuv_conn_t* conn, tuv_op_t* op, const tuv_rest_message_t* message);

/* One SQL statement to /rest/sql: an `encode`. */
int tuv_rest_sql(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size);
/* The same for a query of the library itself, which only reads. */
int tuv_rest_ask(tuv_op_t* op, tuv_conn_t* conn, const char* sql);

/* Whether the reply is that of an update, and its number of rows. */
bool tuv_rest_update(const tuv_conn_t* conn, int64_t* affected_rows);
/* The first cell of the reply's rows. Returns 0 or an error. *block is NULL when there is no cell, or
 * it is NULL. Otherwise the caller must unref it, and the column views it. */
int tuv_rest_cell(tuv_conn_t* conn, taosuv_column_t* column, taosuv_block_t** block);
/* Fails a request whose reply is not what it should be. */
void tuv_rest_fail(tuv_op_t* op, tuv_conn_t* conn, int status, const char* text);

/* Writes the target and the credentials, once for each client. */
int tuv_rest_prepare(tuv_conns_t* conns, tuv_errmsg_t* err);

/* login_rest.c */
void tuv_rest_login(tuv_conn_t* conn);

#endif
