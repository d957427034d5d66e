/* Compressed messages come out as they went in, however they are cut; nothing else comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "data.h"
#include "wire/block/block.h"
#include "wire/deflate/deflate.h"
#include "wire/http/upgrade.h"
#include "wire/block/message.h"
#include "wire/ws/frame.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST = 300000 };

static uint8_t content[MOST], packed[2 * MOST], output[MOST + 1];

/* Text that repeats itself, but not at once. */
static void fill_text(uint32_t seed) {
  static const char* const words[] = {"{\"a\":", "insert into d1001 ", "values", "(now,", "12.5"};
  for (size_t at = 0; at < MOST;) {
    seed = seed * 1664525u + 1013904223u;
    const char* word = words[(seed >> 24) % COUNT(words)];
    for (; *word != 0 && at < MOST; word++) content[at++] = (uint8_t) *word;
    if (at < MOST) content[at++] = (uint8_t) (seed >> 16);
  }
}

static void fill_noise(uint32_t seed) {
  for (size_t at = 0; at < MOST; at++) {
    seed = seed * 1664525u + 1013904223u;
    content[at] = (uint8_t) (seed >> 24);
  }
}

/* Deflates with no more than `room` bytes at a time; returns the size in `packed`. */
static size_t pack(tuv_deflater_t* deflater, size_t size, size_t piece, size_t room) {
  tuv_deflater_begin(deflater);
  size_t done = 0, at = 0;
  bool end;
  do {
    size_t part = piece != 0 && piece < size - at ? piece : size - at;
    end = at + part == size;
    tuv_deflate_io_t io = {content + at, part, packed + done, 0};
    tuv_deflate_status_t status;
    do {
      io.room = room;
      assert_true((size_t) (io.out - packed) + room <= sizeof packed);
      status = tuv_deflater_run(deflater, &io, end);
      assert_in_range(status, TUV_DEFLATE_OK, TUV_DEFLATE_FULL);
    } while (status == TUV_DEFLATE_FULL);
    assert_int_equal(io.in_size, 0);
    done = (size_t) (io.out - packed);
    at += part;
  } while (!end);
  return done;
}

/* Inflates in pieces (each a heap block of its own), giving at most `room` bytes at a time; returns
 * the first status that is neither OK nor FULL, with the size that came out. */
static tuv_deflate_status_t unpack(tuv_inflater_t* inflater, const uint8_t* data, size_t size,
                                   uint64_t limit, size_t first, size_t piece, size_t room,
                                   size_t* out) {
  size_t at = 0, next = first != 0 ? first : piece;
  bool end;
  *out = 0;
  tuv_inflater_begin(inflater, limit);
  do {
    size_t part = next != 0 && next < size - at ? next : size - at;
    next = piece;
    end = at + part == size;
    uint8_t* copy = malloc(part + 1);
    assert_non_null(copy);
    if (part > 0) memcpy(copy, data + at, part);
    tuv_deflate_io_t io = {copy, part, output, 0};
    tuv_deflate_status_t status;
    do {
      size_t left = sizeof output - *out;
      io.out = output + *out;
      io.room = room != 0 && room < left ? room : left;
      status = tuv_inflater_run(inflater, &io, end);
      *out = (size_t) (io.out - output);
    } while (status == TUV_DEFLATE_FULL);
    free(copy);
    if (status != TUV_DEFLATE_OK) return status;
    at += part;
  } while (!end);
  return TUV_DEFLATE_OK;
}

static void require_content(tuv_inflater_t* inflater, size_t packed_size, size_t size, size_t first,
                            size_t piece, size_t room) {
  size_t out;
  tuv_deflate_status_t status = unpack(inflater, packed, packed_size, size, first, piece, room,
                                       &out);
  if (status != TUV_DEFLATE_OK || out != size)
    fail_msg("size %zu (packed %zu), first %zu, pieces of %zu, room %zu: status %d, %zu bytes",
             size, packed_size, first, piece, room, status, out);
  if (size > 0) assert_memory_equal(output, content, size);
}

typedef struct {
  alloc_probe_t probe;
  tuv_inflater_t* inflater;
  tuv_deflater_t* deflater;
} pair_t;

