/* Prepared statements: the server parses them once; they take typed values, many rows per
 * message. */
#ifndef TAOSUV_STMT_H
#define TAOSUV_STMT_H

#include "bind.h"
#include "query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A statement belongs to the library: created by taosuv_stmt_prepare, ended by taosuv_stmt_close.
 * It is prepared on one connection at a time. If that connection is lost, if the server has lost
 * the statement, or if a refused batch has made it unusable there, the next exec prepares it again.
 * An INSERT without USING is prepared again for each batch (see taosuv_stmt_exec). Servers from
 * 3.3.6.0 on are used with stmt2, older ones with the first version of the protocol; from 3.4.1.13
 * on, a batch is one message unless that would be much longer. The URL's stmt_version=1 or 2
 * overrides this choice. Statements are not available over http://. */
typedef struct taosuv_stmt_s taosuv_stmt_t;

/* Prepares an SQL text with question marks: an INSERT, whose fields the server reports, or a query.
 * `sql` is UTF-8 and copied. A statement that was prepared before and closed is taken from the
 * cache of its connection (stmt_cache): a query needs no message then; an INSERT with USING needs
 * one, which asks for its current fields; an INSERT without USING is not cached. If the SQL names
 * no table, as in `insert into ? values(…)`, the fields are those of the table that `table` names;
 * all tables that are bound must have its columns.
 *
 * Returns also TAOSUV_ENOTSUP: without a question mark, for `insert into ? values(…)` without
 * `table`, and over http://. Completes with TAOSUV_ESERVER if the server refuses the SQL; with
 * TAOSUV_EVERSION for stmt_version=2 and a server before 3.3.5.0, or a query and a server before
 * 3.2.2.0; and with TAOSUV_ENOTSUP for a type that cannot be sent to this server, or, with the
 * first version, such a form of SQL. With the first version the first column must be the TIMESTAMP,
 * and a second TIMESTAMP is refused unless the precision is milliseconds: gateways would change its
 * value. */
typedef struct taosuv_stmt_prepare_s taosuv_stmt_prepare_t;
typedef void (*taosuv_stmt_prepare_cb)(taosuv_stmt_prepare_t* req, int status);
struct taosuv_stmt_prepare_s {
  TAOSUV_REQ_FIELDS
  taosuv_stmt_prepare_cb cb;
  const char* table;   /* in: see above; NUL-terminated, copied; NULL: none */
  taosuv_stmt_t* stmt; /* out: to be closed by the caller; NULL after a failure of _prepare */
};
TAOSUV_EXTERN int taosuv_stmt_prepare(taosuv_client_t* client, taosuv_stmt_prepare_t* req,
                                      const char* sql, size_t length, taosuv_stmt_prepare_cb cb);
/* Prepares a statement again, with another SQL, or with the same SQL after the table has changed.
 * The server always prepares a new one. Rows that are bound and not executed are dropped.
 * TAOSUV_EBUSY while a request of the statement is pending. After a failure the statement can only
 * be prepared again or closed. */
TAOSUV_EXTERN int taosuv_stmt_reprepare(taosuv_stmt_t* stmt, taosuv_stmt_prepare_t* req,
                                        const char* sql, size_t length, taosuv_stmt_prepare_cb cb);

TAOSUV_EXTERN int taosuv_stmt_is_insert(const taosuv_stmt_t* stmt);
/* What has to be bound: the fields of an INSERT; for a query it returns NULL, and *count is the
 * number of its `?`. */
TAOSUV_EXTERN const taosuv_stmt_field_t* taosuv_stmt_fields(const taosuv_stmt_t* stmt,
                                                            uint32_t* count);

/* ---- binding: local, nothing is sent ----
 *
 * A call that fails changes nothing; taosuv_stmt_message says what is wrong (table, column, row).
 * Rows are counted from 0: in arrays from the start of the array, otherwise from the table's first
 * row in this batch. Values are copied.
 *
 * Statuses: TAOSUV_ETYPE a type that does not fit the field · TAOSUV_ERANGE a number out of the
 * field's range, a text longer than it · TAOSUV_EINVAL wrong counts, no table, a row that is
 * unfinished, text that is not UTF-8 (NCHAR), JSON that is not an object, bytes that are not a WKB
 * geometry, NULL in the table's TIMESTAMP · TAOSUV_ENOTSUP see taosuv_value_t · TAOSUV_ENOMEM. */

/* Sets the table of the following tags and rows; needed if the SQL has a `?` for the table. If the
 * batch already has that name, the table is continued. Forms: see "Names of tables" in client.h. If
 * tags are bound, a name has at most 192 bytes including the database (servers cut off the rest):
 * TAOSUV_ERANGE. A table without rows is omitted, and so are its tags. */
TAOSUV_EXTERN int taosuv_bind_table(taosuv_stmt_t* stmt, const char* name, size_t length);
/* Sets the tags of the current table: one value per tag field, in their order. Later tags for the
 * same table replace them; setting the same tags again costs nothing. */
TAOSUV_EXTERN int taosuv_bind_tags(taosuv_stmt_t* stmt, const taosuv_value_t* tags, uint32_t count);
/* Binds `rows` rows of the current table: one array per column field, in their order. For a query
 * it binds one row, and the arrays determine the types in which the parameters are sent (not
 * DECIMAL). */
TAOSUV_EXTERN int taosuv_bind_columns(taosuv_stmt_t* stmt, uint32_t rows,
                                      const taosuv_array_t* columns, uint32_t count);
