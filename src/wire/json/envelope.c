/* JSON envelopes of /ws (PROTOCOL 2, 3): requests written, replies read, by yyjson. */
#include "wire/json/envelope.h"

#include <string.h>

#include "util/ascii.h"
#include "util/utf8.h"
#include "wire/block/block.h"
#include "wire/status.h"
#include "wire/types.h"

/* Working memory up to this size is kept between replies. */
#define POOL_KEEP (1u << 20)

static void* heap_malloc(void* context, size_t size) {
  return tuv_malloc(context, size);
}

/* What a growing text leaves behind may be a log-in: it is wiped. */
static void* heap_realloc(void* context, void* ptr, size_t old_size, size_t size) {
  void* moved = tuv_malloc(context, size);
  if (moved == NULL) return NULL;
  memcpy(moved, ptr, old_size < size ? old_size : size);
  tuv_wipe(ptr, old_size);
  tuv_free(context, ptr);
  return moved;
}

static void heap_free(void* context, void* ptr) {
  tuv_free(context, ptr);
}

void tuv_json_init(tuv_json_t* json, const tuv_alloc_t* alloc) {
  memset(json, 0, sizeof *json);
  json->alloc = alloc;
  json->heap.malloc = heap_malloc;
  json->heap.realloc = heap_realloc;
  json->heap.free = heap_free;
  memcpy(&json->heap.ctx, &(const void*) {alloc}, sizeof json->heap.ctx);
}

void tuv_json_free(tuv_json_t* json) {
  tuv_free(json->alloc, json->pool);
  json->pool = NULL;
  json->pool_size = 0;
}

void tuv_json_request_begin(tuv_json_request_t* request, const tuv_json_t* json, const char* action,
                            uint64_t req_id) {
  memset(request, 0, sizeof *request);
  request->json = json;
  request->doc = yyjson_mut_doc_new(&json->heap);
  yyjson_mut_val* root = yyjson_mut_obj(request->doc);
  request->failed = root == NULL;
  if (request->failed) return;
  yyjson_mut_doc_set_root(request->doc, root);
  request->failed = !yyjson_mut_obj_add_str(request->doc, root, "action", action);
  request->args = yyjson_mut_obj(request->doc);
  if (request->args == NULL || !yyjson_mut_obj_add_val(request->doc, root, "args", request->args))
    request->failed = true;
  tuv_json_request_uint(request, "req_id", req_id);
}

void tuv_json_request_text(tuv_json_request_t* request, const char* key, const char* text,
                           size_t length) {
  if (request->failed) return;
  request->failed = !yyjson_mut_obj_add_strn(request->doc, request->args, key, text, length);
}

void tuv_json_request_uint(tuv_json_request_t* request, const char* key, uint64_t value) {
  if (request->failed) return;
  request->failed = !yyjson_mut_obj_add_uint(request->doc, request->args, key, value);
}

void tuv_json_request_bool(tuv_json_request_t* request, const char* key, bool value) {
  if (request->failed) return;
  request->failed = !yyjson_mut_obj_add_bool(request->doc, request->args, key, value);
}

char* tuv_json_request_end(tuv_json_request_t* request, size_t* length, int* status) {
  yyjson_write_err err = {YYJSON_WRITE_ERROR_MEMORY_ALLOCATION, NULL};
  char* text = NULL;
  if (!request->failed)
    text = yyjson_mut_write_opts(request->doc, 0, &request->json->heap, length, &err);
  *status = 0;
  if (text == NULL)
    *status = err.code == YYJSON_WRITE_ERROR_INVALID_STRING ? TUV_EINVAL : TUV_ENOMEM;
  yyjson_mut_doc_free(request->doc);
  request->doc = NULL;
  return text;
}

static char* put_text(char* out, const char* text) {
  size_t length = strlen(text);
  memcpy(out, text, length);
  return out + length;
}

static char* put_number(char* out, uint64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char) ('0' + value % 10);
    value /= 10;
  } while (value > 0);
  memcpy(out, digits + at, sizeof digits - at);
  return out + (sizeof digits - at);
}

static char* put_head(char* out, const char* action, uint64_t req_id, const char* key,
                      uint64_t id) {
  out = put_text(put_text(out, "{\"action\":\""), action);
  out = put_number(put_text(out, "\",\"args\":{\"req_id\":"), req_id);
  out = put_text(put_text(put_text(out, ",\""), key), "\":");
  return put_number(out, id);
}

