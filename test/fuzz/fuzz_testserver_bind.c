/* Fuzzes the bundled server's statements with what a client could bind: no message is believed, one
 * that is refused has its reason, and one that is taken is executed.
 *
 * The first byte chooses the statement, the second one the way of binding and what the server's
 * version takes, the rest is the payload. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "sql/sql.h"
#include "stmt/decode.h"
#include "stmt/stmt.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

enum { WAY_TABLES, WAY_COLUMNS, WAY_BLOCK, WAY_JSON, WAYS };

static const char* const statements[] = {
    "insert into ? using st tags(?,?,?,?,?) values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "insert into plain values(?,?,?)",
    "select * from plain where ts >= ? and v = ?",
    "insert into c1 values(?,?,?,?,?)",
    "insert into ? values(?,?,?)",
    "insert into st(tbname, ts, c_i32, t_i32) values(?,?,?,?)",
    "insert into ? using js tags(?) values(?,?,?,?)",
    "insert into ? using sink tags(?) values(?,?,?)",
    "select * from st1 where v > ?",
};
#define STATEMENTS (sizeof statements / sizeof *statements)

static const char st[] =
    "create table st (ts timestamp, c_bool bool, c_i8 tinyint, c_i16 smallint, c_i32 int, "
    "c_i64 bigint, c_u8 tinyint unsigned, c_u16 smallint unsigned, c_u32 int unsigned, "
    "c_u64 bigint unsigned, c_f32 float, c_f64 double, c_bin varchar(64), c_nchar nchar(64), "
    "c_varbin varbinary(64), c_geo geometry(100)) "
    "tags (t_bool bool, t_i32 int, t_f64 double, t_bin varchar(32), t_nchar nchar(32))";
static const char st1[] =
    "create table st1 (ts timestamp, v int, f double, s varchar(16), n nchar(16)) "
    "tags (loc varchar(16), g int)";
static const char* const tables[] = {
    "create database bench",
    "use bench",
    st,
    st1,
    "create table c1 using st1 tags ('x', 1)",
    "create table plain (ts timestamp, v int, s nchar(16))",
    "create table js (ts timestamp, a decimal(10,3), b decimal(30,5), c blob) tags (j json)",
    "create table sink (ts timestamp, a int, c varchar(24)) tags (g int)",
};

static ts_store_t* store;
static ts_env_t env;

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void run(const char* sql) {
  ts_outcome_t outcome;
  ts_error_t error;
  int status = ts_sql_run(store, &env, sql, strlen(sql), false, &outcome, &error);
  require(status == 0, sql);
  ts_result_unref(outcome.result);
}

/* Made again when the inputs have made many child tables. */
static void open_store(void) {
  if (store != NULL && ts_database_find(store, "bench")->ntables < 200) return;
  if (store != NULL) ts_store_close(store);
  store = ts_store_open();
  ts_env_init(&env, "3.4.1.13");
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) run(tables[i]);
}

/* ---- the ways of binding ---- */

/* What the message's names say, for a statement that has the fields of the table it is bound to. */
static int resolve(ts_stmt_t* stmt, ts_error_t* error) {
  return stmt->sql.insert ? ts_stmt_resolve(stmt, "plain", 5, error) : 0;
}

static int bind_columns(ts_stmt_t* stmt, const uint8_t* data, size_t size, ts_binding_t* binding,
                        ts_error_t* error) {
  ts_bind_columns_t columns;
  int status = ts_bind_columns_decode(data, size, &columns, error);
  if (status != 0) return status;
  uint32_t count = stmt->sql.insert ? stmt->target.nslots : stmt->sql.nparams;
  uint8_t* kinds = ts_calloc(count, 1);
  for (uint32_t i = 0; i < count; i++)
    kinds[i] = stmt->sql.insert ? stmt->target.slots[i].kind : TS_SLOT_COLUMN;
  status = columns.nfields == count ? ts_bind_columns_split(&columns, kinds, binding, error)
                                    : ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  free(kinds);
  free(columns.fields);
  return status;
}

/* Whether the first protocol has the type, as its session checks. */
static bool in_blocks(uint8_t type) {
  return (type >= TS_BOOL && type <= TS_VARBINARY) || type == TS_GEOMETRY;
}

