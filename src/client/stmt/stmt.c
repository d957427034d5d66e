/* The public calls of prepared statements: prepare and close; their requests and their memory. */
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/queue.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "util/hash.h"
#include "util/utf8.h"
#include "wire/json/request.h"
#include "wire/stmt/table_name.h"
#include "wire/text.h"

#include <string.h>

/* ---- prepare ---- */

static void prepare_complete(taosuv_req_t* req, int status) {
  taosuv_stmt_prepare_t* prepare = (taosuv_stmt_prepare_t*) (void*) req;
  prepare->cb(prepare, status);
}

/* It was cancelled, or its time is up. */
static void prepare_release(taosuv_req_t* req) {
  taosuv_stmt_t* stmt = tuv_req_of(req)->owner;
  tuv_req_of(req)->owner = NULL;
  stmt->preparing = NULL;
  tuv_stmt_let_go(stmt);
  if (!stmt->known) tuv_stmt_destroy(stmt);
}

static tuv_conn_t* prepare_waits_on(const taosuv_req_t* req) {
  const taosuv_stmt_t* stmt = tuv_req_of_const(req)->owner;
  return stmt->server_stmt != NULL && stmt->server_stmt->step != TUV_STEP_NONE
             ? stmt->server_stmt->conn
             : NULL;
}

static const tuv_op_type_t prepare_type = {
    .is_request = true, .action = TAOSUV_ACTION_STMT_PREPARE, .complete = prepare_complete};
static const tuv_holder_t prepare_holder = {.release = prepare_release,
                                            .waits_on = prepare_waits_on};

static int check_source(taosuv_client_t* client, taosuv_stmt_prepare_t* req, const char* sql,
                        size_t* length, taosuv_stmt_prepare_cb cb) {
  if (client == NULL || req == NULL || sql == NULL) return TAOSUV_EINVAL;
  *length = tuv_text_length(sql, *length);
  if (*length == 0 || !tuv_utf8_valid((const uint8_t*) sql, *length)) return TAOSUV_EINVAL;
  /* As JSON it is longer, but not more than six times. */
  if (*length > client->context.url.max_message_size / 8) return TAOSUV_EMSGSIZE;
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  if (!client->pool.conns.transport->has_actions) return TAOSUV_ENOTSUP;
  tuv_stmt_sql_t scan;
  tuv_stmt_sql_scan(sql, *length, &scan);
  if (!scan.table && scan.tags + scan.columns == 0) return TAOSUV_ENOTSUP;
  if (req->table == NULL)
    return scan.insert && scan.table && !scan.super_table ? TAOSUV_ENOTSUP : 0;
  size_t size = strlen(req->table);
  bool name = size <= TUV_REQUEST_NAME_LENGTH && tuv_utf8_valid((const uint8_t*) req->table, size);
  if (!name || tuv_stmt_sql_name(sql, *length, &scan, req->table, NULL, 0) == 0)
    return TAOSUV_EINVAL;
  return 0;
}

/* Writes the name of a child of the super table, if there is room, and returns its size; 0: no name
 * is needed. The child need not exist. The name has the database, because old servers look for it
 * elsewhere otherwise. */
static size_t name_child(char* out, const char* sql, const tuv_stmt_sql_t* scan) {
  static const char child[] = ".taosuv_probe";
  size_t length = scan->database_length;
  if (!scan->table || !scan->super_table || length == 0) return 0;
  if (out != NULL) {
    memcpy(out, sql + scan->name_at, length);
    memcpy(out + length, child, sizeof child);
  }
  return length + sizeof child;
}

