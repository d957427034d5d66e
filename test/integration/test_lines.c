/* insert_lines: the three formats, the stored points, and which errors the call and the server
 * report. */
#include <inttypes.h>

#include "fixture.h"
#include "transport.h"

#define NUL TAOSUV_NUL_TERMINATED

/* A client in a database of its own. */
static taosuv_client_t* client_of(it_t* it, const char* precision, const char* keys) {
  taosuv_client_t* client = it_client(it, "");
  return it_client_db(it, it_database(it, client, precision), keys);
}

static void writes(it_t* it, taosuv_client_t* client, it_op_t* op, const char* text, int64_t rows) {
  if (it_end(it_line(it, client, op, text), op) != 0) fail_msg("%s: %s", text, op->message);
  assert_int_equal(op->lines.affected_rows, it_told(rows));
}

static void line_protocol_becomes_rows_of_the_fields_types(void** state) {
  static const uint8_t types[] = {TAOSUV_TYPE_TIMESTAMP, TAOSUV_TYPE_TINYINT, TAOSUV_TYPE_UBIGINT,
                                  TAOSUV_TYPE_FLOAT,     TAOSUV_TYPE_DOUBLE,  TAOSUV_TYPE_BOOL,
                                  TAOSUV_TYPE_VARCHAR,   TAOSUV_TYPE_NCHAR,   TAOSUV_TYPE_VARBINARY,
                                  TAOSUV_TYPE_NCHAR};
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = client_of(it, "ns", "");
  op.lines.precision = TAOSUV_LINES_NS;
  writes(it, client, &op,
         "m,t=a\\ b i=-5i8,u=18446744073709551615u64,f=1.5f32,d=0.1,b=t,s=\"x,\\\"y\\\\\","
         "n=L\"\xe6\xb6\x9b\",v=B\"\\x00ff\" 1700000000000000001",
         1);
  assert_int_equal(op.lines.total_rows, it_told(1));
  taosuv_result_t* result = it_rows(it, client, "select * from m");
  uint32_t count;
  const taosuv_field_t* fields = taosuv_result_fields(result, &count);
  assert_int_equal(count, COUNT(types));
  taosuv_block_t* block = it_block(it, result);
  for (uint32_t i = 0; i < count; i++) {
    static const char* const cells[] = {"2023-11-14T22:13:20.000000001Z",
                                        "-5",
                                        "18446744073709551615",
                                        "1.5",
                                        "0.1",
                                        "true",
                                        "x,\"y\\",
                                        "\xe6\xb6\x9b",
                                        NULL,
                                        "a b"};
    taosuv_column_t column;
    char cell[64];
    assert_int_equal(fields[i].type, types[i]);
    assert_int_equal(taosuv_block_column(block, i, &column), 0);
    assert_true(taosuv_format_cell(&column, 0, 0, cell, sizeof cell) > 0);
    if (cells[i] != NULL) assert_string_equal(cell, cells[i]);
  }
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

static void what_the_writer_writes_comes_back(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_line_t* line;
  size_t length;
  static const char text[] = "\"quotes\", back\\slashes\\\\ and \xf0\x9f\x98\x80";
  taosuv_client_t* client = client_of(it, "ms", "");
  assert_int_equal(taosuv_line_create(NULL, &line), 0);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(taosuv_line_begin(line, "odd, name", NUL), 0);
    assert_int_equal(taosuv_line_tag(line, "the host", NUL, "a=b, c\\d", NUL), 0);
    assert_int_equal(taosuv_line_field(line, "n", 1, TAOSUV_TYPE_INT, taosuv_i64(i)), 0);
    assert_int_equal(taosuv_line_field(line, "x", 1, TAOSUV_TYPE_NCHAR, taosuv_text(text, NUL)), 0);
    assert_int_equal(
        taosuv_line_field(line, "y", 1, TAOSUV_TYPE_GEOMETRY, taosuv_text("POINT(1 2)", NUL)), 0);
    assert_int_equal(
        taosuv_line_field(line, "z", 1, TAOSUV_TYPE_VARBINARY, taosuv_bytes("\0\"\\\n", 4)), 0);
    assert_int_equal(taosuv_line_end(line, 1700000000000 + i), 0);
  }
  const char* lines = taosuv_line_text(line, &length);
  uv_buf_t buf = uv_buf_init((char*) (uintptr_t) lines, (unsigned int) length);
  op.lines.precision = TAOSUV_LINES_MS;
  int started = it_lines(it, client, &op, &buf, 1);
  taosuv_line_free(line); /* it was copied */
  if (it_end(started, &op) != 0) fail_msg("%s", op.message);
  assert_int_equal(op.lines.affected_rows, it_told(3));
  taosuv_result_t* result = it_rows(it, client,
                                    "select n, x, z, `the host` from `odd, name` "
                                    "order by n desc limit 1");
  taosuv_block_t* block = it_block(it, result);
  taosuv_column_t column;
  char cell[64];
  assert_int_equal(taosuv_block_column(block, 1, &column), 0);
  taosuv_format_cell(&column, 0, 0, cell, sizeof cell);
  assert_string_equal(cell, text);
  assert_int_equal(taosuv_block_column(block, 2, &column), 0);
  uint32_t size;
  const uint8_t* bytes = taosuv_get_bytes(&column, 0, &size);
  assert_int_equal(size, 4);
  assert_memory_equal(bytes, "\0\"\\\n", 4);
  assert_int_equal(taosuv_block_column(block, 3, &column), 0);
  taosuv_format_cell(&column, 0, 0, cell, sizeof cell);
  assert_string_equal(cell, "a=b, c\\d");
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

/* What the server's version allows comes back, what it does not is refused. */
static void check_backslashes(it_t* it) {
  static const char* const values[] = {"C:\\temp", "\\\\host\\share\\", "x\\,role\\=admin"};
  it_op_t op = {0}, asked = {0};
  taosuv_line_t* line;
  size_t length;
  char sql[128];
  int64_t written = 0;
  taosuv_client_t* client = client_of(it, "ms", "");
  if (it_end(it_version(it, client, &asked), &asked) != 0) fail_msg("%s", asked.message);
  assert_int_equal(taosuv_line_create(NULL, &line), 0);
  assert_int_equal(taosuv_line_set_server(line, asked.version.version, NUL), 0);
  for (size_t i = 0; i < COUNT(values); i++) {
    assert_int_equal(taosuv_line_begin(line, "paths", NUL), 0);
    int status = taosuv_line_tag(line, "path", NUL, values[i], NUL);
    assert_int_equal(taosuv_line_field(line, "n", 1, TAOSUV_TYPE_BIGINT, taosuv_i64((int64_t) i)),
                     0);
    if (status != 0) taosuv_line_drop(line);
    if (status == 0) assert_int_equal(taosuv_line_end(line, 1700000000000), 0);
    if (status == 0) written |= 1 << i;
  }
  uv_buf_t buf;
  buf.base = (char*) (uintptr_t) taosuv_line_text(line, &length);
  buf.len = length;
  op.lines.precision = TAOSUV_LINES_MS;
  if (it_end(it_lines(it, client, &op, &buf, 1), &op) != 0) fail_msg("%s", op.message);
  taosuv_line_free(line);
  assert_true(written == 3 || written == 5); /* new or old: the second or the third */
  for (size_t i = 0; i < COUNT(values); i++) {
    if ((written >> i & 1) == 0) continue;
    snprintf(sql, sizeof sql, "select `path` from paths where n = %zu", i);
    taosuv_result_t* result = it_rows(it, client, sql);
    taosuv_block_t* block = it_block(it, result);
    taosuv_column_t column;
    char cell[64];
    assert_int_equal(taosuv_block_column(block, 0, &column), 0);
    assert_true(taosuv_format_cell(&column, 0, 0, cell, sizeof cell) > 0);
    assert_string_equal(cell, values[i]);
    taosuv_block_unref(block);
    taosuv_result_close(result);
  }
}

static void backslashes_come_back_from_the_stated_server(void** state) {
  check_backslashes(*state);
}

static void backslashes_come_back_from_an_old_server(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.1.1.15"});
  check_backslashes(it);
}

static void telnet_and_json_are_written_too(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = client_of(it, "ms", "");
  op.lines.format = TAOSUV_LINES_TELNET;
  writes(it, client, &op, "sys.cpu 1700000000 0.5 host=a\nsys.cpu 1700000000001 1.5 host=b\n", 2);
  assert_int_equal(op.lines.total_rows, it_told(2));
  op.lines.format = TAOSUV_LINES_JSON;
  writes(
      it, client, &op,
      "[{\"metric\":\"sys.mem\",\"timestamp\":1700000000,\"value\":2,\"tags\":{\"host\":\"a\"}}"
      ",{\"metric\":\"sys.mem\",\"timestamp\":1700000001,\"value\":3,\"tags\":{\"host\":\"b\"}}]",
      2);
  assert_int_equal(op.lines.total_rows, it_told(1));
  assert_int_equal(it_number(it, client, "select count(*) from sys_cpu where _value > 1"), 1);
  assert_int_equal(it_number(it, client, "select count(*) from sys_mem where `host` = 'b'"), 1);
}

static void times_are_read_in_each_precision(void** state) {
  static const struct {
    int precision;
    const char* time;
    int64_t us;
  } cases[] = {{TAOSUV_LINES_NO_PRECISION, "1700000000000001000", 1700000000000001},
               {TAOSUV_LINES_HOURS, "472222", 1699999200000000},
               {TAOSUV_LINES_MINUTES, "28333333", 1699999980000000},
               {TAOSUV_LINES_SECONDS, "1700000000", 1700000000000000},
               {TAOSUV_LINES_MS, "1700000000001", 1700000000001000},
               {TAOSUV_LINES_US, "1700000000000002", 1700000000000002},
               {TAOSUV_LINES_NS, "1700000000000003000", 1700000000000003}};
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "us", "");
  for (size_t i = 0; i < COUNT(cases); i++) {
    it_op_t op = {0};
    char text[128];
    op.lines.precision = cases[i].precision;
    snprintf(text, sizeof text, "p%zu,t=a v=1i32 %s", i, cases[i].time);
    writes(it, client, &op, text, 1);
    snprintf(text, sizeof text, "select _ts from p%zu", i);
    assert_int_equal(it_number(it, client, text), cases[i].us);
  }
}

