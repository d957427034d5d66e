/* Prepared statements: prepared, bound, executed, read back, prepared again, closed. */
#include "stmt_forms.h"

static const int64_t T0 = 1700000000000;

static void make_meters(it_t* it, taosuv_client_t* client) {
  it_ok(it, client,
        "create stable st (ts timestamp, v float, n nchar(10)) tags (g int, l varchar(10))");
}

static const char insert_sql[] = "insert into ? using st tags(?,?) values(?,?,?)";

static void bind_table(taosuv_stmt_t* stmt, const char* name, int g, const char* l) {
  taosuv_value_t tags[] = {taosuv_i64(g), taosuv_text(l, TAOSUV_NUL_TERMINATED)};
  assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
  if (taosuv_bind_tags(stmt, tags, 2) != 0) fail_msg("%s", taosuv_stmt_message(stmt));
}

static void bind_row(taosuv_stmt_t* stmt, int64_t ts, double v, const char* n) {
  taosuv_value_t row[] = {taosuv_i64(ts), taosuv_f64(v),
                          n == NULL ? taosuv_null() : taosuv_text(n, TAOSUV_NUL_TERMINATED)};
  if (taosuv_bind_row(stmt, row, 3) != 0) fail_msg("%s", taosuv_stmt_message(stmt));
}

