/* Every public call against servers of many versions: what a version has works, what it lacks is
 * TAOSUV_EVERSION with a text that names a version, and nothing waits for an answer that never
 * comes. */
#include "client/pool/client.h"
#include "consumers.h"
#include "transport.h"
#include "wire/version.h"
#include "writer_job.h"

#define SINCE(a, b, c, d) TUV_VERSION(a, b, c, d)
#define EVER 0

/* A server of a version, with a database; every request has a short time limit. */
typedef struct {
  tc_t* tc;
  it_t* it;
  const char* version;
  uint64_t number;
  taosuv_client_t* client;
} round_t;

static round_t begin(void** state, const char* version) {
  tc_t* tc = *state;
  it_needs_ws(tc->it, "versions of the WebSocket's actions");
  it_needs_bundled(tc->it);
  int port = ts_server_port(tc->it->server);
  it_server_stop(tc->it);
  it_server_start(tc->it, &(ts_config_t) {.version = version, .port = port});
  tc->db = it_database(tc->it, it_client(tc->it, ""), "ms");
  tc->client = it_client_db(tc->it, tc->db, "pool_size=1&request_timeout=5000");
  it_ok(tc->it, tc->client, "create stable st (ts timestamp, v int) tags (name varchar(24))");
  return (round_t) {tc, tc->it, version, tuv_version_parse(version, strlen(version)), tc->client};
}

/* What became of a call: `started` is what it returned. */
static void since(const round_t* round, uint64_t version, const char* what, int started,
                  it_op_t* op) {
  int expected = round->number >= version ? 0 : TAOSUV_EVERSION;
  int status = started == 0 ? it_wait(op) : started;
  if (status != expected)
    fail_msg("%s on %s: %s %s", what, round->version, taosuv_err_name(status), op->message);
  if (started == 0 && status < 0) it_has(op->message, "3.");
}

/* Of what waits by itself. */
static void status_since(const round_t* round, uint64_t version, const char* what, int status) {
  int expected = round->number >= version ? 0 : TAOSUV_EVERSION;
  if (status != expected) fail_msg("%s on %s: %s", what, round->version, taosuv_err_name(status));
}

static void end(const round_t* round) {
  assert_int_equal(ts_server_action_count(round->it->server, "unanswered"), 0);
  assert_int_equal(ts_server_action_count(round->it->server, "unknown"), 0);
  assert_int_equal(ts_server_counters(round->it->server).poisonous, 0);
  it_until_no_results(round->it);
}

/* ---- the calls ---- */

static void sql(const round_t* round) {
  it_t* it = round->it;
  it_op_t ops[9] = {0};
  taosuv_client_t* client = round->client;
  since(round, EVER, "open", it_open(it, client, &ops[0]), &ops[0]);
  assert_string_equal(ops[0].open.version, round->version);
  since(round, EVER, "ping", it_ping(it, client, &ops[1]), &ops[1]);
  since(round, EVER, "server_version", it_version(it, client, &ops[2]), &ops[2]);
  assert_string_equal(ops[2].version.version, round->version);
  since(round, EVER, "server_status", it_status(it, client, &ops[3], NULL, 0), &ops[3]);
  since(round, SINCE(3, 3, 6, 0), "server_status of another",
        it_status(it, client, &ops[4], "localhost", 6030), &ops[4]);
  since(round, EVER, "current_db", it_current_db(it, client, &ops[5]), &ops[5]);
  assert_string_equal(ops[5].text, round->tc->db);
  since(round, EVER, "exec",
        it_exec(it, client, &ops[6], "insert into a using st tags('a') values (1,1)"), &ops[6]);
  assert_int_equal(it_number(it, client, "select count(*) from st"), 1);
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_9000_4096");
  assert_int_equal(it_drain(it, result), 9000);
  taosuv_result_close(result);
}

static void lines(const round_t* round) {
  it_t* it = round->it;
  static const char* const texts[] = {
      "m,host=a v=1i32 1700000000000", "m2 1700000000000 1 host=a",
      "{\"metric\":\"m3\",\"timestamp\":1700000000000,\"value\":1,\"tags\":{\"host\":\"a\"}}"};
  for (int format = 0; format < 3; format++) {
    for (int precision = 0; precision < 2; precision++) {
      it_op_t op = {.lines = {.format = (int) format}};
      op.lines.precision = precision == 0 ? (taosuv_lines_precision_t) 0 : TAOSUV_LINES_MS;
      if (format == 0 && precision == 0) continue; /* nanoseconds */
      since(round, EVER, "insert_lines", it_line(it, round->client, &op, texts[format]), &op);
    }
  }
  it_op_t keyed = {.lines = {.table_name_key = "host",
                             .table_name_key_length = 4,
                             .precision = TAOSUV_LINES_MS}};
  since(round, SINCE(3, 3, 3, 0), "table_name_key",
        it_line(it, round->client, &keyed, "m,host=k v=1i32 1700000000000"), &keyed);
}

