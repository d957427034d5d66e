/* The answers to the messages of prepared statements, and what follows from them (PROTOCOL 6). */
#include <string.h>

#include "client/stmt.h"

/* ---- where to begin ---- */

static int choose_version(tuv_remote_t* remote, tuv_errmsg_t* err) {
  const tuv_conn_t* conn = remote->conn;
  uint32_t forced = conn->client->url.stmt_version;
  remote->first = forced == 1 || (forced == 0 && conn->version < TUV_VERSION(3, 3, 6, 0));
  if (remote->first || conn->version >= TUV_VERSION(3, 3, 3, 0)) return 0;
  return tuv_fail(err, TAOSUV_EVERSION, "stmt_version=2 needs server 3.3.3.0, this one is %s",
                  conn->version_text);
}

void tuv_remote_prepare(tuv_remote_t* remote) {
  tuv_errmsg_t err;
  int status = choose_version(remote, &err);
  if (status == 0) {
    tuv_remote_post(remote, TUV_STEP_INIT);
    return;
  }
  tuv_failure_t failure = {status, 0, 0, err.text, tuv_conn_host(remote->conn)};
  tuv_stmt_fail(remote->stmt, &failure);
}

/* ---- what is to be bound ---- */

/* A form of what `head` has (may be NULL), the table's name if it is bound, and more fields. */
static tuv_refbuf_t* make_form(tuv_mem_t* mem, const tuv_form_t* head, bool table,
                               const tuv_stmt_fields_t* more) {
  static const char name[] = "tbname";
  uint32_t before = head == NULL ? table : head->count, count = before + more->count;
  size_t names = more->names_size + sizeof name;
  for (uint32_t i = 0; head != NULL && i < before; i++) names += head->fields[i].name_length + 1;
  tuv_refbuf_t* buf = tuv_refbuf_take(
      mem, sizeof(tuv_form_t) + count * sizeof(taosuv_stmt_field_t) + names);
  if (buf == NULL) return NULL;
  tuv_form_t* form = tuv_form_of(buf);
  char* at = (char*) (form->fields + count);
  form->insert = true;
  form->count = count;
  taosuv_stmt_field_t first = {.name = name,
                               .name_length = sizeof name - 1,
                               .kind = TAOSUV_BIND_TABLE,
                               .type = TAOSUV_TYPE_VARCHAR,
                               .length = 270};
  for (uint32_t i = 0; i < before; i++) {
    taosuv_stmt_field_t* field = &form->fields[i];
    *field = head == NULL ? first : head->fields[i];
    memcpy(at, field->name, field->name_length + 1);
    field->name = at;
    at += field->name_length + 1;
  }
  tuv_stmt_fields_copy(more, form->fields + before, at);
  return buf;
}

