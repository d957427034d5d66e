/* What a statement's SQL has question marks for, read without a server. */
#include "wire/stmt/sql.h"

#include <string.h>

#include "wire/stmt/table_name.h"
#include "wire/types.h"

typedef struct scanner_s {
  const char* at;
  const char* end;
} scanner_t;

/* A piece of SQL: a word, or one character; quoted texts and names are one piece that begins with
 * its quote. */
typedef struct token_s {
  const char* at;
  size_t length; /* 0: the end */
} token_t;

static bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char* find(const scanner_t* scan, const char* from, const char* what) {
  size_t length = strlen(what);
  for (; (size_t) (scan->end - from) >= length; from++)
    if (memcmp(from, what, length) == 0) return from + length;
  return scan->end;
}

static void skip_blanks(scanner_t* scan) {
  while (scan->at < scan->end) {
    size_t left = (size_t) (scan->end - scan->at);
    if (left >= 2 && memcmp(scan->at, "--", 2) == 0)
      scan->at = find(scan, scan->at, "\n");
    else if (left >= 2 && memcmp(scan->at, "/*", 2) == 0)
      scan->at = find(scan, scan->at + 2, "*/");
    else if ((unsigned char) *scan->at <= ' ')
      scan->at++;
    else
      return;
  }
}

/* Behind the quoted text that begins here: a quote inside is doubled, or behind a backslash. */
static const char* quoted_end(const scanner_t* scan) {
  char quote = *scan->at;
  const char* at = scan->at + 1;
  while (at < scan->end) {
    if (*at == '\\' && quote != '`' && at + 1 < scan->end) {
      at += 2;
    } else if (*at == quote) {
      if (at + 1 == scan->end || at[1] != quote) return at + 1;
      at += 2;
    } else {
      at++;
    }
  }
  return scan->end;
}

static token_t next(scanner_t* scan) {
  skip_blanks(scan);
  token_t token = {scan->at, 0};
  if (scan->at == scan->end) return token;
  char first = *scan->at;
  if (first == '\'' || first == '"' || first == '`')
    scan->at = quoted_end(scan);
  else if (is_word(first))
    while (scan->at < scan->end && is_word(*scan->at)) scan->at++;
  else
    scan->at++;
  token.length = (size_t) (scan->at - token.at);
  return token;
}

static bool is(token_t token, const char* word) {
  if (token.length != strlen(word)) return false;
  for (size_t i = 0; i < token.length; i++) {
    char c = token.at[i];
    if ((c >= 'A' && c <= 'Z' ? (char) (c + 32) : c) != word[i]) return false;
  }
  return true;
}

/* A table's name, "name" or "database.name" with or without quotes; returns what comes after it. */
static token_t take_name(scanner_t* scan, const char* sql, token_t token, tuv_stmt_sql_t* out) {
  const char* end = token.at + token.length;
  out->name_at = (size_t) (token.at - sql);
  out->database_length = 0;
  token_t after = next(scan);
  if (is(after, ".")) {
    out->database_length = token.length;
    token = next(scan);
    end = token.at + token.length;
    after = next(scan);
  }
  out->name_length = (size_t) (end - sql) - out->name_at;
  return after;
}

/* After INSERT. */
static token_t scan_target(scanner_t* scan, const char* sql, tuv_stmt_sql_t* out) {
  token_t token = next(scan);
  if (is(token, "into")) token = next(scan);
  if (!is(token, "?")) return take_name(scan, sql, token, out);
  out->table = true;
  out->table_at = (size_t) (token.at - sql);
  return next(scan);
}

/* Where in an INSERT a token stands. */
typedef enum {
  OF_COLUMNS, /* before VALUES: a list in (…) names columns */
  OF_TAGS,    /* behind USING and its table: a list names tags */
  TAG_VALUES, /* behind TAGS */
  VALUES
} place_t;

/* Up to the end of the (…) that begins here: a list of names, or the values of tags. */
static void scan_list(scanner_t* scan, const char* sql, place_t place, tuv_stmt_sql_t* out) {
  size_t begin = (size_t) (scan->at - sql), end = begin;
  unsigned depth = 1;
  while (depth > 0) {
    token_t token = next(scan);
    if (token.length == 0) return;
    if (is(token, "?")) (*(place == TAG_VALUES ? &out->tags : &out->columns))++;
    if (is(token, "(")) depth++;
    if (is(token, ")")) depth--;
    if (depth > 0) end = (size_t) (token.at - sql) + token.length;
  }
  if (place == OF_TAGS) {
    out->tag_list_at = begin;
    out->tag_list_length = end - begin;
  } else if (place == OF_COLUMNS) {
    out->column_list_at = begin;
    out->column_list_length = end - begin;
  }
}

/* After the table of an INSERT. */
static void scan_insert(scanner_t* scan, const char* sql, token_t token, tuv_stmt_sql_t* out) {
  place_t place = OF_COLUMNS;
  while (token.length > 0) {
    bool list = place != VALUES && is(token, "(");
    bool using = !out->super_table && is(token, "using");
    if (is(token, "?")) (*(place == TAG_VALUES ? &out->tags : &out->columns))++;
    if (list) scan_list(scan, sql, place, out);
    if (list && place == TAG_VALUES) place = OF_COLUMNS;
    if (is(token, "tags") && place == OF_TAGS) place = TAG_VALUES;
    if (is(token, "values")) place = VALUES;
    token = next(scan);
    if (!using) continue;
    out->super_table = true;
    place = OF_TAGS;
    if (!is(token, "?")) token = take_name(scan, sql, token, out);
  }
}

