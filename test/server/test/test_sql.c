/* The bundled server's SQL, beyond what the recordings show. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sql_fixture.h"
#include "codec/decimal.h"

static void the_same_timestamp_overwrites_and_counts_once(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_affects(f, "insert into t values (1, 1, 'x') (2, 2, 'y') (1, 3, 'z')", 2);
  sf_gives(f, "select * from t", 2);
  assert_int_equal(sf_number(f, "select count(*) from t where ts = 1 and a = 3 and s = 'z'"), 1);
}

static void columns_that_an_insert_leaves_out_stay(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_affects(f, "insert into t (s, ts) values ('x', 1)", 1);
  sf_affects(f, "insert into t (ts, a) values (1, 7)", 1);
  assert_int_equal(sf_number(f, "select count(*) from t where a = 7 and s = 'x'"), 1);
  sf_affects(f, "insert into t (ts, a) values (1, null)", 1);
  assert_int_equal(sf_number(f, "select count(*) from t where a is null and s is not null"), 1);
}

static void one_insert_fills_several_tables(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_ok(f, "create table st (ts timestamp, v int) tags (g int, n nchar(4))");
  sf_affects(f,
             "insert into t values (1, 1, 'x') c1 using st (n) tags ('a') values (1, 1) (2, 2) "
             "c2 using st tags (2, null) (v, ts) values (5, 1) t (ts) values (9)",
             5);
  sf_gives(f, "select tbname, g, n, v from st", 3);
  assert_int_equal(sf_number(f, "select count(*) from c1"), 2);
  assert_int_equal(sf_number(f, "select sum(v) from st where g = 2"), 5);
  assert_int_equal(sf_number(f, "select count(*) from st where g is null"), 2);
}

static void a_failed_insert_leaves_nothing(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_ok(f, "create table st (ts timestamp, v int) tags (g int)");
  sf_fails(f, "insert into c1 using st tags (1) values (1, 1) t values (1, 2, 'x') (2, 'y')", 534,
           "syntax error near ''y'' (invalid INT data)");
  sf_gives(f, "select * from t", 0);
  sf_fails(f, "select * from c1", 9731, "Fail to get table info, error: Table does not exist");
  sf_affects(f, "insert into c1 using st tags (1) values (1, 1)", 1);
}

static void precisions_are_the_databases(void** state) {
  sf_t* f = *state;
  sf_ok(f,
        "create database du precision 'us' keep 3650 duration 10d buffer 16 vgroups 1 "
        "wal_retention_period 3600");
  sf_ok(f, "create database dn precision 'ns'");
  sf_ok(f, "create table du.t (ts timestamp, a int)");
  sf_ok(f, "create table dn.t (ts timestamp, a int)");
  sf_affects(f, "insert into du.t values ('2023-11-14 22:13:20.000001', 1)", 1);
  sf_affects(f, "insert into dn.t values ('2023-11-14T22:13:20.000000001+00:00', 1)", 1);
  assert_int_equal(sf_number(f, "select ts from du.t"), 1700000000000001);
  assert_int_equal(f->outcome.result->precision, 1);
  assert_int_equal(sf_number(f, "select ts from dn.t"), 1700000000000000001);
  assert_int_equal(f->outcome.result->precision, 2);
  assert_int_equal(sf_number(f,
                             "select count(*) from dn.t where ts > '2023-11-14 22:13:20' and "
                             "ts <= 1700000000000000001"),
                   1);
}

static void local_times_follow_the_connections_zone(void** state) {
  sf_t* f = *state;
  sf_create(f);
  ts_zone_set(&f->env.zone, "Asia/Shanghai");
  sf_affects(f, "insert into t (ts) values ('2023-11-15 06:13:20')", 1);
  assert_int_equal(sf_number(f, "select ts from t"), 1700000000000);
  ts_zone_set(&f->env.zone, "Europe/Berlin");
  sf_refused(f, "insert into t (ts) values ('2023-11-15 06:13:20')");
  sf_refused(f, "select timezone()");
  sf_affects(f, "insert into t (ts) values ('2023-11-15T06:13:20+01:00')", 1);
}

static void now_and_durations_are_times(void** state) {
  sf_t* f = *state;
  sf_create(f);
  int64_t before = ts_now(0);
  sf_affects(f, "insert into t (ts) values (now + 1h) (NOW() - 10a) (1700000000000 + 1s) (today())",
             4);
  sf_gives(f, "select * from t where ts > now and ts < now() + 2h", 1);
  assert_int_equal(sf_number(f, "select count(*) from t where ts = 1700000001000"), 1);
  assert_true(sf_number(f, "select now") >= before);
  assert_int_equal(f->outcome.result->fields[0].type.type, TS_TIMESTAMP);
}

static void bad_values_are_refused_as_inserts_refuse(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_fails(f, "insert into t values (1, 2147483648, 'x')", 534,
           "syntax error near '2147483648' (int data overflow)");
  sf_fails(f, "insert into t values (1, 1, 'too long a text')", 9811,
           "Value too long for column/tag: s");
  sf_fails(f, "insert into t values ('yesterday', 1, 'x')", 534,
           "syntax error near ''yesterday'' (invalid timestamp)");
  sf_fails(f, "insert into t values (null, 1, 'x')", 534,
           "syntax error near ',' (primary timestamp should not be null)");
  sf_fails(f, "insert into t values (1, 2, 'x', 4)", 534, "syntax error near ',' () expected)");
  sf_fails(f, "insert into t (ts, b) values (1, 2)", 9730, "Invalid column name: b");
  sf_fails(f, "insert into nope values (1, 2)", 9731, "Table does not exist");
  sf_fails(f, "create table t (ts timestamp, a int)", 864, "Table already exists");
  sf_ok(f, "create table if not exists t (ts timestamp, a int)");
  sf_fails(f, "create table c using t tags (1)", 9731, "Table does not exist");
  sf_ok(f, "create table st (ts timestamp, a int) tags (g int)");
  sf_fails(f, "create table c using st tags (1, 2)", 9740, "Tags number not matched");
  sf_fails(f, "drop stable nope", 866, "STable not exist");
}

static void reserved_words_are_names_in_backquotes_only(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_fails(f, "create table copy (ts timestamp, a int)", 9728,
           "syntax error near \"copy (ts timestamp, a int)\"");
  sf_fails(f, "create table u (ts timestamp, Host int)", 9728, "syntax error near \"Host int)\"");
  sf_ok(f, "create table u (ts timestamp, `host` int)");
  sf_affects(f, "insert into u (ts, `host`) values (1, 7)", 1);
  sf_fails(f, "insert into u (ts, host) values (2, 7)", 9728,
           "syntax error near \"host) values (2, 7)\"");
  sf_fails(f, "select ts, host from u", 9728, "syntax error near \"host from u\"");
  sf_fails(f, "select count(*) count from u", 9728, "syntax error near \"count from u\"");
  assert_int_equal(sf_number(f, "select `host` from u where u.`host` = 7"), 7);
}

static void conditions_select_rows(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_affects(f, "insert into t values (1, 1, 'ax') (2, 2, 'bx') (3, 3, 'By') (4, null, null)", 4);
  sf_gives(f, "select * from t where a in (1, 3)", 2);
  sf_gives(f, "select * from t where a not in (1, 3)", 1);
  sf_gives(f, "select * from t where a between 2 and 3 and s <> 'bx'", 1);
  sf_gives(f, "select * from t where s like '%x'", 2);
  sf_gives(f, "select * from t where s like 'b%'", 1);
  sf_gives(f, "select * from t where s is null or not (a = 1)", 3);
  sf_gives(f, "select * from t where a = '2'", 1);
  sf_gives(f, "select * from t where -a = -2", 1);
  sf_gives(f, "select * from t where ts >= '1970-01-01 00:00:00.002' limit 2", 2);
  assert_int_equal(sf_number(f, "select ts from t order by ts desc limit 1 offset 1"), 3);
  assert_int_equal(sf_number(f, "select ts from t order by ts limit 2, 1"), 3);
  assert_int_equal(sf_number(f, "select x.ts from t as x where x.a = 2"), 2);
  sf_fails(f, "select b from t", 9730, "Invalid column name: b");
  sf_fails(f, "select a, count(*) from t", 9739, "Not a single-group group function");
}

static void unsigned_and_decimal_values_compare_rightly(void** state) {
  sf_t* f = *state;
  sf_ok(f, "create database db");
  sf_ok(f, "use db");
  sf_ok(f, "create table t (ts timestamp, u bigint unsigned, d decimal(38,2), e decimal(8,2))");
  sf_affects(f,
             "insert into t values (1, 18446744073709551615, -5.25, -5.25) (2, 1, 1.5, 1.5) "
             "(3, 9223372036854775808, 99999999999999999999999999.99, 7)",
             3);
  sf_gives(f, "select * from t where u > 1", 2);
  assert_int_equal(sf_number(f, "select ts from t order by u desc limit 1"), 1);
  assert_int_equal(sf_number(f, "select ts from t order by u limit 1"), 2);
  sf_gives(f, "select * from t where d < 1.5", 1);
  sf_gives(f, "select * from t where d >= '1.5' and e > 1", 2);
  assert_int_equal(sf_number(f, "select ts from t order by d limit 1"), 1);
  assert_int_equal(sf_number(f, "select max(e) from t"), 700);
  assert_int_equal(sf_number(f, "select u from t where ts = 1"), -1);
  sf_refused(f, "select sum(u) from t");
  sf_refused(f, "select d + 1 from t");
  sf_refused(f, "select * from t where d = 1.555");
}

static void aggregates_and_groups_work(void** state) {
  sf_t* f = *state;
  sf_fill_super(f);
  assert_int_equal(sf_number(f, "select count(*) from meters"), 20);
  assert_int_equal(sf_number(f, "select sum(voltage) from d1000"), 215 + 216 + 217 + 218 + 219);
  assert_true(sf_real(f, "select spread(voltage) from meters") == 7.0);
  assert_true(sf_real(f, "select 1 + 1.5 * 2") == 4.0);
  sf_gives(f, "select tbname, max(voltage) m from meters group by tbname order by m desc", 4);
  sf_gives(f,
           "select groupid, first(voltage), last(voltage) from meters group by groupid "
           "having count(*) > 4",
           4);
  assert_int_equal(sf_number(f, "select last(voltage) from d1003"), 222);
  assert_int_equal(sf_number(f, "select first(voltage) from d1003"), 218);
  sf_gives(f, "select sum(voltage) from meters where ts < 0", 0);
  assert_int_equal(sf_number(f, "select count(*) from meters where ts < 0"), 0);
  sf_gives(f, "select voltage from meters partition by tbname", 20);
}

static void tables_are_shown_dropped_and_altered(void** state) {
  sf_t* f = *state;
  sf_fill_super(f);
  sf_gives(f, "show databases", 1);
  sf_gives(f, "show tables", 6);
  sf_gives(f, "show cap_super.tables like 'd%'", 4);
  sf_gives(f, "describe d1000", 6);
  sf_affects(f, "delete from d1000 where ts > 1700000003000", 1);
  sf_affects(f, "delete from meters where groupid = 1", 5);
  assert_int_equal(sf_number(f, "select count(*) from meters"), 14);
  sf_ok(f, "alter table meters add column extra nchar(10)");
  sf_ok(f, "alter stable meters add tag owner varchar(10)");
  sf_ok(f, "alter table d1000 set tag owner = 'me'");
  sf_affects(f, "insert into d1000 values (5, 1, 2, 3, 'n')", 1);
  sf_text_is(f, "select owner from meters where extra = 'n'", "me");
  sf_ok(f, "drop table d1000, d1001");
  sf_gives(f, "show tables", 4);
  sf_ok(f, "drop stable meters");
  sf_gives(f, "show tables", 2);
  sf_ok(f, "drop table if exists nope");
  sf_ok(f, "drop database cap_super");
  sf_fails(f, "show tables", 9750, "Database not specified");
  sf_ok(f, "drop database if exists cap_super");
}

static void names_may_be_quoted_and_keywords_in_any_case(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_ok(f, "CREATE TABLE DB.`T` (`Ts` TIMESTAMP, `select` INT)");
  sf_affects(f, "INSERT INTO db.`T` VALUES (1, 5);", 1);
  assert_int_equal(sf_number(f, "SeLeCt `select` FROM `T` -- a remark"), 5);
  sf_gives(f, "select * from T", 0); /* the other table: plain names are in lower case */
  sf_text_is(f, "select 'it''s' as x", "it's");
  sf_text_is(f, "select concat('a', upper('b'))", "aB");
}