/* One cell of one row, as text. */
static void check_cell(it_t* it, taosuv_client_t* client, const char* sql, const char* expected) {
  char text[256];
  taosuv_column_t column;
  taosuv_result_t* result = it_rows(it, client, sql);
  taosuv_block_t* block = it_block(it, result);
  assert_non_null(block);
  assert_int_equal(taosuv_block_rows(block), 1);
  assert_int_equal(taosuv_block_column(block, 0, &column), 0);
  taosuv_format_cell(&column, 0, 0, text, sizeof text);
  assert_string_equal(text, expected);
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

/* ---- in each form ---- */

static void insert_many(it_t* it, const stmt_form_t* form) {
  taosuv_client_t* client = stmt_form_client(it, form, "ms");
  make_meters(it, client);
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  assert_true(taosuv_stmt_is_insert(stmt));
  assert_int_equal(count, 6);
  static const struct {
    const char* name;
    taosuv_bind_kind_t kind;
    taosuv_type_t type;
  } want[] = {{"tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR},
              {"g", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT},
              {"l", TAOSUV_BIND_TAG, TAOSUV_TYPE_VARCHAR},
              {"ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP},
              {"v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_FLOAT},
              {"n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR}};
  for (uint32_t i = 0; i < count; i++) {
    assert_string_equal(fields[i].name, want[i].name);
    assert_int_equal(fields[i].kind, want[i].kind);
    assert_int_equal(fields[i].type, want[i].type);
  }
  assert_int_equal(fields[5].length, 10);
  for (int round = 0; round < 3; round++) {
    for (int table = 0; table < 5; table++) {
      char name[16];
      snprintf(name, sizeof name, "d%d", table);
      bind_table(stmt, name, table, "bj");
      for (int row = 0; row < 10; row++)
        bind_row(stmt, T0 + round * 10 + row, row + 0.5, row % 2 ? "\xe6\xb6\x9b" : NULL);
    }
    assert_int_equal(taosuv_bind_rows(stmt), 50);
    assert_true(taosuv_bind_size(stmt) > 50 * 12);
    assert_int_equal(it_executed(it, stmt), 50);
    assert_int_equal(taosuv_bind_rows(stmt), 0);
  }
  assert_int_equal(it_number(it, client, "select count(*) from st"), 150);
  for (int table = 0; table < 5; table++) {
    char sql[64];
    snprintf(sql, sizeof sql, "select count(*) from st where g = %d", table);
    assert_int_equal(it_number(it, client, sql), 30);
  }
  check_cell(it, client, "select n from d3 where ts = 1700000000001", "\xe6\xb6\x9b");
  check_cell(it, client, "select n from d3 where ts = 1700000000002", "NULL");
  check_cell(it, client, "select v from d3 where ts = 1700000000002", "2.5");
  taosuv_stmt_close(stmt);
}

static void query_one(it_t* it, taosuv_stmt_t* stmt, int64_t above, uint64_t rows) {
  it_op_t op = {0};
  taosuv_value_t param = taosuv_i64(above);
  if (taosuv_bind_row(stmt, &param, 1) != 0) fail_msg("%s", taosuv_stmt_message(stmt));
  assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
  assert_non_null(op.stmt_exec.result);
  uint32_t count;
  const taosuv_field_t* fields = taosuv_result_fields(op.stmt_exec.result, &count);
  assert_int_equal(count, 3);
  assert_int_equal(fields[0].type, TAOSUV_TYPE_TIMESTAMP);
  assert_int_equal(fields[2].length, 10); /* as declared: not as it is stored */
  assert_int_equal(it_drain(it, op.stmt_exec.result), rows);
  taosuv_result_close(op.stmt_exec.result);
}

static void query_rows(it_t* it, const stmt_form_t* form) {
  if (stmt_form_inserts(form)) return;
  it_needs(it, IT_STATEMENT_QUERIES);
  taosuv_client_t* client = stmt_form_client(it, form, "ms");
  it_ok(it, client, "create table t (ts timestamp, v int, n nchar(10))");
  it_ok(it, client, "insert into t values (1,1,'a') (2,2,'b') (3,3,null)");
  taosuv_stmt_t* stmt = it_stmt(it, client, "select * from t where v > ?");
  uint32_t count;
  assert_false(taosuv_stmt_is_insert(stmt));
  assert_null(taosuv_stmt_fields(stmt, &count));
  assert_int_equal(count, 1);
  for (int64_t above = 0; above < 4; above++) query_one(it, stmt, above, 3 - (uint64_t) above);
  taosuv_stmt_close(stmt);
}

/* As declared, whatever servers of a version give: those before 3.3.6.0 other ones than later. */
static void lengths_mean_the_same_on_all_versions(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "statements");
  it_needs(it, IT_STATEMENT_QUERIES);
  static const struct {
    const char* version;
    const char* keys;
  } servers[] = {{"3.2.2.0", "stmt_version=1"}, {"3.3.5.8", "stmt_version=1"},
                 {"3.3.5.8", "stmt_version=2"}, {"3.3.6.0", "stmt_version=1"},
                 {"3.3.7.5", "stmt_version=2"}, {"3.4.1.13", "stmt_version=2"}};
  static const int64_t lengths[] = {8, 20, 10, 1, 30};
  for (size_t i = 0; i < (it->server != NULL ? COUNT(servers) : 1); i++) {
    stmt_form_t form = {"", servers[i].version, it->server != NULL ? servers[i].keys : "", false};
    if (it->server != NULL) {
      it_server_stop(it);
      it_server_start(it, &(ts_config_t) {.version = form.version});
    }
    taosuv_client_t* client = stmt_form_client(it, &form, "ms");
    it_ok(it, client,
          "create table w (ts timestamp, c varchar(20), n nchar(10), m nchar(1), "
          "b varbinary(30))");
    it_ok(it, client, "insert into w values (1, 'a', 'b', 'c', '\\x01')");
    it_op_t op = {0};
    taosuv_value_t param = taosuv_i64(0);
    taosuv_stmt_t* stmt = it_stmt(it, client, "select * from w where ts > ?");
    assert_int_equal(taosuv_bind_row(stmt, &param, 1), 0);
    assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
    uint32_t count;
    const taosuv_field_t* fields = taosuv_result_fields(op.stmt_exec.result, &count);
    assert_int_equal(count, COUNT(lengths));
    for (uint32_t k = 0; k < count; k++)
      if (fields[k].length != lengths[k])
        fail_msg("%s: %s: %d", form.version, fields[k].name, (int) fields[k].length);
    taosuv_result_close(op.stmt_exec.result);
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
  }
}

static void plain_tables(it_t* it, const stmt_form_t* form) {
  taosuv_client_t* client = stmt_form_client(it, form, "us");
  it_ok(it, client, "create table a (ts timestamp, v float, n nchar(10))");
  it_ok(it, client, "create table b (ts timestamp, v float, n nchar(10))");
  taosuv_stmt_t* stmt = it_stmt(it, client, "insert into a values(?,?,?)");
  bind_row(stmt, 5, 1, "x");
  it_executed(it, stmt);
  taosuv_stmt_close(stmt);
  /* The table's name alone tells no fields: another one's are asked for. */
  it_op_t op = {0};
  static const char sql[] = "insert into ? values(?,?,?)";
  assert_int_equal(it_prepare(it, client, &op, sql), TAOSUV_ENOTSUP);
  op.prepare.table = "a`b";
  assert_int_equal(it_prepare(it, client, &op, sql), TAOSUV_EINVAL);
  op.prepare.table = "`a`";
  assert_int_equal(it_end(it_prepare(it, client, &op, sql), &op), 0);
  stmt = op.prepare.stmt;
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  assert_int_equal(count, 4);
  assert_int_equal(fields[0].kind, TAOSUV_BIND_TABLE);
  assert_string_equal(fields[0].name, "tbname");
  assert_int_equal(fields[1].precision, TAOSUV_PRECISION_US);
  static const char* const names[] = {"a", "b"};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(taosuv_bind_table(stmt, names[i], TAOSUV_NUL_TERMINATED), 0);
    for (int row = 0; row < 3; row++) bind_row(stmt, 100 + row, row, "y");
  }
  assert_int_equal(it_executed(it, stmt), 6);
  assert_int_equal(it_number(it, client, "select count(*) from a"), 4);
  assert_int_equal(it_number(it, client, "select count(*) from b"), 3);
  taosuv_stmt_close(stmt);
}

static void prepare_again(it_t* it, const stmt_form_t* form) {
  if (stmt_form_inserts(form)) return;
  it_needs(it, IT_STATEMENT_QUERIES);
  taosuv_client_t* client = stmt_form_client(it, form, "ms");
  make_meters(it, client);
  it_op_t op = {0}, run = {0};
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  bind_table(stmt, "d1", 1, "x");
  bind_row(stmt, T0, 1, "dropped");
  assert_int_equal(it_end(it_reprepare(it, stmt, &op, "select v from st where v > ?"), &op), 0);
  assert_ptr_equal(op.prepare.stmt, stmt);
  assert_false(taosuv_stmt_is_insert(stmt));
  taosuv_value_t param = taosuv_f64(0);
  assert_int_equal(taosuv_bind_row(stmt, &param, 1), 0);
  assert_int_equal(it_end(it_stmt_exec(it, stmt, &run), &run), 0);
  assert_int_equal(it_drain(it, run.stmt_exec.result), 0);
  taosuv_result_close(run.stmt_exec.result);
  /* A failure leaves nothing that could be executed, but can be followed by another SQL. */
  assert_int_equal(it_end(it_reprepare(it, stmt, &op, "insert into none values(?,?)"), &op),
                   TAOSUV_ESERVER);
  assert_ptr_equal(op.prepare.stmt, stmt);
  assert_int_equal(it_stmt_exec(it, stmt, &run), TAOSUV_EINVAL);
  assert_true(strlen(taosuv_stmt_message(stmt)) > 0);
  assert_int_equal(it_end(it_reprepare(it, stmt, &op, insert_sql), &op), 0);
  bind_table(stmt, "d1", 1, "x");
  bind_row(stmt, T0, 1, NULL);
  assert_int_equal(it_executed(it, stmt), 1);
  taosuv_stmt_close(stmt);
  assert_int_equal(it_number(it, client, "select count(*) from st"), 1);
}

static void run_in_order(it_t* it, const stmt_form_t* form) {
  enum { BATCHES = 20 };
  it_op_t ops[BATCHES];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = stmt_form_client(it, form, "ms");
  make_meters(it, client);
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  /* The same rows again and again: the last one stays. */
  for (int i = 0; i < BATCHES; i++) {
    bind_table(stmt, "d1", 1, "x");
    for (int row = 0; row <= i; row++) bind_row(stmt, T0 + row, i, NULL);
    assert_int_equal(it_stmt_exec(it, stmt, &ops[i]), 0);
  }
  for (int i = 0; i < BATCHES; i++) {
    assert_int_equal(it_wait(&ops[i]), 0);
    assert_int_equal(ops[i].stmt_exec.affected_rows, i + 1);
    for (int later = i + 1; later < BATCHES && ops[i].completed == 0; later++)
      assert_int_equal(ops[later].completed, 0);
  }
  assert_int_equal(it_number(it, client, "select count(*) from d1 where v = 19"), BATCHES);
  taosuv_stmt_close(stmt);
}

static void share_a_connection(it_t* it, const stmt_form_t* form) {
  enum { STATEMENTS = 100 };
  it_op_t* ops = calloc(STATEMENTS, sizeof *ops);
  taosuv_client_t* client = stmt_form_client(it, form, "ms");
  make_meters(it, client);
  for (int i = 0; i < STATEMENTS; i++)
    assert_int_equal(it_prepare(it, client, &ops[i], insert_sql), 0);
  taosuv_stmt_t* stmts[STATEMENTS];
  for (int i = 0; i < STATEMENTS; i++) {
    assert_int_equal(it_wait(&ops[i]), 0);
    stmts[i] = ops[i].prepare.stmt;
  }
  memset(ops, 0, STATEMENTS * sizeof *ops);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < STATEMENTS; i++) {
      char name[16];
      snprintf(name, sizeof name, "d%d", i);
      bind_table(stmts[i], name, i, "x");
      for (int row = 0; row < 3; row++) bind_row(stmts[i], T0 + 3 * round + row, i, NULL);
      assert_int_equal(it_stmt_exec(it, stmts[i], &ops[i]), 0);
    }
    for (int i = 0; i < STATEMENTS; i++) {
      assert_int_equal(it_wait(&ops[i]), 0);
      assert_int_equal(ops[i].stmt_exec.affected_rows, 3);
    }
  }
  for (int i = 0; i < STATEMENTS; i++) taosuv_stmt_close(stmts[i]);
  free(ops);
  assert_int_equal(it_number(it, client, "select count(*) from st"), STATEMENTS * 9);
}

/* ---- forms of SQL ---- */

/* What is bound for a `?`, by what it stands for: t a table, g a tag, s the time, v the value. */
typedef struct sql_form_s {
  const char* sql;
  const char* marks;
  const char* table; /* that is bound */
  const char* where; /* the row is found then */
  bool first;        /* the first version takes it, too */
  bool measured;     /* on a real server (PROTOCOL 6.3): others could do it harm */
} sql_form_t;

static const sql_form_t sql_forms[] = {
    {"insert into ? using st tags(?) values(?,?)", "tgsv", "d1", "tbname = 'd1' and g = 1", true,
     true},
    {"insert into ? using `st` tags(?) values(?,?)", "tgsv", "`d2`", "tbname = 'd2' and g = 1",
     true, false},
    {"INSERT INTO ? USING st TAGS (?) VALUES (?, ?)", "tgsv", "%s.d3", "tbname = 'd3' and g = 1",
     true, false},
    {"insert into ? using st tags(?) values(?,?)", "tgsv", "%s.`d.4`", "tbname = 'd.4'", true,
     false},
    {"insert into ? using st tags(?) values(?,?)", "tgsv", "`%s`.`d5`", "tbname = 'd5'", true,
     false},
    {"insert into ? using st (g) tags(?) (ts, v) values(?,?)", "tgsv", "d6", "tbname = 'd6'", true,
     false},
    {"insert into ? (ts, v) using st tags(?) values(?,?)", "tgsv", "d7", "tbname = 'd7'", true,
     false},
    {"insert into ? using st tags(9) values(?,?)", "tsv", "d8", "tbname = 'd8' and g = 9", true,
     false},
    {"insert into d9 using st tags(?) values(?,?)", "gsv", NULL, "tbname = 'd9' and g = 1", true,
     false},
    {"insert into `d10` using `st` tags(9) values(?,?)", "sv", NULL, "tbname = 'd10'", true, false},
    {"insert into ? using st tags(?) (v, ts) values(?,?)", "tgvs", "d11", "tbname = 'd11'", false,
     false},
    {"insert into st (tbname, ts, v, g) values(?,?,?,?)", "tsvg", "d12", "tbname = 'd12' and g = 1",
     false, true},
    {"insert into `st` (g, ts, tbname, v) values(?,?,?,?)", "gstv", "d13",
     "tbname = 'd13' and g = 1", false, false},
    {"insert into old values(?,?)", "sv", NULL, "tbname = 'old'", true, true},
    {"insert into `old` (ts, v) values(?,?)", "sv", NULL, "tbname = 'old'", true, false},
    {" /* ? */ insert into -- ? \n ? using st tags(?) /*?*/ values(?,?)", "tgsv", "d14",
     "tbname = 'd14'", true, false},
};

static taosuv_bind_kind_t kind_of(char mark) {
  return mark == 't' ? TAOSUV_BIND_TABLE : mark == 'g' ? TAOSUV_BIND_TAG : TAOSUV_BIND_COLUMN;
}

static void check_marks(const taosuv_stmt_t* stmt, const sql_form_t* form) {
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  if (count != strlen(form->marks)) fail_msg("%s: %u fields", form->sql, count);
  for (uint32_t i = 0; i < count; i++) {
    const char* name = form->marks[i] == 't'   ? "tbname"
                       : form->marks[i] == 'g' ? "g"
                       : form->marks[i] == 's' ? "ts"
                                               : "v";
    assert_string_equal(fields[i].name, name);
    assert_int_equal(fields[i].kind, kind_of(form->marks[i]));
  }
}

static void bind_marks(taosuv_stmt_t* stmt, const sql_form_t* form, const char* db, int64_t ts) {
  taosuv_value_t tag = taosuv_i64(1), row[2];
  char name[128];
  uint32_t columns = 0;
  for (const char* mark = form->marks; *mark != 0; mark++) {
    if (*mark == 's') row[columns++] = taosuv_i64(ts);
    if (*mark == 'v') row[columns++] = taosuv_i64(5);
  }
  if (form->table != NULL) {
    const char* gap = strstr(form->table, "%s");
    int before = gap != NULL ? (int) (gap - form->table) : 0;
    snprintf(name, sizeof name, "%.*s%s%s", before, form->table, gap != NULL ? db : "",
             gap != NULL ? gap + 2 : form->table);
    assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
  }
  if (strchr(form->marks, 'g') != NULL) assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, row, columns), 0);
}

