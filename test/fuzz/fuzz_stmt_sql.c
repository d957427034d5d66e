/* Fuzzes the reading of a statement's SQL: any bytes, none read behind the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/sql/kind.h"
#include "wire/stmt/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

/* The query for a scale is exactly as long as it says. */
static void ask(const char* sql, size_t size, const tuv_stmt_sql_t* scan) {
  taosuv_stmt_field_t field = {
      .name = "d", .name_length = 1, .kind = TAOSUV_BIND_COLUMN, .type = TAOSUV_TYPE_DECIMAL64};
  size_t length = tuv_stmt_sql_decimals(sql, scan, "d.t", &field, 1, NULL, 0);
  size_t name = scan->name_length > 0 ? scan->name_length : 7;
  require(length == 10 + 6 + name + 8 && name <= size + 7, "a query for the scale");
  char* out = malloc(length);
  require(tuv_stmt_sql_decimals(sql, scan, "d.t", &field, 1, out, length) == length, "the same");
  free(out);
}

/* So is the one for the fields, whose lists of names are in the SQL. */
static void ask_fields(const char* sql, size_t size, const tuv_stmt_sql_t* scan) {
  require(scan->tag_list_at + scan->tag_list_length <= size, "the tags' names are in it");
  require(scan->column_list_at + scan->column_list_length <= size, "the columns' names are in it");
  size_t length = tuv_stmt_sql_fields(sql, scan, "d.t", "e", NULL, 0);
  require(length > 0 && length <= 3 * size + 64, "a query for the fields");
  char* out = malloc(length);
  require(tuv_stmt_sql_fields(sql, scan, "d.t", "e", out, length) == length, "the same");
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const char* sql = (const char*) data;
  tuv_stmt_sql_t scan, again;
  tuv_stmt_sql_scan(sql, size, &scan);
  size_t marks = 0;
  for (size_t i = 0; i < size; i++) marks += sql[i] == '?';
  require(scan.table + (size_t) scan.tags + scan.columns <= marks, "no mark is made up");
  require(scan.tags == 0 || scan.super_table, "tags are a super table's");
  require(!(tuv_sql_only_reads(sql, size) && tuv_sql_changes_tables(sql, size)), "one kind");
  require(scan.name_at <= size && scan.name_length <= size - scan.name_at, "the name is in it");
  ask(sql, size, &scan);
  ask_fields(sql, size, &scan);
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
