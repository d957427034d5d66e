/* Prepared statements when the server, the connection, the client or the caller does something
 * unexpected. */
#include "fixture.h"

static const char insert_sql[] = "insert into ? using st tags(?) values(?,?)";
static const int64_t T0 = 1700000000000;

static taosuv_client_t* with_meters(it_t* it, const char* keys) {
  taosuv_client_t* maker = it_client(it, "");
  const char* db = it_database(it, maker, "ms");
  it_ok(it, maker, "create stable %s.st (ts timestamp, v int) tags (g int)", db);
  it_close_wait(it, maker);
  return it_client_db(it, db, keys);
}

/* One row of table `d<table>`. */
static void bind_one(taosuv_stmt_t* stmt, int table, int64_t ts, int v) {
  char name[16];
  snprintf(name, sizeof name, "d%d", table);
  taosuv_value_t tag = taosuv_i64(table), row[] = {taosuv_i64(ts), taosuv_i64(v)};
  assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
  assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, row, 2), 0);
}

static void start_one(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, int64_t ts, int v) {
  bind_one(stmt, 1, ts, v);
  assert_int_equal(it_stmt_exec(it, stmt, op), 0);
}

static bool maybe(const it_op_t* op) {
  return (op->req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
}

static int64_t rows_of(it_t* it, taosuv_client_t* client) {
  return it_number(it, client, "select count(*) from st");
}

static uint64_t actions(it_t* it, const char* action) {
  return ts_server_action_count(it->server, action);
}

/* ---- what the server does ---- */

static void a_refused_batch_fails_alone(void** state) {
  it_t* it = *state;
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  it_needs_bundled(it);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_bind",
                            .skip = 1,
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x2653,
                            .text = "Value too long for column/tag: v"});
  for (int i = 0; i < 3; i++) start_one(it, stmt, &ops[i], T0 + i, i);
  for (int i = 0; i < 3; i++) assert_int_equal(it_wait(&ops[i]), i == 1 ? TAOSUV_ESERVER : 0);
  assert_int_equal(ops[1].req.server_code, 0x2653);
  it_has(ops[1].message, "Value too long");
  assert_false(maybe(&ops[1]));
  assert_int_equal(actions(it, "stmt2_init"), 2); /* the first one was useless */
  assert_int_equal(rows_of(it, client), 2);
  taosuv_stmt_close(stmt);
}

typedef struct loss_s {
  const char* action;
  int code;
  const char* text;
} loss_t;

static void are_replaced(it_t* it, const char* version, const loss_t* losses, size_t count) {
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = version});
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  for (size_t i = 0; i < count; i++) {
    it_op_t op = {0};
    uint32_t rule = it_rule(it, &(ts_rule_t) {.action = losses[i].action,
                                              .times = 1,
                                              .answer = TS_ANSWER_ERROR,
                                              .code = losses[i].code,
                                              .text = losses[i].text});
    start_one(it, stmt, &op, T0 + (int64_t) i, 1);
    if (it_wait(&op) != 0) fail_msg("%s: %s: %s", losses[i].action, losses[i].text, op.message);
    assert_int_equal(op.stmt_exec.affected_rows, 1);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 1);
    it_unrule(it);
  }
  assert_int_equal(rows_of(it, client), count);
  taosuv_stmt_close(stmt);
  it_close_wait(it, client);
}

static void a_statement_that_the_server_has_lost_is_replaced(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const loss_t stmt2[] = {{"stmt2_bind", 0xFFFF, "stmt2 is nil"},
                                 {"stmt2_exec", 0xFFFF, "stmt2 is nil"},
                                 {"stmt2_bind", 0xFFFF, "stmt has been freed"},
                                 {"stmt2_bind", 0x022A, "Stmt API usage error"},
                                 {"stmt2_exec", 0x022A, "success"},
                                 {"stmt2_exec", 0x0125, "Retry needed"}};
  static const loss_t one_message[] = {{"stmt2_bind_exec", 0xFFFF, "stmt2 is nil"},
                                       {"stmt2_bind_exec", 0x022A, "Stmt API usage error"},
                                       {"stmt2_bind_exec", 0x0125, "Retry needed"}};
  static const loss_t first[] = {{"set_table_name", 0xFFFF, "stmt is nil"},
                                 {"set_tags", 0xFFFF, "stmt has been freed"},
                                 {"bind", 0xFFFF, "stmt is nil"},
                                 {"add_batch", 0x022A, "Stmt API usage error"},
                                 {"exec", 0x0125, "Retry needed"}};
  are_replaced(it, "3.3.6.0", stmt2, COUNT(stmt2));
  are_replaced(it, "3.4.1.13", one_message, COUNT(one_message));
  are_replaced(it, "3.1.1.15", first, COUNT(first));
}

