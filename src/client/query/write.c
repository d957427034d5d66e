/* taosuv_write_raw and taosuv_write_block: write the bytes of a message, or a block, to the
 * client's database. */
#include <string.h>

#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "taosuv/tmq.h"
#include "wire/stmt/table_name.h"
#include "wire/text.h"
#include "wire/tmq/message.h"

enum { ACTION_WRITE_RAW = 3, ACTION_WRITE_BLOCK = 4 };

/* The request keeps two numbers of the message's head, so that the payload is what follows. */
static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size,
                  uint8_t action) {
  const taosuv_write_t* write = (const taosuv_write_t*) (const void*) tuv_req_of_op(op);
  uint8_t head[TUV_TMQ_WRITE_HEAD];
  tuv_tmq_write_head(head, op->id, action, write->head, write->tail);
  int status = tuv_ws_begin(&conn->ws, TUV_WS_BINARY, sizeof head + size, &op->at);
  if (status < 0) return status;
  tuv_ws_put(&conn->ws, head, sizeof head);
  tuv_ws_put(&conn->ws, payload, size);
  return tuv_ws_end(&conn->ws);
}

static int encode_raw(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  return encode(op, conn, payload, size, ACTION_WRITE_RAW);
}

static int encode_block(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  return encode(op, conn, payload, size, ACTION_WRITE_BLOCK);
}

static void replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  (void) conn;
  (void) reply;
  tuv_req_finish(tuv_req_of_op(op), 0);
}

static void complete(taosuv_req_t* req, int status) {
  taosuv_write_t* write = (taosuv_write_t*) (void*) req;
  write->cb(write, status);
}

static const tuv_op_type_t raw_type = {.is_request = true,
                                       .action = TAOSUV_ACTION_WRITE,
                                       .encode = encode_raw,
                                       .reply = replied,
                                       .complete = complete,
                                       .payload_key = "raw",
                                       .tombstone = &tuv_plain_tombstone};
static const tuv_op_type_t block_type = {.is_request = true,
                                         .action = TAOSUV_ACTION_WRITE,
                                         .encode = encode_block,
                                         .reply = replied,
                                         .complete = complete,
                                         .payload_key = "block",
                                         .tombstone = &tuv_plain_tombstone};

static int begin(taosuv_client_t* client, taosuv_write_t* req, const tuv_op_type_t* type,
                 const void* payload, size_t size, taosuv_write_cb cb) {
  if (size > client->context.url.max_message_size - TUV_TMQ_WRITE_HEAD) return TAOSUV_EMSGSIZE;
  req->cb = cb;
  return tuv_pool_begin(client, tuv_req_base(req), type, payload, size);
}

int taosuv_write_raw(taosuv_client_t* client, taosuv_write_t* req, const taosuv_raw_t* raw,
                     taosuv_write_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status == 0 && (raw == NULL || raw->data == NULL || raw->size == 0)) status = TAOSUV_EINVAL;
  if (status == 0 && raw->size > UINT32_MAX) status = TAOSUV_EMSGSIZE;
  if (status < 0) return status;
  req->head = (uint32_t) raw->size;
  req->tail = raw->type;
  return begin(client, req, &raw_type, raw->data, raw->size, cb);
}

int taosuv_write_block(taosuv_client_t* client, taosuv_write_t* req, const char* table,
                       size_t length, const taosuv_block_t* block, taosuv_write_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status == 0 && (table == NULL || block == NULL)) status = TAOSUV_EINVAL;
  if (status < 0) return status;
  length = tuv_text_length(table, length);
  tuv_table_name_t name;
  status = tuv_table_name_read(table, length, &name, NULL);
  if (status < 0) return status;
  if (name.database_length > 0 && strcmp(name.database, client->context.url.db) != 0)
    return TAOSUV_ENOTSUP; /* the message has no field for it */
  size_t size;
  const void* data = taosuv_block_data(block, &size);
  uint8_t* payload = tuv_malloc(&client->context.mem->alloc, name.table_length + size);
  if (payload == NULL) return TAOSUV_ENOMEM;
  memcpy(payload, name.table, name.table_length);
  memcpy(payload + name.table_length, data, size);
  req->head = taosuv_block_rows(block);
  req->tail = (uint16_t) name.table_length;
  status = begin(client, req, &block_type, payload, name.table_length + size, cb);
  tuv_free(&client->context.mem->alloc, payload);
  return status;
}
