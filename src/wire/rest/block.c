/* Makes raw data blocks (PROTOCOL 5) of the columns of an answer. */
#include <string.h>

#include "util/bytes.h"
#include "wire/block/block.h"
#include "wire/rest/rows.h"
#include "wire/status.h"

static uint8_t* put_u32(uint8_t* out, uint32_t value) {
  tuv_store(out, value, 4);
  return out + 4;
}

/* The four bytes after the type, as in blocks of the gateway (PROTOCOL 5.3). */
static uint32_t schema_bytes(const tuv_rest_column_t* column) {
  uint32_t length = column->length > 0x1fffffff ? 0x1fffffff : (uint32_t) column->length;
  switch (column->type) {
    case TAOSUV_TYPE_DECIMAL64:
    case TAOSUV_TYPE_DECIMAL128:
      return (uint32_t) column->size << 24 | (uint32_t) column->precision << 8 | column->scale;
    case TAOSUV_TYPE_NCHAR: return 4 * length + 2;
    case TAOSUV_TYPE_JSON: return 4 * length + 4;
    default: return column->size != 0 ? column->size : length + 2;
  }
}

static size_t block_size(const tuv_rest_t* rest) {
  size_t size = TUV_BLOCK_HEADER + 9 * (size_t) rest->count + 1;
  for (uint32_t i = 0; i < rest->count; i++)
    size += tuv_buf_size(&rest->columns[i].marks) + tuv_buf_size(&rest->columns[i].values);
  return size;
}

static uint8_t* put_buf(uint8_t* out, const tuv_buf_t* buf) {
  size_t size = tuv_buf_size(buf);
  if (size > 0) memcpy(out, buf->data + buf->head, size);
  return out + size;
}

static void write_block(const tuv_rest_t* rest, uint8_t* out, size_t size) {
  out = put_u32(out, 1);
  out = put_u32(out, (uint32_t) size);
  out = put_u32(out, rest->rows);
  out = put_u32(out, rest->count);
  out = put_u32(out, 0x80000000u); /* "has column schema" */
  out = put_u32(out, 0);           /* the group */
  out = put_u32(out, 0);
  for (uint32_t i = 0; i < rest->count; i++) {
    *out++ = rest->columns[i].type;
    out = put_u32(out, schema_bytes(&rest->columns[i]));
  }
  for (uint32_t i = 0; i < rest->count; i++)
    out = put_u32(out, (uint32_t) tuv_buf_size(&rest->columns[i].values));
  for (uint32_t i = 0; i < rest->count; i++) {
    out = put_buf(out, &rest->columns[i].marks);
    out = put_buf(out, &rest->columns[i].values);
  }
  *out = 0; /* blank fill: no */
}

void tuv_rest_clear_columns(tuv_rest_t* rest) {
  for (uint32_t i = 0; i < rest->capacity; i++) {
    tuv_buf_t* parts[] = {&rest->columns[i].values, &rest->columns[i].marks};
    for (int j = 0; j < 2; j++)
      tuv_buf_consume(parts[j], tuv_buf_size(parts[j]), TUV_REST_KEEP_BYTES);
  }
  rest->rows = 0;
  rest->bytes = 0;
}

int tuv_rest_finish_block(tuv_rest_t* rest, tuv_errmsg_t* err) {
  if (rest->rows == 0) return 0;
  size_t size = block_size(rest);
  if (size > INT32_MAX)
    return tuv_fail(err, TUV_EMSGSIZE, "a block would have %zu bytes, more than 2147483647", size);
  tuv_refbuf_t* block = tuv_refbuf_take(rest->mem, size);
  if (block == NULL) return tuv_fail(err, TUV_ENOMEM, "no memory for a block of %zu bytes", size);
  write_block(rest, block->data, size);
  if (rest->last == NULL)
    rest->blocks = block;
  else
    rest->last->next = block;
  rest->last = block;
  tuv_rest_clear_columns(rest);
  return 0;
}

tuv_refbuf_t* tuv_rest_take(tuv_rest_t* rest) {
  tuv_refbuf_t* block = rest->blocks;
  if (block == NULL) return NULL;
  rest->blocks = block->next;
  if (rest->blocks == NULL) rest->last = NULL;
  block->next = NULL;
  return block;
}