static void a_tag_names_the_tables_and_a_ttl_is_taken(void** state) {
  it_t* it = *state;
  it_needs(it, IT_TABLE_NAME_KEY);
  it_op_t op = {0};
  taosuv_client_t* client = client_of(it, "ms", "");
  op.lines.precision = TAOSUV_LINES_MS;
  op.lines.ttl = 30;
  op.lines.table_name_key = "host";
  op.lines.table_name_key_length = NUL;
  writes(it, client, &op, "m,host=web7,dc=x v=1i32 1700000000000", 1);
  op.lines.table_name_key = "dcx";
  op.lines.table_name_key_length = 2;
  writes(it, client, &op, "m,host=web7,dc=y v=2i32 1700000000000", 1);
  assert_int_equal(it_number(it, client, "select v from web7"), 1);
  assert_int_equal(it_number(it, client, "select v from y"), 2);
}

static void buffers_are_joined_as_they_are(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  static const char text[] =
      "m,t=a s=L\"\xf0\x9f\x98\x80\" 1700000000000\nm,t=b s=L\"x\" "
      "1700000000001\n";
  enum { SIZE = sizeof text - 1 };
  char bytes[SIZE];
  uv_buf_t bufs[2 * SIZE]; /* each byte alone, and an empty one behind it */
  taosuv_client_t* client = client_of(it, "ms", "");
  memcpy(bytes, text, SIZE);
  for (size_t i = 0; i < SIZE; i++) {
    bufs[2 * i] = uv_buf_init(bytes + i, 1);
    bufs[2 * i + 1] = uv_buf_init(NULL, 0);
  }
  op.lines.precision = TAOSUV_LINES_MS;
  int started = it_lines(it, client, &op, bufs, COUNT(bufs));
  memset(bytes, 'x', sizeof bytes);
  if (it_end(started, &op) != 0) fail_msg("%s", op.message);
  assert_int_equal(op.lines.affected_rows, it_told(2));
  assert_int_equal(op.lines.total_rows, it_told(2));
  assert_int_equal(it_number(it, client, "select count(*) from m where s = '\xf0\x9f\x98\x80'"), 1);
}

