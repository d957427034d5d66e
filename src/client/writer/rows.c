/* A writer of rows: a shard is a prepared statement to which the rows of its tables are bound. */
#include <string.h>

#include "client/core/req.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "client/writer/opening.h"
#include "client/writer/report.h"
#include "client/writer/writer.h"
#include "wire/stmt/table_name.h"
#include "wire/text.h"
#include "wire/batch/part.h"
#include "wire/batch/send.h"

typedef struct rows_shard_s {
  tuv_shard_t shard;
  taosuv_stmt_t* stmt;
  taosuv_stmt_prepare_t prepare;
  taosuv_stmt_exec_t exec;
  /* The backlog. While the whole of it is in flight, the statement has it, and this is empty. */
  tuv_batch_t kept;
  tuv_batch_t part; /* the part of the backlog that is in flight, if that is not the whole */
  bool whole;       /* the backlog is in flight as a whole */
} rows_shard_t;

static rows_shard_t* of(tuv_shard_t* shard) {
  return (rows_shard_t*) (void*) shard;
}

/* ---- opening ---- */

static void take_fields(rows_shard_t* rows) {
  taosuv_writer_t* writer = rows->shard.writer;
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(rows->stmt, &count);
  tuv_batch_init(&rows->kept, &writer->mem->alloc, true, fields, count);
  tuv_batch_init(&rows->part, &writer->mem->alloc, true, fields, count);
  rows->stmt->batch.numbered = rows->kept.numbered = true;
  writer->named = false;
  writer->ntags = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (fields[i].kind == TAOSUV_BIND_TABLE) writer->named = true;
    if (fields[i].kind == TAOSUV_BIND_TAG) writer->ntags++;
  }
}

static void on_prepared(taosuv_stmt_prepare_t* req, int status) {
  rows_shard_t* rows = req->data;
  rows->stmt = req->stmt;
  bool insert = status == 0 && taosuv_stmt_is_insert(req->stmt);
  if (status == 0 && !insert) {
    status = TAOSUV_EINVAL;
    req->message = "the SQL of a writer must be an INSERT with a '?'";
  }
  if (status == 0) {
    rows->stmt->roams = true;
    take_fields(rows);
  }
  tuv_shard_ready(&rows->shard, status, tuv_req_base(req));
}

static int open_rows(tuv_shard_t* shard, const taosuv_writer_options_t* options,
                     tuv_errmsg_t* err) {
  rows_shard_t* rows = of(shard);
  (void) err;
  rows->prepare.data = rows;
  rows->prepare.timeout_ms = options->timeout_ms;
  rows->prepare.table = options->table;
  rows->exec.data = rows;
  return taosuv_stmt_prepare(shard->writer->client, &rows->prepare, options->sql,
                             options->sql_length, on_prepared);
}

static void close_rows(tuv_shard_t* shard) {
  rows_shard_t* rows = of(shard);
  tuv_batch_free(&rows->kept);
  tuv_batch_free(&rows->part);
  taosuv_stmt_close(rows->stmt);
}

static void on_renewed(taosuv_stmt_prepare_t* req, int status) {
  rows_shard_t* rows = req->data;
  if (status == 0) take_fields(rows);
  tuv_shard_renewed(&rows->shard, status, tuv_req_base(req));
}

/* The kept batch uses the fields of the old statement, and is freed with it. */
static int renew_rows(tuv_shard_t* shard, tuv_errmsg_t* err) {
  rows_shard_t* rows = of(shard);
  const tuv_source_t* source = tuv_source_of(rows->stmt->source);
  rows->prepare.table = source->table;
  int status = taosuv_stmt_reprepare(rows->stmt, &rows->prepare, source->sql, source->length,
                                     on_renewed);
  if (status < 0) return tuv_fail(err, status, "%s", taosuv_strerror(status));
  tuv_batch_free(&rows->kept);
  tuv_batch_free(&rows->part);
  memset(&rows->kept, 0, sizeof rows->kept);
  memset(&rows->part, 0, sizeof rows->part);
  return 0;
}