static void every_form_of_sql(it_t* it, const stmt_form_t* how) {
  taosuv_client_t* client = stmt_form_client(it, how, "ms");
  const char* db = it->databases[0];
  for (size_t i = 0; i < COUNT(it->databases) && it->databases[i][0] != 0; i++)
    db = it->databases[i];
  it_left_out(it, "unusual forms of SQL in statements");
  it_ok(it, client, "create stable st (ts timestamp, v int) tags (g int)");
  it_ok(it, client, "create table old using st tags (4)");
  for (size_t i = 0; i < COUNT(sql_forms); i++) {
    const sql_form_t* form = &sql_forms[i];
    char sql[256];
    it_op_t op = {0};
    if (it->server == NULL && !form->measured) continue;
    int status = it_end(it_prepare(it, client, &op, form->sql), &op);
    if (how->first && !form->first) {
      assert_true(status == TAOSUV_ENOTSUP || status == TAOSUV_ESERVER);
      continue;
    }
    if (status != 0) fail_msg("%s: %s: %s", how->name, form->sql, op.message);
    check_marks(op.prepare.stmt, form);
    for (int round = 0; round < 2; round++) {
      bind_marks(op.prepare.stmt, form, db, 1000 + 10 * (int64_t) i + round);
      assert_int_equal(it_executed(it, op.prepare.stmt), 1);
    }
    snprintf(sql, sizeof sql, "select count(*) from st where %s and v = 5 and ts >= %d and ts < %d",
             form->where, 1000 + 10 * (int) i, 1010 + 10 * (int) i);
    if (it_number(it, client, sql) != 2) fail_msg("%s: %s", how->name, form->sql);
    taosuv_stmt_close(op.prepare.stmt);
  }
  if (it->server != NULL) assert_int_equal(ts_server_counters(it->server).poisonous, 0);
}