/* Binds one row, or the parameters of a query. */
TAOSUV_EXTERN int taosuv_bind_row(taosuv_stmt_t* stmt, const taosuv_value_t* values,
                                  uint32_t count);
/* Binds one row value by value: each call sets the next column, and the last one completes the row.
 * After a failure the same column can be set again; taosuv_bind_undo drops the unfinished row. */
TAOSUV_EXTERN int taosuv_bind_null(taosuv_stmt_t* stmt);
TAOSUV_EXTERN int taosuv_bind_bool(taosuv_stmt_t* stmt, int truth);
TAOSUV_EXTERN int taosuv_bind_i64(taosuv_stmt_t* stmt, int64_t number);
TAOSUV_EXTERN int taosuv_bind_u64(taosuv_stmt_t* stmt, uint64_t number);
TAOSUV_EXTERN int taosuv_bind_f64(taosuv_stmt_t* stmt, double number);
TAOSUV_EXTERN int taosuv_bind_text(taosuv_stmt_t* stmt, const char* text, size_t length);
TAOSUV_EXTERN int taosuv_bind_bytes(taosuv_stmt_t* stmt, const void* bytes, size_t length);
TAOSUV_EXTERN int taosuv_bind_timespec(taosuv_stmt_t* stmt, struct timespec time);
TAOSUV_EXTERN void taosuv_bind_undo(taosuv_stmt_t* stmt);
/* Drops all rows that are bound and not executed. */
TAOSUV_EXTERN void taosuv_bind_clear(taosuv_stmt_t* stmt);
/* The number of rows that are bound and not executed. */
TAOSUV_EXTERN uint64_t taosuv_bind_rows(const taosuv_stmt_t* stmt);
TAOSUV_EXTERN size_t taosuv_bind_size(taosuv_stmt_t* stmt); /* size of their message in bytes */
/* Why the last binding or exec call failed; "" if it succeeded. Valid until the next call. */
TAOSUV_EXTERN const char* taosuv_stmt_message(const taosuv_stmt_t* stmt);

/* Executes the rows that are bound, as one batch; the statement is empty again when the call
 * returns. Several batches may be pending: they are executed one after another, each with its own
 * affected rows, and a batch that fails does not stop the next one. Returns TAOSUV_EINVAL without a
 * row, with an unfinished row, without a table's name or tags, and if the last prepare failed;
 * TAOSUV_ERANGE, with the first version, for a time before 1677 or after 2262; TAOSUV_EMSGSIZE if a
 * message would be larger than max_message_size (taosuv_stmt_message says by how much);
 * TAOSUV_EBUSY while the statement is being prepared; TAOSUV_ESCHEMA, see below; TAOSUV_EAGAIN.
 * After each of these errors the rows are still bound.
 *
 * Completes with TAOSUV_ESERVER if the server refuses the batch, and with TAOSUV_ESCHEMA if the
 * statement had to be prepared again and its fields have changed: from then on only
 * taosuv_stmt_reprepare can prepare it. A refusal that may mean that the statement was prepared
 * before its table changed (ALTER, or a table that was dropped and recreated) is not reported.
 * Nothing was executed in that case, so the statement is prepared again and the batch is sent
 * again: once, or up to five times if the server says clearly that its information about the table
 * is out of date. The request's time limit includes this. An error is reported only if the newly
 * prepared statement is refused as well.
 *
 * An INSERT without USING needs existing tables. When another client drops and recreates such a
 * table, servers accept rows for the old one: they report them as written, and the rows are lost.
 * Such a statement is therefore prepared on the server after the call of taosuv_stmt_exec, which
 * costs one round trip. Waiting batches share it. A batch that is executed in the callback of
 * taosuv_stmt_prepare uses the statement that was just prepared. A client cannot detect that a
 * table is replaced between the server's answers to the prepare and to the exec. USING has neither
 * this cost nor this risk.
 *
 * If a batch was not executed when its connection was lost, it is sent again over another one, five
 * times at most. If it may have been executed, it fails with TAOSUV_ECONNLOST and
 * TAOSUV_ERR_MAYBE_EXECUTED, unless the request is `idempotent`. Rows with explicit timestamps are
 * idempotent: a row overwrites an earlier row of the same table and timestamp. A batch that is
 * cancelled or times out while the server executes it still delays the next batch until the answer
 * arrives. An open result occupies the prepared statement that it came from: the next exec then
 * prepares another one. */
typedef struct taosuv_stmt_exec_s taosuv_stmt_exec_t;
typedef void (*taosuv_stmt_exec_cb)(taosuv_stmt_exec_t* req, int status);
struct taosuv_stmt_exec_s {
  TAOSUV_REQ_FIELDS
  taosuv_stmt_exec_cb cb;
  taosuv_stmt_t* stmt;     /* out: NULL if it was closed meanwhile */
  taosuv_result_t* result; /* out: for a query; to be closed by the caller */
  int64_t affected_rows;   /* out: rows of this batch */
};
TAOSUV_EXTERN int taosuv_stmt_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req,
                                   taosuv_stmt_exec_cb cb);

/* Closes a statement at any time, also after its client is closed. Pending requests complete with
 * TAOSUV_ECANCELED and `stmt` NULL. Its results stay readable. NULL is allowed. */
TAOSUV_EXTERN void taosuv_stmt_close(taosuv_stmt_t* stmt);

#ifdef __cplusplus
}
#endif

#endif
