/* A writer of rows: a lane is a prepared statement, into which the rows of its tables are bound. */
#include <string.h>

#include "client/stmt.h"
#include "client/writer.h"

typedef struct rows_lane_s {
  tuv_lane_t lane;
  taosuv_stmt_t* stmt;
  taosuv_stmt_prepare_t prepare;
  taosuv_stmt_exec_t exec;
  tuv_batch_t kept; /* the batch in flight, when it has come back; else an empty one */
} rows_lane_t;

static rows_lane_t* of(tuv_lane_t* lane) {
  return (rows_lane_t*) (void*) lane;
}

/* ---- opening ---- */

static void take_fields(rows_lane_t* rows) {
  taosuv_writer_t* writer = rows->lane.writer;
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(rows->stmt, &count);
  tuv_batch_init(&rows->kept, &writer->mem->alloc, true, fields, count);
  writer->named = false;
  writer->ntags = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (fields[i].kind == TAOSUV_BIND_TABLE) writer->named = true;
    if (fields[i].kind == TAOSUV_BIND_TAG) writer->ntags++;
  }
}

static void on_prepared(taosuv_stmt_prepare_t* req, int status) {
  rows_lane_t* rows = req->data;
  rows->stmt = req->stmt;
  bool insert = status == 0 && taosuv_stmt_is_insert(req->stmt);
  if (status == 0 && !insert) {
    status = TAOSUV_EINVAL;
    req->message = "a writer's SQL is an INSERT with a '?'";
  }
  if (status == 0) take_fields(rows);
  tuv_lane_ready(&rows->lane, status, (taosuv_req_t*) (void*) req);
}

static int open_rows(tuv_lane_t* lane, const taosuv_writer_options_t* options, tuv_errmsg_t* err) {
  rows_lane_t* rows = of(lane);
  (void) err;
  rows->prepare.data = rows;
  rows->prepare.timeout_ms = options->timeout_ms;
  rows->prepare.table = options->table;
  rows->exec.data = rows;
  return taosuv_stmt_prepare(lane->writer->client, &rows->prepare, options->sql,
                             options->sql_length, on_prepared);
}

static void close_rows(tuv_lane_t* lane) {
  rows_lane_t* rows = of(lane);
  tuv_batch_free(&rows->kept);
  taosuv_stmt_close(rows->stmt);
}

static void on_renewed(taosuv_stmt_prepare_t* req, int status) {
  rows_lane_t* rows = req->data;
  if (status == 0) take_fields(rows);
  tuv_lane_renewed(&rows->lane, status, (taosuv_req_t*) (void*) req);
}

/* The kept batch's fields are the statement's, which go with them. */
static int renew_rows(tuv_lane_t* lane, tuv_errmsg_t* err) {
  rows_lane_t* rows = of(lane);
  const tuv_source_t* source = tuv_source_of(rows->stmt->source);
  rows->prepare.table = source->table;
  int status = taosuv_stmt_reprepare(rows->stmt, &rows->prepare, source->sql, source->length,
                                     on_renewed);
  if (status < 0) return tuv_fail(err, status, "%s", taosuv_strerror(status));
  tuv_batch_free(&rows->kept);
  memset(&rows->kept, 0, sizeof rows->kept);
  return 0;
}

/* ---- sending ---- */

static size_t bytes_of(tuv_lane_t* lane) {
  return tuv_batch_size(&of(lane)->stmt->batch);
}

static void note_tables(tuv_lane_t* lane) {
  const tuv_batch_t* batch = &of(lane)->stmt->batch;
  tuv_batch_range_t range;
  for (uint32_t i = 0; tuv_batch_range(batch, i, &range); i++)
    if (range.rows > 0)
      tuv_lane_note(lane, range.name, range.length, range.first, range.last, range.rows);
}

static void on_executed(taosuv_stmt_exec_t* req, int status) {
  rows_lane_t* rows = req->data;
  if (status == 0) tuv_batch_clear(&rows->kept);
  tuv_lane_done(&rows->lane, (taosuv_req_t*) (void*) req, status == 0 ? req->affected_rows : 0);
}

static void swap(tuv_batch_t* a, tuv_batch_t* b) {
  tuv_batch_t other = *a;
  *a = *b;
  *b = other;
}

/* The statement sends what is bound to it: to send the kept batch again, what is gathered makes room
 * for it. When it is done, the batch comes back to where the statement's empty one is kept. */
static int send_rows(tuv_lane_t* lane, bool again, tuv_errmsg_t* err) {
  rows_lane_t* rows = of(lane);
  taosuv_stmt_t* stmt = rows->stmt;
  rows->exec.timeout_ms = lane->writer->options.timeout_ms;
  if (again) swap(&stmt->batch, &rows->kept);
  int status = tuv_stmt_exec(stmt, &rows->exec, on_executed, &rows->kept);
  if (again) swap(&stmt->batch, &rows->kept);
  return status == 0 ? 0 : tuv_fail(err, status, "%s", taosuv_stmt_message(stmt));
}

