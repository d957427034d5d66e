/* How a statement is prepared on a server, step by step, and what is learned of its fields. */
#include <string.h>

#include "client/core/failure.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"

static void fields_known(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure);

/* ---- where to begin ---- */

/* The endpoint of old gateways for statements knows only inserts of the first version. */
static int choose_version(tuv_server_stmt_t* server_stmt, tuv_errmsg_t* err) {
  const tuv_conn_t* conn = server_stmt->conn;
  uint32_t forced = conn->context->url.stmt_version;
  bool insert = tuv_source_of(server_stmt->source)->scan.insert, narrow = tuv_conn_is_narrow(conn);
  server_stmt->first = forced == 1 ||
                       (forced == 0 && (narrow || conn->version < TUV_VERSION(3, 3, 6, 0)));
  /* 3.3.3.0 to 3.3.4 have them, but with replies of their own. */
  if (!server_stmt->first && (narrow || conn->version < TUV_VERSION(3, 3, 5, 0)))
    return tuv_fail(err, TAOSUV_EVERSION, "stmt_version=2 needs server 3.3.5.0, this one is %s",
                    conn->version_text);
  if (!insert && (narrow || conn->version < TUV_VERSION(3, 2, 2, 0)))
    return tuv_fail(err, TAOSUV_EVERSION,
                    "a statement that is not an INSERT needs server 3.2.2.0, this one is %s",
                    conn->version_text);
  return 0;
}

void tuv_server_stmt_prepare(tuv_server_stmt_t* server_stmt) {
  tuv_errmsg_t err;
  int status = choose_version(server_stmt, &err);
  if (status == 0) {
    tuv_server_stmt_post(server_stmt, TUV_STEP_INIT);
    return;
  }
  tuv_failure_t failure = {status, 0, 0, err.text, tuv_conn_host(server_stmt->conn)};
  server_stmt->stmt->events->failed(server_stmt->stmt, &failure);
}

void tuv_server_stmt_prepare_again(tuv_server_stmt_t* server_stmt) {
  tuv_refbuf_unref(server_stmt->field_list);
  server_stmt->field_list = NULL;
  server_stmt->prepared = false;
  tuv_server_stmt_post(server_stmt, TUV_STEP_PREPARE);
}

/* ---- what is to be bound ---- */

/* Makes a list of the fields of `head` (may be NULL), the table's name if it is bound, and more
 * fields. */
static tuv_refbuf_t* make_field_list(tuv_mem_t* mem, const tuv_field_list_t* head, bool table,
                                     const tuv_stmt_fields_t* more) {
  static const char name[] = "tbname";
  uint32_t before = head == NULL ? table : head->count, count = before + more->count;
  size_t names = more->names_size + sizeof name;
  for (uint32_t i = 0; head != NULL && i < before; i++) names += head->fields[i].name_length + 1;
  tuv_refbuf_t* buf = tuv_refbuf_take(
      mem, sizeof(tuv_field_list_t) + count * sizeof(taosuv_stmt_field_t) + names);
  if (buf == NULL) return NULL;
  tuv_field_list_t* list = tuv_field_list_of(buf);
  char* at = (char*) (list->fields + count);
  list->insert = true;
  list->count = count;
  taosuv_stmt_field_t first = {.name = name,
                               .name_length = sizeof name - 1,
                               .kind = TAOSUV_BIND_TABLE,
                               .type = TAOSUV_TYPE_VARCHAR,
                               .length = 270};
  for (uint32_t i = 0; i < before; i++) {
    taosuv_stmt_field_t* field = &list->fields[i];
    *field = head == NULL ? first : head->fields[i];
    memcpy(at, field->name, field->name_length + 1);
    field->name = at;
    at += field->name_length + 1;
  }
  tuv_stmt_fields_copy(more, list->fields + before, at);
  return buf;
}

