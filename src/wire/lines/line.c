/* Writes line protocol (PROTOCOL 8), point by point. */
#include "wire/lines/private.h"
#include "wire/text.h"
#include "wire/value/format.h"
#include "wire/version.h"

#define MAX_TAG_WIDTH 16384u /* bytes of all tags of a table */

int taosuv_line_create(const struct taosuv_allocator_s* allocator, taosuv_line_t** line) {
  if (line == NULL) return TUV_EINVAL;
  const tuv_alloc_t* alloc = allocator != NULL ? (const void*) allocator : &tuv_alloc_default;
  *line = tuv_calloc(alloc, 1, sizeof **line);
  if (*line == NULL) return TUV_ENOMEM;
  (*line)->alloc = *alloc;
  tuv_buf_init(&(*line)->text, &(*line)->alloc);
  tuv_buf_init(&(*line)->keys, &(*line)->alloc);
  return 0;
}

void taosuv_line_free(taosuv_line_t* line) {
  if (line == NULL) return;
  tuv_alloc_t alloc = line->alloc;
  tuv_buf_free(&line->text);
  tuv_buf_free(&line->keys);
  tuv_free(&alloc, line);
}

/* It is not known how servers before 3.0.5.1 read backslashes. Their lines are those that all
 * servers read alike. */
static tuv_line_server_t kind_of(uint64_t version) {
  if (version >= TUV_VERSION(3, 3, 0, 1)) return TUV_LINE_NEW_SERVER;
  return version >= TUV_VERSION(3, 0, 5, 1) ? TUV_LINE_OLD_SERVER : TUV_LINE_ANY_SERVER;
}

int taosuv_line_set_server(taosuv_line_t* line, const char* version, size_t length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != TUV_LINE_BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "the server's version can be set only between points");
  if (version == NULL) {
    line->server = TUV_LINE_ANY_SERVER;
    return 0;
  }
  length = tuv_text_length(version, length);
  uint64_t number = tuv_version_parse(version, length);
  if (number == 0)
    return tuv_fail(&line->err, TUV_EINVAL,
                    "the version must be that of a server, such as 3.3.6.0");
  line->server = kind_of(number);
  return 0;
}

/* ---- a point ---- */

/* The server makes a tag as wide as the next power of two, in characters of 4 bytes, and accepts at
 * most MAX_TAG_WIDTH bytes of tags. */
static size_t tag_width(size_t length) {
  size_t width = 1;
  while (width <= length) width *= 2;
  return 4 * (width < TUV_LINE_MAX_NCHAR ? width : TUV_LINE_MAX_NCHAR) + 2;
}

static void forget_keys(taosuv_line_t* line) {
  tuv_buf_consume(&line->keys, tuv_buf_size(&line->keys), SIZE_MAX);
}

int taosuv_line_begin(taosuv_line_t* line, const char* measurement, size_t length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != TUV_LINE_BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "the previous point was not ended");
  int status = tuv_line_check_word(line, &tuv_line_measurement, measurement, &length);
  if (status < 0) return status;
  if (*measurement == '#')
    return tuv_fail(&line->err, TUV_EINVAL,
                    "the measurement must not begin with '#', which begins a comment");
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * length);
  if (out == NULL) return tuv_line_no_memory(line);
  tuv_line_commit(line, tuv_line_put_word(line, out, &tuv_line_measurement, measurement, length));
  line->stage = TUV_LINE_TAGS;
  line->tag_width = 0;
  forget_keys(line);
  return 0;
}

int taosuv_line_tag(taosuv_line_t* line, const char* key, size_t key_length, const char* value,
                    size_t value_length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != TUV_LINE_TAGS)
    return tuv_fail(&line->err, TUV_EINVAL,
                    line->stage == TUV_LINE_BETWEEN ? "a tag needs a point that was begun"
                                                    : "tags must come before fields");
  int status = tuv_line_check_key(line, &tuv_line_tag_key, key, &key_length);
  if (status == 0) status = tuv_line_check_word(line, &tuv_line_tag_value, value, &value_length);
  if (status < 0) return status;
  size_t width = line->tag_width + tag_width(value_length);
  if (width > MAX_TAG_WIDTH)
    return tuv_fail(
        &line->err, TUV_ERANGE,
        "the server would need %zu bytes for the tags of this point; at most %u are allowed", width,
        MAX_TAG_WIDTH);
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * (key_length + value_length + 1));
  if (out == NULL) return tuv_line_no_memory(line);
  uint8_t* begin = tuv_line_put(out, ",", 1);
  out = tuv_line_put_word(line, begin, &tuv_line_tag_key, key, key_length);
  status = tuv_line_add_key(line, &tuv_line_tag_key, begin, (size_t) (out - begin));
  if (status < 0) return status;
  out = tuv_line_put(out, "=", 1);
  tuv_line_commit(line, tuv_line_put_word(line, out, &tuv_line_tag_value, value, value_length));
  line->tag_width = width;
  return 0;
}

int taosuv_line_end(taosuv_line_t* line, int64_t timestamp) {
  char digits[24];
  tuv_text_t text = tuv_text_start(digits, sizeof digits);
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != TUV_LINE_FIELDS)
    return tuv_fail(
        &line->err, TUV_EINVAL,
        line->stage == TUV_LINE_BETWEEN ? "there is no point to end" : "the point has no fields");
  if (timestamp < 0)
    return tuv_fail(&line->err, TUV_ERANGE, "the timestamp must not be before 1970");
  if (timestamp > 0) {
    tuv_text_char(&text, ' ');
    tuv_format_i64(&text, timestamp);
  }
  tuv_text_char(&text, '\n');
  uint8_t* out = tuv_buf_reserve(&line->text, text.length);
  if (out == NULL) return tuv_line_no_memory(line);
  tuv_line_commit(line, tuv_line_put(out, digits, text.length));
  line->finished = tuv_buf_size(&line->text);
  line->points++;
  line->stage = TUV_LINE_BETWEEN;
  return 0;
}

void taosuv_line_drop(taosuv_line_t* line) {
  if (line == NULL) return;
  line->text.tail = line->text.head + line->finished;
  line->stage = TUV_LINE_BETWEEN;
}

/* ---- all points ---- */

const char* taosuv_line_text(const taosuv_line_t* line, size_t* length) {
  if (length != NULL) *length = line != NULL ? line->finished : 0;
  if (line == NULL || line->finished == 0) return NULL;
  return (const char*) line->text.data + line->text.head;
}

uint64_t taosuv_line_points(const taosuv_line_t* line) {
  return line != NULL ? line->points : 0;
}

void taosuv_line_clear(taosuv_line_t* line) {
  if (line == NULL) return;
  tuv_buf_consume(&line->text, tuv_buf_size(&line->text), SIZE_MAX);
  line->finished = 0;
  line->points = 0;
  line->stage = TUV_LINE_BETWEEN;
}

const char* taosuv_line_error(const taosuv_line_t* line) {
  return line != NULL ? line->err.text : "";
}
