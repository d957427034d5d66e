/* Messages arrive whole and where they can stay, however the server's bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv/error.h"
#include "ws_fixture.h"

static ws_fixture_t fixture;
static ws_fixture_t* const f = &fixture;
static uint8_t bytes[400000];

static int fill_bytes(void** state) {
  (void) state;
  ws_fixture_pattern(bytes, sizeof bytes, 1);
  return 0;
}

static bool inside(const uint8_t* place, const uint8_t* base, size_t size) {
  return place >= base && place < base + size;
}

static void require_heard(const char* expected) {
  assert_string_equal(f->heard, expected);
}

/* ---- every cut ---- */

/* A bit of everything: small, empty, fragmented with a ping inside, large, large in fragments. */
static void feed_everything(size_t large) {
  ws_fixture_frame(f, 0x81, "hello", 5);
  ws_fixture_frame(f, 0x82, "", 0);
  ws_fixture_frame(f, 0x82, bytes, 300);
  ws_fixture_frame(f, 0x01, "frag", 4);
  ws_fixture_frame(f, 0x89, "inside", 6);
  ws_fixture_frame(f, 0x00, "", 0);
  ws_fixture_frame(f, 0x80, "mented", 6);
  ws_fixture_frame(f, 0x82, bytes, large);
  ws_fixture_frame(f, 0x02, bytes + 7, large / 2);
  ws_fixture_frame(f, 0x8A, "po", 2);
  ws_fixture_frame(f, 0x00, bytes + 9, large);
  ws_fixture_frame(f, 0x80, "", 0);
  ws_fixture_frame(f, 0x82, bytes + 11, large);
  ws_fixture_frame(f, 0x02, "", 0);
  ws_fixture_frame(f, 0x80, bytes, 3);
  ws_fixture_frame(f, 0x81, "end", 3);
}

typedef struct {
  size_t piece;
  bool early, empty;
} cut_t;

/* Runs it all and returns what was heard; the caller frees it. */
static char* hear_all(size_t large, cut_t cut) {
  ws_fixture_open(f);
  f->stream.piece = cut.piece;
  f->stream.early_alloc = cut.early;
  f->stream.empty_reads = cut.empty;
  f->keep = true; /* so that the end checks that no later read has touched them */
  feed_everything(large);
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 9);
  assert_int_equal(f->downs, 0);
  char* sent = ws_fixture_sent(f);
  assert_string_equal(sent, "C10 696e73696465\n");
  free(sent);
  char* heard = f->heard;
  f->heard = NULL;
  f->heard_size = 0;
  ws_fixture_end(f);
  return heard;
}

static void require_same_for_every_cut(size_t large, size_t first, size_t last, size_t step) {
  char* expected = hear_all(large, (cut_t) {0, false, false});
  for (size_t piece = first; piece <= last; piece += step) {
    char* heard = hear_all(large, (cut_t) {piece, piece % 2 == 0, piece % 3 == 0});
    if (strcmp(heard, expected) != 0)
      fail_msg("pieces of %zu:\n%s\ninstead of\n%s", piece, heard, expected);
    free(heard);
  }
  free(expected);
}

static void messages_do_not_depend_on_how_the_stream_is_cut(void** state) {
  (void) state;
  require_same_for_every_cut(200, 1, 1200, 1);
}

static void large_messages_do_not_depend_on_it_either(void** state) {
  (void) state;
  require_same_for_every_cut(17000, 1, 400, 57);
  require_same_for_every_cut(100000, 997, 70000, 4999);
  require_same_for_every_cut(65536, 65530, 65550, 1);
}

static void the_content_is_what_was_sent(void** state) {
  (void) state;
  ws_fixture_open(f);
  feed_everything(70000);
  ws_fixture_run(f);
  static const size_t sizes[] = {5, 0, 300, 10, 70000, 105000, 70000, 3, 3};
  for (size_t i = 0; i < 9; i++) assert_int_equal(f->got[i].size, sizes[i]);
  assert_memory_equal(f->got[3].copy, "fragmented", 10);
  assert_int_equal(f->got[3].opcode, TUV_WS_TEXT);
  assert_memory_equal(f->got[4].copy, bytes, 70000);
  assert_int_equal(f->got[4].opcode, TUV_WS_BINARY);
  assert_memory_equal(f->got[5].copy, bytes + 7, 35000);
  assert_memory_equal(f->got[5].copy + 35000, bytes + 9, 70000);
  ws_fixture_end(f);
}

