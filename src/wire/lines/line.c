/* Writes line protocol: points one by one, with what needs it escaped.
 *
 * A backslash escapes a comma, a space or '=' in names and tag values. Servers from 3.3.0.1 on read
 * two backslashes there as one, older ones as two. A single backslash before any other character is
 * itself on all of them, so that most texts with backslashes have one form for all servers. */
#include "taosuv/line.h"

#include <string.h>

#include "util/ascii.h"
#include "util/buf.h"
#include "util/errmsg.h"
#include "util/utf8.h"
#include "wire/value/format.h"
#include "wire/status.h"
#include "wire/text.h"
#include "wire/types.h"
#include "wire/version.h"

#define MAX_NCHAR 16379u
#define MAX_BYTES 65517u
#define MAX_TAG_WIDTH 16384u /* of all tags of a table */

typedef enum { BETWEEN, TAGS, FIELDS } stage_t;
typedef enum { ANY_SERVER, OLD_SERVER, NEW_SERVER } server_t; /* NEW_SERVER: from 3.3.0.1 on */

/* A name or tag value. */
typedef struct word_s {
  const char* what;
  const char* special; /* what a backslash escapes in it, besides a backslash */
  size_t most;
  bool doubled; /* a new server reads two backslashes as one */
  bool may_end; /* such a pair may be its end */
} word_t;

static const word_t measurement_word = {"the measurement", ", ", 192, true, false};
static const word_t tag_key_word = {"the key of a tag", ", =", 64, true, true};
static const word_t tag_value_word = {"the value of a tag", ", =", MAX_NCHAR, true, true};
static const word_t field_key_word = {"the key of a field", ", =", 64, false, false};

/* A key of the point in the making: where it is in `text`, escaped. */
typedef struct key_s {
  size_t at;
  size_t length;
} line_key_t;

struct taosuv_line_s {
  tuv_alloc_t alloc;
  tuv_buf_t text;  /* points that were ended, and behind them the one in the making */
  tuv_buf_t keys;  /* line_key_t of the point in the making */
  size_t finished; /* bytes of the former */
  uint64_t points;
  size_t tag_width; /* what the server needs for the tags of the point in the making */
  stage_t stage;
  server_t server;
  tuv_errmsg_t err;
};

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

/* How servers before 3.0.5.1 read backslashes was not seen: for them is written what all read alike. */
static server_t kind_of(uint64_t version) {
  if (version >= TUV_VERSION(3, 3, 0, 1)) return NEW_SERVER;
  return version >= TUV_VERSION(3, 0, 5, 1) ? OLD_SERVER : ANY_SERVER;
}

int taosuv_line_set_server(taosuv_line_t* line, const char* version, size_t length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "the server's version may change between points only");
  if (version == NULL) {
    line->server = ANY_SERVER;
    return 0;
  }
  length = tuv_text_length(version, length);
  uint64_t number = tuv_version_parse(version, length);
  if (number == 0) return tuv_fail(&line->err, TUV_EINVAL, "this is not a version of a server");
  line->server = kind_of(number);
  return 0;
}

/* ---- checks ---- */

static int check_utf8(taosuv_line_t* line, const char* what, const char* text, size_t length) {
  if (!tuv_utf8_valid((const uint8_t*) text, length))
    return tuv_fail(&line->err, TUV_EINVAL, "%s is not UTF-8", what);
  if (memchr(text, '\n', length) != NULL || memchr(text, 0, length) != NULL)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has a newline or a NUL in it", what);
  return 0;
}

static size_t backslashes(const char* text, size_t length) {
  size_t count = 0;
  while (count < length && text[count] == '\\') count++;
  return count;
}

