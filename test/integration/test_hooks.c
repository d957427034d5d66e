/* Hooks: what trace, log and tap report, and that they may call every function. */
#include "fixture.h"

enum { MAX_EVENTS = 256 };

typedef struct watch_s {
  it_t* it;
  taosuv_client_t* client;
  taosuv_trace_t events[MAX_EVENTS];
  unsigned count;
  char log[8192];
  int graver_than; /* the least level seen */
  taosuv_tap_t taps[MAX_EVENTS];
  char tapped[MAX_EVENTS][200];
  unsigned ntaps;
  void (*act)(struct watch_s* watch); /* called in each hook */
  void* param;
  unsigned acted;
} watch_t;

static void act(watch_t* watch) {
  if (watch->act != NULL) watch->act(watch);
}

static void on_trace(void* data, const taosuv_trace_t* trace) {
  watch_t* watch = data;
  assert_non_null(taosuv_stage_name((int) trace->stage));
  if (watch->count < MAX_EVENTS) watch->events[watch->count++] = *trace;
  act(watch);
}

static void on_log(void* data, int level, const char* message, size_t length) {
  watch_t* watch = data;
  assert_int_equal(strlen(message), length);
  if (level > watch->graver_than) watch->graver_than = level;
  strncat(watch->log, message, sizeof watch->log - strlen(watch->log) - 1);
  strncat(watch->log, "\n", sizeof watch->log - strlen(watch->log) - 1);
  act(watch);
}

static void on_tap(void* data, const taosuv_tap_t* tap) {
  watch_t* watch = data;
  if (watch->ntaps < MAX_EVENTS) {
    watch->taps[watch->ntaps] = *tap;
    size_t size = tap->size < 199 ? tap->size : 199;
    if (size > 0) memcpy(watch->tapped[watch->ntaps], tap->bytes, size);
    watch->ntaps++;
  }
  act(watch);
}

static taosuv_client_t* watched(it_t* it, watch_t* watch, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  memset(watch, 0, sizeof *watch);
  watch->it = it;
  watch->client = client;
  taosuv_hooks_t hooks = {.size = sizeof hooks,
                          .data = watch,
                          .trace = on_trace,
                          .log_level = TAOSUV_LOG_DEBUG,
                          .log = on_log,
                          .tap = on_tap};
  assert_int_equal(taosuv_client_set_hooks(client, &hooks), 0);
  return client;
}

/* The index of the next such event from `from` on, or a failure. */
static unsigned find(const watch_t* watch, unsigned from, taosuv_stage_t stage, uint64_t req_id) {
  for (unsigned i = from; i < watch->count; i++)
    if (watch->events[i].stage == stage && watch->events[i].req_id == req_id) return i;
  fail_msg("no %s of %llu", taosuv_stage_name((int) stage), (unsigned long long) req_id);
  return 0;
}

static watch_t watch; /* large */

static void a_request_is_traced_from_call_to_callback(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = watched(it, &watch, "");
  op.req.req_id = 4711;
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  unsigned connecting = find(&watch, 0, TAOSUV_TRACE_CONN_CONNECTING, 0);
  unsigned upgraded = find(&watch, connecting, TAOSUV_TRACE_CONN_UPGRADED, 0);
  unsigned ready = find(&watch, upgraded, TAOSUV_TRACE_CONN_READY, 0);
  unsigned queued = find(&watch, 0, TAOSUV_TRACE_QUEUED, 4711);
  unsigned sent = find(&watch, ready, TAOSUV_TRACE_SENT, 4711);
  unsigned answered = find(&watch, sent, TAOSUV_TRACE_ANSWERED, 4711);
  unsigned completed = find(&watch, answered, TAOSUV_TRACE_COMPLETED, 4711);
  assert_true(queued < ready);
  assert_null(watch.events[queued].host);
  assert_string_equal(watch.events[sent].host, op.host);
  assert_ptr_equal(watch.events[sent].req, &op.req);
  assert_int_equal(watch.events[sent].action, TAOSUV_ACTION_EXEC);
  assert_int_equal(watch.events[ready].action, TAOSUV_ACTION_CONNECT);
  assert_true(watch.events[ready].duration_ns > 0);
  assert_true(watch.events[completed].duration_ns == op.req.total_time_ns);
  for (unsigned i = 1; i < watch.count; i++)
    if (watch.events[i].stage != TAOSUV_TRACE_COMPLETED)
      assert_true(watch.events[i].time_ns >= watch.events[0].time_ns);
}