static void drop_rows(tuv_lane_t* lane) {
  taosuv_bind_clear(of(lane)->stmt);
}

const tuv_lane_type_t tuv_lane_rows = {sizeof(rows_lane_t), true, open_rows, bytes_of,
                                       note_tables, renew_rows, send_rows, drop_rows, close_rows};

/* ---- gathering ---- */

const taosuv_stmt_field_t* taosuv_writer_fields(const taosuv_writer_t* writer, uint32_t* count) {
  *count = 0;
  if (writer->type != &tuv_lane_rows || writer->nlanes == 0) return NULL;
  return taosuv_stmt_fields(of(writer->lanes[0])->stmt, count);
}

/* A row's table: name and tags, where the SQL has a `?` for them. */
typedef struct target_s {
  const char* table;
  size_t length;
  const taosuv_value_t* tags;
  uint32_t ntags;
} target_t;

/* What is bound: one row, or many in columns. */
typedef struct given_s {
  const taosuv_value_t* values;
  const taosuv_array_t* columns;
  uint32_t count, rows;
} given_t;

static int bind_rows(taosuv_stmt_t* stmt, const target_t* target, const given_t* given) {
  int status = 0;
  if (target->table != NULL) status = taosuv_bind_table(stmt, target->table, target->length);
  if (status == 0 && target->ntags > 0)
    status = taosuv_bind_tags(stmt, target->tags, target->ntags);
  if (status < 0) return status;
  if (given->columns != NULL)
    return taosuv_bind_columns(stmt, given->rows, given->columns, given->count);
  return taosuv_bind_row(stmt, given->values, given->count);
}

/* About how many bytes of a message are given; what is wrong with them is found later. */
static uint64_t size_of(const given_t* given) {
  uint64_t size = 0;
  for (uint32_t i = 0; given->values != NULL && i < given->count; i++) {
    const taosuv_value_t* value = &given->values[i];
    bool bytes = value->kind == TAOSUV_VALUE_TEXT || value->kind == TAOSUV_VALUE_BYTES;
    if (bytes && value->length == TAOSUV_NUL_TERMINATED) size += strlen(value->as.bytes);
    else size += bytes ? value->length : 8;
  }
  for (uint32_t i = 0; given->columns != NULL && i < given->count; i++) {
    const taosuv_array_t* column = &given->columns[i];
    size += 9 * (uint64_t) given->rows;
    if (column->offsets != NULL) size += column->offsets[given->rows] - column->offsets[0];
  }
  return size;
}

/* Nobody knows whether the table's last row was in the same batch. */
static int check_target(taosuv_writer_t* writer, const target_t* target) {
  if (writer->named != (target->table != NULL))
    return tuv_fail(&writer->err, TAOSUV_EINVAL,
                    writer->named ? "a row needs its table's name" : "the SQL names the table");
  if (writer->ntags == target->ntags && (target->tags != NULL || target->ntags == 0)) return 0;
  return tuv_fail(&writer->err, TAOSUV_EINVAL, "%u tags were given, the statement has %u",
                  target->ntags, writer->ntags);
}

static int add(taosuv_writer_t* writer, target_t* target, const given_t* given) {
  int status = writer == NULL ? TAOSUV_EINVAL : tuv_writer_check(writer, &tuv_lane_rows);
  if (status < 0) return status;
  if (target->table == NULL) target->length = 0;
  if (target->length == TAOSUV_NUL_TERMINATED) target->length = strlen(target->table);
  tuv_lane_t* lane = tuv_writer_lane(writer, target->table, target->length);
  status = tuv_lane_check(lane, size_of(given));
  if (status == 0) status = check_target(writer, target);
  if (status < 0) return status;
  taosuv_stmt_t* stmt = of(lane)->stmt;
  status = bind_rows(stmt, target, given);
  if (status < 0) tuv_fail(&writer->err, status, "%s", taosuv_stmt_message(stmt));
  if (status == 0 && given->rows > 0) {
    tuv_batch_mark(&stmt->batch, writer->taken, given->rows);
    tuv_lane_added(lane, given->rows);
  } else if (lane->rows == 0) {
    taosuv_bind_clear(stmt); /* of tables without rows */
  }
  return status;
}

int taosuv_writer_row(taosuv_writer_t* writer, const char* table, size_t length,
                      const taosuv_value_t* tags, uint32_t ntags, const taosuv_value_t* values,
                      uint32_t count) {
  target_t target = {table, length, tags, ntags};
  given_t given = {.values = values, .count = count, .rows = 1};
  return add(writer, &target, &given);
}

int taosuv_writer_columns(taosuv_writer_t* writer, const char* table, size_t length,
                          const taosuv_value_t* tags, uint32_t ntags, uint32_t rows,
                          const taosuv_array_t* columns, uint32_t count) {
  target_t target = {table, length, tags, ntags};
  given_t given = {.columns = columns, .count = count, .rows = rows};
  if (columns == NULL) return TAOSUV_EINVAL;
  return add(writer, &target, &given);
}
