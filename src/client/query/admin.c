/* The small operations: open, ping, server_version, server_status, current_db. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/query/ask.h"
#include "client/query/query.h"
#include "util/assert.h"
#include "wire/text.h"
#include "wire/version.h"

/* Whether a reply has a member that it must have. If not, the request fails. */
static bool read_text(taosuv_req_t* req, tuv_conn_t* conn, const tuv_reply_t* reply,
                      const char* key, const char** text) {
  tuv_errmsg_t err;
  *text = NULL;
  int status = tuv_reply_text(reply, key, text, &err);
  if (status == 0 && *text != NULL) return true;
  if (status == 0) tuv_fail(&err, TAOSUV_EPROTO, "the reply lacks \"%s\"", key);
  tuv_req_fail(req, &(tuv_failure_t) {TAOSUV_EPROTO, 0, 0, err.text, tuv_conn_host(conn)});
  return false;
}

static int send_plain(tuv_op_t* op, tuv_conn_t* conn, const char* action) {
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &conn->context->json, action, op->id);
  return tuv_conn_send_json(conn, op, &request);
}

/* open */

static void open_reached(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_open_t* req = (taosuv_open_t*) (void*) tuv_req_of_op(op);
  (void) reply;
  memcpy(req->version, conn->version_text, sizeof req->version);
}

static void open_complete(taosuv_req_t* req, int status) {
  taosuv_open_t* open = (taosuv_open_t*) (void*) req;
  open->cb(open, status);
}

static const tuv_op_type_t open_type = {.is_request = true,
                                        .needs = TUV_SERVES_ALL,
                                        .action = TAOSUV_ACTION_OPEN,
                                        .reply = open_reached,
                                        .complete = open_complete};

int taosuv_open(taosuv_client_t* client, taosuv_open_t* req, taosuv_open_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->version[0] = 0;
  return tuv_pool_begin(client, tuv_req_base(req), &open_type, NULL, 0);
}

/* ping */

static int ping_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  return tuv_ws_send(&conn->ws, TUV_WS_PING, &op->id, sizeof op->id, &op->at);
}

static void ping_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  (void) conn;
  (void) reply;
  tuv_req_finish(tuv_req_of_op(op), 0);
}

static void ping_complete(taosuv_req_t* req, int status) {
  taosuv_ping_t* ping = (taosuv_ping_t*) (void*) req;
  ping->cb(ping, status);
}

static int ping_rest_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  static const char target[] = "/-/ping";
  (void) payload;
  (void) size;
  return tuv_rest_send(conn, op,
                       &(tuv_rest_message_t) {.method = "GET",
                                              .target = target,
                                              .target_size = sizeof target - 1,
                                              .kind = TUV_REST_DONE,
                                              .repeatable = true});
}

static void ping_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  ping_replied(op, conn, NULL);
}

static const tuv_rest_type_t ping_rest = {ping_rest_encode, ping_rest_replied};
static const tuv_op_type_t ping_type = {.is_request = true,
                                        .by_pong = true,
                                        .needs = TUV_SERVES_ALL,
                                        .action = TAOSUV_ACTION_PING,
                                        .encode = ping_encode,
                                        .reply = ping_replied,
                                        .complete = ping_complete,
                                        .rest = &ping_rest,
                                        .tombstone = &tuv_ping_tombstone};

int taosuv_ping(taosuv_client_t* client, taosuv_ping_t* req, taosuv_ping_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  return tuv_pool_begin(client, tuv_req_base(req), &ping_type, NULL, 0);
}

/* server_version */

/* The endpoints of old gateways answer `version` without the request's id. The version is known
 * from the log-in, so a ping asks whether the gateway is still there. */
static int version_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  if (tuv_conn_is_narrow(conn)) return ping_encode(op, conn, payload, size);
  return send_plain(op, conn, "version");
}

static void version_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_server_version_t* version = (taosuv_server_version_t*) (void*) req;
  const char* text = conn->version_text;
  if (reply != NULL && !read_text(req, conn, reply, "version", &text)) return;
  snprintf(version->version, sizeof version->version, "%s", text);
  tuv_req_finish(req, 0);
}

static void version_complete(taosuv_req_t* req, int status) {
  taosuv_server_version_t* version = (taosuv_server_version_t*) (void*) req;
  version->cb(version, status);
}

static int version_rest_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  return tuv_rest_ask(op, conn, "select server_version() as v");
}

/* Copies the text in the first cell, cut to `size`; "" if there is no cell. Returns 0 or
 * TAOSUV_EPROTO. */