static void open_pair(pair_t* pair, int bits, bool context) {
  alloc_probe_init(&pair->probe);
  pair->inflater = tuv_inflater_create(&pair->probe.alloc, context);
  pair->deflater = tuv_deflater_create(&pair->probe.alloc, bits, context);
  assert_non_null(pair->inflater);
  assert_non_null(pair->deflater);
}

static void close_pair(pair_t* pair) {
  tuv_inflater_free(pair->inflater);
  tuv_deflater_free(pair->deflater);
  assert_int_equal(pair->probe.live_blocks, 0);
}

/* ---- what goes in comes out ---- */

static void messages_of_all_sizes_come_out_as_they_went_in(void** state) {
  (void) state;
  static const size_t large[] = {4095, 4096, 4097, 32767, 32768, 32769, 65535, 65536, 100000, MOST};
  pair_t pair;
  for (int noise = 0; noise < 2; noise++) {
    (noise ? fill_noise : fill_text)(7);
    open_pair(&pair, 15, false);
    for (size_t size = 0; size < 1500; size++) {
      size_t n = pack(pair.deflater, size, 0, MOST);
      assert_true(n <= tuv_deflater_bound(pair.deflater, size));
      require_content(pair.inflater, n, size, 0, 0, 0);
    }
    for (size_t i = 0; i < COUNT(large); i++) {
      size_t n = pack(pair.deflater, large[i], 0, MOST);
      assert_true(n <= tuv_deflater_bound(pair.deflater, large[i]));
      if (!noise) assert_true(n < large[i] / 2);
      require_content(pair.inflater, n, large[i], 0, 0, 0);
      require_content(pair.inflater, n, large[i], 0, 4096, 1000);
    }
    close_pair(&pair);
  }
}

static void every_window_and_context_is_understood(void** state) {
  (void) state;
  fill_text(8);
  for (int bits = 9; bits <= 15; bits++)
    for (int context = 0; context < 2; context++) {
      pair_t pair;
      open_pair(&pair, bits, context != 0);
      size_t first = 0, later = 0;
      for (unsigned i = 0; i < 20; i++) {
        later = pack(pair.deflater, 400, 0, MOST);
        if (i == 0) first = later;
        require_content(pair.inflater, later, 400, 0, 0, 0);
        require_content(pair.inflater, pack(pair.deflater, 0, 0, MOST), 0, 0, 0, 0);
      }
      if (context && bits >= 11)
        assert_true(later < first / 4); /* it refers to the one before */
      else if (!context)
        assert_int_equal(later, first);
      close_pair(&pair);
    }
}

static void how_it_is_cut_makes_no_difference(void** state) {
  (void) state;
  fill_text(9);
  pair_t pair;
  open_pair(&pair, 15, false);
  size_t size = 900, n = pack(pair.deflater, size, 0, MOST);
  for (size_t cut = 1; cut <= n; cut++) {
    require_content(pair.inflater, n, size, cut, 0, 0);
    require_content(pair.inflater, n, size, 0, cut, 0);
    require_content(pair.inflater, n, size, cut, 0, 1);
  }
  for (size_t room = 1; room <= size + 1; room++)
    require_content(pair.inflater, n, size, 0, 0, room);
  for (size_t piece = 1; piece <= size; piece++) {
    size_t other = pack(pair.deflater, size, piece, 7 + piece);
    require_content(pair.inflater, other, size, 0, 0, 0);
  }
  close_pair(&pair);
}

/* A stored block that lacks its last four bytes ends with the tail that is not sent; zlib, asked
 * again with nothing to do, no longer says where it stands. */
static void the_tail_may_be_content_however_small_the_room(void** state) {
  (void) state;
  static const uint8_t message[] = {0x00, 6, 0, 0xF9, 0xFF, 'a', 'b'};
  for (size_t room = 1; room <= 8; room++) {
    tuv_inflater_t* inflater = tuv_inflater_create(&tuv_alloc_default, false);
    assert_non_null(inflater);
    size_t out;
    assert_int_equal(unpack(inflater, message, sizeof message, 100, 0, 0, room, &out),
                     TUV_DEFLATE_OK);
    assert_int_equal(out, 6);
    assert_memory_equal(output, "ab\0\0\xFF\xFF", 6);
    tuv_inflater_free(inflater);
  }
}

