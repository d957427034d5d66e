/* Writes line protocol (PROTOCOL 8): points one by one, with what needs it escaped. */
#include "taosuv/line.h"

#include <string.h>

#include "util/buf.h"
#include "util/errmsg.h"
#include "util/utf8.h"
#include "wire/format.h"
#include "wire/status.h"

#define MAX_MEASUREMENT 192u
#define MAX_KEY 64u
#define MAX_NCHAR 16379u
#define MAX_BYTES 65517u

typedef enum { BETWEEN, TAGS, FIELDS } stage_t;

struct taosuv_line_s {
  tuv_alloc_t alloc;
  tuv_buf_t text;  /* points that were ended, and behind them the one in the making */
  size_t finished; /* bytes of the former */
  uint64_t points;
  stage_t stage;
  tuv_errmsg_t err;
};

int taosuv_line_create(const struct taosuv_allocator_s* allocator, taosuv_line_t** line) {
  if (line == NULL) return TUV_EINVAL;
  const tuv_alloc_t* alloc = allocator != NULL ? (const void*) allocator : &tuv_alloc_default;
  *line = tuv_calloc(alloc, 1, sizeof **line);
  if (*line == NULL) return TUV_ENOMEM;
  (*line)->alloc = *alloc;
  tuv_buf_init(&(*line)->text, &(*line)->alloc);
  return 0;
}

void taosuv_line_free(taosuv_line_t* line) {
  if (line == NULL) return;
  tuv_alloc_t alloc = line->alloc;
  tuv_buf_free(&line->text);
  tuv_free(&alloc, line);
}

/* ---- checks ---- */

static int check_utf8(taosuv_line_t* line, const char* what, const char* text, size_t length) {
  if (!tuv_utf8_valid((const uint8_t*) text, length))
    return tuv_fail(&line->err, TUV_EINVAL, "%s is not UTF-8", what);
  if (memchr(text, '\n', length) != NULL || memchr(text, 0, length) != NULL)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has a newline or a NUL in it", what);
  return 0;
}

/* A measurement, key or tag value. */
static int check_word(taosuv_line_t* line, const char* what, const char* text, size_t* length,
                      size_t most) {
  if (text == NULL) return tuv_fail(&line->err, TUV_EINVAL, "%s is missing", what);
  if (*length == TAOSUV_NUL_TERMINATED) *length = strlen(text);
  if (*length == 0) return tuv_fail(&line->err, TUV_EINVAL, "%s is empty", what);
  if (*length > most)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has %zu bytes, more than %zu", what, *length,
                    most);
  if (text[*length - 1] == '\\')
    return tuv_fail(&line->err, TUV_EINVAL, "%s ends with a backslash", what);
  return check_utf8(line, what, text, *length);
}

static int no_memory(taosuv_line_t* line) {
  return tuv_fail(&line->err, TUV_ENOMEM, "no memory for more lines");
}

/* ---- text ---- */

static uint8_t* put(uint8_t* out, const void* bytes, size_t size) {
  memcpy(out, bytes, size);
  return out + size;
}

static uint8_t* put_escaped(uint8_t* out, const char* text, size_t length, const char* special) {
  for (size_t i = 0; i < length; i++) {
    if (strchr(special, text[i]) != NULL) *out++ = '\\'; /* there is no NUL in it */
    *out++ = (uint8_t) text[i];
  }
  return out;
}

static void commit(taosuv_line_t* line, const uint8_t* end) {
  tuv_buf_commit(&line->text, (size_t) (end - (line->text.data + line->text.tail)));
}

/* ---- a point ---- */

int taosuv_line_begin(taosuv_line_t* line, const char* measurement, size_t length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "the point before this one was not ended");
  int status = check_word(line, "the measurement", measurement, &length, MAX_MEASUREMENT);
  if (status < 0) return status;
  if (*measurement == '#')
    return tuv_fail(&line->err, TUV_EINVAL, "the measurement begins with '#', as a comment does");
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * length);
  if (out == NULL) return no_memory(line);
  commit(line, put_escaped(out, measurement, length, ", "));
  line->stage = TAGS;
  return 0;
}

int taosuv_line_tag(taosuv_line_t* line, const char* key, size_t key_length, const char* value,
                    size_t value_length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != TAGS)
    return tuv_fail(&line->err, TUV_EINVAL,
                    line->stage == BETWEEN ? "a tag outside of a point" : "a tag behind a field");
  int status = check_word(line, "the key of a tag", key, &key_length, MAX_KEY);
  if (status == 0)
    status = check_word(line, "the value of a tag", value, &value_length, MAX_NCHAR);
  if (status < 0) return status;
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * (key_length + value_length + 1));
  if (out == NULL) return no_memory(line);
  out = put(out, ",", 1);
  out = put_escaped(out, key, key_length, ", =");
  out = put(out, "=", 1);
  commit(line, put_escaped(out, value, value_length, ", ="));
  return 0;
}