/* Again and again is no accident. */
static void a_statement_that_is_always_lost_fails(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  it_op_t op = {0};
  it_rule(it, &(ts_rule_t) {.action = "stmt2_bind",
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x022A,
                            .text = "Stmt API usage error"});
  start_one(it, stmt, &op, T0, 1);
  assert_int_equal(it_wait(&op), TAOSUV_ESERVER);
  assert_int_equal(op.req.server_code, 0x022A);
  it_unrule(it);
  start_one(it, stmt, &op, T0, 1);
  assert_int_equal(it_wait(&op), 0);
  taosuv_stmt_close(stmt);
}

/* A hundred rows by column: they may lie as they go out. */
static void start_hundred(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, int64_t from) {
  int64_t ts[100];
  int32_t v[100];
  taosuv_value_t tag = taosuv_i64(1);
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                              {TAOSUV_TYPE_INT, v, NULL, NULL}};
  for (int i = 0; i < 100; i++) {
    ts[i] = from + i;
    v[i] = i;
  }
  assert_int_equal(taosuv_bind_table(stmt, "d1", 2), 0);
  assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_columns(stmt, 100, columns, 2), 0);
  assert_int_equal(it_stmt_exec(it, stmt, op), 0);
}

static void gets_two(it_t* it, const char* text) {
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.4.1.13"});
  it_op_t op = {0};
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t rule = it_rule(
      it,
      &(ts_rule_t) {
          .action = "stmt2_bind_exec", .answer = TS_ANSWER_ERROR, .code = 0xFFFF, .text = text});
  for (int i = 0; i < 3; i++) {
    start_hundred(it, stmt, &op, T0 + 100 * i);
    if (it_wait(&op) != 0) fail_msg("%s", op.message);
  }
  assert_int_equal(ts_server_rule_hits(it->server, rule), 1);
  assert_int_equal(actions(it, "stmt2_bind"), 3);
  assert_int_equal(actions(it, "stmt2_init"), 1);
  assert_int_equal(rows_of(it, client), 300);
  assert_int_equal(it_number(it, client, "select sum(v) from st"), 3 * (99 * 100 / 2));
  taosuv_stmt_close(stmt);
  it_close_wait(it, client);
}

static void a_gateway_without_the_one_message_gets_two(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  gets_two(it, "unknown binary action 11");
  gets_two(it, "taos_stmt2_bind_param_column not supported by current taosnative");
}

/* One message repeats names and tags in every row: a batch that is too large so goes by two. */
static void the_limit_is_that_of_the_message_that_is_sent(void** state) {
  enum { TABLES = 30, ROWS = 100 };
  it_t* it = *state;
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.4.1.13"});
  taosuv_client_t* maker = it_client(it, "");
  const char* db = it_database(it, maker, "ms");
  it_ok(it, maker, "create stable %s.st (ts timestamp, v int) tags (g varchar(100))", db);
  taosuv_client_t* client = it_client_db(it, db, "max_message_size=131072");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  char place[100];
  memset(place, 'p', sizeof place);
  taosuv_value_t tag = taosuv_text(place, sizeof place);
  /* The memory of a batch comes back to the statement: the third one is the first one's. */
  for (int round = 0; round < 4; round++) {
    for (int table = 0; table < (round < 2 ? 1 : TABLES); table++) {
      char name[16];
      snprintf(name, sizeof name, "d%d", table);
      assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
      assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
      for (int i = 0; i < (round < 2 ? 1 : ROWS); i++) {
        taosuv_value_t row[] = {taosuv_i64(T0 + i), taosuv_i64(i)};
        assert_int_equal(taosuv_bind_row(stmt, row, 2), 0);
      }
    }
    if (round >= 2) assert_in_range(taosuv_bind_size(stmt), 1, 131072);
    it_op_t op = {0};
    if (it_stmt_exec(it, stmt, &op) != 0)
      fail_msg("round %d: %s", round, taosuv_stmt_message(stmt));
    assert_int_equal(it_wait(&op), 0);
    assert_int_equal(op.stmt_exec.affected_rows, round < 2 ? 1 : TABLES * ROWS);
  }
  assert_int_equal(actions(it, "stmt2_bind_exec"), 2);
  assert_int_equal(actions(it, "stmt2_bind"), 2);
  taosuv_stmt_close(stmt);
}

