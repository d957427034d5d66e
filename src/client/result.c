/* Results: fetching block after block, one in flight, ahead of the caller where that pays. */
#include <stdio.h>
#include <string.h>

#include "client/private.h"

/* A block with this many rows is full: more will follow (PROTOCOL 1.4). */
#define FULL_BLOCK_ROWS 4096u

struct taosuv_result_s {
  tuv_queue_t link; /* in its connection's results, or the client's orphans */
  tuv_mem_t* mem;
  taosuv_client_t* client; /* NULL when the client is closed */
  tuv_conn_t* conn;        /* NULL when the connection is gone */
  tuv_remote_t* remote;    /* the statement that it came from, as long as that must wait; or NULL */
  tuv_op_t op;             /* the fetch in flight */
  uint64_t id;
  taosuv_field_t* fields; /* one piece of memory with the names; kept when recycled */
  size_t fields_capacity;
  uint32_t fields_count;
  uint8_t precision;
  bool asked;   /* `op` is in flight or waits for room */
  bool ended;   /* the server has no more, and has freed it */
  bool close_due; /* by the caller, in a hook; `closed` is soon to follow */
  bool closed;  /* by the caller; only the answer in flight is waited for */
  bool whole;   /* its blocks are here, in `stored`: it came over HTTP */
  tuv_refbuf_t* stored;  /* linked by `next` */
  const char* host;      /* that it came from; of a whole one */
  bool picking; /* JSON actions: `fetch` is answered, `fetch_block` in flight */
  uint64_t blocks;       /* seen so far */
  taosuv_block_t* ready; /* arrived, not yet given to the caller */
  uint64_t server_time;  /* of the last answer */
  taosuv_fetch_t* waiter;
  tuv_failure_t failure; /* status 0: none. Its message is our copy, or static */
  char* message;
};

static taosuv_result_t* result_of(tuv_op_t* op) {
  return TUV_CONTAINER(op, taosuv_result_t, op);
}

void tuv_result_free_on_server(tuv_conn_t* conn, uint64_t result_id) {
  char text[TUV_REQUEST_ID_MAX];
  size_t length =
      tuv_request_id(text, "free_result", tuv_client_id(conn->client), "id", result_id);
  /* Without memory for it, the server frees the result when the connection ends. */
  tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, NULL);
}

static void drop_stored(taosuv_result_t* result) {
  tuv_refbuf_t* block;
  while ((block = result->stored) != NULL) {
    result->stored = block->next;
    block->next = NULL;
    tuv_refbuf_unref(block);
  }
}

void tuv_result_pin(taosuv_result_t* result, tuv_remote_t* remote) {
  result->remote = remote;
}

static void unpin(taosuv_result_t* result) {
  tuv_remote_t* remote = result->remote;
  result->remote = NULL;
  if (remote != NULL) tuv_remote_result_done(remote);
}

static void release(taosuv_result_t* result) {
  drop_stored(result);
  tuv_conn_t* conn = result->conn;
  if (conn != NULL && !result->ended) tuv_result_free_on_server(conn, result->id);
  tuv_queue_remove(&result->link);
  unpin(result);
  if (conn != NULL && conn->retiring) tuv_upkeep_check_retired(conn);
  tuv_free(&result->mem->alloc, result->message);
  result->message = NULL;
  tuv_mem_put(result->mem, TUV_MEM_RESULT, result);
}

static void destroy(const tuv_alloc_t* alloc, void* object) {
  tuv_free(alloc, ((taosuv_result_t*) object)->fields);
}

/* Fields and their names in one piece of memory, reused when it is large enough. */
static int reserve_fields(taosuv_result_t* result, uint32_t count, size_t names_size) {
  size_t need = count * sizeof *result->fields + names_size;
  result->fields_count = count;
  if (need <= result->fields_capacity) return 0;
  tuv_free(&result->mem->alloc, result->fields);
  result->fields = tuv_malloc(&result->mem->alloc, need);
  result->fields_capacity = result->fields == NULL ? 0 : need;
  return result->fields == NULL ? TAOSUV_ENOMEM : 0;
}

