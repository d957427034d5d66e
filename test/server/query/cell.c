/* Literals of INSERT and TAGS, read as the type of the column that they go into. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/buf.h"
#include "codec/decimal.h"
#include "codec/wkt.h"
#include "query/cell.h"

/* The error of the insert parser, which is another one than that of queries. */
static int bad(ts_sql_t* sql, const ts_token_t* token, const char* reason) {
  int size = token->size > 128 ? 128 : (int) token->size;
  return ts_error(sql->error, TS_E_INSERT, "syntax error near '%.*s' (%s)", size, token->at,
                  reason);
}

/* A number's text with its sign, from a number or from a string; "" when it is neither. */
typedef struct number_s {
  ts_token_t token;
  bool integer; /* written without point and exponent */
  bool negative;
  bool wide; /* |value| needs more than 64 bits */
  uint64_t value;
  char text[128];
} number_t;

static bool read_number(ts_sql_t* sql, number_t* number) {
  *number = (number_t) {.token = sql->lex.token};
  const char* sign = "";
  if (ts_lex_is_op(&sql->lex, "-")) {
    sign = "-";
    number->negative = true;
    ts_lex_advance(&sql->lex);
  } else if (ts_lex_is_op(&sql->lex, "+")) {
    ts_lex_advance(&sql->lex);
  }
  ts_token_t token = sql->lex.token;
  if (token.kind == TS_T_STRING) { /* its inside, which may have a sign too */
    token.at++;
    token.size -= 2;
    if (token.size > 0 && (*token.at == '-' || *token.at == '+')) {
      number->negative = *token.at == '-';
      sign = number->negative ? "-" : "";
      token.at++;
      token.size--;
    }
    ts_lex_t inside;
    ts_error_t ignored;
    ts_lex_init(&inside, token.at, token.size, &ignored);
    if (inside.token.size != token.size) return false;
    token.kind = inside.token.kind;
  }
  if (token.kind != TS_T_INT && token.kind != TS_T_FLOAT) return false;
  number->integer = token.kind == TS_T_INT;
  number->wide = number->integer && !ts_lex_int(&token, &number->value);
  if (token.size >= sizeof number->text - 1) return false;
  snprintf(number->text, sizeof number->text, "%s%.*s", sign, (int) token.size, token.at);
  ts_lex_advance(&sql->lex);
  return true;
}

/* The bits of an integer type, and the greatest absolute values it takes. */
static void limits(uint8_t type, uint64_t* max, uint64_t* min) {
  static const unsigned bits[] = {
      [TS_TINYINT] = 8,  [TS_SMALLINT] = 16,  [TS_INT] = 32,  [TS_BIGINT] = 64,
      [TS_UTINYINT] = 8, [TS_USMALLINT] = 16, [TS_UINT] = 32, [TS_UBIGINT] = 64};
  uint64_t all = UINT64_MAX >> (64 - bits[type]);
  *max = ts_type_is_unsigned(type) ? all : all / 2;
  *min = ts_type_is_unsigned(type) ? 0 : all / 2 + 1;
}

static int read_integer(ts_sql_t* sql, uint8_t type, ts_cell_t* cell) {
  number_t number;
  char reason[64];
  snprintf(reason, sizeof reason, "invalid %s data", ts_type_name(type));
  if (!read_number(sql, &number) || !number.integer) return bad(sql, &number.token, reason);
  uint64_t max;
  uint64_t min;
  limits(type, &max, &min);
  snprintf(reason, sizeof reason, "%s data overflow", ts_type_name(type));
  for (char* c = reason; *c != '\0'; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char) (*c + 32);
  if (number.wide || number.value > (number.negative ? min : max))
    return bad(sql, &number.token, reason);
  cell->kind = TS_CELL_INT;
  cell->integer = (int64_t) (number.negative ? 0 - number.value : number.value);
  return 0;
}

static int read_bool(ts_sql_t* sql, ts_cell_t* cell) {
  ts_token_t token = sql->lex.token;
  cell->kind = TS_CELL_INT;
  const char* text = token.kind == TS_T_STRING ? token.at + 1 : token.at;
  size_t size = token.kind == TS_T_STRING ? token.size - 2 : token.size;
  if (token.kind == TS_T_STRING || token.kind == TS_T_WORD) {
    ts_lex_t word;
    ts_error_t ignored;
    ts_lex_init(&word, text, size, &ignored);
    if (ts_lex_is(&word, "true") || ts_lex_is(&word, "false")) {
      cell->integer = ts_lex_is(&word, "true");
      ts_lex_advance(&sql->lex);
      return 0;
    }
  }
  number_t number;
  if (!read_number(sql, &number)) return bad(sql, &token, "invalid bool data");
  cell->integer = strtod(number.text, NULL) != 0;
  return 0;
}

