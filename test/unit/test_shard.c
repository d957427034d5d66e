/* A shard of a writer: what it gathers and sends, how it divides and repeats, what it reports. Its
 * type is the test: rows are numbers, a row has one byte, and a table has ten rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/writer/report.h"
#include "req_kit.h"
#include "wire/server_code.h"

typedef struct fake_shard_s {
  tuv_shard_t shard;
  uint64_t gathered; /* rows */
  call_t call;       /* of the attempt in flight */
} fake_shard_t;

static taosuv_writer_t writer;
static fake_shard_t fake;
static tuv_shard_t* const shard = &fake.shard;
static tuv_shard_t* shards[1];
static char client_place;

static int send_status; /* what the next sends return */
static unsigned sends;  /* attempts */
static unsigned drops;  /* of the backlog */
static unsigned steps;  /* of the writer, that were asked for in a call */
static unsigned renewals;
static char log_text[512]; /* the parts that were sent and what was reported, in order */

static void note(const char* format, ...) {
  size_t length = strlen(log_text);
  va_list args;
  va_start(args, format);
  vsnprintf(log_text + length, sizeof log_text - length, format, args);
  va_end(args);
}

/* What has happened since the last call of this. */
static void assert_log(const char* expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = 0;
}

/* ---- the type ---- */

static size_t bytes_of(tuv_shard_t* its) {
  return (size_t) ((fake_shard_t*) (void*) its)->gathered;
}

static void take(tuv_shard_t* its) {
  ((fake_shard_t*) (void*) its)->gathered = 0;
}

static uint64_t fit(tuv_shard_t* its, uint32_t from, uint32_t rows, size_t bytes) {
  (void) its;
  (void) from;
  return rows < bytes ? rows : bytes;
}

static uint32_t table_end(tuv_shard_t* its, uint32_t from, uint32_t to, bool last) {
  uint32_t end = last ? to / 10 * 10 : from / 10 * 10 + 10;
  if (end > its->backlog) end = its->backlog;
  return end > from ? end : 0;
}

static void note_rows(tuv_shard_t* its) {
  tuv_shard_note(its, "t", 1, its->in_flight_first + its->from, its->in_flight_first + its->to - 1,
                 its->to - its->from);
}

static int renew(tuv_shard_t* its, tuv_errmsg_t* err) {
  (void) its;
  (void) err;
  renewals++;
  return 0;
}

static int send_rows(tuv_shard_t* its, tuv_errmsg_t* err) {
  fake_shard_t* of = (fake_shard_t*) (void*) its;
  if (send_status < 0) return tuv_fail(err, send_status, "cannot be sent");
  memset(&of->call, 0, sizeof of->call);
  call_hold(&of->call, &sending_holder);
  sends++;
  note("%u-%u ", its->from, its->to);
  return 0;
}

static taosuv_req_t* request_of(tuv_shard_t* its) {
  return &((fake_shard_t*) (void*) its)->call.req;
}

static tuv_conn_t* conn_of(tuv_shard_t* its) {
  (void) its;
  return NULL;
}

static void drop(tuv_shard_t* its) {
  (void) its;
  drops++;
}

static void close_shard(tuv_shard_t* its) {
  (void) its;
}

static const tuv_shard_type_t fake_type = {.size = sizeof(fake_shard_t),
                                           .name = "numbers",
                                           .bytes = bytes_of,
                                           .take = take,
                                           .fit = fit,
                                           .table_end = table_end,
                                           .note = note_rows,
                                           .renew = renew,
                                           .send = send_rows,
                                           .request = request_of,
                                           .conn = conn_of,
                                           .drop = drop,
                                           .close = close_shard};

/* ---- the writer ---- */

static void on_step(taosuv_writer_t* its) {
  assert_ptr_equal(its, &writer);
  steps++;
}