static int copy_fields(taosuv_result_t* result, const tuv_query_reply_t* reply) {
  if (reserve_fields(result, reply->fields, reply->names_size) < 0) return TAOSUV_ENOMEM;
  char* names = (char*) (result->fields + reply->fields);
  yyjson_arr_iter name, type, length, precision, scale;
  yyjson_arr_iter_init(reply->names, &name);
  yyjson_arr_iter_init(reply->types, &type);
  yyjson_arr_iter_init(reply->lengths, &length);
  if (reply->precisions != NULL) yyjson_arr_iter_init(reply->precisions, &precision);
  if (reply->scales != NULL) yyjson_arr_iter_init(reply->scales, &scale);
  for (uint32_t i = 0; i < reply->fields; i++) {
    taosuv_field_t* field = &result->fields[i];
    memset(field, 0, sizeof *field);
    yyjson_val* text = yyjson_arr_iter_next(&name);
    field->name = names;
    field->name_length = (uint32_t) yyjson_get_len(text);
    memcpy(names, yyjson_get_str(text), field->name_length + 1);
    names += field->name_length + 1;
    field->type = (uint8_t) yyjson_get_uint(yyjson_arr_iter_next(&type));
    field->length = (int64_t) yyjson_get_uint(yyjson_arr_iter_next(&length));
    if (reply->storage_widths) field->length = tuv_declared_width(field->type, field->length);
    if (reply->precisions != NULL)
      field->precision = (uint8_t) yyjson_get_uint(yyjson_arr_iter_next(&precision));
    if (reply->scales != NULL)
      field->scale = (uint8_t) yyjson_get_uint(yyjson_arr_iter_next(&scale));
    if (field->type == TAOSUV_TYPE_TIMESTAMP) field->precision = reply->precision;
  }
  return 0;
}

static int copy_columns(taosuv_result_t* result, const tuv_rest_t* decoder) {
  size_t names_size = 0;
  for (uint32_t i = 0; i < decoder->count; i++) names_size += decoder->columns[i].name_length + 1;
  if (reserve_fields(result, decoder->count, names_size) < 0) return TAOSUV_ENOMEM;
  char* names = (char*) (result->fields + decoder->count);
  for (uint32_t i = 0; i < decoder->count; i++) {
    const tuv_rest_column_t* column = &decoder->columns[i];
    bool is_time = column->type == TAOSUV_TYPE_TIMESTAMP;
    result->fields[i] =
        (taosuv_field_t){.name = names,
                         .name_length = column->name_length,
                         .type = column->type,
                         .precision = is_time ? decoder->precision : column->precision,
                         .scale = column->scale,
                         .length = column->length};
    memcpy(names, column->name, column->name_length + 1);
    names += column->name_length + 1;
  }
  return 0;
}

static const tuv_op_type_t fetch_op_type;

/* A result without fields and in no list. */
static taosuv_result_t* allocate(taosuv_client_t* client) {
  int recycled;
  tuv_mem_t* mem = client->mem;
  mem->destroy[TUV_MEM_RESULT] = destroy;
  taosuv_result_t* result = tuv_mem_take(mem, TUV_MEM_RESULT, sizeof *result, &recycled);
  if (result == NULL) return NULL;
  taosuv_field_t* fields = result->fields;
  size_t capacity = result->fields_capacity;
  memset(result, 0, sizeof *result);
  result->fields = fields;
  result->fields_capacity = capacity;
  result->mem = mem;
  result->client = client;
  result->op.type = &fetch_op_type;
  tuv_queue_init(&result->op.link);
  tuv_queue_init(&result->link);
  return result;
}

