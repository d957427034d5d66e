/* JSON of /rest/tmq. */
#include "wire/json/request.h"
#include "wire/tmq/envelope.h"

#include <inttypes.h>
#include <stdio.h>

#include "wire/block/block.h"
#include "wire/status.h"

size_t tuv_tmq_poll(char out[TUV_TMQ_REQUEST_MAX], uint64_t req_id, uint64_t blocking_ms,
                    uint64_t last_message_id) {
  int length = snprintf(out, TUV_TMQ_REQUEST_MAX,
                        "{\"action\":\"poll\",\"args\":{\"req_id\":%" PRIu64
                        ",\"blocking_time\":%" PRIu64 ",\"message_id\":%" PRIu64 "}}",
                        req_id, blocking_ms, last_message_id);
  return (size_t) length;
}

size_t tuv_tmq_message_request(char out[TUV_TMQ_REQUEST_MAX], const char* action, uint64_t req_id,
                               uint64_t message_id) {
  int length = snprintf(out, TUV_TMQ_REQUEST_MAX,
                        "{\"action\":\"%s\",\"args\":{\"req_id\":%" PRIu64
                        ",\"message_id\":%" PRIu64 "}}",
                        action, req_id, message_id);
  return (size_t) length;
}

void tuv_tmq_add_int(tuv_json_request_t* request, const char* key, int64_t value) {
  if (request->failed) return;
  request->failed = !yyjson_mut_obj_add_sint(request->doc, request->args, key, value);
}

void tuv_tmq_add_texts(tuv_json_request_t* request, const char* key, const char* const* texts,
                       size_t count) {
  if (request->failed) return;
  yyjson_mut_val* array = yyjson_mut_obj_add_arr(request->doc, request->args, key);
  request->failed = array == NULL;
  for (size_t i = 0; i < count && !request->failed; i++)
    request->failed = !yyjson_mut_arr_add_str(request->doc, array, texts[i]);
}

void tuv_tmq_add_object(tuv_json_request_t* request, const char* key, const char* const (*pairs)[2],
                        size_t count) {
  if (request->failed) return;
  yyjson_mut_val* object = yyjson_mut_obj_get(request->args, key);
  if (object == NULL) object = yyjson_mut_obj_add_obj(request->doc, request->args, key);
  request->failed = object == NULL;
  for (size_t i = 0; i < count && !request->failed; i++)
    request->failed = !yyjson_mut_obj_add_str(request->doc, object, pairs[i][0], pairs[i][1]);
}

void tuv_tmq_add_vgroup(tuv_json_request_t* request, const char* key, const char* topic,
                        int32_t vgroup_id) {
  if (request->failed) return;
  yyjson_mut_val* array = yyjson_mut_obj_get(request->args, key);
  if (array == NULL) array = yyjson_mut_obj_add_arr(request->doc, request->args, key);
  request->failed = array == NULL;
  if (request->failed || topic == NULL) return; /* an empty array */
  yyjson_mut_val* object = yyjson_mut_arr_add_obj(request->doc, array);
  request->failed = object == NULL ||
                    !yyjson_mut_obj_add_str(request->doc, object, "topic", topic) ||
                    !yyjson_mut_obj_add_sint(request->doc, object, "vgroup_id", vgroup_id);
}

static int wrong(const char* key, tuv_errmsg_t* err) {
  return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" is missing or of the wrong type", key);
}

static int read_vgroup_id(int64_t value, int32_t* vgroup_id, tuv_errmsg_t* err) {
  if (value < 0 || value > INT32_MAX) return wrong("vgroup_id", err);
  *vgroup_id = (int32_t) value;
  return 0;
}

int tuv_tmq_polled(const tuv_reply_t* reply, tuv_tmq_polled_t* out, tuv_errmsg_t* err) {
  *out = (tuv_tmq_polled_t) {.topic = NULL, .database = ""};
  static const char* const needed[] = {"have_message", NULL};
  static const char* const of_message[] = {"topic",      "database", "vgroup_id", "message_type",
                                           "message_id", "offset",   NULL};
  int64_t vgroup = -1;
  uint64_t type = 0;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_bool(reply, "have_message", &out->have_message, err);
  if (status < 0 || !out->have_message) return status;
  status = tuv_reply_require(reply, of_message, err);
  if (status == 0) status = tuv_reply_text(reply, "topic", &out->topic, err);
  if (status == 0) status = tuv_reply_text(reply, "database", &out->database, err);
  if (status == 0) status = tuv_reply_int(reply, "vgroup_id", &vgroup, err);
  if (status == 0) status = tuv_reply_uint(reply, "message_type", &type, err);
  if (status == 0) status = tuv_reply_uint(reply, "message_id", &out->message_id, err);
  if (status == 0) status = tuv_reply_int(reply, "offset", &out->offset, err);
  if (status == 0) status = read_vgroup_id(vgroup, &out->vgroup_id, err);
  if (status < 0) return status;
  if (out->topic == NULL || out->topic[0] == 0) return wrong("topic", err);
  if (out->message_id == 0) return wrong("message_id", err);
  if (type > UINT8_MAX) return wrong("message_type", err);
  out->message_type = (uint32_t) type;
  return 0;
}