static void on_report(taosuv_writer_t* its, const taosuv_writer_report_t* report, void* data) {
  assert_ptr_equal(its, &writer);
  assert_ptr_equal(data, &writer);
  assert_int_equal(shard->state, TUV_SHARD_REPORTING);
  assert_int_equal(report->count, 1);
  assert_int_equal(report->ranges[0].rows, report->rows);
  note("report:%u-%u,%d%s,%u ", (unsigned) report->ranges[0].first,
       (unsigned) report->ranges[0].last, report->status,
       (report->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0 ? "?" : "", report->attempts);
}

static int setup(void** state) {
  kit_setup(state);
  memset(&fake, 0, sizeof fake);
  memset(&writer, 0, sizeof writer);
  send_status = 0;
  sends = drops = steps = renewals = 0;
  log_text[0] = 0;
  writer.step = on_step;
  writer.client = (taosuv_client_t*) (void*) &client_place; /* not looked at */
  writer.loop = &kit.loop;
  writer.mem = kit.context.mem;
  writer.attempt_ms = 1000;
  writer.can_probe = true;
  writer.type = &fake_type;
  writer.shards = shards;
  writer.nshards = 1;
  shards[0] = shard;
  writer.wake_at = UINT64_MAX;
  writer.options = (taosuv_writer_options_t) {.batch_rows = 100,
                                              .batch_bytes = 1000,
                                              .batch_age_ms = 50,
                                              .max_bytes = 10000,
                                              .retry_ms = 60000,
                                              .on_report = on_report,
                                              .data = &writer};
  writer.shard_limit = 4000;
  writer.random = 12345;
  tuv_queue_init(&writer.flushes);
  uv_timer_init(&kit.loop, &writer.timer);
  writer.timer.data = &writer;
  shard->writer = &writer;
  shard->state = TUV_SHARD_IDLE;
  shard->most = UINT32_MAX;
  shard->patience = 1;
  tuv_arena_init(&shard->names, &kit.context.mem->alloc);
  return 0;
}

static int teardown(void** state) {
  tuv_arena_free(&shard->names);
  tuv_free(&kit.context.mem->alloc, shard->ranges);
  uv_close((uv_handle_t*) &writer.timer, NULL);
  return kit_teardown(state);
}

static void add(uint64_t rows) {
  assert_int_equal(tuv_shard_check(shard, rows), 0);
  fake.gathered += rows;
  tuv_shard_added(shard, rows);
}

/* One step of the shard at this moment. */
static uint64_t step(void) {
  return tuv_shard_step(shard, kit_now());
}

/* The attempt in flight ends; its request is completed by whoever held it. */
static void answer(int status, unsigned flags, int server_code) {
  call_t* call = &fake.call;
  tuv_failure_t failure = {status, flags, server_code, "the reason", "a:1"};
  assert_int_equal(shard->state, TUV_SHARD_IN_FLIGHT);
  tuv_req_unhold(&call->req);
  if (status == 0)
    tuv_req_finish(&call->req, 0);
  else
    tuv_req_fail(&call->req, &failure);
  tuv_shard_done(shard, &call->req, status == 0 ? shard->to - shard->from : 0);
}

static void written(void) {
  answer(0, 0, 0);
}

static void lost(void) {
  answer(TAOSUV_ECONNLOST, TAOSUV_ERR_RETRYABLE | TAOSUV_ERR_MAYBE_EXECUTED, 0);
}

/* Passes the pause, and makes the next attempt. */
static void try_again(void) {
  assert_int_equal(shard->state, TUV_SHARD_PAUSING);
  if (shard->retry_at > kit_now()) kit_pass(shard->retry_at - kit_now());
  step();
}

static void assert_done(uint64_t rows_written, uint64_t rows_failed) {
  assert_int_equal(shard->state, TUV_SHARD_IDLE);
  assert_int_equal(shard->backlog, 0);
  assert_int_equal(writer.totals.rows_written, rows_written);
  assert_int_equal(writer.totals.rows_failed, rows_failed);
  assert_int_equal(writer.totals.rows_pending, 0);
  assert_int_equal(writer.totals.bytes_pending, 0);
  assert_int_equal(writer.totals.rows_taken, rows_written + rows_failed);
}

/* ---- gathering ---- */

static void rows_are_sent_when_they_are_enough(void** state) {
  (void) state;
  add(60);
  assert_log("");
  add(40);
  assert_log("0-100 ");
  written();
  assert_done(100, 0);
  assert_int_equal(drops, 1);
}

static void rows_are_sent_when_their_bytes_are_enough(void** state) {
  (void) state;
  writer.options.batch_rows = 100000;
  add(999);
  assert_log("");
  add(1);
  assert_log("0-1000 ");
  written();
}

static void few_rows_are_sent_when_they_are_old(void** state) {
  (void) state;
  add(3);
  assert_int_equal(step(), kit_now() + 50);
  kit_pass(49);
  step();
  assert_log("");
  kit_pass(1);
  step();
  assert_log("0-3 ");
  written();
  assert_done(3, 0);
  assert_int_equal(step(), UINT64_MAX);
}

static void more_is_gathered_while_an_attempt_is_in_flight(void** state) {
  (void) state;
  add(100);
  add(250);
  assert_log("0-100 ");
  written();
  step();
  assert_log("0-100 "); /* as batches, in order */
  written();
  step();
  assert_log("100-200 ");
  written();
  step();
  assert_log("200-250 ");
  written();
  assert_done(350, 0);
}

static void a_writer_that_is_full_refuses_until_there_is_room(void** state) {
  (void) state;
  writer.options.max_bytes = 150;
  add(100);
  add(50);
  assert_int_equal(tuv_shard_check(shard, 1), TAOSUV_EAGAIN);
  assert_string_equal(writer.err.text, "too much is pending: wait for on_drain");
  assert_true(writer.drain_wanted);
  written();
  assert_int_equal(tuv_shard_check(shard, 1), 0);
  step();
  written();
}

static void something_large_waits_until_it_can_go_alone(void** state) {
  (void) state;
  writer.options.batch_rows = 100000;
  writer.options.batch_bytes = 100000;
  add(3500);
  assert_int_equal(tuv_shard_check(shard, 1000), TAOSUV_EAGAIN); /* a quarter of the limit */
  assert_true(shard->due);
  step();
  assert_log("0-3500 ");
  add(1000);
  written();
  kit_pass(50);
  step();
  assert_log("0-1000 ");
  written();
  assert_done(4500, 0);
}

static void a_flush_waits_for_the_rows_below_its_number(void** state) {
  (void) state;
  add(100);
  assert_true(tuv_shard_has(shard, 1));
  assert_false(tuv_shard_has(shard, 0));
  add(5);
  assert_true(tuv_shard_has(shard, 101));
  written();
  assert_false(tuv_shard_has(shard, 100));
  assert_true(tuv_shard_has(shard, 101));
  kit_pass(50);
  step();
  written();
  assert_false(tuv_shard_has(shard, UINT64_MAX));
}

/* ---- repetition ---- */

static void a_lost_attempt_is_repeated_after_growing_pauses(void** state) {
  (void) state;
  static const uint64_t pauses[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
  writer.options.batch_rows = 1; /* a part of one row is not divided */
  add(1);
  for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
    lost();
    uint64_t pause = shard->retry_at - kit_now();
    assert_in_range(pause, pauses[i] - pauses[i] / 5, pauses[i] + pauses[i] / 5);
    assert_int_equal(step(), shard->retry_at);
    try_again();
  }
  assert_int_equal(writer.totals.retries, 8);
  written();
  assert_done(1, 0);
}

static void after_retry_ms_a_last_attempt_is_made_and_then_reported(void** state) {
  (void) state;
  writer.options.retry_ms = 1000;
  writer.options.batch_rows = 1;
  add(1);
  kit_pass(1001);
  lost();
  assert_true(shard->last_chance || shard->state == TUV_SHARD_IDLE);
  char expected[64];
  snprintf(expected, sizeof expected, "0-1 report:0-0,%d?,1 ", TAOSUV_ECONNLOST);
  assert_log(expected);
  assert_done(0, 1);
}

static void two_losses_in_a_row_halve_the_parts_until_they_arrive(void** state) {
  (void) state;
  add(100);
  lost();
  try_again();
  assert_log("0-100 0-100 "); /* one loss says nothing about the size */
  lost();
  try_again();
  assert_log("0-50 ");
  written();
  step();
  assert_log("50-100 "); /* the next is not larger than what is left */
  written();
  add(100);
  written();
  assert_done(200, 0);
}

static void parts_end_with_a_table_where_that_is_not_much_less(void** state) {
  (void) state;
  add(150); /* the first call that is enough is sent as a whole */
  assert_log("0-150 ");
  lost();
  try_again();
  lost();
  try_again();
  assert_log("0-150 0-70 "); /* half is 75, and a table ends at 70 */
  written();
  step();
  written();
  assert_int_equal(shard->to - shard->from, 0);
}

static void rows_that_were_maybe_executed_are_reported_as_such(void** state) {
  (void) state;
  writer.options.retry_ms = 60000;
  writer.options.batch_rows = 1;
  add(1);
  lost();
  try_again();
  answer(TAOSUV_ESERVER, 0, TUV_CODE_SYNTAX_ERROR); /* now it is refused */
  char expected[64];
  snprintf(expected, sizeof expected, "0-1 0-1 report:0-0,%d?,2 ", TAOSUV_ESERVER);
  assert_log(expected);
  assert_done(0, 1);
}

static void a_full_queue_of_the_client_is_waited_for(void** state) {
  (void) state;
  send_status = TAOSUV_EAGAIN;
  add(100);
  assert_true(writer.queue_full);
  assert_int_equal(shard->retry_at, kit_now() + TUV_WRITER_QUEUE_PAUSE);
  send_status = 0;
  kit_pass(TUV_WRITER_QUEUE_PAUSE);
  step();
  assert_log("0-100 ");
  written();
  assert_done(100, 0);
}

/* ---- refusals ---- */

/* Answers each attempt: refused if the part has this row, otherwise written. */
static void refuse_row(uint32_t row) {
  for (unsigned i = 0; i < 1000 && shard->state != TUV_SHARD_IDLE; i++) {
    if (shard->state == TUV_SHARD_PAUSING) step();
    if (shard->state != TUV_SHARD_IN_FLIGHT) continue;
    if (shard->from <= row && row < shard->to)
      answer(TAOSUV_ESERVER, 0, 0x2605);
    else
      written();
  }
}

static void only_the_row_that_is_refused_is_reported(void** state) {
  for (uint32_t row = 0; row < 100; row += 7) {
    char expected[64];
    add(100);
    refuse_row(row);
    snprintf(expected, sizeof expected, "report:%u-%u,%d,1 ", row, row, TAOSUV_ESERVER);
    if (strstr(log_text, expected) == NULL) fail_msg("no %s in %s", expected, log_text);
    assert_done(99, 1);
    teardown(state);
    setup(state);
  }
}

static void a_refusal_of_what_all_rows_share_reports_the_batch_at_once(void** state) {
  (void) state;
  static const int codes[] = {TUV_CODE_SYNTAX_ERROR, TUV_CODE_NUMBER_OF_TAGS, TUV_CODE_NO_DATABASE,
                              TUV_CODE_DATABASE_NOT_EXIST, TUV_CODE_NO_PRIVILEGE};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    char expected[64];
    add(100);
    answer(TAOSUV_ESERVER, 0, codes[i]);
    snprintf(expected, sizeof expected, "0-100 report:%u-%u,%d,1 ", (unsigned) (100 * i),
             (unsigned) (100 * i + 99), TAOSUV_ESERVER);
    assert_log(expected);
  }
  assert_done(0, 500);
}