static int read_real(ts_sql_t* sql, uint8_t type, ts_cell_t* cell) {
  number_t number;
  const char* reason = type == TS_FLOAT ? "illegal float data" : "illegal double data";
  if (!read_number(sql, &number)) return bad(sql, &number.token, reason);
  double value = strtod(number.text, NULL);
  if (isinf(value) || (type == TS_FLOAT && fabs(value) > (double) FLT_MAX))
    return bad(sql, &number.token, reason);
  cell->kind = TS_CELL_REAL;
  cell->real = type == TS_FLOAT ? (double) (float) value : value;
  return 0;
}

static int read_decimal(ts_sql_t* sql, ts_type_t type, ts_cell_t* cell) {
  number_t number;
  ts_i128_t value = 0;
  if (!read_number(sql, &number)) return bad(sql, &number.token, "illegal decimal data");
  int status = ts_decimal_parse(number.text, strlen(number.text), type.precision, type.scale,
                                &value);
  if (status != 0) return bad(sql, &number.token, "decimal data overflow");
  cell->integer = (int64_t) value;
  cell->kind = TS_CELL_INT;
  if (type.type == TS_DECIMAL64) return 0;
  uint8_t* key = ts_arena_alloc(&sql->arena, 16);
  ts_decimal_key(value, key);
  cell->kind = TS_CELL_BYTES;
  cell->data = key;
  cell->size = 16;
  return 0;
}

static size_t characters(const char* text, size_t size) {
  size_t count = 0;
  for (size_t i = 0; i < size; i++) count += ((unsigned char) text[i] & 0xc0) != 0x80;
  return count;
}

static int too_long(ts_sql_t* sql, const ts_field_t* field) {
  return ts_error(sql->error, TS_E_TOO_LONG, "Value too long for column/tag: %s", field->name);
}

static int read_text(ts_sql_t* sql, const ts_field_t* field, ts_cell_t* cell) {
  ts_token_t token = sql->lex.token;
  if (token.kind != TS_T_STRING) return bad(sql, &token, "invalid string data");
  char* text = ts_arena_alloc(&sql->arena, token.size);
  cell->size = ts_lex_unescape(&token, text);
  cell->data = text;
  cell->kind = TS_CELL_TEXT;
  size_t width = field->type.type == TS_NCHAR ? characters(text, cell->size) : cell->size;
  if (width > field->type.width) return too_long(sql, field);
  ts_lex_advance(&sql->lex);
  return 0;
}

uint8_t* ts_cell_hex(ts_sql_t* sql, const ts_token_t* token, size_t* size) {
  if (token->kind != TS_T_STRING || token->size < 4 || token->size % 2 != 0) return NULL;
  if (token->at[1] != '\\' || (token->at[2] | 0x20) != 'x') return NULL;
  *size = (token->size - 4) / 2;
  uint8_t* bytes = ts_arena_alloc(&sql->arena, *size + 1);
  for (size_t i = 0; i < *size; i++) {
    int high = ts_hex_digit(token->at[3 + 2 * i]);
    int low = ts_hex_digit(token->at[4 + 2 * i]);
    if (high < 0 || low < 0) return NULL;
    bytes[i] = (uint8_t) (high * 16 + low);
  }
  return bytes;
}

static int read_bytes(ts_sql_t* sql, const ts_field_t* field, ts_cell_t* cell) {
  ts_token_t token = sql->lex.token;
  if (token.kind != TS_T_STRING) return bad(sql, &token, "invalid varbinary data");
  cell->kind = TS_CELL_BYTES;
  cell->data = ts_cell_hex(sql, &token, &cell->size);
  if (cell->data == NULL) {
    if (token.size > 3 && token.at[1] == '\\' && (token.at[2] | 0x20) == 'x')
      return bad(sql, &token, "invalid varbinary data");
    char* text = ts_arena_alloc(&sql->arena, token.size);
    cell->size = ts_lex_unescape(&token, text);
    cell->data = text;
  }
  if (cell->size > field->type.width) return too_long(sql, field);
  ts_lex_advance(&sql->lex);
  return 0;
}

static int read_geometry(ts_sql_t* sql, const ts_field_t* field, ts_cell_t* cell) {
  ts_token_t token = sql->lex.token;
  if (token.kind != TS_T_STRING) return bad(sql, &token, "invalid geometry data");
  ts_buf_t wkb = {0};
  int status = ts_wkt_parse(token.at + 1, token.size - 2, &wkb);
  if (status == 0) {
    void* copy = ts_arena_alloc(&sql->arena, wkb.size);
    memcpy(copy, wkb.data, wkb.size);
    cell->kind = TS_CELL_BYTES;
    cell->data = copy;
    cell->size = wkb.size;
  }
  ts_buf_free(&wkb);
  if (status != 0) return bad(sql, &token, "invalid geometry data");
  if (cell->size > field->type.width) return too_long(sql, field);
  ts_lex_advance(&sql->lex);
  return 0;
}