static void a_fetch_completes_with_the_id_of_its_message(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_op_t fetch = {0};
  taosuv_client_t* client = watched(it, &watch, "");
  taosuv_result_t* result = it_rows(it, client, "select 1");
  assert_int_equal(it_end(it_fetch(it, result, &fetch), &fetch), 0);
  unsigned sent = find(&watch, 0, TAOSUV_TRACE_SENT, fetch.req.sent_req_id);
  assert_int_equal(watch.events[sent].action, TAOSUV_ACTION_FETCH);
  assert_null(watch.events[sent].req);
  unsigned answered = find(&watch, sent, TAOSUV_TRACE_ANSWERED, fetch.req.sent_req_id);
  unsigned done = find(&watch, answered, TAOSUV_TRACE_COMPLETED, fetch.req.sent_req_id);
  assert_ptr_equal(watch.events[done].req, &fetch.req);
  it_done(&fetch);
  taosuv_result_close(result);
}

static void failures_and_lost_connections_are_told(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = watched(it, &watch, "");
  it_usable(it, client);
  op.req.req_id = 5;
  assert_int_equal(it_end(it_exec(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  const taosuv_trace_t* failed = &watch.events[find(&watch, 0, TAOSUV_TRACE_COMPLETED, 5)];
  assert_int_equal(failed->status, TAOSUV_ESERVER);
  assert_int_equal(failed->server_code, op.req.server_code);
  it_has(watch.log, "request 5 (exec) to 127.0.0.1");
  assert_null(strstr(watch.log, "selec"));
  it_cut(it);
  it_run(it, 30);
  const taosuv_trace_t* lost = &watch.events[find(&watch, 0, TAOSUV_TRACE_CONN_LOST, 0)];
  assert_int_equal(lost->status, it_lost_status());
  it_has(watch.log, " lost: ");
  it_has(watch.log, taosuv_err_name(it_lost_status()));
  proxy_stop(it->proxies[0]);
  assert_int_equal(it_end(it_open(it, client, &op), &op), UV_ECONNREFUSED);
  find(&watch, 0, TAOSUV_TRACE_CONN_FAILED, 0);
  it_has(watch.log, " failed: UV_ECONNREFUSED: ");
}

static void a_closed_client_says_goodbye(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = watched(it, &watch, "");
  it_usable(it, client);
  it_close_wait(it, client);
  find(&watch, 0, TAOSUV_TRACE_CONN_CLOSED, 0);
  it_has(watch.log, " closed");
}

static void the_log_keeps_to_its_level(void** state) {
  it_t* it = *state;
  it_proxy(it);
  taosuv_client_t* client = watched(it, &watch, "");
  taosuv_hooks_t hooks = {
      .size = sizeof hooks, .data = &watch, .log_level = TAOSUV_LOG_WARN, .log = on_log};
  assert_int_equal(taosuv_client_set_hooks(client, &hooks), 0);
  it_usable(it, client);
  assert_string_equal(watch.log, "");
  it_cut(it);
  it_run(it, 30);
  assert_int_equal(watch.graver_than, TAOSUV_LOG_WARN);
  it_has(watch.log, " lost: ");
  assert_int_equal(watch.count, 0); /* nor is anything traced any more */
}

/* ---- the tap ---- */

static unsigned find_tap(const watch_t* seen, int sent, unsigned opcode, const char* part) {
  for (unsigned i = 0; i < seen->ntaps; i++) {
    if (seen->taps[i].sent != sent || seen->taps[i].opcode != opcode) continue;
    for (size_t at = 0; at + strlen(part) <= sizeof seen->tapped[i]; at++)
      if (memcmp(seen->tapped[i] + at, part, strlen(part)) == 0) return i;
  }
  fail_msg("no message with %s", part);
  return 0;
}

static void the_tap_sees_whole_messages_without_their_masks(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "WebSocket messages");
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = watched(it, &watch, "");
  assert_int_equal(it_end(it_exec(it, client, &op, "select 'seen'"), &op), 0);
  assert_int_equal(it_end(it_ping(it, client, &op), &op), 0);
  unsigned login = find_tap(&watch, 1, 1, "\"password\":\"***\"");
  assert_int_equal(watch.taps[login].flags, TAOSUV_TAP_REDACTED);
  unsigned sql = find_tap(&watch, 1, 2, "select 'seen'");
  assert_int_equal(watch.taps[sql].size, 30 + strlen("select 'seen'"));
  assert_int_equal(watch.taps[sql].flags, 0);
  assert_string_equal(watch.taps[sql].host, op.host);
  find_tap(&watch, 0, 1, "\"action\":\"conn\"");
  find_tap(&watch, 0, 1, "\"action\":\"binary_query\"");
  unsigned ping = find_tap(&watch, 1, 9, "");
  unsigned pong = find_tap(&watch, 0, 10, "");
  assert_int_equal(watch.taps[ping].size, 8);
  assert_memory_equal(watch.tapped[ping], watch.tapped[pong], 8);
  it_close_wait(it, client);
  find_tap(&watch, 1, 8, "\x03\xE8");
}

static void a_server_that_repeats_secrets_does_not_reveal_them(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = watched(it, &watch, "");
  it_rule(it, &(ts_rule_t) {.action = "conn",
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x0357,
                            .text = "wrong password 'taosdata'"});
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EAUTH);
  assert_string_equal(op.message, "wrong password '***'");
  it_has(watch.log, "wrong password '***'");
  find_tap(&watch, 0, 1, "wrong password '***'");
}

static void without_memory_the_tap_withholds(void** state) {
  it_t* it = *state;
  unsigned withheld = 0;
  for (size_t n = 1; n < 60; n++) {
    it_op_t op = {0};
    taosuv_client_t* client = watched(it, &watch, "");
    alloc_probe_fail(&it->probe, n, false);
    int started = it_open(it, client, &op);
    if (started == 0) it_wait(&op);
    alloc_probe_fail(&it->probe, 0, false);
    for (unsigned i = 0; i < watch.ntaps; i++) {
      assert_null(strstr(watch.tapped[i], "taosdata"));
      if ((watch.taps[i].flags & TAOSUV_TAP_WITHHELD) == 0) continue;
      assert_int_equal(watch.taps[i].size, 0);
      assert_null(watch.taps[i].bytes);
      withheld++;
    }
    it_close_wait(it, client);
    memset(it_slot(it, NULL), 0, sizeof(it_slot_t));
  }
  assert_true(withheld > 0);
}

/* ---- what hooks may call ---- */

static void on_never(taosuv_exec_t* req, int status) {
  (void) req;
  fail_msg("called back with %d", status);
}

static void on_line(void* context, const char* text) {
  (void) text;
  ++*(unsigned*) context;
}

static void call_everything(watch_t* seen) {
  static char text[32768];
  static taosuv_exec_t exec;
  taosuv_stats_t stats = {.size = sizeof stats};
  unsigned lines = 0;
  assert_int_equal(taosuv_exec(seen->client, &exec, "select 1", 8, on_never), TAOSUV_EBUSY);
  if (seen->param != NULL && taosuv_is_pending(seen->param))
    assert_int_equal(taosuv_cancel(seen->param), TAOSUV_EBUSY);
  assert_int_equal(taosuv_client_stats(seen->client, &stats), 0);
  assert_int_equal(taosuv_client_dump(seen->client, on_line, &lines), 0);
  assert_true(lines > 0);
  assert_true(taosuv_client_prometheus(seen->client, text, sizeof text) > 0);
  assert_int_equal(taosuv_metrics_enable(seen->client, seen->acted % 2 == 0), 0);
  seen->acted++;
}

static void hooks_may_look_and_are_refused_the_rest(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = watched(it, &watch, "metrics=1");
  watch.act = call_everything;
  watch.param = &op.req;
  it_usable(it, client);
  assert_int_equal(it_end(it_exec(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  assert_int_equal(it_end(it_ping(it, client, &op), &op), 0);
  it_cut(it);
  it_run(it, 30);
  it_usable(it, client);
  assert_true(watch.acted > 30);
  watch.act = NULL;
}

static void unset(watch_t* seen) {
  assert_int_equal(taosuv_client_set_hooks(seen->client, NULL), 0);
  seen->acted++;
}

static void a_hook_may_take_the_hooks_away(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = watched(it, &watch, "");
  watch.act = unset;
  it_usable(it, client);
  assert_int_equal(watch.acted, 1);
}

/* Closes the client in the N-th hook. */
static void close_in_hook(watch_t* seen) {
  unsigned* left = seen->param;
  seen->acted++;
  if (*left == 0 || --*left > 0) return;
  it_close(seen->it, seen->client);
  taosuv_close(seen->client, NULL); /* a second time does nothing */
}

static void the_client_may_be_closed_in_every_hook(void** state) {
  it_t* it = *state;
  for (unsigned n = 1; n < 60; n++) {
    it_op_t ops[3];
    unsigned left = n;
    memset(ops, 0, sizeof ops);
    taosuv_client_t* client = watched(it, &watch, "");
    it_slot_t* slot = it_slot(it, client);
    watch.act = close_in_hook;
    watch.param = &left;
    int open = it_open(it, client, &ops[0]);
    int exec = it_exec(it, client, &ops[1], "select 1");
    int query = it_query(it, client, &ops[2], "select 1");
    assert_true(open == 0 && exec == 0 && query == 0);
    for (size_t i = 0; i < COUNT(ops); i++) {
      int status = it_wait(&ops[i]);
      assert_true(status == 0 || status == TAOSUV_ECANCELED);
    }
    taosuv_result_t* result = ops[2].query.result;
    if (ops[2].req.status == 0) {
      it_op_t fetch = {0};
      if (it_fetch(it, result, &fetch) == 0) it_wait(&fetch);
      it_done(&fetch);
      taosuv_result_close(result);
    }
    left = 0;
    if (slot->closing == 0) it_close(it, client);
    it_closed(slot);
    memset(slot, 0, sizeof *slot);
  }
}

typedef struct closing_s {
  taosuv_result_t* result;
  unsigned hook; /* that closes it, from 0 */
} closing_t;

static void close_result(watch_t* seen) {
  const closing_t* closing = seen->param;
  if (seen->acted++ == closing->hook) taosuv_result_close(closing->result);
}

static void a_result_may_be_closed_in_every_hook(void** state) {
  it_t* it = *state;
  const char* sql = it_numbers(it, it_client(it, ""), 10000);
  static const char* const keys[] = {"prefetch=1", "prefetch=0"};
  for (size_t k = 0; k < COUNT(keys); k++) {
    for (unsigned n = 0; n < 8; n++) {
      it_op_t fetch = {0};
      taosuv_client_t* client = watched(it, &watch, keys[k]);
      taosuv_result_t* result = it_rows(it, client, sql);
      closing_t closing = {result, n};
      watch.param = &closing;
      watch.act = close_result;
      int status = it_end(it_fetch(it, result, &fetch), &fetch);
      assert_true(status == 0 || status == TAOSUV_ECANCELED);
      it_done(&fetch);
      while (watch.acted <= n) assert_int_equal(it_end(it_ping(it, client, &fetch), &fetch), 0);
      watch.act = NULL;
      it_usable(it, client);
      it_until_no_results(it);
      it_close_wait(it, client);
      memset(it_slot(it, NULL), 0, sizeof(it_slot_t));
    }
  }
}

typedef struct job_s {
  taosuv_submit_t submit;
  it_op_t op;
  it_t* it;
  taosuv_client_t* client;
} job_t;

static void on_job(taosuv_submit_t* submit, int status) {
  job_t* job = submit->data;
  assert_int_equal(status, 0);
  assert_int_equal(it_exec(job->it, job->client, &job->op, "select 1"), 0);
}

static void submit_once(watch_t* seen) {
  job_t* job = seen->param;
  if (seen->acted++ > 0) return;
  assert_int_equal(taosuv_submit(seen->client, &job->submit, on_job), 0);
}

static void a_hook_submits_what_it_wants_to_do(void** state) {
  it_t* it = *state;
  job_t job = {.it = it};
  taosuv_client_t* client = watched(it, &watch, "");
  job.client = client;
  job.submit.data = &job;
  watch.param = &job;
  watch.act = submit_once;
  it_usable(it, client);
  assert_int_equal(it_wait(&job.op), 0);
}

static void hooks_of_another_size_are_read_as_far_as_known(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = watched(it, &watch, "");
  struct {
    taosuv_hooks_t hooks;
    unsigned char more[64];
  } larger;
  memset(&larger, 0xEE, sizeof larger);
  larger.hooks = (taosuv_hooks_t) {.size = sizeof larger, .data = &watch, .trace = on_trace};
  assert_int_equal(taosuv_client_set_hooks(client, &larger.hooks), 0);
  memset(&larger.hooks.log_level, 0xEE, sizeof larger.hooks - offsetof(taosuv_hooks_t, log_level));
  larger.hooks.size = offsetof(taosuv_hooks_t, log_level);
  assert_int_equal(taosuv_client_set_hooks(client, &larger.hooks), 0);
  it_usable(it, client);
  assert_true(watch.count > 0);
  assert_int_equal(watch.ntaps, 0);
  larger.hooks.size = 0;
  assert_int_equal(taosuv_client_set_hooks(client, &larger.hooks), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_set_hooks(NULL, NULL), TAOSUV_EINVAL);
  assert_null(taosuv_stage_name(0));
  assert_null(taosuv_stage_name(TAOSUV_TRACE_COMPLETED + 1));
  assert_null(taosuv_stage_name(TAOSUV_TRACE_CONN_CLOSED + 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_request_is_traced_from_call_to_callback),
      IT_TEST(a_fetch_completes_with_the_id_of_its_message),
      IT_TEST(failures_and_lost_connections_are_told),
      IT_TEST(a_closed_client_says_goodbye),
      IT_TEST(the_log_keeps_to_its_level),
      IT_TEST(the_tap_sees_whole_messages_without_their_masks),
      IT_TEST(a_server_that_repeats_secrets_does_not_reveal_them),
      IT_TEST(without_memory_the_tap_withholds),
      IT_TEST(hooks_may_look_and_are_refused_the_rest),
      IT_TEST(a_hook_may_take_the_hooks_away),
      IT_TEST(the_client_may_be_closed_in_every_hook),
      IT_TEST(a_result_may_be_closed_in_every_hook),
      IT_TEST(a_hook_submits_what_it_wants_to_do),
      IT_TEST(hooks_of_another_size_are_read_as_far_as_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
