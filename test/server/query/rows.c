/* Rows of SQLite made into the blocks of a result. */
#include <string.h>

#include "query/expr.h"
#include "codec/decimal.h"

static void put_decimal(ts_block_writer_t* writer, uint32_t column, sqlite3_value* value) {
  ts_i128_t number = sqlite3_value_type(value) == SQLITE_BLOB
                         ? ts_decimal_from_key(sqlite3_value_blob(value))
                         : (ts_i128_t) sqlite3_value_int64(value);
  ts_u128_t bits = (ts_u128_t) number;
  ts_block_i128(writer, column, (uint64_t) bits, (uint64_t) (bits >> 64));
}

static void put_value(ts_block_writer_t* writer, uint32_t column, uint8_t type,
                      sqlite3_value* value) {
  if (sqlite3_value_type(value) == SQLITE_NULL) {
    ts_block_null(writer, column);
  } else if (ts_type_is_var(type)) {
    const void* data = sqlite3_value_blob(value);
    ts_block_bytes(writer, column, data, (size_t) sqlite3_value_bytes(value));
  } else if (ts_type_is_decimal(type)) {
    put_decimal(writer, column, value);
  } else if (type == TS_FLOAT || type == TS_DOUBLE) {
    ts_block_double(writer, column, sqlite3_value_double(value));
  } else {
    ts_block_bits(writer, column, (uint64_t) sqlite3_value_int64(value));
  }
}

int ts_sql_rows(ts_sql_t* sql, sqlite3_stmt* statement, const ts_field_t* fields, uint32_t nfields,
                uint8_t precision, ts_result_t** result) {
  ts_block_writer_t writer;
  ts_block_begin(&writer, fields, nfields);
  *result = ts_result_new(fields, nfields, precision);
  int status;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
    for (uint32_t i = 0; i < nfields; i++)
      put_value(&writer, i, fields[i].type.type, sqlite3_column_value(statement, (int) i));
    ts_block_row(&writer);
    if (writer.rows == TS_BLOCK_ROWS) ts_result_add(*result, ts_block_end(&writer));
  }
  if (writer.rows > 0) ts_result_add(*result, ts_block_end(&writer));
  ts_block_free(&writer);
  return status == SQLITE_DONE ? 0 : ts_sqlite_error(sql);
}
