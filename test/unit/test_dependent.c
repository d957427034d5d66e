/* What depends on a connection or a client is called at its end, in the order of the ranks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/core/dependent.h"
#include "taosuv/error.h"

typedef struct thing_s {
  tuv_dependent_t dependent;
  char name;
  struct thing_s* removes; /* in its call */
} thing_t;

static tuv_dependents_t list;
static char calls[64];
static const tuv_conn_t* const conn = (const tuv_conn_t*) (const void*) calls;

static thing_t* of(tuv_dependent_t* dependent) {
  return TUV_CONTAINER(dependent, thing_t, dependent);
}

static void note(const char* what, thing_t* thing) {
  char text[] = {what[0], thing->name, ' ', 0};
  strcat(calls, text);
  if (thing->removes != NULL) tuv_dependent_remove(&thing->removes->dependent);
}

static void on_detach(tuv_dependent_t* dependent, const tuv_conn_t* of_conn) {
  assert_ptr_equal(of_conn, conn);
  note("d", of(dependent));
}

static void on_lost(tuv_dependent_t* dependent, const tuv_failure_t* failure) {
  assert_int_equal(failure->status, TAOSUV_ECONNLOST);
  tuv_dependent_remove(dependent);
  note("l", of(dependent));
}

static void on_conn_lost(tuv_dependent_t* dependent, const tuv_failure_t* failure) {
  assert_int_equal(failure->status, TAOSUV_ECONNLOST);
  note("L", of(dependent));
}

static void on_leave(tuv_dependent_t* dependent) {
  tuv_dependent_remove(dependent);
  note("v", of(dependent));
}

static void on_resume(tuv_dependent_t* dependent) {
  note("r", of(dependent));
}

static void on_closing(tuv_dependent_t* dependent, tuv_conn_t* of_conn) {
  assert_ptr_equal(of_conn, conn);
  note("c", of(dependent));
}

static const tuv_dependent_type_t results = {
    .rank = TUV_RANK_RESULT, .keeps_conn = true, .lost = on_lost, .closing = on_closing};
static const tuv_dependent_type_t stmts = {.rank = TUV_RANK_STMT,
                                           .detach = on_detach,
                                           .lost = on_lost,
                                           .leave = on_leave,
                                           .resume = on_resume,
                                           .closing = on_closing};
static const tuv_dependent_type_t consumers = {
    .rank = TUV_RANK_CONSUMER, .detach = on_detach, .lost = on_conn_lost};

static const tuv_failure_t failure = {TAOSUV_ECONNLOST, 0, 0, "gone", NULL};
static thing_t a, b, c, d;

static void add(thing_t* thing, char name, const tuv_dependent_type_t* type) {
  *thing = (thing_t) {.name = name};
  tuv_dependent_init(&thing->dependent, type);
  tuv_dependents_add(&list, &thing->dependent);
}

/* Two statements, then two results that came later: these are called first. */
static int setup(void** state) {
  (void) state;
  calls[0] = 0;
  tuv_dependents_init(&list);
  add(&a, 'a', &stmts);
  add(&b, 'b', &stmts);
  add(&c, 'c', &results);
  add(&d, 'd', &results);
  return 0;
}

static void results_are_told_before_statements(void** state) {
  (void) state;
  tuv_dependents_lost(&list, &failure);
  assert_string_equal(calls, "lc ld la lb ");
  tuv_dependents_lost(&list, &failure); /* nobody is left */
  assert_string_equal(calls, "lc ld la lb ");
}

static void all_are_detached_before_one_is_told(void** state) {
  (void) state;
  tuv_dependents_detach(&list, conn);
  assert_string_equal(calls, "da db ");
  tuv_dependents_lost(&list, &failure);
  assert_string_equal(calls, "da db lc ld la lb ");
}

static void who_is_told_may_end_others(void** state) {
  (void) state;
  c.removes = &d;
  a.removes = &b;
  tuv_dependents_lost(&list, &failure);
  assert_string_equal(calls, "lc la ");
}

static void who_leaves_may_go(void** state) {
  (void) state;
  tuv_dependents_resume(&list);
  tuv_dependents_leave(&list);
  assert_string_equal(calls, "ra rb va vb ");
  tuv_dependents_resume(&list);
  assert_string_equal(calls, "ra rb va vb ");
}

static void results_keep_a_connection(void** state) {
  (void) state;
  assert_true(tuv_dependents_keep_conn(&list));
  tuv_dependent_remove(&c.dependent);
  assert_true(tuv_dependents_keep_conn(&list));
  tuv_dependent_remove(&d.dependent);
  assert_false(tuv_dependents_keep_conn(&list));
  tuv_dependent_remove(&d.dependent); /* it is in no list */
}

static void closing_is_told_to_one_rank(void** state) {
  (void) state;
  a.removes = &b;
  tuv_dependents_close(&list, TUV_RANK_STMT, (tuv_conn_t*) (void*) calls);
  assert_string_equal(calls, "ca ");
  tuv_dependents_close(&list, TUV_RANK_RESULT, (tuv_conn_t*) (void*) calls);
  assert_string_equal(calls, "ca cc cd ");
  assert_false(tuv_dependents_keep_conn(&list));
}

static void consumers_stay_when_a_connection_is_lost(void** state) {
  (void) state;
  thing_t e, f, g;
  add(&e, 'e', &consumers);
  add(&f, 'f', &consumers);
  add(&g, 'g', &consumers);
  e.removes = &f;
  g.removes = &g; /* it closes itself */
  tuv_dependents_conn_lost(&list, TUV_RANK_CONSUMER, &failure);
  assert_string_equal(calls, "Le Lg ");
  tuv_dependents_conn_lost(&list, TUV_RANK_CONSUMER, &failure);
  assert_string_equal(calls, "Le Lg Le ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(results_are_told_before_statements, setup),
      cmocka_unit_test_setup(all_are_detached_before_one_is_told, setup),
      cmocka_unit_test_setup(who_is_told_may_end_others, setup),
      cmocka_unit_test_setup(who_leaves_may_go, setup),
      cmocka_unit_test_setup(results_keep_a_connection, setup),
      cmocka_unit_test_setup(closing_is_told_to_one_rank, setup),
      cmocka_unit_test_setup(consumers_stay_when_a_connection_is_lost, setup)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
