/* Whether a batch can be sent: it must be complete, of types and times that its format carries, and
 * not too large. */
#include "wire/batch/error.h"
#include "wire/batch/premasked.h"
#include "wire/batch/send.h"
#include "wire/batch/size.h"
#include "wire/value/format.h"

static void choose_tables(tuv_batch_t* batch) {
  batch->used = 0;
  for (uint32_t i = 0; i < batch->ntables; i++)
    if (batch->tables[i]->rows > 0)
      batch->tables[batch->tables_size + batch->used++] = batch->tables[i];
}

static int check_tags(const tuv_batch_t* batch, tuv_errmsg_t* err) {
  if (batch->layout->ntags == 0) return 0;
  for (uint32_t i = 0; i < batch->used; i++) {
    const tuv_batch_table_t* table = tuv_batch_used(batch, i);
    if (table->tags == NULL)
      return tuv_fail(err, TUV_EINVAL, "table '%.*s' has rows but no tags",
                      table->name_length < 100 ? (int) table->name_length : 100, table->name);
  }
  return 0;
}

/* The first version accepts fewer types in the block of a query (PROTOCOL 6.1.5). */
static int check_params(const tuv_batch_t* batch, tuv_errmsg_t* err) {
  for (uint32_t i = 0; i < batch->layout->ncolumns; i++) {
    uint8_t type = batch->layout->params[i].type;
    if (type == TAOSUV_TYPE_GEOMETRY || type == TAOSUV_TYPE_BLOB)
      return tuv_fail(err, TUV_ENOTSUP,
                      "parameter %u: the server does not accept a %s as a parameter", i,
                      taosuv_type_name(type));
  }
  return 0;
}

/* Gateways convert times of the first version to 64 bits of nanoseconds: from 1677 to 2262. */
static bool is_near(const uint8_t* value, uint8_t precision) {
  int64_t time = (int64_t) taosuv_load_u64(value);
  int64_t unit = tuv_timestamp_unit(precision <= TAOSUV_PRECISION_NS ? precision : 0);
  int64_t most = INT64_MAX / (TUV_NS_PER_SECOND / unit);
  return time <= most && time >= -most;
}

static int far_time(const tuv_batch_table_t* table, const taosuv_stmt_field_t* field, uint64_t row,
                    tuv_errmsg_t* err) {
  tuv_fail(err, 0, "the first version of statements carries only times from 1677 to 2262");
  return tuv_table_where(table, field, 0, row, TUV_ERANGE, err);
}

static int check_times(const tuv_batch_t* batch, const tuv_batch_table_t* table,
                       tuv_errmsg_t* err) {
  const tuv_batch_layout_t* layout = batch->layout;
  for (uint32_t i = 0; i < layout->ntags; i++) {
    const tuv_slot_t* slot = &layout->tags[i];
    if (slot->type != TAOSUV_TYPE_TIMESTAMP || table->tags[i].null) continue;
    if (!is_near(table->tags[i].bytes, slot->field->precision))
      return far_time(table, slot->field, TUV_NO_ROW, err);
  }
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_slot_t* slot = &layout->columns[i];
    uint64_t before = 0;
    if (slot->type != TAOSUV_TYPE_TIMESTAMP) continue;
    for (const tuv_segment_t* s = table->first; s != NULL; before += s->rows, s = s->next)
      for (uint32_t row = 0; row < s->rows; row++) /* the place of a NULL has 0 */
        if (!is_near(s->parts[i].values + 8 * (size_t) row, slot->field->precision))
          return far_time(table, slot->field, before + row, err);
  }
  return 0;
}

/* Checks what the first version cannot carry. */
static int check_first(const tuv_batch_t* batch, tuv_errmsg_t* err) {
  int status = 0;
  if (batch->encoding.format != TUV_BATCH_V1) return 0;
  if (!batch->insert) return check_params(batch, err);
  tuv_batch_unmask(batch);
  for (uint32_t i = 0; i < batch->used && status == 0; i++)
    status = check_times(batch, tuv_batch_used(batch, i), err);
  return status;
}

static uint64_t largest_message(tuv_batch_t* batch) {
  uint64_t largest = 0;
  if (batch->encoding.format != TUV_BATCH_V1) return tuv_batch_full_size(batch);
  for (uint32_t i = 0; i < batch->used; i++) {
    uint64_t rows = tuv_batch_v1_rows_size(batch, i);
    uint64_t tags = tuv_batch_v1_tags_size(batch, i);
    if (rows > largest) largest = rows;
    if (tags > largest) largest = tags;
  }
  return largest;
}

int tuv_batch_ready(tuv_batch_t* batch, uint64_t max_message_size, tuv_errmsg_t* err) {
  bool empty = batch->rows == 0 && batch->cursor == 0;
  if (empty) return tuv_fail(err, TUV_EINVAL, "nothing is bound");
  int status = tuv_batch_begin(batch, false, err);
  if (status < 0) return status;
  choose_tables(batch);
  if (!batch->insert) batch->used = 1;
  if (batch->insert) status = check_tags(batch, err);
  if (status == 0) status = check_first(batch, err);
  if (status < 0) return status;
  uint64_t limit = max_message_size < INT32_MAX ? max_message_size : INT32_MAX;
  uint64_t size = largest_message(batch);
  if (size <= limit) return 0;
  return tuv_fail(err, TUV_EMSGSIZE,
                  "the message would have %llu bytes, %llu more than max_message_size (%llu)",
                  (unsigned long long) size, (unsigned long long) (size - limit),
                  (unsigned long long) limit);
}