static void sql_that_is_tdengines_but_not_ours_is_refused(void** state) {
  sf_t* f = *state;
  sf_fill_super(f);
  sf_refused(f, "select _wstart, _wend, max(voltage) from meters interval(2s) order by _wstart");
  sf_refused(f, "select * from (select 1)");
  sf_refused(f, "select * from meters m join sites s on m.ts = s.ts");
  sf_refused(f, "select twa(voltage) from meters");
  sf_refused(f, "select info->'city' from sites");
  sf_refused(f, "create topic t1 as stable meters where groupid = 1");
  sf_refused(f, "show dnodes");
  sf_refused(f, "explain select 1");
  sf_refused(f, "select voltage from meters order by 7");
  sf_refused(f, "insert into meters (tbname, ts) values ('d1', 1)");
}

static void a_dry_run_changes_nothing(void** state) {
  sf_t* f = *state;
  sf_create(f);
  sf_ok(f, "create table st (ts timestamp, v int) tags (g int)");
  static const char* const statements[] = {
      "create database x",
      "create table t2 (ts timestamp, a int)",
      "drop table t",
      "drop database db",
      "create table c using st tags (1)",
      "select * from t",
      "insert into t values (1, 1, 'x') c1 using st tags (1) values (1, 1)",
      "alter table t add column b int",
      "delete from t",
      "show tables",
      "describe t"};
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    ts_outcome_t outcome;
    int status = ts_sql_run(f->store, &f->env, statements[i], strlen(statements[i]), true, &outcome,
                            &f->error);
    if (status != 0) fail_msg("%s: %s", statements[i], f->error.text);
    assert_null(outcome.result);
  }
  sf_gives(f, "show databases", 1);
  sf_gives(f, "show tables", 1);
  sf_gives(f, "select * from t", 0);
  sf_gives(f, "describe t", 3);
}

