/* JSON requests, written by yyjson, or without allocation when they are sent all the time. */
#include "wire/json/request.h"

#include <string.h>

#include "util/ascii.h"
#include "wire/status.h"

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