/* Results of several blocks, one after the other of one statement, and one that is not read to its
 * end. */
static void query_many(it_t* it, const stmt_form_t* form) {
  if (stmt_form_inserts(form)) return;
  it_needs(it, IT_STATEMENT_QUERIES);
  enum { ROWS = 10000 };
  static int64_t ts[ROWS];
  static int32_t v[ROWS];
  taosuv_client_t* client = stmt_form_client(it, form, "us");
  it_ok(it, client, "create table t (ts timestamp, v int)");
  taosuv_stmt_t* stmt = it_stmt(it, client, "insert into t values(?,?)");
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                              {TAOSUV_TYPE_INT, v, NULL, NULL}};
  for (int i = 0; i < ROWS; i++) {
    ts[i] = T0 * 1000 + i;
    v[i] = i;
  }
  assert_int_equal(taosuv_bind_columns(stmt, ROWS, columns, 2), 0);
  assert_int_equal(it_executed(it, stmt), ROWS);
  taosuv_stmt_close(stmt);
  stmt = it_stmt(it, client, "select * from t where v >= ? order by ts");
  for (int round = 0; round < 4; round++) {
    it_op_t op = {0};
    taosuv_column_t column;
    taosuv_value_t from = taosuv_i64(round);
    assert_int_equal(taosuv_bind_row(stmt, &from, 1), 0);
    assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
    taosuv_block_t* block = it_block(it, op.stmt_exec.result);
    assert_int_equal(taosuv_block_column(block, 0, &column), 0);
    assert_int_equal(taosuv_get_i64(&column, 0), ts[round]);
    uint64_t rows = taosuv_block_rows(block);
    assert_true(rows < ROWS);
    taosuv_block_unref(block);
    if (round != 1) assert_int_equal(rows + it_drain(it, op.stmt_exec.result), ROWS - round);
    taosuv_result_close(op.stmt_exec.result);
  }
  taosuv_stmt_close(stmt);
}

