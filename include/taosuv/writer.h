/* The writer: takes rows one by one, from anywhere in a service, and writes them in large
 * batches. */
#ifndef TAOSUV_WRITER_H
#define TAOSUV_WRITER_H

#include "lines.h"
#include "stmt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A writer belongs to the library: made by taosuv_writer_open, ended by taosuv_writer_close. It has
 * a number of lanes, each with one message in flight and one batch being filled. All rows of a
 * table go through the same lane, so that their order is kept (of a table that always or never has
 * its database in front: see "Names of tables" in client.h); batches of different lanes travel side
 * by side, over as many connections as the client has: a lane goes to one that has nothing to do
 * rather than behind others, and has the client open more, up to pool_size. (With stmt_cache=0 it
 * stays where it is.) Lines follow the client's usual choice.
 *
 * Order. A lane sends nothing while an earlier attempt of it may still be executed: it waits until
 * that attempt is answered, or until its connection has ended. So an attempt that is not answered
 * within timeout_ms is not sent again while its connection lives. The lane waits for its answer
 * until retry_ms are over, and a late answer counts like one in time. (A connection that does not
 * answer pings ends, see ping_interval. Over http:// a connection cannot be probed: it is ended a
 * sixth of retry_ms after timeout_ms, and the batch is sent again.) When retry_ms are over the
 * batch is reported, and the lane waits for the answer for another retry_ms (over http:// a sixth
 * of them); then it ends the attempt's connection, with everything else in flight on it, and goes
 * on. No client can see that a message which was sent before its connection ended is executed
 * later: by a gateway that had read it already, or out of a proxy's buffers. Then its rows may
 * overwrite newer ones.
 *
 * Losses. A batch that was lost with its connection, or that the server was too busy for, is sent
 * again until retry_ms have passed. It may have been executed the first time. Rows of one table
 * with the same timestamp overwrite each other, so a repeat changes nothing, as long as every row
 * has its timestamp from the caller and nobody else writes those rows meanwhile. From the second
 * loss in a row on the batch is sent in parts, each half as large as the one before, until one
 * arrives. Then the parts grow again, at first with every one that arrives, later with every
 * eighth.
 *
 * Refusals. What the server refuses for its content is not repeated but reported, with its tables
 * and rows: nothing is lost silently. The server does not say which row it refused. So the batch is
 * sent again in parts, down to single rows, until it is known which rows are refused; only those
 * are reported, and the others are written (see `divide`). A server may nevertheless have stored
 * some of what it refused, because it divides a message by vgroups.
 *
 * When the table has changed, statements are prepared again. If what is to be bound is still the
 * same, nothing is reported: a batch that the server refuses only because its statement is out of
 * date is sent again (see taosuv_stmt_exec), and until retry_ms have passed when the server says
 * clearly that this is the reason. If it is not the same, what was gathered is reported with
 * TAOSUV_ESCHEMA, calls return TAOSUV_EAGAIN for a while, and then rows are taken as the table is
 * now (taosuv_writer_fields). While that cannot be prepared (the table is gone), rows are refused
 * with the server's answer, and the writer tries again twice a second. An SQL that names its
 * columns and tags goes on when others are added. To one that does not name them the server answers
 * that their number is wrong, for every batch. A writer knows the new width of a column that was
 * made wider only if it is opened afterwards. While a table or a database does not exist, batches
 * are reported. */
typedef struct taosuv_writer_s taosuv_writer_t;

/* Rows are numbered from 0 in the order in which the writer took them. */
typedef struct taosuv_writer_range_s {
  const char* table; /* UTF-8, not NUL-terminated; lines have none */
  size_t length;
  uint64_t first, last; /* numbers of this table's first and last row in the batch */
  uint64_t rows;        /* how many of them; others between are other tables' */
} taosuv_writer_range_t;

/* A batch, or a part of one, that was not written, or may not have been. All pointers live until
 * the callback returns.
 *
 * A report is about all attempts to write these rows, not only about the last one. `status`,
 * `server_code`, `host` and the text of the cause are those of the last attempt. `err_flags` has
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
  /* How often this message was sent; 0: never. Larger ones with the same rows are not counted. */
  uint32_t attempts;
  uint64_t rows;
  const taosuv_writer_range_t* ranges; /* NULL when there was no memory to remember them */
  size_t count;
  uint64_t reserved[4];
} taosuv_writer_report_t;

