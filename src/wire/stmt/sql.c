/* The question marks and names in the SQL of a statement. */
#include "wire/stmt/sql.h"

#include <string.h>

#include "wire/sql/lexer.h"
#include "wire/stmt/table_name.h"
#include "wire/types.h"

/* Reads the name of a table, "name" or "database.name" with or without quotes. Returns the token
 * after it. */
static tuv_sql_token_t take_name(tuv_sql_lexer_t* lexer, const char* sql, tuv_sql_token_t token,
                                 tuv_stmt_sql_t* out) {
  const char* end = token.at + token.length;
  out->name_at = (size_t) (token.at - sql);
  out->database_length = 0;
  tuv_sql_token_t after = tuv_sql_next(lexer);
  if (tuv_sql_is(after, ".")) {
    out->database_length = token.length;
    token = tuv_sql_next(lexer);
    end = token.at + token.length;
    after = tuv_sql_next(lexer);
  }
  out->name_length = (size_t) (end - sql) - out->name_at;
  return after;
}

/* Reads the table after INSERT. */
static tuv_sql_token_t scan_target(tuv_sql_lexer_t* lexer, const char* sql, tuv_stmt_sql_t* out) {
  tuv_sql_token_t token = tuv_sql_next(lexer);
  if (tuv_sql_is(token, "into")) token = tuv_sql_next(lexer);
  if (!tuv_sql_is(token, "?")) return take_name(lexer, sql, token, out);
  out->table = true;
  out->table_at = (size_t) (token.at - sql);
  return tuv_sql_next(lexer);
}

/* Positions in an INSERT. */
typedef enum {
  OF_COLUMNS, /* before VALUES: a list in (…) names columns */
  OF_TAGS,    /* after USING and its table: a list names tags */
  TAG_VALUES, /* after TAGS */
  VALUES
} place_t;

/* Reads up to the end of a list in parentheses, of names or of values of tags. */
static void scan_list(tuv_sql_lexer_t* lexer, const char* sql, place_t place, tuv_stmt_sql_t* out) {
  size_t begin = (size_t) (lexer->at - sql), end = begin;
  unsigned depth = 1;
  while (depth > 0) {
    tuv_sql_token_t token = tuv_sql_next(lexer);
    if (token.length == 0) return;
    if (tuv_sql_is(token, "?")) (*(place == TAG_VALUES ? &out->tags : &out->columns))++;
    if (tuv_sql_is(token, "(")) depth++;
    if (tuv_sql_is(token, ")")) depth--;
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

/* Reads what follows the table of an INSERT. */
static void scan_insert(tuv_sql_lexer_t* lexer, const char* sql, tuv_sql_token_t token,
                        tuv_stmt_sql_t* out) {
  place_t place = OF_COLUMNS;
  while (token.length > 0) {
    bool list = place != VALUES && tuv_sql_is(token, "(");
    bool using = !out->super_table && tuv_sql_is(token, "using");
    if (tuv_sql_is(token, "?")) (*(place == TAG_VALUES ? &out->tags : &out->columns))++;
    if (list) scan_list(lexer, sql, place, out);
    if (list && place == TAG_VALUES) place = OF_COLUMNS;
    if (tuv_sql_is(token, "tags") && place == OF_TAGS) place = TAG_VALUES;
    if (tuv_sql_is(token, "values")) place = VALUES;
    token = tuv_sql_next(lexer);
    if (!using) continue;
    out->super_table = true;
    place = OF_TAGS;
    if (!tuv_sql_is(token, "?")) token = take_name(lexer, sql, token, out);
  }
}

void tuv_stmt_sql_scan(const char* sql, size_t length, tuv_stmt_sql_t* out) {
  tuv_sql_lexer_t lexer = tuv_sql_lexer(sql, length);
  memset(out, 0, sizeof *out);
  tuv_sql_token_t token = tuv_sql_next(&lexer);
  out->insert = tuv_sql_is(token, "insert");
  out->select = tuv_sql_is(token, "select");
  if (out->insert) {
    scan_insert(&lexer, sql, scan_target(&lexer, sql, out), out);
    return;
  }
  for (; token.length > 0; token = tuv_sql_next(&lexer))
    if (tuv_sql_is(token, "?")) out->columns++;
}

/* Appends as much as fits, and counts everything. */
static void put(char* out, size_t room, size_t* at, const char* bytes, size_t length) {
  if (*at < room) memcpy(out + *at, bytes, length < room - *at ? length : room - *at);
  *at += length;
}

/* Appends the name of a table in backquotes. Returns false for a text that is not a name, or that
 * cannot be quoted. */
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

bool tuv_stmt_scale_is_unknown(const taosuv_stmt_field_t* field) {
  return tuv_type_is_decimal(field->type) && field->kind == TAOSUV_BIND_COLUMN &&
         field->precision == 0 && field->scale == 0;
}

size_t tuv_stmt_sql_decimals(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                             const taosuv_stmt_field_t* fields, uint32_t count, char* out,
                             size_t room) {
  size_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (!tuv_stmt_scale_is_unknown(&fields[i])) continue;
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

/* Appends the name of the table that has the columns. */
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
