/* Consumers for integration tests: topics that are cleaned up, and synchronous operations. */
#include "consumers.h"

/* One operation that is waited for. */
typedef struct op_s {
  union {
    taosuv_req_t req;
    taosuv_subscribe_t subscribe;
    taosuv_poll_t poll;
    taosuv_commit_t commit;
    taosuv_offsets_t offsets;
    taosuv_assignment_t assignment;
    taosuv_seek_t seek;
    taosuv_list_topics_t topics;
  };
  bool done;
  int status;
  taosuv_message_t* message;
  int64_t offset;
  taosuv_partition_t* partitions;
  uint32_t count;
  char* list;
  size_t size;
} op_t;

static bool is_done(void* data) {
  return *(bool*) data;
}

static int wait_for(tc_consumer_t* one, op_t* op, int started) {
  if (started < 0) return started;
  if (!it_until(one->tc->it, is_done, &op->done, 60000)) fail_msg("no callback");
  return op->status;
}

static void done(taosuv_req_t* req, int status) {
  op_t* op = req->data;
  assert_false(op->done);
  op->done = true;
  op->status = status;
  if (status < 0) assert_non_null(req->message);
}

static void on_subscribe(taosuv_subscribe_t* req, int status) {
  done((taosuv_req_t*) req, status);
}

static void on_commit(taosuv_commit_t* req, int status) {
  done((taosuv_req_t*) req, status);
}

static void on_seek(taosuv_seek_t* req, int status) {
  done((taosuv_req_t*) req, status);
}

static void on_poll(taosuv_poll_t* req, int status) {
  op_t* op = req->data;
  if (req->msg != NULL) assert_int_equal(status, taosuv_message_status(req->msg));
  if (req->msg != NULL) op->message = taosuv_message_ref(req->msg);
  done((taosuv_req_t*) req, status);
}

static void on_offsets(taosuv_offsets_t* req, int status) {
  op_t* op = req->data;
  if (status == 0) {
    assert_int_equal(req->count, 1);
    op->offset = req->offsets[0];
  }
  done((taosuv_req_t*) req, status);
}

static void on_assignment(taosuv_assignment_t* req, int status) {
  op_t* op = req->data;
  if (status == 0) {
    assert_true(req->count <= TC_VGROUPS);
    memcpy(op->partitions, req->partitions, req->count * sizeof *req->partitions);
    op->count = req->count;
  }
  done((taosuv_req_t*) req, status);
}

static void on_topics(taosuv_list_topics_t* req, int status) {
  op_t* op = req->data;
  op->list[0] = 0;
  for (uint32_t i = 0; status == 0 && i < req->count; i++) {
    size_t length = strlen(op->list);
    snprintf(op->list + length, op->size - length, "%s ", req->topics[i]);
  }
  done((taosuv_req_t*) req, status);
}

#define OP(name)                                                                                   \
  op_t name;                                                                                       \
  memset(&name, 0, sizeof name);                                                                   \
  name.req.data = &name

int tc_subscribe(tc_consumer_t* one, const char* topic) {
  OP(op);
  return wait_for(one, &op,
                  taosuv_consumer_subscribe(one->consumer, &op.subscribe, &topic, 1, on_subscribe));
}

int tc_unsubscribe(tc_consumer_t* one) {
  OP(op);
  return wait_for(one, &op,
                  taosuv_consumer_unsubscribe(one->consumer, &op.subscribe, on_subscribe));
}

int tc_poll(tc_consumer_t* one, uint64_t wait_ms, taosuv_message_t** message) {
  OP(op);
  int status = wait_for(one, &op, taosuv_consumer_poll(one->consumer, &op.poll, wait_ms, on_poll));
  *message = op.message;
  return status;
}

int tc_commit(tc_consumer_t* one, taosuv_message_t* message) {
  OP(op);
  return wait_for(one, &op, taosuv_consumer_commit(one->consumer, &op.commit, message, on_commit));
}

int tc_commit_offset(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t offset) {
  OP(op);
  return wait_for(
      one, &op,
      taosuv_consumer_commit_offset(one->consumer, &op.commit, topic, vgroup, offset, on_commit));
}

int tc_committed(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t* offset) {
  OP(op);
  taosuv_partition_t partition = {.topic = topic, .vgroup_id = vgroup};
  int status = wait_for(
      one, &op, taosuv_consumer_committed(one->consumer, &op.offsets, &partition, 1, on_offsets));
  *offset = op.offset;
  return status;
}

int tc_position(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t* offset) {
  OP(op);
  taosuv_partition_t partition = {.topic = topic, .vgroup_id = vgroup};
  int status = wait_for(
      one, &op, taosuv_consumer_position(one->consumer, &op.offsets, &partition, 1, on_offsets));
  *offset = op.offset;
  return status;
}

