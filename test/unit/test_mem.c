/* A client's memory: buffers and objects are reused within bounds, and outlive their client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "util/mem.h"

static alloc_probe_t probe;

static tuv_mem_t* create(void) {
  alloc_probe_init(&probe);
  tuv_mem_t* mem = tuv_mem_create(&probe.alloc);
  assert_non_null(mem);
  return mem;
}

static void fill(tuv_refbuf_t* buf, uint8_t value) {
  memset(buf->data, value, buf->capacity);
}

static void a_buffer_has_the_room_and_is_reused(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  const size_t sizes[] = {0, 1, 1023, 1024, 1025, 65536, 1000000};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    tuv_refbuf_t* buf = tuv_refbuf_take(mem, sizes[i]);
    assert_non_null(buf);
    assert_true(buf->capacity >= sizes[i]);
    assert_int_equal((uintptr_t) buf->data % 16, 0);
    assert_int_equal(buf->refs, 1);
    fill(buf, (uint8_t) i);
    tuv_refbuf_unref(buf);
    size_t calls = probe.calls;
    tuv_refbuf_t* again = tuv_refbuf_take(mem, sizes[i]);
    assert_ptr_equal(again, buf);
    assert_int_equal(probe.calls, calls);
    tuv_refbuf_unref(again);
  }
  tuv_refbuf_unref(NULL);
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

static void a_small_need_does_not_take_a_giant_buffer(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  tuv_refbuf_t* giant = tuv_refbuf_take(mem, 1u << 20);
  tuv_refbuf_unref(giant);
  tuv_refbuf_t* small = tuv_refbuf_take(mem, 100);
  assert_ptr_not_equal(small, giant);
  assert_true(small->capacity < 16384);
  tuv_refbuf_t* nearly = tuv_refbuf_take(mem, 600000);
  assert_ptr_equal(nearly, giant);
  tuv_refbuf_unref(small);
  tuv_refbuf_unref(nearly);
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

static void each_reference_keeps_the_buffer(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  tuv_refbuf_t* buf = tuv_refbuf_take(mem, 100);
  fill(buf, 0x5A);
  assert_ptr_equal(tuv_refbuf_ref(buf), buf);
  tuv_refbuf_ref(buf);
  tuv_refbuf_unref(buf);
  tuv_refbuf_unref(buf);
  tuv_refbuf_t* other = tuv_refbuf_take(mem, 100);
  assert_ptr_not_equal(other, buf);
  fill(other, 0);
  for (size_t i = 0; i < buf->capacity; i++) assert_int_equal(buf->data[i], 0x5A);
  tuv_refbuf_unref(buf);
  tuv_refbuf_unref(other);
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

static void the_pool_knows_what_it_holds(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  for (unsigned i = 0; i < 10000; i++) {
    tuv_refbuf_t* buf = tuv_refbuf_take(mem, 100000);
    assert_int_equal(mem->pool_bytes, 0);
    assert_int_equal(mem->pool_count, 0);
    tuv_refbuf_unref(buf);
    assert_int_equal(mem->pool_bytes, buf->capacity);
  }
  assert_int_equal(probe.calls, 2); /* the tuv_mem_t and one buffer */
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