/* ---- without copies ---- */

static void small_messages_stay_where_they_were_read(void** state) {
  (void) state;
  ws_fixture_open(f);
  for (unsigned i = 0; i < 100; i++) ws_fixture_frame(f, 0x82, bytes + i, 100);
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 100);
  assert_int_equal(f->stream.read_count, 1);
  const mem_read_t* read = &f->stream.reads[0];
  for (unsigned i = 0; i < 100; i++) {
    assert_ptr_equal(f->got[i].data, read->base + i * 102 + 2);
    assert_memory_equal(f->got[i].copy, bytes + i, 100);
  }
  ws_fixture_end(f);
}

static void a_large_message_is_read_into_its_own_buffer(void** state) {
  (void) state;
  const size_t size = 300000;
  ws_fixture_open(f);
  ws_fixture_frame(f, 0x82, bytes, size);
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 1);
  const uint8_t* data = f->got[0].data;
  size_t in_place = 0;
  for (size_t i = 1; i < f->stream.read_count; i++) {
    assert_true(inside(f->stream.reads[i].base, data, size));
    in_place += f->stream.reads[i].size;
  }
  assert_int_equal(in_place + f->stream.reads[0].size, size + 10); /* only the first was moved */
  ws_fixture_end(f);
}

static void after_a_large_block_the_next_one_is_not_moved_at_all(void** state) {
  (void) state;
  const size_t size = 200000, header = 10;
  ws_fixture_open(f);
  ws_fixture_frame(f, 0x82, bytes, size);
  ws_fixture_run(f);
  for (unsigned i = 1; i < 4; i++) {
    size_t read = f->stream.read_count;
    ws_fixture_frame(f, 0x82, bytes + i, size);
    ws_fixture_run(f);
    assert_int_equal(f->got_count, i + 1);
    assert_memory_equal(f->got[i].copy, bytes + i, size);
    assert_int_equal(f->stream.read_count, read + 1);
    assert_ptr_equal(f->got[i].data, f->stream.reads[read].base + header);
    /* Not filled, so that libuv does not try to read more. */
    assert_true(f->stream.reads[read].offered > f->stream.reads[read].size);
  }
  ws_fixture_end(f);
}

static void of_large_blocks_in_a_row_little_is_moved(void** state) {
  (void) state;
  const size_t size = 200000;
  ws_fixture_open(f);
  f->keep = true; /* and none is overwritten by the next: the end compares them all */
  for (unsigned i = 0; i < 5; i++) ws_fixture_frame(f, 0x82, bytes + i, size);
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 5);
  size_t in_place = 0;
  for (size_t i = 0; i < f->stream.read_count; i++)
    for (size_t j = 1; j < 5; j++)
      if (inside(f->stream.reads[i].base + 10, f->got[j].data, size)) in_place++;
  assert_int_equal(in_place, 4); /* each has a read of its own, which ends in it or behind it */
  ws_fixture_end(f);
}

static void after_a_small_message_reads_are_long_again(void** state) {
  (void) state;
  ws_fixture_open(f);
  ws_fixture_frame(f, 0x82, bytes, 100000);
  ws_fixture_run(f);
  ws_fixture_frame(f, 0x81, "ok", 2);
  ws_fixture_run(f);
  size_t read = f->stream.read_count;
  for (unsigned i = 0; i < 20; i++) ws_fixture_frame(f, 0x81, bytes, 0);
  ws_fixture_run(f);
  assert_int_equal(f->stream.read_count, read + 1);
  assert_true(f->stream.reads[read].offered > 8192);
  ws_fixture_end(f);
}

static void what_is_kept_is_not_overwritten_and_what_is_not_is_used_again(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->keep = true;
  for (unsigned i = 0; i < 3000; i++) {
    ws_fixture_frame(f, 0x82, bytes + i, 1 + i % 500);
    if (i % 10 == 0) ws_fixture_run(f);
  }
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 3000);
  for (size_t i = 0; i < f->got_count; i++) /* and the end compares all of them */
    assert_memory_equal(f->got[i].data, bytes + i, f->got[i].size);
  ws_fixture_end(f);
  ws_fixture_open(f);
  for (unsigned i = 0; i < 3000; i++) {
    ws_fixture_frame(f, 0x82, bytes + i, 1 + i % 500);
    if (i % 10 == 0) ws_fixture_run(f);
  }
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 3000);
  assert_true(f->probe.peak_bytes < 100000); /* one chunk for all */
  ws_fixture_end(f);
}