static void an_abandoned_message_is_not_referred_to(void** state) {
  (void) state;
  fill_text(10);
  pair_t pair;
  open_pair(&pair, 15, true);
  require_content(pair.inflater, pack(pair.deflater, 300, 0, MOST), 300, 0, 0, 0);
  tuv_deflate_io_t io = {content, 5000, packed, sizeof packed};
  tuv_deflater_begin(pair.deflater);
  assert_int_equal(tuv_deflater_run(pair.deflater, &io, false), TUV_DEFLATE_OK);
  for (unsigned i = 0; i < 3; i++)
    require_content(pair.inflater, pack(pair.deflater, 6000, 0, MOST), 6000, 0, 0, 0);
  close_pair(&pair);
}

/* ---- what others send ---- */

typedef struct {
  const char* name;
  const char* hex;
  tuv_deflate_status_t status;
  const char* text;
} sample_t;

static void expect_sample(const sample_t* sample, size_t first, size_t piece) {
  size_t size, out;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_inflater_t* inflater = tuv_inflater_create(&probe.alloc, false);
  uint8_t* data = td_hex(sample->hex, strlen(sample->hex), &size);
  tuv_deflate_status_t status = unpack(inflater, data, size, 100, first, piece, 0, &out);
  if (status != sample->status) fail_msg("%s: status %d", sample->name, status);
  if (status == TUV_DEFLATE_OK) {
    assert_int_equal(out, strlen(sample->text));
    assert_memory_equal(output, sample->text, out);
  }
  free(data);
  tuv_inflater_free(inflater);
  assert_int_equal(probe.live_blocks, 0);
}

/* Some of them are the examples of RFC 7692, 7.2.3, "hello" is a gateway's. */
static void samples_of_others_are_understood_or_refused(void** state) {
  (void) state;
  static const sample_t samples[] = {
      {"fixed", "f248cdc9c90700", TUV_DEFLATE_OK, "Hello"},
      {"stored", "000500faff48656c6c6f00", TUV_DEFLATE_OK, "Hello"},
      {"final block, and its padding", "f348cdc9c9070000", TUV_DEFLATE_OK, "Hello"},
      {"final block alone", "f348cdc9c90700", TUV_DEFLATE_OK, "Hello"},
      {"two blocks", "f248050000 00ffffcac9c90700", TUV_DEFLATE_OK, "Hello"},
      {"two final blocks", "f348cdc9c90700f348cdc9c90700", TUV_DEFLATE_OK, "HelloHello"},
      {"gateway's hello", "000500faff68656c6c6f00", TUV_DEFLATE_OK, "hello"},
      {"empty", "00", TUV_DEFLATE_OK, ""},
      {"final empty", "0300", TUV_DEFLATE_OK, ""},
      {"no byte at all", "", TUV_DEFLATE_CORRUPT, ""},
      {"reserved block type", "07", TUV_DEFLATE_CORRUPT, ""},
      {"stored length wrong", "000500faf048656c6c6f00", TUV_DEFLATE_CORRUPT, ""},
      {"stored block cut off", "000500faff4865", TUV_DEFLATE_CORRUPT, ""},
      {"cut off inside a code", "f248cdc9", TUV_DEFLATE_CORRUPT, ""},
      {"refers to what was before", "4a84040000", TUV_DEFLATE_CORRUPT, ""},
      {"noise", "ffffffffffffffff", TUV_DEFLATE_CORRUPT, ""},
      {"dynamic tree of nothing", "0400000000000000", TUV_DEFLATE_CORRUPT, ""},
  };
  for (size_t i = 0; i < COUNT(samples); i++) {
    sample_t sample = samples[i];
    char hex[64];
    size_t at = 0;
    for (const char* c = sample.hex; *c != 0; c++)
      if (*c != ' ') hex[at++] = *c;
    hex[at] = 0;
    sample.hex = hex;
    expect_sample(&sample, 0, 0);
    for (size_t n = 1; n < at / 2; n++) {
      expect_sample(&sample, n, 0);
      expect_sample(&sample, 0, n);
    }
  }
}