/* With the types of the table, or of the block itself for a query. */
static int bind_block(const ts_stmt_t* stmt, const uint8_t* data, size_t size,
                      ts_binding_t* binding, ts_error_t* error) {
  const ts_target_t* target = &stmt->target;
  bool insert = stmt->sql.insert;
  ts_raw_block_t block;
  int status = ts_raw_block_open(data, size, &block);
  if (status != 0) return status;
  if (insert && block.columns != target->ncolumns)
    return ts_error(error, TS_E_INTERNAL, "stmt column count not match");
  uint8_t* types = ts_calloc(block.columns, 1);
  for (uint32_t i = 0; i < block.columns; i++) {
    types[i] = insert ? target->family->columns[target->columns[i]].type.type
                      : ts_raw_block_type(&block, i);
    if (!in_blocks(types[i])) status = ts_error(error, TS_E_INTERNAL, "unsupported data type");
  }
  ts_binding_tables(binding, 1, 0, block.columns);
  binding->tables[0].name = "plain";
  binding->tables[0].name_size = 5;
  if (status == 0)
    status = ts_raw_block_decode(&block, insert ? types : NULL, binding, binding->binds, error);
  free(types);
  return status;
}

static int bind_json(ts_stmt_t* stmt, const uint8_t* data, size_t size, ts_binding_t* binding,
                     ts_error_t* error) {
  const ts_target_t* target = &stmt->target;
  if (!stmt->sql.insert) return ts_error(error, TS_E_STMT_USAGE, "Stmt API usage error");
  yyjson_doc* doc = yyjson_read((const char*) data, size, 0);
  const ts_field_t** fields = ts_calloc(target->ncolumns, sizeof *fields);
  for (uint32_t i = 0; i < target->ncolumns; i++)
    fields[i] = &target->family->columns[target->columns[i]];
  ts_binding_tables(binding, 1, 0, target->ncolumns);
  binding->tables[0].name = "plain";
  binding->tables[0].name_size = 5;
  int status = ts_bind_json(yyjson_doc_get_root(doc), fields, target->ncolumns, false, 0, binding,
                            binding->binds, error);
  free(fields);
  yyjson_doc_free(doc);
  return status;
}

static int decode(ts_stmt_t* stmt, unsigned way, const uint8_t* data, size_t size,
                  ts_binding_t* binding, ts_error_t* error) {
  int status = resolve(stmt, error);
  if (status != 0) return status;
  switch (way) {
    case WAY_TABLES: return ts_bind_decode(data, size, binding, error);
    case WAY_COLUMNS: return bind_columns(stmt, data, size, binding, error);
    case WAY_BLOCK: return bind_block(stmt, data, size, binding, error);
    default: return bind_json(stmt, data, size, binding, error);
  }
}

/* ---- one input ---- */

static void check_refusal(int status, const ts_error_t* error) {
  if (status == TS_E_POISON) return;
  require(status > 0 && status == error->code, "a refusal has its code");
  require(error->text[0] != '\0', "a refusal has its text");
}

static void execute(ts_stmt_t* stmt, uint64_t rows) {
  ts_error_t error = {0};
  int64_t affected = 0;
  int status = ts_stmt_exec(stmt, &affected, &error);
  if (status != 0) check_refusal(status, &error);
  if (!stmt->sql.insert) return;
  require(status == 0, "what was taken can be executed");
  require(affected >= 0 && (uint64_t) affected <= rows, "no more rows than were bound");
  require((affected == 0) == (rows == 0), "some rows of some");
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  open_store();
  const char* sql = statements[data[0] % STATEMENTS];
  ts_error_t error = {0};
  ts_stmt_t* stmt = ts_stmt_new(1, true);
  stmt->store = store;
  stmt->env = &env;
  stmt->decimal_text = (data[1] & 0x10) != 0;
  stmt->blobs = (data[1] & 0x20) != 0;
  require(ts_stmt_prepare(stmt, sql, strlen(sql), &error) == 0, "the SQL is good");
  ts_binding_t* binding = ts_binding_new();
  uint8_t* copy = ts_binding_alloc(binding, size - 2);
  if (size > 2) memcpy(copy, data + 2, size - 2);
  uint64_t rows = 0;
  int status = decode(stmt, data[1] % WAYS, copy, size - 2, binding, &error);
  for (uint32_t i = 0; status == 0 && i < binding->ntables; i++)
    if (binding->tables[i].columns != NULL) rows += binding->tables[i].columns[0].rows;
  if (status != 0) {
    check_refusal(status, &error);
    ts_binding_free(binding);
  } else if ((status = ts_stmt_bind(stmt, binding, &error)) != 0) {
    check_refusal(status, &error);
  } else {
    execute(stmt, rows);
  }
  ts_stmt_free(stmt);
  return 0;
}