static void a_message_of_a_megabyte_arrives(void** state) {
  enum { LINES = 20000 };
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_line_t* line;
  size_t length;
  taosuv_client_t* client = client_of(it, "ms", "");
  assert_int_equal(taosuv_line_create(NULL, &line), 0);
  for (int i = 0; i < LINES; i++) {
    assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
    assert_int_equal(taosuv_line_tag(line, "t", 1, i % 2 == 0 ? "a" : "b", 1), 0);
    assert_int_equal(taosuv_line_field(line, "v", 1, TAOSUV_TYPE_INT, taosuv_i64(i)), 0);
    assert_int_equal(taosuv_line_field(line, "s", 1, TAOSUV_TYPE_VARCHAR,
                                       taosuv_text("some \"text\" \\ here", NUL)),
                     0);
    assert_int_equal(taosuv_line_end(line, 1700000000000 + i), 0);
  }
  uv_buf_t buf;
  buf.base = (char*) (uintptr_t) taosuv_line_text(line, &length);
  buf.len = length;
  assert_true(length > 1000000);
  op.lines.precision = TAOSUV_LINES_MS;
  if (it_end(it_lines(it, client, &op, &buf, 1), &op) != 0) fail_msg("%s", op.message);
  taosuv_line_free(line);
  assert_int_equal(op.lines.affected_rows, it_told(LINES));
  assert_int_equal(
      it_number(it, client, "select sum(v) from m where s = 'some \"text\" \\\\ here'"),
      (int64_t) LINES * (LINES - 1) / 2);
}