static tuv_refbuf_t* make_source(tuv_mem_t* mem, const char* sql, size_t length,
                                 const char* table) {
  tuv_stmt_sql_t scan;
  tuv_table_name_t parts;
  char text[TUV_TABLE_NAME_TEXT + 1];
  if (table != NULL && tuv_table_name_read(table, strlen(table), &parts, NULL) == 0) {
    text[tuv_table_name_write(&parts, text)] = 0;
    table = text;
  }
  tuv_stmt_sql_scan(sql, length, &scan);
  size_t name = table == NULL ? name_child(NULL, sql, &scan) : strlen(table) + 1;
  tuv_refbuf_t* buf = tuv_refbuf_take(mem, sizeof(tuv_source_t) + length + 1 + name);
  if (buf == NULL) return NULL;
  tuv_source_t* source = tuv_source_of(buf);
  source->scan = scan;
  source->hash = tuv_hash(sql, length);
  source->length = length;
  memcpy(source->sql, sql, length);
  source->sql[length] = 0;
  char* behind = source->sql + length + 1;
  source->table = name > 0 ? behind : NULL;
  if (table != NULL)
    memcpy(behind, table, name);
  else
    name_child(behind, sql, &scan);
  return buf;
}

static void run_next(tuv_task_t* task) {
  taosuv_stmt_t* stmt = TUV_CONTAINER(task, taosuv_stmt_t, next);
  if (stmt->client != NULL) tuv_server_stmt_drop_old(stmt->client); /* before one is taken */
  if (stmt->close_due)
    taosuv_stmt_close(stmt);
  else
    tuv_stmt_run(stmt);
}

static const tuv_dependent_type_t dependent_type;

static taosuv_stmt_t* create(taosuv_client_t* client) {
  int recycled;
  taosuv_stmt_t* stmt = tuv_mem_take(client->context.mem, TUV_MEM_STMT, sizeof *stmt, &recycled);
  if (stmt == NULL) return NULL;
  memset(stmt, 0, sizeof *stmt);
  stmt->mem = client->context.mem;
  stmt->client = client;
  stmt->events = &tuv_stmt_events;
  tuv_task_init(&stmt->next, run_next);
  tuv_dependent_init(&stmt->dependent, &dependent_type);
  tuv_queue_init(&stmt->jobs);
  tuv_queue_init(&stmt->spare);
  return stmt;
}

static int begin_prepare(taosuv_stmt_t* stmt, taosuv_stmt_prepare_t* req,
                         taosuv_stmt_prepare_cb cb) {
  taosuv_client_t* client = stmt->client;
  bool hold = client->pool.conns.ready == 0;
  int status = hold ? tuv_pool_hold(&client->pool, 0) : 0;
  if (status < 0) return status;
  status = tuv_stmt_begin(client, tuv_req_base(req), &prepare_type, &prepare_holder, stmt);
  if (status < 0) {
    if (hold) tuv_pool_unhold(&client->pool, 0);
    return status;
  }
  req->cb = cb;
  stmt->preparing = req;
  stmt->held = hold;
  stmt->moves = 0;
  return 0;
}

int taosuv_stmt_prepare(taosuv_client_t* client, taosuv_stmt_prepare_t* req, const char* sql,
                        size_t length, taosuv_stmt_prepare_cb cb) {
  int status = check_source(client, req, sql, &length, cb);
  if (status < 0) return status;
  taosuv_stmt_t* stmt = create(client);
  if (stmt == NULL) return TAOSUV_ENOMEM;
  stmt->source = make_source(stmt->mem, sql, length, req->table);
  status = stmt->source == NULL ? TAOSUV_ENOMEM : begin_prepare(stmt, req, cb);
  if (status < 0) {
    tuv_stmt_destroy(stmt);
    return status;
  }
  req->stmt = NULL;
  tuv_dependents_add(&client->context.dependents, &stmt->dependent);
  tuv_stmt_due(stmt);
  tuv_stmt_end_if_late(tuv_req_base(req));
  return 0;
}