/* The first version sends a message for each table: each of them has the limit, in every batch. */
static void the_first_version_s_limit_is_a_table_s(void** state) {
  enum { TABLES = 4, ROWS = 3000, BATCHES = 3 };
  it_t* it = *state;
  it_op_t ops[BATCHES];
  memset(ops, 0, sizeof ops);
  it_needs_bundled(it);
  taosuv_client_t* client = with_meters(it, "stmt_version=1&max_message_size=65536");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  size_t size = 0;
  for (int round = 0; round < BATCHES; round++) {
    for (int i = 0; i < TABLES * ROWS; i++) bind_one(stmt, i % TABLES, T0 + i, i);
    assert_true(size == 0 || size == taosuv_bind_size(stmt));
    size = taosuv_bind_size(stmt);
    assert_true(size > 65536);
    if (it_stmt_exec(it, stmt, &ops[round]) != 0)
      fail_msg("round %d: %s", round, taosuv_stmt_message(stmt));
  }
  for (int round = 0; round < BATCHES; round++) {
    assert_int_equal(it_wait(&ops[round]), 0);
    assert_int_equal(ops[round].stmt_exec.affected_rows, TABLES * ROWS);
  }
  for (int i = 0; i < 2 * ROWS; i++) bind_one(stmt, 1, T0 + i, i);
  assert_int_equal(it_stmt_exec(it, stmt, &ops[0]), TAOSUV_EMSGSIZE);
  it_has(taosuv_stmt_message(stmt), "more than max_message_size (65536)");
  taosuv_stmt_close(stmt);
}

static void a_changed_table_is_told(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  start_one(it, stmt, &ops[0], T0, 1);
  assert_int_equal(it_wait(&ops[0]), 0);
  it_ok(it, client, "alter table st add column w int");
  for (int i = 0; i < 3; i++) start_one(it, stmt, &ops[i], T0 + i, i);
  /* `values(?,?)` for three columns: it cannot even be prepared again. */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ESERVER);
    assert_false(maybe(&ops[i]));
  }
  it_op_t op = {0};
  static const char more[] = "insert into ? using st tags(?) values(?,?,?)";
  assert_int_equal(it_end(it_reprepare(it, stmt, &op, more), &op), 0);
  taosuv_value_t tag = taosuv_i64(1), row[] = {taosuv_i64(T0), taosuv_i64(1), taosuv_i64(2)};
  assert_int_equal(taosuv_bind_table(stmt, "d1", 2), 0);
  assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, row, 3), 0);
  assert_int_equal(it_executed(it, stmt), 1);
  taosuv_stmt_close(stmt);
}

static void other_fields_are_no_silent_mistake(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  it_ok(it, client, "drop table st");
  it_ok(it, client, "create stable st (ts timestamp, x double) tags (g int)");
  it_rule(it, &(ts_rule_t) {.action = "stmt2_bind",
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x0125,
                            .text = "Retry needed"});
  for (int i = 0; i < 2; i++) start_one(it, stmt, &ops[i], T0 + i, i);
  for (int i = 0; i < 2; i++) assert_int_equal(it_wait(&ops[i]), TAOSUV_ESCHEMA);
  it_op_t op = {0};
  bind_one(stmt, 1, T0, 1);
  assert_int_equal(it_stmt_exec(it, stmt, &op), TAOSUV_ESCHEMA);
  assert_int_equal(it_end(it_reprepare(it, stmt, &op, insert_sql), &op), 0);
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  assert_int_equal(count, 4);
  assert_int_equal(fields[3].type, TAOSUV_TYPE_DOUBLE);
  taosuv_stmt_close(stmt);
}

/* Some servers tell them. */
static void fields_of_a_query_are_passed_over(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char reply[] =
      "{\"code\":0,\"message\":\"\",\"action\":\"stmt2_prepare\",\"req_id\":$REQ_ID,\"timing\":1,"
      "\"stmt_id\":1,\"is_insert\":false,\"fields\":[{\"name\":\"$1\",\"field_type\":0,"
      "\"precision\":0,\"scale\":0,\"bytes\":0,\"bind_type\":3}],\"fields_count\":1}";
  it_op_t op = {0};
  taosuv_client_t* client = with_meters(it, "");
  it_rule(it, &(ts_rule_t) {.action = "stmt2_prepare",
                            .times = 1,
                            .answer = TS_ANSWER_TEXT,
                            .data = reply,
                            .size = sizeof reply - 1,
                            .put_req_id = true});
  assert_int_equal(it_end(it_prepare(it, client, &op, "select v from st where v > ?"), &op), 0);
  uint32_t count;
  assert_null(taosuv_stmt_fields(op.prepare.stmt, &count));
  assert_int_equal(count, 1);
  taosuv_stmt_close(op.prepare.stmt);
}