static void a_missing_table_reports_the_rows_of_that_table(void** state) {
  (void) state;
  char expected[96];
  add(100);
  for (unsigned i = 0; i < 4; i++) { /* 100, 50, 20 (a table's end), 10 */
    answer(TAOSUV_ESERVER, 0, TUV_CODE_TABLE_NOT_EXIST);
    if (shard->from > 0 || shard->state != TUV_SHARD_PAUSING) break;
    step();
  }
  snprintf(expected, sizeof expected, "report:0-9,%d,", TAOSUV_ESERVER);
  assert_non_null(strstr(log_text, expected));
  assert_int_equal(shard->from, 10);
  refuse_row(UINT32_MAX);
  assert_done(90, 10);
}

static void division_ends_with_its_limit(void** state) {
  (void) state;
  writer.options.divide = 2;
  add(100);
  answer(TAOSUV_ESERVER, 0, 0x2605);
  step();
  answer(TAOSUV_ESERVER, 0, 0x2605);
  step();
  answer(TAOSUV_ESERVER, 0, 0x2605);
  assert_int_equal(sends, 3);
  assert_done(0, 100);
}

static void without_division_a_refused_batch_is_reported_whole(void** state) {
  (void) state;
  writer.options.divide = TAOSUV_WRITER_NO_DIVIDE;
  add(100);
  answer(TAOSUV_ESERVER, 0, 0x2605);
  assert_int_equal(sends, 1);
  assert_done(0, 100);
}

