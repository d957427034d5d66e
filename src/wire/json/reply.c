/* JSON replies, read by yyjson. */
#include "wire/json/reply.h"

#include <string.h>

#include "util/utf8.h"
#include "wire/status.h"

int tuv_reply_wrong_type(const char* key, tuv_errmsg_t* err) {
  return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" has the wrong type", key);
}

static yyjson_val* member(const tuv_reply_t* reply, const char* name) {
  return tuv_json_member(reply->root, reply->keys, name);
}

int tuv_reply_require(const tuv_reply_t* reply, const char* const keys[], tuv_errmsg_t* err) {
  for (; *keys != NULL; keys++)
    if (member(reply, *keys) == NULL)
      return tuv_fail(err, TUV_EPROTO, "the reply lacks \"%s\"", *keys);
  return 0;
}

int tuv_reply_text(const tuv_reply_t* reply, const char* key, const char** value,
                   tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_str(found)) return tuv_reply_wrong_type(key, err);
  if (!tuv_json_is_text(found))
    return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" contains a NUL", key);
  *value = yyjson_get_str(found);
  return 0;
}

int tuv_reply_uint(const tuv_reply_t* reply, const char* key, uint64_t* value, tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_uint(found)) return tuv_reply_wrong_type(key, err);
  *value = yyjson_get_uint(found);
  return 0;
}

int tuv_reply_int(const tuv_reply_t* reply, const char* key, int64_t* value, tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_int(found) || (yyjson_is_uint(found) && yyjson_get_uint(found) > INT64_MAX))
    return tuv_reply_wrong_type(key, err);
  *value = yyjson_get_sint(found);
  return 0;
}

int tuv_reply_bool(const tuv_reply_t* reply, const char* key, bool* value, tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_bool(found)) return tuv_reply_wrong_type(key, err);
  *value = yyjson_get_bool(found);
  return 0;
}

int tuv_reply_message(const tuv_reply_t* reply, const char* key, const char** value,
                      tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  if (found == NULL) return 0;
  if (!yyjson_is_str(found)) return tuv_reply_wrong_type(key, err);
  /* The text is in our own working memory, although yyjson returns it as const. */
  union {
    const char* in;
    char* out;
  } text = {yyjson_get_str(found)};
  size_t length = yyjson_get_len(found);
  text.out[tuv_utf8_cut((const uint8_t*) text.in, length, TUV_REPLY_MAX_MESSAGE)] = 0;
  *value = text.in;
  return 0;
}

int tuv_reply_expect(const tuv_reply_t* reply, const char* key, uint64_t value, tuv_errmsg_t* err) {
  const char* const needed[] = {key, NULL};
  uint64_t stated = 0;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_uint(reply, key, &stated, err);
  if (status == 0 && stated != value)
    status = tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" is %llu; %llu was asked for", key,
                      (unsigned long long) stated, (unsigned long long) value);
  return status;
}

int tuv_reply_array_of(const tuv_reply_t* reply, const char* key, uint32_t count,
                       yyjson_val** value, tuv_errmsg_t* err) {
  *value = member(reply, key);
  if (*value == NULL) return 0;
  if (!yyjson_is_arr(*value)) return tuv_reply_wrong_type(key, err);
  if (yyjson_arr_size(*value) != count)
    return tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" has %zu elements for %u fields", key,
                    yyjson_arr_size(*value), count);
  return 0;
}

int tuv_reply_texts(const tuv_reply_t* reply, const char* key, yyjson_val** value,
                    tuv_errmsg_t* err) {
  yyjson_val* found = member(reply, key);
  uint32_t count = (uint32_t) yyjson_arr_size(found); /* 0 if it is not an array */
  return tuv_reply_array(reply, key, count, tuv_json_is_text, value, err);
}

int tuv_reply_rows(const tuv_reply_t* reply, const char* key, int64_t* rows, tuv_errmsg_t* err) {
  int64_t stated = 0;
  if (member(reply, key) == NULL) return 0;
  int status = tuv_reply_int(reply, key, &stated, err);
  if (status == 0 && stated < 0)
    status = tuv_fail(err, TUV_EPROTO, "the reply's \"%s\" is %lld; it must not be negative", key,
                      (long long) stated);
  if (status == 0) *rows = stated;
  return status;
}

int tuv_reply_need_rows(const tuv_reply_t* reply, const char* key, int64_t* rows,
                        tuv_errmsg_t* err) {
  const char* const needed[] = {key, NULL};
  int status = tuv_reply_require(reply, needed, err);
  return status == 0 ? tuv_reply_rows(reply, key, rows, err) : status;
}

/* Reads the members that every reply has. req_id is the first one, so that an error can be reported
 * to the request to which the reply belongs. */
static int read_common(tuv_json_t* json, tuv_reply_t* reply, tuv_errmsg_t* err) {
  uint64_t code = UINT64_MAX;
  tuv_errmsg_t twice;
  int unique = tuv_json_members(json, reply->root, &twice);
  reply->message = "";
  reply->keys = json->keys;
  int status = tuv_reply_uint(reply, "req_id", &reply->req_id, err);
  if (status == 0 && unique < 0) status = tuv_fail(err, unique, "%s", twice.text);
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
    return tuv_fail(err, TUV_EPROTO, "a text message is JSON but not an object");
  return read_common(json, reply, err);
}
