/* Bound values checked against a field, and read. */
#ifndef TS_STMT_CHECK_H
#define TS_STMT_CHECK_H

#include "stmt/binding.h"

typedef struct ts_bind_rules_s {
  bool decimal_text;
  bool blobs;
} ts_bind_rules_t;

/* Whether all values fit the field; TS_E_POISON for lengths that the real one would trust. */
int ts_bind_check(const ts_field_t* field, const ts_bind_t* bind, ts_bind_rules_t rules,
                  ts_error_t* error);
/* The next value; `*at` is where its data begins, 0 for the first row. `arena` gives memory. */
void ts_bind_cell(ts_arena_t* arena, const ts_field_t* field, const ts_bind_t* bind, uint32_t row,
                  size_t* at, ts_cell_t* cell);
uint32_t ts_bind_nulls(const ts_bind_t* bind); /* how many are NULL */
/* The sum of a column of an integer type, which has been checked. */
int64_t ts_bind_sum(const ts_field_t* field, const ts_bind_t* bind);

#endif