/* Question marks in texts, names and comments are none. */
static void queries_of_every_form(it_t* it, const stmt_form_t* how) {
  if (stmt_form_inserts(how)) return;
  it_needs(it, IT_STATEMENT_QUERIES);
  taosuv_client_t* client = stmt_form_client(it, how, "ms");
  it_ok(it, client, "create table t (ts timestamp, v int, n nchar(10))");
  it_ok(it, client, "insert into t values (1,1,'?') (2,2,'b?') (3,3,null)");
  static const struct {
    const char* sql;
    uint32_t count;
    uint64_t rows;
  } queries[] = {{"select v from t where n = '?' and v = ?", 1, 1},
                 {"select v from t where n = \"b?\" or v < ?", 1, 2},
                 {"select v as `a?` from t -- ?\n where v > ? /* ? */ and v < ?", 2, 0},
                 {"select v from t where v in (?, ?, ?)", 3, 2}};
  it_left_out(it, "parameters of IN");
  for (size_t i = 0; i < (it->server != NULL ? 4 : 3); i++) {
    taosuv_stmt_t* stmt = it_stmt(it, client, queries[i].sql);
    uint32_t count;
    it_op_t op = {0};
    taosuv_value_t params[] = {taosuv_i64(1), taosuv_i64(2), taosuv_i64(7)};
    if (queries[i].rows == 2 && queries[i].count == 1) params[0] = taosuv_i64(2);
    assert_null(taosuv_stmt_fields(stmt, &count));
    assert_int_equal(count, queries[i].count);
    if (taosuv_bind_row(stmt, params, count) != 0) fail_msg("%s", taosuv_stmt_message(stmt));
    assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
    if (it_drain(it, op.stmt_exec.result) != queries[i].rows) fail_msg("%s", queries[i].sql);
    taosuv_result_close(op.stmt_exec.result);
    taosuv_stmt_close(stmt);
  }
}

