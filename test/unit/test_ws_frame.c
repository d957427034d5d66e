/* WebSocket frames: every rule of RFC 6455, and every way to cut the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "wire/ws/frame.h"
#include "ws_log.h"

typedef struct {
  const char* name;
  const char* hex; /* spaces are for the reader */
  const char* log;
} stream_t;

static uint8_t* bytes_of(const char* hex, size_t* size) {
  char* digits = malloc(strlen(hex) + 1);
  assert_non_null(digits);
  size_t length = 0;
  for (; *hex != '\0'; hex++)
    if (*hex != ' ') digits[length++] = *hex;
  uint8_t* bytes = td_hex(digits, length, size);
  free(digits);
  return bytes;
}

static void expect_log(const char* name, const uint8_t* bytes, size_t size, bool mask, bool rsv1,
                       size_t first, size_t piece, const char* expected) {
  char* log = ws_log(bytes, size, mask, rsv1, first, piece);
  if (strcmp(log, expected) != 0)
    fail_msg("%s (first %zu, pieces of %zu):\n%s\ninstead of\n%s", name, first, piece, log,
             expected);
  free(log);
}

/* Whole, in pieces of every size, and in two parts at every place. */
static void expect_every_cut(const char* name, const uint8_t* bytes, size_t size, bool mask,
                             bool rsv1, const char* expected) {
  expect_log(name, bytes, size, mask, rsv1, 0, 0, expected);
  for (size_t n = 1; n <= size; n++) {
    expect_log(name, bytes, size, mask, rsv1, n, n, expected);
    expect_log(name, bytes, size, mask, rsv1, n, 0, expected);
  }
}

