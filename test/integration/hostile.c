/* What the tests of lying servers share: a lie is a rule, and the client must see through it. */
#include "hostile.h"

taosuv_client_t* hostile_client(it_t* it) {
  it_needs_ws(it, "messages of the WebSocket");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, HOSTILE_KEYS);
  it_usable(it, client);
  it_until_no_results(it);
  return client;
}

void hostile_goes_on(it_t* it, taosuv_client_t* client, uint64_t since) {
  it_within(since, 0, 2000);
  it_unrule(it);
  it_usable(it, client);
}

int hostile_start(it_t* it, taosuv_client_t* client, it_op_t* op, operation_t operation) {
  switch (operation) {
    case EXEC: return it_exec(it, client, op, HOSTILE_SQL);
    case QUERY: return it_query(it, client, op, HOSTILE_SQL);
    case FETCH: return it_fetch(it, it_rows(it, client, HOSTILE_SQL), op);
    case VERSION: return it_version(it, client, op);
    case STATUS: return it_status(it, client, op, NULL, 0);
    case CURRENT_DB: return it_current_db(it, client, op);
    case OPEN: return it_open(it, client, op);
  }
  return TAOSUV_EINVAL;
}

static const char* action_of(operation_t operation) {
  switch (operation) {
    case EXEC:
    case QUERY: return "binary_query";
    case FETCH: return "fetch_raw_block";
    case VERSION:
    case OPEN: return "version";
    case STATUS: return "check_server_status";
    case CURRENT_DB: return "get_current_db";
  }
  return NULL;
}

void hostile_tell(it_t* it, taosuv_client_t* client, operation_t operation, const ts_rule_t* rule,
                  int expected) {
  it_op_t op = {0};
  uint64_t begun = it_ms();
  it_rule(it, rule);
  int status = it_end(hostile_start(it, client, &op, operation), &op);
  if (status != expected) fail_msg("%s: %s", taosuv_err_name(status), op.message);
  assert_true(op.message[0] != 0);
  if (operation == FETCH) {
    assert_int_equal(it_end(it_fetch(it, op.fetch.result, &op), &op), expected);
    taosuv_result_close(op.fetch.result);
  }
  hostile_goes_on(it, client, begun);
  it_until_no_results(it);
}

void hostile_tell_text(it_t* it, taosuv_client_t* client, const lie_t* lie) {
  const char* action = lie->action != NULL ? lie->action : action_of(lie->operation);
  hostile_tell(it, client, lie->operation,
               &(ts_rule_t) {.action = action,
                             .answer = TS_ANSWER_TEXT,
                             .data = lie->text,
                             .size = strlen(lie->text),
                             .put_req_id = true},
               lie->status);
}

taosuv_client_t* hostile_client_old(it_t* it) {
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.1.1.15"});
  return hostile_client(it);
}

enum { MOST = 128 };

static struct CMUnitTest tests[MOST];
static size_t tests_count;

void hostile_add(const char* name, CMUnitTestFunction function, const void* param) {
  assert_in_range(tests_count, 0, MOST - 1);
  struct CMUnitTest test = {name, function, it_setup, it_teardown, NULL};
  memcpy(&test.initial_state, &param, sizeof param);
  tests[tests_count++] = test;
}

int hostile_run(const char* name, const struct CMUnitTest* others, size_t count) {
  assert_in_range(tests_count + count, 1, MOST);
  memcpy(tests + tests_count, others, count * sizeof *others);
  return _cmocka_run_group_tests(name, tests, tests_count + count, NULL, NULL);
}
