/* taosuv_table_vgroups: the vgroups of tables, over HTTP (PROTOCOL 9.5). */
#include <string.h>

#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "util/utf8.h"
#include "wire/http/request.h"
#include "wire/stmt/table_name.h"

/* The payload is the name of the database with its NUL, then the body. */
#define MAX_DB (TUV_INSERT_PACK_MAX - 1)

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const char* db = payload;
  size_t length = strlen(db);
  tuv_buf_t* target = tuv_rest_target(conn);
  int status = tuv_http_put(target, "/rest/sql/", strlen("/rest/sql/"));
  if (status == 0) status = tuv_http_put_encoded(target, db, length);
  if (status == 0) status = tuv_http_put(target, "/vgid", strlen("/vgid"));
  if (status == 0) status = tuv_http_put_param(target, 0, "token", conn->context->url.token);
  if (status < 0) return status;
  return tuv_rest_send(conn, op,
                       &(tuv_rest_message_t) {.method = "POST",
                                              .target = (const char*) target->data,
                                              .target_size = tuv_buf_size(target),
                                              .has_body = true,
                                              .body = db + length + 1,
                                              .size = size - length - 1,
                                              .payload = payload,
                                              .kind = TUV_REST_JSON,
                                              .repeatable = true});
}

static int read_ids(yyjson_val* root, uint32_t count, int32_t* ids, tuv_errmsg_t* err) {
  yyjson_val* list = yyjson_obj_get(root, "vgIDs");
  yyjson_val* id;
  size_t index, max;
  if (!yyjson_is_arr(list) || yyjson_arr_size(list) != count)
    return tuv_fail(err, TAOSUV_EPROTO, "the reply has no vgIDs for %u tables", count);
  yyjson_arr_foreach(list, index, max, id) {
    if (!yyjson_is_uint(id) || yyjson_get_uint(id) > INT32_MAX)
      return tuv_fail(err, TAOSUV_EPROTO, "vgIDs[%zu] must be the number of a vgroup", index);
    ids[index] = (int32_t) yyjson_get_uint(id);
  }
  return 0;
}

static void replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_table_vgroups_t* req = (taosuv_table_vgroups_t*) (void*) tuv_req_of_op(op);
  const tuv_alloc_t* alloc = &conn->context->mem->alloc;
  tuv_errmsg_t err = {"no memory for an answer"};
  yyjson_val* root;
  int32_t* ids = tuv_calloc(alloc, req->count, sizeof *ids);
  int status = ids == NULL ? TAOSUV_ENOMEM : tuv_rest_root(&conn->rest.decoder, &root, &err);
  if (status == 0) status = read_ids(root, req->count, ids, &err);
  if (status < 0) {
    tuv_rest_fail(op, conn, status, err.text);
  } else {
    req->vgroups = ids;
    tuv_req_finish(tuv_req_base(req), 0);
  }
  tuv_free(alloc, ids);
}

static void complete(taosuv_req_t* req, int status) {
  taosuv_table_vgroups_t* vgroups = (taosuv_table_vgroups_t*) (void*) req;
  if (status < 0) vgroups->vgroups = NULL;
  vgroups->cb(vgroups, status);
}

static const tuv_rest_type_t rest = {encode, replied};
static const tuv_op_type_t type = {.is_request = true,
                                   .encode = encode,
                                   .complete = complete,
                                   .rest = &rest,
                                   .tombstone = &tuv_plain_tombstone};

/* The database of all the tables: the caller's, or that of the first name, or the URL's; NULL: none
 * of them names one. */
static const char* database_of(const taosuv_client_t* client, const char* db, const char* table,
                               tuv_table_name_t* first) {
  if (db != NULL) return db;
  if (table == NULL || tuv_table_name_read(table, strlen(table), first, NULL) < 0) return NULL;
  return first->database_length > 0 ? first->database : client->context.url.db;
}

/* The name of a table without its database, if it is in `database`. `own`: the database of names
 * without one. */
static int read_name(const char* text, const char* db, const char* own, tuv_table_name_t* name) {
  if (text == NULL) return TAOSUV_EINVAL;
  int status = tuv_table_name_read(text, strlen(text), name, NULL);
  if (status < 0) return status;
  const char* in = name->database_length > 0 ? name->database : own;
  return strcmp(in, db) == 0 ? 0 : TAOSUV_EINVAL;
}

/* ["t1","t2"] as `*text`, NULL when out of memory. */
static int write_body(const tuv_json_t* json, const char* db, const char* own,
                      const char* const* tables, uint32_t count, char** text, size_t* size) {
  yyjson_mut_doc* doc = yyjson_mut_doc_new(&json->heap);
  yyjson_mut_val* list = yyjson_mut_arr(doc);
  int status = list != NULL ? 0 : TAOSUV_ENOMEM;
  for (uint32_t i = 0; i < count && status == 0; i++) {
    tuv_table_name_t name;
    status = read_name(tables[i], db, own, &name);
    if (status == 0 && !yyjson_mut_arr_add_strncpy(doc, list, name.table, name.table_length))
      status = TAOSUV_ENOMEM;
  }
  if (status == 0) {
    yyjson_mut_doc_set_root(doc, list);
    *text = yyjson_mut_write_opts(doc, 0, &json->heap, size, NULL);
    if (*text == NULL) status = TAOSUV_ENOMEM;
  }
  yyjson_mut_doc_free(doc);
  return status;
}

static bool is_database(const char* db) {
  return db != NULL && db[0] != 0 && strlen(db) <= MAX_DB &&
         tuv_utf8_valid((const uint8_t*) db, strlen(db));
}

int taosuv_table_vgroups(taosuv_client_t* client, taosuv_table_vgroups_t* req, const char* db,
                         const char* const* tables, uint32_t count, taosuv_table_vgroups_cb cb) {
  size_t size;
  int status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  if (!client->pool.conns.transport->has_resources) return TAOSUV_ENOTSUP;
  if (tables == NULL || count == 0) return TAOSUV_EINVAL;
  tuv_table_name_t first;
  const char* own = db != NULL ? db : client->context.url.db;
  db = database_of(client, db, tables[0], &first);
  if (!is_database(db)) return TAOSUV_EINVAL;
  const tuv_alloc_t* alloc = &client->context.mem->alloc;
  char* body = NULL;
  status = write_body(&client->context.json, db, own, tables, count, &body, &size);
  if (status < 0) return status;
  size_t head = strlen(db) + 1;
  char* payload = tuv_malloc(alloc, head + size);
  status = TAOSUV_ENOMEM;
  if (payload != NULL) {
    memcpy(payload, db, head);
    memcpy(payload + head, body, size);
    req->cb = cb;
    req->vgroups = NULL;
    req->count = count;
    status = tuv_pool_begin(client, tuv_req_base(req), &type, payload, head + size);
  }
  tuv_free(alloc, payload);
  tuv_free(alloc, body);
  return status;
}
