/* SQL cut into tokens, and the kind of a statement by its first word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/sql/kind.h"
#include "wire/sql/lexer.h"

/* `tokens` has a '|' behind each. */
static void require_tokens(const char* sql, const char* tokens) {
  tuv_sql_lexer_t lexer = tuv_sql_lexer(sql, strlen(sql));
  for (;;) {
    tuv_sql_token_t token = tuv_sql_next(&lexer);
    if (token.length == 0) break;
    assert_true(strlen(tokens) > token.length);
    assert_memory_equal(token.at, tokens, token.length);
    assert_int_equal(tokens[token.length], '|');
    tokens += token.length + 1;
  }
  assert_string_equal(tokens, "");
  assert_int_equal(tuv_sql_next(&lexer).length, 0);
}

static void words_and_single_characters_are_tokens(void** state) {
  (void) state;
  require_tokens("", "");
  require_tokens("insert into t_1 values(?,1.5)", "insert|into|t_1|values|(|?|,|1|.|5|)|");
  require_tokens(" \t\r\n\x01select*from d.t;", "select|*|from|d|.|t|;|");
  require_tokens("a-b/c\xC3\xA4", "a|-|b|/|c|\xC3|\xA4|");
}

static void quoted_texts_are_whole(void** state) {
  (void) state;
  require_tokens("'a?b' \"c--d\" `e/*f`", "'a?b'|\"c--d\"|`e/*f`|");
  require_tokens("'it''s' 'a\\'b' `a``b`", "'it''s'|'a\\'b'|`a``b`|");
  require_tokens("`a\\`b", "`a\\`|b|"); /* a backslash in backquotes is itself */
  require_tokens("a 'not closed", "a|'not closed|");
  require_tokens("'ends with \\", "'ends with \\|");
}

static void comments_are_skipped(void** state) {
  (void) state;
  require_tokens("a -- b ? c\nd", "a|d|");
  require_tokens("a/* b ? */c", "a|c|");
  require_tokens("a -- b", "a|");
  require_tokens("a /* b", "a|");
  require_tokens("/*/ a */b", "b|");
}

static void words_are_compared_without_their_case(void** state) {
  (void) state;
  tuv_sql_token_t token = {"Into", 4};
  assert_true(tuv_sql_is(token, "into"));
  assert_false(tuv_sql_is(token, "int"));
  assert_false(tuv_sql_is(token, "intos"));
  assert_false(tuv_sql_is((tuv_sql_token_t) {"[", 1}, "{"));
  assert_false(tuv_sql_is((tuv_sql_token_t) {"", 0}, "a"));
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

static void what_only_reads_is_told_by_its_first_word(void** state) {
  (void) state;
  static const char* const reading[] = {
      "select 1",   " \n((SELECT 1)", "show databases",    "desc t",
      "describe t", "explain insert", "-- note\nselect 1", "/*+ hint */ select 1"};
  static const char* const others[] = {
      "insert into t values(now, 1)", "",       "(", "selects", "selec", "'select'",
      "create table t(ts timestamp)", "descx t"};
  for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
    assert_true(tuv_sql_only_reads(reading[i], strlen(reading[i])));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(tuv_sql_only_reads(others[i], strlen(others[i])));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_and_single_characters_are_tokens),
      cmocka_unit_test(quoted_texts_are_whole),
      cmocka_unit_test(comments_are_skipped),
      cmocka_unit_test(words_are_compared_without_their_case),
      cmocka_unit_test(what_changes_tables_is_told_from_what_looks_like_it),
      cmocka_unit_test(what_only_reads_is_told_by_its_first_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