static int wrong_backslash(taosuv_line_t* line, const word_t* word, const char* text, size_t left) {
  size_t run = backslashes(text, left);
  const char* why =
      line->server == ANY_SERVER && word->doubled
          ? "servers before 3.3.0.1 and newer ones read that differently (taosuv_line_set_server)"
          : "line protocol cannot carry that";
  if (run == left)
    return tuv_fail(&line->err, TUV_EINVAL, "%s ends with a backslash: %s", word->what, why);
  if (strchr(word->special, text[run]) != NULL)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has a backslash before '%c': %s", word->what,
                    text[run], why);
  return tuv_fail(&line->err, TUV_EINVAL, "%s has two backslashes in a row: %s", word->what, why);
}

/* Whether the servers that the lines are for read these backslashes, followed by `next` (NUL: the
 * end), as what they are. */
static bool can_carry(const taosuv_line_t* line, const word_t* word, size_t run, char next) {
  bool special = next != 0 && strchr(word->special, next) != NULL;
  if (line->server == OLD_SERVER) return next != 0;
  if (run == 1 && next != 0 && !special) return true;
  if (line->server == ANY_SERVER || !word->doubled) return false;
  return next != 0 ? !special : word->may_end;
}

static int check_backslashes(taosuv_line_t* line, const word_t* word, const char* text,
                             size_t length) {
  for (size_t i = 0; i < length;) {
    size_t run = backslashes(text + i, length - i);
    char next = i + run < length ? text[i + run] : 0;
    if (run > 0 && !can_carry(line, word, run, next))
      return wrong_backslash(line, word, text + i, length - i);
    i += run + 1;
  }
  return 0;
}

static int check_word(taosuv_line_t* line, const word_t* word, const char* text, size_t* length) {
  if (text == NULL) return tuv_fail(&line->err, TUV_EINVAL, "%s is missing", word->what);
  *length = tuv_text_length(text, *length);
  if (*length == 0) return tuv_fail(&line->err, TUV_EINVAL, "%s is empty", word->what);
  if (*length > word->most)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has %zu bytes, more than %zu", word->what, *length,
                    word->most);
  int status = check_utf8(line, word->what, text, *length);
  return status == 0 ? check_backslashes(line, word, text, *length) : status;
}

static bool equals(const char* text, size_t length, const char* word) {
  return length == strlen(word) && memcmp(text, word, length) == 0;
}

/* The server itself names a column and, of a table without tags, a tag. */
static int check_key(taosuv_line_t* line, const word_t* word, const char* key, size_t* length) {
  int status = check_word(line, word, key, length);
  if (status == 0 && (equals(key, *length, "_ts") || equals(key, *length, "_tag_null")))
    return tuv_fail(&line->err, TUV_EINVAL, "%s is %.*s, a name of the server's own", word->what,
                    (int) *length, key);
  return status;
}

/* The server makes a tag as wide as the next power of two, in characters of 4 bytes, and takes at
 * most MAX_TAG_WIDTH bytes of tags. */
static size_t tag_width(size_t length) {
  size_t width = 1;
  while (width <= length) width *= 2;
  return 4 * (width < MAX_NCHAR ? width : MAX_NCHAR) + 2;
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

/* At most 2 * length bytes. */
static uint8_t* put_word(const taosuv_line_t* line, uint8_t* out, const word_t* word,
                         const char* text, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t run = backslashes(text + i, length - i);
    bool doubled = line->server == NEW_SERVER && (run > 1 || i + run == length);
    memset(out, '\\', doubled ? 2 * run : run);
    out += doubled ? 2 * run : run;
    i += run;
    if (i == length) break;
    out = put_escaped(out, text + i, 1, word->special);
    i++;
  }
  return out;
}

static void commit(taosuv_line_t* line, const uint8_t* end) {
  tuv_buf_commit(&line->text, (size_t) (end - (line->text.data + line->text.tail)));
}

