/* insert_lines: schemaless writes. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/query/lines.h"
#include "util/utf8.h"
#include "wire/http/request.h"
#include "wire/lines/insert.h"
#include "wire/status.h"
#include "wire/text.h"
#include "wire/version.h"

#define V_3_3_3 TUV_VERSION(3, 3, 3, 0)

/* The number of bytes that are escaped at a time, on the stack. */
#define PIECE 4096u

/* An older server would silently ignore it, and give the tables other names. */
static int check_version(tuv_op_t* op, tuv_conn_t* conn, const tuv_insert_t* insert) {
  taosuv_client_t* client = tuv_client_of(conn->context);
  if (insert->key_length == 0 || conn->version >= V_3_3_3) return 0;
  snprintf(client->text, sizeof client->text,
           "the server's version %s is too old for table_name_key: it needs 3.3.3.0",
           conn->version_text);
  tuv_req_of_op(op)->message = client->text;
  return TAOSUV_EVERSION;
}

static int lines_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  uint8_t piece[PIECE];
  tuv_insert_t insert;
  tuv_insert_unpack(payload, size, &insert);
  int status = check_version(op, conn, &insert);
  if (status < 0) return status;
  insert.must_name = tuv_conn_is_narrow(conn);
  size_t length = tuv_insert_head(piece, op->id, &insert);
  size_t total = length + tuv_insert_escaped(insert.text, insert.size) + strlen(TUV_INSERT_END);
  status = tuv_ws_begin(&conn->ws, TUV_WS_TEXT, total, &op->at);
  if (status < 0) return status;
  tuv_ws_put(&conn->ws, piece, length);
  for (size_t at = 0, used = 0; at < insert.size; at += used) {
    length = tuv_insert_escape(piece, sizeof piece, insert.text + at, insert.size - at, &used);
    tuv_ws_put(&conn->ws, piece, length);
  }
  tuv_ws_put(&conn->ws, TUV_INSERT_END, strlen(TUV_INSERT_END));
  return tuv_ws_end(&conn->ws);
}

/* The payload of a message that never left. */
static int lines_recover(tuv_context_t* context, const uint8_t* message, size_t size,
                         tuv_req_t* priv) {
  uint8_t packed[TUV_INSERT_PACK_MAX];
  tuv_insert_t insert;
  yyjson_doc* doc;
  if (!tuv_insert_read(&context->json.heap, message, size, &doc, &insert)) return TAOSUV_ENOMEM;
  size_t head = tuv_insert_pack(packed, &insert);
  priv->payload_size = (uint32_t) (head + insert.size);
  priv->payload = tuv_refbuf_take(context->mem, priv->payload_size);
  if (priv->payload != NULL) {
    memcpy(priv->payload->data, packed, head);
    memcpy(priv->payload->data + head, insert.text, insert.size);
  }
  yyjson_doc_free(doc);
  return priv->payload != NULL ? 0 : TAOSUV_ENOMEM;
}

/* Gateways before 3.3.3.0 write the lines, but do not report how many. */
static int read_rows(const tuv_reply_t* reply, bool counted, taosuv_insert_lines_t* lines,
                     tuv_errmsg_t* err) {
  int64_t affected = -1, total = -1;
  int status = counted ? tuv_reply_need_rows(reply, "affected_rows", &affected, err)
                       : tuv_reply_rows(reply, "affected_rows", &affected, err);
  if (status == 0)
    status = counted ? tuv_reply_need_rows(reply, "total_rows", &total, err)
                     : tuv_reply_rows(reply, "total_rows", &total, err);
  if (status < 0) return status;
  lines->affected_rows = affected;
  lines->total_rows = total;
  return 0;
}

static void lines_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_insert_lines_t* lines = (taosuv_insert_lines_t*) (void*) req;
  tuv_errmsg_t err;
  int status = read_rows(reply, conn->version >= V_3_3_3, lines, &err);
  if (status < 0) {
    tuv_req_fail(req, &(tuv_failure_t) {status, TAOSUV_ERR_MAYBE_EXECUTED, 0, err.text,
                                        tuv_conn_host(conn)});
    return;
  }
  tuv_req_finish(req, 0);
}

