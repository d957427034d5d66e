/* The bundled server's statements: the forms of INSERT, the sink, and the rules of their life. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stmt_client.h"

/* ---- the forms of INSERT ---- */

static void many_tables_are_made_by_their_tags(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  ts_buf_t payload = sc_two_tables(true, true, true);
  SC_OK(sc_prepare2(f, 1, sc_using_sql));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"stmt_id\":1,\"affected\":6}", true);
  sc_run(f, "create table e1 using st tags (1, '\xe6\xb6\x9b\xe6\x80\x9d')");
  sc_run(f,
         "insert into e1 values (1700000000000, 1, 'a')(1700000000001, null, null)"
         "(1700000000002, 3, '')");
  sc_same_answers(f, "select * from a1", "select * from e1");
  sc_same_answers(f, "select ts, v, s, g, l from st where tbname = 'a1'",
                  "select ts, v, s, g, l from st where tbname = 'e1'");
  assert_int_equal(sc_count_rows(f, "select * from st where g = 2 and l is null"), 3);
  ts_buf_free(&payload);
}

static void every_form_writes_the_same_rows(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_run(f, "create table a1 using st tags (1, 'x')");
  sc_run(f, "create table a2 using st tags (2, 'x')");
  ts_buf_t payload = sc_two_tables(true, false, true);
  SC_OK(sc_ask(f, "stmt2_init", "%s", ""));
  sc_fails(f,
           sc_ask(f, "stmt2_prepare",
                  "\"stmt_id\":1,\"sql\":\"insert into ? values(?,?,?)\","
                  "\"get_fields\":true"),
           555, "Table does not exist");
  SC_OK(sc_ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"insert into ? values(?,?,?)\""));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":6}", true);
  ts_buf_free(&payload);
  payload = sc_plain_payload(4);
  SC_OK(sc_prepare2(f, 2, "insert into t (ts, v, s) values(?,?,?)"));
  SC_OK(sc_send_bind(f, 9, 2, &payload));
  sc_is_text(f, sc_exec2(f, 2), "\"affected\":3}", true);
  SC_OK(sc_prepare2(f, 3, "insert into a3 using st (l) tags ('z') values(?,?,?)"));
  SC_OK(sc_send_bind(f, 9, 3, &payload));
  sc_is_text(f, sc_exec2(f, 3), "\"affected\":3}", true);
  sc_same_answers(f, "select * from a1", "select * from t");
  sc_same_answers(f, "select * from a2", "select * from t");
  sc_same_answers(f, "select * from a3", "select * from t");
  assert_int_equal(sc_count_rows(f, "select * from st where l = 'z' and g is null"), 3);
  ts_buf_free(&payload);
}

static void a_name_may_be_a_column(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  size_t reply = sc_prepare2(f, 1, "insert into st (tbname, ts, v, g) values(?,?,?,?)");
  sc_is_text(f, reply,
             "\"bind_type\":4},{\"name\":\"ts\",\"field_type\":9,\"precision\":0,\"scale\":0,"
             "\"bytes\":8,\"bind_type\":1}",
             true);
  sc_is_text(f, reply,
             "\"name\":\"g\",\"field_type\":4,\"precision\":0,\"scale\":0,\"bytes\":4,"
             "\"bind_type\":2}],\"fields_count\":4}",
             true);
  ts_buf_t rows = {0};
  ts_buf_t tag = {0};
  ts_buf_t payload = {0};
  const char* const names[] = {"n1"};
  bm_item(&rows, 9, 3, NULL, NULL, sc_times, sizeof sc_times);
  bm_item(&rows, 4, 3, "111", NULL, NULL, 0);
  bm_item(&tag, 4, 1, NULL, NULL, "\5\0\0\0", 4);
  bm_payload(
      &payload,
      &(bm_payload_t) {
          .ntables = 1, .names = names, .ntags = 1, .tags = &tag, .ncolumns = 2, .columns = &rows});
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":3}", true);
  assert_int_equal(sc_count_rows(f, "select * from st where tbname = 'n1' and g = 5 and v is null"),
                   3);
  ts_buf_free(&rows);
  ts_buf_free(&tag);
  ts_buf_free(&payload);
}