/* Of several tables one is refused: nothing of the batch is written. */
static void the_first_version_writes_all_tables_or_none(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const actions_of_a_table[] = {"set_table_name", "set_tags", "bind",
                                                   "add_batch"};
  taosuv_client_t* client = with_meters(it, "stmt_version=1");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  for (size_t i = 0; i < COUNT(actions_of_a_table); i++) {
    it_op_t ops[2];
    memset(ops, 0, sizeof ops);
    it_rule(it, &(ts_rule_t) {.action = actions_of_a_table[i],
                              .skip = 1,
                              .times = 1,
                              .answer = TS_ANSWER_ERROR,
                              .code = 0x2653,
                              .text = "Value too long"});
    for (int table = 1; table < 4; table++) bind_one(stmt, table, T0 + (int64_t) i, 1);
    assert_int_equal(it_stmt_exec(it, stmt, &ops[0]), 0);
    bind_one(stmt, 9, T0 + (int64_t) i, 1);
    assert_int_equal(it_stmt_exec(it, stmt, &ops[1]), 0);
    assert_int_equal(it_wait(&ops[0]), TAOSUV_ESERVER);
    assert_false(maybe(&ops[0]));
    assert_int_equal(it_wait(&ops[1]), 0);
    assert_int_equal(ops[1].stmt_exec.affected_rows, 1);
    assert_int_equal(rows_of(it, client), i + 1);
    it_unrule(it);
  }
  taosuv_stmt_close(stmt);
}

/* Old servers look the bound table up in the connection's database, though the SQL names
 * another. */
static void names_need_no_current_database(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const versions[] = {"3.1.1.15", "3.3.6.0", "3.4.1.13"};
  for (size_t i = 0; i < COUNT(versions); i++) {
    it_op_t op = {0};
    char sql[128], name[64];
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = versions[i]});
    taosuv_client_t* client = it_client(it, "");
    const char* db = it_database(it, client, "ms");
    it_ok(it, client, "create stable %s.st (ts timestamp, v int) tags (g int)", db);
    snprintf(sql, sizeof sql, "insert into ? using `%s`.st tags(?) values(?,?)", db);
    if (it_end(it_prepare(it, client, &op, sql), &op) != 0)
      fail_msg("%s: %s", versions[i], op.message);
    taosuv_stmt_t* stmt = op.prepare.stmt;
    taosuv_value_t tag = taosuv_i64(1), row[] = {taosuv_i64(T0), taosuv_i64(1)};
    snprintf(name, sizeof name, "%s.d1", db);
    assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
    assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
    assert_int_equal(taosuv_bind_row(stmt, row, 2), 0);
    assert_int_equal(it_executed(it, stmt), 1);
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
  }
}

/* ---- decimals of servers that do not tell their scales with the fields ---- */

static taosuv_client_t* with_prices(it_t* it, const char* keys) {
  taosuv_client_t* maker = it_client(it, "");
  const char* db = it_database(it, maker, "ms");
  it_ok(it, maker,
        "create stable %s.st (ts timestamp, p decimal(10,3), q decimal(38,10)) "
        "tags (g int)",
        db);
  it_ok(it, maker, "create table %s.d1 using %s.st tags (1)", db, db);
  it_close_wait(it, maker);
  return it_client_db(it, db, keys);
}

static void bind_price(taosuv_stmt_t* stmt, int64_t ts, int status) {
  taosuv_value_t tag = taosuv_i64(1), row[] = {taosuv_i64(ts), taosuv_text("-1.2345", 7),
                                               taosuv_text("98765432109876543210.5", 22)};
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  if (fields[0].kind == TAOSUV_BIND_TABLE) assert_int_equal(taosuv_bind_table(stmt, "d1", 2), 0);
  bool tagged = count > 3 && fields[count - 4].kind == TAOSUV_BIND_TAG;
  if (tagged) assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  if (taosuv_bind_row(stmt, row, 3) != status) fail_msg("%s", taosuv_stmt_message(stmt));
}

static void check_scales(const taosuv_stmt_t* stmt, bool told) {
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  assert_int_equal(fields[count - 2].precision, told ? 10 : 0);
  assert_int_equal(fields[count - 2].scale, told ? 3 : 0);
  assert_int_equal(fields[count - 1].precision, told ? 38 : 0);
  assert_int_equal(fields[count - 1].scale, told ? 10 : 0);
}

static void scales_are_asked_for(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const sqls[][2] = {
      {"insert into ? using st tags(?) values(?,?,?)", NULL},
      {"insert into ? using `st` (g) tags(?) (ts, p, q) values(?,?,?)", NULL},
      {"insert into d1 using st tags(?) values(?,?,?)", NULL},
      {"insert into `d1` values(?,?,?)", NULL},
      {"insert into ? values(?,?,?)", "d1"}};
  taosuv_client_t* client = with_prices(it, "");
  for (size_t i = 0; i < COUNT(sqls); i++) {
    it_op_t op = {0};
    op.prepare.table = sqls[i][1];
    if (it_end(it_prepare(it, client, &op, sqls[i][0]), &op) != 0) fail_msg("%s", op.message);
    taosuv_stmt_t* stmt = op.prepare.stmt;
    check_scales(stmt, true);
    bind_price(stmt, T0 + (int64_t) i, 0);
    assert_int_equal(it_executed(it, stmt), 1);
    taosuv_stmt_close(stmt);
    uint64_t asked = actions(it, "binary_query");
    op = (it_op_t) {0};
    op.prepare.table = sqls[i][1];
    assert_int_equal(it_end(it_prepare(it, client, &op, sqls[i][0]), &op), 0);
    check_scales(op.prepare.stmt, true);
    assert_int_equal(actions(it, "binary_query"), asked + 1); /* they may be others now */
    taosuv_stmt_close(op.prepare.stmt);
  }
  assert_int_equal(it_number(it, client,
                             "select count(*) from st where p = -1.235 and "
                             "q = 98765432109876543210.5"),
                   COUNT(sqls));
  it_until_no_results(it);
}

