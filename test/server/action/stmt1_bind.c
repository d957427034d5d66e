/* Binding by the first protocol: tags and columns, in JSON or in raw blocks. */
#include <stdlib.h>
#include <string.h>

#include "session/args.h"
#include "action/stmt.h"
#include "session/reply.h"
#include "stmt/check.h"
#include "stmt/decode.h"

/* The fields of the tags or columns; to be freed. */
static const ts_field_t** list_fields(const ts_target_t* target, bool tags) {
  uint32_t count = tags ? target->ntags : target->ncolumns;
  const ts_field_t** fields = ts_calloc(count, sizeof *fields);
  for (uint32_t i = 0; i < count; i++)
    fields[i] = tags ? &target->family->tags[target->tags[i]]
                     : &target->family->columns[target->columns[i]];
  return fields;
}

/* ---- tags ---- */

/* Checked and kept until the next execution. */
static int keep_tags(ts_stmt_t* stmt, ts_binding_t* binding, ts_error_t* error) {
  const ts_target_t* target = &stmt->target;
  ts_bind_rules_t rules = {stmt->decimal_text, stmt->blobs};
  for (uint32_t i = 0; i < target->ntags; i++) {
    const ts_field_t* field = &target->family->tags[target->tags[i]];
    int status = ts_bind_check(field, &binding->binds[i], rules, error);
    if (status != 0) return status;
  }
  stmt->tags = binding->binds;
  binding->next = stmt->kept;
  stmt->kept = binding;
  return 0;
}

static int json_tags(ts_stmt_t* stmt, yyjson_val* tags, ts_error_t* error) {
  int status = ts_stmt1_target(stmt, error);
  if (status != 0 || stmt->target.ntags == 0) return status;
  ts_binding_t* binding = ts_binding_new();
  const ts_field_t** fields = list_fields(&stmt->target, true);
  ts_error_t reason = {0};
  ts_binding_tables(binding, 1, stmt->target.ntags, 0);
  status = ts_bind_json(tags, fields, stmt->target.ntags, true, stmt->target.database->precision,
                        binding, binding->binds, &reason);
  if (status > 0) ts_error(error, status, "stmt parse tag json:%s", reason.text);
  free(fields);
  if (status == 0) status = keep_tags(stmt, binding, error);
  if (status != 0) ts_binding_free(binding);
  return status;
}

void ts_stmt1_set_tags(ts_request_t* request) {
  ts_error_t error = {0};
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  int status = json_tags(stmt, ts_arg(request->args, "tags"), &error);
  ts_stmt_reply_status(request, status, &error);
}

static bool is_known(uint8_t type) {
  return (type >= TS_BOOL && type <= TS_VARBINARY) || type == TS_GEOMETRY;
}

/* A time goes through the gateway as nanoseconds, converted by the precision that was reported, and
 * back again: what does not fit 64 bits as these comes out as another time. */
static void pass_times(uint8_t* values, uint32_t rows, uint8_t precision) {
  static const int64_t units[] = {1000000, 1000, 1};
  for (uint32_t row = 0; row < rows; row++, values += 8) {
    uint64_t bits = ts_get_u64(values) * (uint64_t) units[precision];
    ts_put_u64(values, (uint64_t) ((int64_t) bits / units[precision]));
  }
}

static void pass_columns(const ts_stmt_t* stmt, bool tags, uint8_t* copy, ts_binding_t* binding) {
  const ts_target_t* target = &stmt->target;
  uint32_t count = 0;
  for (uint32_t i = 0; i < target->nslots; i++) {
    const ts_slot_t* slot = &target->slots[i];
    if (slot->kind != (tags ? TS_SLOT_TAG : TS_SLOT_COLUMN)) continue;
    const ts_bind_t* bind = &binding->binds[count++];
    if (bind->type != TS_TIMESTAMP) continue;
    pass_times(copy + (bind->data - copy), bind->rows, ts_stmt_reported_precision(stmt, slot));
  }
}

/* A block of the table's types; NULL as `stmt`: of its own. */
static int decode(const ts_raw_block_t* given, const ts_stmt_t* stmt, bool tags,
                  ts_binding_t* binding, ts_error_t* error) {
  ts_raw_block_t block;
  const ts_field_t** fields = stmt != NULL ? list_fields(&stmt->target, tags) : NULL;
  uint8_t* types = stmt != NULL ? ts_calloc(given->columns, 1) : NULL;
  uint8_t* copy = ts_binding_alloc(binding, given->size);
  memcpy(copy, given->data, given->size);
  for (uint32_t i = 0; i < given->columns && types != NULL; i++) types[i] = fields[i]->type.type;
  int status = ts_raw_block_open(copy, given->size, &block);
  if (status == 0) status = ts_raw_block_decode(&block, types, binding, binding->binds, error);
  if (status == 0 && stmt != NULL) pass_columns(stmt, tags, copy, binding);
  free(types);
  free(fields);
  return status;
}

static int block_tags(ts_stmt_t* stmt, const ts_raw_block_t* block, ts_error_t* error) {
  int status = ts_stmt1_target(stmt, error);
  uint32_t count = stmt->target.ntags;
  if (status != 0 || count == 0) return status;
  if (block->columns != count) return ts_error(error, TS_E_INTERNAL, "stmt tags count not match");
  const ts_field_t** fields = list_fields(&stmt->target, true);
  ts_binding_t* binding = ts_binding_new();
  ts_binding_tables(binding, 1, count, 0);
  for (uint32_t i = 0; i < count && status == 0; i++)
    if (!is_known(fields[i]->type.type)) status = TS_E_POISON;
  if (status == 0) status = decode(block, stmt, true, binding, error);
  free(fields);
  if (status == 0) status = keep_tags(stmt, binding, error);
  if (status != 0) ts_binding_free(binding);
  return status;
}