static void a_changed_message_never_does_more_than_fail(void** state) {
  (void) state;
  fill_text(11);
  pair_t pair;
  open_pair(&pair, 15, false);
  size_t size = 2000, n = pack(pair.deflater, size, 0, MOST), out, refused = 0;
  for (size_t at = 0; at < n; at++)
    for (unsigned bit = 0; bit < 8; bit++) {
      packed[at] ^= (uint8_t) (1u << bit);
      tuv_deflate_status_t status = unpack(pair.inflater, packed, n, 5000, 0, 0, 0, &out);
      assert_in_range(status, TUV_DEFLATE_OK, TUV_DEFLATE_CORRUPT);
      refused += status != TUV_DEFLATE_OK;
      assert_true(out <= 5000);
      packed[at] ^= (uint8_t) (1u << bit);
    }
  assert_true(refused > n);
  for (size_t cut = 0; cut < n; cut++) {
    tuv_deflate_status_t status = unpack(pair.inflater, packed, cut, 5000, 0, 0, 0, &out);
    assert_true(status == TUV_DEFLATE_CORRUPT || (status == TUV_DEFLATE_OK && cut == n - 1));
  }
  require_content(pair.inflater, n, size, 0, 0, 0); /* none of that is remembered */
  close_pair(&pair);
}

/* ---- bounds ---- */

static void a_message_may_have_its_limit_and_no_byte_more(void** state) {
  (void) state;
  fill_text(12);
  pair_t pair;
  open_pair(&pair, 15, false);
  size_t out;
  for (size_t size = 0; size < 600; size++) {
    size_t n = pack(pair.deflater, size, 0, MOST);
    assert_int_equal(unpack(pair.inflater, packed, n, size, 0, 3, 1, &out), TUV_DEFLATE_OK);
    if (size == 0) continue;
    assert_int_equal(unpack(pair.inflater, packed, n, size - 1, 0, 3, 1, &out),
                     TUV_DEFLATE_TOO_BIG);
    assert_int_equal(out, size - 1);
  }
  close_pair(&pair);
}

static void a_bomb_is_stopped_at_the_limit(void** state) {
  (void) state;
  memset(content, 'x', MOST);
  pair_t pair;
  open_pair(&pair, 15, false);
  size_t n = pack(pair.deflater, MOST, 0, MOST), out;
  assert_true(n < MOST / 100);
  size_t peak = pair.probe.peak_bytes;
  assert_int_equal(unpack(pair.inflater, packed, n, 1000, 0, 0, 0, &out), TUV_DEFLATE_TOO_BIG);
  assert_int_equal(out, 1000);
  assert_true(pair.probe.peak_bytes <= peak + (40u << 10)); /* the window */
  close_pair(&pair);
}

/* ---- memory ---- */

static void each_allocation_may_fail(void** state) {
  (void) state;
  fill_text(13);
  alloc_probe_t probe;
  size_t n = 1, out;
  for (bool failed = true; failed; n++) {
    alloc_probe_init(&probe);
    alloc_probe_fail(&probe, n, false);
    tuv_inflater_t* inflater = tuv_inflater_create(&probe.alloc, false);
    tuv_deflater_t* deflater = tuv_deflater_create(&probe.alloc, 15, false);
    tuv_deflate_status_t status = TUV_DEFLATE_NOMEM;
    if (inflater != NULL && deflater != NULL)
      status = unpack(inflater, packed, pack(deflater, 1000, 0, MOST), 1000, 0, 100, 0, &out);
    failed = probe.failures > 0;
    assert_int_equal(status, failed ? TUV_DEFLATE_NOMEM : TUV_DEFLATE_OK);
    tuv_inflater_free(inflater);
    tuv_deflater_free(deflater);
    assert_int_equal(probe.live_blocks, 0);
  }
  assert_true(n > 6);
}

static void later_messages_take_no_memory(void** state) {
  (void) state;
  fill_text(14);
  pair_t pair;
  open_pair(&pair, 15, false);
  require_content(pair.inflater, pack(pair.deflater, MOST, 0, MOST), MOST, 0, 4096, 0);
  size_t calls = pair.probe.calls;
  for (size_t size = 0; size < MOST; size += 9999)
    require_content(pair.inflater, pack(pair.deflater, size, 0, MOST), size, 0, 4096, 0);
  assert_int_equal(pair.probe.calls, calls);
  close_pair(&pair);
}

/* ---- a real gateway's bytes ---- */

