/* The bundled server's SQL against the recordings: replies and blocks, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "lines/lines.h"
#include "sql_fixture.h"

/* The recorded reply to a query and the first block after it. */
typedef struct recorded_s {
  char* meta; /* the reply from "fields_count" on */
  uint8_t* reply;
  size_t size;
  const uint8_t* block;
  size_t block_size;
} recorded_t;

static bool is_query(yyjson_val* line, const char* sql) {
  size_t size;
  const char* hex = td_str(line, "hex", &size);
  if (strcmp(td_str(line, "dir", NULL), "send") != 0 || size < 62) return false;
  size_t length;
  uint8_t* bytes = td_hex(hex, size, &length);
  bool same = length - 30 == strlen(sql) && memcmp(bytes + 30, sql, length - 30) == 0;
  free(bytes);
  return same;
}

static recorded_t find(const char* file, const char* sql) {
  recorded_t recorded = {0};
  td_jsonl_t lines;
  td_jsonl_open(&lines, file);
  bool found = false;
  for (yyjson_val* line; recorded.reply == NULL && (line = td_jsonl_next(&lines)) != NULL;) {
    size_t size;
    bool received = strcmp(td_str(line, "dir", NULL), "recv") == 0;
    if (is_query(line, sql)) found = true;
    if (!found || !received) continue;
    const char* text = td_str(line, "text", &size);
    if (size > 0) {
      const char* meta = strstr(text, "\"fields_count\"");
      assert_non_null(meta);
      recorded.meta = ts_strdup(meta, strlen(meta));
      continue;
    }
    const char* hex = td_str(line, "hex", &size);
    recorded.reply = td_hex(hex, size, &recorded.size);
  }
  td_jsonl_close(&lines);
  if (recorded.reply == NULL) fail_msg("%s is not in %s", sql, file);
  assert_true(recorded.size > 55);
  recorded.block = recorded.reply + 55;
  recorded.block_size = recorded.size - 55;
  return recorded;
}

static void as_recorded(sf_t* f, const char* file, const char* sql) {
  recorded_t recorded = find(file, sql);
  sf_ok(f, sql);
  assert_non_null(f->outcome.result);
  const ts_blob_t* meta = ts_result_meta(f->outcome.result, true, true);
  assert_int_equal(meta->size, strlen(recorded.meta));
  assert_memory_equal(meta->data, recorded.meta, meta->size);
  const ts_blob_t* blob = sf_block(f);
  assert_int_equal(blob->size, recorded.block_size);
  assert_memory_equal(blob->data, recorded.block, blob->size);
  free(recorded.meta);
  free(recorded.reply);
}

static void every_type_comes_back_byte_for_byte_as_recorded(void** state) {
  sf_t* f = *state;
  sf_fill_types(f);
  as_recorded(f, "query_types_ms.jsonl", "select * from t_all order by ts");
  as_recorded(f, "query_types_ms.jsonl", "select ts, c_i32, c_nchar from t_all order by ts");
}

/* The recorded sum of the widest decimals and the average of the greatest doubles too. */
static void aggregates_of_every_type_are_as_recorded(void** state) {
  sf_t* f = *state;
  sf_fill_types(f);
  as_recorded(f, "query_types_ms.jsonl",
              "select count(*), sum(c_i32), avg(c_f64), max(c_dec64), sum(c_dec128) from t_all");
}

static void no_rows_have_fields_and_no_block(void** state) {
  sf_t* f = *state;
  sf_fill_types(f);
  sf_gives(f, "select * from t_all where ts < 0", 0);
  assert_null(ts_result_block(f->outcome.result, 0));
  assert_int_equal(f->outcome.result->nfields, 18);
}

static void super_tables_are_as_recorded(void** state) {
  sf_t* f = *state;
  const char* file = "query_super.jsonl";
  sf_fill_super(f);
  as_recorded(f, file, "select tbname, * from meters order by tbname, ts");
  as_recorded(f, file, "select info, v, ts from sites order by v");
  as_recorded(f, file, "describe meters");
  as_recorded(f, file,
              "select location, count(*), avg(current) from meters partition by location "
              "order by location");
  as_recorded(f, file, "show stables");
  as_recorded(f, file, "select distinct tbname, groupid from meters order by groupid");
}

static void selects_without_a_table_are_as_recorded(void** state) {
  sf_t* f = *state;
  const char* file = "query_super.jsonl";
  sf_fill_super(f);
  as_recorded(f, file, "select 1");
  assert_true(f->outcome.constant);
  as_recorded(f, file, "select 'text', 1.5, true, null");
  as_recorded(f, file, "select database(), server_version()");
  assert_false(f->outcome.constant);
  ts_zone_set(&f->env.zone, "Asia/Tokyo");
  as_recorded(f, "options.jsonl", "select cast(1700000000000 as timestamp), timezone()");
}