int taosuv_line_end(taosuv_line_t* line, int64_t timestamp) {
  char digits[24];
  tuv_text_t text = tuv_text_start(digits, sizeof digits);
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != FIELDS)
    return tuv_fail(&line->err, TUV_EINVAL,
                    line->stage == BETWEEN ? "there is no point to end" : "a point without fields");
  if (timestamp < 0) return tuv_fail(&line->err, TUV_ERANGE, "a timestamp before 1970");
  if (timestamp > 0) {
    tuv_text_char(&text, ' ');
    tuv_format_i64(&text, timestamp);
  }
  tuv_text_char(&text, '\n');
  uint8_t* out = tuv_buf_reserve(&line->text, text.length);
  if (out == NULL) return no_memory(line);
  commit(line, put(out, digits, text.length));
  line->finished = tuv_buf_size(&line->text);
  line->points++;
  line->stage = BETWEEN;
  return 0;
}

void taosuv_line_drop(taosuv_line_t* line) {
  if (line == NULL) return;
  line->text.tail = line->text.head + line->finished;
  line->stage = BETWEEN;
}

/* ---- fields ---- */

/* The suffix of a number's type, and what it holds. */
typedef struct number_s {
  const char* suffix; /* NULL: no integer */
  int64_t min;
  uint64_t max;
} number_t;

static const number_t numbers[] = {
    [TAOSUV_TYPE_TINYINT] = {"i8", INT8_MIN, INT8_MAX},
    [TAOSUV_TYPE_SMALLINT] = {"i16", INT16_MIN, INT16_MAX},
    [TAOSUV_TYPE_INT] = {"i32", INT32_MIN, INT32_MAX},
    [TAOSUV_TYPE_BIGINT] = {"i64", INT64_MIN, INT64_MAX},
    [TAOSUV_TYPE_UTINYINT] = {"u8", 0, UINT8_MAX},
    [TAOSUV_TYPE_USMALLINT] = {"u16", 0, UINT16_MAX},
    [TAOSUV_TYPE_UINT] = {"u32", 0, UINT32_MAX},
    [TAOSUV_TYPE_UBIGINT] = {"u64", 0, UINT64_MAX},
};

static const number_t* number_of(taosuv_type_t type) {
  bool known = (unsigned) type < sizeof numbers / sizeof *numbers;
  return known && numbers[type].suffix != NULL ? &numbers[type] : NULL;
}

static const char* name_of(taosuv_type_t type) {
  const char* name = taosuv_type_name((int) type);
  return name != NULL ? name : "?";
}

static int wrong_kind(taosuv_line_t* line, taosuv_type_t type) {
  return tuv_fail(&line->err, TUV_ETYPE, "this kind of value is none for a field of type %s",
                  name_of(type));
}

static int write_integer(taosuv_line_t* line, const number_t* number, taosuv_type_t type,
                         const taosuv_value_t* value, tuv_text_t* text) {
  bool negative = value->kind == TAOSUV_VALUE_I64 && value->as.i64 < 0;
  if (value->kind != TAOSUV_VALUE_I64 && value->kind != TAOSUV_VALUE_U64)
    return wrong_kind(line, type);
  if (negative ? value->as.i64 < number->min : value->as.u64 > number->max)
    return tuv_fail(&line->err, TUV_ERANGE, "an integer that %s cannot hold",
                    name_of(type));
  if (negative) {
    tuv_format_i64(text, value->as.i64);
  } else {
    tuv_format_u64(text, value->as.u64);
  }
  tuv_text_add(text, number->suffix, strlen(number->suffix));
  return 0;
}

static int write_real(taosuv_line_t* line, taosuv_type_t type, const taosuv_value_t* value,
                      tuv_text_t* text) {
  double number = value->as.f64;
  if (value->kind != TAOSUV_VALUE_F64) return wrong_kind(line, type);
  bool narrow = type == TAOSUV_TYPE_FLOAT;
  /* From halfway between the largest FLOAT and the next power of two on it rounds to infinity. */
  bool fits = !narrow || (number < 0x1.ffffffp127 && number > -0x1.ffffffp127);
  if (number - number != 0 || !fits)
    return tuv_fail(&line->err, TUV_ERANGE, "a number that %s cannot hold in line protocol",
                    name_of(type));
  if (narrow) {
    tuv_format_f32(text, (float) number);
  } else {
    tuv_format_f64(text, number);
  }
  tuv_text_add(text, narrow ? "f32" : "f64", 3);
  return 0;
}

/* BOOL, integers, FLOAT, DOUBLE. */
static int write_fixed(taosuv_line_t* line, taosuv_type_t type, const taosuv_value_t* value,
                       tuv_text_t* text) {
  const number_t* number = number_of(type);
  if (number != NULL) return write_integer(line, number, type, value, text);
  if (type != TAOSUV_TYPE_BOOL) return write_real(line, type, value, text);
  if (value->kind != TAOSUV_VALUE_BOOL) return wrong_kind(line, type);
  tuv_text_add(text, value->as.i64 != 0 ? "true" : "false", value->as.i64 != 0 ? 4 : 5);
  return 0;
}