static void sql_that_cannot_be_prepared_is_refused(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_fails(f, sc_prepare2(f, 1, "insert into nope values(?,?)"), 9731, "Table does not exist");
  sc_fails(f, sc_prepare2(f, 2, "insert into t values(?,1,?)"), 512,
           "stmt bind param does not support normal value in sql");
  sc_fails(f, sc_prepare2(f, 3, "insert into t values(?,?)"), 534, "Illegal number of columns");
  sc_fails(f, sc_prepare2(f, 4, "select * from ? where v = 1"), 9728, "syntax error near");
  sc_fails(f, sc_prepare2(f, 5, "select nope from t where v = ?"), 9730,
           "Invalid column name: nope");
  sc_fails(f, sc_prepare2(f, 6, "insert into st values(?,?,?)"), 256, "Operation not supported");
  sc_fails(f, sc_prepare2(f, 7, "insert into ? using st tags(?) values(?,?,?)"), 9740, "Tags num");
  sc_fails(f, sc_prepare2(f, 8, "insert into t (v) values(?)"), 534, "primary timestamp");
  sc_fails(f, sc_prepare2(f, 9, "insert into t (ts, v, v) values(?,?,?)"), 534,
           "duplicated column");
  SC_OK(
      sc_ask(f, "stmt2_prepare", "\"stmt_id\":9,\"sql\":\"%s\",\"get_fields\":true", sc_using_sql));
  assert_int_equal(ts_server_counters(f->server).dead_statements, 0);
}

/* ---- the rules ---- */

static void exec_without_a_bind_kills_a_statement(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  ts_buf_t payload = sc_plain_payload(4);
  SC_OK(sc_prepare2(f, 1, "insert into t values(?,?,?)"));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  SC_OK(sc_exec2(f, 1));
  sc_fails(f, sc_exec2(f, 1), 554, "Stmt API usage error");
  sc_fails(f, sc_send_bind(f, 9, 1, &payload), 554, "Stmt API usage error");
  sc_fails(f, sc_ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"select 1\""), 554, "success");
  assert_int_equal(ts_server_counters(f->server).dead_statements, 1);
  sc_is_text(f, sc_ask(f, "stmt2_close", "\"stmt_id\":1"), "\"stmt_id\":1}", true);
  sc_fails(f, sc_exec2(f, 1), 65535, "stmt2 is nil");
  assert_int_equal(ts_server_counters(f->server).statements_open, 0);
  ts_buf_free(&payload);
}

static void a_refused_bind_kills_a_statement(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  ts_buf_t payload = sc_plain_payload(6);
  SC_OK(sc_prepare2(f, 1, "insert into t values(?,?,?)"));
  sc_fails(f, sc_send_bind(f, 9, 1, &payload), 512, "column type mis-match with buffer type");
  sc_fails(f, sc_exec2(f, 1), 512, "column type mis-match with buffer type");
  ts_buf_free(&payload);
  ts_buf_t rows = {0};
  const int32_t length = 9;
  payload = (ts_buf_t) {0};
  bm_item(&rows, 9, 1, NULL, NULL, sc_times, 8);
  bm_item(&rows, 8, 1, NULL, &length, "123456789", 9);
  bm_payload(&payload, &(bm_payload_t) {.ntables = 1, .ncolumns = 2, .columns = &rows});
  SC_OK(sc_prepare2(f, 2, "insert into t (ts, s) values(?,?)"));
  sc_fails(f, sc_send_bind(f, 9, 2, &payload), 9811, "Value too long for column/tag: s");
  sc_fails(f, sc_exec2(f, 2), 9811, "Value too long for column/tag: s");
  assert_int_equal(ts_server_counters(f->server).dead_statements, 2);
  ts_buf_free(&rows);
  ts_buf_free(&payload);
}

static void rows_for_a_table_that_was_made_again_are_nowhere(void** state) {
  wc_t* f = *state;
  static const char* const sqls[] = {"insert into t values(?,?,?)", "insert into ? values(?,?,?)"};
  static const char* const name = "t";
  for (uint64_t i = 0; i < 2; i++) {
    sc_start(f, i == 0 ? NULL : "3.3.5.8");
    ts_buf_t rows = {0}, payload = {0};
    sc_put_rows(&rows, 4);
    bm_payload(&payload,
               &(bm_payload_t) {
                   .ntables = 1, .ncolumns = 3, .columns = &rows, .names = i == 0 ? NULL : &name});
    SC_OK(sc_ask(f, "stmt2_init", "%s", ""));
    SC_OK(sc_ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"%s\"", sqls[i]));
    SC_OK(sc_send_bind(f, 9, 1, &payload));
    sc_run(f, "create table other (ts timestamp, v int)"); /* of no concern */
    SC_OK(sc_exec2(f, 1));
    sc_run(f, "drop table t");
    sc_run(f, "create table t (ts timestamp, v int, s varchar(8))");
    for (int again = 0; again < 2; again++) {
      SC_OK(sc_send_bind(f, 9, 1, &payload));
      sc_is_text(f, sc_exec2(f, 1), "\"affected\":3}", true);
    }
    sc_same_answers(f, "select count(*) from t", "select count(*) from other");
    SC_OK(sc_ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"%s\"", sqls[i]));
    SC_OK(sc_send_bind(f, 9, 1, &payload));
    SC_OK(sc_exec2(f, 1));
    assert_int_equal(sc_count_rows(f, "select * from t"), 3);
    SC_OK(sc_send_bind(f, 9, 1, &payload));
    sc_run(f, "drop table t");
    sc_fails(f, sc_exec2(f, 1), 9731, "Table does not exist");
    ts_buf_free(&rows);
    ts_buf_free(&payload);
  }
}