size_t tuv_json_request_id(char out[TUV_REQUEST_ID_MAX], const char* action, uint64_t req_id,
                           const char* key, uint64_t id) {
  return (size_t) (put_text(put_head(out, action, req_id, key, id), "}}") - out);
}

static char* put_escaped(char* out, const char* text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char) text[i];
    if (c < ' ') {
      out = put_text(out, "\\u00");
      tuv_hex_write(out, c);
      out += 2;
    } else {
      if (c == '"' || c == '\\') *out++ = '\\';
      *out++ = text[i];
    }
  }
  return out;
}

size_t tuv_json_request_name(char out[TUV_REQUEST_NAME_MAX], const char* action, uint64_t req_id,
                             uint64_t stmt_id, const char* name, size_t length) {
  char* end = put_text(put_head(out, action, req_id, "stmt_id", stmt_id), ",\"name\":\"");
  return (size_t) (put_text(put_escaped(end, name, length), "\"}}") - out);
}

char* tuv_json_request_arg(const tuv_json_t* json, const uint8_t* data, size_t size,
                           const char* key, size_t* length) {
  char* bytes = tuv_malloc(json->alloc, size == 0 ? 1 : size);
  if (bytes == NULL) return NULL;
  memcpy(bytes, data, size);
  yyjson_doc* doc = yyjson_read_opts(bytes, size, 0, &json->heap, NULL);
  yyjson_val* args = yyjson_obj_get(yyjson_doc_get_root(doc), "args");
  yyjson_val* arg = yyjson_obj_get(args, key);
  char* text = NULL;
  if (yyjson_is_str(arg)) {
    *length = yyjson_get_len(arg);
    text = tuv_malloc(json->alloc, *length + 1);
    if (text != NULL) memcpy(text, yyjson_get_str(arg), *length + 1);
  }
  yyjson_doc_free(doc);
  tuv_free(json->alloc, bytes);
  return text;
}

/* Working memory for a text of `size` bytes: enough, and not for ever what one giant needed. */
static int prepare_pool(tuv_json_t* json, size_t size) {
  size_t need = yyjson_read_max_memory_usage(size, 0);
  if (need == 0) return TUV_ENOMEM;
  need += 1024; /* the pool's own bookkeeping */
  bool shrink = json->pool_size > POOL_KEEP && need <= POOL_KEEP;
  if (need <= json->pool_size && !shrink) return 0;
  tuv_json_free(json);
  if (need < 16384) need = 16384;
  json->pool = tuv_malloc(json->alloc, need);
  if (json->pool == NULL) return TUV_ENOMEM;
  json->pool_size = need;
  return 0;
}

int tuv_json_pool(tuv_json_t* json, size_t size, yyjson_alc* alc) {
  int status = prepare_pool(json, size);
  if (status == 0) yyjson_alc_pool_init(alc, json->pool, json->pool_size);
  return status;
}

static int wrong_type(const char* key, tuv_errmsg_t* err) {
  return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" has the wrong type", key);
}

/* ---- members ---- */

static bool is_named(yyjson_val* key, const char* name, size_t length) {
  return yyjson_get_len(key) == length && memcmp(yyjson_get_str(key), name, length) == 0;
}

/* Names that are alike have the same mark; others hardly ever (none in a recorded reply). */
static unsigned mark_of(const char* name, size_t length) {
  const uint8_t* bytes = (const uint8_t*) name;
  if (length == 0) return 0;
  size_t sum = length * 7 + bytes[length / 2] * 29u + bytes[length * 3 / 4] +
               bytes[length - 1] * 13u;
  return (unsigned) (sum % TUV_JSON_MARKS);
}

static yyjson_val* member(const tuv_reply_t* reply, const char* name) {
  size_t length = strlen(name);
  yyjson_val* key = reply->keys[mark_of(name, length)];
  if (key == NULL) return NULL;
  yyjson_val* value = is_named(key, name, length) ? yyjson_obj_iter_get_val(key)
                                                  : yyjson_obj_getn(reply->root, name, length);
  return yyjson_is_null(value) ? NULL : value;
}