/* Whoever may not read, or is answered nonsense, binds their integers. */
static void without_scales_decimals_are_integers(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char sql[] = "insert into ? using st tags(?) values(?,?,?)";
  static const ts_rule_t rules[] = {
      {.action = "binary_query", .answer = TS_ANSWER_ERROR, .code = 0x0303, .text = "Privilege"},
      {.action = "binary_query", .answer = TS_ANSWER_SQL, .text = "select 1, 2"},
      {.action = "binary_query", .answer = TS_ANSWER_SQL, .text = "select q from st"}};
  taosuv_client_t* client = with_prices(it, "stmt_cache=0");
  for (size_t i = 0; i < COUNT(rules); i++) {
    it_rule(it, &rules[i]);
    taosuv_stmt_t* stmt = it_stmt(it, client, sql);
    it_unrule(it);
    check_scales(stmt, false);
    bind_price(stmt, T0, TAOSUV_ENOTSUP);
    static const uint8_t p[8] = {1}, q[16] = {2};
    taosuv_value_t row[] = {taosuv_i64(T0), taosuv_bytes(p, 8), taosuv_bytes(q, 16)};
    assert_int_equal(taosuv_bind_row(stmt, row, 3), 0);
    assert_int_equal(it_executed(it, stmt), 1);
    taosuv_stmt_close(stmt);
  }
  assert_int_equal(it_number(it, client, "select count(*) from st where p = 0.001"), 1);
  it_until_no_results(it);
}

/* What the server refuses only now fails with the prepare, and what it told once is kept. */
static void scales_survive_a_bad_moment(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char sql[] = "insert into ? using st tags(?) values(?,?,?)";
  it_op_t op = {0};
  taosuv_client_t* client = with_prices(it, "");
  it_rule(it, &(ts_rule_t) {.action = "binary_query",
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x0023,
                            .text = "Network error"});
  assert_int_equal(it_end(it_prepare(it, client, &op, sql), &op), TAOSUV_ESERVER);
  assert_true((op.req.err_flags & TAOSUV_ERR_RETRYABLE) != 0);
  assert_int_equal(it_end(it_prepare(it, client, &op, sql), &op), 0);
  taosuv_stmt_t* stmt = op.prepare.stmt;
  check_scales(stmt, true);
  ts_conn_cut(it_conn(it));
  it_until_connections(it, 0);
  it_rule(it, &(ts_rule_t) {.action = "binary_query",
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x0303,
                            .text = "Insufficient privilege"});
  bind_price(stmt, T0, 0);
  assert_int_equal(it_executed(it, stmt), 1);
  check_scales(stmt, true);
  assert_int_equal(it_number(it, client, "select count(*) from st where p = -1.235"), 1);
  taosuv_stmt_close(stmt);
}

/* While the query is under way. */
static void asking_for_scales_can_end(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char sql[] = "insert into ? using st tags(?) values(?,?,?)";
  for (int way = 0; way < 3; way++) {
    it_op_t op = {0};
    taosuv_client_t* client = with_prices(it, "");
    uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .times = 1, .wait_ms = 20});
    assert_int_equal(it_prepare(it, client, &op, sql), 0);
    it_until_hits(it, rule, 1);
    it_slot_t* slot = it_slot(it, client);
    if (way == 0) assert_int_equal(taosuv_cancel(&op.req), 0);
    if (way == 1) it_close(it, client);
    if (way == 2) ts_conn_cut(it_conn(it));
    assert_int_equal(it_wait(&op), way == 2 ? 0 : TAOSUV_ECANCELED);
    it_unrule(it);
    if (way == 2) check_scales(op.prepare.stmt, true);
    taosuv_stmt_close(op.prepare.stmt);
    if (way == 1) it_closed(slot);
    it_until_no_results(it);
    if (way != 1) it_close_wait(it, client);
  }
}

/* ---- connections ---- */