static void statements_older_than_a_change_are_refused(void** state) {
  wc_t* f = *state;
  static const char* const by_name =
      "insert into ? using st (g, l) tags(?,?) (ts, v, s) values(?,?,?)";
  static const struct {
    const char* version;
    const char* change;
    int code;
    const char* text;
  } cases[] = {
      {"3.3.7.5", "alter table st add column w int", 0x061B, "Table schema is old"},
      {"3.3.7.5", "alter table st add tag h int", 0x0618, "Table not exists"},
      {"3.3.7.5", "alter table st modify column s varchar(80)", 0x0115, "Invalid message"},
      {"3.3.7.5", "drop table st", 0x0618, "Table not exists"},
      {"3.3.5.8", "alter table st add column w int", 0x061D, "success"},
      {"3.3.5.8", "drop table st", 0x061D, "success"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sc_start(f, cases[i].version);
    ts_buf_t payload = sc_two_tables(true, true, true);
    SC_OK(sc_prepare2(f, 1, by_name));
    SC_OK(sc_send_bind(f, 9, 1, &payload));
    SC_OK(sc_exec2(f, 1));
    sc_run(f, cases[i].change);
    if (strncmp(cases[i].change, "drop", 4) == 0)
      sc_run(f, "create table st (ts timestamp, v int, s varchar(8)) tags (g int, l nchar(4))");
    SC_OK(sc_send_bind(f, 9, 1, &payload));
    sc_fails(f, sc_exec2(f, 1), cases[i].code, cases[i].text);
    sc_fails(f, sc_exec2(f, 1), cases[i].code, cases[i].text); /* dead */
    SC_OK(sc_prepare2(f, 2, by_name));
    SC_OK(sc_send_bind(f, 9, 2, &payload));
    SC_OK(sc_exec2(f, 2));
    ts_buf_free(&payload);
  }
}

static void nothing_is_kept_of_a_batch_that_fails(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  ts_buf_t payload = sc_two_tables(true, true, true);
  SC_OK(sc_prepare2(f, 1, sc_using_sql));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_run(f, "create table a2 (ts timestamp, v int)"); /* no child of st */
  sc_fails(f, sc_exec2(f, 1), 534, "Table is not a child of the super table: a2");
  assert_int_equal(ts_server_exec(f->server, "select * from a1"), 9731);
  ts_buf_free(&payload);
}

static void queries_take_values_of_any_type(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_run(f, "insert into t values (1700000000000, 1, 'it''s')(1700000000001, -2, '\\\\x')");
  sc_is_text(f, sc_prepare2(f, 1, "select * from t where ts >= ? and v < ? and s like ? limit ?"),
             "\"is_insert\":false,\"fields\":null,\"fields_count\":4}", true);
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  const int32_t lengths[] = {4};
  const double limit = 2.25;
  bm_item(&items, 9, 1, NULL, NULL, sc_times, 8);
  bm_item(&items, 7, 1, NULL, NULL, &limit, 8);
  bm_item(&items, 8, 1, NULL, lengths, "it's", 4);
  bm_item(&items, 2, 1, NULL, NULL, "\7", 1);
  bm_payload(&payload, &(bm_payload_t) {.ntables = 1, .ncolumns = 4, .columns = &items});
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":0}", true);
  sc_is_text(f, sc_ask(f, "stmt2_result", "\"stmt_id\":1"),
             "\"stmt_id\":1,\"id\":1,\"fields_count\":3,\"fields_names\":[\"ts\",\"v\",\"s\"],"
             "\"fields_types\":[9,4,8],\"fields_lengths\":[8,4,10],\"precision\":0,",
             true);
  wc_binary(f, 5, 1, 7, NULL);
  size_t reply = sc_wait_reply(f, f->client.count);
  assert_int_equal(ts_get_u32(f->client.messages[reply].data.data + 55 + 8), 1);
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  SC_OK(sc_exec2(f, 1)); /* which ends the result before */
  wc_binary(f, 5, 1, 7, NULL);
  reply = sc_wait_reply(f, f->client.count);
  sc_is_text(f, reply, "result is nil", true);
  sc_fails(f, sc_exec2(f, 1), 554, "Stmt API usage error");
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

static void the_first_protocol_has_its_order(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_fails(f, sc_ask(f, "prepare", "\"stmt_id\":5,\"sql\":\"select 1\""), 65535, "stmt is nil");
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"%s\"", sc_using_sql));
  sc_fails(f, sc_ask(f, "get_tag_fields", "\"stmt_id\":1"), 555, "Stmt table name not set");
  sc_fails(f, sc_ask(f, "exec", "\"stmt_id\":1"), 554, "Stmt API usage error");
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
  sc_fails(f, sc_ask(f, "set_tags", "\"stmt_id\":1,\"tags\":[1]"), 65535, "stmt parse tag json:");
  sc_fails(f, sc_ask(f, "bind", "\"stmt_id\":1,\"columns\":[[1],[\"x\"],[null]]"), 65535,
           "stmt parse column json:");
  sc_fails(f, sc_ask(f, "use_result", "\"stmt_id\":1"), 65535, "success");
  sc_fails(f, sc_ask(f, "stmt_get_param", "\"stmt_id\":1,\"index\":9"), 280, "Invalid parameters");
  sc_fails(f, sc_ask(f, "stmt2_exec", "\"stmt_id\":1"), 65535, "stmt2 is nil");
  sc_ask(f, "close", "\"stmt_id\":1");
  sc_ask(f, "close", "\"stmt_id\":1");
  SC_OK(sc_ask(f, "stmt2_init", "%s", ""));
  sc_fails(f, sc_ask(f, "exec", "\"stmt_id\":2"), 65535, "stmt is nil");
  wc_forget(f);
  sc_ask(f, "close", "\"stmt_id\":2");
  sc_fails(f, sc_wait_reply(f, 0), 65535, "stmt type not match");
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