static void a_message_that_is_too_large_is_divided_before_it_is_sent(void** state) {
  (void) state;
  send_status = TAOSUV_EMSGSIZE;
  add(100);
  assert_int_equal(shard->state, TUV_SHARD_REFUSED);
  assert_log(""); /* nothing is reported inside the call */
  send_status = 0;
  step();
  assert_log("0-50 ");
  written();
  step();
  written();
  assert_done(100, 0);
}

/* ---- attempts without an answer ---- */

static void an_attempt_that_is_never_answered_is_reported_and_waited_for(void** state) {
  (void) state;
  writer.options.retry_ms = 3000;
  add(100);
  assert_int_equal(step(), kit_now() + 3000);
  kit_pass(3000);
  tuv_req_of(&fake.call.req)->late = true;
  step();
  kit_pass(5); /* what has arrived is read first */
  step();
  char expected[64];
  snprintf(expected, sizeof expected, "0-100 report:0-99,%d?,1 ", TAOSUV_ETIMEDOUT);
  assert_log(expected);
  assert_true(shard->held);
  add(100); /* it may still be executed: what comes next must not overtake it */
  step();
  assert_log("");
  tuv_req_unhold(&fake.call.req);
  tuv_req_finish(&fake.call.req, 0);
  tuv_shard_done(shard, &fake.call.req, 100);
  assert_false(shard->held);
  step();
  assert_log("0-100 ");
  written();
  assert_done(100, 100);
}