static void bound_batches_move_to_another_connection(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_bind", .times = 1, .wait_ms = 5000});
  for (int i = 0; i < 4; i++) start_one(it, stmt, &ops[i], T0 + i, i);
  it_until_hits(it, rule, 1);
  ts_conn_cut(it_conn(it));
  for (int i = 0; i < 4; i++) {
    assert_int_equal(it_wait(&ops[i]), 0);
    assert_int_equal(ops[i].stmt_exec.affected_rows, 1);
  }
  assert_int_equal(rows_of(it, client), 4);
  taosuv_stmt_close(stmt);
}

static void executed_batches_are_lost_unless_they_may_repeat(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const versions[] = {"3.3.6.0", "3.4.1.13"};
  static const char* const steps[] = {"stmt2_exec", "stmt2_bind_exec"};
  for (size_t i = 0; i < 2; i++) {
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = versions[i]});
    taosuv_client_t* client = with_meters(it, "");
    taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
    for (unsigned idempotent = 0; idempotent < 2; idempotent++) {
      it_op_t first = {0}, second = {0};
      first.req.idempotent = idempotent;
      uint32_t rule = it_rule(it, &(ts_rule_t) {.action = steps[i], .times = 1, .wait_ms = 5000});
      start_one(it, stmt, &first, T0, 1);
      start_one(it, stmt, &second, T0 + 1, 2);
      it_until_hits(it, rule, 1);
      ts_conn_cut(it_conn(it));
      assert_int_equal(it_wait(&first), idempotent ? 0 : it_lost_status());
      if (!idempotent) assert_true(maybe(&first));
      assert_int_equal(it_wait(&second), 0);
      it_unrule(it);
    }
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
  }
}

static void a_statement_outlives_its_server(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  proxy_stop(it->proxies[0]);
  it_run(it, 20);
  start_one(it, stmt, &op, T0, 1);
  assert_int_equal(it_wait(&op), UV_ECONNREFUSED);
  assert_false(maybe(&op));
  assert_int_equal(proxy_start(it->proxies[0]), 0);
  start_one(it, stmt, &op, T0, 1);
  assert_int_equal(it_wait(&op), 0);
  taosuv_stmt_close(stmt);
}

static void an_old_connection_lets_its_statement_go(void** state) {
  it_t* it = *state;
  it_proxy(it);
  taosuv_client_t* client = with_meters(it, "idle_timeout=20");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  for (int i = 0; i < 3; i++) {
    it_until_connections(it, 0);
    bind_one(stmt, 1, T0 + i, i);
    assert_int_equal(it_executed(it, stmt), 1);
  }
  taosuv_stmt_close(stmt);
}

/* ---- the caller ---- */

static void waiting_batches_can_be_cancelled(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_exec", .times = 1, .wait_ms = 100});
  for (int i = 0; i < 5; i++) start_one(it, stmt, &ops[i], T0 + i, i);
  it_until_hits(it, rule, 1);
  assert_int_equal(taosuv_cancel(&ops[0].req), 0); /* in the server's hands */
  assert_int_equal(taosuv_cancel(&ops[2].req), 0);
  assert_int_equal(taosuv_cancel(&ops[4].req), 0);
  assert_int_equal(taosuv_cancel(&ops[4].req), TAOSUV_EINVAL);
  for (int i = 0; i < 5; i++) assert_int_equal(it_wait(&ops[i]), i % 2 ? 0 : TAOSUV_ECANCELED);
  assert_true(maybe(&ops[0]));
  assert_false(maybe(&ops[2]));
  assert_int_equal(rows_of(it, client), 3);
  assert_int_equal(actions(it, "stmt2_init"), 1);
  taosuv_stmt_close(stmt);
}

static void a_bound_batch_that_is_cancelled_is_never_executed(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_bind", .times = 1, .wait_ms = 50});
  start_one(it, stmt, &ops[0], T0, 1);
  start_one(it, stmt, &ops[1], T0 + 1, 2);
  it_until_hits(it, rule, 1);
  assert_int_equal(taosuv_cancel(&ops[0].req), 0);
  assert_int_equal(it_wait(&ops[0]), TAOSUV_ECANCELED);
  assert_false(maybe(&ops[0]));
  assert_int_equal(it_wait(&ops[1]), 0);
  assert_int_equal(ops[1].stmt_exec.affected_rows, 1);
  it_run(it, 100);
  assert_int_equal(rows_of(it, client), 1);
  taosuv_stmt_close(stmt);
}