taosuv_result_t* tuv_result_create(tuv_conn_t* conn, const tuv_query_reply_t* reply) {
  taosuv_result_t* result = allocate(conn->client);
  if (result == NULL) return NULL;
  if (copy_fields(result, reply) < 0) {
    tuv_mem_put(result->mem, TUV_MEM_RESULT, result);
    return NULL;
  }
  result->conn = conn;
  result->id = reply->id;
  result->precision = reply->precision;
  tuv_queue_push(&conn->results, &result->link);
  return result;
}

/* It needs no connection any more: it is where those are whose connection is gone. */
taosuv_result_t* tuv_result_create_whole(tuv_conn_t* conn, tuv_rest_t* decoder) {
  taosuv_result_t* result = allocate(conn->client);
  if (result == NULL) return NULL;
  if (copy_columns(result, decoder) < 0) {
    tuv_mem_put(result->mem, TUV_MEM_RESULT, result);
    return NULL;
  }
  result->whole = true;
  result->host = tuv_conn_host(conn);
  result->precision = decoder->precision;
  result->stored = decoder->blocks; /* with the references */
  decoder->blocks = decoder->last = NULL;
  tuv_queue_push(&conn->client->orphans, &result->link);
  return result;
}

/* Asks the server for the next block, unless that is senseless or under way. */
static void ask(taosuv_result_t* result, uint64_t req_id) {
  if (result->conn == NULL || result->asked || result->ended || result->failure.status < 0) return;
  result->asked = true;
  result->picking = false;
  result->op.id = req_id != 0 ? req_id : tuv_client_id(result->client);
  tuv_conn_post(result->conn, &result->op);
}

void tuv_result_prefetch(taosuv_result_t* result) {
  if (result->client->url.prefetch) ask(result, 0);
}

/* Whether the next block is worth asking for before the caller does: a result that looks like one
 * block must not pay for a second question. */
static bool more_expected(const taosuv_result_t* result, const taosuv_block_t* block) {
  return result->client != NULL && result->client->url.prefetch &&
         (taosuv_block_rows(block) >= FULL_BLOCK_ROWS || result->blocks >= 2);
}

static int encode_fetch(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  taosuv_result_t* result = result_of(op);
  (void) payload;
  (void) size;
  if (conn->binary) {
    uint8_t message[TUV_MSG_FETCH_SIZE];
    tuv_msg_fetch(message, op->id, result->id);
    return tuv_ws_send(&conn->ws, TUV_WS_BINARY, message, sizeof message, &op->at);
  }
  tuv_request_t request;
  tuv_request_begin(&request, &conn->client->json, result->picking ? "fetch_block" : "fetch",
                    op->id);
  tuv_request_uint(&request, "id", result->id);
  return tuv_conn_send_json(conn, op, &request);
}

/* Something has arrived, or nothing will: whoever waits for it is told. */
static void wake(taosuv_result_t* result) {
  taosuv_fetch_t* fetch = result->waiter;
  if (fetch == NULL) return;
  taosuv_req_t* req = (taosuv_req_t*) (void*) fetch;
  if (tuv_req_of(req)->state != TUV_REQ_WAITING) return;
  if (result->ready == NULL && result->failure.status < 0)
    tuv_req_fail(req, &result->failure);
  else
    tuv_req_finish(req, 0);
}

static void set_failure(taosuv_result_t* result, const tuv_failure_t* failure) {
  result->failure = *failure;
  result->failure.message = taosuv_strerror(failure->status);
  if (failure->message == NULL) return;
  size_t size = strlen(failure->message) + 1;
  result->message = tuv_malloc(&result->mem->alloc, size);
  if (result->message == NULL) return;
  memcpy(result->message, failure->message, size);
  result->failure.message = result->message;
}

/* The fetch in flight failed; so has the result. */
static void fetch_failed(tuv_op_t* op, const tuv_failure_t* failure) {
  taosuv_result_t* result = result_of(op);
  result->asked = false;
  if (result->closed) {
    release(result);
    return;
  }
  set_failure(result, failure);
  wake(result);
}

static void fail_now(taosuv_result_t* result, int status, const char* message) {
  tuv_failure_t failure = {status, 0, 0, message,
                           result->conn == NULL ? NULL : tuv_conn_host(result->conn)};
  fetch_failed(&result->op, &failure);
}