static void over_http_the_connection_of_a_late_attempt_is_given_up(void** state) {
  (void) state;
  writer.can_probe = false; /* each request has a connection of its own */
  writer.options.retry_ms = 60000;
  add(100);
  uint64_t limit = 1000 + 60000 / 6;
  assert_int_equal(step(), kit_now() + limit);
  kit_pass(limit);
  tuv_req_of(&fake.call.req)->late = true;
  step();
  kit_pass(5);
  step();
  kit_turn();
  assert_int_equal(fake.call.released, 1); /* cancelled, to be tried again */
  assert_int_equal(fake.call.status, TAOSUV_ECANCELED);
  tuv_shard_done(shard, &fake.call.req, 0);
}

/* ---- the end of the client, and changes of the table ---- */

static void without_a_client_what_is_gathered_is_reported(void** state) {
  (void) state;
  char expected[64];
  add(3);
  writer.client = NULL;
  kit_pass(50);
  step();
  step();
  snprintf(expected, sizeof expected, "report:0-2,%d,0 ", TAOSUV_ECANCELED);
  assert_log(expected);
  assert_done(0, 3);
}

static void a_changed_table_reports_the_backlog_and_renews_the_statement(void** state) {
  (void) state;
  char expected[64];
  add(250);
  answer(TAOSUV_ESCHEMA, 0, 0);
  snprintf(expected, sizeof expected, "0-250 report:0-249,%d,1 ", TAOSUV_ESCHEMA);
  assert_log(expected);
  assert_true(shard->stale);
  assert_int_equal(tuv_shard_check(shard, 1), TAOSUV_EAGAIN); /* until it is renewed */
  step();
  assert_int_equal(renewals, 1);
  assert_int_equal(shard->state, TUV_SHARD_RENEWING);
  tuv_shard_renewed(shard, 0, NULL);
  assert_false(shard->stale);
  add(100);
  written();
  assert_done(100, 250);
}

