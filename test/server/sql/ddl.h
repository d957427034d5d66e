/* What the statements that define tables share: lists of columns, and the tags of a new child. */
#ifndef TS_SQL_DDL_H
#define TS_SQL_DDL_H

#include "codec/cell.h"
#include "query/context.h"

typedef struct ts_field_list_s {
  ts_field_t* fields; /* freed by the caller, after errors too */
  uint32_t count;
} ts_field_list_t;

/* Reads IF EXISTS, or IF NOT EXISTS when `negated`; whether it is there. */
bool ts_sql_if_exists(ts_sql_t* sql, bool negated, int* status);
/* (name type, …) */
int ts_sql_fields(ts_sql_t* sql, ts_field_list_t* list, bool tags);

/* [(names)] TAGS (values) of a new child: cells[i] is of family->tags[i]. */
int ts_sql_child_tags(ts_sql_t* sql, const ts_family_t* family, uint8_t precision,
                      ts_cell_t* cells);
#endif
