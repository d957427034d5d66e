/* Bind messages for the bundled server. */
#include "bind_message.h"

#include <string.h>

void bm_item(ts_buf_t* out, int32_t type, uint32_t rows, const char* nulls, const int32_t* lengths,
             const void* data, size_t size) {
  ts_buf_u32(out, (uint32_t) (17 + rows + (lengths != NULL ? 4 * rows : 0) + size));
  ts_buf_u32(out, (uint32_t) type);
  ts_buf_u32(out, rows);
  for (uint32_t i = 0; i < rows; i++)
    ts_buf_add(out, nulls != NULL && nulls[i] == '1' ? "\1" : "", 1);
  ts_buf_add(out, lengths != NULL ? "\1" : "", 1);
  for (uint32_t i = 0; i < rows && lengths != NULL; i++) ts_buf_u32(out, (uint32_t) lengths[i]);
  ts_buf_u32(out, (uint32_t) size);
  if (size > 0) ts_buf_add(out, data, size);
}

static void put_section(ts_buf_t* out, size_t start, size_t offset_at, uint32_t ntables,
                        const ts_buf_t* items) {
  ts_put_u32(out->data + start + offset_at, (uint32_t) (out->size - start));
  for (uint32_t i = 0; i < ntables; i++) ts_buf_u32(out, (uint32_t) items[i].size);
  for (uint32_t i = 0; i < ntables; i++) ts_buf_add(out, items[i].data, items[i].size);
}

void bm_payload(ts_buf_t* out, const bm_payload_t* payload) {
  size_t start = out->size;
  memset(ts_buf_grow(out, 28), 0, 28);
  ts_put_u32(out->data + start + 4, payload->ntables);
  ts_put_u32(out->data + start + 8, payload->ntags);
  ts_put_u32(out->data + start + 12, payload->ncolumns);
  if (payload->names != NULL) {
    ts_put_u32(out->data + start + 16, (uint32_t) (out->size - start));
    for (uint32_t i = 0; i < payload->ntables; i++)
      ts_buf_u16(out, (uint16_t) (strlen(payload->names[i]) + 1));
    for (uint32_t i = 0; i < payload->ntables; i++)
      ts_buf_add(out, payload->names[i], strlen(payload->names[i]) + 1);
  }
  if (payload->ntags > 0) put_section(out, start, 20, payload->ntables, payload->tags);
  if (payload->ncolumns > 0) put_section(out, start, 24, payload->ntables, payload->columns);
  ts_put_u32(out->data + start, (uint32_t) (out->size - start));
}

void bm_columns(ts_buf_t* out, uint32_t rows, uint32_t tables, uint32_t nfields,
                const ts_buf_t* items) {
  ts_buf_u32(out, (uint32_t) (20 + items->size));
  ts_buf_u32(out, rows);
  ts_buf_u32(out, tables);
  ts_buf_u32(out, nfields);
  ts_buf_u32(out, 20);
  ts_buf_add(out, items->data, items->size);
}

void bm_head(ts_buf_t* out, uint64_t id, uint64_t stmt_id, uint64_t action) {
  ts_buf_u64(out, id);
  ts_buf_u64(out, stmt_id);
  ts_buf_u64(out, action);
  if (action == 9 || action == 11) ts_buf_u16(out, 1);
  if (action == 9) ts_buf_u32(out, UINT32_MAX);
}