/* Sums since the writer was opened. rows_taken is rows_written + rows_failed + rows_pending. */
typedef struct taosuv_writer_totals_s {
  uint64_t rows_taken;
  uint64_t rows_written; /* in batches that the server has executed */
  uint64_t rows_failed;  /* in batches that were reported */
  uint64_t rows_pending; /* gathered, or in flight */
  uint64_t bytes_pending;
  uint64_t batches;      /* written, and parts of them */
  uint64_t retries;      /* how often one was sent once more */
  int64_t affected_rows; /* as the server counted */
  uint64_t parts;        /* of batches that were sent because the batch was refused or lost */
  uint64_t reserved[3];
} taosuv_writer_totals_t;

typedef void (*taosuv_writer_report_cb)(taosuv_writer_t* writer,
                                        const taosuv_writer_report_t* report, void* data);
typedef void (*taosuv_writer_drain_cb)(taosuv_writer_t* writer, void* data);

/* Initialise with taosuv_writer_options_init, then set what differs. 0 stands for the default.
 * Texts are copied before taosuv_writer_open returns. */
typedef struct taosuv_writer_options_s {
  size_t size; /* sizeof(taosuv_writer_options_t) of the caller's header */
  /* Rows: an INSERT with question marks, such as
   * "INSERT INTO ? USING meters TAGS(?, ?) VALUES(?, ?, ?)". NULL: a writer of lines. */
  const char* sql;
  size_t sql_length;
  const char* table; /* as of taosuv_stmt_prepare_t; may be NULL */
  /* Lines: how they are written and what their times mean. JSON cannot be gathered. */
  int format;                 /* taosuv_lines_format_t */
  int precision;              /* taosuv_lines_precision_t */
  const char* table_name_key; /* as of taosuv_insert_lines_t */
  size_t table_name_key_length;
  uint32_t lanes; /* batches in flight at most: 4; 64 at most */
  /* A batch is sent when it reaches one of these limits. An idle lane's batch is as large as that
   * and the last call's rows. What gathers while the lane is busy is sent in several batches. None
   * of these has more rows or, unless it is a single row, more bytes than the limits (rows are
   * counted as by stmt2, with the tags of a table once). */
  uint32_t batch_rows;   /* rows: 10,000 */
  size_t batch_bytes;    /* bytes: 1 MiB; at most half of max_message_size */
  uint32_t batch_age_ms; /* age of its first row: 100 ms */
  /* Bytes of all that is gathered or in flight: 64 MiB; beyond it TAOSUV_EAGAIN. They are counted
   * as messages: in memory it may be ten times as much where each row has a table of its own, and
   * twice where tables have many. */
  size_t max_bytes;
  /* The time limit of one attempt; 0: the client's request_timeout. An attempt that was not sent by
   * then is not executed; one that was sent is waited for (see "Order"). */
  uint64_t timeout_ms;
  /* For how long a batch is tried. The default is 120,000, or twice the time limit of an attempt
   * where that is more. 1: it is tried once. If it is less than the time limit of an attempt, a
   * batch is not sent again when its connection falls silent. No attempt begins later; the last one
   * may take its whole time limit. A batch waits as long for a place in the client's queue (120,000
   * with 1), and is then reported with TAOSUV_EAGAIN and 0 attempts. */
  uint64_t retry_ms;
  taosuv_writer_report_cb on_report; /* must be set: it reports what could not be written */
  taosuv_writer_drain_cb on_drain; /* after TAOSUV_EAGAIN, once, when there is room; may be NULL */
  void* data;                      /* for both */
  /* How many messages of one batch may be refused while it is divided; then the rest of the batch
   * is reported as a whole. 0: 1,000, which is enough for about one bad row in a hundred of 10,000
   * (a single bad row takes about 14). TAOSUV_WRITER_NO_DIVIDE: a batch that is refused is reported
   * undivided. Nothing is divided with retry_ms 1, nor when the reason concerns all rows (a
   * database or super table that does not exist, privileges). */
  uint32_t divide;
} taosuv_writer_options_t;

#define TAOSUV_WRITER_NO_DIVIDE UINT32_MAX

TAOSUV_EXTERN void taosuv_writer_options_init(taosuv_writer_options_t* options);

