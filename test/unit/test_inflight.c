/* What a connection has sent and is waiting for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "client/conn/inflight.h"

static alloc_probe_t probe;
static tuv_inflight_t inflight;
static tuv_op_t ops[4];
static tuv_op_t tombstone;
static char place;
static tuv_conn_t* const conn = (tuv_conn_t*) (void*) &place; /* an address, not looked at */

static const tuv_op_type_t type = {.tombstone = &tombstone};

/* Four operations with ids 11, 12, … whose frames begin at 100, 200, … */
static int setup(void** state) {
  (void) state;
  alloc_probe_init(&probe);
  tuv_inflight_init(&inflight, &probe.alloc);
  memset(ops, 0, sizeof ops);
  tombstone = (tuv_op_t) {.type = &type};
  for (size_t i = 0; i < 4; i++) {
    ops[i] = (tuv_op_t) {.type = &type, .id = 11 + i, .at = 100 + 100 * i};
    tuv_queue_init(&ops[i].link);
  }
  return 0;
}

static int teardown(void** state) {
  (void) state;
  tuv_inflight_free(&inflight);
  assert_int_equal(probe.live_blocks, 0);
  return 0;
}

static void add(size_t count) {
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(tuv_inflight_reserve(&inflight), 0);
    tuv_inflight_add(&inflight, &ops[i], conn);
  }
}

static void an_answered_operation_is_taken_by_its_id(void** state) {
  (void) state;
  add(3);
  assert_int_equal(tuv_inflight_count(&inflight), 3);
  assert_ptr_equal(ops[1].conn, conn);
  assert_ptr_equal(tuv_inflight_get(&inflight, 12), &ops[1]);
  assert_ptr_equal(tuv_inflight_take(&inflight, 12), &ops[1]);
  assert_null(ops[1].conn);
  assert_true(tuv_queue_empty(&ops[1].link));
  assert_null(tuv_inflight_take(&inflight, 12));
  assert_null(tuv_inflight_get(&inflight, 99));
  assert_int_equal(tuv_inflight_count(&inflight), 2);
}

static void a_withdrawn_frame_moves_those_behind_it_up(void** state) {
  (void) state;
  add(4);
  tuv_inflight_withdraw(&inflight, &ops[1], 30);
  assert_int_equal(ops[0].at, 100);
  assert_int_equal(ops[2].at, 270);
  assert_int_equal(ops[3].at, 370);
  assert_null(ops[1].conn);
  assert_null(tuv_inflight_get(&inflight, 12));
  assert_int_equal(tuv_inflight_count(&inflight), 3);
}

static void a_late_answer_finds_the_tombstone(void** state) {
  (void) state;
  add(2);
  tuv_inflight_bury(&inflight, &ops[0]);
  assert_null(ops[0].conn);
  assert_int_equal(tuv_inflight_count(&inflight), 2);     /* its answer is still to come */
  assert_ptr_equal(tuv_inflight_pop(&inflight), &ops[1]); /* a tombstone is not in the list */
  assert_null(tuv_inflight_pop(&inflight));
  assert_ptr_equal(tuv_inflight_take(&inflight, 11), &tombstone);
  assert_null(tuv_inflight_take(&inflight, 11));
}

static void another_operation_takes_the_place_of_a_sent_one(void** state) {
  (void) state;
  add(3);
  tuv_inflight_replace(&inflight, &ops[1], &ops[3]);
  assert_int_equal(ops[3].id, 12);
  assert_int_equal(ops[3].at, 200);
  assert_ptr_equal(ops[3].conn, conn);
  assert_null(ops[1].conn);
  assert_true(tuv_queue_empty(&ops[1].link));
  assert_ptr_equal(tuv_inflight_pop(&inflight), &ops[0]);
  assert_ptr_equal(tuv_inflight_pop(&inflight), &ops[3]); /* in the same order */
  assert_ptr_equal(tuv_inflight_pop(&inflight), &ops[2]);
  assert_ptr_equal(tuv_inflight_take(&inflight, 12), &ops[3]);
}

static void another_operation_takes_the_place_of_one_that_waits_for_room(void** state) {
  (void) state;
  tuv_queue_t waiting;
  tuv_queue_init(&waiting);
  for (size_t i = 0; i < 3; i++) tuv_queue_push(&waiting, &ops[i].link);
  tuv_inflight_replace(&inflight, &ops[1], &ops[3]);
  assert_null(ops[3].conn);
  assert_ptr_equal(waiting.next->next, &ops[3].link);
  assert_ptr_equal(ops[3].link.next, &ops[2].link);
  assert_true(tuv_queue_empty(&ops[1].link));
  assert_int_equal(tuv_inflight_count(&inflight), 0);
}

static void operations_are_popped_in_the_order_of_their_frames(void** state) {
  (void) state;
  add(4);
  for (size_t i = 0; i < 4; i++) {
    assert_ptr_equal(tuv_inflight_pop(&inflight), &ops[i]);
    assert_null(ops[i].conn);
    assert_true(tuv_queue_empty(&ops[i].link));
  }
  assert_null(tuv_inflight_pop(&inflight));
}

static void without_memory_nothing_changes(void** state) {
  (void) state;
  alloc_probe_fail(&probe, 1, true);
  assert_int_equal(tuv_inflight_reserve(&inflight), TAOSUV_ENOMEM);
  assert_int_equal(tuv_inflight_count(&inflight), 0);
  alloc_probe_fail(&probe, 0, false);
  add(1);
  assert_int_equal(tuv_inflight_count(&inflight), 1);
}

#define INFLIGHT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      INFLIGHT_TEST(an_answered_operation_is_taken_by_its_id),
      INFLIGHT_TEST(a_withdrawn_frame_moves_those_behind_it_up),
      INFLIGHT_TEST(a_late_answer_finds_the_tombstone),
      INFLIGHT_TEST(another_operation_takes_the_place_of_a_sent_one),
      INFLIGHT_TEST(another_operation_takes_the_place_of_one_that_waits_for_room),
      INFLIGHT_TEST(operations_are_popped_in_the_order_of_their_frames),
      INFLIGHT_TEST(without_memory_nothing_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