int tc_assignment(tc_consumer_t* one, const char* topic, taosuv_partition_t* partitions,
                  uint32_t* count) {
  OP(op);
  op.partitions = partitions;
  int status = wait_for(
      one, &op, taosuv_consumer_assignment(one->consumer, &op.assignment, topic, on_assignment));
  *count = op.count;
  return status;
}

int tc_seek(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t offset) {
  OP(op);
  return wait_for(one, &op,
                  taosuv_consumer_seek(one->consumer, &op.seek, topic, vgroup, offset, on_seek));
}

int tc_seek_to(tc_consumer_t* one, const char* topic, bool beginning) {
  OP(op);
  int started = beginning ? taosuv_consumer_seek_to_beginning(one->consumer, &op.seek, topic,
                                                              TAOSUV_ALL_VGROUPS, on_seek)
                          : taosuv_consumer_seek_to_end(one->consumer, &op.seek, topic,
                                                        TAOSUV_ALL_VGROUPS, on_seek);
  return wait_for(one, &op, started);
}

int tc_topics(tc_consumer_t* one, char* list, size_t size) {
  OP(op);
  op.list = list;
  op.size = size;
  return wait_for(one, &op, taosuv_consumer_list_topics(one->consumer, &op.topics, on_topics));
}

static void on_close(taosuv_consumer_close_t* req, int status) {
  tc_consumer_t* one = req->data;
  assert_false(one->closed);
  one->closed = true;
  one->close_status = status;
  one->close_code = req->server_code;
  snprintf(one->close_message, sizeof one->close_message, "%s",
           req->message != NULL ? req->message : "");
  snprintf(one->close_host, sizeof one->close_host, "%s", req->host != NULL ? req->host : "");
  one->consumer = NULL;
}

int tc_close(tc_consumer_t* one) {
  one->close.data = one;
  int status = taosuv_consumer_close(one->consumer, &one->close, on_close);
  if (status < 0) return status;
  if (!it_until(one->tc->it, is_done, &one->closed, 60000)) fail_msg("not closed");
  return one->close_status;
}

/* ---- making them ---- */

static void on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event,
                     void* data) {
  tc_consumer_t* one = data;
  assert_ptr_equal(one->consumer, consumer);
  if (event->status != 0) {
    one->event_status = event->status;
    one->event_code = event->server_code;
  }
  switch (event->type) {
    case TAOSUV_CONSUMER_LOST: one->lost++; break;
    case TAOSUV_CONSUMER_RESUMED: one->resumed++; break;
    case TAOSUV_CONSUMER_COMMIT_FAILED: one->commit_failed++; break;
    case TAOSUV_CONSUMER_FAILED: one->failed++; break;
    case TAOSUV_CONSUMER_ASSIGNED:
      one->assigned++;
      one->vgroups = event->count;
      break;
  }
  if (one->on_event != NULL) one->on_event(one, event);
}

tc_consumer_t* tc_consumer(tc_t* tc, const char* keys, const char* properties) {
  char more[512];
  snprintf(more, sizeof more, "auto.offset.reset=earliest %s", properties);
  return tc_consumer_from(tc, keys, more);
}

tc_consumer_t* tc_consumer_from(tc_t* tc, const char* keys, const char* properties) {
  char url[1024], text[512], message[256] = "";
  taosuv_property_t list[16] = {{"group.id", tc->group}, {"msg.with.table.name", "true"}};
  taosuv_allocator_t allocator;
  taosuv_consumer_options_t options;
  tc_consumer_t* one = tc->consumers;
  while (one->tc != NULL) one++;
  assert_true(one < tc->consumers + TC_CONSUMERS);
  one->tc = tc;
  size_t count = 2;
  snprintf(text, sizeof text, "%s", properties);
  char* save = NULL;
  for (char* at = strtok_r(text, " ", &save); at != NULL; at = strtok_r(NULL, " ", &save)) {
    char* value = strchr(at, '=');
    *value++ = 0;
    list[count++] = (taosuv_property_t) {at, value};
  }
  it_url(tc->it, url, sizeof url, "", keys);
  memcpy(&allocator, &tc->it->probe.alloc, sizeof allocator);
  taosuv_consumer_options_init(&options);
  options.url = url;
  options.properties = list;
  options.count = count;
  options.allocator = &allocator;
  options.on_event = on_event;
  options.data = one;
  options.assignment_interval_ms = 200;
  options.skip_unreadable = tc->skip_unreadable;
  options.message = message;
  options.message_size = sizeof message;
  it_needs_ws(tc->it, "consumers");
  int status = taosuv_consumer_create(&tc->it->loop, &options, &one->consumer);
  if (status != 0) fail_msg("%s: %s", taosuv_err_name(status), message);
  return one;
}

tc_consumer_t* tc_subscribed(tc_t* tc, const char* topic, const char* properties) {
  tc_consumer_t* one = tc_consumer(tc, "", properties);
  assert_int_equal(tc_subscribe(one, topic), 0);
  return one;
}

