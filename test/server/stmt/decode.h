/* The ways of binding: bytes or JSON to bindings, which point into the bytes. */
#ifndef TS_STMT_DECODE_H
#define TS_STMT_DECODE_H

#include "stmt/binding.h"

/* The payload of stmt2_bind. 0, TS_E_INTERNAL with the gateway's text, or TS_E_POISON. */
int ts_bind_decode(const uint8_t* data, size_t size, ts_binding_t* binding, ts_error_t* error);
/* The payload of stmt2_bind_exec: `fields` columns of `rows` values, in the order of the SQL. */
typedef struct ts_bind_columns_s {
  uint32_t rows;
  uint32_t tables;
  uint32_t nfields;
  ts_bind_t* fields; /* to be freed */
} ts_bind_columns_t;
int ts_bind_columns_decode(const uint8_t* data, size_t size, ts_bind_columns_t* columns,
                           ts_error_t* error);
/* Cuts the columns into tables: kinds[i] says what field i is (TS_SLOT_…). */
int ts_bind_columns_split(const ts_bind_columns_t* columns, const uint8_t* kinds,
                          ts_binding_t* binding, ts_error_t* error);
/* A raw block of the first protocol. `types` are the table's, or NULL for the block's own. Gives
 * `count` binds in the binding's memory; TS_E_POISON for wrong lengths. */
typedef struct ts_raw_block_s {
  const uint8_t* data;
  size_t size;
  uint32_t rows;
  uint32_t columns;
} ts_raw_block_t;
int ts_raw_block_open(const uint8_t* data, size_t size, ts_raw_block_t* block);
uint8_t ts_raw_block_type(const ts_raw_block_t* block, uint32_t column);
int ts_raw_block_decode(const ts_raw_block_t* block, const uint8_t* types, ts_binding_t* binding,
                        ts_bind_t* binds, ts_error_t* error);

/* JSON of the first protocol: an array of values per column of these fields, or one of tags. */
struct yyjson_val;
int ts_bind_json(struct yyjson_val* array, const ts_field_t* const* fields, uint32_t nfields,
                 bool tags, uint8_t precision, ts_binding_t* binding, ts_bind_t* binds,
                 ts_error_t* error);

#endif
