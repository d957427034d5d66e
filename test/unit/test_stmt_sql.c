/* What a statement's SQL has question marks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/stmt_sql.h"

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

static void what_changes_tables_is_told_from_what_looks_like_it(void** state) {
  (void) state;
  assert_true(tuv_sql_changes_tables("use db", 6));
  assert_true(tuv_sql_changes_tables(" /* x */ USE `db`", 17));
  assert_true(tuv_sql_changes_tables("Alter table t", 13));
  assert_true(tuv_sql_changes_tables("DROP", 4));
  assert_false(tuv_sql_changes_tables("used", 4));
  assert_false(tuv_sql_changes_tables("select use", 10));
  assert_false(tuv_sql_changes_tables("", 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_question_mark_is_seen_for_what_it_is),
      cmocka_unit_test(a_table_is_put_in_quoted),
      cmocka_unit_test(what_changes_tables_is_told_from_what_looks_like_it),
  };
  return cmocka_run_group_tests_name("stmt_sql", tests, NULL, NULL);
}