/* Whether a member before this one has its name. */
static bool is_repeated(yyjson_val* root, yyjson_val* key) {
  yyjson_obj_iter before = yyjson_obj_iter_with(root);
  yyjson_val* other;
  while ((other = yyjson_obj_iter_next(&before)) != key)
    if (is_named(other, yyjson_get_str(key), yyjson_get_len(key))) return true;
  return false;
}

/* More members than any reply has, so that looking for one of them takes no time. */
#define MAX_MEMBERS 256u

int tuv_json_members(tuv_json_t* json, yyjson_val* root, tuv_errmsg_t* err) {
  yyjson_obj_iter all = yyjson_obj_iter_with(root);
  yyjson_val* key;
  int status = 0;
  memset(json->keys, 0, sizeof json->keys);
  for (uint32_t i = 0; (key = yyjson_obj_iter_next(&all)) != NULL; i++) {
    yyjson_val** marked = &json->keys[mark_of(yyjson_get_str(key), yyjson_get_len(key))];
    if (i == MAX_MEMBERS)
      return tuv_fail(err, TUV_EPROTO, "the reply has %zu members", yyjson_obj_size(root));
    if (*marked == NULL)
      *marked = key;
    else if (status == 0 && is_repeated(root, key))
      status = tuv_fail(err, TUV_EPROTO, "the reply has \"%.64s\" twice", yyjson_get_str(key));
  }
  return status;
}

int tuv_reply_require(const tuv_reply_t* reply, const char* const keys[], tuv_errmsg_t* err) {
  for (; *keys != NULL; keys++)
    if (member(reply, *keys) == NULL)
      return tuv_fail(err, TUV_EPROTO, "the reply lacks \"%s\"", *keys);
  return 0;
}

bool tuv_json_is_text(yyjson_val* value) {
  return yyjson_is_str(value) && strlen(yyjson_get_str(value)) == yyjson_get_len(value);
}

int tuv_reply_text(const tuv_reply_t* reply, const char* key, const char** value,
                   tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_str(found)) return wrong_type(key, err);
  if (!tuv_json_is_text(found))
    return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" has a NUL in it", key);
  *value = yyjson_get_str(found);
  return 0;
}

int tuv_reply_uint(const tuv_reply_t* reply, const char* key, uint64_t* value, tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_uint(found)) return wrong_type(key, err);
  *value = yyjson_get_uint(found);
  return 0;
}

int tuv_reply_int(const tuv_reply_t* reply, const char* key, int64_t* value, tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_int(found) || (yyjson_is_uint(found) && yyjson_get_uint(found) > INT64_MAX))
    return wrong_type(key, err);
  *value = yyjson_get_sint(found);
  return 0;
}

int tuv_reply_bool(const tuv_reply_t* reply, const char* key, bool* value, tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_bool(found)) return wrong_type(key, err);
  *value = yyjson_get_bool(found);
  return 0;
}

int tuv_reply_message(const tuv_reply_t* reply, const char* key, const char** value,
                      tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_str(found)) return wrong_type(key, err);
  /* The text lies in this client's working memory, which yyjson calls const. */
  union {
    const char* in;
    char* out;
  } text = {yyjson_get_str(found)};
  size_t length = yyjson_get_len(found);
  text.out[tuv_utf8_cut((const uint8_t*) text.in, length, TUV_REPLY_MAX_MESSAGE)] = 0;
  *value = text.in;
  return 0;
}

int tuv_reply_about(const tuv_reply_t* reply, const char* key, uint64_t value, tuv_errmsg_t* err) {
  const char* const needed[] = {key, NULL};
  uint64_t told = 0;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_uint(reply, key, &told, err);
  if (status == 0 && told != value)
    status = tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" is %llu; %llu was asked for", key,
                      (unsigned long long) told, (unsigned long long) value);
  return status;
}

/* The members that every reply has. req_id comes first, so that as many replies as possible can be
 * given to the request that they belong to. */