static bool is_fixed(taosuv_type_t type) {
  return type == TAOSUV_TYPE_BOOL || type == TAOSUV_TYPE_FLOAT || type == TAOSUV_TYPE_DOUBLE ||
         number_of(type) != NULL;
}

static bool is_quoted(taosuv_type_t type) {
  return type == TAOSUV_TYPE_VARCHAR || type == TAOSUV_TYPE_NCHAR ||
         type == TAOSUV_TYPE_VARBINARY || type == TAOSUV_TYPE_GEOMETRY;
}

/* Sets value->length to what it stands for. */
static int check_quoted(taosuv_line_t* line, taosuv_type_t type, taosuv_value_t* value) {
  size_t most = type == TAOSUV_TYPE_NCHAR ? MAX_NCHAR : MAX_BYTES;
  bool binary = type == TAOSUV_TYPE_VARBINARY;
  if (value->kind != TAOSUV_VALUE_TEXT && !(binary && value->kind == TAOSUV_VALUE_BYTES))
    return wrong_kind(line, type);
  if (value->as.bytes == NULL && value->length != 0)
    return tuv_fail(&line->err, TUV_EINVAL, "the value of a field is missing");
  if (value->length == TAOSUV_NUL_TERMINATED) value->length = strlen(value->as.bytes);
  if (value->length > most)
    return tuv_fail(&line->err, TUV_ERANGE, "the value of a field has %zu bytes, more than %zu",
                    value->length, most);
  if (binary || value->length == 0) {
    if (type == TAOSUV_TYPE_GEOMETRY)
      return tuv_fail(&line->err, TUV_EINVAL, "a geometry is empty");
    return 0;
  }
  if (type == TAOSUV_TYPE_GEOMETRY && (memchr(value->as.bytes, '"', value->length) != NULL ||
                                       memchr(value->as.bytes, '\\', value->length) != NULL))
    return tuv_fail(&line->err, TUV_EINVAL, "a geometry is not WKT");
  return check_utf8(line, "the value of a field", value->as.bytes, value->length);
}

/* At most 2 * length + 5 bytes. */
static uint8_t* put_quoted(uint8_t* out, taosuv_type_t type, const taosuv_value_t* value) {
  static const char digits[] = "0123456789abcdef";
  const uint8_t* bytes = value->as.bytes;
  if (type == TAOSUV_TYPE_NCHAR) *out++ = 'L';
  if (type == TAOSUV_TYPE_VARBINARY) *out++ = 'B';
  if (type == TAOSUV_TYPE_GEOMETRY) *out++ = 'G';
  *out++ = '"';
  if (type == TAOSUV_TYPE_VARBINARY) {
    if (value->length > 0) out = put(out, "\\x", 2);
    for (size_t i = 0; i < value->length; i++) {
      *out++ = (uint8_t) digits[bytes[i] >> 4];
      *out++ = (uint8_t) digits[bytes[i] & 15];
    }
  } else {
    out = put_escaped(out, (const char*) bytes, value->length, "\"\\");
  }
  *out++ = '"';
  return out;
}

int taosuv_line_field(taosuv_line_t* line, const char* key, size_t key_length, taosuv_type_t type,
                      taosuv_value_t value) {
  char fixed[96];
  tuv_text_t text = tuv_text_start(fixed, sizeof fixed);
  if (line == NULL) return TUV_EINVAL;
  if (line->stage == BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "a field outside of a point");
  int status = check_word(line, "the key of a field", key, &key_length, MAX_KEY);
  if (status < 0) return status;
  if (!is_fixed(type) && !is_quoted(type))
    return tuv_fail(&line->err, TUV_ETYPE, "line protocol has no fields of type %s",
                    name_of(type));
  if (value.kind == TAOSUV_VALUE_NULL) return 0;
  status = is_fixed(type) ? write_fixed(line, type, &value, &text)
                          : check_quoted(line, type, &value);
  if (status < 0) return status;
  size_t size = is_fixed(type) ? text.length : 2 * value.length + 5;
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * key_length + 2 + size);
  if (out == NULL) return no_memory(line);
  out = put(out, line->stage == TAGS ? " " : ",", 1);
  out = put_escaped(out, key, key_length, ", =");
  out = put(out, "=", 1);
  commit(line, is_fixed(type) ? put(out, fixed, size) : put_quoted(out, type, &value));
  line->stage = FIELDS;
  return 0;
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
  line->stage = BETWEEN;
}

const char* taosuv_line_error(const taosuv_line_t* line) {
  return line != NULL ? line->err.text : "";
}