static void a_renewal_that_fails_is_the_error_of_calls_until_it_is_tried_again(void** state) {
  (void) state;
  add(100);
  answer(TAOSUV_ESCHEMA, 0, 0);
  step();
  tuv_shard_renewed(shard, TAOSUV_ESERVER, NULL);
  assert_true(shard->stale);
  assert_int_equal(tuv_shard_check(shard, 1), TAOSUV_ESERVER);
  assert_int_equal(step(), shard->retry_at);
  kit_pass(shard->retry_at - kit_now());
  step();
  assert_int_equal(renewals, 2);
  tuv_shard_renewed(shard, TAOSUV_EAGAIN, NULL); /* the client's queue is full */
  assert_int_equal(tuv_shard_check(shard, 1), TAOSUV_EAGAIN);
  kit_pass(TUV_WRITER_QUEUE_PAUSE);
  step();
  tuv_shard_renewed(shard, 0, NULL);
  assert_int_equal(tuv_shard_check(shard, 1), 0);
}

#define SHARD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      SHARD_TEST(rows_are_sent_when_they_are_enough),
      SHARD_TEST(rows_are_sent_when_their_bytes_are_enough),
      SHARD_TEST(few_rows_are_sent_when_they_are_old),
      SHARD_TEST(more_is_gathered_while_an_attempt_is_in_flight),
      SHARD_TEST(a_writer_that_is_full_refuses_until_there_is_room),
      SHARD_TEST(something_large_waits_until_it_can_go_alone),
      SHARD_TEST(a_flush_waits_for_the_rows_below_its_number),
      SHARD_TEST(a_lost_attempt_is_repeated_after_growing_pauses),
      SHARD_TEST(after_retry_ms_a_last_attempt_is_made_and_then_reported),
      SHARD_TEST(two_losses_in_a_row_halve_the_parts_until_they_arrive),
      SHARD_TEST(parts_end_with_a_table_where_that_is_not_much_less),
      SHARD_TEST(rows_that_were_maybe_executed_are_reported_as_such),
      SHARD_TEST(a_full_queue_of_the_client_is_waited_for),
      SHARD_TEST(only_the_row_that_is_refused_is_reported),
      SHARD_TEST(a_refusal_of_what_all_rows_share_reports_the_batch_at_once),
      SHARD_TEST(a_missing_table_reports_the_rows_of_that_table),
      SHARD_TEST(division_ends_with_its_limit),
      SHARD_TEST(without_division_a_refused_batch_is_reported_whole),
      SHARD_TEST(a_message_that_is_too_large_is_divided_before_it_is_sent),
      SHARD_TEST(an_attempt_that_is_never_answered_is_reported_and_waited_for),
      SHARD_TEST(over_http_the_connection_of_a_late_attempt_is_given_up),
      SHARD_TEST(without_a_client_what_is_gathered_is_reported),
      SHARD_TEST(a_changed_table_reports_the_backlog_and_renews_the_statement),
      SHARD_TEST(a_renewal_that_fails_is_the_error_of_calls_until_it_is_tried_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