static void statements(const round_t* round) {
  it_t* it = round->it;
  taosuv_value_t tag = taosuv_text("b", 1), row[] = {taosuv_i64(2), taosuv_i64(2)};
  it_op_t query = {0}, run = {0}, second = {0};
  taosuv_stmt_t* stmt = it_stmt(it, round->client, "insert into ? using st tags(?) values(?,?)");
  assert_int_equal(taosuv_bind_table(stmt, "b", 1), 0);
  assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, row, 2), 0);
  assert_int_equal(it_executed(it, stmt), 1);
  taosuv_stmt_close(stmt);
  since(round, SINCE(3, 2, 2, 0), "a query's statement",
        it_prepare(it, round->client, &query, "select v from st where v > ?"), &query);
  if (query.prepare.stmt != NULL && query.req.status == 0) {
    assert_int_equal(taosuv_bind_row(query.prepare.stmt, row, 1), 0);
    since(round, EVER, "its exec", it_stmt_exec(it, query.prepare.stmt, &run), &run);
    it_drain(it, run.stmt_exec.result);
    taosuv_result_close(run.stmt_exec.result);
    taosuv_stmt_close(query.prepare.stmt);
  }
  taosuv_client_t* forced = it_client_db(it, round->tc->db, "stmt_version=2");
  since(round, SINCE(3, 3, 5, 0), "stmt_version=2",
        it_prepare(it, forced, &second, "insert into a values(?,?)"), &second);
  if (second.req.status == 0) taosuv_stmt_close(second.prepare.stmt);
}

