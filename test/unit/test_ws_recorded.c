/* WebSocket frames as a real server and its client exchanged them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "ws_log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_log(const char* name, const uint8_t* bytes, size_t size, bool mask, bool rsv1,
                       size_t first, size_t piece, const char* expected) {
  char* log = ws_log(bytes, size, mask, rsv1, first, piece);
  if (strcmp(log, expected) != 0)
    fail_msg("%s (first %zu, pieces of %zu):\n%s\ninstead of\n%s", name, first, piece, log,
             expected);
  free(log);
}

/* A side's recorded bytes after the upgrade, one behind the other. */
static uint8_t* recorded(const char* name, const char* dir, size_t* size) {
  td_jsonl_t lines;
  td_jsonl_open(&lines, name);
  uint8_t* all = malloc(1);
  *size = 0;
  bool upgrade = true;
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
    if (strcmp(td_str(line, "dir", NULL), dir) != 0) continue;
    size_t length, more;
    const char* hex = td_str(line, "bytes", &length);
    uint8_t* bytes = td_hex(hex, length, &more);
    if (!upgrade) {
      all = realloc(all, *size + more + 1);
      assert_non_null(all);
      memcpy(all + *size, bytes, more);
      *size += more;
    }
    upgrade = false;
    free(bytes);
  }
  td_jsonl_close(&lines);
  assert_true(*size > 0);
  return all;
}

static size_t count_of(const char* text, const char* part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++) count++;
  return count;
}

static void expect_recording(const char* name, const char* dir, bool rsv1, size_t messages) {
  static const size_t pieces[] = {1, 2, 3, 7, 13, 125, 1000, 4096, 65536};
  size_t size;
  uint8_t* bytes = recorded(name, dir, &size);
  bool mask = strcmp(dir, "send") == 0;
  char* whole = ws_log(bytes, size, mask, rsv1, 0, 0);
  assert_int_equal(count_of(whole, "||\n"), messages);
  assert_int_equal(count_of(whole, "E10"), 0);
  assert_int_equal(count_of(whole, "..."), 0);
  for (size_t i = 0; i < COUNT(pieces); i++)
    expect_log(name, bytes, size, mask, rsv1, 0, pieces[i], whole);
  for (size_t first = 1; first < 300 && first < size; first++)
    expect_log(name, bytes, size, mask, rsv1, first, 0, whole);
  free(whole);
  free(bytes);
}

static void test_recorded_server_frames(void** state) {
  (void) state;
  expect_recording("raw_frames.jsonl", "recv", false, 9);
  expect_recording("raw_deflate.jsonl", "recv", true, 9);
}

static void test_recorded_client_frames(void** state) {
  (void) state;
  expect_recording("raw_frames.jsonl", "send", false, 9);
  expect_recording("raw_deflate.jsonl", "send", false, 9);

  size_t size;
  uint8_t* bytes = recorded("raw_frames.jsonl", "send", &size);
  char* log = ws_log(bytes, size, true, false, 0, 0);
  /* {"action": */
  static const char action[] = "7b22616374696f6e223a";
  size_t texts = 0, binaries = 0;
  for (char* line = strtok(log, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (strncmp(line, "D1 ", 3) == 0) {
      assert_memory_equal(line + 3, action, sizeof action - 1);
      texts++;
    }
    if (strncmp(line, "D2 ", 3) == 0) {
      /* The request id comes first in a binary request: 3, 4, 5, … in eight bytes. */
      assert_memory_equal(line + 5, "00000000000000", 14);
      binaries++;
    }
  }
  assert_int_equal(texts, 2);
  assert_int_equal(binaries, 7);
  free(log);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_recorded_server_frames),
      cmocka_unit_test(test_recorded_client_frames),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