static void at_end(taosuv_result_t* result) {
  result->asked = false;
  result->ended = true;
  unpin(result);
  if (result->closed)
    release(result);
  else
    wake(result);
}

/* The block must have the columns that the query's answer promised. */
static int check_columns(const taosuv_result_t* result, const taosuv_block_t* block,
                         tuv_errmsg_t* err) {
  taosuv_column_t column;
  uint32_t count = taosuv_block_columns(block);
  if (count != result->fields_count)
    return tuv_fail(err, TAOSUV_EBLOCK, "a block of %u columns for a result of %u fields", count,
                    result->fields_count);
  for (uint32_t i = 0; i < count; i++) {
    taosuv_block_column(block, i, &column);
    uint8_t type = result->fields[i].type;
    if (column.type != type && type != TAOSUV_TYPE_NULL)
      return tuv_fail(err, TAOSUV_EBLOCK, "column %u of a block is %s, its field is %s", i,
                      taosuv_type_name(column.type),
                      taosuv_type_name(type) == NULL ? "unknown" : taosuv_type_name(type));
  }
  return 0;
}

/* The next block of a result that is here whole, or its end. */
static void unpack(taosuv_result_t* result) {
  tuv_errmsg_t err;
  int status;
  tuv_refbuf_t* bytes = result->stored;
  if (!result->whole || result->ready != NULL || result->failure.status < 0) return;
  if (bytes == NULL) {
    result->ended = true;
    return;
  }
  size_t size = taosuv_load_u32(bytes->data + 4);
  result->ready = tuv_block_create(result->mem, bytes, bytes->data, size, result->precision,
                                   &status, &err);
  if (result->ready == NULL) {
    set_failure(result, &(tuv_failure_t){status, 0, 0, err.text, result->host});
    return;
  }
  result->stored = bytes->next;
  bytes->next = NULL;
  tuv_refbuf_unref(bytes);
  result->blocks++;
  result->client->totals.blocks++;
  result->client->totals.rows += taosuv_block_rows(result->ready);
}

static void take_block(taosuv_result_t* result, const tuv_msg_fetched_t* fetched,
                       tuv_refbuf_t* owner) {
  tuv_errmsg_t err;
  int status;
  taosuv_block_t* block = tuv_block_create(result->mem, owner, fetched->block, fetched->block_size,
                                           result->precision, &status, &err);
  if (block != NULL) {
    status = check_columns(result, block, &err);
    if (status < 0) taosuv_block_unref(block);
  }
  if (status < 0) {
    fail_now(result, status, err.text);
    return;
  }
  result->asked = false;
  result->blocks++;
  result->client->totals.blocks++;
  result->client->totals.rows += taosuv_block_rows(block);
  result->ready = block;
  wake(result);
}

static void fetch_answered(tuv_op_t* op, tuv_conn_t* conn, const tuv_msg_fetched_t* fetched,
                           tuv_refbuf_t* owner) {
  taosuv_result_t* result = result_of(op);
  (void) conn;
  result->server_time = fetched->timing;
  if (fetched->result_id != result->id)
    fail_now(result, TAOSUV_EPROTO, "the block of another result");
  else if (fetched->finished)
    at_end(result);
  else if (result->closed)
    release(result);
  else
    take_block(result, fetched, owner);
}

