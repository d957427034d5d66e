/* Errors of binding. */
#include <stdio.h>
#include <string.h>

#include "wire/batch/error.h"
#include "wire/batch/table.h"

int tuv_batch_no_memory(tuv_errmsg_t* err) {
  return tuv_fail(err, TUV_ENOMEM, "out of memory");
}

int tuv_table_where(const tuv_batch_table_t* table, const taosuv_stmt_field_t* field,
                    uint32_t index, uint64_t row, int status, tuv_errmsg_t* err) {
  if (err == NULL) return status;
  char name[128] = "", column[96], place[32] = "";
  tuv_errmsg_t reason = *err;
  if (table != NULL && table->name_length > 0)
    snprintf(name, sizeof name, "table '%.*s', ",
             table->name_length < 100 ? (int) table->name_length : 100, table->name);
  if (field == NULL)
    snprintf(column, sizeof column, "parameter %u", index);
  else
    snprintf(column, sizeof column, "%s '%.64s'", field->kind == TAOSUV_BIND_TAG ? "tag" : "column",
             field->name);
  if (row != TUV_NO_ROW) snprintf(place, sizeof place, ", row %llu", (unsigned long long) row);
  return tuv_fail(err, status, "%s%s%s: %.120s", name, column, place, reason.text);
}

int tuv_batch_where(const tuv_batch_t* batch, const taosuv_stmt_field_t* field, uint32_t index,
                    uint64_t row, int status, tuv_errmsg_t* err) {
  return tuv_table_where(batch->current, field, index, row, status, err);
}