/* The escaped key that is about to be committed must not be one of this point already. */
static int add_key(taosuv_line_t* line, const word_t* word, const uint8_t* key, size_t length) {
  const uint8_t* text = line->text.data + line->text.head;
  size_t count = tuv_buf_size(&line->keys) / sizeof(line_key_t);
  line_key_t next = {(size_t) (key - text), length};
  for (size_t i = 0; i < count; i++) {
    line_key_t old;
    memcpy(&old, line->keys.data + line->keys.head + i * sizeof old, sizeof old);
    if (old.length == length && memcmp(text + old.at, key, length) == 0)
      return tuv_fail(&line->err, TUV_EINVAL, "%s is in this point already", word->what);
  }
  uint8_t* room = tuv_buf_reserve(&line->keys, sizeof next);
  if (room == NULL) return no_memory(line);
  memcpy(room, &next, sizeof next);
  tuv_buf_commit(&line->keys, sizeof next);
  return 0;
}

static void forget_keys(taosuv_line_t* line) {
  tuv_buf_consume(&line->keys, tuv_buf_size(&line->keys), SIZE_MAX);
}

/* ---- a point ---- */

int taosuv_line_begin(taosuv_line_t* line, const char* measurement, size_t length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != BETWEEN)
    return tuv_fail(&line->err, TUV_EINVAL, "the point before this one was not ended");
  int status = check_word(line, &measurement_word, measurement, &length);
  if (status < 0) return status;
  if (*measurement == '#')
    return tuv_fail(&line->err, TUV_EINVAL, "the measurement begins with '#', as a comment does");
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * length);
  if (out == NULL) return no_memory(line);
  commit(line, put_word(line, out, &measurement_word, measurement, length));
  line->stage = TAGS;
  line->tag_width = 0;
  forget_keys(line);
  return 0;
}

int taosuv_line_tag(taosuv_line_t* line, const char* key, size_t key_length, const char* value,
                    size_t value_length) {
  if (line == NULL) return TUV_EINVAL;
  if (line->stage != TAGS)
    return tuv_fail(&line->err, TUV_EINVAL,
                    line->stage == BETWEEN ? "a tag outside of a point" : "a tag behind a field");
  int status = check_key(line, &tag_key_word, key, &key_length);
  if (status == 0) status = check_word(line, &tag_value_word, value, &value_length);
  if (status < 0) return status;
  size_t width = line->tag_width + tag_width(value_length);
  if (width > MAX_TAG_WIDTH)
    return tuv_fail(&line->err, TUV_ERANGE,
                    "the server would need %zu bytes for the tags of this point, more than %u",
                    width, MAX_TAG_WIDTH);
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * (key_length + value_length + 1));
  if (out == NULL) return no_memory(line);
  uint8_t* begin = put(out, ",", 1);
  out = put_word(line, begin, &tag_key_word, key, key_length);
  status = add_key(line, &tag_key_word, begin, (size_t) (out - begin));
  if (status < 0) return status;
  out = put(out, "=", 1);
  commit(line, put_word(line, out, &tag_value_word, value, value_length));
  line->tag_width = width;
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

/* What stands behind a number, and names its type. */
static const char* const suffixes[TUV_TYPES] = {
    [TAOSUV_TYPE_TINYINT] = "i8", [TAOSUV_TYPE_SMALLINT] = "i16", [TAOSUV_TYPE_INT] = "i32",
    [TAOSUV_TYPE_BIGINT] = "i64", [TAOSUV_TYPE_UTINYINT] = "u8",  [TAOSUV_TYPE_USMALLINT] = "u16",
    [TAOSUV_TYPE_UINT] = "u32",   [TAOSUV_TYPE_UBIGINT] = "u64",  [TAOSUV_TYPE_FLOAT] = "f32",
    [TAOSUV_TYPE_DOUBLE] = "f64",
};

/* What stands before a quoted text, and names its type. */
static const char* const prefixes[TUV_TYPES] = {
    [TAOSUV_TYPE_VARCHAR] = "",
    [TAOSUV_TYPE_NCHAR] = "L",
    [TAOSUV_TYPE_VARBINARY] = "B",
    [TAOSUV_TYPE_GEOMETRY] = "G",
};