static void the_first_protocol_keeps_the_table_and_its_tags(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"%s\"", sc_using_sql));
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
  sc_fails(f, sc_ask(f, "bind", "\"stmt_id\":1,\"columns\":[[0],[0],[null]]"), 554,
           "Stmt API usage");
  SC_OK(sc_ask(f, "set_tags", "\"stmt_id\":1,\"tags\":[7,\"x\"]"));
  for (int i = 0; i < 3; i++) {
    SC_OK(sc_ask(f, "bind", "\"stmt_id\":1,\"columns\":[[%d],[%d],[null]]", i, i));
    SC_OK(sc_ask(f, "add_batch", "\"stmt_id\":1"));
    sc_is_text(f, sc_ask(f, "exec", "\"stmt_id\":1"), "\"affected\":1}", true);
  }
  /* It is there, and needs no tags. */
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
  SC_OK(sc_ask(f, "bind", "\"stmt_id\":1,\"columns\":[[9,10],[9,null],[null,\"y\"]]"));
  SC_OK(sc_ask(f, "add_batch", "\"stmt_id\":1"));
  sc_is_text(f, sc_ask(f, "exec", "\"stmt_id\":1"), "\"affected\":2}", true);
  assert_int_equal(sc_count_rows(f, "select * from st where tbname = 'k1' and g = 7"), 5);
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

static void the_first_protocol_tells_one_precision(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  SC_OK(sc_ask(f, "query", "\"sql\":\"create database n precision 'ns'\""));
  SC_OK(sc_ask(f, "query",
               "\"sql\":\"create table n.s (ts timestamp, at timestamp) "
               "tags (born timestamp)\""));
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(sc_ask(f, "prepare",
               "\"stmt_id\":1,\"sql\":\"insert into ? using n.s tags(?) values(?,?)\""));
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"n.k1\""));
  sc_is_text(f, sc_ask(f, "get_tag_fields", "\"stmt_id\":1"),
             "[{\"name\":\"born\",\"field_type\":9,\"precision\":0,", true);
  size_t reply = sc_ask(f, "get_col_fields", "\"stmt_id\":1");
  sc_is_text(f, reply, "[{\"name\":\"ts\",\"field_type\":9,\"precision\":2,", true);
  sc_is_text(f, reply, "{\"name\":\"at\",\"field_type\":9,\"precision\":0,", true);
}