bool ts_cell_json(ts_arena_t* arena, const char* text, size_t size, ts_cell_t* cell) {
  if (arena != NULL) *cell = (ts_cell_t) {0};
  if (size == 0) return true; /* '' is NULL */
  yyjson_doc* doc = yyjson_read(text, size, 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  bool ok = yyjson_is_obj(root) || yyjson_is_null(root);
  if (arena != NULL && yyjson_is_obj(root)) {
    size_t length = 0;
    char* written = yyjson_write(doc, 0, &length);
    char* copy = ts_arena_alloc(arena, length + 1);
    memcpy(copy, written, length);
    free(written);
    *cell = (ts_cell_t) {.kind = TS_CELL_TEXT, .data = copy, .size = length};
  }
  yyjson_doc_free(doc);
  return ok;
}

static int read_json(ts_sql_t* sql, ts_cell_t* cell) {
  ts_token_t token = sql->lex.token;
  if (token.kind != TS_T_STRING) return bad(sql, &token, "invalid json data");
  char* text = ts_arena_alloc(&sql->arena, token.size);
  size_t size = ts_lex_unescape(&token, text);
  ts_lex_advance(&sql->lex);
  return ts_cell_json(&sql->arena, text, size, cell) ? 0 : bad(sql, &token, "json parse error");
}

/* now, now(), today(), a number or a text, optionally followed by `+ 10s`. */
static int read_time(ts_sql_t* sql, uint8_t precision, ts_cell_t* cell) {
  ts_token_t token = sql->lex.token;
  number_t number;
  cell->kind = TS_CELL_INT;
  if (ts_lex_is(&sql->lex, "now") || ts_lex_is(&sql->lex, "today")) {
    cell->integer = ts_lex_is(&sql->lex, "now") ? ts_now(precision)
                                                : ts_today(precision, &sql->env->zone);
    ts_lex_advance(&sql->lex);
    if (ts_lex_take_op(&sql->lex, "(") && !ts_lex_take_op(&sql->lex, ")"))
      return bad(sql, &sql->lex.token, ") expected");
  } else if (token.kind == TS_T_STRING) {
    int status = ts_time_parse(token.at + 1, token.size - 2, precision, &sql->env->zone,
                               &cell->integer);
    if (status == 2) return ts_unsupported(sql->error, "a local time of this connection's zone");
    if (status != 0) return bad(sql, &token, "invalid timestamp");
    ts_lex_advance(&sql->lex);
  } else if (read_number(sql, &number) && number.integer && !number.wide &&
             number.value <= INT64_MAX) {
    cell->integer = number.negative ? -(int64_t) number.value : (int64_t) number.value;
  } else {
    return bad(sql, &token, "invalid timestamp");
  }
  bool minus = ts_lex_is_op(&sql->lex, "-");
  if (!minus && !ts_lex_is_op(&sql->lex, "+")) return 0;
  ts_lex_advance(&sql->lex);
  int64_t duration;
  token = sql->lex.token;
  if (token.kind != TS_T_DURATION ||
      ts_duration_parse(token.at, token.size, precision, &duration) != 0)
    return bad(sql, &token, "invalid timestamp");
  ts_lex_advance(&sql->lex);
  bool over = minus ? __builtin_sub_overflow(cell->integer, duration, &cell->integer)
                    : __builtin_add_overflow(cell->integer, duration, &cell->integer);
  return over ? bad(sql, &token, "invalid timestamp") : 0;
}

int ts_cell_read(ts_sql_t* sql, const ts_field_t* field, uint8_t precision, ts_cell_t* cell) {
  *cell = (ts_cell_t) {0};
  if (ts_lex_take(&sql->lex, "null")) return 0;
  uint8_t type = field->type.type;
  if (ts_type_is_integer(type)) return read_integer(sql, type, cell);
  switch (type) {
    case TS_TIMESTAMP: return read_time(sql, precision, cell);
    case TS_BOOL: return read_bool(sql, cell);
    case TS_FLOAT:
    case TS_DOUBLE: return read_real(sql, type, cell);
    case TS_VARCHAR:
    case TS_NCHAR: return read_text(sql, field, cell);
    case TS_VARBINARY:
    case TS_BLOB: return read_bytes(sql, field, cell);
    case TS_GEOMETRY: return read_geometry(sql, field, cell);
    case TS_JSON: return read_json(sql, cell);
    default: return read_decimal(sql, field->type, cell);
  }
}
