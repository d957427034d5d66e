/* The byte buffer keeps what was written until it is consumed, and gives memory back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "util/buf.h"

static uint64_t seed = 99;

static size_t next_random(size_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (size_t) (seed >> 33) % below;
}

static void append(tuv_buf_t* buf, const void* data, size_t size) {
  uint8_t* at = tuv_buf_reserve(buf, size);
  assert_non_null(at);
  memcpy(at, data, size);
  tuv_buf_commit(buf, size);
}

static void require_content(const tuv_buf_t* buf, const char* text) {
  assert_int_equal(tuv_buf_size(buf), strlen(text));
  assert_memory_equal(buf->data + buf->head, text, strlen(text));
}

static void a_new_buffer_owns_nothing(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  assert_int_equal(tuv_buf_size(&buf), 0);
  tuv_buf_consume(&buf, 0, 0);
  tuv_buf_free(&buf);
  assert_int_equal(probe.calls, 0);
}

static void what_is_reserved_counts_when_it_is_committed(void** state) {
  (void) state;
  tuv_buf_t buf;
  tuv_buf_init(&buf, &tuv_alloc_default);
  assert_non_null(tuv_buf_reserve(&buf, 100));
  assert_int_equal(tuv_buf_size(&buf), 0);
  append(&buf, "abc", 3);
  append(&buf, "defg", 4);
  require_content(&buf, "abcdefg");
  tuv_buf_consume(&buf, 2, 4096);
  require_content(&buf, "cdefg");
  tuv_buf_free(&buf);
}

static void reserving_nothing_is_no_failure(void** state) {
  (void) state;
  tuv_buf_t buf;
  tuv_buf_init(&buf, &tuv_alloc_default);
  assert_non_null(tuv_buf_reserve(&buf, 0));
  append(&buf, "abc", 3);
  assert_non_null(tuv_buf_reserve(&buf, 0));
  tuv_buf_free(&buf);
}

/* The model is a stream of bytes that are the low bits of their own position. */
static void a_random_life_keeps_all_bytes_in_order(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  size_t written = 0, consumed = 0;
  for (unsigned step = 0; step < 20000; step++) {
    size_t size = next_random(step % 16 == 0 ? 9000 : 300);
    uint8_t* at = tuv_buf_reserve(&buf, size + 1);
    assert_non_null(at);
    for (size_t i = 0; i < size; i++) at[i] = (uint8_t) (written + i);
    tuv_buf_commit(&buf, size);
    written += size;
    size_t gone = next_random(tuv_buf_size(&buf) + 1);
    if (step % 8 == 0) gone = tuv_buf_size(&buf);
    for (size_t i = 0; i < gone; i++)
      if (buf.data[buf.head + i] != (uint8_t) (consumed + i)) fail_msg("byte %zu", consumed + i);
    tuv_buf_consume(&buf, gone, next_random(20000));
    consumed += gone;
    assert_int_equal(tuv_buf_size(&buf), written - consumed);
  }
  tuv_buf_free(&buf);
  assert_int_equal(probe.live_blocks, 0);
  assert_true(probe.peak_bytes < 200000);
}

static void an_emptied_buffer_keeps_only_what_it_may(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  assert_non_null(tuv_buf_reserve(&buf, 100000));
  tuv_buf_commit(&buf, 100000);
  tuv_buf_consume(&buf, 99999, 0);
  assert_int_equal(probe.live_blocks, 1);
  tuv_buf_consume(&buf, 1, buf.capacity);
  assert_int_equal(probe.live_blocks, 1);
  assert_int_equal(buf.head, 0);
  assert_non_null(tuv_buf_reserve(&buf, 100000));
  assert_int_equal(probe.calls, 1);
  tuv_buf_commit(&buf, 1);
  tuv_buf_consume(&buf, 1, buf.capacity - 1);
  assert_int_equal(probe.live_blocks, 0);
  append(&buf, "again", 5);
  require_content(&buf, "again");
  tuv_buf_free(&buf);
  assert_int_equal(probe.live_blocks, 0);
}

static void a_queue_that_is_never_empty_does_not_grow_for_ever(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  append(&buf, "0123456789", 10);
  for (unsigned i = 0; i < 100000; i++) {
    append(&buf, "0123456789", 10);
    tuv_buf_consume(&buf, 10, 0);
    require_content(&buf, "0123456789");
  }
  assert_int_equal(probe.calls, 1);
  tuv_buf_free(&buf);
}

static void a_piece_can_be_cut_out_anywhere(void** state) {
  (void) state;
  const char* text = "abcdefghij";
  for (size_t at = 0; at <= 10; at++) {
    for (size_t size = 0; size + at <= 10; size++) {
      char expected[11] = "";
      tuv_buf_t buf;
      tuv_buf_init(&buf, &tuv_alloc_default);
      append(&buf, "xyz", 3);
      append(&buf, text, 10);
      tuv_buf_consume(&buf, 3, 0);
      tuv_buf_erase(&buf, at, size);
      memcpy(expected, text, at);
      strcpy(expected + at, text + at + size);
      require_content(&buf, expected);
      append(&buf, "!", 1);
      assert_int_equal(buf.data[buf.tail - 1], '!');
      tuv_buf_free(&buf);
    }
  }
}

static void a_failed_reservation_keeps_the_content(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  alloc_probe_fail(&probe, 1, false);
  assert_null(tuv_buf_reserve(&buf, 10));
  append(&buf, "kept", 4);
  alloc_probe_fail(&probe, 1, false);
  assert_null(tuv_buf_reserve(&buf, 100000));
  require_content(&buf, "kept");
  tuv_buf_free(&buf);
  assert_int_equal(probe.live_blocks, 0);
}

static void sizes_that_overflow_are_refused_before_any_allocation(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  append(&buf, "kept", 4);
  const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 3, SIZE_MAX - 4, SIZE_MAX / 2 + 1, SIZE_MAX / 2};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    assert_null(tuv_buf_reserve(&buf, sizes[i]));
  assert_int_equal(probe.calls, 1);
  require_content(&buf, "kept");
  tuv_buf_free(&buf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_buffer_owns_nothing),
      cmocka_unit_test(what_is_reserved_counts_when_it_is_committed),
      cmocka_unit_test(reserving_nothing_is_no_failure),
      cmocka_unit_test(a_random_life_keeps_all_bytes_in_order),
      cmocka_unit_test(an_emptied_buffer_keeps_only_what_it_may),
      cmocka_unit_test(a_queue_that_is_never_empty_does_not_grow_for_ever),
      cmocka_unit_test(a_piece_can_be_cut_out_anywhere),
      cmocka_unit_test(a_failed_reservation_keeps_the_content),
      cmocka_unit_test(sizes_that_overflow_are_refused_before_any_allocation),
  };
  return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
