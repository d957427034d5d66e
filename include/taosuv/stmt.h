/* Prepared statements: parsed once by the server, fed with typed values, many rows a message. */
#ifndef TAOSUV_STMT_H
#define TAOSUV_STMT_H

#include "bind.h"
#include "query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A statement belongs to the library: made by taosuv_stmt_prepare, ended by taosuv_stmt_close. It
 * is prepared on one connection at a time; when that one is gone, when the server has lost it or a
 * refused batch has made it useless there, the next exec prepares it again, unseen. An INSERT
 * without USING is prepared again for each batch (see taosuv_stmt_exec). Servers from 3.3.6.0 on
 * are spoken to by stmt2, from 3.4.1.13 on with one message a batch where that is not much longer,
 * older ones by the first version of statements; the URL's stmt_version=1 or 2 decides otherwise.
 * Over http:// there are none. */
typedef struct taosuv_stmt_s taosuv_stmt_t;

/* Makes a statement of an SQL with question marks: an INSERT, whose fields the server tells, or a
 * query. `sql` is UTF-8 and copied. One that was prepared before and closed is taken from its
 * connection's cache (stmt_cache): a query without a message; an INSERT with USING with one, which
 * asks for its fields as they are now; an INSERT without USING is not kept. The table that `table`
 * names is asked for the fields where the SQL names none: `insert into ? values(…)`; all tables
 * that are bound must have its columns.
 *
 * Returns also TAOSUV_ENOTSUP: without a question mark, for `insert into ? values(…)` without
 * `table`, and over http://. Completes with what the server says of the SQL (TAOSUV_ESERVER), with
 * TAOSUV_EVERSION (stmt_version=2 and a server before 3.3.5.0; a query and one before 3.2.2.0), and
 * with TAOSUV_ENOTSUP: a type, or with the first version a form of SQL, that cannot be sent to this
 * server. By the first version the first column must be the TIMESTAMP, and all others are refused
 * where the precision is not milliseconds: gateways would make other times of them. */
typedef struct taosuv_stmt_prepare_s taosuv_stmt_prepare_t;
typedef void (*taosuv_stmt_prepare_cb)(taosuv_stmt_prepare_t* req, int status);
struct taosuv_stmt_prepare_s {
  TAOSUV_REQ_FIELDS
  taosuv_stmt_prepare_cb cb;
  const char* table;   /* in: see above; NUL-terminated; NULL: none. Copied */
  taosuv_stmt_t* stmt; /* out: to be closed by the caller; NULL after a failure of _prepare */
};
TAOSUV_EXTERN int taosuv_stmt_prepare(taosuv_client_t* client, taosuv_stmt_prepare_t* req,
                                      const char* sql, size_t length, taosuv_stmt_prepare_cb cb);
/* The same statement with another SQL, or with the same when the table has changed: a new one is
 * prepared on the server in any case. What is bound and not executed is dropped. TAOSUV_EBUSY
 * while anything of the statement is pending. After a failure the statement can only be prepared
 * again or closed. */
TAOSUV_EXTERN int taosuv_stmt_reprepare(taosuv_stmt_t* stmt, taosuv_stmt_prepare_t* req,
                                        const char* sql, size_t length, taosuv_stmt_prepare_cb cb);

TAOSUV_EXTERN int taosuv_stmt_is_insert(const taosuv_stmt_t* stmt);
/* What is to be bound: of an INSERT its fields; of a query NULL and the number of its `?`. */
TAOSUV_EXTERN const taosuv_stmt_field_t* taosuv_stmt_fields(const taosuv_stmt_t* stmt,
                                                            uint32_t* count);

/* ---- binding: local, nothing is sent. A failed call changes nothing and says what is wrong
 * (table, column, row) in taosuv_stmt_message; rows are counted from 0, in arrays from their
 * beginning, otherwise in the table's rows of this batch. Values are copied.
 *
 * Statuses: TAOSUV_ETYPE a type that does not fit the field · TAOSUV_ERANGE a number out of the
 * field's range, a text longer than it · TAOSUV_EINVAL wrong counts, no table, a row that is
 * unfinished, text that is not UTF-8 (NCHAR), JSON that is not an object, bytes that are not a WKB geometry, NULL in the table's TIMESTAMP · TAOSUV_ENOTSUP see taosuv_value_t · TAOSUV_ENOMEM. ---- */

/* The table that tags and rows from now on are for; needed when the SQL has a `?` for the table. A
 * name that the batch has already goes on with that table. Forms: "Names of tables" in client.h;
 * where tags are bound at most 192 bytes with the database (servers cut off more): TAOSUV_ERANGE.
 * A table that gets no rows is left out, and its tags with it. */
TAOSUV_EXTERN int taosuv_bind_table(taosuv_stmt_t* stmt, const char* name, size_t length);
/* The current table's tags: one value a tag field, in their order. Others for the same table
 * replace them; the same again cost nothing. */
TAOSUV_EXTERN int taosuv_bind_tags(taosuv_stmt_t* stmt, const taosuv_value_t* tags, uint32_t count);
/* `rows` rows of the current table: one array a column field, in their order. Of a query one row,
 * whose arrays then choose the types that the parameters are sent as (not DECIMAL). */
TAOSUV_EXTERN int taosuv_bind_columns(taosuv_stmt_t* stmt, uint32_t rows,
                                      const taosuv_array_t* columns, uint32_t count);
