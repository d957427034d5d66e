/* The names of types in SQL, and since which version they exist. */
#include "query/type_name.h"

#include "base/version.h"

static int read_width(ts_sql_t* sql, uint64_t max, uint32_t* width) {
  uint64_t value = 0;
  int status = ts_lex_expect_op(&sql->lex, "(");
  if (status == 0) status = ts_lex_number(&sql->lex, max, &value);
  if (status == 0) status = ts_lex_expect_op(&sql->lex, ")");
  *width = (uint32_t) value;
  return status;
}

static int read_decimal(ts_sql_t* sql, ts_type_t* type) {
  uint64_t precision = 0;
  uint64_t scale = 0;
  int status = ts_lex_expect_op(&sql->lex, "(");
  ts_token_t token = sql->lex.token;
  if (status == 0) status = ts_lex_number(&sql->lex, 38, &precision);
  if (status == 0 && ts_lex_take_op(&sql->lex, ","))
    status = ts_lex_number(&sql->lex, precision, &scale);
  if (status == 0) status = ts_lex_expect_op(&sql->lex, ")");
  if (status != 0) return status;
  if (precision == 0) {
    sql->lex.token = token;
    return ts_lex_syntax(&sql->lex);
  }
  *type = ts_type_decimal((uint8_t) precision, (uint8_t) scale);
  return 0;
}

static const struct {
  const char* word;
  uint8_t type;
  uint8_t unsigned_type; /* 0: has none */
  uint32_t max_width;    /* 0: is given none */
} type_words[] = {
    {"timestamp", TS_TIMESTAMP, 0, 0},
    {"bool", TS_BOOL, 0, 0},
    {"tinyint", TS_TINYINT, TS_UTINYINT, 0},
    {"smallint", TS_SMALLINT, TS_USMALLINT, 0},
    {"int", TS_INT, TS_UINT, 0},
    {"integer", TS_INT, TS_UINT, 0},
    {"bigint", TS_BIGINT, TS_UBIGINT, 0},
    {"float", TS_FLOAT, 0, 0},
    {"double", TS_DOUBLE, 0, 0},
    {"varchar", TS_VARCHAR, 0, 65517},
    {"binary", TS_VARCHAR, 0, 65517},
    {"nchar", TS_NCHAR, 0, 16379},
    {"varbinary", TS_VARBINARY, 0, 65517},
    {"geometry", TS_GEOMETRY, 0, 65517},
};

/* Whether the word that comes is of a type that this version has not yet. */
static bool is_too_new(const ts_sql_t* sql) {
  static const struct {
    const char* word;
    uint8_t since[4];
  } words[] = {{"geometry", {3, 1, 0, 0}},
               {"varbinary", {3, 2, 1, 0}},
               {"decimal", {3, 3, 6, 0}},
               {"numeric", {3, 3, 6, 0}},
               {"blob", {3, 3, 7, 0}}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const uint8_t* since = words[i].since;
    if (ts_lex_is(&sql->lex, words[i].word))
      return !ts_version_since(sql->env->version, since[0], since[1], since[2], since[3]);
  }
  return false;
}

int ts_sql_type(ts_sql_t* sql, ts_type_t* type) {
  if (is_too_new(sql)) return ts_lex_syntax(&sql->lex);
  if (ts_lex_take(&sql->lex, "decimal") || ts_lex_take(&sql->lex, "numeric"))
    return read_decimal(sql, type);
  if (ts_lex_take(&sql->lex, "json")) {
    *type = ts_type_var(TS_JSON, 4095);
    return 0;
  }
  if (ts_lex_take(&sql->lex, "blob")) {
    *type = ts_type_var(TS_BLOB, 4u << 20);
    return 0;
  }
  for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++) {
    if (!ts_lex_take(&sql->lex, type_words[i].word)) continue;
    if (type_words[i].max_width == 0) {
      bool is_unsigned = type_words[i].unsigned_type != 0 && ts_lex_take(&sql->lex, "unsigned");
      *type = ts_type_of(is_unsigned ? type_words[i].unsigned_type : type_words[i].type);
      return 0;
    }
    uint32_t width;
    int status = read_width(sql, type_words[i].max_width, &width);
    *type = ts_type_var(type_words[i].type, width);
    return status;
  }
  return ts_lex_syntax(&sql->lex);
}
