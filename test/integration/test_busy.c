/* A loop that a callback of the caller's keeps busy: limits count from the call, what has arrived
 * is read before a limit is judged, and the time is not held against the server.
 *
 * The bundled server runs on a loop of its own here. While the client's loop turns, a timer runs
 * the server's; a busy callback runs it as well, so that answers arrive meanwhile. */
#include "consumers.h"
#include "transport.h"

#define LIMIT_MS 400u
#define WORK_MS 700u

typedef struct busy_s {
  it_t* it;
  uv_loop_t loop; /* the server's */
  uv_timer_t pump, work;
  void (*job)(struct busy_s* busy); /* run in a callback after the work */
  taosuv_client_t* client;
  it_op_t ops[50];
  bool done;
} busy_t;

static void on_pump(uv_timer_t* timer) {
  busy_t* busy = timer->data;
  uv_run(&busy->loop, UV_RUN_NOWAIT);
}

/* The caller's work: its own loop stands still, the server's does not. */
static void work(busy_t* busy, uint64_t ms) {
  uint64_t start = it_ms();
  while (it_ms() - start < ms) {
    uv_run(&busy->loop, UV_RUN_NOWAIT);
    uv_sleep(1);
  }
}

static int setup(void** state) {
  busy_t* busy = calloc(1, sizeof *busy);
  assert_non_null(busy);
  it_setup(state);
  it_t* it = busy->it = *state;
  it->param = busy;
  assert_int_equal(uv_loop_init(&busy->loop), 0);
  uv_timer_init(&it->loop, &busy->pump);
  uv_timer_init(&it->loop, &busy->work);
  busy->pump.data = busy->work.data = busy;
  if (it->server == NULL) return 0;
  it_server_stop(it);
  ts_config_t config = {.tls = it_transport_tls(), .compression = it_transport() == IT_COMPRESSED};
  assert_int_equal(ts_server_create(&busy->loop, &config, &it->server), 0);
  uv_timer_start(&busy->pump, on_pump, 1, 1);
  return 0;
}

static int teardown(void** state) {
  it_t* it = *state;
  busy_t* busy = it->param;
  for (size_t i = 0; i < IT_CLIENTS; i++)
    if (it->slots[i].client != NULL && it->slots[i].closing == 0)
      it_close_wait(it, it->slots[i].client);
  if (it->server != NULL) it_server_stop(it);
  uv_close((uv_handle_t*) &busy->pump, NULL);
  uv_close((uv_handle_t*) &busy->work, NULL);
  uv_run(&busy->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&busy->loop), 0);
  int status = it_teardown(state);
  free(busy);
  return status;
}

#define BUSY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static busy_t* of(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  return it->param;
}

static void on_work(uv_timer_t* timer) {
  busy_t* busy = timer->data;
  busy->job(busy);
  busy->done = true;
}

static bool is_done(void* data) {
  return ((busy_t*) data)->done;
}

/* Runs the job in a callback of the loop. */
static void in_callback(busy_t* busy, void (*job)(busy_t* busy)) {
  busy->job = job;
  busy->done = false;
  uv_timer_start(&busy->work, on_work, 0, 0);
  assert_true(it_until(busy->it, is_done, busy, 10000));
}

static int begin(busy_t* busy, it_op_t* op, uint64_t timeout_ms) {
  op->req.timeout_ms = timeout_ms;
  return it_exec(busy->it, busy->client, op, "select 7");
}

/* ---- limits count from the call ---- */

static void work_then_request(busy_t* busy) {
  work(busy, WORK_MS);
  assert_int_equal(begin(busy, &busy->ops[0], LIMIT_MS), 0);
}

static void a_request_after_long_work_has_its_whole_time(void** state) {
  busy_t* busy = of(state);
  busy->client = it_client(busy->it, "pool_size=1");
  it_usable(busy->it, busy->client);
  in_callback(busy, work_then_request);
  assert_int_equal(it_wait(&busy->ops[0]), 0);
}

static void a_request_after_long_work_ends_when_its_time_is_over(void** state) {
  busy_t* busy = of(state);
  busy->client = it_client(busy->it, "pool_size=1");
  it_usable(busy->it, busy->client);
  it_rule(busy->it, &(ts_rule_t) {.sql = "select 7", .answer = TS_ANSWER_NOTHING});
  in_callback(busy, work_then_request);
  assert_int_equal(it_wait(&busy->ops[0]), TAOSUV_ETIMEDOUT);
  assert_true(busy->ops[0].req.total_time_ns / 1000000 >= LIMIT_MS);
}

static void a_deadline_that_passed_in_the_work_is_refused_at_once(void** state) {
  busy_t* busy = of(state);
  busy->client = it_client(busy->it, "pool_size=1");
  it_usable(busy->it, busy->client);
  busy->ops[0].req.deadline = uv_now(&busy->it->loop) + LIMIT_MS;
  in_callback(busy, work_then_request);
  assert_int_equal(it_wait(&busy->ops[0]), TAOSUV_EUNSENT);
}

static void the_first_connection_after_long_work_has_its_whole_time(void** state) {
  busy_t* busy = of(state);
  work(busy, WORK_MS); /* the loop has not run since: its time is that of before */
  busy->client = it_client(busy->it, "connect_timeout=400");
  assert_int_equal(begin(busy, &busy->ops[0], LIMIT_MS), 0);
  assert_int_equal(it_wait(&busy->ops[0]), 0);
}