const char* tc_topic(tc_t* tc, const char* as) {
  size_t i = 0;
  char text[512];
  while (tc->topics[i][0] != 0) i++;
  assert_in_range(i, 0, TC_TOPICS - 1);
  snprintf(tc->topics[i], sizeof tc->topics[i], "%s_t%zu", tc->db, i);
  const char* percent = strstr(as, "%s");
  if (percent == NULL)
    snprintf(text, sizeof text, "%s", as);
  else
    snprintf(text, sizeof text, "%.*s%s%s", (int) (percent - as), as, tc->db, percent + 2);
  it_ok(tc->it, tc->client, "create topic %s %s", tc->topics[i], text);
  return tc->topics[i];
}

void tc_rows(tc_t* tc, const char* table, int first, int count) {
  char sql[8192];
  size_t length = (size_t) snprintf(sql, sizeof sql, "insert into %s using st tags('%s') values",
                                    table, table);
  for (int i = first; i < first + count; i++)
    length += (size_t) snprintf(sql + length, sizeof sql - length, "(%lld,%d)", 1700000000000ll + i,
                                i);
  it_ok(tc->it, tc->client, "%s", sql);
}

/* ---- rows ---- */

unsigned tc_count(taosuv_message_t* message, unsigned* seen, unsigned size) {
  unsigned rows = 0;
  for (uint32_t i = 0; i < taosuv_message_blocks(message); i++) {
    uint32_t fields, at = 0;
    const taosuv_field_t* field = taosuv_message_fields(message, i, &fields);
    while (at < fields && strcmp(field[at].name, "v") != 0) at++;
    assert_true(at < fields);
    taosuv_column_t column;
    assert_int_equal(taosuv_block_column(taosuv_message_block(message, i), at, &column), 0);
    for (uint32_t row = 0; row < column.rows; row++) {
      int64_t value;
      assert_int_equal(taosuv_cell_i64(&column, row, &value), 0);
      assert_in_range(value, 0, size - 1);
      seen[value]++;
      rows++;
    }
  }
  return rows;
}

taosuv_message_t* tc_next(tc_consumer_t* one) {
  taosuv_message_t* message = NULL;
  for (int i = 0; i < 20 && message == NULL; i++) assert_int_equal(tc_poll(one, 1000, &message), 0);
  assert_non_null(message);
  return message;
}

/* A real server assigns vgroups within seconds; until then there are no messages. */
uint64_t tc_wait_ms(const tc_t* tc) {
  return tc->it->server != NULL ? 100 : 1500;
}

unsigned tc_patience(const tc_t* tc) {
  return tc->it->server != NULL ? 3 : 8;
}

unsigned tc_drain(tc_consumer_t* one, unsigned* seen, unsigned size, unsigned count) {
  unsigned rows = 0, empty = 0;
  while (rows < count && empty < tc_patience(one->tc)) {
    taosuv_message_t* message;
    assert_int_equal(tc_poll(one, tc_wait_ms(one->tc), &message), 0);
    empty = message == NULL ? empty + 1 : 0;
    if (message != NULL) rows += tc_count(message, seen, size);
    taosuv_message_unref(message);
  }
  return rows;
}

typedef struct goal_s {
  const unsigned* flag;
  unsigned value;
} goal_t;

static bool has_reached(void* data) {
  const goal_t* goal = data;
  return *goal->flag >= goal->value;
}

void tc_until(tc_t* tc, const unsigned* flag, unsigned value) {
  goal_t goal = {flag, value};
  if (!it_until(tc->it, has_reached, &goal, 60000)) fail_msg("never came to %u", value);
}

/* ---- a test ---- */

int tc_setup(void** state) {
  tc_t* tc = calloc(1, sizeof *tc);
  void* inner = NULL;
  if (tc == NULL || it_setup(&inner) != 0) return -1;
  tc->it = inner;
  taosuv_client_t* admin = it_client(tc->it, "pool_size=1");
  tc->db = it_database(tc->it, admin, "ms");
  tc->client = it_client_db(tc->it, tc->db, "pool_size=1");
  snprintf(tc->group, sizeof tc->group, "%s_g", tc->db);
  it_ok(tc->it, tc->client, "create stable st (ts timestamp, v int) tags (name varchar(24))");
  *state = tc;
  return 0;
}

int tc_teardown(void** state) {
  tc_t* tc = *state;
  for (size_t i = 0; i < TC_CONSUMERS; i++)
    if (tc->consumers[i].consumer != NULL) tc_close(&tc->consumers[i]);
  for (size_t i = 0; i < TC_TOPICS; i++)
    if (tc->topics[i][0] != 0) it_ok(tc->it, tc->client, "drop topic %s", tc->topics[i]);
  void* inner = tc->it;
  int status = it_teardown(&inner);
  free(tc);
  return status;
}
