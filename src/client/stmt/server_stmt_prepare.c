/* How a statement is prepared on a server, step by step, and what is learned of its fields. */
#include <string.h>

#include "client/stmt/stmt.h"

/* ---- where to begin ---- */

/* The endpoint that old gateways have for statements knows inserts of the first version. */
static int choose_version(tuv_remote_t* remote, tuv_errmsg_t* err) {
  const tuv_conn_t* conn = remote->conn;
  uint32_t forced = conn->client->url.stmt_version;
  bool insert = tuv_source_of(remote->source)->scan.insert, narrow = tuv_conn_is_narrow(conn);
  remote->first = forced == 1 ||
                  (forced == 0 && (narrow || conn->version < TUV_VERSION(3, 3, 6, 0)));
  /* 3.3.3.0 to 3.3.4 have them, but with replies of their own. */
  if (!remote->first && (narrow || conn->version < TUV_VERSION(3, 3, 5, 0)))
    return tuv_fail(err, TAOSUV_EVERSION, "stmt_version=2 needs server 3.3.5.0, this one is %s",
                    conn->version_text);
  if (!insert && (narrow || conn->version < TUV_VERSION(3, 2, 2, 0)))
    return tuv_fail(err, TAOSUV_EVERSION,
                    "a statement that is not an INSERT needs server 3.2.2.0, this one is %s",
                    conn->version_text);
  return 0;
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

void tuv_remote_prepare_again(tuv_remote_t* remote) {
  tuv_refbuf_unref(remote->form);
  remote->form = NULL;
  remote->prepared = false;
  tuv_remote_post(remote, TUV_STEP_PREPARE);
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

/* All times of a table have its database's precision, with whichever field it is told. */
static void settle_precision(tuv_form_t* form) {
  uint8_t precision = TAOSUV_PRECISION_MS;
  for (uint32_t i = 0; i < form->count; i++)
    if (form->fields[i].type == TAOSUV_TYPE_TIMESTAMP && form->fields[i].precision > precision)
      precision = form->fields[i].precision;
  for (uint32_t i = 0; i < form->count; i++)
    if (form->fields[i].type == TAOSUV_TYPE_TIMESTAMP) form->fields[i].precision = precision;
}

/* The first version tells it with the first column alone. Any other TIMESTAMP a gateway takes for
 * milliseconds, of which it makes nanoseconds and back again: a time of another precision would
 * come out as another time. */
static int check_first_times(const tuv_form_t* form, tuv_errmsg_t* err) {
  uint32_t first = 0;
  while (first < form->count && form->fields[first].kind != TAOSUV_BIND_COLUMN) first++;
  bool told = first < form->count && form->fields[first].type == TAOSUV_TYPE_TIMESTAMP;
  for (uint32_t i = 0; i < form->count; i++) {
    const taosuv_stmt_field_t* field = &form->fields[i];
    if (field->type != TAOSUV_TYPE_TIMESTAMP) continue;
    if (!told)
      return tuv_fail(err, TAOSUV_ENOTSUP,
                      "'%.64s': the first version of statements tells no precision unless the "
                      "first column is the TIMESTAMP",
                      field->name);
    if (field->precision != form->fields[first].precision)
      return tuv_fail(err, TAOSUV_ENOTSUP,
                      "'%.64s': the first version of statements takes no TIMESTAMP but the first "
                      "column where the precision is not ms",
                      field->name);
  }
  return 0;
}

/* Of a query only the number of its question marks is known. */
static int set_query(tuv_remote_t* remote, uint64_t count, tuv_errmsg_t* err) {
  if (count == 0 || count > TUV_STMT_MAX_FIELDS)
    return tuv_fail(err, count == 0 ? TAOSUV_ENOTSUP : TAOSUV_EPROTO, "a query of %llu parameters",
                    (unsigned long long) count);
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
  remote->ready_at = uv_hrtime();
  *next = TUV_STEP_NONE;
  return 0;
}

static tuv_step_t after_init(const tuv_remote_t* remote) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  bool probe = !remote->first && scan->insert && scan->table && !scan->super_table;
  return probe ? TUV_STEP_PROBE : TUV_STEP_PREPARE;
}

static int on_init(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                   tuv_errmsg_t* err) {
  *next = after_init(remote);
  return tuv_stmt_reply_id(reply, &remote->id, err);
}

static int on_probe(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                    tuv_errmsg_t* err) {
  tuv_stmt_fields_t fields;
  *next = TUV_STEP_PREPARE;
  int status = tuv_stmt_reply_fields(reply, 0, &fields, err);
  return status < 0 ? status : add_fields(remote, true, &fields, err);
}

/* An insert without a question mark has nothing to be bound; one of the wrong kind is not for
 * us. */
static int check_insert(const tuv_remote_t* remote, tuv_errmsg_t* err) {
  if (remote->form != NULL && tuv_form_of(remote->form)->count > 0) return 0;
  return tuv_fail(err, TAOSUV_ENOTSUP, "nothing is to be bound in this statement");
}

/* A statement that is taken for one of the other kind would be bound wrongly, or give no rows. */
static int read_kind(const tuv_remote_t* remote, const tuv_reply_t* reply, bool* insert,
                     tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  int status = tuv_reply_bool(reply, "is_insert", insert, err);
  if (status == 0 && (*insert ? scan->select : scan->insert))
    status = tuv_fail(err, TAOSUV_EPROTO, "the reply's \"is_insert\" is %s for %s",
                      *insert ? "true" : "false", *insert ? "a SELECT" : "an INSERT");
  return status;
}

static int on_prepare(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                      tuv_errmsg_t* err) {
  static const char* const needed[] = {"is_insert", NULL};
  static const char* const of_insert[] = {"fields", NULL};
  static const char* const of_query[] = {"fields_count", NULL};
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  bool insert = false;
  uint64_t count = 0;
  tuv_stmt_fields_t fields;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = read_kind(remote, reply, &insert, err);
  if (status == 0 && !insert) status = tuv_reply_require(reply, of_query, err);
  if (status == 0 && insert && remote->form == NULL && scan->columns + scan->tags > 0)
    status = tuv_reply_require(reply, of_insert, err);
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
  if (status < 0) return status;
  if (insert) settle_precision(tuv_form_of(remote->form));
  *next = TUV_STEP_SCALES;
  return tuv_remote_wants_scales(remote) ? 0 : ready(remote, next);
}

/* The first version tells no number of parameters that it would be safe to ask for (PROTOCOL
 * 6.1.2), and fields only one kind at a time. */
static int on_first_prepare(tuv_remote_t* remote, const tuv_reply_t* reply, tuv_step_t* next,
                            tuv_errmsg_t* err) {
  const tuv_stmt_sql_t* scan = &tuv_source_of(remote->source)->scan;
  bool insert = scan->insert;
  int status = read_kind(remote, reply, &insert, err);
  if (status < 0) return status;
  if (!insert) {
    status = set_query(remote, scan->columns, err);
    return status < 0 ? status : ready(remote, next);
  }
  *next = tuv_conn_is_narrow(remote->conn) ? TUV_STEP_FIELDS
          : scan->table                    ? TUV_STEP_PROBE_NAME
          : scan->tags > 0                 ? TUV_STEP_TAG_FIELDS
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
  if (status == 0 && !tags) status = check_first_times(tuv_form_of(remote->form), err);
  if (status < 0) return status;
  *next = TUV_STEP_COLUMN_FIELDS;
  return tags ? 0 : ready(remote, next);
}

void tuv_remote_unprepared(tuv_remote_t* remote, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = remote->stmt;
  bool again = remote->kept && failure->status == TAOSUV_ESERVER;
  remote->stmt = NULL;
  if (stmt != NULL) stmt->remote = NULL;
  tuv_remote_discard(remote);
  if (stmt == NULL) return;
  if (!again) {
    tuv_stmt_fail(stmt, failure);
    return;
  }
  stmt->fresh = true; /* the server may have lost what was kept: a new one tells */
  tuv_stmt_due(stmt);
}

/* It was made in advance: its SQL is sent when there is a batch. */
static bool is_early(const tuv_remote_t* remote, tuv_step_t next) {
  const taosuv_stmt_t* stmt = remote->stmt;
  return next == after_init(remote) && remote->form == NULL && stmt->preparing == NULL &&
         stmt->njobs == 0;
}

/* After a step of being prepared. */
static void go_on(tuv_remote_t* remote, tuv_step_t next) {
  remote->step = TUV_STEP_NONE;
  if (remote->stmt == NULL)
    tuv_remote_settle(remote);
  else if (is_early(remote, next))
    return;
  else if (next == TUV_STEP_SCALES)
    tuv_remote_ask_scales(remote);
  else if (next == TUV_STEP_FIELDS)
    tuv_remote_ask_fields(remote);
  else if (next != TUV_STEP_NONE)
    tuv_remote_post(remote, next);
  else
    tuv_stmt_go_on(remote);
}

void tuv_remote_go_on_preparing(tuv_remote_t* remote) {
  tuv_remote_post(remote, after_init(remote));
}

void tuv_remote_without_scales(tuv_remote_t* remote) {
  tuv_step_t next;
  ready(remote, &next);
  go_on(remote, next);
}

void tuv_remote_fields_told(tuv_remote_t* remote, const tuv_failure_t* failure) {
  tuv_step_t next;
  tuv_errmsg_t err;
  remote->step = TUV_STEP_NONE;
  if (failure != NULL) {
    tuv_remote_unprepared(remote, failure);
    return;
  }
  int status = check_first_times(tuv_form_of(remote->form), &err);
  if (status == 0) {
    ready(remote, &next);
    go_on(remote, next);
  } else {
    tuv_failure_t why = {status, 0, 0, err.text, tuv_conn_host(remote->conn)};
    tuv_remote_unprepared(remote, &why);
  }
}

void tuv_remote_preparing(tuv_remote_t* remote, const tuv_reply_t* reply) {
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
    case TUV_STEP_SCALES:
      tuv_remote_take_scales(remote, reply);
      status = ready(remote, &next);
      break;
    default: status = on_first_fields(remote, reply, &next, &err); break;
  }
  if (status == 0) {
    go_on(remote, next);
    return;
  }
  remote->step = TUV_STEP_NONE;
  tuv_failure_t failure = {status, 0, 0, err.text, tuv_conn_host(remote->conn)};
  tuv_remote_unprepared(remote, &failure);
}