static int read_common(tuv_json_t* json, tuv_reply_t* reply, tuv_errmsg_t* err) {
  uint64_t code = UINT64_MAX;
  tuv_errmsg_t twice;
  int well = tuv_json_members(json, reply->root, &twice);
  reply->message = "";
  reply->keys = json->keys;
  int status = tuv_reply_uint(reply, "req_id", &reply->req_id, err);
  if (status == 0 && well < 0) status = tuv_fail(err, well, "%s", twice.text);
  if (status == 0) status = tuv_reply_uint(reply, "code", &code, err);
  if (status == 0) status = tuv_reply_message(reply, "message", &reply->message, err);
  if (status == 0) status = tuv_reply_text(reply, "action", &reply->action, err);
  if (status == 0) status = tuv_reply_uint(reply, "timing", &reply->timing, err);
  if (status < 0) return status;
  if (code > UINT32_MAX) return tuv_fail(err, TUV_EPROTO, "the reply has no valid \"code\"");
  reply->code = (uint32_t) code;
  if (reply->action == NULL) reply->action = "";
  return 0;
}

int tuv_reply_parse(tuv_json_t* json, const uint8_t* data, size_t size, tuv_reply_t* reply,
                    tuv_errmsg_t* err) {
  memset(reply, 0, sizeof *reply);
  yyjson_alc alc;
  int status = tuv_json_pool(json, size, &alc);
  if (status < 0) return tuv_fail(err, status, "no memory for a reply of %zu bytes", size);
  yyjson_read_err why;
  /* Without YYJSON_READ_INSITU the text is only read, though the parameter is not const. */
  union {
    const uint8_t* in;
    char* out;
  } text = {data};
  yyjson_doc* doc = yyjson_read_opts(text.out, size, 0, &alc, &why);
  if (doc == NULL)
    return tuv_fail(err, TUV_EPROTO, "a text message is not JSON: %s at byte %zu", why.msg,
                    why.pos);
  reply->root = yyjson_doc_get_root(doc);
  if (!yyjson_is_obj(reply->root))
    return tuv_fail(err, TUV_EPROTO, "a text message is JSON, but no object");
  return read_common(json, reply, err);
}

/* An array of exactly `count` elements that `check` accepts. */
static int read_array(const tuv_reply_t* reply, const char* key, uint32_t count,
                      bool (*check)(yyjson_val*), yyjson_val** out, tuv_errmsg_t* err) {
  *out = member(reply, key);
  if (*out == NULL) return 0;
  size_t index, max;
  yyjson_val* element;
  if (!yyjson_is_arr(*out)) return wrong_type(key, err);
  if (yyjson_arr_size(*out) != count)
    return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" has %zu elements for %u fields", key,
                    yyjson_arr_size(*out), count);
  yyjson_arr_foreach(*out, index, max, element) {
    if (!check(element)) return wrong_type(key, err);
  }
  return 0;
}

static bool is_byte(yyjson_val* value) {
  return yyjson_is_uint(value) && yyjson_get_uint(value) <= 255;
}

static bool is_length(yyjson_val* value) {
  return yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX;
}

int tuv_reply_texts(const tuv_reply_t* reply, const char* key, yyjson_val** value,
                    tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  uint32_t count = (uint32_t) yyjson_arr_size(found); /* 0 of what is no array */
  return read_array(reply, key, count, tuv_json_is_text, value, err);
}

/* Servers that have decimals (3.3.6.0) tell their digits. */
static int check_decimals(const tuv_reply_t* reply, const tuv_query_reply_t* out,
                          tuv_errmsg_t* err) {
  static const char* const needed[] = {"fields_precisions", "fields_scales", NULL};
  size_t index, max;
  yyjson_val* type;
  yyjson_arr_foreach(out->types, index, max, type) {
    if (tuv_type_is_decimal(yyjson_get_uint(type))) return tuv_reply_require(reply, needed, err);
  }
  return 0;
}

static int read_fields(const tuv_reply_t* reply, tuv_query_reply_t* out, tuv_errmsg_t* err) {
  static const char* const needed[] = {"fields_names", "fields_types", "fields_lengths", NULL};
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0)
    status = read_array(reply, "fields_names", out->fields, tuv_json_is_text, &out->names, err);
  if (status == 0)
    status = read_array(reply, "fields_types", out->fields, is_byte, &out->types, err);
  if (status == 0)
    status = read_array(reply, "fields_lengths", out->fields, is_length, &out->lengths, err);
  if (status == 0)
    status = read_array(reply, "fields_precisions", out->fields, is_byte, &out->precisions, err);
  if (status == 0)
    status = read_array(reply, "fields_scales", out->fields, is_byte, &out->scales, err);
  if (status == 0) status = check_decimals(reply, out, err);
  if (status < 0) return status;
  size_t index, max;
  yyjson_val* name;
  yyjson_arr_foreach(out->names, index, max, name) out->names_size += yyjson_get_len(name) + 1;
  return 0;
}

