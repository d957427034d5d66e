/* Operations over HTTP: how they are sent, and what they are given of a reply. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/core/block.h"
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/core/server_code.h"
#include "client/conn/conn.h"
#include "client/conn/leave.h"
#include "client/conn/login.h"
#include "client/conn/receive.h"
#include "client/conn/rest_conn.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "client/core/observe.h"
#include "wire/http/request.h"
#include "wire/sql/kind.h"

tuv_buf_t* tuv_rest_target(tuv_conn_t* conn) {
  tuv_buf_t* target = &conn->rest.target;
  if (target->data != NULL) tuv_wipe(target->data, target->tail);
  tuv_buf_consume(target, tuv_buf_size(target), SIZE_MAX);
  return target;
}

int tuv_rest_send(tuv_conn_t* conn, tuv_op_t* op, const tuv_rest_message_t* message) {
  const tuv_conns_t* conns = conn->conns;
  const tuv_conn_host_t* host = conn->host;
  tuv_rest_conn_t* rest = &conn->rest;
  char id[24] = "";
  bool basic = message->no_token && conns->basic != NULL;
  if (message->with_id) snprintf(id, sizeof id, "%" PRIu64, op->id);
  tuv_http_head_t head = {.method = message->method,
                          .target = message->target,
                          .target_size = message->target_size,
                          .more = id,
                          .host = host->name,
                          .port = host->port,
                          .authorization = basic ? conns->basic : conns->context->authorization,
                          .gzip = conns->context->url.compression,
                          .has_body = message->has_body,
                          .body_size = message->size};
  tuv_buf_t* out = tuv_http_conn_out(&rest->http);
  int status = tuv_http_write_head(out, &head);
  rest->body_at = tuv_buf_size(out);
  if (status == 0 && message->size > 0) status = tuv_http_put(out, message->body, message->size);
  if (status < 0) {
    tuv_http_conn_out(&rest->http); /* nothing of the message stays */
    return status;
  }
  rest->op_id = op->id;
  rest->kind = (uint8_t) message->kind;
  rest->repeatable = message->repeatable;
  rest->has_payload = message->payload != NULL;
  rest->prefix_size = 0;
  if (rest->has_payload)
    rest->prefix_size = (size_t) ((const char*) message->body - (const char*) message->payload);
  if (rest->prefix_size > 0) memcpy(rest->prefix, message->payload, rest->prefix_size);
  rest->decoded = 0;
  tuv_rest_begin(&rest->decoder);
  tuv_http_conn_end(&rest->http, &op->at);
  tuv_observe_message(conn->context, conn, true, message->body, message->size);
  return 0;
}

static int send_sql(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size, bool payload) {
  const char* target = conn->conns->target;
  bool reading = tuv_sql_only_reads(sql, size);
  int status = tuv_rest_send(conn, op,
                             &(tuv_rest_message_t) {.method = "POST",
                                                    .target = target,
                                                    .target_size = strlen(target),
                                                    .with_id = true,
                                                    .has_body = true,
                                                    .body = sql,
                                                    .size = size,
                                                    .payload = payload ? sql : NULL,
                                                    .kind = TUV_REST_SQL,
                                                    .repeatable = reading});
  conn->rest.reading = reading;
  return status;
}

int tuv_rest_sql(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size) {
  return send_sql(op, conn, sql, size, true);
}

int tuv_rest_ask(tuv_op_t* op, tuv_conn_t* conn, const char* sql) {
  return send_sql(op, conn, sql, strlen(sql), false);
}

/* ---- replies ---- */

bool tuv_rest_update(const tuv_conn_t* conn, int64_t* affected_rows) {
  return !conn->rest.reading && tuv_rest_is_update(&conn->rest.decoder, affected_rows);
}

int tuv_rest_cell(tuv_conn_t* conn, taosuv_column_t* column, taosuv_block_t** block) {
  tuv_rest_t* decoder = &conn->rest.decoder;
  tuv_errmsg_t err;
  int status = 0;
  tuv_refbuf_t* bytes = tuv_rest_take(decoder);
  *block = NULL;
  if (bytes == NULL) return 0;
  size_t size = taosuv_load_u32(bytes->data + 4);
  *block = tuv_block_create(conn->context->mem, bytes, bytes->data, size, decoder->precision,
                            &status, &err);
  tuv_refbuf_unref(bytes);
  if (*block == NULL) return status;
  taosuv_block_column(*block, 0, column);
  if (!taosuv_is_null(column, 0)) return 0;
  taosuv_block_unref(*block);
  *block = NULL;
  return 0;
}

void tuv_rest_fail(tuv_op_t* op, tuv_conn_t* conn, int status, const char* text) {
  tuv_req_fail(tuv_req_of_op(op), &(tuv_failure_t) {status, 0, 0, text, tuv_conn_host(conn)});
}