/* ---- large batches ---- */

/* Five hundred tables and a million rows in one batch: by row, and by column. */
static void bind_million(taosuv_stmt_t* stmt, bool by_row) {
  enum { TABLES = 500, ROWS = 2000 };
  static int64_t ts[ROWS];
  static int32_t v[ROWS];
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                              {TAOSUV_TYPE_INT, v, NULL, NULL}};
  for (int i = 0; i < ROWS; i++) {
    ts[i] = T0 + i;
    v[i] = i;
  }
  for (int table = 0; table < TABLES; table++) {
    char name[16];
    int status = 0;
    taosuv_value_t tag = taosuv_i64(table);
    snprintf(name, sizeof name, "t%d", table);
    assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
    assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
    for (int i = 0; by_row && status == 0 && i < ROWS; i++) {
      taosuv_value_t row[] = {taosuv_i64(ts[i]), taosuv_i64(v[i])};
      status = taosuv_bind_row(stmt, row, 2);
    }
    if (!by_row) status = taosuv_bind_columns(stmt, ROWS, columns, 2);
    if (status != 0) fail_msg("%s", taosuv_stmt_message(stmt));
  }
}

static void insert_a_million(it_t* it, const stmt_form_t* form) {
  it_needs_bundled(it);
  ts_server_exec(it->server, "create database bench"); /* which counts what goes into bench.sink */
  ts_server_exec(it->server, "create stable bench.sink (ts timestamp, a int) tags (g int)");
  taosuv_client_t* client = it_client_db(it, "bench", form->keys);
  taosuv_stmt_t* stmt = it_stmt(it, client, "insert into ? using sink tags(?) values(?,?)");
  for (int round = 0; round < 2; round++) {
    bind_million(stmt, round == 1);
    assert_int_equal(taosuv_bind_rows(stmt), 1000000);
    assert_int_equal(it_executed(it, stmt), 1000000);
  }
  taosuv_column_t rows, sum;
  taosuv_result_t* result = it_rows(it, client, "select count(*), sum(a) from bench.sink");
  taosuv_block_t* block = it_block(it, result);
  taosuv_block_column(block, 0, &rows);
  taosuv_block_column(block, 1, &sum);
  assert_int_equal(taosuv_get_i64(&rows, 0), 2000000);
  assert_int_equal(taosuv_get_i64(&sum, 0), INT64_C(1000) * 1999 * 1000);
  taosuv_block_unref(block);
  taosuv_result_close(result);
  taosuv_stmt_close(stmt);
}