static void bad_arguments_are_refused_before_anything_is_sent(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client_db(it, "any", "");
  uv_buf_t good = uv_buf_init((char*) (uintptr_t) "m v=1", 5);
  uv_buf_t nothing = uv_buf_init(NULL, 5);
  uv_buf_t half = uv_buf_init((char*) (uintptr_t) "m v=\"\xc3", 6);
  uv_buf_t nul = uv_buf_init((char*) (uintptr_t) "m v=1\0x", 7);
  assert_int_equal(it_lines(it, client, &op, NULL, 0), TAOSUV_EINVAL);
  assert_int_equal(it_lines(it, client, &op, NULL, 1), TAOSUV_EINVAL);
  assert_int_equal(it_line(it, client, &op, ""), TAOSUV_EINVAL);
  assert_int_equal(it_line(it, client, &op, " \r\n\t"), TAOSUV_EINVAL);
  assert_int_equal(it_lines(it, client, &op, &nothing, 1), TAOSUV_EINVAL);
  assert_int_equal(it_lines(it, client, &op, &half, 1), TAOSUV_EINVAL);
  assert_int_equal(it_lines(it, client, &op, &nul, 1), TAOSUV_EINVAL);
  assert_int_equal(it_lines(it, NULL, &op, &good, 1), TAOSUV_EINVAL);
  assert_int_equal(taosuv_insert_lines(client, &op.lines, &good, 1, NULL), TAOSUV_EINVAL);
  static const struct {
    int format, precision;
    int64_t ttl;
  } bad[] = {{-1, 0, 0}, {3, 0, 0}, {0, -1, 0}, {0, TAOSUV_LINES_NS + 1, 0}, {0, 0, -1}};
  for (size_t i = 0; i < COUNT(bad); i++) {
    op.lines.format = bad[i].format;
    op.lines.precision = bad[i].precision;
    op.lines.ttl = bad[i].ttl;
    assert_int_equal(it_lines(it, client, &op, &good, 1), TAOSUV_EINVAL);
  }
  memset(&op, 0, sizeof op);
  op.lines.table_name_key = "\xff";
  op.lines.table_name_key_length = 1;
  assert_int_equal(it_lines(it, client, &op, &good, 1), TAOSUV_EINVAL);
  assert_int_equal(op.completed, 0);
}

static void more_than_a_message_may_have_is_refused(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client_db(it, "any", "max_message_size=65536");
  char* text = malloc(65536);
  assert_non_null(text);
  memset(text, '"', 65536);
  uv_buf_t buf = uv_buf_init(text, 65536);
  assert_int_equal(it_lines(it, client, &op, &buf, 1), TAOSUV_EMSGSIZE);
  buf.len = 40000; /* twice that when escaped */
  assert_int_equal(it_lines(it, client, &op, &buf, 1), TAOSUV_EMSGSIZE);
  uv_buf_t many[] = {uv_buf_init(text, 16000), uv_buf_init(text, 16000), uv_buf_init(text, 16000)};
  assert_int_equal(it_lines(it, client, &op, many, 3), TAOSUV_EMSGSIZE);
  free(text);
}