int taosuv_stmt_reprepare(taosuv_stmt_t* stmt, taosuv_stmt_prepare_t* req, const char* sql,
                          size_t length, taosuv_stmt_prepare_cb cb) {
  if (stmt == NULL) return TAOSUV_EINVAL;
  if (stmt->client == NULL) return TAOSUV_ECLOSED;
  taosuv_client_t* client = stmt->client;
  int status = check_source(client, req, sql, &length, cb);
  if (status < 0) return status;
  if (stmt->preparing != NULL || stmt->njobs > 0) return TAOSUV_EBUSY;
  tuv_refbuf_t* source = make_source(stmt->mem, sql, length, req->table);
  if (source == NULL) return TAOSUV_ENOMEM;
  status = begin_prepare(stmt, req, cb);
  if (status < 0) {
    tuv_refbuf_unref(source);
    return status;
  }
  tuv_stmt_let_go(stmt);
  tuv_stmt_drop_fields(stmt);
  tuv_refbuf_unref(stmt->source);
  stmt->source = source;
  stmt->stale = false;
  /* The table may have changed since it was prepared last. */
  stmt->fresh = true;
  tuv_server_stmt_forget(client, source);
  req->stmt = stmt;
  tuv_stmt_due(stmt);
  tuv_stmt_end_if_late(tuv_req_base(req));
  return 0;
}

int taosuv_stmt_is_insert(const taosuv_stmt_t* stmt) {
  return stmt != NULL && stmt->field_list != NULL && tuv_field_list_of(stmt->field_list)->insert;
}

const taosuv_stmt_field_t* taosuv_stmt_fields(const taosuv_stmt_t* stmt, uint32_t* count) {
  bool known = stmt != NULL && stmt->field_list != NULL;
  if (count != NULL) *count = known ? tuv_field_list_of(stmt->field_list)->count : 0;
  return taosuv_stmt_is_insert(stmt) ? tuv_field_list_of(stmt->field_list)->fields : NULL;
}

/* ---- close ---- */

static void cancel(taosuv_req_t* req, const char* why) {
  unsigned int flags = 0;
  if (tuv_req_of(req)->op.type != &prepare_type && tuv_exec_was_sent(req))
    flags = TAOSUV_ERR_MAYBE_EXECUTED;
  tuv_req_defer(req, TAOSUV_ECANCELED, flags, why);
}

/* Ends all that is pending. Returns false when the statement was freed with its first prepare. */
static bool cancel_all(taosuv_stmt_t* stmt, const char* why) {
  if (stmt->preparing != NULL) {
    bool known = stmt->known;
    cancel(tuv_req_base(stmt->preparing), why);
    if (!known) return false;
  }
  while (!tuv_queue_empty(&stmt->jobs)) {
    /* The last one first, so that the first does not begin to execute the next. */
    tuv_job_t* job = TUV_CONTAINER(stmt->jobs.prev, tuv_job_t, link);
    taosuv_stmt_exec_t* req = job->req;
    if (req != NULL) {
      req->stmt = NULL;
      cancel(tuv_req_base(req), why);
    }
    if (!tuv_queue_empty(&stmt->jobs) && stmt->jobs.prev == &job->link)
      tuv_job_drop(job, stmt->client);
  }
  return true;
}

static void on_closing(tuv_dependent_t* dependent, tuv_conn_t* conn) {
  taosuv_stmt_t* stmt = TUV_CONTAINER(dependent, taosuv_stmt_t, dependent);
  (void) conn;
  if (!cancel_all(stmt, "the client was closed")) return;
  tuv_stmt_let_go(stmt);
  tuv_task_cancel(&stmt->next);
  stmt->client = NULL;
  if (stmt->close_due) tuv_stmt_destroy(stmt);
}

static const tuv_dependent_type_t dependent_type = {.rank = TUV_RANK_STMT, .closing = on_closing};

void taosuv_stmt_close(taosuv_stmt_t* stmt) {
  if (stmt == NULL) return;
  if (stmt->client != NULL && stmt->client->context.in_hook) {
    stmt->close_due = true;
    tuv_stmt_due(stmt);
    return;
  }
  if (stmt->client != NULL) {
    cancel_all(stmt, "the statement was closed");
    tuv_stmt_let_go(stmt);
  }
  tuv_stmt_destroy(stmt);
}

const char* taosuv_stmt_message(const taosuv_stmt_t* stmt) {
  return stmt != NULL ? stmt->err.text : "";
}