static void run(const stream_t* streams, size_t count, bool mask, bool rsv1) {
  for (size_t i = 0; i < count; i++) {
    size_t size;
    uint8_t* bytes = bytes_of(streams[i].hex, &size);
    expect_every_cut(streams[i].name, bytes, size, mask, rsv1, streams[i].log);
    free(bytes);
  }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_valid_frames_are_reported(void** state) {
  (void) state;
  static const stream_t streams[] = {
      {"nothing", "", ""},
      {"text (RFC 6455, 5.7)", "8105 48656c6c6f", "F1^. 5\nD1 48656c6c6f ||\n"},
      {"fragmented text (RFC 6455, 5.7)", "0103 48656c 8002 6c6f",
       "F1^ 3\nD1 48656c |\nF1. 2\nD1 6c6f ||\n"},
      {"ping (RFC 6455, 5.7)", "8905 48656c6c6f", "C9 48656c6c6f\n"},
      {"pong without payload", "8a00", "C10 \n"},
      {"empty text", "8100", "F1^. 0\nD1  ||\n"},
      {"empty binary, then a ping", "8200 8900", "F2^. 0\nD2  ||\nC9 \n"},
      {"empty fragments", "0200 0000 8000", "F2^ 0\nD2  |\nF2 0\nD2  |\nF2. 0\nD2  ||\n"},
      {"ping between fragments", "0201 aa 8901 bb 8001 cc",
       "F2^ 1\nD2 aa |\nC9 bb\nF2. 1\nD2 cc ||\n"},
      {"two messages", "8201 01 8101 41", "F2^. 1\nD2 01 ||\nF1^. 1\nD1 41 ||\n"},
      {"close without a code", "8800", "C8 1005 \n"},
      {"close with a code", "8802 03e8", "C8 1000 \n"},
      {"close with a reason", "8805 03e9 e282ac", "C8 1001 e282ac\n"},
      {"a character across two frames", "0101 e2 8002 82ac", "F1^ 1\nD1 e2 |\nF1. 2\nD1 82ac ||\n"},
      {"a character across a ping", "0101 c3 8900 8001 a9",
       "F1^ 1\nD1 c3 |\nC9 \nF1. 1\nD1 a9 ||\n"},
      {"binary need not be UTF-8", "8202 ff80", "F2^. 2\nD2 ff80 ||\n"},
      {"a new text message starts a new check", "8101 41 8102 c3a9",
       "F1^. 1\nD1 41 ||\nF1^. 2\nD1 c3a9 ||\n"},
      {"half a payload", "8204 0102", "F2^. 4\nD2 0102 ...\n"},
      {"half a header", "827e01", ""},
      {"half a ping", "8904 0102", ""},
  };
  run(streams, COUNT(streams), false, false);
}

static void test_broken_frames_are_errors(void** state) {
  (void) state;
  static const stream_t streams[] = {
      {"RSV1 not agreed on", "c100", "E1002 compressed frame, but compression was not agreed on\n"},
      {"RSV2", "a100", "E1002 reserved bit set in a frame's header\n"},
      {"RSV3", "9100", "E1002 reserved bit set in a frame's header\n"},
      {"RSV2 on a ping", "a900", "E1002 reserved bit set in a frame's header\n"},
      {"opcode 3", "8300", "E1002 frame with a reserved opcode\n"},
      {"opcode 4", "8400", "E1002 frame with a reserved opcode\n"},
      {"opcode 5", "8500", "E1002 frame with a reserved opcode\n"},
      {"opcode 6", "8600", "E1002 frame with a reserved opcode\n"},
      {"opcode 7", "8700", "E1002 frame with a reserved opcode\n"},
      {"opcode 11", "8b00", "E1002 frame with a reserved opcode\n"},
      {"opcode 12", "8c00", "E1002 frame with a reserved opcode\n"},
      {"opcode 13", "8d00", "E1002 frame with a reserved opcode\n"},
      {"opcode 14", "8e00", "E1002 frame with a reserved opcode\n"},
      {"opcode 15", "8f00", "E1002 frame with a reserved opcode\n"},
      {"fragmented ping", "0900", "E1002 fragmented control frame\n"},
      {"fragmented close", "0800", "E1002 fragmented control frame\n"},
      {"ping of 126 bytes", "897e 007e", "E1002 control frame longer than 125 bytes\n"},
      {"pong with a 64-bit length", "8a7f 0000000000000001",
       "E1002 control frame longer than 125 bytes\n"},
      {"continuation of nothing", "8000",
       "E1002 continuation frame without a message to continue\n"},
      {"continuation after the last frame", "8100 8000",
       "F1^. 0\nD1  ||\nE1002 continuation frame without a message to continue\n"},
      {"new text in a fragmented message", "0100 8100",
       "F1^ 0\nD1  |\nE1002 new message inside a fragmented message\n"},
      {"new binary in a fragmented message", "0100 8900 0200",
       "F1^ 0\nD1  |\nC9 \nE1002 new message inside a fragmented message\n"},
      {"a length of 2^63", "827f 8000000000000000", "E1002 frame length with its top bit set\n"},
      {"a length of 2^64-1", "827f ffffffffffffffff", "E1002 frame length with its top bit set\n"},
      {"125 in 16 bits", "827e 007d", "E1002 frame length not in its shortest form\n"},
      {"0 in 16 bits", "827e 0000", "E1002 frame length not in its shortest form\n"},
      {"65535 in 64 bits", "827f 000000000000ffff",
       "E1002 frame length not in its shortest form\n"},
      {"masked by a server", "8180 00000000", "E1002 masked frame from a server\n"},
      {"close with half a code", "8801 03", "E1002 close frame with half a code\n"},
      {"reason not UTF-8", "8804 03e8 c328", "E1007 close frame with a reason that is not UTF-8\n"},
      {"reason cut within a character", "8804 03e8 e282",
       "E1007 close frame with a reason that is not UTF-8\n"},
      {"text not UTF-8", "8103 41ff42", "F1^. 3\nE1007 text message that is not UTF-8\n"},
      {"overlong text", "8102 c080", "F1^. 2\nE1007 text message that is not UTF-8\n"},
      {"text cut within a character", "8104 4141 e282",
       "F1^. 4\nE1007 text message that is not UTF-8\n"},
      {"fragments cut within a character", "0101 e2 8001 82",
       "F1^ 1\nD1 e2 |\nF1. 1\nE1007 text message that is not UTF-8\n"},
      {"cut within a character by an empty last frame", "0101 e2 8000",
       "F1^ 1\nD1 e2 |\nF1. 0\nE1007 text message that is not UTF-8\n"},
      {"surrogate across frames", "0101 ed 0001 a0",
       "F1^ 1\nD1 ed |\nF1 1\nE1007 text message that is not UTF-8\n"},
  };
  run(streams, COUNT(streams), false, false);
}

static void test_errors_come_with_the_byte_that_makes_them(void** state) {
  (void) state;
  /* A long text whose second byte is wrong: known before the rest has come. */
  static const stream_t streams[] = {
      {"text", "8120 c3c3", "F1^. 32\nE1007 text message that is not UTF-8\n"},
      {"above U+10FFFF", "8120 f490", "F1^. 32\nE1007 text message that is not UTF-8\n"},
      {"reserved opcode", "83", "E1002 frame with a reserved opcode\n"},
      {"control length", "897f", "E1002 control frame longer than 125 bytes\n"},
      {"masked", "8185", "E1002 masked frame from a server\n"},
  };
  run(streams, COUNT(streams), false, false);
}

static void test_close_codes(void** state) {
  (void) state;
  for (uint32_t code = 0; code <= UINT16_MAX; code++) {
    bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                 (code >= 3000 && code <= 4999);
    assert_int_equal(tuv_ws_code_valid((uint16_t) code), valid);
    uint8_t frame[] = {0x88, 2, (uint8_t) (code >> 8), (uint8_t) code};
    tuv_ws_reader_t reader;
    tuv_ws_event_t event;
    tuv_ws_reader_init(&reader, false, false);
    assert_int_equal(tuv_ws_reader_next(&reader, frame, sizeof frame, &event), sizeof frame);
    assert_int_equal(event.kind, valid ? TUV_WS_EV_CONTROL : TUV_WS_EV_ERROR);
    assert_int_equal(event.code, valid ? code : TUV_WS_CODE_PROTOCOL);
  }
}

static void test_compression_bit_where_it_was_agreed_on(void** state) {
  (void) state;
  static const stream_t streams[] = {
      {"compressed text is not checked", "c102 ff80", "F1^.z 2\nD1 ff80 ||\n"},
      {"not compressed text is checked", "8102 ff80",
       "F1^. 2\nE1007 text message that is not UTF-8\n"},
      {"fragments", "4201 01 8901 05 0001 02 8001 03",
       "F2^z 1\nD2 01 |\nC9 05\nF2z 1\nD2 02 |\nF2.z 1\nD2 03 ||\n"},
      {"each message for itself", "c201 01 8201 02", "F2^.z 1\nD2 01 ||\nF2^. 1\nD2 02 ||\n"},
      {"on a continuation", "4201 01 c001 02",
       "F2^z 1\nD2 01 |\nE1002 compression bit on a frame that does not start a message\n"},
      {"on a ping", "c900", "E1002 compression bit on a frame that does not start a message\n"},
      {"RSV2", "a100", "E1002 reserved bit set in a frame's header\n"},
  };
  run(streams, COUNT(streams), false, true);
}

static void test_masked_frames_are_unmasked_on_a_server(void** state) {
  (void) state;
  static const stream_t streams[] = {
      {"text (RFC 6455, 5.7)", "8185 37fa213d 7f9f4d5158", "F1^. 5\nD1 48656c6c6f ||\n"},
      {"pong (RFC 6455, 5.7)", "8a85 37fa213d 7f9f4d5158", "C10 48656c6c6f\n"},
      {"close 1000", "8882 37fa213d 3412", "C8 1000 \n"},
      {"empty", "8280 01020304", "F2^. 0\nD2  ||\n"},
      {"fragments with masks of their own", "0285 ffffffff fefdfcfbfa 8082 01010101 0203",
       "F2^ 5\nD2 0102030405 |\nF2. 2\nD2 0302 ||\n"},
      {"text not UTF-8 under its mask", "8181 80000000 41",
       "F1^. 1\nE1007 text message that is not UTF-8\n"},
      {"unmasked", "8105 48656c6c6f", "E1002 unmasked frame from a client\n"},
      {"unmasked ping", "8900", "E1002 unmasked frame from a client\n"},
      {"non-minimal length", "82fe 007d 00000000", "E1002 frame length not in its shortest form\n"},
  };
  run(streams, COUNT(streams), true, false);
}

static void test_payload_left_counts_down(void** state) {
  (void) state;
  uint8_t bytes[] = {0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0, 0xaa, 0xbb};
  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  tuv_ws_reader_init(&reader, false, false);
  assert_int_equal(tuv_ws_reader_left(&reader), 0);
  assert_int_equal(tuv_ws_reader_next(&reader, bytes, sizeof bytes, &event), 10);
  assert_int_equal(event.kind, TUV_WS_EV_FRAME);
  assert_int_equal(event.length, UINT64_C(1) << 32);
  assert_int_equal(tuv_ws_reader_left(&reader), UINT64_C(1) << 32);
  assert_int_equal(tuv_ws_reader_next(&reader, bytes + 10, 2, &event), 2);
  assert_int_equal(event.kind, TUV_WS_EV_DATA);
  assert_ptr_equal(event.data, bytes + 10);
  assert_int_equal(tuv_ws_reader_left(&reader), (UINT64_C(1) << 32) - 2);
  assert_int_equal(tuv_ws_reader_next(&reader, NULL, 0, &event), 0);
  assert_int_equal(event.kind, TUV_WS_EV_MORE);
}

static void test_empty_frame_ends_without_more_bytes(void** state) {
  (void) state;
  uint8_t bytes[] = {0x82, 0};
  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  tuv_ws_reader_init(&reader, false, false);
  assert_int_equal(tuv_ws_reader_next(&reader, bytes, 2, &event), 2);
  assert_int_equal(event.kind, TUV_WS_EV_FRAME);
  assert_int_equal(tuv_ws_reader_next(&reader, NULL, 0, &event), 0);
  assert_int_equal(event.kind, TUV_WS_EV_DATA);
  assert_true(event.frame_end && event.message_end);
  assert_int_equal(event.size, 0);
  assert_int_equal(tuv_ws_reader_next(&reader, NULL, 0, &event), 0);
  assert_int_equal(event.kind, TUV_WS_EV_MORE);
}

static void test_headers_at_every_size(void** state) {
  (void) state;
  static const struct {
    uint64_t length;
    const char *plain, *masked;
  } cases[] = {
      {0, "8200", "828001020304"},
      {1, "8201", "828101020304"},
      {125, "827d", "82fd01020304"},
      {126, "827e007e", "82fe007e01020304"},
      {65535, "827effff", "82feffff01020304"},
      {65536, "827f0000000000010000", "82ff000000000001000001020304"},
      {INT64_MAX, "827f7fffffffffffffff", "82ff7fffffffffffffff01020304"},
  };
  static const uint8_t mask[4] = {1, 2, 3, 4};
  for (size_t i = 0; i < COUNT(cases); i++) {
    for (int masked = 0; masked <= 1; masked++) {
      size_t expected_size;
      uint8_t* expected = bytes_of(masked ? cases[i].masked : cases[i].plain, &expected_size);
      uint8_t header[TUV_WS_MAX_HEADER];
      size_t size = tuv_ws_write_header(header, TUV_WS_BINARY, true, false, cases[i].length,
                                        masked ? mask : NULL);
      assert_int_equal(size, expected_size);
      assert_int_equal(tuv_ws_header_size(cases[i].length, masked), expected_size);
      assert_memory_equal(header, expected, size);
      free(expected);

      tuv_ws_reader_t reader;
      tuv_ws_event_t event;
      tuv_ws_reader_init(&reader, masked, false);
      assert_int_equal(tuv_ws_reader_next(&reader, header, size, &event), size);
      assert_int_equal(event.kind, TUV_WS_EV_FRAME);
      assert_int_equal(event.length, cases[i].length);
    }
  }
}

static void test_header_bits(void** state) {
  (void) state;
  uint8_t header[TUV_WS_MAX_HEADER];
  assert_int_equal(tuv_ws_write_header(header, TUV_WS_TEXT, false, true, 5, NULL), 2);
  assert_int_equal(header[0], 0x41);
  assert_int_equal(tuv_ws_write_header(header, TUV_WS_CONTINUATION, true, false, 5, NULL), 2);
  assert_int_equal(header[0], 0x80);
  assert_int_equal(tuv_ws_write_header(header, TUV_WS_PONG, true, false, 125, NULL), 2);
  assert_int_equal(header[0], 0x8a);
}

static void test_written_frames_are_read_back(void** state) {
  (void) state;
  static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 100001};
  static const uint8_t mask[4] = {0x9c, 0x01, 0x7f, 0xe0};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    uint8_t* frame = malloc(TUV_WS_MAX_HEADER + sizes[i]);
    assert_non_null(frame);
    size_t at = tuv_ws_write_header(frame, TUV_WS_BINARY, true, false, sizes[i], mask);
    for (size_t k = 0; k < sizes[i]; k++) frame[at + k] = (uint8_t) (k * 7 + k / 256);
    tuv_ws_mask(frame + at, frame + at, sizes[i], mask, 0);

    tuv_ws_reader_t reader;
    tuv_ws_event_t event;
    tuv_ws_reader_init(&reader, true, false);
    assert_int_equal(tuv_ws_reader_next(&reader, frame, at + sizes[i], &event), at);
    assert_int_equal(event.length, sizes[i]);
    for (size_t done = 0, step = 1; done < sizes[i]; step = step * 2 + 1) {
      size_t piece = step < sizes[i] - done ? step : sizes[i] - done;
      assert_int_equal(tuv_ws_reader_next(&reader, frame + at + done, piece, &event), piece);
      for (size_t k = done; k < done + piece; k++)
        if (event.data[k - done] != (uint8_t) (k * 7 + k / 256)) fail_msg("byte %zu", k);
      done += piece;
    }
    free(frame);
  }
}