/* ---- sending ---- */

static size_t bytes_of(tuv_shard_t* shard) {
  return tuv_batch_size(&of(shard)->stmt->batch);
}

static void swap(tuv_batch_t* a, tuv_batch_t* b) {
  tuv_batch_t other = *a;
  *a = *b;
  *b = other;
}

static void take_rows(tuv_shard_t* shard) {
  swap(&of(shard)->stmt->batch, &of(shard)->kept);
}

static uint64_t fit_rows(tuv_shard_t* shard, uint32_t from, uint32_t count, size_t bytes) {
  return tuv_batch_fit(&of(shard)->kept, from, count, bytes);
}

static uint32_t table_end(tuv_shard_t* shard, uint32_t from, uint32_t to, bool last) {
  const tuv_batch_t* batch = &of(shard)->kept;
  return (uint32_t) (last ? tuv_batch_last_end(batch, from, to) : tuv_batch_first_end(batch, from));
}

/* The batch in flight belongs to the statement. */
static const tuv_batch_t* backlog_of(rows_shard_t* rows) {
  if (!rows->whole) return &rows->kept;
  const tuv_job_t* job = tuv_req_of(tuv_req_base(&rows->exec))->owner;
  return &job->batch;
}

static void note_tables(tuv_shard_t* shard) {
  const tuv_batch_t* batch = backlog_of(of(shard));
  tuv_batch_range_t range;
  uint64_t from = shard->from, to = shard->to;
  for (uint32_t i = 0; to > 0 && tuv_batch_range(batch, i, from, to, &range); i++) {
    if (range.rows > 0)
      tuv_shard_note(shard, range.name, range.length, range.first, range.last, range.rows);
    from = from > range.all ? from - range.all : 0;
    to = to > range.all ? to - range.all : 0;
  }
}

static void on_executed(taosuv_stmt_exec_t* req, int status) {
  rows_shard_t* rows = req->data;
  rows->whole = false;
  tuv_shard_done(&rows->shard, tuv_req_base(req), status == 0 ? req->affected_rows : 0);
}

/* The statement sends what is bound to it. So the gathered batch and the one to be sent change places
 * until the attempt is over. */
static int send_rows(tuv_shard_t* shard, tuv_errmsg_t* err) {
  rows_shard_t* rows = of(shard);
  taosuv_stmt_t* stmt = rows->stmt;
  bool whole = shard->from == 0 && shard->to == shard->backlog;
  tuv_batch_t* batch = whole ? &rows->kept : &rows->part;
  rows->exec.timeout_ms = shard->writer->options.timeout_ms;
  tuv_batch_clear(&rows->part);
  if (!whole && tuv_batch_part(&rows->part, &rows->kept, shard->from, shard->to - shard->from) < 0)
    return tuv_fail(err, TAOSUV_ENOMEM, "%s", taosuv_strerror(TAOSUV_ENOMEM));
  swap(&stmt->batch, batch);
  int status = tuv_stmt_exec(stmt, &rows->exec, on_executed, batch);
  swap(&stmt->batch, batch);
  if (status < 0) return tuv_fail(err, status, "%s", taosuv_stmt_message(stmt));
  tuv_req_of(tuv_req_base(&rows->exec))->stays = true;
  rows->whole = whole;
  return 0;
}

static taosuv_req_t* request_of(tuv_shard_t* shard) {
  return tuv_req_base(&of(shard)->exec);
}

static tuv_conn_t* conn_of(tuv_shard_t* shard) {
  const taosuv_stmt_t* stmt = of(shard)->stmt;
  return stmt->server_stmt != NULL ? stmt->server_stmt->conn : NULL;
}

static void drop_rows(tuv_shard_t* shard) {
  tuv_batch_clear(&of(shard)->kept);
  tuv_batch_clear(&of(shard)->part);
}