static void what_the_server_refuses_says_why(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = client_of(it, "ms", "");
  assert_int_equal(it_end(it_line(it, client, &op, "bad line"), &op), TAOSUV_ESERVER);
  assert_int_equal(op.req.server_code, 543);
  it_has(op.message, "invalid key");
  assert_int_equal(op.lines.affected_rows, 0);
  assert_int_equal(op.lines.total_rows, -1);
  op.lines.format = TAOSUV_LINES_JSON;
  assert_int_equal(it_end(it_line(it, client, &op, "{"), &op), TAOSUV_ESERVER);
  taosuv_client_t* nowhere = it_client(it, "");
  op.lines.format = TAOSUV_LINES_INFLUX;
  if (it_transport_http()) { /* no session could have another database */
    assert_int_equal(it_line(it, nowhere, &op, "m v=1"), TAOSUV_ENOTSUP);
  } else {
    assert_int_equal(it_end(it_line(it, nowhere, &op, "m v=1"), &op), TAOSUV_ESERVER);
    assert_int_equal(op.req.server_code, 9750);
  }
  writes(it, client, &op, "m,t=a v=1", 1);
}

/* They are written all the same, and a writer writes them once. */
static void an_old_server_counts_nothing(void** state) {
  static const char* const versions[] = {"3.1.1.15", "3.3.2.6"};
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(versions); i++) {
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = versions[i]});
    it_op_t op = {0};
    taosuv_client_t* client = client_of(it, "ms", "");
    assert_int_equal(it_end(it_line(it, client, &op, "m,t=a v=1i32"), &op), 0);
    assert_int_equal(op.lines.affected_rows, -1);
    assert_int_equal(op.lines.total_rows, -1);
    assert_int_equal(it_number(it, client, "select count(*) from m"), 1);
    it_drop_databases(it);
    it_close_wait(it, client);
  }
}

static void a_tag_that_names_tables_is_not_lost_on_an_old_server(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.3.2.0"});
  it_op_t op = {.lines = {.table_name_key = "t", .table_name_key_length = 1}};
  taosuv_client_t* client = client_of(it, "ms", "pool_size=1");
  taosuv_client_t* fresh = it_client_db(it, it->databases[0], "pool_size=1");
  it_usable(it, client); /* then the call itself can know */
  assert_int_equal(it_line(it, client, &op, "m,t=a v=1"), TAOSUV_EVERSION);
  assert_int_equal(it_end(it_line(it, fresh, &op, "m,t=a v=1"), &op), TAOSUV_EVERSION);
  it_has(op.message, "3.3.2.0");
  assert_int_equal(ts_server_action_count(it->server, "insert"), 0);
}

static void malformed_answers_are_protocol_errors(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "numbers of rows in an answer");
  it_needs_bundled(it);
  taosuv_client_t* client = client_of(it, "ms", "");
  static const char* const answers[] = {
      "{\"code\":0,\"action\":\"insert\",\"req_id\":$REQ_ID,\"affected_rows\":\"x\"}",
      ("{\"code\":0,\"action\":\"insert\",\"req_id\":$REQ_ID,\"affected_rows\":1,\"total_rows\":1."
       "5}"),
      "{\"code\":0,\"action\":\"insert\",\"req_id\":$REQ_ID,\"affected_rows\":-5}"};
  for (size_t i = 0; i < COUNT(answers); i++) {
    it_op_t op = {0};
    it_rule(it, &(ts_rule_t) {.action = "insert",
                              .times = 1,
                              .answer = TS_ANSWER_TEXT,
                              .data = answers[i],
                              .size = strlen(answers[i]),
                              .put_req_id = true});
    assert_int_equal(it_end(it_line(it, client, &op, "m v=1"), &op), TAOSUV_EPROTO);
    assert_int_equal(op.lines.affected_rows, 0);
    assert_true(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED);
  }
}

static void a_cancelled_write_completes_once(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = client_of(it, "ms", "");
  assert_int_equal(it_line(it, client, &op, "m,t=a v=1 1700000000000000000"), 0);
  assert_int_equal(taosuv_is_pending(&op.req), 1);
  assert_int_equal(it_line(it, client, &op, "m v=1"), TAOSUV_EBUSY);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_usable(it, client);
  if (it->server == NULL) return;
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "insert", .wait_ms = 30});
  assert_int_equal(it_line(it, client, &op, "m,t=a v=1 1700000000000000000"), 0);
  it_until_hits(it, rule, 1);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  assert_true(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED);
  it_run(it, 60); /* the late answer is dropped */
  it_usable(it, client);
}