static int first_text(const taosuv_block_t* block, char* out, size_t size) {
  taosuv_column_t column;
  uint32_t length;
  out[0] = 0;
  if (block == NULL) return 0;
  taosuv_block_column(block, 0, &column);
  if (column.type != TAOSUV_TYPE_VARCHAR) return TAOSUV_EPROTO;
  const void* text = taosuv_get_bytes(&column, 0, &length);
  TUV_ASSERT(text != NULL); /* for a NULL cell there is no block */
  if (memchr(text, 0, length) != NULL) return TAOSUV_EPROTO;
  if (length > size - 1) length = (uint32_t) (size - 1);
  memcpy(out, text, length);
  out[length] = 0;
  return 0;
}

/* The same for a reply over HTTP. NULL may not be allowed. Returns false when it is not a text: the
 * request has failed. */
static bool rest_text(tuv_op_t* op, tuv_conn_t* conn, bool may_lack, char* out, size_t size) {
  taosuv_column_t column;
  taosuv_block_t* block;
  int status = tuv_rest_cell(conn, &column, &block);
  if (status == 0 && block == NULL && !may_lack) status = TAOSUV_EPROTO;
  if (status == 0) status = first_text(block, out, size);
  taosuv_block_unref(block);
  if (status < 0)
    tuv_rest_fail(op, conn, status, status == TAOSUV_EPROTO ? "the reply is not a text" : NULL);
  return status == 0;
}

static void version_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_server_version_t* version = (taosuv_server_version_t*) (void*) req;
  if (rest_text(op, conn, false, version->version, sizeof version->version)) tuv_req_finish(req, 0);
}

static const tuv_rest_type_t version_rest = {version_rest_encode, version_rest_replied};
static const tuv_op_type_t version_type = {.is_request = true,
                                           .by_pong = true,
                                           .needs = TUV_SERVES_ALL,
                                           .encode = version_encode,
                                           .reply = version_replied,
                                           .complete = version_complete,
                                           .rest = &version_rest,
                                           .tombstone = &tuv_ping_tombstone};

int taosuv_server_version(taosuv_client_t* client, taosuv_server_version_t* req,
                          taosuv_server_version_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->version[0] = 0;
  return tuv_pool_begin(client, tuv_req_base(req), &version_type, NULL, 0);
}

/* server_status. The request keeps the port, so that the payload is the name alone. */

#define STATUS_SQL "select server_status()"

static bool has_status(const tuv_conn_t* conn) {
  return conn->version >= TUV_VERSION(3, 3, 6, 0);
}

/* Before 3.3.6.0 there is only SQL, which knows the connected server alone. */
static int ask_status(tuv_op_t* op, tuv_conn_t* conn, bool own) {
  char* text = tuv_client_of(conn->context)->text;
  if (own) return tuv_ask_encode(op, conn, STATUS_SQL);
  snprintf(text, sizeof tuv_client_of(conn->context)->text,
           "the server's version %s is too old for the status of another server: it needs 3.3.6.0",
           conn->version_text);
  tuv_req_of_op(op)->message = text;
  return TAOSUV_EVERSION;
}

static int status_encode(tuv_op_t* op, tuv_conn_t* conn, const void* fqdn, size_t size) {
  taosuv_server_status_t* req = (taosuv_server_status_t*) (void*) tuv_req_of_op(op);
  tuv_json_request_t request;
  if (!has_status(conn)) return ask_status(op, conn, size == 0 && req->server_status == 0);
  tuv_json_request_begin(&request, &conn->context->json, "check_server_status", op->id);
  if (size > 0) tuv_json_request_text(&request, "fqdn", fqdn, size);
  tuv_json_request_uint(&request, "port", (uint64_t) req->server_status);
  return tuv_conn_send_json(conn, op, &request);
}

/* Reads the result of server_status(). Returns 0 or TAOSUV_EPROTO. */
static int read_status(taosuv_server_status_t* status, const taosuv_block_t* block) {
  taosuv_column_t column;
  int64_t value = 0;
  if (block == NULL) return TAOSUV_EPROTO;
  taosuv_block_column(block, 0, &column);
  if (taosuv_cell_i64(&column, 0, &value) < 0) return TAOSUV_EPROTO;
  status->server_status = value == 1 ? TAOSUV_STATUS_OK : TAOSUV_STATUS_UNAVAILABLE;
  return 0;
}

static void status_asked(taosuv_req_t* req, const taosuv_block_t* block) {
  tuv_req_finish(req, read_status((taosuv_server_status_t*) (void*) req, block));
}

static void status_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_server_status_t* status = (taosuv_server_status_t*) (void*) req;
  int64_t value = -1;
  const char* details;
  tuv_errmsg_t err;
  if (!has_status(conn)) {
    tuv_ask_replied(op, conn, reply, status_asked);
    return;
  }
  if (!read_text(req, conn, reply, "details", &details)) return;
  int failed = tuv_reply_message(reply, "details", &details, &err); /* cut */
  if (failed == 0) failed = tuv_reply_int(reply, "status", &value, &err);
  if (failed == 0 && (value < 0 || value > INT32_MAX))
    failed = tuv_fail(&err, TAOSUV_EPROTO, "the reply has no valid \"status\"");
  if (failed < 0) {
    tuv_req_fail(req, &(tuv_failure_t) {failed, 0, 0, err.text, tuv_conn_host(conn)});
    return;
  }
  status->server_status = (int) value;
  status->details = details;
  tuv_req_finish(req, 0);
}