static void time_limits_hold(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t first = {0}, second = {0}, late = {0}, prepare = {0};
  taosuv_client_t* client = with_meters(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_exec", .times = 1, .wait_ms = 300});
  first.req.timeout_ms = 50;
  start_one(it, stmt, &first, T0, 1);
  it_until_hits(it, rule, 1);
  second.req.timeout_ms = 30;
  start_one(it, stmt, &second, T0 + 1, 1);
  late.req.deadline = 1;
  start_one(it, stmt, &late, T0 + 2, 1);
  assert_int_equal(it_wait(&late), TAOSUV_EUNSENT);
  assert_int_equal(it_wait(&second), TAOSUV_EUNSENT);
  assert_false(maybe(&second));
  assert_int_equal(it_wait(&first), TAOSUV_ETIMEDOUT);
  assert_true(maybe(&first));
  it_run(it, 400);
  assert_int_equal(rows_of(it, client), 1);
  taosuv_stmt_close(stmt);
  it_unrule(it);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_prepare", .wait_ms = 200});
  prepare.req.timeout_ms = 30;
  assert_int_equal(
      it_end(it_prepare(it, client, &prepare, "select * from st where v = ?"), &prepare),
      TAOSUV_ETIMEDOUT);
  assert_null(prepare.prepare.stmt);
  it_run(it, 300);
  it_usable(it, client);
}

static void requests_are_checked(void** state) {
  it_t* it = *state;
  it_op_t op = {0}, other = {0};
  taosuv_client_t* client = with_meters(it, "max_message_size=65536");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  assert_int_equal(it_stmt_exec(it, stmt, &op), TAOSUV_EINVAL);
  it_has(taosuv_stmt_message(stmt), "bound");
  assert_int_equal(taosuv_bind_i64(stmt, 1), TAOSUV_EINVAL); /* no table yet */
  bind_one(stmt, 1, T0, 1);
  assert_int_equal(taosuv_bind_i64(stmt, T0), 0);
  assert_int_equal(it_stmt_exec(it, stmt, &op), TAOSUV_EINVAL); /* the row is unfinished */
  taosuv_bind_undo(stmt);
  assert_int_equal(it_stmt_exec(it, stmt, &op), 0);
  bind_one(stmt, 1, T0, 1);
  assert_int_equal(it_stmt_exec(it, stmt, &op), TAOSUV_EBUSY); /* the request is */
  assert_int_equal(it_reprepare(it, stmt, &other, insert_sql), TAOSUV_EBUSY);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(it_stmt_exec(it, stmt, &op), 0); /* the batch is still there */
  assert_int_equal(it_wait(&op), 0);
  for (int i = 0; i < 6000; i++) bind_one(stmt, 1, T0 + i, i);
  assert_int_equal(it_stmt_exec(it, stmt, &op), TAOSUV_EMSGSIZE);
  assert_true(strlen(taosuv_stmt_message(stmt)) > 0);
  assert_int_equal(taosuv_bind_rows(stmt), 6000);
  taosuv_bind_clear(stmt);
  assert_int_equal(taosuv_bind_rows(stmt), 0);
  assert_int_equal(it_stmt_exec(it, NULL, &op), TAOSUV_EINVAL);
  taosuv_stmt_close(stmt);
}

static void a_full_queue_is_told(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[5], more = {0};
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = with_meters(it, "max_queue=4");
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_bind", .times = 1, .wait_ms = 50});
  start_one(it, stmt, &ops[0], T0, 0);
  it_until_hits(it, rule, 1);
  for (int i = 1; i < 5; i++) start_one(it, stmt, &ops[i], T0 + i, i);
  bind_one(stmt, 1, T0 + 5, 5);
  assert_int_equal(it_stmt_exec(it, stmt, &more), TAOSUV_EAGAIN);
  assert_int_equal(taosuv_bind_rows(stmt), 1);
  for (int i = 0; i < 5; i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(it_slot(it, client)->drains, 1);
  assert_int_equal(it_end(it_stmt_exec(it, stmt, &more), &more), 0);
  assert_int_equal(rows_of(it, client), 6);
  taosuv_stmt_close(stmt);
}

static void its_callback_may_close_a_statement(it_op_t* op) {
  taosuv_stmt_close(op->data);
}

static void statements_are_closed_in_every_state(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const steps[] = {NULL,         "stmt2_bind",    "stmt2_exec",
                                      "stmt2_init", "stmt2_prepare", "stmt2_result"};
  taosuv_client_t* client = with_meters(it, "stmt_cache=0");
  it_ok(it, client, "insert into d1 using st tags(1) values (%lld, 1)", (long long) T0);
  for (size_t i = 0; i < COUNT(steps); i++) {
    it_op_t ops[3];
    memset(ops, 0, sizeof ops);
    bool query = i == 5;
    taosuv_stmt_t* stmt = it_stmt(it, client, query ? "select * from st where v = ?" : insert_sql);
    bool anew = i == 3 || i == 4;
    uint32_t rule = 0;
    if (steps[i] != NULL)
      rule = it_rule(it, &(ts_rule_t) {.action = steps[i], .times = 1, .wait_ms = 30});
    if (anew) {
      assert_int_equal(it_reprepare(it, stmt, &ops[0], insert_sql), 0);
    } else if (query) {
      taosuv_value_t one = taosuv_i64(1);
      assert_int_equal(taosuv_bind_row(stmt, &one, 1), 0);
      assert_int_equal(it_stmt_exec(it, stmt, &ops[0]), 0);
    } else {
      for (int k = 0; k < 3; k++) start_one(it, stmt, &ops[k], T0 + k, k);
    }
    if (steps[i] != NULL) it_until_hits(it, rule, 1);
    taosuv_stmt_close(stmt);
    for (int k = 0; k < (anew || query ? 1 : 3); k++)
      assert_int_equal(it_wait(&ops[k]), TAOSUV_ECANCELED);
    if (!anew) assert_null(ops[0].stmt_exec.stmt);
    it_run(it, 60);
    it_unrule(it);
    it_usable(it, client);
  }
  /* In its own callback. */
  it_op_t op = {0};
  op.then = its_callback_may_close_a_statement;
  op.data = it_stmt(it, client, insert_sql);
  start_one(it, op.data, &op, T0, 1);
  assert_int_equal(it_wait(&op), 0);
  it_until_no_results(it);
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).statements_open, 0);
}

