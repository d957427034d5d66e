/* Deadlines on one timer: each expires once, in order, never early, and can be taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "io/timers.h"

#define USUAL 20u

typedef struct {
  tuv_timed_t timed;
  unsigned expired;
  uint64_t when;
} entry_t;

static uv_loop_t loop;
static alloc_probe_t probe;
static tuv_timers_t timers;
static uint64_t last_at;
static unsigned out_of_order, total;
static entry_t* victim; /* removed by the next expiry */

static int start(void** state) {
  (void) state;
  alloc_probe_init(&probe);
  last_at = 0;
  out_of_order = total = 0;
  victim = NULL;
  if (uv_loop_init(&loop) != 0) return -1;
  tuv_timers_init(&timers, &loop, &probe.alloc);
  return 0;
}

/* The loop ends by itself when no deadline is left; nothing may leak. */
static int finish(void** state) {
  (void) state;
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t*) &timers.handle, NULL);
  uv_close((uv_handle_t*) &timers.polling, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  tuv_timers_free(&timers);
  return uv_loop_close(&loop) == 0 && probe.live_blocks == 0 ? 0 : -1;
}

static void expire(tuv_timed_t* timed) {
  entry_t* entry = TUV_CONTAINER(timed, entry_t, timed);
  entry->expired++;
  entry->when = tuv_now();
  total++;
  out_of_order += timed->node.at < last_at;
  last_at = timed->node.at;
  if (victim != NULL) tuv_timers_remove(&timers, &victim->timed);
  victim = NULL;
}

static void add(entry_t* entry, uint64_t from_now) {
  entry->timed.expire = expire;
  uint64_t at = tuv_now() + from_now;
  if (from_now == USUAL)
    assert_int_equal(tuv_timers_add_usual(&timers, &entry->timed, at), 0);
  else
    assert_int_equal(tuv_timers_add(&timers, &entry->timed, at), 0);
}

/* Without waiting: a timer that is due when the loop begins its turn is run before it waits, and
 * then UV_RUN_ONCE would wait for the next one. */
static void run_until_expired(const entry_t* entry) {
  uint64_t start = uv_hrtime();
  while (entry->expired == 0 && uv_hrtime() - start < 2000000000u) uv_run(&loop, UV_RUN_NOWAIT);
}

static void require_expired_in_time(const entry_t* entry) {
  assert_int_equal(entry->expired, 1);
  assert_true(entry->when >= entry->timed.node.at);
  assert_true(entry->when < entry->timed.node.at + 500);
}

static void usual_and_other_deadlines_expire_in_one_order(void** state) {
  (void) state;
  static const uint64_t waits[] = {20, 5, 20, 40, 20, 0, 19, 21, 20, 1, 33};
  entry_t entries[11] = {{{0}, 0, 0}};
  for (size_t i = 0; i < 11; i++) add(&entries[i], waits[i]);
  uv_run(&loop, UV_RUN_DEFAULT);
  for (size_t i = 0; i < 11; i++) require_expired_in_time(&entries[i]);
  assert_int_equal(out_of_order, 0);
}

static void usual_deadlines_need_no_memory(void** state) {
  (void) state;
  static entry_t entries[1000];
  for (size_t i = 0; i < 1000; i++) add(&entries[i], USUAL);
  assert_int_equal(probe.calls, 0);
  for (size_t i = 0; i < 1000; i += 2) tuv_timers_remove(&timers, &entries[i].timed);
  uv_run(&loop, UV_RUN_DEFAULT);
  for (size_t i = 0; i < 1000; i++) assert_int_equal(entries[i].expired, i % 2);
}

static void what_is_removed_never_expires(void** state) {
  (void) state;
  entry_t usual = {{0}, 0, 0}, early = {{0}, 0, 0}, kept = {{0}, 0, 0};
  add(&usual, USUAL);
  add(&early, 1);
  add(&kept, 10);
  tuv_timers_remove(&timers, &early.timed);
  tuv_timers_remove(&timers, &usual.timed);
  tuv_timers_remove(&timers, &usual.timed); /* no effect */
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(usual.expired + early.expired, 0);
  require_expired_in_time(&kept);
}

static void removing_what_never_had_one_has_no_effect(void** state) {
  (void) state;
  entry_t never = {{0}, 0, 0}, kept = {{0}, 0, 0};
  add(&kept, 1);
  tuv_timers_remove(&timers, &never.timed);
  uv_run(&loop, UV_RUN_DEFAULT);
  require_expired_in_time(&kept);
}

static void with_nothing_left_the_loop_ends(void** state) {
  (void) state;
  entry_t entry = {{0}, 0, 0};
  uint64_t begun = uv_hrtime();
  add(&entry, 50);
  tuv_timers_remove(&timers, &entry.timed);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_true(uv_hrtime() - begun < 2000000000u);
  assert_int_equal(entry.expired, 0);
}