const tuv_shard_type_t tuv_shard_rows = {.name = "rows",
                                         .size = sizeof(rows_shard_t),
                                         .asks = true,
                                         .open = open_rows,
                                         .bytes = bytes_of,
                                         .take = take_rows,
                                         .fit = fit_rows,
                                         .table_end = table_end,
                                         .note = note_tables,
                                         .renew = renew_rows,
                                         .send = send_rows,
                                         .request = request_of,
                                         .conn = conn_of,
                                         .drop = drop_rows,
                                         .close = close_rows};

/* ---- gathering ---- */

const taosuv_stmt_field_t* taosuv_writer_fields(const taosuv_writer_t* writer, uint32_t* count) {
  if (count != NULL) *count = 0;
  if (writer == NULL || writer->type != &tuv_shard_rows || writer->nshards == 0) return NULL;
  return taosuv_stmt_fields(of(writer->shards[0])->stmt, count);
}

/* Rows name their table each time, because the one before may be in another batch. */
static int check_target(taosuv_writer_t* writer, const tuv_batch_appended_t* appended) {
  if (writer->named != (appended->table != NULL))
    return tuv_fail(
        &writer->err, TAOSUV_EINVAL,
        writer->named ? "the name of the table is missing" : "the SQL already names the table");
  if (writer->ntags == appended->ntags && (appended->tags != NULL || appended->ntags == 0))
    return 0;
  return tuv_fail(&writer->err, TAOSUV_EINVAL, "%u tags were given, but the statement has %u",
                  appended->ntags, writer->ntags);
}

/* The shard is chosen by the table's name without its database, so that a table with and without it
 * goes through one shard. An invalid name is refused when it is bound. */
static tuv_shard_t* shard_of(taosuv_writer_t* writer, const tuv_batch_appended_t* appended) {
  tuv_table_name_t name;
  if (appended->table == NULL || tuv_table_name_is_plain(appended->table, appended->length) ||
      tuv_table_name_read(appended->table, appended->length, &name, NULL) < 0)
    return tuv_writer_shard(writer, appended->table, appended->length);
  return tuv_writer_shard(writer, name.table, name.table_length);
}

static int add(taosuv_writer_t* writer, tuv_batch_appended_t* appended) {
  int status = writer == NULL ? TAOSUV_EINVAL : tuv_writer_check(writer, &tuv_shard_rows);
  if (status < 0) return status;
  appended->length = appended->table == NULL ? 0
                                             : tuv_text_length(appended->table, appended->length);
  tuv_shard_t* shard = shard_of(writer, appended);
  status = tuv_shard_check(shard, tuv_batch_appended_size(appended));
  if (status == 0) status = check_target(writer, appended);
  if (status < 0) return status;
  taosuv_stmt_t* stmt = of(shard)->stmt;
  status = tuv_stmt_append(stmt, appended);
  if (status < 0) return tuv_fail(&writer->err, status, "%s", taosuv_stmt_message(stmt));
  tuv_batch_mark(&stmt->batch, writer->taken, appended->rows);
  tuv_shard_added(shard, appended->rows);
  return 0;
}

int taosuv_writer_row(taosuv_writer_t* writer, const char* table, size_t length,
                      const taosuv_value_t* tags, uint32_t ntags, const taosuv_value_t* values,
                      uint32_t count) {
  tuv_batch_appended_t appended = {.table = table,
                                   .length = length,
                                   .tags = tags,
                                   .ntags = ntags,
                                   .count = count,
                                   .values = values,
                                   .rows = 1};
  return add(writer, &appended);
}

int taosuv_writer_columns(taosuv_writer_t* writer, const char* table, size_t length,
                          const taosuv_value_t* tags, uint32_t ntags, uint32_t rows,
                          const taosuv_array_t* columns, uint32_t count) {
  tuv_batch_appended_t appended = {.table = table,
                                   .length = length,
                                   .tags = tags,
                                   .ntags = ntags,
                                   .count = count,
                                   .columns = columns,
                                   .rows = rows};
  if (columns != NULL || writer == NULL) return add(writer, &appended);
  return tuv_fail(&writer->err, TAOSUV_EINVAL, "no columns were given");
}