static void the_pool_is_bounded_in_number(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  tuv_refbuf_t* bufs[200];
  for (size_t i = 0; i < 200; i++) bufs[i] = tuv_refbuf_take(mem, 1024);
  for (size_t i = 0; i < 200; i++) tuv_refbuf_unref(bufs[i]);
  assert_int_equal(mem->pool_count, 64);
  assert_int_equal(mem->pool_bytes, 64 * 1024);
  assert_int_equal(probe.live_blocks, 65); /* and the tuv_mem_t */
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

static void the_pool_is_bounded_in_bytes(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  tuv_refbuf_t* bufs[10];
  for (size_t i = 0; i < 10; i++) bufs[i] = tuv_refbuf_take(mem, 1u << 20);
  for (size_t i = 0; i < 10; i++) tuv_refbuf_unref(bufs[i]);
  assert_int_equal(mem->pool_count, 4);
  assert_true(mem->pool_bytes <= 4u << 20);
  tuv_refbuf_t* huge = tuv_refbuf_take(mem, 100u << 20);
  assert_non_null(huge);
  tuv_refbuf_unref(huge);
  assert_int_equal(mem->pool_count, 4);
  assert_true(probe.live_bytes < 5u << 20);
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

static void references_outlive_the_client(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  int recycled;
  tuv_refbuf_t* buf = tuv_refbuf_take(mem, 5000);
  void* object = tuv_mem_take(mem, TUV_MEM_RESULT, 64, &recycled);
  fill(buf, 1);
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 3);
  fill(buf, 2);
  tuv_refbuf_ref(buf);
  tuv_refbuf_unref(buf);
  tuv_mem_put(mem, TUV_MEM_RESULT, object);
  assert_int_equal(probe.live_blocks, 2);
  tuv_refbuf_unref(buf);
  assert_int_equal(probe.live_blocks, 0);
}

static void after_the_close_memory_can_still_be_had_but_is_not_pooled(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  tuv_refbuf_t* keeper = tuv_refbuf_take(mem, 1);
  tuv_mem_close(mem);
  int recycled;
  tuv_refbuf_unref(tuv_refbuf_take(mem, 1000));
  tuv_mem_put(mem, TUV_MEM_BLOCK, tuv_mem_take(mem, TUV_MEM_BLOCK, 40, &recycled));
  assert_int_equal(probe.live_blocks, 2);
  tuv_refbuf_unref(keeper);
  assert_int_equal(probe.live_blocks, 0);
}

typedef struct {
  void* link; /* the pool's */
  char* owned;
} thing_t;

static unsigned destroyed;

static void destroy_thing(const tuv_alloc_t* alloc, void* object) {
  thing_t* thing = object;
  tuv_free(alloc, thing->owned);
  destroyed++;
}

static thing_t* take_thing(tuv_mem_t* mem, int* recycled) {
  thing_t* thing = tuv_mem_take(mem, TUV_MEM_RESULT, sizeof *thing, recycled);
  assert_non_null(thing);
  if (!*recycled) {
    assert_null(thing->link);
    assert_null(thing->owned);
    thing->owned = tuv_malloc(&mem->alloc, 10);
  }
  assert_non_null(thing->owned);
  return thing;
}

static void an_object_comes_back_with_what_it_owns(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  mem->destroy[TUV_MEM_RESULT] = destroy_thing;
  destroyed = 0;
  int recycled;
  thing_t* first = take_thing(mem, &recycled);
  assert_false(recycled);
  thing_t* second = take_thing(mem, &recycled);
  assert_false(recycled);
  char* owned = first->owned;
  tuv_mem_put(mem, TUV_MEM_RESULT, second);
  tuv_mem_put(mem, TUV_MEM_RESULT, first);
  size_t calls = probe.calls;
  thing_t* again = take_thing(mem, &recycled);
  assert_true(recycled);
  assert_ptr_equal(again, first);
  assert_ptr_equal(again->owned, owned);
  assert_ptr_equal(take_thing(mem, &recycled), second);
  assert_true(recycled);
  assert_int_equal(probe.calls, calls);
  tuv_mem_put(mem, TUV_MEM_BLOCK, tuv_mem_take(mem, TUV_MEM_BLOCK, 8, &recycled));
  assert_false(recycled); /* kinds do not mix */
  assert_int_equal(destroyed, 0);
  tuv_mem_put(mem, TUV_MEM_RESULT, first);
  tuv_mem_close(mem); /* one pooled, two in use */
  assert_int_equal(destroyed, 1);
  tuv_mem_put(mem, TUV_MEM_RESULT, second);
  assert_int_equal(destroyed, 2);
  assert_int_equal(probe.live_blocks, 0);
}

static void kept_objects_are_bounded(void** state) {
  (void) state;
  tuv_mem_t* mem = create();
  mem->destroy[TUV_MEM_RESULT] = destroy_thing;
  destroyed = 0;
  enum { COUNT = 5000 };
  static thing_t* things[COUNT];
  int recycled;
  for (size_t i = 0; i < COUNT; i++) things[i] = take_thing(mem, &recycled);
  for (size_t i = 0; i < COUNT; i++) tuv_mem_put(mem, TUV_MEM_RESULT, things[i]);
  assert_int_equal(mem->objects[TUV_MEM_RESULT].count, 4096);
  assert_int_equal(destroyed, COUNT - 4096);
  tuv_mem_close(mem);
  assert_int_equal(destroyed, COUNT);
  assert_int_equal(probe.live_blocks, 0);
}

static void failed_allocations_leave_nothing_behind(void** state) {
  (void) state;
  alloc_probe_init(&probe);
  alloc_probe_fail(&probe, 1, false);
  assert_null(tuv_mem_create(&probe.alloc));
  tuv_mem_t* mem = create();
  int recycled;
  alloc_probe_fail(&probe, 1, false);
  assert_null(tuv_refbuf_take(mem, 10));
  alloc_probe_fail(&probe, 1, false);
  assert_null(tuv_mem_take(mem, TUV_MEM_BLOCK, 10, &recycled));
  assert_false(recycled);
  assert_null(tuv_refbuf_take(mem, SIZE_MAX));
  assert_null(tuv_refbuf_take(mem, SIZE_MAX - 1000));
  assert_int_equal(mem->users, 1);
  tuv_mem_close(mem);
  assert_int_equal(probe.live_blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_buffer_has_the_room_and_is_reused),
      cmocka_unit_test(a_small_need_does_not_take_a_giant_buffer),
      cmocka_unit_test(each_reference_keeps_the_buffer),
      cmocka_unit_test(the_pool_knows_what_it_holds),
      cmocka_unit_test(the_pool_is_bounded_in_number),
      cmocka_unit_test(the_pool_is_bounded_in_bytes),
      cmocka_unit_test(references_outlive_the_client),
      cmocka_unit_test(after_the_close_memory_can_still_be_had_but_is_not_pooled),
      cmocka_unit_test(an_object_comes_back_with_what_it_owns),
      cmocka_unit_test(kept_objects_are_bounded),
      cmocka_unit_test(failed_allocations_leave_nothing_behind),
  };
  return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
