/* Fuzzes the reading of a statement's SQL: any bytes, none read behind the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/stmt_sql.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const char* sql = (const char*) data;
  tuv_stmt_sql_t scan, again;
  tuv_stmt_sql_scan(sql, size, &scan);
  size_t marks = 0;
  for (size_t i = 0; i < size; i++) marks += sql[i] == '?';
  require(scan.table + (size_t) scan.tags + scan.columns <= marks, "no mark is made up");
  require(scan.tags == 0 || scan.super_table, "tags are a super table's");
  tuv_sql_changes_tables(sql, size);
  if (!scan.table) return 0;
  require(scan.insert && scan.table_at < size && sql[scan.table_at] == '?', "the table's mark");
  char* out = malloc(size + 8);
  size_t length = tuv_stmt_sql_name(sql, size, &scan, "d.t", out, size + 8);
  require(length == size + 6, "a name in the place of the mark");
  tuv_stmt_sql_scan(out, length, &again);
  require(again.insert && !again.table, "the table is named");
  free(out);
  return 0;
}
