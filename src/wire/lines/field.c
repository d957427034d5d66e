/* Fields of line protocol: numbers with the suffix of their type, texts in quotes. */
#include <math.h>
#include <string.h>

#include "util/ascii.h"
#include "util/assert.h"
#include "wire/lines/private.h"
#include "wire/text.h"
#include "wire/types.h"
#include "wire/value/format.h"

#define MAX_BYTES 65517u

/* The suffix of a number, which tells its type. */
static const char* const suffixes[TUV_TYPES] = {
    [TAOSUV_TYPE_TINYINT] = "i8", [TAOSUV_TYPE_SMALLINT] = "i16", [TAOSUV_TYPE_INT] = "i32",
    [TAOSUV_TYPE_BIGINT] = "i64", [TAOSUV_TYPE_UTINYINT] = "u8",  [TAOSUV_TYPE_USMALLINT] = "u16",
    [TAOSUV_TYPE_UINT] = "u32",   [TAOSUV_TYPE_UBIGINT] = "u64",  [TAOSUV_TYPE_FLOAT] = "f32",
    [TAOSUV_TYPE_DOUBLE] = "f64",
};

/* The prefix of a quoted text, which tells its type. */
static const char* const prefixes[TUV_TYPES] = {
    [TAOSUV_TYPE_VARCHAR] = "",
    [TAOSUV_TYPE_NCHAR] = "L",
    [TAOSUV_TYPE_VARBINARY] = "B",
    [TAOSUV_TYPE_GEOMETRY] = "G",
};

static void add_suffix(tuv_text_t* text, taosuv_type_t type) {
  const char* suffix = suffixes[type];
  TUV_ASSERT(suffix != NULL);
  tuv_text_add(text, suffix, strlen(suffix));
}

static const char* name_of(taosuv_type_t type) {
  const char* name = taosuv_type_name((int) type);
  return name != NULL ? name : "?";
}

static int wrong_kind(taosuv_line_t* line, taosuv_type_t type) {
  return tuv_fail(&line->err, TUV_ETYPE,
                  "a value of this kind cannot be written to a field of type %s", name_of(type));
}

static int write_integer(taosuv_line_t* line, taosuv_type_t type, const taosuv_value_t* value,
                         tuv_text_t* text) {
  bool is_signed = value->kind == TAOSUV_VALUE_I64;
  if (!is_signed && value->kind != TAOSUV_VALUE_U64) return wrong_kind(line, type);
  if (is_signed ? !tuv_type_holds_i64(type, value->as.i64)
                : !tuv_type_holds_u64(type, value->as.u64))
    return tuv_fail(&line->err, TUV_ERANGE, "the integer is outside the range of %s",
                    name_of(type));
  if (is_signed) {
    tuv_format_i64(text, value->as.i64);
  } else {
    tuv_format_u64(text, value->as.u64);
  }
  add_suffix(text, type);
  return 0;
}

static int write_real(taosuv_line_t* line, taosuv_type_t type, const taosuv_value_t* value,
                      tuv_text_t* text) {
  double number = value->as.f64;
  if (value->kind != TAOSUV_VALUE_F64) return wrong_kind(line, type);
  bool narrow = type == TAOSUV_TYPE_FLOAT;
  /* From the middle between the largest FLOAT and the next power of two on it rounds to
   * infinity. */
  bool fits = !narrow || fabs(number) < 0x1.ffffffp127;
  if (number - number != 0 || !fits)
    return tuv_fail(&line->err, TUV_ERANGE, "line protocol cannot carry the number as %s",
                    name_of(type));
  if (narrow) {
    tuv_format_f32(text, (float) number);
  } else {
    tuv_format_f64(text, number);
  }
  add_suffix(text, type);
  return 0;
}

/* Writes BOOL, integers, FLOAT and DOUBLE. */
static int write_fixed(taosuv_line_t* line, taosuv_type_t type, const taosuv_value_t* value,
                       tuv_text_t* text) {
  if (tuv_type_is_integer(type)) return write_integer(line, type, value, text);
  if (type != TAOSUV_TYPE_BOOL) return write_real(line, type, value, text);
  if (value->kind != TAOSUV_VALUE_BOOL) return wrong_kind(line, type);
  tuv_text_add(text, value->as.i64 != 0 ? "true" : "false", value->as.i64 != 0 ? 4 : 5);
  return 0;
}

static bool is_fixed(taosuv_type_t type) {
  return type == TAOSUV_TYPE_BOOL || ((unsigned) type < TUV_TYPES && suffixes[type] != NULL);
}

