/* What the library's writer of line protocol writes, read by the bundled server's parser as
 * TDengine does: whatever was accepted comes back byte for byte, on the servers that it was written
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lines/point.h"
#include "taosuv.h"

#define NUL TAOSUV_NUL_TERMINATED

typedef struct text_s {
  char bytes[48];
  size_t size;
} text_t;

/* The texts of one point. */
typedef struct texts_s {
  text_t name, tag, tag_value, field, field_value;
  taosuv_type_t type;
} texts_t;

static uint32_t next_random(uint32_t* seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* Up to 12 pieces of what is apt to go wrong. */
static text_t random_text(uint32_t* seed) {
  static const char* const parts[] = {
      "\\", "\\",   "\\",   ",", " ", "=", "\"",   "a",  "role", "#",        "\t",
      "\r", "\x01", "'",    "`", ".", "t", "1f64", "i8", "_ts",  "\xc3\xa4", "\xf0\x9f\x98\x80",
      "\n", "\xc3", "\x7f", ";"};
  text_t text = {{0}, 0};
  for (uint32_t left = next_random(seed) % 12; left > 0; left--) {
    const char* part = parts[next_random(seed) % (sizeof parts / sizeof *parts)];
    if (text.size + strlen(part) > 40) break;
    memcpy(text.bytes + text.size, part, strlen(part));
    text.size += strlen(part);
  }
  if (next_random(seed) % 40 == 0) text.bytes[text.size++] = '\0';
  return text;
}

static texts_t random_texts(uint32_t* seed) {
  static const taosuv_type_t types[] = {TAOSUV_TYPE_VARCHAR, TAOSUV_TYPE_NCHAR,
                                        TAOSUV_TYPE_VARBINARY};
  texts_t texts;
  texts.name = random_text(seed);
  texts.tag = random_text(seed);
  texts.tag_value = random_text(seed);
  texts.field = random_text(seed);
  texts.field_value = random_text(seed);
  texts.type = types[next_random(seed) % 3];
  return texts;
}

static bool accepts(const taosuv_line_t* line, int status) {
  if (status != 0) assert_string_not_equal(taosuv_line_error(line), "");
  return status == 0;
}

/* The point with all that is accepted of it; `texts` keeps that, with sizes of 0 for what is not.
 * False: not even the measurement. */
static bool write_point(taosuv_line_t* line, texts_t* texts) {
  const text_t* tag = &texts->tag;
  const text_t* value = &texts->field_value;
  taosuv_line_clear(line);
  if (!accepts(line, taosuv_line_begin(line, texts->name.bytes, texts->name.size))) return false;
  if (!accepts(line, taosuv_line_tag(line, tag->bytes, tag->size, texts->tag_value.bytes,
                                     texts->tag_value.size)))
    texts->tag.size = 0;
  taosuv_value_t cell = texts->type == TAOSUV_TYPE_VARBINARY
                            ? taosuv_bytes(value->bytes, value->size)
                            : taosuv_text(value->bytes, value->size);
  if (!accepts(line,
               taosuv_line_field(line, texts->field.bytes, texts->field.size, texts->type, cell))) {
    texts->field.size = 0;
    assert_int_equal(taosuv_line_field(line, "f", 1, TAOSUV_TYPE_BOOL, taosuv_bool(1)), 0);
  }
  assert_int_equal(taosuv_line_end(line, 1700000000000000000), 0);
  return true;
}

static void pair_is(const ts_pairs_t* pairs, const text_t* name, const text_t* value) {
  char expected[48] = {0};
  assert_int_equal(pairs->count, 1);
  memcpy(expected, name->bytes, name->size);
  assert_string_equal(pairs->list[0].name, expected);
  assert_int_equal(pairs->list[0].cell.size, value->size);
  if (value->size > 0) assert_memory_equal(pairs->list[0].cell.data, value->bytes, value->size);
}

static void point_is(const ts_point_t* point, const texts_t* texts) {
  char name[48] = {0};
  memcpy(name, texts->name.bytes, texts->name.size);
  for (char* at = name; *at != '\0'; at++)
    if (*at == '.') *at = '_';
  assert_string_equal(point->table, name);
  if (texts->tag.size > 0) pair_is(&point->tags, &texts->tag, &texts->tag_value);
  if (texts->tag.size == 0) assert_int_equal(point->tags.count, 0);
  if (texts->field.size > 0) pair_is(&point->fields, &texts->field, &texts->field_value);
  assert_int_equal(point->fields.count, 1);
  assert_null(point->next);
}

/* Reads the one point as a server of this kind. */
static void reads_back(const taosuv_line_t* line, bool old, const texts_t* texts) {
  ts_error_t error = {0};
  size_t size;
  const char* text = taosuv_line_text(line, &size);
  ts_lines_t input = {.format = TS_LINES_INFLUX, .old_escapes = old};
  ts_points_t points = {.error = &error, .input = &input, .precision = 2};
  points.end = &points.first;
  assert_ptr_equal(memchr(text, '\n', size), text + size - 1);
  if (ts_lines_influx(&points, (ts_piece_t) {text, size - 1}) != 0)
    fail_msg("%.*s: %s", (int) size, text, error.text);
  point_is(points.first, texts);
  ts_arena_free(&points.memory);
}

static void what_is_accepted_comes_back_from_the_stated_servers(void** state) {
  static const char* const versions[] = {NULL, "3.0.5.1", "3.3.7.5"};
  uint32_t seed = 20;
  unsigned written[3] = {0}, tags[3] = {0}, fields[3] = {0};
  taosuv_line_t* line;
  (void) state;
  assert_int_equal(taosuv_line_create(NULL, &line), 0);
  for (unsigned i = 0; i < 60000; i++) {
    unsigned which = i % 3;
    texts_t texts = random_texts(&seed);
    taosuv_line_clear(line);
    assert_int_equal(taosuv_line_set_server(line, versions[which], NUL), 0);
    if (!write_point(line, &texts)) continue;
    written[which]++;
    tags[which] += texts.tag.size > 0;
    fields[which] += texts.field.size > 0;
    if (which != 1) reads_back(line, false, &texts);
    if (which != 2) reads_back(line, true, &texts);
  }
  for (unsigned which = 0; which < 3; which++) { /* enough of each, and not all */
    assert_in_range(written[which], 5000, 19000);
    assert_in_range(tags[which], 1000, 15000);
    assert_in_range(fields[which], 1500, 15000);
  }
  taosuv_line_free(line);
}

/* The value that added a tag where a backslash before the comma was left alone. */
static void a_tag_value_adds_no_tag(void** state) {
  texts_t texts = {.name = {"m", 1},
                   .tag = {"user", 4},
                   .tag_value = {"x\\,role\\=admin", 14},
                   .field = {"f", 1},
                   .field_value = {"", 0},
                   .type = TAOSUV_TYPE_VARCHAR};
  taosuv_line_t* line;
  (void) state;
  assert_int_equal(taosuv_line_create(NULL, &line), 0);
  assert_int_equal(taosuv_line_set_server(line, "3.0.5.1", NUL), 0);
  assert_true(write_point(line, &texts));
  assert_int_equal(texts.tag.size, 4);
  reads_back(line, true, &texts);
  taosuv_line_clear(line);
  assert_int_equal(taosuv_line_set_server(line, NULL, 0), 0);
  assert_true(write_point(line, &texts));
  assert_int_equal(texts.tag.size, 0); /* refused */
  reads_back(line, false, &texts);
  taosuv_line_free(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_accepted_comes_back_from_the_stated_servers),
      cmocka_unit_test(a_tag_value_adds_no_tag),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
