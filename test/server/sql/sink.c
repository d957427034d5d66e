/* The totals of bench.sink. */
#include <string.h>
#include <strings.h>

#include "codec/bench.h"
#include "sql/statement.h"

ts_result_t* ts_sink_totals(const ts_store_t* store, const char* sql, size_t size) {
  static const char query[] = "select count(*), sum(a) from bench.sink";
  size_t length = sizeof query - 1;
  if (ts_statement_size(sql, size) != length || strncasecmp(sql, query, length) != 0) return NULL;
  const ts_database_t* database = ts_database_find(store, "bench");
  const ts_table_t* table = database != NULL ? ts_table_find(database, "sink") : NULL;
  if (table == NULL || !table->family->is_sink) return NULL;
  ts_field_t fields[2] = {{.name = "count(*)", .type = ts_type_of(TS_BIGINT)},
                          {.name = "sum(a)", .type = ts_type_of(TS_BIGINT)}};
  ts_result_t* result = ts_result_new(fields, 2, database->precision);
  ts_block_writer_t writer;
  ts_block_begin(&writer, fields, 2);
  ts_block_bits(&writer, 0, table->family->sink_rows);
  if (table->family->sink_rows > 0) {
    ts_block_bits(&writer, 1, (uint64_t) table->family->sink_sum);
  } else {
    ts_block_null(&writer, 1);
  }
  ts_block_row(&writer);
  ts_result_add(result, ts_block_end(&writer));
  ts_block_free(&writer);
  return result;
}
