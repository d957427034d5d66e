/* Fuzzes the writer of line protocol: what the fuzzer's bytes make it write is read back the same,
 * and a step that fails changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line_reader.h"
#include "taosuv/line.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/* The input, eaten from its front. */
typedef struct input_s {
  const uint8_t* at;
  size_t left;
} input_t;

typedef struct word_s {
  const char* text;
  size_t length;
} word_t;

static void check(int holds) {
  if (!holds) abort();
}

static uint8_t next_byte(input_t* in) {
  if (in->left == 0) return 0;
  in->left--;
  return *in->at++;
}

static word_t next_word(input_t* in) {
  size_t length = next_byte(in);
  if (length > in->left) length = in->left;
  word_t word = {(const char*) in->at, length};
  in->at += length;
  in->left -= length;
  return word;
}

/* On servers that read two backslashes as one, and on those that do not. */
static void reads(line_reader_t* in, const char* stops, const char* doubled, word_t word) {
  char out[512];
  line_reader_t again = *in;
  check(read_word(&again, stops, doubled, out) == word.length);
  check(memcmp(out, word.text, word.length) == 0);
  check(read_word(in, stops, stops, out) == word.length);
  check(memcmp(out, word.text, word.length) == 0);
}

static void reads_value(line_reader_t* in, taosuv_type_t type, word_t word) {
  static const char digits[] = "0123456789abcdef";
  char out[1024];
  size_t length;
  check(take(in, type == TAOSUV_TYPE_NCHAR ? "L" : type == TAOSUV_TYPE_VARBINARY ? "B" : ""));
  if (type == TAOSUV_TYPE_VARBINARY) {
    check(take(in, word.length > 0 ? "\"\\x" : "\""));
    for (size_t i = 0; i < word.length; i++) {
      char pair[3] = {digits[(uint8_t) word.text[i] >> 4], digits[(uint8_t) word.text[i] & 15], 0};
      check(take(in, pair));
    }
    check(take(in, "\""));
    return;
  }
  check(read_quoted(in, out, &length));
  check(length == word.length && memcmp(out, word.text, length) == 0);
}

/* One point; what it becomes must be exactly what was accepted of it. */
static void write_point(taosuv_line_t* line, input_t* in) {
  static const taosuv_type_t types[] = {TAOSUV_TYPE_VARCHAR, TAOSUV_TYPE_NCHAR,
                                        TAOSUV_TYPE_VARBINARY};
  size_t before, after;
  taosuv_line_text(line, &before);
  uint64_t points = taosuv_line_points(line);
  word_t name = next_word(in), key = next_word(in), value = next_word(in), field = next_word(in),
         text = next_word(in);
  taosuv_type_t type = types[next_byte(in) % 3];
  if (taosuv_line_begin(line, name.text, name.length) != 0) return;
  bool tagged = taosuv_line_tag(line, key.text, key.length, value.text, value.length) == 0;
  taosuv_value_t quoted = type == TAOSUV_TYPE_VARBINARY ? taosuv_bytes(text.text, text.length)
                                                        : taosuv_text(text.text, text.length);
  bool filled = taosuv_line_field(line, field.text, field.length, type, quoted) == 0;
  taosuv_line_text(line, &after);
  check(before == after);
  if (!filled) {
    check(taosuv_line_end(line, 1) != 0 && *taosuv_line_error(line) != 0);
    taosuv_line_drop(line);
    return;
  }
  check(taosuv_line_end(line, 1) == 0 && taosuv_line_points(line) == points + 1);
  const char* all = taosuv_line_text(line, &after);
  line_reader_t reader = {all + before, all + after};
  check(memchr(reader.at, '\n', after - before) == reader.end - 1);
  reads(&reader, ", ", ", \\", name);
  if (tagged) {
    check(take(&reader, ","));
    reads(&reader, ", =", ", =\\", key);
    check(take(&reader, "="));
    reads(&reader, ", =", ", =\\", value);
  }
  check(take(&reader, " "));
  reads(&reader, ", =", ", =\\", field);
  check(take(&reader, "="));
  reads_value(&reader, type, text);
  check(take(&reader, " 1\n") && reader.at == reader.end);
}

/* Numbers of any bits: refused, or written with digits that read back. */
static void write_numbers(taosuv_line_t* line, const uint8_t bits[8]) {
  int64_t integer;
  double real;
  size_t length;
  memcpy(&integer, bits, 8);
  memcpy(&real, bits, 8);
  for (int type = 0; type < 24; type++) {
    taosuv_line_clear(line);
    check(taosuv_line_begin(line, "m", 1) == 0);
    (void) taosuv_line_field(line, "i", 1, (taosuv_type_t) type, taosuv_i64(integer));
    (void) taosuv_line_field(line, "u", 1, (taosuv_type_t) type, taosuv_u64((uint64_t) integer));
    if (taosuv_line_field(line, "f", 1, (taosuv_type_t) type, taosuv_f64(real)) != 0) {
      taosuv_line_drop(line);
      continue;
    }
    check(taosuv_line_end(line, 0) == 0);
    const char* text = taosuv_line_text(line, &length);
    check(length > 6 && memcmp(text, "m f=", 4) == 0);
    double back = strtod(text + 4, NULL);
    check(type == TAOSUV_TYPE_FLOAT ? (float) back == (float) real : back == real);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  taosuv_line_t* line;
  input_t in = {data, size};
  check(taosuv_line_create(NULL, &line) == 0);
  while (in.left > 0) write_point(line, &in);
  if (size >= 8) write_numbers(line, data);
  taosuv_line_free(line);
  return 0;
}
