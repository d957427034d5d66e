/* The intrusive list keeps its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/queue.h"

typedef struct {
  char name;
  tuv_queue_t link;
} item_t;

static item_t items[8];

static void reset(tuv_queue_t* head) {
  tuv_queue_init(head);
  for (size_t i = 0; i < 8; i++) {
    items[i].name = (char) ('a' + i);
    tuv_queue_init(&items[i].link);
  }
}

static void push(tuv_queue_t* head, const char* names) {
  for (; *names != '\0'; names++) tuv_queue_push(head, &items[*names - 'a'].link);
}

/* The list reads the same from both ends. */
static void require_names(const tuv_queue_t* head, const char* names) {
  size_t count = strlen(names), i = 0;
  assert_int_equal(tuv_queue_empty(head), count == 0);
  for (tuv_queue_t* at = head->next; at != head; at = at->next, i++) {
    assert_true(i < count);
    assert_int_equal(TUV_CONTAINER(at, item_t, link)->name, names[i]);
  }
  assert_int_equal(i, count);
  for (tuv_queue_t* at = head->prev; at != head; at = at->prev)
    assert_int_equal(TUV_CONTAINER(at, item_t, link)->name, names[--i]);
}

static void first_in_is_first(void** state) {
  (void) state;
  tuv_queue_t head;
  reset(&head);
  require_names(&head, "");
  push(&head, "abc");
  require_names(&head, "abc");
}

static void any_node_can_be_removed_and_pushed_again(void** state) {
  (void) state;
  tuv_queue_t head;
  reset(&head);
  push(&head, "abcd");
  tuv_queue_remove(&items[1].link);
  require_names(&head, "acd");
  tuv_queue_remove(&items[0].link);
  tuv_queue_remove(&items[3].link);
  require_names(&head, "c");
  push(&head, "da");
  require_names(&head, "cda");
  tuv_queue_remove(&items[2].link);
  tuv_queue_remove(&items[2].link); /* in no list: no effect */
  require_names(&head, "da");
}

static void a_node_can_be_put_in_front_of_another(void** state) {
  (void) state;
  tuv_queue_t head;
  reset(&head);
  push(&head, "ac");
  tuv_queue_insert_before(&items[2].link, &items[1].link);
  tuv_queue_insert_before(head.next, &items[3].link);
  require_names(&head, "dabc");
}

static void one_list_can_be_moved_behind_another(void** state) {
  (void) state;
  tuv_queue_t from, to;
  reset(&from);
  tuv_queue_init(&to);
  tuv_queue_move(&from, &to);
  require_names(&to, "");
  push(&from, "abc");
  tuv_queue_move(&from, &to);
  require_names(&from, "");
  require_names(&to, "abc");
  push(&from, "de");
  tuv_queue_move(&from, &to);
  require_names(&to, "abcde");
  tuv_queue_move(&from, &to);
  require_names(&to, "abcde");
  push(&from, "f");
  require_names(&from, "f");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_in_is_first),
      cmocka_unit_test(any_node_can_be_removed_and_pushed_again),
      cmocka_unit_test(a_node_can_be_put_in_front_of_another),
      cmocka_unit_test(one_list_can_be_moved_behind_another),
  };
  return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