static void bench_tables_repeat_one_block(void** state) {
  sf_t* f = *state;
  sf_ok(f, "select * from bench.rows_100000_4096");
  const ts_result_t* result = f->outcome.result;
  assert_ptr_equal(ts_result_block(result, 0), ts_result_block(result, 23));
  assert_int_equal(ts_block_rows(ts_result_block(result, 23)), 4096);
  assert_int_equal(ts_block_rows(ts_result_block(result, 24)), 100000 - 24 * 4096);
  assert_null(ts_result_block(result, 25));
  const uint8_t* data = ts_result_block(result, 0)->data;
  size_t at = 28 + 9 * 4 + 512;
  assert_int_equal(ts_get_u64(data + at + 8 * 5), 1700000005000);
  at += 4096 * 8 + 512;
  assert_int_equal(ts_get_u32(data + at + 4 * 5), 5);
  sf_gives(f, "select * from bench.rows_10_65536", 10);
  sf_gives(f, "select * from bench.rows_0_1", 0);
  assert_int_not_equal(sf_run(f, "select * from bench.rows_10_65537"), 0);
}

static void decimals_are_exact(void** state) {
  (void) state;
  ts_i128_t value;
  assert_int_equal(ts_decimal_parse("12.345", 6, 10, 3, &value), 0);
  assert_true(value == 12345);
  assert_int_equal(ts_decimal_parse("-0.0005", 7, 10, 3, &value), 0);
  assert_true(value == -1);
  assert_int_equal(ts_decimal_parse("1.5e2", 5, 10, 0, &value), 0);
  assert_true(value == 150);
  assert_int_equal(ts_decimal_parse("0e99999", 7, 10, 3, &value), 0);
  assert_true(value == 0);
  assert_int_equal(ts_decimal_parse("99999999", 8, 10, 3, &value), 2);
  assert_int_equal(ts_decimal_parse("9.9996", 6, 4, 3, &value), 2);
  assert_int_equal(ts_decimal_parse("1e99999", 7, 38, 0, &value), 2);
  assert_int_equal(ts_decimal_parse("1x", 2, 10, 0, &value), 1);
  assert_true(ts_decimal_fits("1.500", 5, 1));
  assert_false(ts_decimal_fits("1.55", 4, 1));
}

