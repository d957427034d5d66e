/* Fuzzes the names of tables: what is read is written in one form, which is read as the same name
 * and written as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/stmt/table_name.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tuv_table_name_t name, again;
  tuv_errmsg_t err = {""};
  char text[TUV_TABLE_NAME_TEXT], same[TUV_TABLE_NAME_TEXT];
  if (tuv_table_name_read((const char*) data, size, &name, &err) < 0) {
    check(err.text[0] != 0);
    return 0;
  }
  check(name.table_length > 0 && strlen(name.table) == name.table_length);
  size_t length = tuv_table_name_write(&name, text);
  check(length <= sizeof text && tuv_table_name_read(text, length, &again, &err) == 0);
  check(again.database_length == name.database_length && again.table_length == name.table_length);
  check(memcmp(again.database, name.database, name.database_length) == 0);
  check(memcmp(again.table, name.table, name.table_length) == 0);
  check(tuv_table_name_write(&again, same) == length && memcmp(same, text, length) == 0);
  return 0;
}
