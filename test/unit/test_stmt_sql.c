/* What a statement's SQL has question marks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/stmt/sql.h"

typedef struct case_s {
  const char* sql;
  bool insert, table, super_table;
  uint32_t tags, columns;
} case_t;

static void each_question_mark_is_seen_for_what_it_is(void** state) {
  (void) state;
  static const case_t cases[] = {
      {"", false, false, false, 0, 0},
      {"insert", true, false, false, 0, 0},
      {"insert into", true, false, false, 0, 0},
      {"insert into ?", true, true, false, 0, 0},
      {"insert into ? using st tags(?,?) values(?,?,?)", true, true, true, 2, 3},
      {" INSERT\tINTO\n?\rUsing `a``?` (g, l) TAGS (?, ?) VALUES (?, ?)", true, true, true, 2, 2},
      {"insert into ? (ts, v) using st tags(?) values(?, ?)", true, true, true, 1, 2},
      {"insert into ? using st tags(1, 'x?') values(?)", true, true, true, 0, 1},
      {"insert ? values(?)", true, true, false, 0, 1},
      {"insert into ? values(?,?,?)", true, true, false, 0, 3},
      {"insert into d1 values(?,?,?)", true, false, false, 0, 3},
      {"insert into d1 using st tags(?) values(?,?)", true, false, true, 1, 2},
      {"insert into db.tags values(?,?)", true, false, false, 0, 2},
      {"insert into st(tbname,ts,v,g) values(?,?,?,?)", true, false, false, 0, 4},
      {"select * from t where a = ? and b in (?, ?)", false, false, false, 0, 3},
      {"select '?', \"?\", `?`, 'it''s ?', '\\'?' from t where a = ?", false, false, false, 0, 1},
      {"select 1 -- ? \n + ? /* ? */ - ? --?", false, false, false, 0, 2},
      {"select '?", false, false, false, 0, 0},
      {"select `?", false, false, false, 0, 0},
      {"select ? /* ?", false, false, false, 0, 1},
      {"select '\\", false, false, false, 0, 0},
      {"insertinto ? values(?)", false, false, false, 0, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const case_t* want = &cases[i];
    size_t length = strlen(want->sql);
    char* sql = malloc(length + 1); /* exactly as long as it is: not a byte behind it is read */
    memcpy(sql, want->sql, length);
    tuv_stmt_sql_t got;
    tuv_stmt_sql_scan(sql, length, &got);
    assert_int_equal(got.select, strncmp(want->sql, "select", 6) == 0);
    bool same = got.insert == want->insert && got.table == want->table &&
                got.super_table == want->super_table && got.tags == want->tags &&
                got.columns == want->columns;
    if (!same) fail_msg("%s: tags %u, columns %u", want->sql, got.tags, got.columns);
    if (got.table) assert_int_equal(sql[got.table_at], '?');
    free(sql);
  }
}

static void named(const char* sql, const char* table, const char* want) {
  tuv_stmt_sql_t scan;
  char out[128];
  memset(out, '#', sizeof out);
  tuv_stmt_sql_scan(sql, strlen(sql), &scan);
  size_t length = tuv_stmt_sql_name(sql, strlen(sql), &scan, table, out, sizeof out);
  assert_int_equal(length, strlen(want));
  assert_memory_equal(out, want, length);
  for (size_t room = 0; room < length; room++) {
    memset(out, '#', sizeof out);
    assert_int_equal(tuv_stmt_sql_name(sql, strlen(sql), &scan, table, out, room), length);
    assert_memory_equal(out, want, room);
    assert_int_equal(out[room], '#');
  }
}

static void a_table_is_put_in_quoted(void** state) {
  (void) state;
  named("insert into ? values(?)", "d1", "insert into `d1` values(?)");
  named("insert into ?", "my db.a b", "insert into `my db`.`a b`");
  static const char* const bad[] = {"", ".", ".a", "a.", "a.b.c", "a`b", "a'b", "a\"b", "a\\b"};
  tuv_stmt_sql_t scan;
  tuv_stmt_sql_scan("insert into ? values(?)", 23, &scan);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(tuv_stmt_sql_name("insert into ? values(?)", 23, &scan, bad[i], NULL, 0), 0);
}