static int add_fields(tuv_server_stmt_t* server_stmt, bool table, const tuv_stmt_fields_t* more,
                      tuv_errmsg_t* err) {
  const tuv_field_list_t* head = server_stmt->field_list == NULL
                                     ? NULL
                                     : tuv_field_list_of(server_stmt->field_list);
  tuv_refbuf_t* list = make_field_list(server_stmt->conn->context->mem, head, table, more);
  if (list == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for the fields");
  tuv_refbuf_unref(server_stmt->field_list);
  server_stmt->field_list = list;
  return 0;
}

/* All times of a table have the precision of its database, whichever field reports it. */
static void settle_precision(tuv_field_list_t* list) {
  uint8_t precision = TAOSUV_PRECISION_MS;
  for (uint32_t i = 0; i < list->count; i++)
    if (list->fields[i].type == TAOSUV_TYPE_TIMESTAMP && list->fields[i].precision > precision)
      precision = list->fields[i].precision;
  for (uint32_t i = 0; i < list->count; i++)
    if (list->fields[i].type == TAOSUV_TYPE_TIMESTAMP) list->fields[i].precision = precision;
}

/* The first version reports the precision with the first column alone. A gateway takes any other
 * TIMESTAMP for milliseconds, and converts it to nanoseconds and back: a time of another precision
 * would become another time. */
static int check_first_times(const tuv_field_list_t* list, tuv_errmsg_t* err) {
  uint32_t first = 0;
  while (first < list->count && list->fields[first].kind != TAOSUV_BIND_COLUMN) first++;
  bool known = first < list->count && list->fields[first].type == TAOSUV_TYPE_TIMESTAMP;
  for (uint32_t i = 0; i < list->count; i++) {
    const taosuv_stmt_field_t* field = &list->fields[i];
    if (field->type != TAOSUV_TYPE_TIMESTAMP) continue;
    if (!known)
      return tuv_fail(err, TAOSUV_ENOTSUP,
                      "'%.64s': the first version of statements tells no precision unless the "
                      "first column is the TIMESTAMP",
                      field->name);
    if (field->precision != list->fields[first].precision)
      return tuv_fail(err, TAOSUV_ENOTSUP,
                      "'%.64s': the first version of statements takes no TIMESTAMP but the first "
                      "column where the precision is not ms",
                      field->name);
  }
  return 0;
}

/* Of a query only the number of its question marks is known. */
static int set_query(tuv_server_stmt_t* server_stmt, uint64_t count, tuv_errmsg_t* err) {
  if (count == 0 || count > TUV_STMT_MAX_FIELDS)
    return tuv_fail(err, count == 0 ? TAOSUV_ENOTSUP : TAOSUV_EPROTO, "a query of %llu parameters",
                    (unsigned long long) count);
  server_stmt->field_list = tuv_refbuf_take(server_stmt->conn->context->mem,
                                            sizeof(tuv_field_list_t));
  if (server_stmt->field_list == NULL)
    return tuv_fail(err, TAOSUV_ENOMEM, "no memory for the fields");
  tuv_field_list_t* list = tuv_field_list_of(server_stmt->field_list);
  list->insert = false;
  list->count = (uint32_t) count;
  return 0;
}

/* ---- being prepared ---- */

/* The outcome of a step: the next step, or an error. */
static int ready(tuv_server_stmt_t* server_stmt, tuv_server_stmt_step_t* next) {
  server_stmt->prepared = true;
  server_stmt->ready_at = uv_hrtime();
  *next = TUV_STEP_NONE;
  return 0;
}

static tuv_server_stmt_step_t after_init(const tuv_server_stmt_t* server_stmt) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  bool probe = !server_stmt->first && scan->insert && scan->table && !scan->super_table;
  return probe ? TUV_STEP_PROBE : TUV_STEP_PREPARE;
}

static int on_init(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply,
                   tuv_server_stmt_step_t* next, tuv_errmsg_t* err) {
  *next = after_init(server_stmt);
  return tuv_stmt_reply_id(reply, &server_stmt->id, err);
}

static int on_probe(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply,
                    tuv_server_stmt_step_t* next, tuv_errmsg_t* err) {
  tuv_stmt_fields_t fields;
  *next = TUV_STEP_PREPARE;
  int status = tuv_stmt_reply_fields(reply, 0, &fields, err);
  return status < 0 ? status : add_fields(server_stmt, true, &fields, err);
}