static bool is_quoted(taosuv_type_t type) {
  return (unsigned) type < TUV_TYPES && prefixes[type] != NULL;
}

/* The length of a text between its quotes. The server counts backslashes, too. */
static size_t quoted_length(const uint8_t* text, size_t length) {
  size_t quoted = length;
  for (size_t i = 0; i < length; i++) quoted += text[i] == '"' || text[i] == '\\';
  return quoted;
}

/* Checks a value and replaces TAOSUV_NUL_TERMINATED by its length. */
static int check_quoted(taosuv_line_t* line, taosuv_type_t type, taosuv_value_t* value) {
  size_t most = type == TAOSUV_TYPE_NCHAR ? TUV_LINE_MAX_NCHAR : MAX_BYTES;
  bool binary = type == TAOSUV_TYPE_VARBINARY;
  if (value->kind != TAOSUV_VALUE_TEXT && !(binary && value->kind == TAOSUV_VALUE_BYTES))
    return wrong_kind(line, type);
  if (value->as.bytes == NULL && value->length != 0)
    return tuv_fail(&line->err, TUV_EINVAL, "the value of a field is missing");
  value->length = tuv_text_length(value->as.bytes, value->length);
  size_t length = binary ? value->length : quoted_length(value->as.bytes, value->length);
  if (length > most)
    return tuv_fail(&line->err, TUV_ERANGE,
                    "the value of a field has %zu bytes; at most %zu are allowed", length, most);
  if (binary || value->length == 0) {
    if (type == TAOSUV_TYPE_GEOMETRY)
      return tuv_fail(&line->err, TUV_EINVAL, "the geometry is empty");
    return 0;
  }
  if (type == TAOSUV_TYPE_GEOMETRY && (memchr(value->as.bytes, '"', value->length) != NULL ||
                                       memchr(value->as.bytes, '\\', value->length) != NULL))
    return tuv_fail(&line->err, TUV_EINVAL, "the geometry is not WKT");
  return tuv_line_check_utf8(line, "the value of a field", value->as.bytes, value->length);
}

/* Writes at most 2 * length + 5 bytes. */
static uint8_t* put_quoted(uint8_t* out, taosuv_type_t type, const taosuv_value_t* value) {
  const uint8_t* bytes = value->as.bytes;
  out = tuv_line_put(out, prefixes[type], strlen(prefixes[type]));
  *out++ = '"';
  if (type == TAOSUV_TYPE_VARBINARY) {
    if (value->length > 0) out = tuv_line_put(out, "\\x", 2);
    for (size_t i = 0; i < value->length; i++, out += 2) tuv_hex_write(out, bytes[i]);
  } else {
    out = tuv_line_put_escaped(out, (const char*) bytes, value->length, "\"\\");
  }
  *out++ = '"';
  return out;
}

int taosuv_line_field(taosuv_line_t* line, const char* key, size_t key_length, taosuv_type_t type,
                      taosuv_value_t value) {
  char fixed[96];
  tuv_text_t text = tuv_text_start(fixed, sizeof fixed);
  if (line == NULL) return TUV_EINVAL;
  if (line->stage == TUV_LINE_BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "a field needs a point that was begun");
  int status = tuv_line_check_key(line, &tuv_line_field_key, key, &key_length);
  if (status < 0) return status;
  if (!is_fixed(type) && !is_quoted(type))
    return tuv_fail(&line->err, TUV_ETYPE, "line protocol has no fields of type %s", name_of(type));
  if (value.kind == TAOSUV_VALUE_NULL) return 0;
  status = is_fixed(type) ? write_fixed(line, type, &value, &text)
                          : check_quoted(line, type, &value);
  if (status < 0) return status;
  size_t size = is_fixed(type) ? text.length : 2 * value.length + 5;
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * key_length + 2 + size);
  if (out == NULL) return tuv_line_no_memory(line);
  uint8_t* begin = tuv_line_put(out, line->stage == TUV_LINE_TAGS ? " " : ",", 1);
  out = tuv_line_put_word(line, begin, &tuv_line_field_key, key, key_length);
  status = tuv_line_add_key(line, &tuv_line_field_key, begin, (size_t) (out - begin));
  if (status < 0) return status;
  out = tuv_line_put(out, "=", 1);
  tuv_line_commit(line,
                  is_fixed(type) ? tuv_line_put(out, fixed, size) : put_quoted(out, type, &value));
  line->stage = TUV_LINE_FIELDS;
  return 0;
}