static void whose_columns_they_are(void** state) {
  (void) state;
  static const char* const cases[][2] = {
      {"insert into t values(?)", "t"},
      {"insert into db.t (a) values(?)", "db.t"},
      {"insert into `d b`.`t?` values(?)", "`d b`.`t?`"},
      {"insert into d1 using db . st tags(?) values(?)", "db . st"},
      {"insert into ? using tags tags(?) values(?)", "tags"},
      {"insert into ? using st (g) tags(?) values(?)", "st"},
      {"insert t values(?)", "t"},
      {"insert into ? values(?)", ""},
      {"insert into ? using ? tags(?)", ""},
      {"insert into", ""},
      {"insert into db.", "db."},
      {"insert into ? using", ""},
      {"select a from t where b = ?", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    tuv_stmt_sql_t scan;
    tuv_stmt_sql_scan(cases[i][0], strlen(cases[i][0]), &scan);
    assert_int_equal(scan.name_length, strlen(cases[i][1]));
    assert_memory_equal(cases[i][0] + scan.name_at, cases[i][1], scan.name_length);
    const char* dot = strchr(cases[i][1], '.');
    size_t blanks = dot != NULL && dot[-1] == ' ';
    assert_int_equal(scan.database_length, dot == NULL ? 0 : (size_t) (dot - cases[i][1]) - blanks);
  }
  tuv_stmt_sql_t scan;
  tuv_stmt_sql_scan("insert into a.b using `c.d` tags(?)", 35, &scan);
  assert_int_equal(scan.name_length, 5);
  assert_int_equal(scan.database_length, 0);
}

static void fields_are_asked_for(void** state) {
  (void) state;
  static const char* const cases[][4] = {
      {"insert into ? using st tags(?,?) values(?,?)", NULL, "d", "select * from `d`.st limit 0"},
      {"insert into ? using st tags(?,?) values(?,?)", NULL, "", "select * from st limit 0"},
      {"insert into ? using e.st tags(1) values(?,?)", NULL, "d", "select * from e.st limit 0"},
      {"insert into ? using st (g, `l)`) tags(?,?) values(?)", NULL, "",
       "select *,g, `l)` from st limit 0"},
      {"insert into ? using st tags(?) (ts, v) values(?,?)", NULL, "",
       "select ts, v,* from st limit 0"},
      {"insert into ? (ts,v) using st (g) tags(?) values(?,?)", NULL, "",
       "select ts,v,g from st limit 0"},
      {"insert into ? using st (g) tags(f(1), 'x)') (ts) values(?)", NULL, "",
       "select ts from st limit 0"},
      {"insert into t values(?,?)", NULL, "d", "select * from `d`.t limit 0"},
      {"insert into t (ts, v) values(?,?) (?,?)", NULL, "d", "select ts, v from `d`.t limit 0"},
      {"insert into ? values(?)", "a", "d", "select * from `d`.`a` limit 0"},
      {"insert into ? values(?)", "e.a", "d", "select * from `e`.`a` limit 0"},
      {"insert into ? values(?)", NULL, "d", NULL},
      {"insert into t values(?)", NULL, "d`", NULL},
      {"insert into t (a values(?)", NULL, "", "select * from t limit 0"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *sql = cases[i][0], *want = cases[i][3];
    char out[128];
    tuv_stmt_sql_t scan;
    tuv_stmt_sql_scan(sql, strlen(sql), &scan);
    size_t length = tuv_stmt_sql_fields(sql, &scan, cases[i][1], cases[i][2], out, sizeof out);
    assert_int_equal(length, want == NULL ? 0 : strlen(want));
    if (want != NULL) assert_memory_equal(out, want, length);
    assert_int_equal(tuv_stmt_sql_fields(sql, &scan, cases[i][1], cases[i][2], NULL, 0), length);
  }
}

static taosuv_stmt_field_t field(const char* name, uint8_t kind, uint8_t type, uint8_t precision) {
  taosuv_stmt_field_t made = {.name = name,
                              .name_length = (uint32_t) strlen(name),
                              .kind = kind,
                              .type = type,
                              .precision = precision};
  return made;
}

static void unknown_scales_are_asked_for(void** state) {
  (void) state;
  taosuv_stmt_field_t fields[] = {field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                  field("a", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DECIMAL64, 0),
                                  field("told", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DECIMAL64, 10),
                                  field("tag", TAOSUV_BIND_TAG, TAOSUV_TYPE_DECIMAL64, 0),
                                  field("b c", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DECIMAL128, 0)};
  static const char* const cases[][3] = {
      {"insert into ? using db.st tags(?) values(?)", NULL, "select `a`,`b c` from db.st limit 0"},
      {"insert into ? values(?)", "db.d1", "select `a`,`b c` from `db`.`d1` limit 0"},
      {"insert into ? values(?)", NULL, ""},
      {"insert into ? values(?)", "d`1", ""}};
  tuv_stmt_sql_t scan;
  char out[128];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char* want = cases[i][2];
    tuv_stmt_sql_scan(cases[i][0], strlen(cases[i][0]), &scan);
    for (size_t room = 0; room <= strlen(want); room++) {
      memset(out, '#', sizeof out);
      size_t length = tuv_stmt_sql_decimals(cases[i][0], &scan, cases[i][1], fields, 5, out, room);
      assert_int_equal(length, strlen(want));
      assert_memory_equal(out, want, room);
      if (length > 0) assert_int_equal(out[room], '#');
    }
  }
  tuv_stmt_sql_scan("insert into t values(?)", 23, &scan);
  assert_int_equal(tuv_stmt_sql_decimals("", &scan, NULL, fields, 1, NULL, 0), 0);
  fields[1].name = "a` from x; --"; /* only what lies would say so */
  fields[1].name_length = 13;
  assert_int_equal(tuv_stmt_sql_decimals("", &scan, NULL, fields, 5, NULL, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_question_mark_is_seen_for_what_it_is),
      cmocka_unit_test(a_table_is_put_in_quoted),
      cmocka_unit_test(whose_columns_they_are),
      cmocka_unit_test(fields_are_asked_for),
      cmocka_unit_test(unknown_scales_are_asked_for),
  };
  return cmocka_run_group_tests_name("stmt_sql", tests, NULL, NULL);
}