static void connecting_is_not_given_up_for_work_meanwhile(void** state) {
  busy_t* busy = of(state);
  busy->client = it_client(busy->it, "connect_timeout=400");
  assert_int_equal(begin(busy, &busy->ops[0], 10000), 0);
  work(busy, WORK_MS);
  assert_int_equal(it_wait(&busy->ops[0]), 0);
}

/* ---- what has arrived is read first ---- */

static void work_only(busy_t* busy) {
  work(busy, WORK_MS);
}

static void answers_in_the_socket_are_read_before_a_limit_is_judged(void** state) {
  busy_t* busy = of(state);
  size_t count = it_transport_http() ? 4 : COUNT(busy->ops); /* there each has a connection */
  busy->client = it_client(busy->it, "pool_size=4");
  it_rule(busy->it, &(ts_rule_t) {.sql = "select 7", .wait_ms = 200});
  for (size_t i = 0; i < count; i++) assert_int_equal(begin(busy, &busy->ops[i], 10000), 0);
  for (size_t i = 0; i < count; i++) assert_int_equal(it_wait(&busy->ops[i]), 0);
  for (size_t i = 0; i < count; i++) assert_int_equal(begin(busy, &busy->ops[i], LIMIT_MS), 0);
  uint64_t start = it_ms();
  while (ts_server_counters(busy->it->server).waiting < count && it_ms() - start < 150)
    uv_run(&busy->it->loop, UV_RUN_NOWAIT);
  in_callback(busy, work_only);
  for (size_t i = 0; i < count; i++) assert_int_equal(it_wait(&busy->ops[i]), 0);
}

static void the_same_holds_however_the_loop_is_run(void** state) {
  static const uv_run_mode modes[] = {UV_RUN_NOWAIT, UV_RUN_ONCE};
  busy_t* busy = of(state);
  busy->client = it_client(busy->it, "pool_size=1");
  it_usable(busy->it, busy->client);
  for (size_t i = 0; i < COUNT(modes); i++) {
    it_op_t* op = &busy->ops[i];
    assert_int_equal(begin(busy, op, LIMIT_MS), 0);
    for (int turns = 0; turns < 3; turns++) uv_run(&busy->it->loop, UV_RUN_NOWAIT);
    work(busy, WORK_MS);
    while (op->completed < op->accepted) uv_run(&busy->it->loop, modes[i]);
    assert_int_equal(op->req.status, 0);
  }
}

static void request_then_work(busy_t* busy) {
  assert_int_equal(begin(busy, &busy->ops[0], LIMIT_MS), 0);
  work(busy, WORK_MS);
}

static void a_request_that_waited_for_the_work_is_sent_and_answered(void** state) {
  busy_t* busy = of(state);
  busy->client = it_client(busy->it, "pool_size=1");
  it_usable(busy->it, busy->client);
  in_callback(busy, request_then_work);
  assert_int_equal(it_wait(&busy->ops[0]), 0);
}

/* ---- the peer is not to blame ---- */

/* Each time the loop is free for a moment: too short for the peer to answer, were it asked late. */
static void a_living_peer_is_not_lost_for_a_busy_loop(void** state) {
  busy_t* busy = of(state);
  taosuv_counts_t counts;
  it_needs_ws(busy->it, "pings on a connection");
  busy->client = it_client(busy->it, "pool_size=1&ping_interval=200");
  it_usable(busy->it, busy->client);
  for (int i = 0; i < 5; i++) {
    uv_timer_stop(&busy->pump); /* the server answers during the work only */
    for (int turns = 0; turns < 3; turns++) uv_run(&busy->it->loop, UV_RUN_NOWAIT);
    work(busy, 450);
  }
  uv_timer_start(&busy->pump, on_pump, 1, 1);
  it_usable(busy->it, busy->client);
  taosuv_client_counts(busy->client, &counts);
  assert_int_equal(counts.connects, 1);
}

/* ---- consumers ---- */

static void after_long_work_a_poll_waits_its_whole_time(void** state) {
  tc_t* tc = *state;
  taosuv_message_t* message;
  it_needs_ws(tc->it, "consumers");
  const char* topic = tc_topic(tc, "as select ts, v from st");
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_poll(one, 50, &message), 0);
  assert_null(message);
  uv_sleep(WORK_MS);
  uint64_t start = it_ms();
  assert_int_equal(tc_poll(one, LIMIT_MS, &message), 0);
  assert_null(message);
  it_within(start, LIMIT_MS - 5, 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BUSY_TEST(a_request_after_long_work_has_its_whole_time),
      BUSY_TEST(a_request_after_long_work_ends_when_its_time_is_over),
      BUSY_TEST(a_deadline_that_passed_in_the_work_is_refused_at_once),
      BUSY_TEST(the_first_connection_after_long_work_has_its_whole_time),
      BUSY_TEST(connecting_is_not_given_up_for_work_meanwhile),
      BUSY_TEST(answers_in_the_socket_are_read_before_a_limit_is_judged),
      BUSY_TEST(the_same_holds_however_the_loop_is_run),
      BUSY_TEST(a_request_that_waited_for_the_work_is_sent_and_answered),
      BUSY_TEST(a_living_peer_is_not_lost_for_a_busy_loop),
      TC_TEST(after_long_work_a_poll_waits_its_whole_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