/* An insert without a question mark has nothing to bind. */
static int check_insert(const tuv_server_stmt_t* server_stmt, tuv_errmsg_t* err) {
  if (server_stmt->field_list != NULL && tuv_field_list_of(server_stmt->field_list)->count > 0)
    return 0;
  return tuv_fail(err, TAOSUV_ENOTSUP, "the statement has nothing to bind");
}

/* A statement that is taken for one of the other kind would be bound wrongly, or give no rows. */
static int read_kind(const tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply, bool* insert,
                     tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  int status = tuv_reply_bool(reply, "is_insert", insert, err);
  if (status == 0 && (*insert ? scan->select : scan->insert))
    status = tuv_fail(err, TAOSUV_EPROTO, "the reply's \"is_insert\" is %s for %s",
                      *insert ? "true" : "false", *insert ? "a SELECT" : "an INSERT");
  return status;
}

static int on_prepare(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply,
                      tuv_server_stmt_step_t* next, tuv_errmsg_t* err) {
  static const char* const needed[] = {"is_insert", NULL};
  static const char* const of_insert[] = {"fields", NULL};
  static const char* const of_query[] = {"fields_count", NULL};
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  bool insert = false;
  uint64_t count = 0;
  tuv_stmt_fields_t fields;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = read_kind(server_stmt, reply, &insert, err);
  if (status == 0 && !insert) status = tuv_reply_require(reply, of_query, err);
  if (status == 0 && insert && server_stmt->field_list == NULL && scan->columns + scan->tags > 0)
    status = tuv_reply_require(reply, of_insert, err);
  if (status == 0) status = tuv_reply_uint(reply, "fields_count", &count, err);
  if (status < 0) return status;
  if (insert && server_stmt->field_list == NULL) {
    status = tuv_stmt_reply_fields(reply, 0, &fields, err);
    if (status == 0) status = add_fields(server_stmt, false, &fields, err);
  } else if (!insert) {
    tuv_refbuf_unref(server_stmt->field_list);
    server_stmt->field_list = NULL;
    status = set_query(server_stmt, count, err);
  }
  if (status == 0 && insert) status = check_insert(server_stmt, err);
  if (status < 0) return status;
  if (insert) settle_precision(tuv_field_list_of(server_stmt->field_list));
  *next = TUV_STEP_SCALES;
  return tuv_server_stmt_wants_scales(server_stmt) ? 0 : ready(server_stmt, next);
}

/* The first version has no safe way to ask for the number of parameters (PROTOCOL 6.1.2), and
 * reports fields one kind at a time. */
static int on_first_prepare(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply,
                            tuv_server_stmt_step_t* next, tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  bool insert = scan->insert;
  int status = read_kind(server_stmt, reply, &insert, err);
  if (status < 0) return status;
  if (!insert) {
    status = set_query(server_stmt, scan->columns, err);
    return status < 0 ? status : ready(server_stmt, next);
  }
  *next = tuv_conn_is_narrow(server_stmt->conn) ? TUV_STEP_FIELDS
          : scan->table                         ? TUV_STEP_PROBE_NAME
          : scan->tags > 0                      ? TUV_STEP_TAG_FIELDS
                                                : TUV_STEP_COLUMN_FIELDS;
  return 0;
}

static int on_first_fields(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply,
                           tuv_server_stmt_step_t* next, tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  bool tags = server_stmt->step == TUV_STEP_TAG_FIELDS;
  uint8_t kind = tags ? TAOSUV_BIND_TAG : TAOSUV_BIND_COLUMN;
  uint32_t expected = tags ? scan->tags : scan->columns;
  tuv_stmt_fields_t fields;
  int status = tuv_stmt_reply_fields(reply, kind, &fields, err);
  if (status == 0 && fields.count != expected)
    status = tuv_fail(err, TAOSUV_ENOTSUP,
                      "%u %s for %u question marks: the first version of statements binds all or "
                      "those listed before VALUES, and no tbname",
                      fields.count, tags ? "tags" : "columns", expected);
  if (status == 0) status = add_fields(server_stmt, scan->table, &fields, err);
  if (status == 0 && !tags)
    status = check_first_times(tuv_field_list_of(server_stmt->field_list), err);
  if (status < 0) return status;
  *next = TUV_STEP_COLUMN_FIELDS;
  return tags ? 0 : ready(server_stmt, next);
}