static void status_complete(taosuv_req_t* req, int status) {
  taosuv_server_status_t* server = (taosuv_server_status_t*) (void*) req;
  if (status < 0) server->server_status = 0;
  server->cb(server, status);
}

/* SQL knows the connected server alone: taosuv_server_status refuses another one. */
static int status_rest_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  return tuv_rest_ask(op, conn, STATUS_SQL);
}

static void status_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_server_status_t* status = (taosuv_server_status_t*) (void*) tuv_req_of_op(op);
  taosuv_column_t column;
  taosuv_block_t* block;
  int failed = tuv_rest_cell(conn, &column, &block);
  const char* wrong = NULL;
  if (failed == 0 && (failed = read_status(status, block)) < 0)
    wrong = "the answer to server_status() is no number";
  taosuv_block_unref(block);
  if (failed < 0) {
    tuv_rest_fail(op, conn, failed, wrong);
    return;
  }
  tuv_req_finish(tuv_req_base(status), 0);
}

static const tuv_rest_type_t status_rest = {status_rest_encode, status_rest_replied};
static const tuv_op_type_t status_type = {.is_request = true,
                                          .encode = status_encode,
                                          .reply = status_replied,
                                          .complete = status_complete,
                                          .rest = &status_rest,
                                          .payload_key = "fqdn",
                                          .tombstone = &tuv_query_tombstone};

int taosuv_server_status(taosuv_client_t* client, taosuv_server_status_t* req, const char* fqdn,
                         size_t length, int port, taosuv_server_status_cb cb) {
  if (port < 0 || port > 65535) return TAOSUV_EINVAL;
  if (fqdn == NULL) length = 0;
  length = tuv_text_length(fqdn, length);
  if (length > 255) return TAOSUV_EINVAL;
  if (client != NULL && !client->pool.conns.transport->has_actions && (length > 0 || port != 0))
    return TAOSUV_ENOTSUP;
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->details = "";
  req->server_status = port; /* until the answer; status_encode reads it */
  return tuv_pool_begin(client, tuv_req_base(req), &status_type, fqdn, length);
}

/* current_db */

#define DB_SQL "select database()"

/* Before 3.2.2.0 there is no such action; before 3.3.3.0 it may end the gateway. */
static bool has_current_db(const tuv_conn_t* conn) {
  return conn->version >= TUV_VERSION(3, 3, 3, 0) && !tuv_conn_is_narrow(conn);
}

static int db_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  if (!has_current_db(conn)) return tuv_ask_encode(op, conn, DB_SQL);
  return send_plain(op, conn, "get_current_db");
}

static void db_asked(taosuv_req_t* req, const taosuv_block_t* block) {
  taosuv_client_t* client = tuv_client_of(tuv_req_of(req)->context);
  ((taosuv_current_db_t*) (void*) req)->db = client->text;
  tuv_req_finish(req, first_text(block, client->text, sizeof client->text));
}

static void db_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_current_db_t* current = (taosuv_current_db_t*) (void*) req;
  if (!has_current_db(conn)) {
    tuv_ask_replied(op, conn, reply, db_asked);
    return;
  }
  if (!read_text(req, conn, reply, "db", &current->db)) return;
  tuv_req_finish(req, 0);
}

static void db_complete(taosuv_req_t* req, int status) {
  taosuv_current_db_t* current = (taosuv_current_db_t*) (void*) req;
  if (status < 0) current->db = "";
  current->cb(current, status);
}

static int db_rest_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  return tuv_rest_ask(op, conn, DB_SQL);
}

static void db_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  char* text = tuv_client_of(conn->context)->text;
  ((taosuv_current_db_t*) (void*) req)->db = text;
  if (rest_text(op, conn, true, text, sizeof tuv_client_of(conn->context)->text))
    tuv_req_finish(req, 0);
}

static const tuv_rest_type_t db_rest = {db_rest_encode, db_rest_replied};
static const tuv_op_type_t db_type = {.is_request = true,
                                      .encode = db_encode,
                                      .reply = db_replied,
                                      .complete = db_complete,
                                      .rest = &db_rest,
                                      .tombstone = &tuv_query_tombstone};

int taosuv_current_db(taosuv_client_t* client, taosuv_current_db_t* req, taosuv_current_db_cb cb) {
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->db = "";
  return tuv_pool_begin(client, tuv_req_base(req), &db_type, NULL, 0);
}
