/* NULL for cells, messages and consumers: the rule of client.h, over all functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv.h"

#define IS_EINVAL(call) assert_int_equal(call, TAOSUV_EINVAL)
#define IS_EMPTY(call) assert_string_equal(call, "")

static void of_cells(void** state) {
  (void) state;
  int64_t integer = 7;
  double real = 7;
  char text[8] = "x";
  taosuv_column_t column;
  memset(&column, 0, sizeof column);
  IS_EINVAL(taosuv_block_column(NULL, 0, NULL));
  IS_EINVAL(taosuv_cell_i64(NULL, 0, &integer));
  assert_int_equal(integer, 0);
  IS_EINVAL(taosuv_cell_i64(&column, 0, NULL));
  IS_EINVAL(taosuv_cell_f64(NULL, 0, &real));
  assert_true(real == 0);
  IS_EINVAL(taosuv_cell_f64(&column, 0, NULL));
  IS_EINVAL(taosuv_format_cell(NULL, 0, 0, text, sizeof text));
  IS_EMPTY(text);
  IS_EINVAL(taosuv_format_cell(NULL, 0, 0, NULL, 0));
}

static void of_messages(void** state) {
  (void) state;
  size_t length = 7;
  uint32_t count = 7;
  taosuv_message_unref(NULL);
  taosuv_message_done(NULL);
  assert_null(taosuv_message_ref(NULL));
  assert_int_equal(taosuv_message_status(NULL), 0);
  IS_EMPTY(taosuv_message_error(NULL));
  assert_int_equal(taosuv_message_kind(NULL), 0);
  IS_EMPTY(taosuv_message_topic(NULL));
  IS_EMPTY(taosuv_message_database(NULL));
  assert_int_equal(taosuv_message_vgroup(NULL), 0);
  assert_int_equal(taosuv_message_offset(NULL), -1);
  assert_int_equal(taosuv_message_end(NULL), -1);
  assert_int_equal(taosuv_message_size(NULL), 0);
  assert_int_equal(taosuv_message_blocks(NULL), 0);
  assert_null(taosuv_message_block(NULL, 0));
  IS_EMPTY(taosuv_message_table(NULL, 0));
  assert_null(taosuv_message_fields(NULL, 0, &count));
  assert_int_equal(count, 0);
  assert_null(taosuv_message_fields(NULL, 0, NULL));
  assert_null(taosuv_message_meta(NULL, &length));
  assert_int_equal(length, 0);
  assert_null(taosuv_message_meta(NULL, NULL));
  assert_null(taosuv_message_raw(NULL).data);
  assert_int_equal(taosuv_message_raw(NULL).size, 0);
}

static void of_consumers(void** state) {
  (void) state;
  static const char* const topics[] = {"t"};
  static const taosuv_partition_t partition = {.topic = "t"};
  taosuv_consumer_t* consumer;
  IS_EINVAL(taosuv_consumer_create(NULL, NULL, &consumer));
  IS_EINVAL(taosuv_consumer_create(NULL, NULL, NULL));
  assert_null(taosuv_consumer_data(NULL));
  assert_null(taosuv_consumer_client(NULL));
  IS_EINVAL(taosuv_consumer_subscribe(NULL, NULL, topics, 1, NULL));
  IS_EINVAL(taosuv_consumer_unsubscribe(NULL, NULL, NULL));
  IS_EINVAL(taosuv_consumer_list_topics(NULL, NULL, NULL));
  IS_EINVAL(taosuv_consumer_close(NULL, NULL, NULL));
  IS_EINVAL(taosuv_consumer_poll(NULL, NULL, 0, NULL));
  IS_EINVAL(taosuv_consumer_start(NULL, 0, 0, NULL, NULL));
  IS_EINVAL(taosuv_consumer_stop(NULL));
  IS_EINVAL(taosuv_consumer_pause(NULL));
  IS_EINVAL(taosuv_consumer_resume(NULL));
  IS_EINVAL(taosuv_consumer_commit(NULL, NULL, NULL, NULL));
  IS_EINVAL(taosuv_consumer_commit_offset(NULL, NULL, "t", 1, 1, NULL));
  IS_EINVAL(taosuv_consumer_committed(NULL, NULL, &partition, 1, NULL));
  IS_EINVAL(taosuv_consumer_position(NULL, NULL, &partition, 1, NULL));
  IS_EINVAL(taosuv_consumer_assignment(NULL, NULL, "t", NULL));
  IS_EINVAL(taosuv_consumer_seek(NULL, NULL, "t", 1, 1, NULL));
  IS_EINVAL(taosuv_consumer_seek_to_beginning(NULL, NULL, "t", 1, NULL));
  IS_EINVAL(taosuv_consumer_seek_to_end(NULL, NULL, "t", 1, NULL));
  IS_EINVAL(taosuv_client_drain(NULL, NULL, NULL));
  IS_EINVAL(taosuv_write_raw(NULL, NULL, NULL, NULL));
  IS_EINVAL(taosuv_write_block(NULL, NULL, "t", 1, NULL, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_cells),
      cmocka_unit_test(of_messages),
      cmocka_unit_test(of_consumers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