static void add_suffix(tuv_text_t* text, taosuv_type_t type) {
  tuv_text_add(text, suffixes[type], strlen(suffixes[type]));
}

static const char* name_of(taosuv_type_t type) {
  const char* name = taosuv_type_name((int) type);
  return name != NULL ? name : "?";
}

static int wrong_kind(taosuv_line_t* line, taosuv_type_t type) {
  return tuv_fail(&line->err, TUV_ETYPE, "this kind of value is none for a field of type %s",
                  name_of(type));
}

static int write_integer(taosuv_line_t* line, taosuv_type_t type, const taosuv_value_t* value,
                         tuv_text_t* text) {
  bool is_signed = value->kind == TAOSUV_VALUE_I64;
  if (!is_signed && value->kind != TAOSUV_VALUE_U64) return wrong_kind(line, type);
  if (is_signed ? !tuv_type_holds_i64(type, value->as.i64)
                : !tuv_type_holds_u64(type, value->as.u64))
    return tuv_fail(&line->err, TUV_ERANGE, "an integer that %s cannot hold", name_of(type));
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
  add_suffix(text, type);
  return 0;
}

/* BOOL, integers, FLOAT, DOUBLE. */
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

/* How long the text is between its quotes: the server counts its backslashes, too. */
static size_t quoted_length(const uint8_t* text, size_t length) {
  size_t quoted = length;
  for (size_t i = 0; i < length; i++) quoted += text[i] == '"' || text[i] == '\\';
  return quoted;
}

/* Sets value->length to what it stands for. */
static int check_quoted(taosuv_line_t* line, taosuv_type_t type, taosuv_value_t* value) {
  size_t most = type == TAOSUV_TYPE_NCHAR ? MAX_NCHAR : MAX_BYTES;
  bool binary = type == TAOSUV_TYPE_VARBINARY;
  if (value->kind != TAOSUV_VALUE_TEXT && !(binary && value->kind == TAOSUV_VALUE_BYTES))
    return wrong_kind(line, type);
  if (value->as.bytes == NULL && value->length != 0)
    return tuv_fail(&line->err, TUV_EINVAL, "the value of a field is missing");
  value->length = tuv_text_length(value->as.bytes, value->length);
  size_t length = binary ? value->length : quoted_length(value->as.bytes, value->length);
  if (length > most)
    return tuv_fail(&line->err, TUV_ERANGE, "the value of a field has %zu bytes, more than %zu",
                    length, most);
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
  const uint8_t* bytes = value->as.bytes;
  out = put(out, prefixes[type], strlen(prefixes[type]));
  *out++ = '"';
  if (type == TAOSUV_TYPE_VARBINARY) {
    if (value->length > 0) out = put(out, "\\x", 2);
    for (size_t i = 0; i < value->length; i++, out += 2) tuv_hex_write(out, bytes[i]);
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
  if (line->stage == BETWEEN) return tuv_fail(&line->err, TUV_EINVAL, "a field outside of a point");
  int status = check_key(line, &field_key_word, key, &key_length);
  if (status < 0) return status;
  if (!is_fixed(type) && !is_quoted(type))
    return tuv_fail(&line->err, TUV_ETYPE, "line protocol has no fields of type %s", name_of(type));
  if (value.kind == TAOSUV_VALUE_NULL) return 0;
  status = is_fixed(type) ? write_fixed(line, type, &value, &text)
                          : check_quoted(line, type, &value);
  if (status < 0) return status;
  size_t size = is_fixed(type) ? text.length : 2 * value.length + 5;
  uint8_t* out = tuv_buf_reserve(&line->text, 2 * key_length + 2 + size);
  if (out == NULL) return no_memory(line);
  uint8_t* begin = put(out, line->stage == TAGS ? " " : ",", 1);
  out = put_word(line, begin, &field_key_word, key, key_length);
  status = add_key(line, &field_key_word, begin, (size_t) (out - begin));
  if (status < 0) return status;
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
