/* Values of schemaless texts: numbers with their suffixes, booleans, and the quoted kinds. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lines/point.h"
#include "codec/wkt.h"

static int bad(ts_points_t* points, ts_piece_t text, const char* reason) {
  return ts_error(points->error, TS_E_LINES_VALUE, "%s:%.*s", reason,
                  text.size > 256 ? 256 : (int) text.size, text.at);
}

/* ---- numbers ---- */

static const struct {
  const char* suffix;
  uint8_t type;
  int64_t min;
  uint64_t max;
} suffixes[] = {
    {"i8", TS_TINYINT, INT8_MIN, INT8_MAX},
    {"i16", TS_SMALLINT, INT16_MIN, INT16_MAX},
    {"i32", TS_INT, INT32_MIN, INT32_MAX},
    {"i64", TS_BIGINT, INT64_MIN, INT64_MAX},
    {"i", TS_BIGINT, INT64_MIN, INT64_MAX},
    {"u8", TS_UTINYINT, 0, UINT8_MAX},
    {"u16", TS_USMALLINT, 0, UINT16_MAX},
    {"u32", TS_UINT, 0, UINT32_MAX},
    {"u64", TS_UBIGINT, 0, UINT64_MAX},
    {"u", TS_UBIGINT, 0, UINT64_MAX},
    {"f32", TS_FLOAT, 0, 0},
    {"f64", TS_DOUBLE, 0, 0},
    {"", TS_DOUBLE, 0, 0},
};

static int read_real(ts_points_t* points, ts_piece_t text, const char* digits, uint8_t type,
                     ts_pair_t* pair) {
  char* end;
  double value = strtod(digits, &end);
  bool number = *digits == '+' || *digits == '-' || *digits == '.' ||
                (*digits >= '0' && *digits <= '9');
  if (!number || *end != '\0' || !isfinite(value)) return bad(points, text, "invalid data");
  if (type == TS_FLOAT && fabs(value) > (double) FLT_MAX)
    return bad(points, text, "float out of range[-3.402823466e+38,3.402823466e+38]");
  pair->type = type;
  pair->cell.kind = TS_CELL_REAL;
  pair->cell.real = type == TS_FLOAT ? (double) (float) value : value;
  return 0;
}

static int read_integer(ts_points_t* points, ts_piece_t text, const char* digits, size_t which,
                        ts_pair_t* pair) {
  bool negative = *digits == '-';
  const char* at = digits + (negative || *digits == '+');
  if (*at == '\0' || strspn(at, "0123456789") != strlen(at))
    return bad(points, text, "invalid data");
  errno = 0;
  uint64_t value = strtoull(at, NULL, 10);
  uint64_t below = 0 - (uint64_t) suffixes[which].min;
  if (errno != 0 || value > (negative ? below : suffixes[which].max))
    return bad(points, text, "out of range");
  pair->type = suffixes[which].type;
  pair->cell.kind = TS_CELL_INT;
  pair->cell.integer = (int64_t) (negative ? 0 - value : value);
  return 0;
}

static int read_number(ts_points_t* points, ts_piece_t text, ts_pair_t* pair) {
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    size_t size = strlen(suffixes[i].suffix);
    if (size >= text.size || memcmp(text.at + text.size - size, suffixes[i].suffix, size) != 0)
      continue;
    const char* digits = ts_points_text(points, (ts_piece_t) {text.at, text.size - size});
    uint8_t type = suffixes[i].type;
    return type == TS_FLOAT || type == TS_DOUBLE ? read_real(points, text, digits, type, pair)
                                                 : read_integer(points, text, digits, i, pair);
  }
  return bad(points, text, "invalid data");
}

/* ---- quoted ---- */

static int hex_digit(char c) {
  const char* digits = "0123456789abcdef";
  const char* at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
  return at == NULL ? -1 : (int) (at - digits);
}

static int read_hex(ts_points_t* points, ts_piece_t text, ts_piece_t inside, ts_cell_t* cell) {
  if (inside.size % 2 != 0) return bad(points, text, "Invalid varbinary value");
  uint8_t* bytes = ts_arena_alloc(&points->memory, inside.size / 2);
  for (size_t i = 2; i < inside.size; i += 2) {
    int high = hex_digit(inside.at[i]);
    int low = hex_digit(inside.at[i + 1]);
    if (high < 0 || low < 0) return bad(points, text, "Invalid varbinary value");
    bytes[i / 2 - 1] = (uint8_t) (high * 16 + low);
  }
  cell->data = bytes;
  cell->size = inside.size / 2 - 1;
  return 0;
}

static int read_geometry(ts_points_t* points, ts_piece_t text, ts_piece_t inside, ts_cell_t* cell) {
  ts_buf_t wkb = {0};
  int status = ts_wkt_parse(inside.at, inside.size, &wkb);
  if (status == 0) {
    uint8_t* bytes = ts_arena_alloc(&points->memory, wkb.size);
    memcpy(bytes, wkb.data, wkb.size);
    cell->data = bytes;
    cell->size = wkb.size;
  }
  ts_buf_free(&wkb);
  return status == 0 ? 0 : bad(points, text, "invalid geometry");
}

/* "…", L"…", B"…", G"…": `prefix` is their letter, or a quote. */
static int read_quoted(ts_points_t* points, ts_piece_t text, char prefix, ts_pair_t* pair) {
  size_t open = prefix == '"' ? 1 : 2;
  if (text.size < open + 1 || text.at[open - 1] != '"' || text.at[text.size - 1] != '"')
    return bad(points, text, "invalid data");
  ts_piece_t inside = {text.at + open, text.size - open - 1};
  pair->cell.kind = TS_CELL_BYTES;
  if (prefix == 'g') {
    pair->type = TS_GEOMETRY;
    return read_geometry(points, text, inside, &pair->cell);
  }
  pair->type = TS_VARBINARY;
  if (prefix == 'b' && inside.size >= 2 && *inside.at == '\\' && (inside.at[1] | 0x20) == 'x')
    return read_hex(points, text, inside, &pair->cell);
  if (inside.size > (prefix == 'l' ? 16379u : 65517u)) /* with its escapes */
    return ts_error(points->error, TS_E_TOO_LONG, "Value too long for column/tag: %s", pair->name);
  inside = ts_points_unescape(points, inside, "\"\\");
  pair->cell.data = inside.at;
  pair->cell.size = inside.size;
  if (prefix == 'b') return 0;
  pair->type = prefix == 'l' ? TS_NCHAR : TS_VARCHAR;
  pair->cell.kind = TS_CELL_TEXT;
  return 0;
}

/* ---- any ---- */

static bool is_word(ts_piece_t text, const char* word) {
  size_t size = strlen(word);
  if (text.size != size && text.size != 1) return false;
  for (size_t i = 0; i < text.size; i++)
    if ((text.at[i] | 0x20) != word[i]) return false;
  return true;
}

int ts_value_read(ts_points_t* points, ts_piece_t text, ts_pair_t* pair) {
  char first = *text.at == '"' ? '"' : (char) (*text.at | 0x20);
  if (strchr("\"lgb", first) != NULL && first != '\0')
    return read_quoted(points, text, first, pair);
  if (first == 't' || first == 'f') {
    bool truth = is_word(text, "true");
    if (!truth && !is_word(text, "false")) return bad(points, text, "invalid data");
    pair->type = TS_BOOL;
    pair->cell.kind = TS_CELL_INT;
    pair->cell.integer = truth;
    return 0;
  }
  return read_number(points, text, pair);
}