/* The JSON action `fetch` says whether there is a block; `fetch_block` then brings it. */
static void fetch_announced(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  static const char* const needed[] = {"id", "completed", "rows", NULL};
  taosuv_result_t* result = result_of(op);
  tuv_errmsg_t err;
  bool completed = false;
  uint64_t id = result->id, rows = 0;
  int status = tuv_reply_require(reply, needed, &err);
  if (status == 0) status = tuv_reply_bool(reply, "completed", &completed, &err);
  if (status == 0) status = tuv_reply_uint(reply, "id", &id, &err);
  if (status == 0) status = tuv_reply_uint(reply, "rows", &rows, &err);
  if (status == 0 && (conn->binary || result->picking || id != result->id))
    status = tuv_fail(&err, TAOSUV_EPROTO, "text in place of a block");
  if (status == 0 && !completed && rows == 0)
    status = tuv_fail(&err, TAOSUV_EPROTO, "the reply to fetch has neither rows nor an end");
  result->server_time = reply->timing;
  if (status < 0) {
    fail_now(result, status, err.text);
  } else if (completed) {
    at_end(result);
  } else if (result->closed) {
    release(result);
  } else {
    result->picking = true;
    op->id = tuv_client_id(result->client);
    tuv_conn_post(conn, op);
  }
}

static const tuv_op_type_t fetch_op_type = {.action = TAOSUV_ACTION_FETCH,
                                            .encode = encode_fetch,
                                            .reply = fetch_announced,
                                            .fetched = fetch_answered,
                                            .fail = fetch_failed};

tuv_op_t* tuv_result_find_block_op(tuv_conn_t* conn, uint64_t result_id) {
  for (tuv_queue_t* at = conn->results.next; at != &conn->results; at = at->next) {
    taosuv_result_t* result = TUV_CONTAINER(at, taosuv_result_t, link);
    if (result->id == result_id && result->asked && result->picking && result->op.conn != NULL)
      return &result->op;
  }
  return NULL;
}

void tuv_result_lost(taosuv_result_t* result, const tuv_failure_t* failure) {
  bool client_closed = result->client->closing;
  tuv_queue_remove(&result->link);
  tuv_queue_remove(&result->op.link);
  result->conn = NULL;
  result->asked = false;
  if (result->closed) {
    release(result);
    return;
  }
  taosuv_client_t* client = result->client;
  if (client_closed)
    result->client = NULL;
  else
    tuv_queue_push(&client->orphans, &result->link);
  if (!result->ended && result->failure.status == 0) set_failure(result, failure);
  taosuv_req_t* waiter = (taosuv_req_t*) (void*) result->waiter;
  if (waiter == NULL || tuv_req_of(waiter)->state != TUV_REQ_WAITING) return;
  if (client_closed)
    tuv_req_defer(waiter, TAOSUV_ECANCELED, 0, "the client was closed");
  else
    wake(result);
}

/* fetch, the caller's side. op.at of its request says 1 once it has nothing to do with the result
 * any more. */

void tuv_result_cancel_fetch(taosuv_req_t* req) {
  ((taosuv_fetch_t*) (void*) req)->result->waiter = NULL;
  tuv_req_of(req)->op.at = 1;
}

static void fetch_complete(taosuv_req_t* req, int status) {
  taosuv_fetch_t* fetch = (taosuv_fetch_t*) (void*) req;
  taosuv_block_t* block = NULL;
  if (tuv_req_of(req)->op.at == 0) {
    taosuv_result_t* result = fetch->result;
    result->waiter = NULL;
    req->server_time_ns = result->server_time;
    req->sent_req_id = result->op.id;
    if (status == 0) {
      block = result->ready;
      result->ready = NULL;
      if (block != NULL && more_expected(result, block)) ask(result, 0);
    }
  }
  fetch->block = block;
  fetch->cb(fetch, status);
  taosuv_block_unref(block);
}

static const tuv_op_type_t fetch_req_type = {
    .is_request = true,
    .action = TAOSUV_ACTION_FETCH,
    .complete = fetch_complete,
    .leave = tuv_result_cancel_fetch};