/* What a result set is, in the reply that opens it. */
static int read_result(const tuv_reply_t* reply, const char* id_key, tuv_query_reply_t* out,
                       tuv_errmsg_t* err) {
  const char* const needed[] = {id_key, "fields_count", "precision", NULL};
  uint64_t fields = 0, precision = 0;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_uint(reply, "fields_count", &fields, err);
  if (status == 0) status = tuv_reply_uint(reply, "precision", &precision, err);
  if (status < 0) return status;
  if (out->id == 0) return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" is 0", id_key);
  if (fields == 0 || fields > TUV_BLOCK_MAX_COLUMNS)
    return tuv_fail(err, TUV_EPROTO, "the reply to a query has %llu fields",
                    (unsigned long long) fields);
  if (precision > TAOSUV_PRECISION_NS)
    return tuv_fail(err, TUV_EPROTO, "the reply to a query has the precision %llu",
                    (unsigned long long) precision);
  out->fields = (uint32_t) fields;
  out->precision = (uint8_t) precision;
  return read_fields(reply, out, err);
}

int tuv_reply_rows(const tuv_reply_t* reply, const char* key, int64_t* rows, tuv_errmsg_t* err) {
  int64_t told = 0;
  if (member(reply, key) == NULL) return 0;
  int status = tuv_reply_int(reply, key, &told, err);
  if (status == 0 && told < 0)
    status = tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" is %lld", key, (long long) told);
  if (status == 0) *rows = told;
  return status;
}

int tuv_reply_need_rows(const tuv_reply_t* reply, const char* key, int64_t* rows,
                        tuv_errmsg_t* err) {
  const char* const needed[] = {key, NULL};
  int status = tuv_reply_require(reply, needed, err);
  return status == 0 ? tuv_reply_rows(reply, key, rows, err) : status;
}

/* An update has no result: an answer that has both would lose one of them. */
static int check_update(const tuv_reply_t* reply, const tuv_query_reply_t* out, tuv_errmsg_t* err) {
  uint64_t fields = 0;
  int status = tuv_reply_uint(reply, "fields_count", &fields, err);
  if (status == 0 && (fields != 0 || out->id != 0))
    status = tuv_fail(err, TUV_EPROTO,
                      "the reply has \"is_update\", and a result with the id %llu and %llu fields",
                      (unsigned long long) out->id, (unsigned long long) fields);
  return status;
}

int tuv_reply_query(const tuv_reply_t* reply, tuv_query_reply_t* out, tuv_errmsg_t* err) {
  static const char* const needed[] = {"is_update", NULL};
  memset(out, 0, sizeof *out);
  int status = tuv_reply_uint(reply, "id", &out->id, err);
  if (status == 0) status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_bool(reply, "is_update", &out->is_update, err);
  if (status == 0) status = tuv_reply_need_rows(reply, "affected_rows", &out->affected_rows, err);
  if (status < 0) return status;
  return out->is_update ? check_update(reply, out, err) : read_result(reply, "id", out, err);
}

/* In storage n characters of NCHAR are 4 n + 2 bytes. */
static bool may_be_stored(const tuv_query_reply_t* out) {
  yyjson_arr_iter types, lengths;
  yyjson_arr_iter_init(out->types, &types);
  yyjson_arr_iter_init(out->lengths, &lengths);
  for (uint32_t i = 0; i < out->fields; i++) {
    uint64_t type = yyjson_get_uint(yyjson_arr_iter_next(&types));
    uint64_t length = yyjson_get_uint(yyjson_arr_iter_next(&lengths));
    if (type == TAOSUV_TYPE_NCHAR && length % 4 != 2) return false;
  }
  return true;
}

int tuv_reply_stmt_result(const tuv_reply_t* reply, const char* id_key, bool stored,
                          tuv_query_reply_t* out, tuv_errmsg_t* err) {
  memset(out, 0, sizeof *out);
  int status = tuv_reply_uint(reply, id_key, &out->id, err);
  if (status == 0) status = read_result(reply, id_key, out, err);
  out->storage_widths = status == 0 && stored && may_be_stored(out);
  return status;
}