static void many_rows_come_in_blocks_of_4096_as_recorded(void** state) {
  sf_t* f = *state;
  sf_ok(f, "create database cap_big");
  sf_ok(f, "use cap_big");
  sf_ok(f, "create table big (ts timestamp, a int, b double, c varchar(24))");
  ts_buf_t sql = {0};
  ts_buf_text(&sql, "insert into big values");
  for (int row = 0; row < 10000; row++) {
    long long ts = 1700000000000LL + row;
    if (row % 7 == 0) {
      ts_buf_format(&sql, "(%lld,null,null,null)", ts);
    } else {
      ts_buf_format(&sql, "(%lld,%d,%g,'row %d')", ts, row, row * 0.5, row);
    }
  }
  ts_buf_add(&sql, "", 1);
  sf_affects(f, (char*) sql.data, 10000);
  ts_buf_free(&sql);
  as_recorded(f, "query_multi_block.jsonl", "select * from big");
  assert_int_equal(ts_block_rows(ts_result_block(f->outcome.result, 1)), 4096);
  assert_int_equal(ts_block_rows(ts_result_block(f->outcome.result, 2)), 1808);
  assert_null(ts_result_block(f->outcome.result, 3));
}

static void errors_are_as_recorded(void** state) {
  sf_t* f = *state;
  sf_fails(f, "select * from no_such_db.t", 904,
           "Fail to get table info, error: Database not exist");
  sf_fails(f, "selec 1", 9728, "syntax error near \"selec 1\"");
  sf_fails(f, "", 9729, "Incomplete SQL statement");
  sf_fails(f, "  ", 9729, "Incomplete SQL statement");
  sf_fails(f, "use nope", 904, "Database not exist");
  sf_fails(f, "select * from t", 9750, "Database not specified");
  sf_fill_types(f);
  sf_fails(f, "insert into cap_types_ms.t_all values (1)", 534,
           "syntax error near ')' (, expected)");
  sf_fails(f, "create database cap_types_ms", 897, "Database already exists");
  sf_fails(f, "select * from cap_types_ms.nope", 9731,
           "Fail to get table info, error: Table does not exist");
  sf_fails(f, "drop table cap_types_ms.nope", 9731, "Table does not exist");
}

/* One recorded insert, and its answer. */
static void insert_as_recorded(sf_t* f, yyjson_val* args, yyjson_val* answer) {
  ts_lines_t lines = {.format = yyjson_get_sint(yyjson_obj_get(args, "protocol")),
                      .precision = yyjson_get_str(yyjson_obj_get(args, "precision")),
                      .data = yyjson_get_str(yyjson_obj_get(args, "data")),
                      .size = yyjson_get_len(yyjson_obj_get(args, "data")),
                      .table_name_key = yyjson_get_str(yyjson_obj_get(args, "table_name_key"))};
  int64_t affected;
  int64_t total;
  ts_error_t error;
  int code = ts_lines_insert(f->store, f->env.db, &lines, &affected, &total, &error);
  assert_string_equal(error.text, yyjson_get_str(yyjson_obj_get(answer, "message")));
  assert_int_equal(code, yyjson_get_int(yyjson_obj_get(answer, "code")));
  if (code != 0) return;
  assert_int_equal(affected, yyjson_get_sint(yyjson_obj_get(answer, "affected_rows")));
  assert_int_equal(total, yyjson_get_sint(yyjson_obj_get(answer, "total_rows")));
}

static void schemaless_writes_are_as_recorded(void** state) {
  sf_t* f = *state;
  const char* file = "schemaless.jsonl";
  unsigned inserts = 0;
  yyjson_doc* request = NULL;
  td_jsonl_t lines;
  sf_ok(f, "create database cap_sml precision 'ns'");
  sf_ok(f, "use cap_sml");
  td_jsonl_open(&lines, file);
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
    size_t size;
    const char* text = td_str(line, "text", &size);
    yyjson_doc* doc = yyjson_read(text, size, 0);
    yyjson_val* root = yyjson_doc_get_root(doc);
    bool insert = yyjson_equals_str(yyjson_obj_get(root, "action"), "insert");
    if (insert && yyjson_obj_get(root, "args") != NULL) {
      request = doc;
      continue;
    }
    if (insert) {
      insert_as_recorded(f, yyjson_obj_get(yyjson_doc_get_root(request), "args"), root);
      yyjson_doc_free(request);
      inserts++;
    }
    yyjson_doc_free(doc);
  }
  td_jsonl_close(&lines);
  assert_int_equal(inserts, 7);
  as_recorded(f, file, "select * from meters");
  as_recorded(f, file, "select * from m2 order by _ts");
  as_recorded(f, file, "select * from sys_cpu order by _ts");
  as_recorded(f, file, "select * from sys_mem order by _ts");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, sf_setup, sf_teardown)
  const struct CMUnitTest tests[] = {
      TEST(every_type_comes_back_byte_for_byte_as_recorded),
      TEST(aggregates_of_every_type_are_as_recorded),
      TEST(no_rows_have_fields_and_no_block),
      TEST(super_tables_are_as_recorded),
      TEST(selects_without_a_table_are_as_recorded),
      TEST(many_rows_come_in_blocks_of_4096_as_recorded),
      TEST(errors_are_as_recorded),
      TEST(schemaless_writes_are_as_recorded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
