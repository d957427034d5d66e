/* Fuzzes the bundled server's schemaless writes: any text is written or refused with a code and a
 * text, and what is written can be counted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lines/lines.h"
#include "sql/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

/* Now and then a new store, lest it grow for ever. */
static ts_store_t* store_of(void) {
  static ts_store_t* store;
  static unsigned uses;
  if (store != NULL && ++uses % 256 == 0) {
    ts_store_close(store);
    store = NULL;
  }
  if (store == NULL) {
    store = ts_store_open();
    ts_database_create(store, "d", 2);
  }
  return store;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const char* const precisions[] = {NULL, "h", "m", "s", "ms", "u", "ns", "?"};
  ts_error_t error;
  int64_t affected, total;
  if (size < 2) return 0;
  ts_lines_t lines = {.format = data[0] % 5,
                      .strip_put = (data[0] & 0x80) != 0,
                      .precision = precisions[data[1] % 8],
                      .table_name_key = (data[1] & 0x80) != 0 ? "t" : NULL,
                      .data = (const char*) data + 2,
                      .size = size - 2};
  int code = ts_lines_insert(store_of(), "d", &lines, &affected, &total, &error);
  check(code == error.code && (code == 0) == (error.text[0] == '\0'));
  check(code != 0 ? affected == 0 : affected >= 0 && total > 0);
  return 0;
}