static void one_expiry_can_take_back_another_that_is_due(void** state) {
  (void) state;
  entry_t first = {{0}, 0, 0}, second = {{0}, 0, 0}, third = {{0}, 0, 0};
  add(&first, 1);
  add(&second, 1);
  add(&third, 2);
  victim = &second;
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(second.expired, 0);
  require_expired_in_time(&first);
  require_expired_in_time(&third);
}

typedef struct {
  tuv_timed_t timed;
  unsigned left;
} again_t;

static void expire_again(tuv_timed_t* timed) {
  again_t* again = TUV_CONTAINER(timed, again_t, timed);
  total++;
  if (--again->left == 0) return;
  uint64_t wait = again->left % 2 == 0 ? USUAL : 1;
  assert_int_equal(tuv_timers_add(&timers, timed, tuv_now() + wait), 0);
}

static void a_deadline_can_be_set_again_when_it_expires(void** state) {
  (void) state;
  again_t again = {{0}, 6};
  again.timed.expire = expire_again;
  assert_int_equal(tuv_timers_add(&timers, &again.timed, tuv_now()), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(again.left, 0);
  assert_int_equal(total, 6);
}

static void an_earlier_deadline_re_arms_the_timer(void** state) {
  (void) state;
  entry_t late = {{0}, 0, 0}, early = {{0}, 0, 0};
  add(&late, 10000);
  add(&early, 1);
  run_until_expired(&early);
  require_expired_in_time(&early);
  assert_int_equal(late.expired, 0);
  tuv_timers_remove(&timers, &late.timed);
  add(&early, 1); /* the handle is armed for a deadline that is gone */
  early.expired = 0;
  run_until_expired(&early);
  require_expired_in_time(&early);
  uv_timer_stop(&timers.handle);
}

static void a_deadline_that_never_comes_harms_nothing(void** state) {
  (void) state;
  entry_t never = {{0}, 0, 0}, soon = {{0}, 0, 0};
  never.timed.expire = expire;
  assert_int_equal(tuv_timers_add(&timers, &never.timed, UINT64_MAX), 0);
  add(&soon, 1);
  run_until_expired(&soon);
  require_expired_in_time(&soon);
  assert_int_equal(never.expired, 0);
  tuv_timers_remove(&timers, &never.timed);
  uv_timer_stop(&timers.handle);
}

static void very_many_expire_once_each_and_in_order(void** state) {
  (void) state;
  enum { COUNT = 20000 };
  static entry_t entries[COUNT];
  for (size_t i = 0; i < COUNT; i++) add(&entries[i], i % 3 == 0 ? USUAL : i * 7919 % 100);
  for (size_t i = 0; i < COUNT; i += 5) tuv_timers_remove(&timers, &entries[i].timed);
  uv_run(&loop, UV_RUN_DEFAULT);
  for (size_t i = 0; i < COUNT; i++) assert_int_equal(entries[i].expired, i % 5 != 0);
  assert_int_equal(out_of_order, 0);
}

static void without_memory_a_deadline_is_refused(void** state) {
  (void) state;
  entry_t refused = {{0}, 0, 0}, usual = {{0}, 0, 0};
  alloc_probe_fail(&probe, 1, true);
  refused.timed.expire = expire;
  assert_int_equal(tuv_timers_add(&timers, &refused.timed, tuv_now() + 5), UV_ENOMEM);
  add(&usual, USUAL);
  tuv_timers_remove(&timers, &refused.timed); /* no effect */
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(refused.expired, 0);
  require_expired_in_time(&usual);
}

/* ---- a busy loop ---- */

static void block(uint64_t ms) {
  uint64_t begun = uv_hrtime();
  while (uv_hrtime() - begun < 1000000 * ms) continue;
}

typedef struct {
  uv_async_t async; /* what it sends is read by a poll, as an answer is */
  entry_t* entry;   /* taken back then */
  unsigned heard;
} answer_t;

static void on_answer(uv_async_t* async) {
  answer_t* answer = async->data;
  answer->heard++;
  tuv_timers_remove(&timers, &answer->entry->timed);
  uv_close((uv_handle_t*) async, NULL);
}

static void await(answer_t* answer, entry_t* entry) {
  assert_int_equal(uv_async_init(&loop, &answer->async, on_answer), 0);
  answer->async.data = answer;
  answer->entry = entry;
  answer->heard = 0;
}

/* The loop's time is that before the work. */
static void a_deadline_counts_from_the_call(void** state) {
  (void) state;
  entry_t entry = {{0}, 0, 0};
  block(60);
  uint64_t begun = tuv_now();
  add(&entry, 50);
  uv_run(&loop, UV_RUN_DEFAULT);
  require_expired_in_time(&entry);
  assert_true(entry.when >= begun + 50);
}

static void what_came_while_the_loop_was_busy_is_read_before_a_deadline_is_judged(void** state) {
  (void) state;
  static const uv_run_mode modes[] = {UV_RUN_DEFAULT, UV_RUN_ONCE, UV_RUN_NOWAIT};
  for (size_t i = 0; i < 3; i++) {
    entry_t entry = {{0}, 0, 0};
    answer_t answer;
    await(&answer, &entry);
    add(&entry, i == 0 ? USUAL : 15);
    uv_async_send(&answer.async);
    block(40);
    for (unsigned turns = 0; turns < 1000 && entry.expired + answer.heard == 0; turns++)
      uv_run(&loop, modes[i]);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(answer.heard, 1);
    assert_int_equal(entry.expired, 0);
  }
}

static unsigned unread_left, unread_asked;

static bool is_unread(tuv_timers_t* of) {
  (void) of;
  unread_asked++;
  if (unread_left == 0) return false;
  unread_left--;
  return true;
}

static void while_more_could_be_read_a_deadline_is_not_judged(void** state) {
  (void) state;
  entry_t entry = {{0}, 0, 0};
  timers.unread = is_unread;
  unread_left = 5;
  unread_asked = 0;
  add(&entry, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
  require_expired_in_time(&entry);
  assert_int_equal(unread_left, 0);
  assert_true(unread_asked > 5);
}

static void a_peer_that_sends_without_end_does_not_put_it_off_for_ever(void** state) {
  (void) state;
  entry_t entry = {{0}, 0, 0};
  timers.unread = is_unread;
  unread_left = UINT32_MAX;
  add(&entry, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
  require_expired_in_time(&entry);
  assert_true(entry.when >= entry.timed.node.at + 50);
}

/* What could not leave before is sent, and may be answered. */
static void after_a_busy_loop_there_is_a_little_more_time(void** state) {
  (void) state;
  entry_t entry = {{0}, 0, 0};
  add(&entry, 10);
  block(60);
  uint64_t from = tuv_now();
  uv_run(&loop, UV_RUN_DEFAULT);
  require_expired_in_time(&entry);
  assert_true(entry.when >= from + 30);
}

typedef struct {
  tuv_timed_t timed;
  tuv_patience_t patience;
  unsigned steps;
  bool ended;
} patient_t;

static void on_step(tuv_timed_t* timed) {
  patient_t* patient = TUV_CONTAINER(timed, patient_t, timed);
  patient->steps++;
  patient->ended = !tuv_patience_next(&patient->patience);
  if (patient->ended) return;
  assert_int_equal(tuv_timers_add(&timers, timed, patient->patience.at), 0);
}

static void patience_does_not_end_while_the_loop_is_busy(void** state) {
  (void) state;
  patient_t patient = {.timed.expire = on_step};
  tuv_patience_begin(&patient.patience, 80);
  assert_true(tuv_patience_rest(&patient.patience) >= 60);
  assert_int_equal(tuv_timers_add(&timers, &patient.timed, patient.patience.at), 0);
  block(120);
  uint64_t free = tuv_now();
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_true(patient.ended);
  assert_int_equal(patient.steps, TUV_PATIENCE_STEPS);
  assert_true(tuv_now() - free >= 70);
}

int main(void) {
#define TIMED_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
  const struct CMUnitTest tests[] = {
      TIMED_TEST(usual_and_other_deadlines_expire_in_one_order),
      TIMED_TEST(usual_deadlines_need_no_memory),
      TIMED_TEST(what_is_removed_never_expires),
      TIMED_TEST(removing_what_never_had_one_has_no_effect),
      TIMED_TEST(with_nothing_left_the_loop_ends),
      TIMED_TEST(one_expiry_can_take_back_another_that_is_due),
      TIMED_TEST(a_deadline_can_be_set_again_when_it_expires),
      TIMED_TEST(an_earlier_deadline_re_arms_the_timer),
      TIMED_TEST(a_deadline_that_never_comes_harms_nothing),
      TIMED_TEST(very_many_expire_once_each_and_in_order),
      TIMED_TEST(without_memory_a_deadline_is_refused),
      TIMED_TEST(a_deadline_counts_from_the_call),
      TIMED_TEST(what_came_while_the_loop_was_busy_is_read_before_a_deadline_is_judged),
      TIMED_TEST(while_more_could_be_read_a_deadline_is_not_judged),
      TIMED_TEST(a_peer_that_sends_without_end_does_not_put_it_off_for_ever),
      TIMED_TEST(after_a_busy_loop_there_is_a_little_more_time),
      TIMED_TEST(patience_does_not_end_while_the_loop_is_busy),
  };
  return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
