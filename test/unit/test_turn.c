/* The end of a loop turn: tasks run once, in the order of their phases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/core/turn.h"

#define MOST 16

/* What a task does when it runs: notes its name, then posts or cancels another one. */
typedef struct step_s {
  tuv_task_t task;
  char name;
  struct step_s* posts;
  tuv_phase_t phase;
  struct step_s* cancels;
} step_t;

static uv_loop_t loop;
static tuv_turn_t turn;
static char ran[MOST + 1];
static unsigned count, turns;

static void begin(tuv_turn_t* of) {
  assert_ptr_equal(of, &turn);
  turns++;
  ran[count++] = '|';
}

static void run(tuv_task_t* task) {
  step_t* step = TUV_CONTAINER(task, step_t, task);
  assert_true(count < MOST);
  ran[count++] = step->name;
  step_t* posts = step->posts;
  step->posts = NULL; /* once */
  if (step->cancels != NULL) tuv_task_cancel(&step->cancels->task);
  if (posts != NULL) tuv_turn_post(&turn, &posts->task, step->phase);
}

static void make(step_t* step, char name) {
  *step = (step_t) {.name = name};
  tuv_task_init(&step->task, run);
}

static int setup(void** state) {
  (void) state;
  count = turns = 0;
  for (unsigned i = 0; i <= MOST; i++) ran[i] = 0;
  assert_int_equal(uv_loop_init(&loop), 0);
  tuv_turn_init(&turn, begin);
  return tuv_turn_open(&turn, &loop);
}

static int teardown(void** state) {
  (void) state;
  uv_close((uv_handle_t*) &turn.handle, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop);
}

/* Runs the loop until no task is left. */
static void expect(const char* order) {
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_string_equal(ran, order);
}

static void phases_run_in_their_order(void** state) {
  (void) state;
  step_t steps[TUV_PHASES];
  for (unsigned i = TUV_PHASES; i-- > 0;) {
    make(&steps[i], (char) ('a' + i));
    tuv_turn_post(&turn, &steps[i].task, (tuv_phase_t) i);
  }
  assert_int_equal(turns, 0); /* nothing runs inside the call */
  expect("|abcdefgh");
}

static void tasks_of_a_phase_run_in_the_order_of_their_posts(void** state) {
  (void) state;
  step_t a, b, c;
  make(&a, 'a');
  make(&b, 'b');
  make(&c, 'c');
  tuv_turn_post(&turn, &b.task, TUV_PHASE_FEATURE);
  tuv_turn_post(&turn, &c.task, TUV_PHASE_FEATURE);
  tuv_turn_post(&turn, &a.task, TUV_PHASE_FEATURE);
  expect("|bca");
}

static void a_task_that_is_posted_twice_runs_once(void** state) {
  (void) state;
  step_t a;
  make(&a, 'a');
  assert_false(tuv_task_is_posted(&a.task));
  tuv_turn_post(&turn, &a.task, TUV_PHASE_FEATURE);
  tuv_turn_post(&turn, &a.task, TUV_PHASE_FLUSH); /* stays where it is */
  assert_true(tuv_task_is_posted(&a.task));
  expect("|a");
  assert_false(tuv_task_is_posted(&a.task));
}

static void a_later_phase_runs_in_the_same_turn(void** state) {
  (void) state;
  step_t a, b;
  make(&a, 'a');
  make(&b, 'b');
  a.posts = &b;
  a.phase = TUV_PHASE_FLUSH;
  tuv_turn_post(&turn, &a.task, TUV_PHASE_COMPLETE);
  expect("|ab");
}

static void the_own_phase_and_earlier_ones_wait_for_the_next_turn(void** state) {
  (void) state;
  step_t a, b;
  make(&a, 'a');
  make(&b, 'b');
  a.posts = &a;
  a.phase = TUV_PHASE_FEATURE;
  b.posts = &a;
  b.phase = TUV_PHASE_COMPLETE;
  tuv_turn_post(&turn, &a.task, TUV_PHASE_FEATURE);
  expect("|a|a");
  tuv_turn_post(&turn, &b.task, TUV_PHASE_FEATURE);
  expect("|a|a|b|a");
}

static void what_is_to_be_sent_does_not_wait(void** state) {
  (void) state;
  const tuv_phase_t phases[] = {TUV_PHASE_PUMP, TUV_PHASE_FLUSH};
  for (unsigned i = 0; i < 2; i++) {
    step_t a, b;
    count = 0;
    make(&a, 'a');
    make(&b, 'b');
    a.posts = &b;
    a.phase = phases[i];
    tuv_turn_post(&turn, &a.task, phases[i]);
    expect("|ab");
  }
}

static void a_task_may_be_cancelled_by_one_before_it(void** state) {
  (void) state;
  step_t a, b, c;
  make(&a, 'a');
  make(&b, 'b');
  make(&c, 'c');
  a.cancels = &b;
  tuv_turn_post(&turn, &a.task, TUV_PHASE_FEATURE);
  tuv_turn_post(&turn, &b.task, TUV_PHASE_FEATURE);
  tuv_turn_post(&turn, &c.task, TUV_PHASE_FEATURE);
  tuv_task_cancel(&c.task);
  tuv_task_cancel(&c.task); /* not posted: no harm */
  expect("|a");
}

static void a_stopped_turn_runs_nothing(void** state) {
  (void) state;
  step_t a;
  make(&a, 'a');
  tuv_turn_stop(&turn);
  tuv_turn_post(&turn, &a.task, TUV_PHASE_END);
  expect("");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(phases_run_in_their_order, setup, teardown),
      cmocka_unit_test_setup_teardown(tasks_of_a_phase_run_in_the_order_of_their_posts, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(a_task_that_is_posted_twice_runs_once, setup, teardown),
      cmocka_unit_test_setup_teardown(a_later_phase_runs_in_the_same_turn, setup, teardown),
      cmocka_unit_test_setup_teardown(the_own_phase_and_earlier_ones_wait_for_the_next_turn, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(what_is_to_be_sent_does_not_wait, setup, teardown),
      cmocka_unit_test_setup_teardown(a_task_may_be_cancelled_by_one_before_it, setup, teardown),
      cmocka_unit_test_setup_teardown(a_stopped_turn_runs_nothing, setup, teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
