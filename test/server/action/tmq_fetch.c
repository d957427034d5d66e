/* What a held message has: its blocks one by one, its bytes, its metadata. */
#include "session/args.h"
#include "action/tmq.h"
#include "session/reply.h"

#include <string.h>

/* The message that the request names, or NULL after an error reply with this text. */
static ts_message_t* held(ts_request_t* request, const char* other) {
  ts_message_t* message = request->session->tmq->message;
  if (message == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "message has been freed");
    return NULL;
  }
  if (message->id == request->id) return message;
  ts_reply_error(request, TS_E_INTERNAL, "%s", other);
  return NULL;
}

static ts_message_t* held_data(ts_request_t* request, const char* other) {
  ts_message_t* message = held(request, other);
  if (message == NULL || message->type != TS_MSG_META) return message;
  ts_reply_error(request, TS_E_INTERNAL, "message type is not data");
  return NULL;
}

static void put_id(ts_buf_t* out, const ts_request_t* request) {
  ts_buf_text(out, ",\"message_id\":");
  ts_buf_decimal(out, request->id);
}

static void put_block(ts_buf_t* out, const ts_message_t* message, const ts_message_block_t* block) {
  const ts_schema_t* schema = block->schema;
  ts_buf_text(out, ",\"completed\":false,\"table_name\":");
  ts_buf_json(out, block->table, strlen(block->table), false);
  ts_buf_format(out, ",\"rows\":%u,\"fields_count\":%u,\"fields_names\":[",
                ts_block_rows(block->block), schema->ncolumns);
  for (uint32_t i = 0; i < schema->ncolumns; i++) {
    if (i > 0) ts_buf_text(out, ",");
    ts_buf_json(out, schema->fields[i].name, strlen(schema->fields[i].name), false);
  }
  ts_buf_text(out, "],\"fields_types\":[");
  for (uint32_t i = 0; i < schema->ncolumns; i++)
    ts_buf_format(out, "%s%u", i > 0 ? "," : "", (unsigned) schema->fields[i].type.type);
  ts_buf_text(out, "],\"fields_lengths\":[");
  for (uint32_t i = 0; i < schema->ncolumns; i++)
    ts_buf_format(out, "%s%u", i > 0 ? "," : "", schema->fields[i].type.width);
  ts_buf_format(out, "],\"precision\":%u", (unsigned) message->precision);
}

void ts_tmq_fetch(ts_request_t* request) {
  ts_tmq_t* tmq = request->session->tmq;
  const ts_message_t* message = held_data(request, "message ID are not equal");
  if (message == NULL) return;
  bool more = tmq->next_block < message->nblocks;
  if (!more) request->started = 0; /* the gateway gives no time then */
  ts_buf_t* out = ts_reply_begin(request);
  put_id(out, request);
  if (more) {
    tmq->block = &message->blocks[tmq->next_block++];
    tmq->fetch_id = request->req_id;
    put_block(out, message, tmq->block);
  } else {
    ts_buf_text(out,
                ",\"completed\":true,\"table_name\":\"\",\"rows\":0,\"fields_count\":0,"
                "\"fields_names\":null,\"fields_types\":null,\"fields_lengths\":null,"
                "\"precision\":0");
  }
  ts_reply_end(request);
}

void ts_tmq_fetch_block(ts_request_t* request) {
  const ts_tmq_t* tmq = request->session->tmq;
  uint8_t head[24];
  if (held_data(request, "message is nil") == NULL) return;
  if (tmq->block == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "no fetch data");
    return;
  }
  ts_put_u64(head, ts_request_timing(request));
  ts_put_u64(head + 8, tmq->fetch_id);
  ts_put_u64(head + 16, request->id);
  ts_conn_binary(request->session->conn, head, sizeof head, tmq->block->block);
}

static const char other_message[] = "message ID is not equal";

void ts_tmq_fetch_raw(ts_request_t* request) {
  ts_message_t* message = held(request, other_message);
  uint8_t head[38 + TS_RAW_HEAD];
  if (message == NULL) return;
  size_t size = ts_message_raw(message, head + 38);
  ts_put_u64(head, ts_request_timing(request));
  ts_put_u64(head + 8, request->req_id);
  ts_put_u64(head + 16, request->id);
  ts_put_u64(head + 24, 3);
  ts_put_u32(head + 32, (uint32_t) (size + message->raw->size));
  ts_put_u16(head + 36, message->raw_type);
  ts_conn_binary(request->session->conn, head, 38 + size, message->raw);
}

void ts_tmq_fetch_raw_data(ts_request_t* request) {
  ts_message_t* message = held(request, other_message);
  uint8_t head[56 + TS_RAW_HEAD];
  if (message == NULL) return;
  size_t size = ts_message_raw(message, head + 56);
  ts_raw_reply_head(request, 8, head);
  ts_put_u16(head + 50, message->raw_type);
  ts_put_u32(head + 52, (uint32_t) (size + message->raw->size));
  ts_conn_binary(request->session->conn, head, 56 + size, message->raw);
}

/* The gateway passes the JSON on, but escapes in it what it escapes everywhere. */
static void put_json(ts_buf_t* out, const ts_buf_t* json, bool html) {
  for (size_t i = 0; i < json->size; i++) {
    uint8_t c = json->data[i];
    if (html && (c == '<' || c == '>' || c == '&')) {
      ts_buf_format(out, "\\u%04x", (unsigned) c);
    } else {
      ts_buf_add(out, &c, 1);
    }
  }
}

void ts_tmq_fetch_json_meta(ts_request_t* request) {
  const ts_message_t* message = held(request, other_message);
  if (message == NULL) return;
  ts_buf_t json = {0};
  ts_message_json(message, &json);
  ts_buf_t* out = ts_reply_begin(request);
  put_id(out, request);
  ts_buf_text(out, ",\"data\":");
  put_json(out, &json, ts_server_html(request->session->server));
  ts_buf_free(&json);
  ts_reply_end(request);
}