static void lines_complete(taosuv_req_t* req, int status) {
  taosuv_insert_lines_t* lines = (taosuv_insert_lines_t*) (void*) req;
  if (status < 0) {
    lines->affected_rows = 0;
    lines->total_rows = -1;
  }
  lines->cb(lines, status);
}

/* ---- over HTTP (PROTOCOL 8.3, 8.4) ---- */

/* Writes the path for the format, then the options. */
static int put_target(tuv_buf_t* out, const tuv_url_t* url, const tuv_insert_t* insert) {
  static const char* const paths[] = {"/influxdb/v1/write", "/opentsdb/v1/put/telnet/",
                                      "/opentsdb/v1/put/json/"};
  const char* path = paths[insert->protocol - 1];
  bool influx = insert->protocol == 1;
  char key[TUV_INSERT_KEY_MAX + 1], ttl[24];
  memcpy(key, insert->key_length > 0 ? insert->key : "", insert->key_length);
  key[insert->key_length] = 0;
  snprintf(ttl, sizeof ttl, "%llu", (unsigned long long) insert->ttl);
  int status = tuv_http_put(out, path, strlen(path));
  if (status == 0 && !influx) status = tuv_http_put_encoded(out, url->db, strlen(url->db));
  if (status == 0 && influx) status = tuv_http_put_param(out, 0, "db", url->db);
  if (status == 0 && influx)
    status = tuv_http_put_param(out, 0, "precision", tuv_insert_precision(insert->precision));
  if (status == 0 && insert->ttl > 0) status = tuv_http_put_param(out, 0, "ttl", ttl);
  if (status == 0) status = tuv_http_put_param(out, 0, "table_name_key", key);
  if (status == 0) status = tuv_http_put_param(out, 0, "app", url->app);
  return status == 0 ? tuv_http_put_param(out, 0, "token", url->token) : status;
}

static int lines_rest_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  tuv_insert_t insert;
  tuv_buf_t* target = tuv_rest_target(conn);
  char id[24];
  tuv_insert_unpack(payload, size, &insert);
  snprintf(id, sizeof id, "%llu", (unsigned long long) op->id);
  int status = check_version(op, conn, &insert);
  if (status == 0) status = put_target(target, &conn->context->url, &insert);
  if (status == 0) status = tuv_http_put_param(target, 0, "req_id", id);
  if (status == 0)
    status = tuv_rest_send(conn, op,
                           &(tuv_rest_message_t) {.method = "POST",
                                                  .target = (const char*) target->data,
                                                  .target_size = tuv_buf_size(target),
                                                  .no_token = true,
                                                  .has_body = true,
                                                  .body = insert.text,
                                                  .size = insert.size,
                                                  .payload = payload,
                                                  .kind = TUV_REST_DONE});
  return status;
}

/* The reply does not have the number of rows. */
static void lines_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  (void) conn;
  ((taosuv_insert_lines_t*) (void*) req)->affected_rows = -1;
  tuv_req_finish(req, 0);
}

/* The OpenTSDB paths take no precision. Without a session, only the URL can name the database. */
static bool rest_can(const tuv_url_t* url, const taosuv_insert_lines_t* req) {
  return url->db[0] != 0 && (req->format == TAOSUV_LINES_INFLUX || req->precision == 0);
}

static const tuv_rest_type_t lines_rest = {lines_rest_encode, lines_rest_replied};
static const tuv_op_type_t lines_type = {.is_request = true,
                                         .needs = TUV_SERVES_LINES,
                                         .action = TAOSUV_ACTION_INSERT_LINES,
                                         .encode = lines_encode,
                                         .reply = lines_replied,
                                         .complete = lines_complete,
                                         .recover = lines_recover,
                                         .rest = &lines_rest,
                                         .tombstone = &tuv_plain_tombstone};

/* ---- the call ---- */