/* Every prefix of a valid statement is answered, if only with an error. */
static void cut_statements_do_no_harm(void** state) {
  sf_t* f = *state;
  sf_create(f);
  static const char* const statements[] = {
      "insert into t (ts, a) values (now() + 1h, -0x1f) (2, 'x\\'') t values (1, 2, \"z\")",
      "select distinct a, count(*) x from t where (a + 1.5) * 2 >= 1 and s like 'a%' or not b = 1",
      "select a from t group by a having max(a) > 1 order by 1 desc nulls last limit 5 offset 1",
      "create stable if not exists st (ts timestamp, d decimal(10, 2)) tags (j json, g nchar(3))",
      "select cast(null as varchar(10)), `a`.`b`, 10s, /* c */ 0b1, -- d"};
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
    for (size_t size = 0; size <= strlen(statements[i]); size++) {
      char* copy = malloc(size > 0 ? size : 1); /* without a NUL behind it */
      memcpy(copy, statements[i], size);
      ts_result_unref(f->outcome.result);
      int status = ts_sql_run(f->store, &f->env, copy, size, false, &f->outcome, &f->error);
      free(copy);
      assert_int_equal(status, f->error.code);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, sf_setup, sf_teardown)
  const struct CMUnitTest tests[] = {
      TEST(the_same_timestamp_overwrites_and_counts_once),
      TEST(columns_that_an_insert_leaves_out_stay),
      TEST(one_insert_fills_several_tables),
      TEST(a_failed_insert_leaves_nothing),
      TEST(precisions_are_the_databases),
      TEST(local_times_follow_the_connections_zone),
      TEST(now_and_durations_are_times),
      TEST(bad_values_are_refused_as_inserts_refuse),
      TEST(reserved_words_are_names_in_backquotes_only),
      TEST(conditions_select_rows),
      TEST(unsigned_and_decimal_values_compare_rightly),
      TEST(aggregates_and_groups_work),
      TEST(tables_are_shown_dropped_and_altered),
      TEST(names_may_be_quoted_and_keywords_in_any_case),
      TEST(sql_that_is_tdengines_but_not_ours_is_refused),
      TEST(a_dry_run_changes_nothing),
      TEST(bench_tables_repeat_one_block),
      cmocka_unit_test(decimals_are_exact),
      TEST(cut_statements_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
