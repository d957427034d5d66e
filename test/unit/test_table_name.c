/* Names of tables: every form, and texts that are not names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/status.h"
#include "wire/stmt/table_name.h"

static void each_form_is_read_and_written_in_one(void** state) {
  static const struct {
    const char* text;
    const char* database;
    const char* table;
    const char* written;
  } cases[] = {
      {"t", "", "t", "t"},
      {"`t`", "", "t", "t"},
      {"T", "", "T", "T"},
      {"`T`", "", "T", "T"},
      {"d.t", "d", "t", "d.t"},
      {"`d`.`t`", "d", "t", "d.t"},
      {"d.`t`", "d", "t", "d.t"},
      {"`d`.t", "d", "t", "d.t"},
      {"`a.b`", "", "a.b", "`a.b`"},
      {"d.`a.b`", "d", "a.b", "d.`a.b`"},
      {"`d.e`.`a``b`", "d.e", "a`b", "`d.e`.`a``b`"},
      {"````", "", "`", "````"},
      {"my-table", "", "my-table", "`my-table`"},
      {"`my-table`", "", "my-table", "`my-table`"},
      {"1t", "", "1t", "`1t`"},
      {"t1", "", "t1", "t1"},
      {" t", "", " t", "` t`"},
      {"\xe6\xb6\x9b", "", "\xe6\xb6\x9b", "`\xe6\xb6\x9b`"},
  };
  (void) state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tuv_table_name_t name;
    char text[TUV_TABLE_NAME_TEXT];
    tuv_errmsg_t err = {""};
    if (tuv_table_name_read(cases[i].text, strlen(cases[i].text), &name, &err) != 0)
      fail_msg("%s: %s", cases[i].text, err.text);
    assert_int_equal(name.database_length, strlen(cases[i].database));
    assert_memory_equal(name.database, cases[i].database, name.database_length);
    assert_string_equal(name.table, cases[i].table);
    assert_int_equal(name.table_length, strlen(cases[i].table));
    size_t length = tuv_table_name_write(&name, text);
    assert_int_equal(length, strlen(cases[i].written));
    assert_memory_equal(text, cases[i].written, length);
    assert_int_equal(tuv_table_name_read(text, length, &name, &err), 0); /* and read the same */
    assert_string_equal(name.table, cases[i].table);
  }
}

static void what_is_no_name_says_why(void** state) {
  static const struct {
    const char* text;
    size_t length; /* 0: up to its NUL */
    const char* error;
  } cases[] = {
      {"", 0, "the table's name is empty"},
      {"``", 0, "the table's name is empty"},
      {"d.", 0, "the table's name is empty"},
      {".t", 0, "the name of the table's database is empty"},
      {"``.t", 0, "the name of the table's database is empty"},
      {"a.b.c", 0, "a table's name has two dots outside of backquotes"},
      {"`t", 0, "the table's name has a backquote that is not closed"},
      {"`t``", 0, "the table's name has a backquote that is not closed"},
      {"`d.t", 0, "the table's name has a backquote that is not closed"},
      {"`d`x.t", 0, "text follows the closing backquote in a table's name"},
      {"`t`x", 0, "text follows the closing backquote in a table's name"},
      {"d.`t`x", 0, "text follows the closing backquote in a table's name"},
      {"a`b", 0,
       "the table's name contains a backquote: put the whole name in backquotes and double this "
       "one"},
      {"a\0b", 3, "the table's name is not UTF-8 or contains a NUL"},
      {"\xc3", 0, "the table's name is not UTF-8 or contains a NUL"},
  };
  (void) state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tuv_table_name_t name;
    tuv_errmsg_t err = {""};
    size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
    assert_int_equal(tuv_table_name_read(cases[i].text, length, &name, &err), TUV_EINVAL);
    assert_string_equal(err.text, cases[i].error);
  }
}

static void parts_have_the_servers_limits(void** state) {
  static char text[2 * 64 + 2 * 192 + 8];
  tuv_table_name_t name;
  tuv_errmsg_t err = {""};
  char written[TUV_TABLE_NAME_TEXT];
  (void) state;
  memset(text, 'd', sizeof text);
  text[64] = '.';
  assert_int_equal(tuv_table_name_read(text, 65 + 192, &name, &err), 0);
  assert_int_equal(tuv_table_name_write(&name, written), 257);
  assert_int_equal(tuv_table_name_read(text, 65 + 193, &name, &err), TUV_ERANGE);
  assert_string_equal(err.text, "the table's name has more than 192 bytes");
  assert_int_equal(tuv_table_name_read(text + 1, 64 + 192, &name, &err), 0);
  text[64] = 'd';
  text[65] = '.';
  assert_int_equal(tuv_table_name_read(text, 70, &name, &err), TUV_ERANGE);
  assert_string_equal(err.text, "the name of the table's database has more than 64 bytes");
  memset(text, '`', sizeof text); /* a name of nothing but backquotes is the longest text */
  text[2 * 64 + 2] = '.';
  assert_int_equal(tuv_table_name_read(text, sizeof text - 3, &name, &err), 0);
  assert_int_equal(name.table_length, 192);
  assert_int_equal(tuv_table_name_write(&name, written), TUV_TABLE_NAME_TEXT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_form_is_read_and_written_in_one),
      cmocka_unit_test(what_is_no_name_says_why),
      cmocka_unit_test(parts_have_the_servers_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