static void check_mask(size_t size, size_t align, size_t offset, bool in_place) {
  static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
  uint8_t* src = malloc(align + size + 1);
  uint8_t* dst = malloc(align + size + 1);
  assert_true(src != NULL && dst != NULL);
  for (size_t i = 0; i <= align + size; i++) src[i] = (uint8_t) (i * 31 + 5);
  memset(dst, 0xEE, align + size + 1);
  if (in_place) memcpy(dst, src, align + size + 1);
  tuv_ws_mask(dst + align, in_place ? dst + align : src + align, size, mask, offset);
  for (size_t i = 0; i < size; i++)
    if (dst[align + i] != (src[align + i] ^ mask[(i + offset) % 4]))
      fail_msg("size %zu, alignment %zu, offset %zu: byte %zu", size, align, offset, i);
  uint8_t behind = in_place ? src[align + size] : 0xEE;
  assert_int_equal(dst[align + size], behind);
  free(src);
  free(dst);
}

static void test_masking_at_every_size_alignment_and_offset(void** state) {
  (void) state;
  for (size_t size = 0; size <= 70; size++)
    for (size_t align = 0; align < 8; align++)
      for (size_t offset = 0; offset < 8; offset++) {
        check_mask(size, align, offset, true);
        check_mask(size, align, offset, false);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_valid_frames_are_reported),
      cmocka_unit_test(test_broken_frames_are_errors),
      cmocka_unit_test(test_errors_come_with_the_byte_that_makes_them),
      cmocka_unit_test(test_close_codes),
      cmocka_unit_test(test_compression_bit_where_it_was_agreed_on),
      cmocka_unit_test(test_masked_frames_are_unmasked_on_a_server),
      cmocka_unit_test(test_payload_left_counts_down),
      cmocka_unit_test(test_empty_frame_ends_without_more_bytes),
      cmocka_unit_test(test_headers_at_every_size),
      cmocka_unit_test(test_header_bits),
      cmocka_unit_test(test_written_frames_are_read_back),
      cmocka_unit_test(test_masking_at_every_size_alignment_and_offset),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