static int add_fields(tuv_remote_t* remote, bool table, const tuv_stmt_fields_t* more,
                      tuv_errmsg_t* err) {
  const tuv_form_t* head = remote->form == NULL ? NULL : tuv_form_of(remote->form);
  tuv_refbuf_t* form = make_form(remote->conn->client->mem, head, table, more);
  if (form == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for the fields");
  tuv_refbuf_unref(remote->form);
  remote->form = form;
  return 0;
}

/* Of a query only the number of its question marks is known. */
static int set_query(tuv_remote_t* remote, uint64_t count, tuv_errmsg_t* err) {
  if (count == 0 || count > TUV_STMT_MAX_FIELDS)
    return tuv_fail(err, count == 0 ? TAOSUV_ENOTSUP : TAOSUV_EPROTO,
                    "a query of %llu parameters", (unsigned long long) count);
  remote->form = tuv_refbuf_take(remote->conn->client->mem, sizeof(tuv_form_t));
  if (remote->form == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for the fields");
  tuv_form_t* form = tuv_form_of(remote->form);
  form->insert = false;
  form->count = (uint32_t) count;
  return 0;
}

/* ---- being prepared ---- */

/* What was asked of a step: the next one, or an error. */
static int ready(tuv_remote_t* remote, tuv_step_t* next) {
  remote->prepared = true;
  *next = TUV_STEP_NONE;
  return 0;
}

static int on_init(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                   tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  bool probe = !remote->first && scan->insert && scan->table && !scan->super_table;
  *next = probe ? TUV_STEP_PROBE : TUV_STEP_PREPARE;
  return tuv_stmt_reply_id(reply, &remote->id, err);
}

static int on_probe(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                    tuv_errmsg_t* err) {
  tuv_stmt_fields_t fields;
  *next = TUV_STEP_PREPARE;
  int status = tuv_stmt_reply_fields(reply, 0, &fields, err);
  return status < 0 ? status : add_fields(remote, true, &fields, err);
}

/* An insert without a question mark has nothing to be bound; one of the wrong kind is not for us. */
static int check_insert(const tuv_remote_t* remote, tuv_errmsg_t* err) {
  if (remote->form != NULL && tuv_form_of(remote->form)->count > 0) return 0;
  return tuv_fail(err, TAOSUV_ENOTSUP, "nothing is to be bound in this statement");
}

static int on_prepare(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                      tuv_errmsg_t* err) {
  bool insert = false;
  uint64_t count = 0;
  tuv_stmt_fields_t fields;
  int status = tuv_reply_bool(reply, "is_insert", &insert, err);
  if (status == 0) status = tuv_reply_uint(reply, "fields_count", &count, err);
  if (status < 0) return status;
  if (insert && remote->form == NULL) {
    status = tuv_stmt_reply_fields(reply, 0, &fields, err);
    if (status == 0) status = add_fields(remote, false, &fields, err);
  } else if (!insert) {
    tuv_refbuf_unref(remote->form);
    remote->form = NULL;
    status = set_query(remote, count, err);
  }
  if (status == 0 && insert) status = check_insert(remote, err);
  return status < 0 ? status : ready(remote, next);
}

/* The first version tells no number of parameters that it would be safe to ask for (PROTOCOL
 * 6.1.2), and fields only one kind at a time. */
static int on_first_prepare(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                            tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  bool insert = scan->insert;
  int status = tuv_reply_bool(reply, "is_insert", &insert, err);
  if (status < 0) return status;
  if (!insert) {
    status = set_query(remote, scan->columns, err);
    return status < 0 ? status : ready(remote, next);
  }
  *next = scan->table      ? TUV_STEP_PROBE_NAME
          : scan->tags > 0 ? TUV_STEP_TAG_FIELDS
                           : TUV_STEP_COLUMN_FIELDS;
  return 0;
}

static int on_first_fields(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                           tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  bool tags = remote->step == TUV_STEP_TAG_FIELDS;
  uint8_t kind = tags ? TAOSUV_BIND_TAG : TAOSUV_BIND_COLUMN;
  uint32_t expected = tags ? scan->tags : scan->columns;
  tuv_stmt_fields_t fields;
  int status = tuv_stmt_reply_fields(reply, kind, &fields, err);
  if (status == 0 && fields.count != expected)
    status = tuv_fail(err, TAOSUV_ENOTSUP,
                      "%u %s for %u question marks: the first version of statements binds all or "
                      "those listed before VALUES, and no tbname",
                      fields.count, tags ? "tags" : "columns", expected);
  if (status == 0) status = add_fields(remote, scan->table, &fields, err);
  if (status < 0) return status;
  *next = TUV_STEP_COLUMN_FIELDS;
  return tags ? 0 : ready(remote, next);
}

static void prepare_failed(tuv_remote_t* remote, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = remote->stmt;
  remote->stmt = NULL;
  if (stmt != NULL) stmt->remote = NULL;
  tuv_remote_discard(remote);
  if (stmt != NULL) tuv_stmt_fail(stmt, failure);
}

static void on_preparing(tuv_remote_t* remote, const tuv_reply_t* reply) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  tuv_step_t next = TUV_STEP_NONE;
  tuv_errmsg_t err = {""};
  int status = 0;
  switch ((tuv_step_t) remote->step) {
    case TUV_STEP_INIT: status = on_init(remote, reply, &next, &err); break;
    case TUV_STEP_PROBE: status = on_probe(remote, reply, &next, &err); break;
    case TUV_STEP_PREPARE:
      status = remote->first ? on_first_prepare(remote, reply, &next, &err)
                             : on_prepare(remote, reply, &next, &err);
      break;
    case TUV_STEP_PROBE_NAME:
      next = scan->tags > 0 ? TUV_STEP_TAG_FIELDS : TUV_STEP_COLUMN_FIELDS;
      break;
    default: status = on_first_fields(remote, reply, &next, &err); break;
  }
  remote->step = TUV_STEP_NONE;
  if (status < 0)
    prepare_failed(remote, &(tuv_failure_t){status, 0, 0, err.text, tuv_conn_host(remote->conn)});
  else if (remote->stmt == NULL)
    tuv_remote_settle(remote);
  else if (next != TUV_STEP_NONE)
    tuv_remote_post(remote, next);
  else
    tuv_stmt_go_on(remote);
}

/* ---- a batch ---- */

/* The first version takes a batch table by table. */
static tuv_step_t first_step(const tuv_remote_t* remote) {
  const tuv_batch_t* batch = &tuv_stmt_job(remote->stmt)->batch;
  size_t length;
  if (tuv_batch_v1_name(batch, remote->table, &length) != NULL) return TUV_STEP_NAME;
  return tuv_batch_v1_tags_size(batch, remote->table) > 0 ? TUV_STEP_TAGS : TUV_STEP_ROWS;
}

static tuv_step_t next_step(tuv_remote_t* remote) {
  const tuv_batch_t* batch = &tuv_stmt_job(remote->stmt)->batch;
  switch ((tuv_step_t) remote->step) {
    case TUV_STEP_NAME:
      return tuv_batch_v1_tags_size(batch, remote->table) > 0 ? TUV_STEP_TAGS : TUV_STEP_ROWS;
    case TUV_STEP_TAGS: return TUV_STEP_ROWS;
    case TUV_STEP_ROWS: return TUV_STEP_ADD;
    case TUV_STEP_ADD:
      remote->table++;
      return remote->table < tuv_batch_tables(batch) ? first_step(remote) : TUV_STEP_EXEC;
    default: return TUV_STEP_EXEC;
  }
}

static void fail_job(tuv_remote_t* remote, int status, const char* message) {
  tuv_failure_t failure = {status, taosuv_err_flags(status), 0, message,
                           tuv_conn_host(remote->conn)};
  tuv_job_done(tuv_stmt_job(remote->stmt), &failure);
}

/* One message is a round trip less, but repeats the table's name and tags in every row. */
static bool one_message(tuv_batch_t* batch, const tuv_conn_t* conn, tuv_batch_wire_t wire) {
  if (conn->no_bind_exec || conn->version < TUV_VERSION(3, 4, 1, 13)) return false;
  size_t apart = tuv_batch_message_size(batch);
  wire.form = TUV_BATCH_COLUMNAR;
  if (tuv_batch_set_wire(batch, wire, NULL) < 0) return false;
  size_t together = tuv_batch_message_size(batch);
  return together <= apart + apart / 4 + 4096 &&
         together <= conn->client->url.max_message_size;
}

static int dress(tuv_remote_t* remote, tuv_batch_t* batch, tuv_step_t* step, tuv_errmsg_t* err) {
  const tuv_conn_t* conn = remote->conn;
  tuv_batch_wire_t wire = tuv_remote_wire(remote);
  int status = tuv_batch_set_wire(batch, wire, err);
  if (status == 0) status = tuv_batch_ready(batch, conn->client->url.max_message_size, err);
  if (status < 0) return status;
  if (remote->first) {
    *step = first_step(remote);
  } else if (one_message(batch, conn, wire)) {
    *step = TUV_STEP_BIND_EXEC;
  } else {
    *step = TUV_STEP_BIND;
    tuv_batch_set_wire(batch, wire, NULL);
  }
  return 0;
}

void tuv_remote_begin(tuv_remote_t* remote, tuv_batch_t* batch) {
  tuv_step_t step = TUV_STEP_NONE;
  tuv_errmsg_t err = {""};
  remote->table = 0;
  int status = dress(remote, batch, &step, &err);
  if (status < 0)
    fail_job(remote, status, err.text);
  else
    tuv_remote_post(remote, step);
}

/* A result that nobody will read. Before 3.4.0.1, and in the first version, it is the statement's and
 * ends with it (PROTOCOL 6.3.1). */
static void drop_result(const tuv_remote_t* remote, const tuv_reply_t* reply) {
  uint64_t id = 0;
  if (remote->first || remote->conn->version < TUV_VERSION(3, 4, 0, 1)) return;
  if (tuv_reply_uint(reply, "id", &id, NULL) == 0 && id != 0)
    tuv_result_free_on_server(remote->conn, id);
}

/* Nobody waits any more for what was answered. */
static void unwanted(tuv_remote_t* remote) {
  taosuv_stmt_t* stmt = remote->stmt;
  if (stmt != NULL && stmt->running) tuv_job_drop(tuv_stmt_job(stmt), stmt->client);
  if (stmt != NULL && !remote->spoiled) return;
  if (stmt != NULL) stmt->remote = NULL;
  remote->stmt = NULL;
  tuv_remote_settle(remote);
}

static void on_executed(tuv_remote_t* remote, const tuv_reply_t* reply) {
  taosuv_stmt_exec_t* req = tuv_stmt_job(remote->stmt)->req;
  tuv_errmsg_t err;
  int status = tuv_stmt_reply_affected(reply, &req->affected_rows, &err);
  ((taosuv_req_t*) (void*) req)->server_time_ns = reply->timing;
  if (status < 0)
    fail_job(remote, status, err.text);
  else if (!tuv_form_of(remote->form)->insert)
    tuv_remote_post(remote, TUV_STEP_RESULT);
  else
    tuv_job_done(tuv_stmt_job(remote->stmt), NULL);
}

static void on_result(tuv_remote_t* remote, const tuv_reply_t* reply) {
  tuv_conn_t* conn = remote->conn;
  taosuv_stmt_exec_t* req = tuv_stmt_job(remote->stmt)->req;
  tuv_query_reply_t answer;
  tuv_errmsg_t err;
  int status = tuv_reply_stmt_result(reply, remote->first ? "result_id" : "id", &answer, &err);
  if (status == 0) req->result = tuv_result_create(conn, &answer);
  if (status == 0 && req->result == NULL) status = tuv_fail(&err, TAOSUV_ENOMEM, "out of memory");
  if (status < 0) {
    taosuv_stmt_t* stmt = remote->stmt;
    tuv_failure_t failure = {status, taosuv_err_flags(status), 0, err.text, tuv_conn_host(conn)};
    stmt->remote = NULL;
    remote->stmt = NULL;
    drop_result(remote, reply);
    tuv_remote_discard(remote);
    tuv_job_done(tuv_stmt_job(stmt), &failure);
    return;
  }
  remote->result = req->result;
  tuv_result_pin(req->result, remote);
  tuv_result_prefetch(req->result);
  tuv_job_done(tuv_stmt_job(remote->stmt), NULL);
}

static void on_batch(tuv_remote_t* remote, const tuv_reply_t* reply) {
  tuv_step_t step = (tuv_step_t) remote->step;
  bool executed = step == TUV_STEP_EXEC || step == TUV_STEP_BIND_EXEC;
  bool insert = tuv_form_of(remote->form)->insert;
  remote->spoiled = !(executed && insert) && step != TUV_STEP_RESULT;
  const tuv_job_t* job = remote->stmt == NULL ? NULL : tuv_stmt_job(remote->stmt);
  if (job == NULL || !remote->stmt->running || job->req == NULL) {
    if (step == TUV_STEP_RESULT) {
      drop_result(remote, reply);
      remote->spoiled = true;
    }
    remote->step = TUV_STEP_NONE;
    unwanted(remote);
    return;
  }
  if (!executed && step != TUV_STEP_RESULT) {
    tuv_remote_post(remote, next_step(remote));
    return;
  }
  remote->step = TUV_STEP_NONE;
  if (step == TUV_STEP_RESULT)
    on_result(remote, reply);
  else
    on_executed(remote, reply);
}

/* ---- both ---- */

void tuv_remote_answered(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_remote_t* remote = TUV_CONTAINER(op, tuv_remote_t, op);
  (void) conn;
  if (remote->step == TUV_STEP_CLOSE)
    tuv_remote_closed(remote);
  else if (remote->step < TUV_STEP_NAME)
    on_preparing(remote, reply);
  else
    on_batch(remote, reply);
}

#define CODE_STMT_API 0x022A /* stmt API usage error */
#define CODE_RETRY 0x0125    /* retry needed: the table is not what it was when this was prepared */

/* The server does not have the statement any more, or it is dead (PROTOCOL 6.3.1), or out of date:
 * nothing of the batch was executed. */
static bool was_lost(const tuv_failure_t* failure) {
  if (failure->status != TAOSUV_ESERVER) return false;
  if (failure->server_code == CODE_STMT_API || failure->server_code == CODE_RETRY) return true;
  return failure->server_code == 0xFFFF && (strcmp(failure->message, "stmt is nil") == 0 ||
                                            strcmp(failure->message, "stmt has been freed") == 0);
}

static bool lacks_bind_exec(const tuv_remote_t* remote, const tuv_failure_t* failure) {
  return remote->step == TUV_STEP_BIND_EXEC && failure->status == TAOSUV_ESERVER &&
         failure->server_code == 0xFFFF &&
         strncmp(failure->message, "unknown binary action", 21) == 0;
}

/* What a failed step leaves behind is of no use (PROTOCOL 6.3.1): the next batch gets another. */
static void batch_failed(tuv_remote_t* remote, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = remote->stmt;
  tuv_job_t* job = stmt != NULL && stmt->running ? tuv_stmt_job(stmt) : NULL;
  bool again = job != NULL && job->req != NULL && !job->repeated && was_lost(failure);
  if (lacks_bind_exec(remote, failure)) {
    remote->conn->no_bind_exec = true;
    remote->step = TUV_STEP_NONE;
    if (job != NULL && job->req != NULL)
      tuv_remote_begin(remote, &job->batch);
    else
      unwanted(remote);
    return;
  }
  remote->stmt = NULL;
  if (stmt != NULL) stmt->remote = NULL;
  if (failure->server_code == CODE_RETRY)
    tuv_remote_forget(remote->conn->client, remote->source);
  tuv_remote_discard(remote);
  if (again) {
    job->repeated = true;
    stmt->running = false;
    tuv_stmt_due(stmt);
  } else if (job != NULL) {
    tuv_job_done(job, failure);
  }
}

void tuv_remote_failed(tuv_op_t* op, const tuv_failure_t* failure) {
  tuv_remote_t* remote = TUV_CONTAINER(op, tuv_remote_t, op);
  if (remote->step == TUV_STEP_CLOSE)
    tuv_remote_closed(remote);
  else if (remote->step < TUV_STEP_NAME)
    prepare_failed(remote, failure);
  else
    batch_failed(remote, failure);
}