/* ---- the tests ---- */

static void in_each_form(it_t* it, void (*test)(it_t* it, const stmt_form_t* form)) {
  for (size_t i = 0; i < STMT_FORMS; i++) {
    test(it, stmt_form_begin(it, i));
    if (it->server == NULL) break;
  }
}

#define FORMS_TEST(name, test)                                                                     \
  static void name(void** state) {                                                                 \
    in_each_form(*state, test);                                                                    \
  }

FORMS_TEST(many_tables_are_inserted_into, insert_many)
FORMS_TEST(queries_have_parameters, query_rows)
FORMS_TEST(tables_without_a_super_table_are_inserted_into, plain_tables)
FORMS_TEST(inserts_are_written_in_many_ways, every_form_of_sql)
FORMS_TEST(question_marks_elsewhere_are_none, queries_of_every_form)
FORMS_TEST(results_may_have_many_blocks, query_many)
FORMS_TEST(a_batch_may_have_a_million_rows, insert_a_million)
FORMS_TEST(a_statement_is_prepared_anew, prepare_again)
FORMS_TEST(batches_of_a_statement_run_in_order, run_in_order)
FORMS_TEST(a_hundred_statements_share_a_connection, share_a_connection)

static void what_cannot_be_prepared_is_refused(void** state) {
  it_t* it = *state;
  it_needs(it, IT_STATEMENT_QUERIES);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_prepare(it, client, &op, ""), TAOSUV_EINVAL);
  assert_int_equal(it_prepare(it, client, &op, "select '\xff' where a = ?"), TAOSUV_EINVAL);
  assert_int_equal(it_prepare(it, client, &op, "select 1"), TAOSUV_ENOTSUP);
  assert_int_equal(it_end(it_prepare(it, client, &op, "insert into no.ne values(?)"), &op),
                   TAOSUV_ESERVER);
  assert_null(op.prepare.stmt);
  assert_true(op.req.server_code != 0);
  assert_int_equal(it_end(it_prepare(it, client, &op, "selec ?"), &op), TAOSUV_ESERVER);
  it_usable(it, client);
  taosuv_stmt_close(NULL);
}