static void a_client_is_closed_in_every_state(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const steps[] = {NULL, "stmt2_init", "stmt2_prepare", "stmt2_bind",
                                      "stmt2_exec"};
  taosuv_client_t* maker = with_meters(it, "");
  char db[32];
  snprintf(db, sizeof db, "%s", it->databases[0]);
  it_close_wait(it, maker);
  for (size_t i = 0; i < COUNT(steps); i++) {
    it_op_t prepare = {0}, ops[2];
    memset(ops, 0, sizeof ops);
    taosuv_client_t* client = it_client_db(it, db, "");
    taosuv_stmt_t* stmt = NULL;
    uint32_t rule = 0;
    if (steps[i] != NULL)
      rule = it_rule(it, &(ts_rule_t) {.action = steps[i], .times = 1, .wait_ms = 1000});
    assert_int_equal(it_prepare(it, client, &prepare, insert_sql), 0);
    if (i >= 3) {
      assert_int_equal(it_wait(&prepare), 0);
      stmt = prepare.prepare.stmt;
      for (int k = 0; k < 2; k++) start_one(it, stmt, &ops[k], T0 + k, k);
    }
    if (steps[i] != NULL) it_until_hits(it, rule, 1);
    it_slot_t* slot = it_slot(it, client);
    it_close(it, client);
    if (i < 3) assert_int_equal(it_wait(&prepare), TAOSUV_ECANCELED);
    for (int k = 0; k < 2 && i >= 3; k++) assert_int_equal(it_wait(&ops[k]), TAOSUV_ECANCELED);
    if (i >= 3) assert_int_equal(maybe(&ops[0]), i == 4);
    if (stmt != NULL) {
      it_op_t after = {0};
      assert_int_equal(taosuv_bind_table(stmt, "d1", 2), TAOSUV_ECLOSED);
      assert_int_equal(it_stmt_exec(it, stmt, &after), TAOSUV_ECLOSED);
      assert_int_equal(it_reprepare(it, stmt, &after, insert_sql), TAOSUV_ECLOSED);
    }
    it_closed(slot);
    taosuv_stmt_close(stmt); /* also after its client is gone */
    it_unrule(it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_refused_batch_fails_alone),
      IT_TEST(a_statement_that_the_server_has_lost_is_replaced),
      IT_TEST(a_statement_that_is_always_lost_fails),
      IT_TEST(a_gateway_without_the_one_message_gets_two),
      IT_TEST(the_limit_is_that_of_the_message_that_is_sent),
      IT_TEST(the_first_version_s_limit_is_a_table_s),
      IT_TEST(a_changed_table_is_told),
      IT_TEST(other_fields_are_no_silent_mistake),
      IT_TEST(the_first_version_writes_all_tables_or_none),
      IT_TEST(names_need_no_current_database),
      IT_TEST(scales_are_asked_for),
      IT_TEST(without_scales_decimals_are_integers),
      IT_TEST(scales_survive_a_bad_moment),
      IT_TEST(asking_for_scales_can_end),
      IT_TEST(fields_of_a_query_are_passed_over),
      IT_TEST(bound_batches_move_to_another_connection),
      IT_TEST(executed_batches_are_lost_unless_they_may_repeat),
      IT_TEST(a_statement_outlives_its_server),
      IT_TEST(an_old_connection_lets_its_statement_go),
      IT_TEST(waiting_batches_can_be_cancelled),
      IT_TEST(a_bound_batch_that_is_cancelled_is_never_executed),
      IT_TEST(time_limits_hold),
      IT_TEST(requests_are_checked),
      IT_TEST(a_full_queue_is_told),
      IT_TEST(statements_are_closed_in_every_state),
      IT_TEST(a_client_is_closed_in_every_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
