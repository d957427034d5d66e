/* Replies to a statement's messages that are about another statement, or cannot be. */
#include "hostile.h"
#include "stmt_forms.h"

#define OTHER ",\"stmt_id\":4711"
#define FIELDS ",\"is_insert\":true,\"fields\":[],\"fields_count\":0"
#define RESULT                                                                                     \
  ",\"id\":1,\"result_id\":1,\"fields_count\":1,\"fields_names\":[\"v\"],\"fields_types\":[4],"    \
  "\"fields_lengths\":[4],\"precision\":0"

typedef struct wrong_s {
  const char* action;
  const char* text;
  const char* says;    /* a part of the error's text */
  bool maybe_executed; /* the failure says so */
  bool query;          /* the statement is a query */
} wrong_t;

static const wrong_t wrong_by_stmt2[] = {
    {"stmt2_init", ",\"stmt_id\":0", "\"stmt_id\" is 0", false, false},
    {"stmt2_prepare", OTHER FIELDS, "4711", false, false},
    {"stmt2_prepare", FIELDS, "lacks \"stmt_id\"", false, false},
    {"stmt2_bind", OTHER, "4711", false, false},
    {"stmt2_exec", OTHER ",\"affected\":1", "4711", true, false},
    {"stmt2_exec", ",\"affected\":1", "lacks \"stmt_id\"", true, false},
    {"stmt2_exec", ",\"stmt_id\":1,\"affected\":-5", "\"affected\" is -5", true, false},
    {"stmt2_result", OTHER RESULT, "4711", false, true},
};

static const wrong_t wrong_by_first[] = {
    {"prepare", OTHER ",\"is_insert\":true", "4711", false, false},
    {"set_table_name", OTHER, "4711", false, false},
    {"get_tag_fields", OTHER ",\"fields\":[]", "4711", false, false},
    {"get_col_fields", OTHER ",\"fields\":[]", "4711", false, false},
    {"set_tags", OTHER, "4711", false, false},
    {"bind", OTHER, "4711", false, false},
    {"add_batch", OTHER, "4711", false, false},
    {"exec", OTHER ",\"affected\":1", "4711", true, false},
    {"exec", ",\"stmt_id\":1,\"affected\":-5", "\"affected\" is -5", true, false},
    {"use_result", OTHER RESULT, "4711", false, true},
};

static const wrong_t wrong_by_bind_exec[] = {
    {"stmt2_bind_exec", OTHER ",\"affected\":1", "4711", true, false},
    {"stmt2_bind_exec", ",\"stmt_id\":1,\"affected\":-5", "\"affected\" is -5", true, false},
};

/* Binds one row, or the parameter of a query. */
static void bind_one(taosuv_stmt_t* stmt, bool query, int64_t ts) {
  if (query) {
    assert_int_equal(taosuv_bind_row(stmt, (taosuv_value_t[]) {taosuv_i64(0)}, 1), 0);
    return;
  }
  assert_int_equal(taosuv_bind_table(stmt, "d1", 2), 0);
  assert_int_equal(taosuv_bind_tags(stmt, (taosuv_value_t[]) {taosuv_i64(1)}, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, (taosuv_value_t[]) {taosuv_i64(ts), taosuv_i64(7)}, 2), 0);
}

static int execute(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, bool query, int64_t ts) {
  bind_one(stmt, query, ts);
  int status = it_end(it_stmt_exec(it, stmt, op), op);
  if (status == 0 && query) {
    it_drain(it, op->stmt_exec.result);
    taosuv_result_close(op->stmt_exec.result);
  }
  return status;
}

/* While one reply is wrong: the status of preparing, or else of executing. */
static int deceived(it_t* it, taosuv_client_t* client, const wrong_t* wrong, it_op_t* op) {
  static const char* const sql[] = {"insert into ? using st tags(?) values(?,?)",
                                    "select v from st where v > ?"};
  char text[512];
  snprintf(text, sizeof text, HOSTILE_HEAD "%s}", wrong->text);
  it_rule(it, &(ts_rule_t) {.action = wrong->action,
                            .times = 1,
                            .answer = TS_ANSWER_TEXT,
                            .data = text,
                            .size = strlen(text),
                            .put_req_id = true});
  it_op_t prepare = {0};
  int status = it_end(it_prepare(it, client, &prepare, sql[wrong->query]), &prepare);
  if (status < 0) {
    *op = prepare;
    return status;
  }
  status = execute(it, prepare.prepare.stmt, op, wrong->query, 1700000000000);
  assert_int_equal(op->stmt_exec.affected_rows, 0);
  assert_null(op->stmt_exec.result);
  it_op_t again = {0}; /* the statement goes on */
  assert_int_equal(execute(it, prepare.prepare.stmt, &again, wrong->query, 1700000001000), 0);
  assert_int_equal(again.stmt_exec.affected_rows, !wrong->query);
  taosuv_stmt_close(prepare.prepare.stmt);
  return status;
}

static void check_all(it_t* it, size_t form_index, const wrong_t* wrong, size_t count) {
  it_needs_bundled(it);
  const stmt_form_t* form = stmt_form_begin(it, form_index);
  it_ok(it, stmt_form_client(it, form, "ms"),
        "create stable st (ts timestamp, v int) tags (g int)");
  for (size_t i = 0; i < count; i++) {
    /* A connection of its own, whose first statement is 1. */
    taosuv_client_t* client = it_client_db(it, it->databases[0], form->keys);
    it_op_t op = {0};
    uint64_t begun = it_ms();
    int status = deceived(it, client, &wrong[i], &op);
    if (status != TAOSUV_EPROTO)
      fail_msg("%s%s: %s %s", wrong[i].action, wrong[i].text, taosuv_err_name(status), op.message);
    it_has(op.message, wrong[i].says);
    assert_int_equal((op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0, wrong[i].maybe_executed);
    hostile_goes_on(it, client, begun);
    it_close_wait(it, client);
  }
}

static void stmt2_is_answered_for_another_statement(void** state) {
  check_all(*state, 0, wrong_by_stmt2, COUNT(wrong_by_stmt2));
}

static void the_first_version_is_answered_for_another_statement(void** state) {
  check_all(*state, 1, wrong_by_first, COUNT(wrong_by_first));
}

static void bind_exec_is_answered_for_another_statement(void** state) {
  check_all(*state, 2, wrong_by_bind_exec, COUNT(wrong_by_bind_exec));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(stmt2_is_answered_for_another_statement),
      IT_TEST(the_first_version_is_answered_for_another_statement),
      IT_TEST(bind_exec_is_answered_for_another_statement),
  };
  return hostile_run("hostile_stmt", tests, COUNT(tests));
}
