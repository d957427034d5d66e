/* Calls without their handle: none crashes, and all of a kind answer alike. A call that gives a
 * status returns TAOSUV_EINVAL; one that gives a value returns 0, NULL or "", and sets what it
 * fills to 0; others do nothing. */
#include "fixture.h"

static void never(void) {
  fail_msg("a refused call has called back");
}
static void never_exec(taosuv_exec_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_query(taosuv_query_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_fetch(taosuv_fetch_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_open(taosuv_open_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_ping(taosuv_ping_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_version(taosuv_server_version_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_status(taosuv_server_status_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_db(taosuv_current_db_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_vgroups(taosuv_table_vgroups_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_lines(taosuv_insert_lines_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_prepare(taosuv_stmt_prepare_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_stmt_exec(taosuv_stmt_exec_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_written(taosuv_write_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_opened(taosuv_writer_open_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_flushed(taosuv_writer_flush_t* req) {
  (void) req;
  never();
}
static void never_closed(void* data) {
  (void) data;
  never();
}
static void never_writer_closed(const taosuv_writer_totals_t* totals, void* data) {
  (void) totals;
  (void) data;
  never();
}
static void never_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report,
                         void* data) {
  (void) writer;
  (void) report;
  (void) data;
  never();
}
static void never_submitted(taosuv_submit_t* req, int status) {
  (void) req;
  (void) status;
  never();
}
static void never_dumped(void* context, const char* text) {
  (void) text;
  (void) context;
  never();
}

#define REFUSED(call) assert_int_equal(call, TAOSUV_EINVAL)

static bool is_zero(const void* memory, size_t size) {
  const uint8_t* bytes = memory;
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0) return false;
  return true;
}

static void statements(void** state) {
  (void) state;
  taosuv_stmt_prepare_t prepare = {0};
  taosuv_stmt_exec_t exec = {0};
  uint32_t count = 7;
  taosuv_value_t value = taosuv_i64(1);
  int64_t number = 1;
  taosuv_array_t array = {.type = TAOSUV_TYPE_BIGINT, .values = &number};
  REFUSED(taosuv_stmt_prepare(NULL, &prepare, "select ?", 8, never_prepare));
  REFUSED(taosuv_stmt_reprepare(NULL, &prepare, "select ?", 8, never_prepare));
  assert_int_equal(taosuv_stmt_is_insert(NULL), 0);
  assert_null(taosuv_stmt_fields(NULL, &count));
  assert_int_equal(count, 0);
  assert_null(taosuv_stmt_fields(NULL, NULL));
  REFUSED(taosuv_bind_table(NULL, "t", 1));
  REFUSED(taosuv_bind_tags(NULL, &value, 1));
  REFUSED(taosuv_bind_columns(NULL, 1, &array, 1));
  REFUSED(taosuv_bind_row(NULL, &value, 1));
  REFUSED(taosuv_bind_null(NULL));
  REFUSED(taosuv_bind_bool(NULL, 1));
  REFUSED(taosuv_bind_i64(NULL, 1));
  REFUSED(taosuv_bind_u64(NULL, 1));
  REFUSED(taosuv_bind_f64(NULL, 1));
  REFUSED(taosuv_bind_text(NULL, "a", 1));
  REFUSED(taosuv_bind_bytes(NULL, "a", 1));
  REFUSED(taosuv_bind_timespec(NULL, (struct timespec) {0}));
  taosuv_bind_undo(NULL);
  taosuv_bind_clear(NULL);
  assert_int_equal(taosuv_bind_rows(NULL), 0);
  assert_int_equal(taosuv_bind_size(NULL), 0);
  assert_string_equal(taosuv_stmt_message(NULL), "");
  REFUSED(taosuv_stmt_exec(NULL, &exec, never_stmt_exec));
  taosuv_stmt_close(NULL);
}

static void writers(void** state) {
  (void) state;
  taosuv_writer_open_t open = {0};
  taosuv_writer_flush_t flush = {0};
  taosuv_writer_options_t options;
  taosuv_writer_totals_t totals;
  uint32_t count = 7;
  int64_t number = 1;
  taosuv_value_t value = taosuv_i64(1);
  taosuv_array_t array = {.type = TAOSUV_TYPE_BIGINT, .values = &number};
  taosuv_writer_options_init(&options);
  options.on_report = never_report;
  memset(&totals, 1, sizeof totals);
  REFUSED(taosuv_writer_open(NULL, &open, &options, never_opened));
  assert_null(taosuv_writer_fields(NULL, &count));
  assert_int_equal(count, 0);
  assert_null(taosuv_writer_fields(NULL, NULL));
  REFUSED(taosuv_writer_row(NULL, "t", 1, NULL, 0, &value, 1));
  REFUSED(taosuv_writer_columns(NULL, "t", 1, NULL, 0, 1, &array, 1));
  REFUSED(taosuv_writer_lines(NULL, "m f=1", 5));
  assert_string_equal(taosuv_writer_message(NULL), "");
  taosuv_writer_totals(NULL, &totals);
  assert_true(is_zero(&totals, sizeof totals));
  REFUSED(taosuv_writer_flush(NULL, &flush, never_flushed));
  taosuv_writer_close(NULL, never_writer_closed, NULL);
}

static void lines(void** state) {
  (void) state;
  taosuv_insert_lines_t req = {0};
  uv_buf_t text = uv_buf_init((char[]) {'m', ' ', 'f', '=', '1', 0}, 5);
  size_t length = 7;
  REFUSED(taosuv_insert_lines(NULL, &req, &text, 1, never_lines));
  REFUSED(taosuv_line_create(NULL, NULL));
  REFUSED(taosuv_line_begin(NULL, "m", 1));
  REFUSED(taosuv_line_tag(NULL, "k", 1, "v", 1));
  REFUSED(taosuv_line_field(NULL, "k", 1, TAOSUV_TYPE_BIGINT, taosuv_i64(1)));
  REFUSED(taosuv_line_end(NULL, 0));
  taosuv_line_drop(NULL);
  taosuv_line_clear(NULL);
  taosuv_line_free(NULL);
  assert_null(taosuv_line_text(NULL, &length)); /* as of a builder without a line */
  assert_int_equal(length, 0);
  assert_null(taosuv_line_text(NULL, NULL));
  assert_int_equal(taosuv_line_points(NULL), 0);
  assert_string_equal(taosuv_line_error(NULL), "");
}

static void queries(void** state) {
  (void) state;
  taosuv_exec_t exec = {0};
  taosuv_query_t query = {0};
  taosuv_fetch_t fetch = {0};
  taosuv_write_t write = {0};
  uint32_t count = 7;
  REFUSED(taosuv_exec(NULL, &exec, "select 1", 8, never_exec));
  REFUSED(taosuv_query(NULL, &query, "select 1", 8, never_query));
  assert_null(taosuv_result_fields(NULL, &count));
  assert_int_equal(count, 0);
  assert_null(taosuv_result_fields(NULL, NULL));
  assert_int_equal(taosuv_result_precision(NULL), TAOSUV_PRECISION_MS);
  REFUSED(taosuv_fetch(NULL, &fetch, never_fetch));
  taosuv_result_close(NULL);
  REFUSED(taosuv_write_raw(NULL, &write, &(taosuv_raw_t) {0}, never_written));
  REFUSED(taosuv_write_block(NULL, &write, "t", 1, NULL, never_written));
}

static void blocks(void** state) {
  (void) state;
  taosuv_column_t column;
  size_t size = 7;
  assert_null(taosuv_block_ref(NULL));
  taosuv_block_unref(NULL);
  assert_int_equal(taosuv_block_rows(NULL), 0);
  assert_int_equal(taosuv_block_columns(NULL), 0);
  assert_null(taosuv_block_data(NULL, &size));
  assert_int_equal(size, 0);
  assert_null(taosuv_block_data(NULL, NULL));
  REFUSED(taosuv_block_column(NULL, 0, &column));
}

static void clients(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = NULL;
  taosuv_options_t options;
  taosuv_open_t open = {0};
  taosuv_ping_t ping = {0};
  taosuv_server_version_t version = {0};
  taosuv_server_status_t server_status = {0};
  taosuv_current_db_t db = {0};
  taosuv_table_vgroups_t vgroups = {0};
  taosuv_submit_t submit = {0};
  taosuv_counts_t counts;
  static const char* const tables[] = {"t"};
  taosuv_options_init(&options);
  options.url = "ws://localhost";
  memset(&counts, 1, sizeof counts);
  REFUSED(taosuv_client_create(NULL, options.url, &client));
  REFUSED(taosuv_client_create(&it->loop, options.url, NULL));
  REFUSED(taosuv_client_create_ex(&it->loop, NULL, &client));
  REFUSED(taosuv_client_create_ex(NULL, &options, &client));
  assert_null(client);
  assert_null(taosuv_client_data(NULL));
  taosuv_client_set_data(NULL, it);
  assert_null(taosuv_client_loop(NULL));
  taosuv_close(NULL, never_closed);
  REFUSED(taosuv_cancel(NULL));
  assert_int_equal(taosuv_is_pending(NULL), 0);
  taosuv_client_counts(NULL, &counts);
  assert_true(is_zero(&counts, sizeof counts));
  REFUSED(taosuv_open(NULL, &open, never_open));
  REFUSED(taosuv_ping(NULL, &ping, never_ping));
  REFUSED(taosuv_server_version(NULL, &version, never_version));
  REFUSED(taosuv_server_status(NULL, &server_status, "h", 1, 1, never_status));
  REFUSED(taosuv_current_db(NULL, &db, never_db));
  REFUSED(taosuv_table_vgroups(NULL, &vgroups, "d", tables, 1, never_vgroups));
  REFUSED(taosuv_submit(NULL, &submit, never_submitted));
}

static void observers(void** state) {
  (void) state;
  taosuv_stats_t stats;
  taosuv_host_stats_t host;
  taosuv_latency_t latency;
  int status;
  uint64_t count;
  char buf[16];
  REFUSED(taosuv_client_stats(NULL, &stats));
  REFUSED(taosuv_stats_host(NULL, 0, &host));
  REFUSED(taosuv_metrics_enable(NULL, 1));
  REFUSED(taosuv_stats_error(NULL, 0, &status, &count));
  REFUSED(taosuv_stats_latency(NULL, TAOSUV_ACTION_QUERY, &latency));
  assert_int_equal(taosuv_latency_percentile(NULL, 50), 0);
  REFUSED(taosuv_client_prometheus(NULL, buf, sizeof buf));
  REFUSED(taosuv_client_dump(NULL, never_dumped, NULL));
  REFUSED(taosuv_client_set_hooks(NULL, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(statements), IT_TEST(writers), IT_TEST(lines),     IT_TEST(queries),
      IT_TEST(blocks),     IT_TEST(clients), IT_TEST(observers),
  };
  return cmocka_run_group_tests_name("null", tests, NULL, NULL);
}
