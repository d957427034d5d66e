/* Rows as the items of stmt2_bind, masked when they are bound. */
#include "wire/batch/premasked.h"

#include "util/bytes.h"
#include "wire/batch/send.h"
#include "wire/batch/size.h"
#include "wire/ws/frame.h"

/* For fewer bytes it does not pay. */
#define LEAST 256u

/* An item (PROTOCOL 6.3.3): its length, type and number of rows; one byte for each row; whether
 * there are lengths, and the lengths; the size of the values, and the values. */
#define HEAD 12u

void tuv_batch_set_key(tuv_batch_t* batch, const uint8_t key[4]) {
  memcpy(batch->key, key, sizeof batch->key);
  batch->has_key = true;
}

static uint64_t bytes_of(const tuv_intake_t* intake, uint32_t rows) {
  unsigned width = intake->slot->width;
  return width == 0 ? intake->sum.bytes : (uint64_t) rows * width;
}

static uint64_t item_size(const tuv_intake_t* intake, uint32_t rows) {
  return tuv_item_size(intake->slot->width == 0, rows, bytes_of(intake, rows));
}

/* It is 0 when the values of an item depend on the server (DECIMAL), are left out (all of them
 * NULL), or are followed by a spare byte; when the message has another format; and when other calls
 * have bound rows of the table. */
size_t tuv_premasked_size(const tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes) {
  uint64_t size = 0;
  if (!batch->has_key || batch->encoding.format != TUV_BATCH_STMT2 || batch->current->first != NULL)
    return 0;
  for (uint32_t i = 0; i < batch->layout->ncolumns; i++) {
    const tuv_slot_t* slot = intakes[i].slot;
    bool no_values = slot->width != 0 && intakes[i].sum.nulls == rows;
    if (slot->decimal || no_values || tuv_column_spare(slot, &intakes[i].sum, rows) > 0) return 0;
    size += item_size(&intakes[i], rows);
  }
  return size >= LEAST && size <= INT32_MAX ? (size_t) size : 0;
}

/* Sets the parts of an item and writes its head and sizes, but no rows. Returns its end. */
static uint8_t* lay_out(uint8_t* at, const tuv_intake_t* intake, uint32_t rows, tuv_part_t* part) {
  const tuv_slot_t* slot = intake->slot;
  uint64_t bytes = bytes_of(intake, rows);
  tuv_store(at, item_size(intake, rows), 4);
  tuv_store(at + 4, slot->type, 4);
  tuv_store(at + 8, rows, 4);
  *part = (tuv_part_t) {.nulls = at + HEAD};
  uint8_t* next = part->nulls + rows;
  *next++ = slot->width == 0;
  if (slot->width == 0) {
    part->lengths = next;
    next += 4 * (size_t) rows;
    part->capacity = intake->sum.bytes;
  }
  part->values = next + 4;
  tuv_store(next, bytes, 4);
  return part->values + bytes;
}

tuv_segment_t* tuv_segment_premasked(tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes,
                                     size_t size) {
  uint32_t columns = batch->layout->ncolumns;
  tuv_segment_t* segment = tuv_arena_take(&batch->arena,
                                          sizeof *segment + columns * sizeof(tuv_part_t));
  uint8_t* at = tuv_arena_take(&batch->arena, size);
  if (segment == NULL || at == NULL) return NULL;
  *segment = (tuv_segment_t) {.premasked = at, .premasked_size = size, .capacity = rows};
  for (size_t i = 0; i < sizeof segment->key; i++)
    segment->key[i] = batch->key[(batch->premasked + i) % 4];
  for (uint32_t i = 0; i < columns; i++) at = lay_out(at, &intakes[i], rows, &segment->parts[i]);
  return segment;
}

/* ---- masked while they are bound ---- */

/* Copies bytes to `out`, which is in the segment, and masks them; `bytes` may be `out`. */
static void put(const tuv_segment_t* segment, uint8_t* out, const void* bytes, size_t size) {
  tuv_ws_mask(out, bytes, size, segment->key, (size_t) (out - segment->premasked));
}