void tuv_server_stmt_unprepared(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = server_stmt->stmt;
  bool again = server_stmt->kept && failure->status == TAOSUV_ESERVER;
  server_stmt->stmt = NULL;
  if (stmt != NULL) stmt->server_stmt = NULL;
  tuv_server_stmt_discard(server_stmt);
  if (stmt == NULL) return;
  if (!again) {
    stmt->events->failed(stmt, failure);
    return;
  }
  stmt->fresh = true; /* the server may have lost the cached one: a new one is prepared */
  tuv_stmt_due(stmt);
}

/* Whether it was created in advance: its SQL is sent when there is a batch. */
static bool is_early(const tuv_server_stmt_t* server_stmt, tuv_server_stmt_step_t next) {
  const taosuv_stmt_t* stmt = server_stmt->stmt;
  return next == after_init(server_stmt) && server_stmt->field_list == NULL &&
         stmt->preparing == NULL && stmt->njobs == 0;
}

/* After a step of being prepared. */
static void go_on(tuv_server_stmt_t* server_stmt, tuv_server_stmt_step_t next) {
  server_stmt->step = TUV_STEP_NONE;
  if (server_stmt->stmt == NULL)
    tuv_server_stmt_settle(server_stmt);
  else if (is_early(server_stmt, next))
    return;
  else if (next == TUV_STEP_SCALES)
    tuv_server_stmt_ask_scales(server_stmt);
  else if (next == TUV_STEP_FIELDS)
    tuv_server_stmt_ask_fields(server_stmt, fields_known);
  else if (next != TUV_STEP_NONE)
    tuv_server_stmt_post(server_stmt, next);
  else
    server_stmt->stmt->events->prepared(server_stmt);
}

void tuv_server_stmt_go_on_preparing(tuv_server_stmt_t* server_stmt) {
  tuv_server_stmt_post(server_stmt, after_init(server_stmt));
}

void tuv_server_stmt_without_scales(tuv_server_stmt_t* server_stmt) {
  tuv_server_stmt_step_t next;
  ready(server_stmt, &next);
  go_on(server_stmt, next);
}

static void fields_known(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure) {
  tuv_server_stmt_step_t next;
  tuv_errmsg_t err;
  server_stmt->step = TUV_STEP_NONE;
  if (failure != NULL) {
    tuv_server_stmt_unprepared(server_stmt, failure);
    return;
  }
  int status = check_first_times(tuv_field_list_of(server_stmt->field_list), &err);
  if (status == 0) {
    ready(server_stmt, &next);
    go_on(server_stmt, next);
  } else {
    tuv_failure_t why = {status, 0, 0, err.text, tuv_conn_host(server_stmt->conn)};
    tuv_server_stmt_unprepared(server_stmt, &why);
  }
}

void tuv_server_stmt_preparing(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  tuv_server_stmt_step_t next = TUV_STEP_NONE;
  tuv_errmsg_t err = {""};
  int status = 0;
  switch ((tuv_server_stmt_step_t) server_stmt->step) {
    case TUV_STEP_INIT: status = on_init(server_stmt, reply, &next, &err); break;
    case TUV_STEP_PROBE: status = on_probe(server_stmt, reply, &next, &err); break;
    case TUV_STEP_PREPARE:
      status = server_stmt->first ? on_first_prepare(server_stmt, reply, &next, &err)
                                  : on_prepare(server_stmt, reply, &next, &err);
      break;
    case TUV_STEP_PROBE_NAME:
      next = scan->tags > 0 ? TUV_STEP_TAG_FIELDS : TUV_STEP_COLUMN_FIELDS;
      break;
    case TUV_STEP_SCALES:
      tuv_server_stmt_take_scales(server_stmt, reply);
      status = ready(server_stmt, &next);
      break;
    default: status = on_first_fields(server_stmt, reply, &next, &err); break;
  }
  if (status == 0) {
    go_on(server_stmt, next);
    return;
  }
  server_stmt->step = TUV_STEP_NONE;
  tuv_failure_t failure = {status, 0, 0, err.text, tuv_conn_host(server_stmt->conn)};
  tuv_server_stmt_unprepared(server_stmt, &failure);
}
