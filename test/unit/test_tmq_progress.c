/* How far a consumer is: what is given, finished and committed, in every order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/tmq/progress.h"

static unsigned npassed;

static void passed(tuv_track_t* track) {
  assert_true(track->finished);
  assert_null(track->position);
  npassed++;
}

static tuv_progress_t progress;

static int set_up(void** state) {
  (void) state;
  npassed = 0;
  tuv_progress_init(&progress, &tuv_alloc_default, passed);
  return 0;
}

static int tear_down(void** state) {
  (void) state;
  tuv_progress_clear(&progress);
  return 0;
}

static tuv_position_t* arrive(tuv_track_t* track, int32_t vgroup, int64_t begin, int64_t end) {
  memset(track, 0, sizeof *track);
  tuv_queue_init(&track->link);
  track->end = end;
  tuv_position_t* position = tuv_progress_arrive(&progress, "topic", vgroup, begin, track);
  assert_non_null(position);
  return position;
}

static void only_what_was_given_or_finished_is_due(void** state) {
  (void) state;
  tuv_track_t a, b;
  tuv_position_t* position = arrive(&a, 1, 0, 4);
  assert_ptr_equal(arrive(&b, 1, 4, 6), position);
  assert_int_equal(tuv_progress_due(position, true), TUV_PROGRESS_NONE);
  tuv_progress_give(&a);
  assert_int_equal(tuv_progress_due(position, true), 4);
  assert_int_equal(tuv_progress_due(position, false), TUV_PROGRESS_NONE);
  tuv_progress_finish(&progress, &a);
  assert_int_equal(tuv_progress_due(position, false), 4);
  tuv_progress_committed(position, 4);
  assert_int_equal(tuv_progress_due(position, false), TUV_PROGRESS_NONE);
  assert_int_equal(tuv_progress_due(position, true), TUV_PROGRESS_NONE);
  assert_false(tuv_progress_all_finished(&progress));
  tuv_progress_give(&b);
  tuv_progress_finish(&progress, &b);
  assert_int_equal(tuv_progress_due(position, false), 6);
  assert_true(tuv_progress_all_finished(&progress));
}

/* Every order in which four messages can be finished: what is due ends before the first that is
 * not. */
static void what_is_due_ends_before_the_first_unfinished(void** state) {
  (void) state;
  for (unsigned order = 0; order < 256; order++) {
    unsigned turns[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3}, finished = 0;
    tuv_track_t tracks[4];
    tuv_position_t* position = NULL;
    bool permutation = true;
    for (int i = 0; i < 4; i++)
      for (int k = 0; k < i; k++) permutation = permutation && turns[i] != turns[k];
    if (!permutation) continue;
    npassed = 0;
    for (int i = 0; i < 4; i++) {
      position = arrive(&tracks[i], 7, 10 * i, 10 * (i + 1));
      tuv_progress_give(&tracks[i]);
    }
    for (int i = 0; i < 4; i++) {
      tuv_progress_finish(&progress, &tracks[turns[i]]);
      finished |= 1u << turns[i];
      int64_t first = 0;
      while (first < 4 && (finished & 1u << first) != 0) first++;
      assert_int_equal(tuv_progress_due(position, false),
                       first == 0 ? TUV_PROGRESS_NONE : 10 * first);
      assert_int_equal(npassed, first);
    }
    tuv_progress_clear(&progress);
  }
}

static void vgroups_are_on_their_own(void** state) {
  (void) state;
  tuv_track_t a, b;
  tuv_position_t* one = arrive(&a, 1, 0, 4);
  tuv_position_t* two = arrive(&b, 2, 0, 9);
  assert_ptr_not_equal(one, two);
  tuv_progress_give(&a);
  tuv_progress_give(&b);
  tuv_progress_finish(&progress, &b);
  assert_int_equal(tuv_progress_due(two, false), 9);
  assert_int_equal(tuv_progress_due(one, false), TUV_PROGRESS_NONE);
  assert_ptr_equal(tuv_progress_find(&progress, "topic", 2), two);
  assert_null(tuv_progress_find(&progress, "other", 2));
  tuv_progress_finish(&progress, &a);
}