/* Reads an array of `count` elements that `check` accepts. */
static int read_fields(const tuv_reply_t* reply, const char* key, uint32_t count,
                       bool (*check)(yyjson_val*), yyjson_val** out, tuv_errmsg_t* err) {
  uint32_t found;
  size_t index, max;
  yyjson_val* element;
  int status = tuv_tmq_array(reply, key, out, &found, err);
  if (status < 0) return status;
  if (found != count) return wrong(key, err);
  yyjson_arr_foreach(*out, index, max, element) {
    if (!check(element)) return wrong(key, err);
  }
  return 0;
}

static bool is_name(yyjson_val* value) {
  return tuv_json_is_text(value) && yyjson_get_len(value) < 4096;
}

static bool is_type(yyjson_val* value) {
  return yyjson_is_uint(value) && yyjson_get_uint(value) <= UINT8_MAX;
}

static bool is_length(yyjson_val* value) {
  return yyjson_is_uint(value) && yyjson_get_uint(value) <= 1u << 28;
}

int tuv_tmq_fetched(const tuv_reply_t* reply, tuv_tmq_fetched_t* out, tuv_errmsg_t* err) {
  static const char* const needed[] = {"message_id", "completed", NULL};
  static const char* const of_block[] = {"table_name", "rows", "fields_count", "precision", NULL};
  uint64_t fields = 0, precision = 0;
  *out = (tuv_tmq_fetched_t) {.table = ""};
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_bool(reply, "completed", &out->completed, err);
  if (status == 0) status = tuv_reply_uint(reply, "message_id", &out->message_id, err);
  if (status < 0 || out->completed) return status;
  status = tuv_reply_require(reply, of_block, err);
  if (status == 0) status = tuv_reply_text(reply, "table_name", &out->table, err);
  if (status == 0) status = tuv_reply_uint(reply, "rows", &out->rows, err);
  if (status == 0) status = tuv_reply_uint(reply, "fields_count", &fields, err);
  if (status == 0) status = tuv_reply_uint(reply, "precision", &precision, err);
  if (status < 0) return status;
  if (out->rows == 0) return wrong("rows", err);
  if (fields == 0 || fields > TUV_BLOCK_MAX_COLUMNS) return wrong("fields_count", err);
  if (precision > TAOSUV_PRECISION_NS) return wrong("precision", err);
  out->fields = (uint32_t) fields;
  out->precision = (uint8_t) precision;
  status = read_fields(reply, "fields_names", out->fields, is_name, &out->names, err);
  if (status == 0)
    status = read_fields(reply, "fields_types", out->fields, is_type, &out->types, err);
  if (status == 0)
    status = read_fields(reply, "fields_lengths", out->fields, is_length, &out->lengths, err);
  return status;
}

char* tuv_tmq_meta(const tuv_json_t* json, const tuv_reply_t* reply, size_t* length, int* status,
                   tuv_errmsg_t* err) {
  yyjson_val* data = yyjson_obj_get(reply->root, "data");
  *status = 0;
  *length = 0;
  if (yyjson_is_null(data)) return NULL; /* the database reported nothing */
  if (!yyjson_is_obj(data)) {
    *status = wrong("data", err);
    return NULL;
  }
  char* text = yyjson_val_write_opts(data, 0, &json->heap, length, NULL);
  if (text == NULL) *status = tuv_fail(err, TUV_ENOMEM, "no memory for a message");
  return text;
}

int tuv_tmq_array(const tuv_reply_t* reply, const char* key, yyjson_val** array, uint32_t* count,
                  tuv_errmsg_t* err) {
  *array = yyjson_obj_get(reply->root, key);
  *count = 0;
  if (yyjson_is_null(*array)) return 0; /* Go writes an empty one so (PROTOCOL 2.2) */
  if (!yyjson_is_arr(*array) || yyjson_arr_size(*array) > 1u << 20) return wrong(key, err);
  *count = (uint32_t) yyjson_arr_size(*array);
  return 0;
}

int tuv_tmq_read_int(yyjson_val* element, const char* key, int64_t* value, tuv_errmsg_t* err) {
  if (!yyjson_is_int(element) || (yyjson_is_uint(element) && yyjson_get_uint(element) > INT64_MAX))
    return wrong(key, err);
  *value = yyjson_get_sint(element);
  return 0;
}

int tuv_tmq_read_text(yyjson_val* element, const char* key, const char** text, tuv_errmsg_t* err) {
  if (!tuv_json_is_text(element)) return wrong(key, err);
  *text = yyjson_get_str(element);
  return 0;
}

int tuv_tmq_read_vgroup(yyjson_val* element, tuv_tmq_vgroup_t* vgroup, tuv_errmsg_t* err) {
  static const char* const keys[] = {"vgroup_id", "offset", "begin", "end"};
  int64_t values[4];
  for (size_t i = 0; i < 4; i++) {
    int status = tuv_tmq_read_int(yyjson_obj_get(element, keys[i]), keys[i], &values[i], err);
    if (status < 0) return status;
  }
  vgroup->offset = values[1];
  vgroup->begin = values[2];
  vgroup->end = values[3];
  return read_vgroup_id(values[0], &vgroup->vgroup_id, err);
}