/* What the gateway sent, one behind the other. */
static uint8_t* recorded(size_t* size) {
  td_jsonl_t lines;
  td_jsonl_open(&lines, "raw_deflate.jsonl");
  uint8_t* all = malloc(1);
  *size = 0;
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
    if (strcmp(td_str(line, "dir", NULL), "recv") != 0) continue;
    size_t length, more;
    const char* hex = td_str(line, "bytes", &length);
    uint8_t* bytes = td_hex(hex, length, &more);
    all = realloc(all, *size + more + 1);
    assert_non_null(all);
    memcpy(all + *size, bytes, more);
    *size += more;
    free(bytes);
  }
  td_jsonl_close(&lines);
  return all;
}

static void check_block(const uint8_t* data, size_t size) {
  tuv_msg_fetched_t fetched;
  tuv_errmsg_t err;
  uint64_t id;
  tuv_msg_key_t key = tuv_msg_key(data, size, &id);
  assert_int_equal(tuv_msg_fetched(data, size, key, &fetched, &err), 0);
  assert_int_equal(fetched.code, 0);
}

static void check_text(const uint8_t* data, size_t size) {
  yyjson_doc* doc = yyjson_read((const char*) data, size, 0);
  assert_non_null(doc);
  assert_int_equal(yyjson_get_int(yyjson_obj_get(yyjson_doc_get_root(doc), "code")), 0);
  yyjson_doc_free(doc);
}

static void a_recorded_stream_is_read_to_its_end(void** state) {
  (void) state;
  size_t size, used, texts = 0, blocks = 0, out = 0, largest = 0;
  uint8_t* bytes = recorded(&size);
  tuv_http_upgrade_t upgrade;
  tuv_errmsg_t err;
  char accept[TUV_HTTP_ACCEPT_SIZE + 1];
  tuv_http_accept("AAECAwQFBgcICQoLDA0ODw==", TUV_HTTP_KEY_SIZE, accept);
  tuv_http_upgrade_init(&upgrade, accept, TUV_HTTP_DEFLATE_ALONE);
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, (char*) bytes, size, &used, &err), 1);
  assert_true(upgrade.deflate && !upgrade.agreed.server_keeps_context);

  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  tuv_ws_reader_init(&reader, false, true);
  tuv_inflater_t* inflater = tuv_inflater_create(&tuv_alloc_default, false);
  tuv_inflater_begin(inflater, MOST);
  uint8_t* at = bytes + used;
  do {
    size_t took = tuv_ws_reader_next(&reader, at, size - (size_t) (at - bytes), &event);
    at += took;
    assert_int_not_equal(event.kind, TUV_WS_EV_ERROR);
    if (event.kind != TUV_WS_EV_DATA) continue;
    assert_true(event.compressed);
    tuv_deflate_io_t io = {event.data, event.size, output + out, MOST - out};
    assert_int_equal(tuv_inflater_run(inflater, &io, event.message_end), TUV_DEFLATE_OK);
    out = (size_t) (io.out - output);
    if (!event.message_end) continue;
    (event.opcode == TUV_WS_TEXT ? check_text : check_block)(output, out);
    event.opcode == TUV_WS_TEXT ? texts++ : blocks++;
    if (out > largest) largest = out;
    out = 0;
    tuv_inflater_begin(inflater, MOST);
  } while (event.kind != TUV_WS_EV_MORE);
  assert_int_equal(texts, 4);
  assert_int_equal(blocks, 5);
  assert_true(largest > 90000);
  tuv_inflater_free(inflater);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_of_all_sizes_come_out_as_they_went_in),
      cmocka_unit_test(every_window_and_context_is_understood),
      cmocka_unit_test(how_it_is_cut_makes_no_difference),
      cmocka_unit_test(the_tail_may_be_content_however_small_the_room),
      cmocka_unit_test(an_abandoned_message_is_not_referred_to),
      cmocka_unit_test(samples_of_others_are_understood_or_refused),
      cmocka_unit_test(a_changed_message_never_does_more_than_fail),
      cmocka_unit_test(a_message_may_have_its_limit_and_no_byte_more),
      cmocka_unit_test(a_bomb_is_stopped_at_the_limit),
      cmocka_unit_test(each_allocation_may_fail),
      cmocka_unit_test(later_messages_take_no_memory),
      cmocka_unit_test(a_recorded_stream_is_read_to_its_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
