/* The writer: accepts rows one by one, from any part of a service, and writes them in large
 * batches. */
#ifndef TAOSUV_WRITER_H
#define TAOSUV_WRITER_H

#include "lines.h"
#include "stmt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A writer belongs to the library: created by taosuv_writer_open, ended by taosuv_writer_close. It
 * has a number of lanes, each with one message in flight and one batch being filled. All rows of a
 * table go through the same lane, so that their order is kept (if the table is always named with
 * its database, or always without it: see "Names of tables" in client.h). Batches of different
 * lanes are in flight at the same time, over all of the client's connections: a lane prefers an
 * idle connection, and lets the client open more, up to pool_size. (With stmt_cache=0 it stays on
 * its connection.) Lines use the client's usual choice of a connection.
 *
 * Order. A lane sends nothing while an earlier attempt may still be executed: it waits until that
 * attempt is answered, or until its connection has ended. So an attempt that is not answered within
 * timeout_ms is not sent again while its connection is up. The lane waits for the answer until
 * retry_ms have passed, and accepts a late answer. (A connection that does not answer pings is
 * ended, see ping_interval. Over http:// a connection cannot be probed: it is ended a sixth of
 * retry_ms after timeout_ms, and the batch is sent again.) When retry_ms have passed, the batch is
 * reported, and the lane waits for the answer for another retry_ms (over http:// a sixth of that).
 * Then it ends the connection of the attempt, with everything else in flight on it, and continues.
 * A client cannot detect that a message which was sent before its connection ended is executed
 * later: by a gateway that had already read it, or because a proxy delivers it late. Its rows may
 * then overwrite newer ones.
 *
 * Losses. A batch that was lost with its connection, or that the server was too busy for, is sent
 * again until retry_ms have passed. It may have been executed the first time. Rows of one table
 * with the same timestamp overwrite each other, so sending them again changes nothing, as long as
 * the caller sets every timestamp and no other client writes those rows meanwhile. After the second
 * loss in a row the batch is sent in parts, each half as large as the one before, until one
 * arrives. Then the parts grow again, first after each part that arrives, later after every eighth.
 *
 * Refusals. Rows that the server refuses for their content are not repeated but reported, with
 * their tables and numbers: no row is lost silently. The server does not say which row it refused.
 * So the batch is sent again in parts, down to single rows, until it is known which rows are
 * refused; only those are reported, and the others are written (see `divide`). A server may
 * nevertheless have stored some rows of a refused message, because it divides a message by vgroups.
 *
 * When the table has changed, statements are prepared again. If the fields are still the same,
 * nothing is reported: a batch that the server refuses only because its statement is out of date is
 * sent again (see taosuv_stmt_exec), and until retry_ms have passed if the server says clearly that
 * this is the reason. If the fields differ, the waiting rows are reported with TAOSUV_ESCHEMA,
 * calls return TAOSUV_EAGAIN for a while, and then rows must match the changed table
 * (taosuv_writer_fields). While the statement cannot be prepared (the table does not exist), rows
 * are refused with the server's answer, and the writer tries again twice a second. An SQL text that
 * names its columns and tags stays valid when others are added. If it does not name them, the
 * server refuses every batch because their number is wrong. If a column is made wider, a writer
 * uses the new width only if it is opened afterwards. While a table or a database does not exist,
 * batches are reported. */
typedef struct taosuv_writer_s taosuv_writer_t;

/* Rows are numbered from 0 in the order in which the writer accepted them. */
typedef struct taosuv_writer_range_s {
  const char* table; /* UTF-8, not NUL-terminated; lines have none */
  size_t length;
  uint64_t first, last; /* numbers of this table's first and last row in the batch */
  uint64_t rows;        /* number of rows; other numbers in between belong to other tables */
} taosuv_writer_range_t;

/* A batch, or a part of one, that was not written, or may not have been written. All pointers are
 * valid until the callback returns.
 *
 * A report covers all attempts to write these rows, not only the last one. `status`, `server_code`,
 * `host` and the text of the cause are those of the last attempt. `err_flags` has
 * TAOSUV_ERR_MAYBE_EXECUTED if any attempt may have been executed, including one of a larger
 * message that contained these rows; then `status` is TAOSUV_ETIMEDOUT instead of TAOSUV_EUNSENT.
 * After a single attempt `message` is the cause alone. After several, or if an earlier one may have
 * been executed, it says so, gives their number, and ends with the cause of the last one. */
typedef struct taosuv_writer_report_s {
  int status;
  unsigned int err_flags;
  int server_code;
  const char* message; /* never NULL */
  const char* host;    /* or NULL */
  /* Number of times that this message was sent; 0: never. Larger messages with the same rows are
   * not counted. */
  uint32_t attempts;
  uint64_t rows;
  const taosuv_writer_range_t* ranges; /* NULL if there was no memory to record them */
  size_t count;
  uint64_t reserved[4];
} taosuv_writer_report_t;

/* Totals since the writer was opened. rows_taken is rows_written + rows_failed + rows_pending. */
typedef struct taosuv_writer_totals_s {
  uint64_t rows_taken;
  uint64_t rows_written; /* in batches that the server has executed */
  uint64_t rows_failed;  /* in batches that were reported */
  uint64_t rows_pending; /* waiting, or in flight */
  uint64_t bytes_pending;
  uint64_t batches;      /* batches and parts of batches that were written */
  uint64_t retries;      /* number of times that one was sent again */
  int64_t affected_rows; /* as the server counted */
  uint64_t parts;        /* parts that were sent because their batch was refused or lost */
  uint64_t reserved[3];
} taosuv_writer_totals_t;

typedef void (*taosuv_writer_report_cb)(taosuv_writer_t* writer,
                                        const taosuv_writer_report_t* report, void* data);
typedef void (*taosuv_writer_drain_cb)(taosuv_writer_t* writer, void* data);

/* Initialise with taosuv_writer_options_init, then set the fields that should differ. 0 selects the
 * default. Texts are copied before taosuv_writer_open returns. */
typedef struct taosuv_writer_options_s {
  size_t size; /* sizeof(taosuv_writer_options_t) of the caller's header */
  /* Rows: an INSERT with question marks, such as
   * "INSERT INTO ? USING meters TAGS(?, ?) VALUES(?, ?, ?)". NULL: a writer of lines. */
  const char* sql;
  size_t sql_length;
  const char* table; /* as in taosuv_stmt_prepare_t; may be NULL */
  /* Lines: their format, and the unit of their timestamps. The JSON format cannot be used. */
  int format;                 /* taosuv_lines_format_t */
  int precision;              /* taosuv_lines_precision_t */
  const char* table_name_key; /* as in taosuv_insert_lines_t */
  size_t table_name_key_length;
  uint32_t lanes; /* maximum number of batches in flight; default 4, at most 64 */
  /* A batch is sent when it reaches one of these limits. On an idle lane it may exceed the limit by
   * the rows of the last call. Rows that arrive while the lane is busy are sent in several batches.
   * None of these has more rows or, unless it is a single row, more bytes than the limits (rows are
   * counted as by stmt2, with the tags of a table once). */
  uint32_t batch_rows;   /* rows; default 10,000 */
  size_t batch_bytes;    /* bytes; default 1 MiB, at most half of max_message_size */
  uint32_t batch_age_ms; /* age of its first row in ms; default 100 */
  /* Bytes of all rows that wait or are in flight; default 64 MiB. Beyond it calls return
   * TAOSUV_EAGAIN. Their size in messages is counted: the memory used may be ten times as large if
   * each row has its own table, and twice as large if tables have many rows. */
  size_t max_bytes;
  /* The time limit of one attempt; 0: the client's request_timeout. An attempt that was not sent by
   * then is not executed; for one that was sent the writer waits (see "Order"). */
  uint64_t timeout_ms;
  /* Time in ms for which attempts to send a batch may start. The default is 120,000, or twice the
   * time limit of an attempt if that is more. 1: there is only one attempt. If it is less than the
   * time limit of an attempt, a batch is not sent again when its connection becomes silent. The
   * last attempt may take its whole time limit. A batch also waits this long for room in the
   * client's queue (120,000 if it is 1), and is then reported with TAOSUV_EAGAIN and 0
   * attempts. */
  uint64_t retry_ms;
  taosuv_writer_report_cb on_report; /* required: it reports rows that could not be written */
  taosuv_writer_drain_cb on_drain;   /* called once after TAOSUV_EAGAIN, when there is room; may be
                                      NULL */
  void* data;                        /* for both */
  /* How many messages of one batch may be refused while it is divided; then the rest of the batch
   * is reported as a whole. 0: 1,000, which is enough for about one bad row in a hundred of 10,000
   * (a single bad row takes about 14). TAOSUV_WRITER_NO_DIVIDE: a batch that is refused is reported
   * undivided. Nothing is divided if retry_ms is 1, or if the reason concerns all rows (a database
   * or super table that does not exist, privileges). */
  uint32_t divide;
} taosuv_writer_options_t;

#define TAOSUV_WRITER_NO_DIVIDE UINT32_MAX

TAOSUV_EXTERN void taosuv_writer_options_init(taosuv_writer_options_t* options);

/* Opens a writer: prepares a statement for each lane, one after another if the client's queue is
 * short. The request is the caller's memory, zeroed before its first use, and pending until its
 * callback begins; only closing the client ends it early (TAOSUV_ECANCELED). Returns 0,
 * TAOSUV_EINVAL (invalid options), TAOSUV_ENOMEM, TAOSUV_ECLOSED, TAOSUV_EBUSY, or what
 * taosuv_stmt_prepare or taosuv_insert_lines returns: TAOSUV_EAGAIN while the client's queue is
 * full, TAOSUV_ENOTSUP for rows over http://. Completes as taosuv_stmt_prepare does, and with
 * TAOSUV_EINVAL for an SQL text that is not an INSERT. */
typedef struct taosuv_writer_open_s taosuv_writer_open_t;
typedef void (*taosuv_writer_open_cb)(taosuv_writer_open_t* req, int status);
struct taosuv_writer_open_s {
  void* data;
  taosuv_writer_open_cb cb;
  taosuv_writer_t* writer; /* out: to be closed by the caller; NULL after a failure */
  const char* message;     /* out: what went wrong, until the callback returns */
  int server_code;         /* out */
  void* priv[4];
};
TAOSUV_EXTERN int taosuv_writer_open(taosuv_client_t* client, taosuv_writer_open_t* req,
                                     const taosuv_writer_options_t* options,
                                     taosuv_writer_open_cb cb);

/* The fields that have to be bound, as from taosuv_stmt_fields. Valid until the writer is closed or
 * the table has changed. */
TAOSUV_EXTERN const taosuv_stmt_field_t* taosuv_writer_fields(const taosuv_writer_t* writer,
                                                              uint32_t* count);

/* Writes one row of a table. The table is created with these tags if it does not exist and the SQL
 * has USING. Values are copied. `table` is NULL and `ntags` 0 if the SQL has no `?` for them. If
 * the rows of a table in one batch have different tags, those of the last row are sent; the server
 * ignores them if the table exists. Returns 0; TAOSUV_EAGAIN if max_bytes are pending, or if the
 * table's lane is full, must send other rows before a large one, or is being prepared again
 * (on_drain follows); TAOSUV_EINVAL, TAOSUV_ETYPE, TAOSUV_ERANGE for values that cannot be bound;
 * the error of preparing the statement again after a change of the table; TAOSUV_ENOMEM;
 * TAOSUV_ECLOSED; TAOSUV_EBUSY in a hook. If it does not return 0, nothing has changed (not even
 * the table's tags), and taosuv_writer_message says why. */
TAOSUV_EXTERN int taosuv_writer_row(taosuv_writer_t* writer, const char* table, size_t length,
                                    const taosuv_value_t* tags, uint32_t ntags,
                                    const taosuv_value_t* values, uint32_t count);
/* The same for many rows, by column. */
TAOSUV_EXTERN int taosuv_writer_columns(taosuv_writer_t* writer, const char* table, size_t length,
                                        const taosuv_value_t* tags, uint32_t ntags, uint32_t rows,
                                        const taosuv_array_t* columns, uint32_t count);

/* Writes one or more lines of one measurement, with a writer of lines. (Lines of several
 * measurements are accepted, but the order is kept only among calls that begin with the same
 * measurement.) Blank lines, comments and a CR at the end of a line are omitted. TAOSUV_EINVAL for
 * a text that is not a line, is not UTF-8 or has a NUL; TAOSUV_EMSGSIZE for a text that as JSON is
 * larger than half of max_message_size; otherwise it returns what taosuv_writer_row returns. */
TAOSUV_EXTERN int taosuv_writer_lines(taosuv_writer_t* writer, const char* text, size_t length);

/* Why the last call failed; "" if it succeeded. Valid until the next call. */
TAOSUV_EXTERN const char* taosuv_writer_message(const taosuv_writer_t* writer);

TAOSUV_EXTERN void taosuv_writer_totals(const taosuv_writer_t* writer,
                                        taosuv_writer_totals_t* totals);

/* Sends all waiting rows at once, and calls back when every row that was accepted before has been
 * written or reported. Returns 0, TAOSUV_EINVAL, TAOSUV_EBUSY (the request is pending, or a hook is
 * running) or TAOSUV_ECLOSED. */
typedef struct taosuv_writer_flush_s taosuv_writer_flush_t;
typedef void (*taosuv_writer_flush_cb)(taosuv_writer_flush_t* req);
struct taosuv_writer_flush_s {
  void* data;
  taosuv_writer_flush_cb cb;
  uint64_t rows_failed; /* out: failed rows among those that were pending at the call */
  void* priv[8];
};
TAOSUV_EXTERN int taosuv_writer_flush(taosuv_writer_t* writer, taosuv_writer_flush_t* req,
                                      taosuv_writer_flush_cb cb);

/* Closes a writer. It accepts no more rows, writes the waiting ones, calls back once with the
 * totals, and is freed. There is no time limit while rows are being written. Without progress it
 * ends after three times retry_ms and four times the time limit of an attempt. Without a time limit
 * (timeout_ms and the client's request_timeout are 0) it waits for a silent server until its
 * connection is lost. If the client is closed first, pending rows are reported with
 * TAOSUV_ECANCELED. NULL is allowed; `cb` may be NULL. */
typedef void (*taosuv_writer_close_cb)(const taosuv_writer_totals_t* totals, void* data);
TAOSUV_EXTERN void taosuv_writer_close(taosuv_writer_t* writer, taosuv_writer_close_cb cb,
                                       void* data);

#ifdef __cplusplus
}
#endif

#endif