/* ---- limits and violations ---- */

static void require_end(int status, const char* code) {
  char* sent = ws_fixture_sent(f);
  assert_string_equal(sent, code);
  free(sent);
  assert_int_equal(f->downs, 1);
  assert_int_equal(f->gones, 1);
  if (f->down_status != status) fail_msg("%d %s", f->down_status, f->down_text);
}

static void a_violation_is_answered_with_its_code(void** state) {
  (void) state;
  static const struct {
    const char* frames;
    size_t size;
    const char* code;
  } table[] = {
      {"\x83\x00", 2, "C8 1002 \n"},
      {"\xc1\x01x", 3, "C8 1002 \n"},
      {"\x80\x01x", 3, "C8 1002 \n"},
      {"\x01\x01x\x81\x01y", 6, "C8 1002 \n"},
      {"\x81\x81\0\0\0\0x", 7, "C8 1002 \n"},
      {"\x09\x00", 2, "C8 1002 \n"},
      {"\x89\x7e\x00\x80", 4, "C8 1002 \n"},
      {"\x82\x7f\x80\0\0\0\0\0\0\0", 10, "C8 1002 \n"},
      {"\x82\x7e\x00\x05hello", 9, "C8 1002 \n"},
      {"\x88\x01x", 3, "C8 1002 \n"},
      {"\x88\x02\x03\xed", 4, "C8 1002 \n"},
      {"\x81\x01\xff", 3, "C8 1007 \n"},
      {"\x81\x02\xc3(", 4, "C8 1007 \n"},
      {"\x01\x01\xc3\x80\x00", 5, "C8 1007 \n"},
      {"\x88\x03\x03\xe8\xff", 5, "C8 1007 \n"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    for (size_t piece = 0; piece < 4; piece++) {
      ws_fixture_open(f);
      f->stream.piece = piece;
      mem_stream_feed(&f->stream, table[i].frames, table[i].size);
      ws_fixture_run(f);
      assert_int_equal(f->got_count, 0);
      require_end(TAOSUV_EWS, table[i].code);
      ws_fixture_end(f);
    }
  }
}

static void too_large_a_message_is_refused_before_it_is_stored(void** state) {
  (void) state;
  for (unsigned which = 0; which < 4; which++) {
    ws_fixture_open(f);
    f->shared.max_message_size = 100000;
    ws_fixture_frame(f, 0x82, bytes, 100000); /* just allowed */
    ws_fixture_run(f);
    assert_int_equal(f->got_count, 1);
    size_t largest = f->probe.largest;
    if (which == 0) mem_stream_feed(&f->stream, "\x82\x7f\0\0\0\0\0\x01\x86\xa1", 10);
    if (which == 1) mem_stream_feed(&f->stream, "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    if (which >= 2) ws_fixture_frame(f, 0x02, bytes, 60000);
    if (which == 2) mem_stream_feed(&f->stream, "\x00\x7e\x9c\x41", 4);
    if (which == 3) mem_stream_feed(&f->stream, "\x80\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    ws_fixture_run(f);
    require_end(TAOSUV_EMSGSIZE, "C8 1009 \n");
    assert_string_equal(f->down_text,
                        "the server sent a message larger than max_message_size "
                        "(100000 bytes)");
    assert_int_equal(f->got_count, 1);
    assert_int_equal(f->probe.largest, largest);
    ws_fixture_end(f);
  }
}

static void fragments_up_to_the_limit_are_one_message(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->shared.max_message_size = 100000;
  ws_fixture_frame(f, 0x02, bytes, 60000);
  for (unsigned i = 0; i < 40000; i++) ws_fixture_frame(f, 0x00, bytes + 60000 + i, 1);
  ws_fixture_frame(f, 0x80, "", 0);
  ws_fixture_run(f);
  assert_int_equal(f->got_count, 1);
  assert_int_equal(f->got[0].size, 100000);
  assert_memory_equal(f->got[0].copy, bytes, 100000);
  assert_true(f->probe.peak_bytes < 64 * 1024 + 3 * 100000);
  assert_true(f->probe.calls < 30);
  ws_fixture_end(f);
}

/* ---- pings ---- */

static void a_ping_is_answered_with_its_payload(void** state) {
  (void) state;
  ws_fixture_open(f);
  ws_fixture_frame(f, 0x89, "hi", 2);
  ws_fixture_run(f);
  ws_fixture_frame(f, 0x89, "", 0);
  ws_fixture_run(f);
  ws_fixture_frame(f, 0x89, bytes, 125);
  ws_fixture_run(f);
  char* sent = ws_fixture_sent(f);
  assert_memory_equal(sent, "C10 6869\nC10 \nC10 ", 18);
  assert_int_equal(strlen(sent), 9 + 5 + 4 + 250 + 1);
  free(sent);
  ws_fixture_end(f);
}

static void a_flood_of_pings_makes_no_queue(void** state) {
  (void) state;
  for (unsigned blocked = 0; blocked < 2; blocked++) {
    ws_fixture_open(f);
    if (blocked == 1) {
      f->stream.take = 0;
      f->stream.hold_write = true;
    }
    for (unsigned i = 0; i < 20000; i++) ws_fixture_frame(f, 0x89, bytes, 100);
    ws_fixture_frame(f, 0x89, "last", 4);
    ws_fixture_run(f);
    assert_true(f->probe.peak_bytes < 64 * 1024 + 40000);
    f->stream.hold_write = false;
    mem_stream_kick(&f->stream);
    ws_fixture_run(f);
    char* sent = ws_fixture_sent(f);
    assert_non_null(strstr(sent, "C10 6c617374\n")); /* the last one always has its pong */
    free(sent);
    if (blocked == 1) assert_true(f->stream.written_size < 20000);
    ws_fixture_end(f);
  }
}

static void a_pong_is_handed_on(void** state) {
  (void) state;
  ws_fixture_open(f);
  ws_fixture_frame(f, 0x8A, "12345678", 8);
  ws_fixture_frame(f, 0x8A, "", 0);
  ws_fixture_run(f);
  require_heard("open\npong 12345678\npong \n");
  ws_fixture_end(f);
}

static void a_failed_chunk_is_lack_of_memory(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->keep = true; /* so that the chunk fills up and another is needed */
  for (unsigned i = 0; i < 3; i++) {
    ws_fixture_frame(f, 0x82, bytes, 30000);
    ws_fixture_run(f);
  }
  alloc_probe_fail(&f->probe, 1, true);
  for (unsigned i = 0; i < 10 && f->downs == 0; i++) {
    ws_fixture_frame(f, 0x82, bytes, 30000);
    ws_fixture_run(f);
  }
  assert_int_equal(f->downs, 1);
  assert_int_equal(f->down_status, UV_ENOMEM);
  ws_fixture_end(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_do_not_depend_on_how_the_stream_is_cut),
      cmocka_unit_test(large_messages_do_not_depend_on_it_either),
      cmocka_unit_test(the_content_is_what_was_sent),
      cmocka_unit_test(small_messages_stay_where_they_were_read),
      cmocka_unit_test(a_large_message_is_read_into_its_own_buffer),
      cmocka_unit_test(after_a_large_block_the_next_one_is_not_moved_at_all),
      cmocka_unit_test(of_large_blocks_in_a_row_little_is_moved),
      cmocka_unit_test(after_a_small_message_reads_are_long_again),
      cmocka_unit_test(what_is_kept_is_not_overwritten_and_what_is_not_is_used_again),
      cmocka_unit_test(a_violation_is_answered_with_its_code),
      cmocka_unit_test(too_large_a_message_is_refused_before_it_is_stored),
      cmocka_unit_test(fragments_up_to_the_limit_are_one_message),
      cmocka_unit_test(a_ping_is_answered_with_its_payload),
      cmocka_unit_test(a_flood_of_pings_makes_no_queue),
      cmocka_unit_test(a_pong_is_handed_on),
      cmocka_unit_test(a_failed_chunk_is_lack_of_memory),
  };
  return cmocka_run_group_tests_name("ws_receive", tests, fill_bytes, NULL);
}