static void writers(const round_t* round) {
  job_t job = {.it = round->it, .client = round->client, .db = round->tc->db};
  taosuv_value_t tag = taosuv_text("w", 1), row[] = {taosuv_i64(3), taosuv_i64(3)};
  taosuv_writer_options_init(&job.options);
  job.options.on_report = on_report;
  job.options.data = &job;
  assert_int_equal(open_as(&job, "insert into ? using st tags(?) values(?,?)"), 1);
  assert_int_equal(taosuv_writer_row(job.writer, "w", 1, &tag, 1, row, 2), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
  job.closes = 0;
  job.options.precision = TAOSUV_LINES_MS;
  assert_int_equal(open_as(&job, NULL), 1);
  assert_int_equal(
      taosuv_writer_lines(job.writer, "w2,host=a v=1i32 1700000000000", TAOSUV_NUL_TERMINATED), 0);
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  assert_int_equal(it_number(round->it, round->client, "select count(*) from w2"), 1);
}

typedef struct {
  taosuv_write_t req;
  bool done;
  int status;
} written_t;

static void on_written(taosuv_write_t* req, int status) {
  written_t* written = (written_t*) (void*) req;
  written->done = true;
  written->status = status;
}

static bool is_written(void* data) {
  return ((written_t*) data)->done;
}

static void write_back(const round_t* round, const taosuv_message_t* message) {
  written_t block = {.done = false}, raw = {.done = false};
  it_ok(round->it, round->client, "create table target (ts timestamp, v int)");
  assert_int_equal(taosuv_write_block(round->client, &block.req, "target", 6,
                                      taosuv_message_block(message, 0), on_written),
                   0);
  assert_true(it_until(round->it, is_written, &block, 5000));
  assert_int_equal(block.status, 0);
  taosuv_raw_t bytes = taosuv_message_raw(message);
  if (bytes.data == NULL) return; /* before 3.3.3.0 a message of rows has none */
  assert_int_equal(taosuv_write_raw(round->client, &raw.req, &bytes, on_written), 0);
  assert_true(it_until(round->it, is_written, &raw, 5000));
}

static void consumers(const round_t* round) {
  tc_t* tc = round->tc;
  int64_t offset = 0;
  char topics[128];
  taosuv_partition_t partitions[TC_VGROUPS];
  uint32_t count = TC_VGROUPS;
  const char* topic = tc_topic(tc, "as select ts, v from %s.st");
  tc_rows(tc, "c1", 10, 4);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_message_t* message = tc_next(one);
  int32_t vgroup = taosuv_message_vgroup(message);
  write_back(round, message);
  status_since(round, EVER, "commit of a message", tc_commit(one, message));
  taosuv_message_unref(message);
  status_since(round, EVER, "commit", tc_commit(one, NULL));
  status_since(round, EVER, "assignment", tc_assignment(one, topic, partitions, &count));
  uint64_t later = SINCE(3, 1, 1, 15);
  status_since(round, later, "commit_offset",
               tc_commit_offset(
                   one, topic, vgroup,
                   partitions[0].vgroup_id == vgroup ? partitions[0].begin : partitions[1].begin));
  status_since(round, later, "committed", tc_committed(one, topic, vgroup, &offset));
  status_since(round, later, "position", tc_position(one, topic, vgroup, &offset));
  status_since(round, later, "list_topics", tc_topics(one, topics, sizeof topics));
  status_since(
      round, EVER, "seek",
      tc_seek(one, topic, vgroup,
              partitions[0].vgroup_id == vgroup ? partitions[0].begin : partitions[1].begin));
  status_since(round, EVER, "seek_to_end", tc_seek_to(one, topic, false));
  status_since(round, EVER, "seek_to_beginning", tc_seek_to(one, topic, true));
  status_since(round, EVER, "unsubscribe", tc_unsubscribe(one));
  status_since(round, EVER, "consumer_close", tc_close(one));
}

static void goes_through_all(void** state, const char* version) {
  round_t round = begin(state, version);
  sql(&round);
  lines(&round);
  statements(&round);
  writers(&round);
  consumers(&round);
  end(&round);
}

#define VERSION_TEST(name, version)                                                                \
  static void name(void** state) {                                                                 \
    goes_through_all(state, version);                                                              \
  }

VERSION_TEST(version_3_0_5_1, "3.0.5.1")
VERSION_TEST(version_3_1_1_15, "3.1.1.15")
VERSION_TEST(version_3_2_2_0, "3.2.2.0")
VERSION_TEST(version_3_3_2_6, "3.3.2.6")
VERSION_TEST(version_3_3_5_8, "3.3.5.8")
VERSION_TEST(version_3_3_6_0, "3.3.6.0")
VERSION_TEST(version_3_3_7_5, "3.3.7.5")
VERSION_TEST(version_3_4_1_13, "3.4.1.13")

static void consumers_need_3_0_5_0(void** state) {
  round_t round = begin(state, "3.0.4.2");
  it_op_t op = {0};
  since(&round, EVER, "open", it_open(round.it, round.client, &op), &op);
  const char* topic = tc_topic(round.tc, "as select ts, v from %s.st");
  tc_consumer_t* one = tc_consumer(round.tc, "", "");
  assert_int_equal(tc_subscribe(one, topic), TAOSUV_EVERSION);
  assert_int_equal(tc_close(one), 0);
  end(&round);
}

/* Writes rows into many tables, so that both vgroups have some. */
static const char* with_rows(const round_t* round) {
  const char* topic = tc_topic(round->tc, "as select ts, v from %s.st");
  for (int i = 0; i < 6; i++) {
    char name[16];
    snprintf(name, sizeof name, "c%d", i);
    tc_rows(round->tc, name, 5 * i, 5);
  }
  return topic;
}

enum { OLD_ROWS = 30 };

/* Each commit of an old gateway is of one message and its vgroup. */
static void an_old_gateway_commits_every_vgroup(void** state) {
  round_t round = begin(state, "3.0.5.1");
  unsigned seen[OLD_ROWS] = {0}, again[OLD_ROWS] = {0};
  const char* topic = with_rows(&round);
  tc_consumer_t* one = tc_subscribed(round.tc, topic, "enable.auto.commit=false");
  assert_int_equal(tc_drain(one, seen, OLD_ROWS, OLD_ROWS), OLD_ROWS);
  assert_int_equal(tc_commit(one, NULL), 0);
  assert_true(ts_server_action_count(round.it->server, "commit") >= 2);
  assert_int_equal(tc_close(one), 0);
  tc_consumer_t* two = tc_subscribed(round.tc, topic, "enable.auto.commit=false");
  assert_int_equal(tc_drain(two, again, OLD_ROWS, 1), 0);
  assert_int_equal(tc_close(two), 0);
  end(&round);
}

/* A message that is not finished is not passed over by a commit of a later one. */
static void an_old_gateway_commits_what_is_finished(void** state) {
  round_t round = begin(state, "3.0.5.1");
  unsigned first[OLD_ROWS] = {0}, seen[OLD_ROWS] = {0}, again[OLD_ROWS] = {0};
  const char* topic = with_rows(&round);
  tc_consumer_t* one = tc_subscribed(round.tc, topic, "auto.commit.interval.ms=20");
  taosuv_message_t* message = tc_next(one);
  unsigned rows = tc_count(message, first, OLD_ROWS);
  assert_int_equal(tc_drain(one, seen, OLD_ROWS, OLD_ROWS - rows), OLD_ROWS - rows);
  it_run(round.it, 60);
  assert_int_equal(tc_close(one), 0);
  taosuv_message_unref(message);
  tc_consumer_t* two = tc_subscribed(round.tc, topic, "auto.commit.interval.ms=20");
  assert_int_equal(tc_drain(two, again, OLD_ROWS, OLD_ROWS), OLD_ROWS);
  assert_int_equal(tc_close(two), 0); /* all is finished now */
  memset(again, 0, sizeof again);
  tc_consumer_t* three = tc_subscribed(round.tc, topic, "");
  assert_int_equal(tc_drain(three, again, OLD_ROWS, 1), 0);
  end(&round);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TC_TEST(version_3_0_5_1),
      TC_TEST(version_3_1_1_15),
      TC_TEST(version_3_2_2_0),
      TC_TEST(version_3_3_2_6),
      TC_TEST(version_3_3_5_8),
      TC_TEST(version_3_3_6_0),
      TC_TEST(version_3_3_7_5),
      TC_TEST(version_3_4_1_13),
      TC_TEST(consumers_need_3_0_5_0),
      TC_TEST(an_old_gateway_commits_every_vgroup),
      TC_TEST(an_old_gateway_commits_what_is_finished),
  };
  return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
