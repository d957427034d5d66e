/* The payload of stmt2_bind: table names, tags and columns, without trusting a length in it. */
#include <string.h>

#include "stmt/decode.h"
#include "stmt/item.h"

typedef struct head_s {
  size_t size;
  uint32_t ntables;
  uint32_t ntags;
  uint32_t ncolumns;
  uint32_t names_at; /* 0: none, as the next two */
  uint32_t tags_at;
  uint32_t columns_at;
} head_t;

/* ---- an item ---- */

int ts_bind_item(const uint8_t* data, size_t size, ts_bind_t* bind, size_t* used) {
  if (size < 17) return TS_E_POISON;
  uint32_t total = ts_get_u32(data);
  bind->type = (int32_t) ts_get_u32(data + 4);
  bind->rows = ts_get_u32(data + 8);
  bind->nulls = data + 12;
  size_t at = 12;
  if (bind->rows > INT32_MAX || size - at < (size_t) bind->rows + 5) return TS_E_POISON;
  at += bind->rows;
  bool have_lengths = data[at++] != 0;
  bind->lengths = have_lengths ? data + at : NULL;
  size_t lengths = have_lengths ? (size_t) bind->rows * 4 : 0;
  if (size - at < lengths + 4) return TS_E_POISON;
  at += lengths;
  uint32_t buffer = ts_get_u32(data + at);
  at += 4;
  bind->size = buffer > INT32_MAX ? 0 : buffer; /* a negative size counts as 0 */
  bind->data = data + at;
  if (size - at < bind->size) return TS_E_POISON;
  at += bind->size;
  *used = at;
  return at == total ? 0 : TS_E_INTERNAL;
}

/* ---- what the real one checks, in its words ---- */

static int check_names(const uint8_t* data, const head_t* head, ts_error_t* error) {
  uint64_t end = (uint64_t) head->names_at + (uint64_t) head->ntables * 2;
  if (head->names_at == 0) return 0;
  if (end > head->size)
    return ts_error(error, TS_E_INTERNAL,
                    "table name lengths out of range, total length: %zu, tableNamesLengthEnd: %llu",
                    head->size, (unsigned long long) end);
  const uint8_t* lengths = data + head->names_at;
  for (uint32_t i = 0; i < head->ntables; i++) {
    uint16_t length = ts_get_u16(lengths + 2 * (size_t) i);
    if (length == 0)
      return ts_error(error, TS_E_INTERNAL, "table name length is 0, tableIndex: %u", i);
    end += length;
  }
  if (end <= head->size) return 0;
  return ts_error(error, TS_E_INTERNAL,
                  "table names out of range, total length: %zu, tableNameTotalLength: %llu",
                  head->size, (unsigned long long) end);
}

/* `what` is tag or col; the section is that many lengths and then the data. */
static int check_section(const uint8_t* data, const head_t* head, const char* what, uint32_t at,
                         uint32_t count, ts_error_t* error) {
  if (at == 0) return 0;
  if (count == 0)
    return ts_error(error, TS_E_INTERNAL, "%s count is 0, but %ss offset is not 0", what, what);
  uint64_t end = (uint64_t) at + (uint64_t) head->ntables * 4;
  if (end > head->size)
    return ts_error(error, TS_E_INTERNAL, "%ss out of range, total length: %zu, %sEnd: %llu", what,
                    head->size, what, (unsigned long long) end);
  for (uint32_t i = 0; i < head->ntables; i++) {
    uint32_t length = ts_get_u32(data + at + 4 * (size_t) i);
    if (length == 0)
      return ts_error(error, TS_E_INTERNAL, "%s length is 0, tableIndex: %u", what, i);
    end += length;
  }
  if (end <= head->size) return 0;
  return ts_error(error, TS_E_INTERNAL, "%ss out of range, total length: %zu, %ssTotalLength: %llu",
                  what, head->size, what, (unsigned long long) end);
}

/* ---- into the binding ---- */

static int put_names(const uint8_t* data, const head_t* head, ts_binding_t* binding) {
  size_t at = head->names_at + 2 * (size_t) head->ntables;
  for (uint32_t i = 0; i < head->ntables; i++) {
    size_t length = ts_get_u16(data + head->names_at + 2 * (size_t) i);
    const uint8_t* end = memchr(data + at, 0, length);
    if (end == NULL) return TS_E_POISON; /* the real one reads on */
    binding->tables[i].name = (const char*) data + at;
    binding->tables[i].name_size = (size_t) (end - (data + at));
    at += length;
  }
  return 0;
}

static int put_section(const uint8_t* data, const head_t* head, uint32_t section, uint32_t count,
                       uint32_t first, ts_binding_t* binding, ts_error_t* error) {
  size_t each = (size_t) binding->ntags + binding->ncolumns;
  size_t at = section + 4 * (size_t) head->ntables;
  for (uint32_t i = 0; i < head->ntables; i++) {
    for (uint32_t k = 0; k < count; k++) {
      size_t used = 0;
      ts_bind_t* bind = &binding->binds[i * each + first + k];
      int status = ts_bind_item(data + at, head->size - at, bind, &used);
      if (status == TS_E_INTERNAL)
        return ts_error(error, status, "bind data length error, tableIndex: %u, fieldIndex: %u", i,
                        k);
      if (status != 0) return status;
      at += used;
    }
  }
  return 0;
}

static head_t read_head(const uint8_t* data, size_t size) {
  head_t head = {.size = size,
                 .ntables = ts_get_u32(data + 4),
                 .ntags = ts_get_u32(data + 8),
                 .ncolumns = ts_get_u32(data + 12),
                 .names_at = ts_get_u32(data + 16),
                 .tags_at = ts_get_u32(data + 20),
                 .columns_at = ts_get_u32(data + 24)};
  return head;
}

/* Whether the message can hold what it announces: an item has 17 bytes at least. */
static bool has_room(const head_t* head) {
  uint64_t items = (uint64_t) head->ntags + head->ncolumns;
  if (items == 0) return head->names_at > 0 || head->ntables == 0;
  return items <= head->size && head->ntables <= head->size / 17 / items;
}

int ts_bind_decode(const uint8_t* data, size_t size, ts_binding_t* binding, ts_error_t* error) {
  if (size < 28) return ts_error(error, TS_E_INTERNAL, "data length is less than 28");
  if (ts_get_u32(data) != size)
    return ts_error(error, TS_E_INTERNAL, "total length not match, expect %zu, but get %u", size,
                    ts_get_u32(data));
  head_t head = read_head(data, size);
  int status = check_names(data, &head, error);
  if (status == 0) status = check_section(data, &head, "tag", head.tags_at, head.ntags, error);
  if (status == 0)
    status = check_section(data, &head, "col", head.columns_at, head.ncolumns, error);
  if (status != 0) return status;
  if (head.tags_at == 0) head.ntags = 0;
  if (head.columns_at == 0) head.ncolumns = 0;
  if (!has_room(&head)) return TS_E_POISON;
  ts_binding_tables(binding, head.ntables, head.ntags, head.ncolumns);
  if (head.names_at > 0) status = put_names(data, &head, binding);
  if (status == 0) status = put_section(data, &head, head.tags_at, head.ntags, 0, binding, error);
  if (status == 0)
    status = put_section(data, &head, head.columns_at, head.ncolumns, head.ntags, binding, error);
  return status;
}
