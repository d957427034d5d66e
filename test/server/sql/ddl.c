/* What the statements that define tables share. */
#include "sql/ddl.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "query/cell.h"
#include "query/type_name.h"

#define MAX_FIELDS 4096u

bool ts_sql_if_exists(ts_sql_t* sql, bool negated, int* status) {
  if (!ts_lex_take(&sql->lex, "if")) return false;
  if (negated) *status = ts_lex_expect(&sql->lex, "not");
  if (*status == 0) *status = ts_lex_expect(&sql->lex, "exists");
  return true;
}

/* COMMENT 'x', ENCODE 'x', COMPRESS 'x', LEVEL 'x': read, and without meaning here. */
static int skip_column_options(ts_sql_t* sql) {
  while (ts_lex_take(&sql->lex, "comment") || ts_lex_take(&sql->lex, "encode") ||
         ts_lex_take(&sql->lex, "compress") || ts_lex_take(&sql->lex, "level")) {
    if (sql->lex.token.kind != TS_T_STRING) return ts_lex_syntax(&sql->lex);
    ts_lex_advance(&sql->lex);
  }
  if (ts_lex_is(&sql->lex, "primary") || ts_lex_is(&sql->lex, "composite"))
    return ts_unsupported(sql->error, "a composite primary key");
  return 0;
}

static int add_field(ts_sql_t* sql, ts_field_list_t* list, bool tags) {
  if (list->count >= MAX_FIELDS) return ts_error(sql->error, TS_E_SYNTAX, "Too many columns");
  ts_field_t field = {0};
  int status = ts_lex_name(&sql->lex, field.name, TS_NAME_MAX);
  if (status == 0) status = ts_sql_type(sql, &field.type);
  if (status == 0) status = skip_column_options(sql);
  if (status != 0) return status;
  if (field.type.type == TS_JSON && !tags)
    return ts_error(sql->error, TS_E_SYNTAX, "Invalid column type: only tag can be json type");
  list->fields = ts_realloc(list->fields, (list->count + 1) * sizeof field);
  list->fields[list->count++] = field;
  return 0;
}

int ts_sql_fields(ts_sql_t* sql, ts_field_list_t* list, bool tags) {
  int status = ts_lex_expect_op(&sql->lex, "(");
  do {
    if (status == 0) status = add_field(sql, list, tags);
  } while (status == 0 && ts_lex_take_op(&sql->lex, ","));
  return status != 0 ? status : ts_lex_expect_op(&sql->lex, ")");
}

int ts_sql_child_tags(ts_sql_t* sql, const ts_family_t* family, uint8_t precision,
                      ts_cell_t* cells) {
  uint32_t* order = ts_arena_alloc(&sql->arena, family->ntags * sizeof *order);
  uint32_t count = family->ntags;
  int status = 0;
  for (uint32_t i = 0; i < count; i++) order[i] = i;
  if (ts_lex_take_op(&sql->lex, "(")) {
    count = 0;
    do {
      char name[TS_NAME_MAX + 1];
      status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
      if (status != 0) return status;
      int tag = ts_family_tag(family, name);
      if (tag < 0) return ts_error(sql->error, TS_E_COLUMN, "Invalid tag name: %s", name);
      if (count == family->ntags)
        return ts_error(sql->error, TS_E_TAGS_NUMBER, "Tags number not matched");
      order[count++] = (uint32_t) tag;
    } while (ts_lex_take_op(&sql->lex, ","));
    status = ts_lex_expect_op(&sql->lex, ")");
  }
  if (status == 0) status = ts_lex_expect(&sql->lex, "tags");
  if (status == 0) status = ts_lex_expect_op(&sql->lex, "(");
  for (uint32_t i = 0; status == 0 && i < count; i++) {
    if (i > 0 && !ts_lex_take_op(&sql->lex, ","))
      return ts_error(sql->error, TS_E_TAGS_NUMBER, "Tags number not matched");
    status = ts_cell_read(sql, &family->tags[order[i]], precision, &cells[order[i]]);
  }
  if (status == 0 && ts_lex_is_op(&sql->lex, ","))
    return ts_error(sql->error, TS_E_TAGS_NUMBER, "Tags number not matched");
  return status != 0 ? status : ts_lex_expect_op(&sql->lex, ")");
}
