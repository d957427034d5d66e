/* The scales of DECIMALs. Servers of 3.3.6 do not report them with the fields of a statement, but
 * with the result of a query: a query without rows is sent. */
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/query/query.h"
#include "client/query/results.h"
#include "client/stmt/stmt.h"
#include "wire/json/result.h"

static size_t write_sql(const tuv_server_stmt_t* server_stmt, char* out, size_t room) {
  const tuv_source_t* source = tuv_source_of(server_stmt->source);
  const tuv_field_list_t* list = tuv_field_list_of(server_stmt->field_list);
  return tuv_stmt_sql_decimals(source->sql, &source->scan, source->table, list->fields, list->count,
                               out, room);
}

bool tuv_server_stmt_wants_scales(const tuv_server_stmt_t* server_stmt) {
  return tuv_field_list_of(server_stmt->field_list)->insert && write_sql(server_stmt, NULL, 0) > 0;
}

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  tuv_server_stmt_t* server_stmt = TUV_CONTAINER(op, tuv_server_stmt_t, op);
  (void) payload;
  (void) size;
  size_t length = write_sql(server_stmt, NULL, 0);
  tuv_refbuf_t* sql = tuv_refbuf_take(conn->context->mem, length);
  if (sql == NULL) return TAOSUV_ENOMEM;
  write_sql(server_stmt, (char*) sql->data, length);
  int status = tuv_sql_encode(op, conn, sql->data, length);
  tuv_refbuf_unref(sql);
  return status;
}

static const tuv_op_type_t scales_type = {.action = TAOSUV_ACTION_STMT_PREPARE,
                                          .encode = encode,
                                          .reply = tuv_server_stmt_on_reply,
                                          .failed = tuv_server_stmt_on_failure,
                                          .waiter = tuv_server_stmt_waiter};

void tuv_server_stmt_ask_scales(tuv_server_stmt_t* server_stmt) {
  server_stmt->step = TUV_STEP_SCALES;
  server_stmt->op.type = &scales_type;
  server_stmt->op.id = tuv_ids_next(&server_stmt->conn->context->ids);
  server_stmt->op.at = UINT64_MAX;
  tuv_conn_post(server_stmt->conn, &server_stmt->op);
}

/* Takes the scale if the type is the same and it is possible. Otherwise it stays unknown. */
static void take_scale(taosuv_stmt_field_t* field, const tuv_query_reply_t* answer, size_t index) {
  uint64_t type = yyjson_get_uint(yyjson_arr_get(answer->types, index));
  uint64_t precision = yyjson_get_uint(yyjson_arr_get(answer->precisions, index));
  uint64_t scale = yyjson_get_uint(yyjson_arr_get(answer->scales, index));
  uint64_t most = field->type == TAOSUV_TYPE_DECIMAL64 ? 18 : 38;
  if (type != field->type || precision == 0 || precision > most || scale > precision) return;
  field->precision = (uint8_t) precision;
  field->scale = (uint8_t) scale;
}

void tuv_server_stmt_take_scales(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply) {
  tuv_query_reply_t answer;
  tuv_field_list_t* list = tuv_field_list_of(server_stmt->field_list);
  int status = tuv_reply_query(reply, &answer, NULL);
  if (answer.id != 0) tuv_result_free_on_server(server_stmt->conn, answer.id);
  if (status < 0 || answer.is_update || answer.precisions == NULL || answer.scales == NULL) return;
  size_t index = 0;
  for (uint32_t i = 0; i < list->count && index < answer.fields; i++)
    if (tuv_stmt_scale_is_unknown(&list->fields[i])) take_scale(&list->fields[i], &answer, index++);
}
