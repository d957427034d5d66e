/* Messages' bytes and JSON, as consumers get them. */
#include <string.h>

#include "store/meta.h"
#include "tmq/message.h"

static void put_varint(ts_buf_t* out, uint32_t value) {
  do {
    uint8_t byte = (uint8_t) (value & 0x7f);
    value >>= 7;
    if (value > 0) byte |= 0x80;
    ts_buf_add(out, &byte, 1);
  } while (value > 0);
}

static void put_zigzag(ts_buf_t* out, uint32_t value) {
  put_varint(out, value << 1);
}

static void put_byte(ts_buf_t* out, unsigned value) {
  uint8_t byte = (uint8_t) value;
  ts_buf_add(out, &byte, 1);
}

static void put_name(ts_buf_t* out, const char* name) {
  put_varint(out, (uint32_t) strlen(name) + 1);
  ts_buf_add(out, name, strlen(name) + 1);
}

static uint32_t width_of(ts_type_t type) {
  return ts_type_is_decimal(type.type) ? type.width : ts_type_schema_bytes(type);
}

/* Of a table's columns: flag 1, and numbers that count its tags too; later ones have 0x80. */
static void put_schema(ts_buf_t* out, const ts_message_t* message, const ts_schema_t* schema) {
  put_zigzag(out, schema->ncolumns);
  put_zigzag(out, 0);
  for (uint32_t i = 0; i < schema->ncolumns; i++) {
    const ts_field_t* field = &schema->fields[i];
    bool added = i >= schema->created_columns;
    put_byte(out, field->type.type);
    put_byte(out, message->of_query ? 0 : added ? 0x80 : 1);
    put_zigzag(out, width_of(field->type));
    put_zigzag(out, i + 1 + (added ? schema->created_tags : 0));
    put_name(out, field->name);
  }
}

static void put_block(ts_buf_t* out, const ts_message_t* message, const ts_blob_t* block) {
  put_varint(out, (uint32_t) block->size + 18);
  ts_buf_u64(out, 1);
  uint32_t rows = ts_block_rows(block);
  ts_buf_u32(out, 0);
  for (unsigned shift = 32; shift > 0; shift -= 8) put_byte(out, rows >> (shift - 8));
  put_byte(out, 0); /* not compressed */
  put_byte(out, message->precision);
  ts_buf_add(out, block->data, block->size);
}

static void put_blocks(ts_buf_t* out, const ts_message_t* message) {
  bool names = !message->of_query;
  ts_buf_u32(out, (uint32_t) message->nblocks);
  put_byte(out, names);
  put_byte(out, 1);
  for (size_t i = 0; i < message->nblocks; i++) {
    const ts_message_block_t* block = &message->blocks[i];
    put_block(out, message, block->block);
    put_schema(out, message, block->schema);
    if (names) put_name(out, block->table);
  }
  if (message->nmetas == 0) {
    ts_buf_u64(out, 0);
    return;
  }
  ts_buf_u32(out, (uint32_t) message->nmetas);
  for (size_t i = 0; i < message->nmetas; i++) {
    ts_buf_t child = {0};
    const char* const description = message->metas[i];
    ts_meta_children(&child, &description, 1);
    put_varint(out, (uint32_t) child.size);
    ts_buf_add(out, child.data, child.size);
    ts_buf_free(&child);
  }
}

size_t ts_message_raw(ts_message_t* message, uint8_t head[TS_RAW_HEAD]) {
  bool data = message->nblocks > 0;
  if (message->raw == NULL) {
    ts_buf_t out = {0};
    if (data) {
      put_blocks(&out, message);
    } else {
      ts_message_json(message, &out);
    }
    message->raw = ts_blob_new(out.data, out.size);
    ts_buf_free(&out);
  }
  if (!data) return 0;
  head[0] = 100;
  ts_put_u32(head + 1, 18);
  head[5] = head[14] = 17; /* the offset is a log's */
  ts_put_u64(head + 6, (uint64_t) message->request);
  ts_put_u64(head + 15, (uint64_t) message->response);
  return TS_RAW_HEAD;
}

void ts_message_json(const ts_message_t* message, ts_buf_t* out) {
  if (message->nmetas == 0) {
    ts_buf_text(out, "null");
  } else if (message->type == TS_MSG_BOTH) {
    ts_meta_children(out, (const char* const*) message->metas, message->nmetas);
  } else if (message->raw_type != 5) {
    ts_buf_text(out, message->metas[0]);
  } else {
    ts_buf_text(out, "{\"tmq_meta_version\":\"1.0\",\"metas\":[");
    for (size_t i = 0; i < message->nmetas; i++) {
      if (i > 0) ts_buf_text(out, ",");
      ts_buf_text(out, message->metas[i]);
    }
    ts_buf_text(out, "]}");
  }
}