static void old_servers_lack_statements(void** state) {
  wc_t* f = *state;
  sc_start(f, "3.1.1.15");
  ts_buf_t nothing = {0};
  sc_fails(f, sc_ask(f, "stmt2_init", "%s", ""), 65535, "unknown action stmt2_init");
  sc_fails(f, sc_ask(f, "stmt_num_params", "\"stmt_id\":1"), 65535,
           "unknown action stmt_num_params");
  sc_fails(f, sc_send_bind(f, 9, 1, &nothing), 65535, "unknown binary action 9");
  sc_fails(f, sc_send_bind(f, 11, 1, &nothing), 65535, "unknown binary action 11");
  SC_OK(sc_ask(f, "init", "%s", ""));
}

static void wrong_lengths_are_named(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  ts_buf_t good = sc_two_tables(true, true, true);
  ts_buf_t bad = {0};
  SC_OK(sc_prepare2(f, 1, sc_using_sql));
  sc_fails(f, sc_send_bind(f, 9, 1, &bad), 65535, "data length is less than 28");
  static const struct {
    size_t at;
    uint32_t value;
    const char* text;
  } cases[] = {{0, 7, "total length not match, expect "},
               {4, 100000, "table name lengths out of range, total length: "},
               {28, 0, "table name length is 0, tableIndex: 0"},
               {28, 0xffff, "table names out of range, total length: "},
               {8, 0, "tag count is 0, but tags offset is not 0"},
               {12, 0, "col count is 0, but cols offset is not 0"},
               {20, 0xffffff, "tags out of range, total length: "},
               {24, 0xffffff, "cols out of range, total length: "},
               {40, 0, "tag length is 0, tableIndex: 0"},
               {48, 5, "bind data length error, tableIndex: 0, fieldIndex: 0"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bad.size = 0;
    ts_buf_add(&bad, good.data, good.size);
    if (cases[i].at == 28) {
      ts_put_u16(bad.data + 28, (uint16_t) cases[i].value);
    } else {
      ts_put_u32(bad.data + cases[i].at, cases[i].value);
    }
    sc_fails(f, sc_send_bind(f, 9, 1, &bad), 65535, cases[i].text);
  }
  SC_OK(sc_send_bind(f, 9, 1, &good)); /* none of them was felt by the statement */
  SC_OK(sc_exec2(f, 1));
  ts_buf_free(&good);
  ts_buf_free(&bad);
}

/* ---- the sink ---- */

static void the_sink_counts_rows_and_drops_them(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_run(f, "create database bench");
  sc_run(f, "create table bench.sink (ts timestamp, a int, c varchar(8)) tags (g int, l nchar(4))");
  ts_buf_t payload = sc_two_tables(true, true, true);
  static const char* const moved[] = {"bench.s1", "bench.s2"};
  payload.size = 0;
  ts_buf_t rows[2] = {0};
  ts_buf_t tags[2] = {0};
  for (int i = 0; i < 2; i++) {
    sc_put_rows(&rows[i], 4);
    sc_put_tags(&tags[i], i, "x");
  }
  bm_payload(
      &payload,
      &(bm_payload_t) {
          .ntables = 2, .names = moved, .ntags = 2, .tags = tags, .ncolumns = 3, .columns = rows});
  SC_OK(sc_prepare2(f, 1, "insert into ? using bench.sink tags(?,?) values(?,?,?)"));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":6}", true);
  sc_run(f, "insert into bench.s1 values (1700000000000, 10, 'x')");
  ts_buf_t totals = sc_query_block(f, "select count(*), sum(a) from bench.sink");
  assert_int_equal(ts_get_u64(totals.data + 28 + 18 + 1), 7);
  assert_int_equal(ts_get_u64(totals.data + 28 + 18 + 10), 18);
  ts_buf_free(&totals);
  assert_int_equal(ts_server_exec(f->server, "select * from bench.s1"), 0);
  for (int i = 0; i < 2; i++) {
    ts_buf_free(&rows[i]);
    ts_buf_free(&tags[i]);
  }
  ts_buf_free(&payload);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(many_tables_are_made_by_their_tags),
      TEST(every_form_writes_the_same_rows),
      TEST(a_name_may_be_a_column),
      TEST(sql_that_cannot_be_prepared_is_refused),
      TEST(exec_without_a_bind_kills_a_statement),
      TEST(a_refused_bind_kills_a_statement),
      TEST(rows_for_a_table_that_was_made_again_are_nowhere),
      TEST(statements_older_than_a_change_are_refused),
      TEST(nothing_is_kept_of_a_batch_that_fails),
      TEST(queries_take_values_of_any_type),
      TEST(the_first_protocol_has_its_order),
      TEST(the_first_protocol_keeps_the_table_and_its_tags),
      TEST(the_first_protocol_tells_one_precision),
      TEST(old_servers_lack_statements),
      TEST(wrong_lengths_are_named),
      TEST(the_sink_counts_rows_and_drops_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
