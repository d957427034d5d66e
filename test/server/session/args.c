/* The arguments of JSON messages, read by Go's rules. */
#include "session/args.h"

#include <string.h>
#include <strings.h>

yyjson_val* ts_arg(yyjson_val* object, const char* name) {
  yyjson_val* exact = NULL;
  yyjson_val* folded = NULL;
  yyjson_obj_iter iter = yyjson_obj_iter_with(object);
  for (yyjson_val* key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
    if (yyjson_equals_str(key, name)) {
      exact = yyjson_obj_iter_get_val(key);
    } else if (yyjson_get_len(key) == strlen(name) && strcasecmp(yyjson_get_str(key), name) == 0) {
      folded = yyjson_obj_iter_get_val(key);
    }
  }
  return exact != NULL ? exact : folded;
}

bool ts_arg_u64(yyjson_val* args, const char* name, uint64_t* value) {
  yyjson_val* val = ts_arg(args, name);
  *value = 0;
  if (val == NULL || yyjson_is_null(val)) return true;
  if (!yyjson_is_uint(val)) return false;
  *value = yyjson_get_uint(val);
  return true;
}

bool ts_arg_int(yyjson_val* args, const char* name, int64_t* value) {
  yyjson_val* val = ts_arg(args, name);
  *value = 0;
  if (val == NULL || yyjson_is_null(val)) return true;
  if (!yyjson_is_int(val)) return false;
  *value = yyjson_get_sint(val);
  return true;
}

bool ts_arg_text(yyjson_val* args, const char* name, const char** text, size_t* size) {
  yyjson_val* val = ts_arg(args, name);
  *text = "";
  if (size != NULL) *size = 0;
  if (val == NULL || yyjson_is_null(val)) return true;
  if (!yyjson_is_str(val)) return false;
  *text = yyjson_get_str(val);
  if (size != NULL) *size = yyjson_get_len(val);
  return true;
}

bool ts_arg_bool(yyjson_val* args, const char* name, bool* value) {
  yyjson_val* val = ts_arg(args, name);
  *value = yyjson_get_bool(val);
  return val == NULL || yyjson_is_null(val) || yyjson_is_bool(val);
}
