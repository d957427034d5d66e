/* Replies that open a result set. */
#include "wire/json/result.h"

#include <string.h>

#include "wire/block/block.h"
#include "wire/status.h"
#include "wire/types.h"

static bool is_byte(yyjson_val* value) {
  return yyjson_is_uint(value) && yyjson_get_uint(value) <= 255;
}

static bool is_length(yyjson_val* value) {
  return yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX;
}

/* Servers with decimals (3.3.6.0) report their digits. */
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
    status = tuv_reply_array(reply, "fields_names", out->fields, tuv_json_is_text, &out->names,
                             err);
  if (status == 0)
    status = tuv_reply_array(reply, "fields_types", out->fields, is_byte, &out->types, err);
  if (status == 0)
    status = tuv_reply_array(reply, "fields_lengths", out->fields, is_length, &out->lengths, err);
  if (status == 0)
    status = tuv_reply_array(reply, "fields_precisions", out->fields, is_byte, &out->precisions,
                             err);
  if (status == 0)
    status = tuv_reply_array(reply, "fields_scales", out->fields, is_byte, &out->scales, err);
  if (status == 0) status = check_decimals(reply, out, err);
  if (status < 0) return status;
  size_t index, max;
  yyjson_val* name;
  yyjson_arr_foreach(out->names, index, max, name) out->names_size += yyjson_get_len(name) + 1;
  return 0;
}

/* Reads the description of a result set. */
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
    return tuv_fail(err, TUV_EPROTO, "the reply to a query has %llu fields; 1 to 4096 are possible",
                    (unsigned long long) fields);
  if (precision > TAOSUV_PRECISION_NS)
    return tuv_fail(err, TUV_EPROTO, "the reply to a query has the unknown precision %llu",
                    (unsigned long long) precision);
  out->fields = (uint32_t) fields;
  out->precision = (uint8_t) precision;
  return read_fields(reply, out, err);
}

/* An update must not have a result, which would be lost. */
static int check_update(const tuv_reply_t* reply, const tuv_query_reply_t* out, tuv_errmsg_t* err) {
  uint64_t fields = 0;
  int status = tuv_reply_uint(reply, "fields_count", &fields, err);
  if (status == 0 && (fields != 0 || out->id != 0))
    status = tuv_fail(
        err, TUV_EPROTO,
        "the reply has \"is_update\" as well as a result with id %llu and %llu fields",
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

/* Whether the lengths may be those of storage, where n characters of NCHAR are 4 n + 2 bytes. */
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
