/* Literals read as the type of the column that they go into. */
#ifndef TS_QUERY_CELL_H
#define TS_QUERY_CELL_H

#include "codec/cell.h"
#include "query/context.h"

/* Reads the literal at the lexer as the field's type. */
int ts_cell_read(ts_sql_t* sql, const ts_field_t* field, uint8_t precision, ts_cell_t* cell);
/* A JSON tag's text as it is kept (NULL for an empty one); false when it is not valid. Without
 * `arena` it is only checked. */
bool ts_cell_json(ts_arena_t* arena, const char* text, size_t size, ts_cell_t* cell);
/* The bytes behind '\x…'; NULL when the token is no such text or has an odd or wrong digit. */
uint8_t* ts_cell_hex(ts_sql_t* sql, const ts_token_t* token, size_t* size);

#endif
