/* Binding to a prepared statement: local, checked by its batch. */
#include "client/pool/client.h"
#include "client/stmt/stmt.h"
#include "wire/batch/send.h"

/* Every call clears the message first. A statement that is not prepared has nothing to bind to. */
static int begin(taosuv_stmt_t* stmt) {
  if (stmt == NULL) return TAOSUV_EINVAL;
  stmt->err.text[0] = 0;
  if (stmt->client == NULL) return TAOSUV_ECLOSED;
  if (stmt->field_list != NULL) return 0;
  return tuv_fail(&stmt->err, TAOSUV_EINVAL, "the statement is not prepared");
}

int taosuv_bind_table(taosuv_stmt_t* stmt, const char* name, size_t length) {
  int status = begin(stmt);
  return status < 0 ? status : tuv_batch_table(&stmt->batch, name, length, &stmt->err);
}

int taosuv_bind_tags(taosuv_stmt_t* stmt, const taosuv_value_t* tags, uint32_t count) {
  int status = begin(stmt);
  return status < 0 ? status : tuv_batch_tags(&stmt->batch, tags, count, &stmt->err);
}

/* Columns are masked when they are bound, if there is a mask. That is for stmt2_bind only:
 * bind_exec has another layout. */
static void give_key(taosuv_stmt_t* stmt) {
  uint8_t key[4];
  if (stmt->together || tuv_batch_has_key(&stmt->batch)) return;
  if (tuv_random_bytes(&stmt->client->context.shared.random, key, sizeof key) == 0)
    tuv_batch_set_key(&stmt->batch, key);
}

int taosuv_bind_columns(taosuv_stmt_t* stmt, uint32_t rows, const taosuv_array_t* columns,
                        uint32_t count) {
  int status = begin(stmt);
  if (status == 0) give_key(stmt);
  return status < 0 ? status : tuv_batch_columns(&stmt->batch, rows, columns, count, &stmt->err);
}

int taosuv_bind_row(taosuv_stmt_t* stmt, const taosuv_value_t* values, uint32_t count) {
  int status = begin(stmt);
  return status < 0 ? status : tuv_batch_row(&stmt->batch, values, count, &stmt->err);
}

int tuv_stmt_append(taosuv_stmt_t* stmt, const tuv_batch_appended_t* appended) {
  int status = begin(stmt);
  return status < 0 ? status : tuv_batch_append(&stmt->batch, appended, &stmt->err);
}

static int bind_value(taosuv_stmt_t* stmt, taosuv_value_t value) {
  int status = begin(stmt);
  return status < 0 ? status : tuv_batch_value(&stmt->batch, &value, &stmt->err);
}

int taosuv_bind_null(taosuv_stmt_t* stmt) {
  return bind_value(stmt, taosuv_null());
}

int taosuv_bind_bool(taosuv_stmt_t* stmt, int truth) {
  return bind_value(stmt, taosuv_bool(truth));
}

int taosuv_bind_i64(taosuv_stmt_t* stmt, int64_t number) {
  return bind_value(stmt, taosuv_i64(number));
}

int taosuv_bind_u64(taosuv_stmt_t* stmt, uint64_t number) {
  return bind_value(stmt, taosuv_u64(number));
}

int taosuv_bind_f64(taosuv_stmt_t* stmt, double number) {
  return bind_value(stmt, taosuv_f64(number));
}

int taosuv_bind_text(taosuv_stmt_t* stmt, const char* text, size_t length) {
  return bind_value(stmt, taosuv_text(text, length));
}

int taosuv_bind_bytes(taosuv_stmt_t* stmt, const void* bytes, size_t length) {
  return bind_value(stmt, taosuv_bytes(bytes, length));
}

int taosuv_bind_timespec(taosuv_stmt_t* stmt, struct timespec time) {
  return bind_value(stmt, taosuv_timespec(time));
}

void taosuv_bind_undo(taosuv_stmt_t* stmt) {
  if (begin(stmt) == 0) tuv_batch_undo(&stmt->batch);
}

void taosuv_bind_clear(taosuv_stmt_t* stmt) {
  if (begin(stmt) == 0) tuv_batch_clear(&stmt->batch);
}

uint64_t taosuv_bind_rows(const taosuv_stmt_t* stmt) {
  return stmt == NULL || stmt->field_list == NULL ? 0 : tuv_batch_rows(&stmt->batch);
}

size_t taosuv_bind_size(taosuv_stmt_t* stmt) {
  return stmt == NULL || stmt->field_list == NULL ? 0 : tuv_batch_size(&stmt->batch);
}