void tuv_stmt_sql_scan(const char* sql, size_t length, tuv_stmt_sql_t* out) {
  scanner_t scan = {sql, sql + length};
  memset(out, 0, sizeof *out);
  token_t token = next(&scan);
  out->insert = is(token, "insert");
  out->select = is(token, "select");
  if (out->insert) {
    scan_insert(&scan, sql, scan_target(&scan, sql, out), out);
    return;
  }
  for (; token.length > 0; token = next(&scan))
    if (is(token, "?")) out->columns++;
}

/* Appends as far as there is room; counts all. */
static void put(char* out, size_t room, size_t* at, const char* bytes, size_t length) {
  if (*at < room) memcpy(out + *at, bytes, length < room - *at ? length : room - *at);
  *at += length;
}

/* The table's name in backquotes; returns false when it is none, or cannot be quoted. */
static bool put_name(char* out, size_t room, size_t* at, const char* table) {
  tuv_table_name_t name;
  if (tuv_table_name_read(table, strlen(table), &name, NULL) < 0) return false;
  if (strpbrk(name.database_length > 0 ? name.database : "", "`'\"\\") != NULL ||
      strpbrk(name.table, "`'\"\\") != NULL)
    return false;
  put(out, room, at, "`", 1);
  if (name.database_length > 0) {
    put(out, room, at, name.database, name.database_length);
    put(out, room, at, "`.`", 3);
  }
  put(out, room, at, name.table, name.table_length);
  put(out, room, at, "`", 1);
  return true;
}

size_t tuv_stmt_sql_name(const char* sql, size_t length, const tuv_stmt_sql_t* scan,
                         const char* table, char* out, size_t room) {
  size_t at = 0;
  put(out, room, &at, sql, scan->table_at);
  if (!put_name(out, room, &at, table)) return 0;
  put(out, room, &at, sql + scan->table_at + 1, length - scan->table_at - 1);
  return at;
}

bool tuv_stmt_scale_is_untold(const taosuv_stmt_field_t* field) {
  return tuv_type_is_decimal(field->type) && field->kind == TAOSUV_BIND_COLUMN &&
         field->precision == 0 && field->scale == 0;
}

size_t tuv_stmt_sql_decimals(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                             const taosuv_stmt_field_t* fields, uint32_t count, char* out,
                             size_t room) {
  size_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (!tuv_stmt_scale_is_untold(&fields[i])) continue;
    if (memchr(fields[i].name, '`', fields[i].name_length) != NULL) return 0;
    if (at == 0)
      put(out, room, &at, "select `", 8);
    else
      put(out, room, &at, ",`", 2);
    put(out, room, &at, fields[i].name, fields[i].name_length);
    put(out, room, &at, "`", 1);
  }
  if (at == 0) return 0;
  put(out, room, &at, " from ", 6);
  if (scan->name_length > 0)
    put(out, room, &at, sql + scan->name_at, scan->name_length);
  else if (table == NULL || !put_name(out, room, &at, table))
    return 0;
  put(out, room, &at, " limit 0", 8);
  return at;
}

/* The name of the table that has the columns. */
static bool put_table(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                      const char* db, char* out, size_t room, size_t* at) {
  bool own = scan->name_length > 0;
  bool has_db = own ? scan->database_length > 0 : table != NULL && strchr(table, '.') != NULL;
  if (!own && table == NULL) return false;
  if (!has_db && db[0] != 0) {
    if (!put_name(out, room, at, db)) return false;
    put(out, room, at, ".", 1);
  }
  if (!own) return put_name(out, room, at, table);
  put(out, room, at, sql + scan->name_at, scan->name_length);
  return true;
}

size_t tuv_stmt_sql_fields(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                           const char* db, char* out, size_t room) {
  size_t at = 0;
  bool columns = scan->column_list_length > 0, tags = scan->tag_list_length > 0;
  put(out, room, &at, "select ", 7);
  if (columns)
    put(out, room, &at, sql + scan->column_list_at, scan->column_list_length);
  else
    put(out, room, &at, "*", 1);
  if (scan->tags > 0 && tags) {
    put(out, room, &at, ",", 1);
    put(out, room, &at, sql + scan->tag_list_at, scan->tag_list_length);
  } else if (scan->tags > 0 && columns) {
    put(out, room, &at, ",*", 2);
  }
  put(out, room, &at, " from ", 6);
  if (!put_table(sql, scan, table, db, out, room, &at)) return 0;
  put(out, room, &at, " limit 0", 8);
  return at;
}

bool tuv_sql_changes_tables(const char* sql, size_t length) {
  scanner_t scan = {sql, sql + length};
  token_t first = next(&scan);
  return is(first, "use") || is(first, "alter") || is(first, "drop");
}