static void put_zeros(const tuv_segment_t* segment, uint8_t* out, size_t size) {
  static const uint8_t zeros[512];
  for (size_t part; size > 0; size -= part, out += part) {
    part = size < sizeof zeros ? size : sizeof zeros;
    put(segment, out, zeros, part);
  }
}

static void put_lengths(const tuv_segment_t* segment, uint8_t* out, const uint32_t* offsets,
                        uint32_t rows) {
  uint8_t key[4] = {0};
  put(segment, out, key, sizeof key); /* the mask of each length */
  uint32_t mask = taosuv_load_u32(out);
  for (uint32_t row = 0; row < rows; row++)
    tuv_store(out + 4 * (size_t) row, (offsets[row + 1] - offsets[row]) ^ mask, 4);
}

/* Whether the bytes of the array are sent as they are. */
static bool is_plain(const tuv_intake_t* intake) {
  const tuv_slot_t* slot = intake->slot;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
  if (slot->width > 1) return false;
#endif
  return intake->sum.nulls == 0 && slot->type != TAOSUV_TYPE_BOOL &&
         (slot->width != 0 || intake->whole);
}

bool tuv_segment_column(tuv_batch_t* batch, tuv_segment_t* segment, uint32_t column,
                        const tuv_intake_t* intake, uint32_t rows) {
  tuv_part_t* part = &segment->parts[column];
  const taosuv_array_t* array = intake->array;
  uint64_t bytes = bytes_of(intake, rows);
  if (segment->premasked == NULL || !is_plain(intake)) return false;
  uint8_t* item = part->nulls - HEAD;
  put(segment, item, item, HEAD);
  put_zeros(segment, part->nulls, rows);
  put(segment, part->nulls + rows, part->nulls + rows, 1);
  if (intake->slot->width == 0) {
    put_lengths(segment, part->lengths, array->offsets, rows);
    part->size = bytes;
  }
  put(segment, part->values - 4, part->values - 4, 4);
  size_t from = intake->slot->width == 0 ? array->offsets[0] : 0;
  if (bytes > 0) put(segment, part->values, (const uint8_t*) array->values + from, bytes);
  batch->premasked += (size_t) (part->values - item) + bytes;
  return true;
}

void tuv_segment_mask(tuv_batch_t* batch, tuv_segment_t* segment, uint32_t column) {
  uint8_t* item = segment->parts[column].nulls - HEAD;
  size_t size = taosuv_load_u32(item);
  put(segment, item, item, size);
  batch->premasked += size;
}

void tuv_table_unmask(const tuv_batch_table_t* table) {
  tuv_segment_t* segment = table->first;
  if (segment == NULL || segment->premasked == NULL)
    return; /* only the first segment of a table can be */
  tuv_ws_mask(segment->premasked, segment->premasked, segment->premasked_size, segment->key, 0);
  segment->premasked = NULL;
}

void tuv_batch_unmask(const tuv_batch_t* batch) {
  if (!batch->insert) return;
  for (uint32_t i = 0; i < batch->used; i++) {
    const tuv_batch_table_t* table = tuv_batch_used(batch, i);
    bool whole = table->first != NULL && table->first->next == NULL;
    if (!whole || batch->encoding.format != TUV_BATCH_STMT2) tuv_table_unmask(table);
  }
}

bool tuv_batch_mask(tuv_batch_t* batch, uint8_t mask[4]) {
  if (!batch->insert || batch->premasked == 0 || batch->key_used ||
      batch->encoding.format != TUV_BATCH_STMT2)
    return false;
  uint64_t rows = 0;
  for (uint32_t i = 0; i < batch->used; i++)
    rows += tuv_table_rows_size(batch, tuv_batch_used(batch, i));
  uint64_t at = tuv_batch_full_size(batch) - rows; /* where the items of the first table begin */
  for (unsigned i = 0; i < 4; i++) mask[(at + i) % 4] = batch->key[i];
  batch->key_used = true;
  return true;
}