/* One row; of a query its parameters. */
TAOSUV_EXTERN int taosuv_bind_row(taosuv_stmt_t* stmt, const taosuv_value_t* values,
                                  uint32_t count);
/* One row value by value: each goes to the next column, and with the last one the row is complete.
 * After a failure the same column waits for another value; taosuv_bind_undo drops the unfinished
 * row. */
TAOSUV_EXTERN int taosuv_bind_null(taosuv_stmt_t* stmt);
TAOSUV_EXTERN int taosuv_bind_bool(taosuv_stmt_t* stmt, int truth);
TAOSUV_EXTERN int taosuv_bind_i64(taosuv_stmt_t* stmt, int64_t number);
TAOSUV_EXTERN int taosuv_bind_u64(taosuv_stmt_t* stmt, uint64_t number);
TAOSUV_EXTERN int taosuv_bind_f64(taosuv_stmt_t* stmt, double number);
TAOSUV_EXTERN int taosuv_bind_text(taosuv_stmt_t* stmt, const char* text, size_t length);
TAOSUV_EXTERN int taosuv_bind_bytes(taosuv_stmt_t* stmt, const void* bytes, size_t length);
TAOSUV_EXTERN int taosuv_bind_timespec(taosuv_stmt_t* stmt, struct timespec time);
TAOSUV_EXTERN void taosuv_bind_undo(taosuv_stmt_t* stmt);
/* Drops all that is bound and not executed. */
TAOSUV_EXTERN void taosuv_bind_clear(taosuv_stmt_t* stmt);
/* What is bound and not executed. */
TAOSUV_EXTERN uint64_t taosuv_bind_rows(const taosuv_stmt_t* stmt);
TAOSUV_EXTERN size_t taosuv_bind_size(taosuv_stmt_t* stmt); /* bytes of the message as it is now */
/* Why the last binding or exec call failed; "" if it did not. Until the next call. */
TAOSUV_EXTERN const char* taosuv_stmt_message(const taosuv_stmt_t* stmt);

/* Executes what is bound: the batch leaves the statement, which is empty again when the call
 * returns. Several batches may be pending: they run one after another, each with its own affected
 * rows; one that fails does not stop the next. TAOSUV_EINVAL without a row, with an unfinished row,
 * without a table's name or tags, and when the last prepare failed; TAOSUV_ERANGE, by the first
 * version, for a time before 1677 or after 2262; TAOSUV_EMSGSIZE when a message would be larger
 * than max_message_size (taosuv_stmt_message says by how much); TAOSUV_EBUSY while the statement is
 * being prepared; TAOSUV_ESCHEMA, see below; TAOSUV_EAGAIN. After each of these the batch is still
 * there.
 *
 * Completes with TAOSUV_ESERVER when the server refuses the batch, and with TAOSUV_ESCHEMA when the
 * statement had to be prepared again and its fields are others now: from then on it can only be
 * prepared by taosuv_stmt_reprepare. A refusal that may mean that the statement was prepared before
 * its table changed (ALTER, or a table that was dropped and made again) is not reported. Nothing
 * was executed, so the statement is prepared again and the batch is sent again, once; up to five
 * times when the server says clearly that its knowledge of the table is out of date. The request's
 * time limit includes that. Only what a newly prepared statement is refused for is reported.
 *
 * An INSERT without USING needs tables that exist. When another client drops such a table and makes
 * it again, servers accept rows for the old one: they report them as written, and the rows are
 * lost. So such a statement is prepared on the server after the call of taosuv_stmt_exec, which
 * costs a round trip. Waiting batches share it. A batch that is given in the callback of
 * taosuv_stmt_prepare uses what was just prepared. A client cannot see that a table is replaced
 * between the server's answers to the prepare and to the exec. USING has neither that cost nor that
 * risk.
 *
 * A batch that was not executed when its connection died is sent
 * again over another one, five times at most; one that may have been fails with TAOSUV_ECONNLOST
 * and TAOSUV_ERR_MAYBE_EXECUTED, unless the request is `idempotent`. Rows with timestamps of their
 * own are: a row of the same table and timestamp overwrites the one before. A batch that is
 * cancelled, or whose time is up, while the server executes it still holds the next one back until
 * the answer comes. An open result holds what it came from: the next exec prepares another one
 * then. */
typedef struct taosuv_stmt_exec_s taosuv_stmt_exec_t;
typedef void (*taosuv_stmt_exec_cb)(taosuv_stmt_exec_t* req, int status);
struct taosuv_stmt_exec_s {
  TAOSUV_REQ_FIELDS
  taosuv_stmt_exec_cb cb;
  taosuv_stmt_t* stmt;     /* out: NULL when it was closed meanwhile */
  taosuv_result_t* result; /* out: of a query; to be closed by the caller */
  int64_t affected_rows;   /* out: rows of this batch */
};
TAOSUV_EXTERN int taosuv_stmt_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req,
                                   taosuv_stmt_exec_cb cb);

/* Ends a statement at any moment, also after its client is closed: pending requests complete with
 * TAOSUV_ECANCELED and `stmt` NULL. Its results stay readable. NULL is allowed. */
TAOSUV_EXTERN void taosuv_stmt_close(taosuv_stmt_t* stmt);

#ifdef __cplusplus
}
#endif

#endif