int taosuv_fetch(taosuv_result_t* result, taosuv_fetch_t* req, taosuv_fetch_cb cb) {
  taosuv_req_t* base = (taosuv_req_t*) (void*) req;
  if (result == NULL) return TAOSUV_EINVAL;
  if (result->client == NULL) return TAOSUV_ECLOSED;
  int status = tuv_req_check(result->client, base, cb != NULL);
  if (status == 0 && result->waiter != NULL) status = TAOSUV_EBUSY;
  if (status == 0) status = tuv_req_start(result->client, base, &fetch_req_type);
  if (status < 0) return status;
  req->cb = cb;
  req->result = result;
  req->block = NULL;
  req->host = result->conn != NULL ? tuv_conn_host(result->conn) : result->host;
  unpack(result);
  if (result->ready == NULL) ask(result, base->req_id);
  result->waiter = req;
  bool decided = result->ready != NULL || result->ended || result->failure.status < 0;
  tuv_req_of(base)->state = TUV_REQ_WAITING;
  if (!decided) return 0;
  const tuv_failure_t* failure = &result->failure;
  bool failed = result->ready == NULL && !result->ended;
  tuv_req_t* priv = tuv_req_of(base);
  priv->state = TUV_REQ_IDLE; /* stays the result's waiter while it is deferred */
  tuv_req_defer(base, failed ? failure->status : 0, failed ? failure->flags : 0,
                failed ? failure->message : NULL);
  if (failed) {
    base->server_code = failure->server_code;
    base->host = failure->host;
  }
  return 0;
}

uint64_t tuv_result_fetch_id(const taosuv_req_t* fetch) {
  const tuv_op_t* op = &((const tuv_req_t*) (const void*) &fetch->priv)->op;
  return op->at == 0 ? ((const taosuv_fetch_t*) (const void*) fetch)->result->op.id : op->id;
}

const taosuv_req_t* tuv_result_waiter(const tuv_op_t* op) {
  return (const void*) TUV_CONTAINER(op, const taosuv_result_t, op)->waiter;
}

const taosuv_field_t* taosuv_result_fields(const taosuv_result_t* result, uint32_t* count) {
  *count = result->fields_count;
  return result->fields;
}

taosuv_precision_t taosuv_result_precision(const taosuv_result_t* result) {
  return (taosuv_precision_t) result->precision;
}

/* A pending fetch of a result that is being closed. */
static void cancel_waiter(taosuv_result_t* result) {
  taosuv_req_t* req = (taosuv_req_t*) (void*) result->waiter;
  if (req == NULL) return;
  tuv_req_t* priv = tuv_req_of(req);
  if (priv->state == TUV_REQ_WAITING) {
    tuv_req_defer(req, TAOSUV_ECANCELED, 0, "the result was closed");
    return;
  }
  tuv_result_cancel_fetch(req); /* its completion is due: with another status */
  priv->outcome = TAOSUV_ECANCELED;
  req->err_flags = 0;
  req->server_code = 0;
  req->message = "the result was closed";
}

void taosuv_result_close(taosuv_result_t* result) {
  if (result == NULL || result->closed) return;
  if (result->client != NULL && result->client->in_hook) {
    result->close_due = true;
    result->client->results_due = true;
    tuv_client_turn(result->client);
    return;
  }
  cancel_waiter(result);
  taosuv_block_unref(result->ready);
  result->ready = NULL;
  result->closed = true;
  if (result->asked && result->op.conn != NULL) return; /* released with the answer */
  tuv_queue_remove(&result->op.link);
  result->asked = false;
  release(result);
}

static taosuv_result_t* first_due(tuv_queue_t* results) {
  for (tuv_queue_t* at = results->next; at != results; at = at->next) {
    taosuv_result_t* result = TUV_CONTAINER(at, taosuv_result_t, link);
    if (result->close_due) return result;
  }
  return NULL;
}

static taosuv_result_t* find_due(taosuv_client_t* client) {
  taosuv_result_t* result = first_due(&client->orphans);
  tuv_queue_t* at = client->conns.next;
  for (; result == NULL && at != &client->conns; at = at->next)
    result = first_due(&TUV_CONTAINER(at, tuv_conn_t, link)->results);
  return result;
}

void tuv_result_close_due(taosuv_client_t* client) {
  taosuv_result_t* result;
  while ((result = find_due(client)) != NULL) {
    result->close_due = false;
    taosuv_result_close(result);
  }
}
