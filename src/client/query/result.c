/* Results: their fields, and how they end. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/keepalive.h"
#include "client/pool/client.h"
#include "client/query/result.h"
#include "client/query/results.h"
#include "util/assert.h"
#include "wire/json/result.h"
#include "wire/types.h"

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
    yyjson_val* value = yyjson_arr_iter_next(&name);
    const char* text = yyjson_get_str(value);
    TUV_ASSERT(text != NULL); /* the reply was checked when it was read */
    field->name = names;
    field->name_length = (uint32_t) yyjson_get_len(value);
    memcpy(names, text, field->name_length + 1);
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
    result->fields[i] = (taosuv_field_t) {
        .name = names,
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

static void close_deferred(tuv_task_t* task) {
  taosuv_result_close(TUV_CONTAINER(task, taosuv_result_t, close));
}

static const tuv_dependent_type_t dependent_type;

/* A result without fields, on which nothing depends yet. */
static taosuv_result_t* allocate(taosuv_client_t* client) {
  int recycled;
  tuv_mem_t* mem = client->context.mem;
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
  result->op.type = &tuv_fetch_type;
  tuv_queue_init(&result->op.link);
  tuv_dependent_init(&result->dependent, &dependent_type);
  tuv_task_init(&result->close, close_deferred);
  return result;
}

taosuv_result_t* tuv_result_create(tuv_conn_t* conn, const tuv_query_reply_t* reply) {
  taosuv_result_t* result = allocate(tuv_client_of(conn->context));
  if (result == NULL) return NULL;
  if (copy_fields(result, reply) < 0) {
    tuv_mem_put(result->mem, TUV_MEM_RESULT, result);
    return NULL;
  }
  result->conn = conn;
  result->id = reply->id;
  result->precision = reply->precision;
  tuv_dependents_add(&conn->dependents, &result->dependent);
  return result;
}

/* It needs no connection any more: it is where those are whose connection is gone. */
taosuv_result_t* tuv_result_create_whole(tuv_conn_t* conn, tuv_rest_t* decoder) {
  taosuv_result_t* result = allocate(tuv_client_of(conn->context));
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
  tuv_dependents_add(&conn->context->dependents, &result->dependent);
  return result;
}

static void lose(taosuv_result_t* result, const tuv_failure_t* failure) {
  bool client_closed = result->client->context.closing;
  tuv_dependent_remove(&result->dependent);
  tuv_queue_remove(&result->op.link);
  result->conn = NULL;
  result->fetch_pending = false;
  if (result->closed) {
    tuv_result_release(result);
    return;
  }
  taosuv_client_t* client = result->client;
  if (client_closed)
    result->client = NULL;
  else
    tuv_dependents_add(&client->context.dependents, &result->dependent);
  if (!result->ended && result->failure.status == 0) tuv_result_set_failure(result, failure);
  taosuv_req_t* waiter = tuv_req_base(result->waiter);
  if (waiter == NULL || !tuv_req_is_held(waiter)) return;
  if (client_closed)
    tuv_req_defer(waiter, TAOSUV_ECANCELED, 0, "the client was closed");
  else
    tuv_result_wake(result);
}

/* Moves what the server has of a result, and the fetch in flight, to another result. */
static void hand_over(taosuv_result_t* from, taosuv_result_t* to, tuv_conn_t* conn) {
  to->conn = conn;
  to->id = from->id;
  to->fetch_pending = from->fetch_pending;
  to->block_announced = from->block_announced;
  tuv_inflight_replace(&conn->inflight, &from->op, &to->op);
  to->owner = from->owner;
  from->owner = NULL;
  if (to->owner != NULL) to->owner->replaced(to->owner, to);
  tuv_dependents_add(&conn->dependents, &to->dependent);
}

static taosuv_result_t* of_dependent(tuv_dependent_t* dependent) {
  return TUV_CONTAINER(dependent, taosuv_result_t, dependent);
}

static void on_lost(tuv_dependent_t* dependent, const tuv_failure_t* failure) {
  lose(of_dependent(dependent), failure);
}

/* Frees what the server has of it, at once or when the answer in flight has come. */
static void on_closing(tuv_dependent_t* dependent, tuv_conn_t* conn) {
  tuv_failure_t closed = {TAOSUV_ECLOSED, 0, 0, "the client was closed", NULL};
  taosuv_result_t* result = of_dependent(dependent);
  if (conn != NULL && result->closed) { /* the answer in flight frees it */
    tuv_dependents_add(&conn->dependents, dependent);
    return;
  }
  taosuv_result_t* heir = conn == NULL || result->ended ? NULL
                                                        : allocate(tuv_client_of(conn->context));
  if (heir != NULL) hand_over(result, heir, conn);
  lose(result, &closed);
  if (heir != NULL) taosuv_result_close(heir);
}

/* Messages with blocks have the id of the result, not that of the request. */
static tuv_op_t* find_op(tuv_dependent_t* dependent, uint64_t key) {
  taosuv_result_t* result = of_dependent(dependent);
  bool awaits = result->fetch_pending && result->block_announced && result->op.conn != NULL;
  return awaits && result->id == key ? &result->op : NULL;
}

static const tuv_dependent_type_t dependent_type = {.rank = TUV_RANK_RESULT,
                                                    .keeps_conn = true,
                                                    .lost = on_lost,
                                                    .closing = on_closing,
                                                    .find_op = find_op};

const taosuv_field_t* taosuv_result_fields(const taosuv_result_t* result, uint32_t* count) {
  if (count != NULL) *count = result != NULL ? result->fields_count : 0;
  return result != NULL ? result->fields : NULL;
}

taosuv_precision_t taosuv_result_precision(const taosuv_result_t* result) {
  return result != NULL ? (taosuv_precision_t) result->precision : TAOSUV_PRECISION_MS;
}

/* A pending fetch of a result that is being closed. */
static void cancel_waiter(taosuv_result_t* result) {
  taosuv_req_t* req = tuv_req_base(result->waiter);
  if (req == NULL) return;
  tuv_req_t* priv = tuv_req_of(req);
  if (tuv_req_is_held(req)) {
    tuv_req_defer(req, TAOSUV_ECANCELED, 0, "the result was closed");
    return;
  }
  tuv_result_cancel_fetch(req); /* it is about to complete: with another status now */
  priv->outcome = TAOSUV_ECANCELED;
  req->err_flags = 0;
  req->server_code = 0;
  req->message = "the result was closed";
}

void taosuv_result_close(taosuv_result_t* result) {
  if (result == NULL || result->closed) return;
  if (result->client != NULL && result->client->context.in_hook) {
    tuv_turn_post(&result->client->context.turn, &result->close, TUV_PHASE_DEFERRED);
    return;
  }
  cancel_waiter(result);
  taosuv_block_unref(result->next_block);
  result->next_block = NULL;
  result->closed = true;
  if (result->fetch_pending && result->op.conn != NULL) return; /* released with the answer */
  tuv_queue_remove(&result->op.link);
  result->fetch_pending = false;
  tuv_result_release(result);
}