/* A vgroup that was another consumer's meanwhile comes with messages from before. */
static void going_back_begins_anew(void** state) {
  (void) state;
  tuv_track_t a, b, again;
  tuv_position_t* position = arrive(&a, 1, 0, 4);
  arrive(&b, 1, 4, 8);
  tuv_progress_give(&a);
  tuv_progress_give(&b);
  tuv_progress_finish(&progress, &b);
  uint64_t epoch = position->epoch;
  assert_ptr_equal(arrive(&again, 1, 0, 4), position);
  assert_int_not_equal(position->epoch, epoch);
  assert_int_equal(npassed, 1);       /* b, which waited for a */
  tuv_progress_finish(&progress, &a); /* counts no more */
  assert_int_equal(npassed, 2);
  assert_int_equal(tuv_progress_due(position, false), TUV_PROGRESS_NONE);
  tuv_progress_give(&again);
  tuv_progress_finish(&progress, &again);
  assert_int_equal(tuv_progress_due(position, false), 4);
}

static void messages_without_an_end_are_known_to_be(void** state) {
  (void) state;
  tuv_track_t a;
  tuv_position_t* position = arrive(&a, 1, 0, TUV_PROGRESS_NONE);
  tuv_progress_give(&a);
  assert_true(position->given_unknown);
  assert_false(position->finished_unknown);
  tuv_progress_finish(&progress, &a);
  assert_true(position->finished_unknown);
  assert_int_equal(tuv_progress_due(position, true), TUV_PROGRESS_NONE);
}

static void what_is_unfinished_outlives_its_position(void** state) {
  (void) state;
  tuv_track_t a, b;
  arrive(&a, 1, 0, 4);
  arrive(&b, 1, 4, 6);
  tuv_progress_finish(&progress, &b);
  tuv_progress_clear(&progress);
  assert_int_equal(npassed, 1);
  assert_false(tuv_queue_empty(&progress.strays));
  assert_null(a.position);
  tuv_progress_give(&a);
  tuv_progress_finish(&progress, &a);
  assert_int_equal(npassed, 2);
  assert_true(tuv_queue_empty(&progress.strays));
}

/* Nothing from a message that holds on is due by itself, whatever is finished behind it. */
static void what_holds_is_passed_by_a_commit_alone(void** state) {
  (void) state;
  tuv_track_t tracks[4];
  tuv_position_t* position = NULL;
  for (int i = 0; i < 3; i++) {
    position = arrive(&tracks[i], 1, 10 * i, 10 * (i + 1));
    tuv_progress_give(&tracks[i]);
  }
  tracks[1].holds = true;
  tuv_progress_finish(&progress, &tracks[1]);
  tuv_progress_finish(&progress, &tracks[2]);
  assert_int_equal(npassed, 0); /* the first is not finished */
  tuv_progress_finish(&progress, &tracks[0]);
  assert_int_equal(npassed, 3); /* none is kept for ever */
  assert_int_equal(tuv_progress_due(position, false), 10);
  assert_int_equal(tuv_progress_due(position, true), 30);
  assert_false(tuv_progress_all_finished(&progress));
  tuv_progress_committed(position, 10);
  assert_false(tuv_progress_all_finished(&progress));
  tuv_progress_committed(position, 30);
  assert_true(tuv_progress_all_finished(&progress));
  arrive(&tracks[3], 1, 30, 40);
  tuv_progress_give(&tracks[3]);
  tracks[3].holds = true;
  tuv_progress_committed(position, 40); /* before it is finished */
  tuv_progress_finish(&progress, &tracks[3]);
  assert_true(tuv_progress_all_finished(&progress));
}

static void what_holds_is_forgotten_when_a_position_begins_anew(void** state) {
  (void) state;
  tuv_track_t a, b;
  tuv_position_t* position = arrive(&a, 1, 10, 20);
  tuv_progress_give(&a);
  a.holds = true;
  tuv_progress_finish(&progress, &a);
  assert_int_equal(tuv_progress_due(position, false), TUV_PROGRESS_NONE);
  tuv_progress_restart(&progress, position);
  arrive(&b, 1, 10, 20);
  tuv_progress_give(&b);
  tuv_progress_finish(&progress, &b);
  assert_int_equal(tuv_progress_due(position, false), 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(only_what_was_given_or_finished_is_due, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_due_ends_before_the_first_unfinished, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(vgroups_are_on_their_own, set_up, tear_down),
      cmocka_unit_test_setup_teardown(going_back_begins_anew, set_up, tear_down),
      cmocka_unit_test_setup_teardown(messages_without_an_end_are_known_to_be, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_holds_is_passed_by_a_commit_alone, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_holds_is_forgotten_when_a_position_begins_anew, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(what_is_unfinished_outlives_its_position, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