static int read_options(const taosuv_client_t* client, const taosuv_insert_lines_t* req,
                        tuv_insert_t* insert) {
  if (req->format < TAOSUV_LINES_INFLUX || req->format > TAOSUV_LINES_JSON) return TAOSUV_EINVAL;
  if (req->precision < 0 || req->precision >= TUV_INSERT_PRECISIONS) return TAOSUV_EINVAL;
  if (req->ttl < 0 || req->ttl > INT32_MAX) return TAOSUV_EINVAL;
  insert->protocol = (uint8_t) (req->format + 1);
  insert->precision = (uint8_t) req->precision;
  insert->ttl = (uint64_t) req->ttl;
  insert->key = req->table_name_key;
  insert->key_length = insert->key != NULL ? req->table_name_key_length : 0;
  insert->key_length = tuv_text_length(insert->key, insert->key_length);
  bool valid = insert->key_length <= TUV_INSERT_KEY_MAX &&
               tuv_utf8_valid((const uint8_t*) insert->key, insert->key_length);
  if (!valid) return TAOSUV_EINVAL;
  return !client->pool.conns.transport->has_actions && !rest_can(&client->context.url, req)
             ? TAOSUV_ENOTSUP
             : 0;
}

int tuv_lines_check(const taosuv_client_t* client, const taosuv_insert_lines_t* req) {
  tuv_insert_t insert;
  return read_options(client, req, &insert);
}

static bool is_blank(const uint8_t* text, size_t size) {
  size_t at = 0;
  while (at < size && (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r'))) at++;
  return at == size;
}

/* Measures the joined text, which must have at most `most` bytes as JSON. Characters may be cut
 * between buffers. A NUL is refused because it would end the text for the server. */
static int check_text(const uv_buf_t* text, unsigned int count, size_t most, size_t* size) {
  uint32_t state = TUV_UTF8_START;
  bool blank = true;
  size_t escaped = 0;
  *size = 0;
  for (unsigned int i = 0; i < count; i++) {
    const uint8_t* bytes = (const uint8_t*) text[i].base;
    if (text[i].len == 0) continue;
    if (bytes == NULL) return TAOSUV_EINVAL;
    if (text[i].len > most) return TAOSUV_EMSGSIZE;
    size_t more = tuv_insert_escaped(bytes, text[i].len);
    if (more > most - escaped) return TAOSUV_EMSGSIZE;
    if (memchr(bytes, 0, text[i].len) != NULL) return TAOSUV_EINVAL;
    state = tuv_utf8_step(state, bytes, text[i].len);
    blank = blank && is_blank(bytes, text[i].len);
    escaped += more;
    *size += text[i].len;
  }
  return blank || state != TUV_UTF8_START ? TAOSUV_EINVAL : 0;
}

/* Joins the options and the text in one buffer. */
static tuv_refbuf_t* join(taosuv_client_t* client, const tuv_insert_t* insert, const uv_buf_t* text,
                          unsigned int count, size_t* size) {
  uint8_t packed[TUV_INSERT_PACK_MAX];
  size_t at = tuv_insert_pack(packed, insert);
  *size += at;
  tuv_refbuf_t* payload = tuv_refbuf_take(client->context.mem, *size);
  if (payload == NULL) return NULL;
  memcpy(payload->data, packed, at);
  for (unsigned int i = 0; i < count; i++) {
    if (text[i].len > 0) memcpy(payload->data + at, text[i].base, text[i].len);
    at += text[i].len;
  }
  return payload;
}

int taosuv_insert_lines(taosuv_client_t* client, taosuv_insert_lines_t* req, const uv_buf_t text[],
                        unsigned int count, taosuv_insert_lines_cb cb) {
  tuv_insert_t insert = {.must_name = false};
  size_t size = 0;
  if (client == NULL || req == NULL || (text == NULL && count > 0)) return TAOSUV_EINVAL;
  size_t most = (size_t) client->context.url.max_message_size - TUV_INSERT_HEAD_MAX -
                strlen(TUV_INSERT_END);
  int status = read_options(client, req, &insert);
  if (status == 0) status = check_text(text, count, most, &size);
  if (status == 0) status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  tuv_refbuf_t* payload = join(client, &insert, text, count, &size);
  if (payload == NULL) return TAOSUV_ENOMEM;
  req->cb = cb;
  req->affected_rows = 0;
  req->total_rows = -1;
  status = tuv_pool_begin(client, tuv_req_base(req), &lines_type, payload->data, size);
  tuv_refbuf_unref(payload);
  return status;
}