/* One is cut off while the other has not left: that one goes to another connection, whole. */
static void what_never_left_is_moved(void** state) {
  it_t* it = *state;
  it_needs(it, IT_TABLE_NAME_KEY);
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = client_of(it, "ms", "retries=3");
  it_usable(it, client);
  op.lines.precision = TAOSUV_LINES_MS;
  op.lines.table_name_key = "t";
  op.lines.table_name_key_length = 1;
  op.lines.ttl = 3;
  assert_int_equal(it_line(it, client, &op, "m,t=moved s=\"a\\\"b\" 1700000000000\n"), 0);
  it_cut(it);
  int status = it_wait(&op);
  if (status != 0) { /* its first byte had left */
    assert_int_equal(status, it_lost_status());
    op.lines.idempotent = 1;
    assert_int_equal(
        it_end(it_line(it, client, &op, "m,t=moved s=\"a\\\"b\" 1700000000000\n"), &op), 0);
  }
  assert_int_equal(it_number(it, client, "select count(*) from moved where s = 'a\"b'"), 1);
}

static void an_idempotent_write_survives_its_connection(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_proxy(it);
  taosuv_client_t* client = client_of(it, "ms", "retries=3");
  it_usable(it, client);
  op.lines.idempotent = 1;
  op.lines.precision = TAOSUV_LINES_MS;
  it_hold_answers(it);
  assert_int_equal(it_line(it, client, &op, "m,t=a v=1i32 1700000000000"), 0);
  it_until_asked(it, 1);
  it_cut(it);
  it_let_go(it);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(op.lines.affected_rows, it_told(1));
  assert_int_equal(it_number(it, client, "select v from m"), 1);
}

/* ---- the steady state ---- */

typedef struct lane_s {
  it_op_t op;
  taosuv_client_t* client;
  unsigned left;
} lane_t;

static const char steady[] =
    "m,t=a v=1i32,s=\"x\\\"y\" 1700000000000000000\n"
    "m,t=a v=2i32,s=\"z\" 1700000000000000001\n";

static void again(it_op_t* op) {
  lane_t* lane = op->data;
  assert_int_equal(op->req.status, 0);
  if (--lane->left > 0) assert_int_equal(it_line(op->it, lane->client, op, steady), 0);
}

static void run_lanes(it_t* it, taosuv_client_t* client, unsigned each) {
  lane_t lanes[8];
  memset(lanes, 0, sizeof lanes);
  for (size_t i = 0; i < COUNT(lanes); i++) {
    lanes[i].client = client;
    lanes[i].left = each;
    lanes[i].op.then = again;
    lanes[i].op.data = &lanes[i];
    assert_int_equal(it_line(it, client, &lanes[i].op, steady), 0);
  }
  for (size_t i = 0; i < COUNT(lanes); i++) it_wait(&lanes[i].op);
}

static void no_memory_is_asked_for_once_warm(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = client_of(it, "ns", "");
  run_lanes(it, client, 100);
  size_t calls = it->probe.calls, frees = it->probe.frees;
  run_lanes(it, client, 500);
  assert_int_equal(it->probe.calls - calls, 0);
  assert_int_equal(it->probe.frees - frees, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(line_protocol_becomes_rows_of_the_fields_types),
      IT_TEST(what_the_writer_writes_comes_back),
      IT_TEST(backslashes_come_back_from_the_stated_server),
      IT_TEST(backslashes_come_back_from_an_old_server),
      IT_TEST(telnet_and_json_are_written_too),
      IT_TEST(times_are_read_in_each_precision),
      IT_TEST(a_tag_names_the_tables_and_a_ttl_is_taken),
      IT_TEST(buffers_are_joined_as_they_are),
      IT_TEST(a_message_of_a_megabyte_arrives),
      IT_TEST(bad_arguments_are_refused_before_anything_is_sent),
      IT_TEST(more_than_a_message_may_have_is_refused),
      IT_TEST(what_the_server_refuses_says_why),
      IT_TEST(an_old_server_counts_nothing),
      IT_TEST(a_tag_that_names_tables_is_not_lost_on_an_old_server),
      IT_TEST(malformed_answers_are_protocol_errors),
      IT_TEST(a_cancelled_write_completes_once),
      IT_TEST(what_never_left_is_moved),
      IT_TEST(an_idempotent_write_survives_its_connection),
      IT_TEST(no_memory_is_asked_for_once_warm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
