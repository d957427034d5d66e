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
 * that attempt is answered, or until its connection has ended. An attempt that is not answered
 * within timeout_ms is therefore not sent again while its connection lives; its answer is waited
 * for until retry_ms are over, and a late answer is as good as one in time. (A connection that does
 * not answer pings ends, see ping_interval. Over http://, where nothing can be probed, the
 * connection is ended a sixth of retry_ms after timeout_ms, and the batch is sent again.) When
 * retry_ms are over the batch is reported, and the lane waits for the answer for another retry_ms
 * (over http:// a sixth of them); then it ends the attempt's connection, with everything else in
 * flight on it, and goes on. What no client can see is a message that was sent before its
 * connection ended and is executed later: by a gateway that had read it already, or out of a
 * proxy's buffers. Then its rows may overwrite newer ones.
 *
 * Losses. A batch that was lost with its connection, or that the server was too busy for, is sent
 * again until retry_ms have passed. It may have been executed the first time: rows of one table
 * with the same timestamp overwrite each other, so that a repeat changes nothing, as long as every
 * row has its timestamp from the caller and nobody else writes those rows meanwhile. From the
 * second loss in a row on it is sent in parts, each half as large as the one before, until one
 * arrives; the parts grow again, first with every one that arrives, later with every eighth.
 *
 * Refusals. What the server refuses for what is in it is not repeated but reported, with its tables
 * and rows: nothing is lost silently. The server does not say which row it was: the batch is sent
 * again in parts, down to single rows, until it is known which rows are refused; only those are
 * reported, and the others are written (see `divide`). A server may have stored some of what it
 * refused nevertheless, for it divides a message by vgroups.
 *
 * When the table has changed, statements are prepared again, and if what is to be bound is still
 * the same, nothing is reported: a batch that the server refuses only because its statement is out
 * of date is sent again (see taosuv_stmt_exec), and again until retry_ms have passed when the
 * server says clearly that this is the reason. If it is not, what was gathered is reported with
 * TAOSUV_ESCHEMA, and rows are taken as the table is now (taosuv_writer_fields), after a while of
 * TAOSUV_EAGAIN. While that cannot be prepared (the table is gone), rows are refused with the
 * server's answer, and it is tried again twice a second. An SQL that names its columns and tags
 * goes on when others are added; to one that does not the server says that their number is wrong,
 * batch for batch. A column that was made wider is so for the writer that is opened next. While a
 * table or a database is not there, batches are reported. */
typedef struct taosuv_writer_s taosuv_writer_t;

/* Rows are numbered from 0 in the order in which the writer took them. */
typedef struct taosuv_writer_range_s {
  const char* table; /* UTF-8, not NUL-terminated; lines have none */
  size_t length;
  uint64_t first, last; /* numbers of this table's first and last row in the batch */
  uint64_t rows;        /* how many of them; others between are other tables' */
} taosuv_writer_range_t;

/* A batch, or a part of one, that was not written, or maybe not. All pointers live until the
 * callback returns.
 *
 * A report speaks of all attempts to write these rows, not of the last one alone. `status`,
 * `server_code`, `host` and the text of the cause are those of the last attempt. `err_flags` has
 * TAOSUV_ERR_MAYBE_EXECUTED if any attempt may have been executed, also one of a larger message
 * that contained these rows; then `status` is not TAOSUV_EUNSENT, but TAOSUV_ETIMEDOUT in its
 * place. `message` is the cause alone after a single attempt; after several, or if an earlier one
 * may have been executed, it says so and how many they were, and ends with the last one's cause. */
typedef struct taosuv_writer_report_s {
  int status;
  unsigned int err_flags;
  int server_code;
  const char* message;    /* never NULL */
  const char* host;       /* or NULL */
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
  int format;    /* taosuv_lines_format_t */
  int precision; /* taosuv_lines_precision_t */
  const char* table_name_key;   /* as of taosuv_insert_lines_t */
  size_t table_name_key_length;
  uint32_t lanes;         /* batches in flight at most: 4; 64 at most */
  /* A batch is sent when it has so many rows: 10,000 … */
  uint32_t batch_rows;
  size_t batch_bytes;     /* … or so many bytes: 1 MiB; at most half of max_message_size … */
  uint32_t batch_age_ms;  /* … or when its first row is so old: 100 */
  /* It is as large as that, and as the last call's rows, when its lane is idle. What gathers while
   * the lane is busy is sent in several batches, none of which has more rows or, if it has more
   * than one, more bytes than these (of rows as of stmt2, their tables' tags once). */
  /* Of all that is gathered or in flight: 64 MiB; then TAOSUV_EAGAIN. As messages: in memory it may
   * be ten times as much where each row has a table of its own, and twice where tables have
   * many. */
  size_t max_bytes;
  /* Of one attempt; 0: the client's request_timeout. What has not left by then is not executed;
   * what has is waited for (see "Order"). */
  uint64_t timeout_ms;
  /* For how long a batch is tried: 120,000, or twice the timeout of an attempt where that is more; 1:
   * once. Less than the timeout of an attempt means that a batch is not sent again when its
   * connection falls silent. No attempt begins later; the last one may take its timeout. A place in
   * the client's queue is waited for as long (120,000 with 1): then TAOSUV_EAGAIN is reported, with 0
   * attempts. */
  uint64_t retry_ms;
  taosuv_writer_report_cb on_report; /* must be set: what could not be written is told here */
  taosuv_writer_drain_cb on_drain;   /* after TAOSUV_EAGAIN, once, when there is room; may be NULL */
  void* data;                        /* for both */
  /* How many messages of one batch may be refused while it is divided. Then what is left of the
   * batch is reported as a whole. 0: 1,000, which is enough for about one bad row in a hundred of
   * 10,000; a single one takes about 14. TAOSUV_WRITER_NO_DIVIDE: a batch that is refused is
   * reported as it is. Nothing is divided with retry_ms 1, nor for what all rows have in common (a
   * database or super table that is not there, privileges). */
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
 * Values are copied. `table` is NULL and `ntags` 0 where the SQL has no `?` for them. Of a table's
 * rows in one batch the last one's tags go to the server, which ignores them where it has the
 * table. Returns 0; TAOSUV_EAGAIN when max_bytes are pending or the table's lane is full, is to
 * send other rows before a large one, or is being prepared again: on_drain follows; TAOSUV_EINVAL,
 * TAOSUV_ETYPE, TAOSUV_ERANGE for what cannot be bound; what a changed table's preparation failed
 * with; TAOSUV_ENOMEM; TAOSUV_ECLOSED; TAOSUV_EBUSY in a hook. Whatever it returns but 0, nothing
 * was taken and nothing has changed, the table's tags neither, and taosuv_writer_message says
 * why. */
TAOSUV_EXTERN int taosuv_writer_row(taosuv_writer_t* writer, const char* table, size_t length,
                                    const taosuv_value_t* tags, uint32_t ntags,
                                    const taosuv_value_t* values, uint32_t count);
/* The same for many rows in columns. */
TAOSUV_EXTERN int taosuv_writer_columns(taosuv_writer_t* writer, const char* table, size_t length,
                                        const taosuv_value_t* tags, uint32_t ntags, uint32_t rows,
                                        const taosuv_array_t* columns, uint32_t count);

/* One line or several of one measurement (others are let through, but their order is kept only
 * among those that begin with the same one), of a writer of lines. Blank lines, comments and a CR
 * at a line's end are left out. TAOSUV_EINVAL for what is no line, no UTF-8 or has a NUL,
 * TAOSUV_EMSGSIZE for what as JSON is larger than half of max_message_size; else as
 * taosuv_writer_row. */
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
 * writer. While rows are being written that takes as long as it takes; without progress it ends
 * after three times retry_ms and four times the timeout of an attempt. Without a timeout
 * (timeout_ms and the client's request_timeout are 0) it waits for a server that is silent until
 * its connection is lost. When the client is closed first, what is pending is reported with
 * TAOSUV_ECANCELED. NULL is allowed; `cb` may be NULL. */
typedef void (*taosuv_writer_close_cb)(const taosuv_writer_totals_t* totals, void* data);
TAOSUV_EXTERN void taosuv_writer_close(taosuv_writer_t* writer, taosuv_writer_close_cb cb,
                                       void* data);

#ifdef __cplusplus
}
#endif

#endif
