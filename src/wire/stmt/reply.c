/* Replies to the actions of statements. */
#include "wire/stmt/reply.h"

#include <string.h>

#include "wire/status.h"
#include "wire/types.h"

int tuv_stmt_reply_id(const tuv_reply_t* reply, uint64_t* id, tuv_errmsg_t* err) {
  static const char* const needed[] = {"stmt_id", NULL};
  *id = 0;
  int status = tuv_reply_require(reply, needed, err);
  if (status == 0) status = tuv_reply_uint(reply, "stmt_id", id, err);
  if (status == 0 && *id == 0) status = tuv_fail(err, TUV_EPROTO, "the reply's \"stmt_id\" is 0");
  return status;
}

int tuv_stmt_reply_affected(const tuv_reply_t* reply, int64_t* affected, tuv_errmsg_t* err) {
  *affected = 0;
  return tuv_reply_need_rows(reply, "affected", affected, err);
}

/* Reads a member of a field: a number of at most `max`; 0 if it is missing or null. */
static bool read_number(yyjson_val* field, const char* key, uint64_t max, uint64_t* value) {
  yyjson_val* found = yyjson_obj_get(field, key);
  *value = yyjson_get_uint(found);
  return found == NULL || yyjson_is_null(found) || (yyjson_is_uint(found) && *value <= max);
}

static int check_field(yyjson_val* field, uint32_t index, uint8_t kind, tuv_errmsg_t* err) {
  static const struct {
    const char* key;
    uint64_t max;
  } numbers[] = {{"precision", 255}, {"scale", 255}, {"bytes", INT32_MAX}};
  uint64_t type, value, bind = kind;
  yyjson_val* name = yyjson_obj_get(field, "name");
  const char* wrong = NULL;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!read_number(field, numbers[i].key, numbers[i].max, &value)) wrong = numbers[i].key;
  if (kind == 0 && !read_number(field, "bind_type", 255, &bind)) wrong = "bind_type";
  if (!read_number(field, "field_type", 255, &type)) wrong = "field_type";
  if (!tuv_json_is_text(name) || yyjson_get_len(name) >= UINT32_MAX) wrong = "name";
  if (wrong != NULL)
    return tuv_fail(err, TUV_EPROTO, "the reply's field %u has no valid \"%s\"", index, wrong);
  if (type == TAOSUV_TYPE_NULL || type >= TUV_TYPES || bind < TAOSUV_BIND_COLUMN ||
      bind > TAOSUV_BIND_TABLE)
    return tuv_fail(err, TUV_EPROTO, "the reply's field %u has the unknown type %u or kind %u",
                    index, (unsigned) type, (unsigned) bind);
  /* The unit of times must be known. */
  if (type == TAOSUV_TYPE_TIMESTAMP && !yyjson_is_uint(yyjson_obj_get(field, "precision")))
    return tuv_fail(err, TUV_EPROTO, "the reply's field %u has no \"precision\"", index);
  read_number(field, "precision", 255, &value);
  if (type == TAOSUV_TYPE_TIMESTAMP && value > TAOSUV_PRECISION_NS)
    return tuv_fail(err, TUV_EPROTO, "the reply's field %u has the unknown precision %u", index,
                    (unsigned) value);
  return 0;
}

int tuv_stmt_reply_fields(const tuv_reply_t* reply, uint8_t kind, tuv_stmt_fields_t* out,
                          tuv_errmsg_t* err) {
  size_t index, max;
  yyjson_val* field;
  memset(out, 0, sizeof *out);
  out->kind = kind;
  out->array = yyjson_obj_get(reply->root, "fields");
  if (yyjson_is_null(out->array)) out->array = NULL;
  if (out->array == NULL) return 0;
  if (!yyjson_is_arr(out->array))
    return tuv_fail(err, TUV_EPROTO, "the reply's \"fields\" has the wrong type");
  if (yyjson_arr_size(out->array) > TUV_STMT_MAX_FIELDS)
    return tuv_fail(err, TUV_EPROTO, "the reply has %zu fields, too many",
                    yyjson_arr_size(out->array));
  out->count = (uint32_t) yyjson_arr_size(out->array);
  yyjson_arr_foreach(out->array, index, max, field) {
    int status = check_field(field, (uint32_t) index, kind, err);
    if (status < 0) return status;
    out->names_size += yyjson_get_len(yyjson_obj_get(field, "name")) + 1;
  }
  return 0;
}

/* The most bytes or characters of a value; 0 for types of fixed size. */
static uint32_t limit_of(uint8_t type, uint32_t bytes) {
  return tuv_type_size(type) > 0 ? 0 : (uint32_t) tuv_declared_width(type, bytes);
}

char* tuv_stmt_fields_copy(const tuv_stmt_fields_t* fields, taosuv_stmt_field_t* out, char* names) {
  size_t index, max;
  yyjson_val* field;
  if (fields->array == NULL) return names;
  yyjson_arr_foreach(fields->array, index, max, field) {
    uint64_t type, precision, scale, bytes, kind = fields->kind;
    yyjson_val* name = yyjson_obj_get(field, "name");
    taosuv_stmt_field_t* to = &out[index];
    read_number(field, "field_type", 255, &type);
    read_number(field, "precision", 255, &precision);
    read_number(field, "scale", 255, &scale);
    read_number(field, "bytes", INT32_MAX, &bytes);
    if (kind == 0) read_number(field, "bind_type", 255, &kind);
    memset(to, 0, sizeof *to);
    to->name = names;
    to->name_length = (uint32_t) yyjson_get_len(name);
    memcpy(names, yyjson_get_str(name), to->name_length + 1);
    names += to->name_length + 1;
    to->kind = (uint8_t) kind;
    to->type = (uint8_t) type;
    to->precision = (uint8_t) precision;
    to->scale = (uint8_t) scale;
    to->length = limit_of(to->type, (uint32_t) bytes);
  }
  return names;
}