/* Opens a writer: prepares a statement for each lane, one after another where the client's queue is
 * short. The request is the caller's, zeroed, and pending until its callback begins; it ends early
 * only with the client (TAOSUV_ECANCELED). Returns 0, TAOSUV_EINVAL (options that make no sense),
 * TAOSUV_ENOMEM, TAOSUV_ECLOSED, TAOSUV_EBUSY, or what taosuv_stmt_prepare or taosuv_insert_lines
 * returns: TAOSUV_EAGAIN while the client's queue is full, TAOSUV_ENOTSUP for rows over http://.
 * Completes as taosuv_stmt_prepare does, and with TAOSUV_EINVAL for an SQL that is no INSERT. */
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

/* What is to be bound: as taosuv_stmt_fields. Until the writer is closed or the table has
 * changed. */
TAOSUV_EXTERN const taosuv_stmt_field_t* taosuv_writer_fields(const taosuv_writer_t* writer,
                                                              uint32_t* count);

/* One row of a table, which is created with these tags if it does not exist and the SQL says so.
 * Values are copied. `table` is NULL and `ntags` 0 where the SQL has no `?` for them. Of the rows
 * of a table in one batch, the tags of the last row go to the server, which ignores them if it has
 * the table. Returns 0; TAOSUV_EAGAIN when max_bytes are pending, or when the table's lane is full,
 * must send other rows before a large one, or is being prepared again: on_drain follows;
 * TAOSUV_EINVAL, TAOSUV_ETYPE, TAOSUV_ERANGE for what cannot be bound; what a changed table's
 * preparation failed with; TAOSUV_ENOMEM; TAOSUV_ECLOSED; TAOSUV_EBUSY in a hook. If it does not
 * return 0, nothing was taken, nothing has changed (not even the table's tags), and
 * taosuv_writer_message says why. */
TAOSUV_EXTERN int taosuv_writer_row(taosuv_writer_t* writer, const char* table, size_t length,
                                    const taosuv_value_t* tags, uint32_t ntags,
                                    const taosuv_value_t* values, uint32_t count);
/* The same for many rows in columns. */
TAOSUV_EXTERN int taosuv_writer_columns(taosuv_writer_t* writer, const char* table, size_t length,
                                        const taosuv_value_t* tags, uint32_t ntags, uint32_t rows,
                                        const taosuv_array_t* columns, uint32_t count);

/* One line or several of one measurement (others are let through, but their order is kept only
 * among those that begin with the same one), of a writer of lines. Blank lines, comments and a CR
 * at a line's end are left out. TAOSUV_EINVAL for a text that contains no line, is not UTF-8 or
 * contains a NUL, TAOSUV_EMSGSIZE for a text that as JSON is larger than half of max_message_size;
 * otherwise it returns what taosuv_writer_row returns. */
TAOSUV_EXTERN int taosuv_writer_lines(taosuv_writer_t* writer, const char* text, size_t length);

/* Why the last call failed; "" if it did not. Until the next call. */
TAOSUV_EXTERN const char* taosuv_writer_message(const taosuv_writer_t* writer);

TAOSUV_EXTERN void taosuv_writer_totals(const taosuv_writer_t* writer,
                                        taosuv_writer_totals_t* totals);

/* Sends what is gathered without waiting for its age, and calls back when every row that was taken
 * before has been written or reported. Returns 0, TAOSUV_EINVAL, TAOSUV_EBUSY (the request is
 * pending, or a hook is running) or TAOSUV_ECLOSED. */
typedef struct taosuv_writer_flush_s taosuv_writer_flush_t;
typedef void (*taosuv_writer_flush_cb)(taosuv_writer_flush_t* req);
struct taosuv_writer_flush_s {
  void* data;
  taosuv_writer_flush_cb cb;
  uint64_t rows_failed; /* out: of those that were pending when it was called */
  void* priv[8];
};
TAOSUV_EXTERN int taosuv_writer_flush(taosuv_writer_t* writer, taosuv_writer_flush_t* req,
                                      taosuv_writer_flush_cb cb);

/* Takes no more rows, writes what it has, then calls back once with the totals, and frees the
 * writer. There is no limit while rows are being written. Without progress it ends after three
 * times retry_ms and four times the time limit of an attempt. Without a time limit (timeout_ms and
 * the client's request_timeout are 0) it waits for a silent server until its connection is lost.
 * When the client is closed first, what is pending is reported with TAOSUV_ECANCELED. NULL is
 * allowed; `cb` may be NULL. */
typedef void (*taosuv_writer_close_cb)(const taosuv_writer_totals_t* totals, void* data);
TAOSUV_EXTERN void taosuv_writer_close(taosuv_writer_t* writer, taosuv_writer_close_cb cb,
                                       void* data);

#ifdef __cplusplus
}
#endif

#endif
