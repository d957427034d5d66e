/* taosuv_client_dump: every connection and every pending request, and no secrets. */
#include "fixture.h"

typedef struct lines_s {
  char text[16384];
  unsigned count;
  taosuv_req_t* cancel; /* tried in each line */
  int cancelled;
} lines_t;

static void on_line(void* context, const char* text) {
  lines_t* lines = context;
  assert_null(strchr(text, '\n'));
  strncat(lines->text, text, sizeof lines->text - strlen(lines->text) - 1);
  strncat(lines->text, "\n", sizeof lines->text - strlen(lines->text) - 1);
  lines->count++;
  if (lines->cancel != NULL) lines->cancelled = taosuv_cancel(lines->cancel);
}

static void an_idle_client_is_one_line(void** state) {
  it_t* it = *state;
  lines_t lines = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(taosuv_client_dump(client, on_line, &lines), 0);
  assert_int_equal(lines.count, 1);
  assert_int_equal(taosuv_client_dump(client, NULL, NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_dump(NULL, on_line, &lines), TAOSUV_EINVAL);
}

static void every_pending_request_has_a_line_with_its_age(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[6], fetch = {0};
  char line[64];
  lines_t lines = {0};
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=4&prefetch=0");
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 10));
  it_hold_answers(it);
  assert_int_equal(it_fetch(it, result, &fetch), 0);
  for (size_t i = 0; i < COUNT(ops); i++) {
    ops[i].req.req_id = 7001 + i;
    assert_int_equal(it_exec(it, client, &ops[i], "select 'private'"), 0);
  }
  assert_int_equal(taosuv_cancel(&ops[5].req), 0);
  it_run(it, 60);
  lines.cancel = &ops[0].req;
  assert_int_equal(taosuv_client_dump(client, on_line, &lines), 0);
  assert_int_equal(lines.cancelled, TAOSUV_EBUSY);
  assert_int_equal(lines.count, 1 + 1 + 6); /* client, connection, fetch, five execs */
  it_has(lines.text, "1 ready");
  it_has(lines.text, "4 in flight, 2 queued, 6 pending");
  it_has(lines.text, ": fetch, in flight, ");
  for (size_t i = 0; i < 5; i++) {
    unsigned age;
    char place[32];
    snprintf(line, sizeof line, "request %zu: exec, ", 7001 + i);
    const char* at = strstr(lines.text, line);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(line), "%31[^,], %u ms", place, &age), 2);
    assert_string_equal(place, i < 3 ? "in flight" : "queued");
    assert_in_range(age, 55, 10000);
  }
  assert_null(strstr(lines.text, "private"));
  assert_null(strstr(lines.text, "taosdata"));
  it_let_go(it);
  for (size_t i = 0; i < 5; i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(it_wait(&fetch), 0);
  it_done(&fetch);
  taosuv_result_close(result);
}

static void cancelled_requests_that_are_still_answered_are_counted(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a connection that outlives a cancelled request");
  it_proxy(it);
  it_op_t op = {0};
  lines_t lines = {0};
  taosuv_client_t* client = it_client(it, "");
  it_usable(it, client);
  it_hold_answers(it);
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_asked(it, 1);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  assert_int_equal(taosuv_client_dump(client, on_line, &lines), 0);
  it_has(lines.text, "1 in flight (1 of them cancelled)");
}

static void a_log_in_is_seen(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  lines_t lines = {0};
  taosuv_client_t* client = it_client(it, "");
  it_rule(it, &(ts_rule_t) {.action = "conn", .wait_ms = 100});
  assert_int_equal(it_open(it, client, &op), 0);
  it_run(it, 40);
  assert_int_equal(taosuv_client_dump(client, on_line, &lines), 0);
  it_has(lines.text, ": logging in, ");
  it_has(lines.text, ": connect, in flight, internal, ");
  it_has(lines.text, ": open, queued, ");
  assert_int_equal(it_wait(&op), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(an_idle_client_is_one_line),
      IT_TEST(every_pending_request_has_a_line_with_its_age),
      IT_TEST(cancelled_requests_that_are_still_answered_are_counted),
      IT_TEST(a_log_in_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