void ts_stmt1_block_tags(ts_request_t* request, const uint8_t* data, size_t size) {
  ts_error_t error = {0};
  ts_raw_block_t block;
  if (ts_raw_block_open(data, size, &block) != 0) {
    ts_session_poison(request->session);
    return;
  }
  if (block.rows != 1) {
    ts_reply_error(request, TS_E_INTERNAL, "rows not equal 1");
    return;
  }
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  ts_stmt_reply_status(request, block_tags(stmt, &block, &error), &error);
}

/* ---- columns ---- */

static int check_types(const ts_field_t** fields, uint32_t count, bool json, ts_error_t* error) {
  for (uint32_t i = 0; i < count; i++)
    if (!is_known(fields[i]->type.type) || (json && fields[i]->type.type == TS_JSON))
      return ts_error(error, TS_E_INTERNAL,
                      "stmt get column type error, err:unsupported type: %u, name %s",
                      fields[i]->type.type, fields[i]->name);
  return 0;
}

/* The binding becomes one of the current table and its tags. */
static int add_rows(ts_stmt_t* stmt, ts_binding_t* binding, ts_error_t* error) {
  ts_bind_table_t* table = &binding->tables[0];
  if (stmt->name != NULL) {
    size_t size = strlen(stmt->name);
    table->name = memcpy(ts_binding_alloc(binding, size + 1), stmt->name, size + 1);
    table->name_size = size;
  }
  table->tags = stmt->tags;
  binding->ntags = stmt->tags != NULL ? stmt->target.ntags : 0;
  return ts_stmt_bind(stmt, binding, error);
}

static int json_bind(ts_stmt_t* stmt, yyjson_val* columns, ts_error_t* error) {
  int status = ts_stmt1_target(stmt, error);
  if (status != 0) return status;
  uint32_t count = stmt->target.ncolumns;
  const ts_field_t** fields = list_fields(&stmt->target, false);
  ts_binding_t* binding = ts_binding_new();
  ts_error_t reason = {0};
  ts_binding_tables(binding, 1, 0, count);
  status = check_types(fields, count, true, error);
  if (status == 0) {
    status = ts_bind_json(columns, fields, count, false, stmt->target.database->precision, binding,
                          binding->binds, &reason);
    if (status > 0) ts_error(error, status, "stmt parse column json:%s", reason.text);
  }
  free(fields);
  if (status == 0) return add_rows(stmt, binding, error);
  ts_binding_free(binding);
  return status;
}

void ts_stmt1_bind(ts_request_t* request) {
  ts_error_t error = {0};
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  int status = json_bind(stmt, ts_arg(request->args, "columns"), &error);
  ts_stmt_reply_status(request, status, &error);
}

static int block_rows(ts_stmt_t* stmt, const ts_raw_block_t* block, ts_binding_t* binding,
                      ts_error_t* error) {
  int status = ts_stmt1_target(stmt, error);
  if (status != 0) return status;
  uint32_t count = stmt->target.ncolumns;
  const ts_field_t** fields = list_fields(&stmt->target, false);
  status = check_types(fields, count, false, error);
  if (status == 0 && block->columns != count)
    status = ts_error(error, TS_E_INTERNAL, "stmt column count not match");
  ts_binding_tables(binding, 1, 0, count);
  if (status == 0) status = decode(block, stmt, false, binding, error);
  free(fields);
  return status;
}

/* The types of a query's parameters are the block's. */
static int block_params(const ts_raw_block_t* block, ts_binding_t* binding, ts_error_t* error) {
  for (uint32_t i = 0; i < block->columns; i++) {
    uint8_t type = ts_raw_block_type(block, i);
    if (type < TS_BOOL || type > TS_VARBINARY || type == TS_TIMESTAMP)
      return ts_error(error, TS_E_INTERNAL,
                      "parse row block info error, err:unsupported data type %u", type);
  }
  ts_binding_tables(binding, 1, 0, block->columns);
  return decode(block, NULL, false, binding, error);
}

static int block_bind(ts_stmt_t* stmt, const ts_raw_block_t* block, ts_error_t* error) {
  if (!stmt->prepared) return ts_error(error, TS_E_STMT_USAGE, "Stmt API usage error");
  ts_binding_t* binding = ts_binding_new();
  int status = stmt->sql.insert ? block_rows(stmt, block, binding, error)
                                : block_params(block, binding, error);
  if (status != 0) {
    ts_binding_free(binding);
    return status;
  }
  return stmt->sql.insert ? add_rows(stmt, binding, error) : ts_stmt_bind(stmt, binding, error);
}

void ts_stmt1_block_bind(ts_request_t* request, const uint8_t* data, size_t size) {
  ts_error_t error = {0};
  ts_raw_block_t block;
  if (ts_raw_block_open(data, size, &block) != 0) {
    ts_session_poison(request->session);
    return;
  }
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  ts_stmt_reply_status(request, block_bind(stmt, &block, &error), &error);
}