/* Child tables that are made, named in each form; two of the forms name the database. */
static void names_in_each_form(it_t* it, const stmt_form_t* form) {
  taosuv_client_t* client = stmt_form_client(it, form, "ms");
  size_t last = 0;
  char forms[6][128] = {"T1", "`T1`", "", "", "odd-1", "`odd-1`"};
  while (last + 1 < IT_DATABASES && it->databases[last + 1][0] != 0) last++;
  const char* db = it->databases[last];
  snprintf(forms[2], sizeof forms[2], "%s.T1", db);
  snprintf(forms[3], sizeof forms[3], "`%s`.`T1`", db);
  make_meters(it, client);
  taosuv_stmt_t* stmt = it_stmt(it, client, insert_sql);
  for (int i = 0; i < 6; i++) {
    bind_table(stmt, forms[i], 1, "x");
    bind_row(stmt, T0 + i, i, NULL);
  }
  assert_int_equal(it_executed(it, stmt), 6);
  assert_int_equal(it_number(it, client, "select count(*) from `T1`"), 4);
  assert_int_equal(it_number(it, client, "select count(*) from `odd-1`"), 2);
  assert_int_equal(it_number(it, client, "select count(*) from st"), 6);
  assert_int_equal(taosuv_bind_table(stmt, "`T1", TAOSUV_NUL_TERMINATED), TAOSUV_EINVAL);
  assert_string_equal(taosuv_stmt_message(stmt),
                      "the table's name has a backquote that is not closed");
  taosuv_stmt_close(stmt);
}

static void names_of_tables_mean_the_same_in_each_form(void** state) {
  for (size_t i = 0; i < STMT_FORMS; i++) {
    names_in_each_form(*state, stmt_form_begin(*state, i));
    if (((it_t*) *state)->server == NULL) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(many_tables_are_inserted_into),
      IT_TEST(names_of_tables_mean_the_same_in_each_form),
      IT_TEST(queries_have_parameters),
      IT_TEST(lengths_mean_the_same_on_all_versions),
      IT_TEST(tables_without_a_super_table_are_inserted_into),
      IT_TEST(inserts_are_written_in_many_ways),
      IT_TEST(question_marks_elsewhere_are_none),
      IT_TEST(results_may_have_many_blocks),
      IT_TEST(a_batch_may_have_a_million_rows),
      IT_TEST(a_statement_is_prepared_anew),
      IT_TEST(batches_of_a_statement_run_in_order),
      IT_TEST(a_hundred_statements_share_a_connection),
      IT_TEST(what_cannot_be_prepared_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
