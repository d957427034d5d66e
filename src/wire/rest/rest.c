/* The life of a decoder, and the end of an answer: its code, its text and its number of rows. */
#include "wire/rest/rest.h"

#include <string.h>

#include "util/ascii.h"
#include "wire/rest/rows.h"
#include "wire/server_code.h"
#include "wire/status.h"

void tuv_rest_init(tuv_rest_t* rest, tuv_mem_t* mem, tuv_json_t* json) {
  memset(rest, 0, sizeof *rest);
  rest->mem = mem;
  rest->json = json;
  rest->text = "";
  tuv_buf_init(&rest->head, &mem->alloc);
  tuv_buf_init(&rest->batch, &mem->alloc);
  tuv_buf_init(&rest->names, &mem->alloc);
}

static void drop_blocks(tuv_rest_t* rest) {
  tuv_refbuf_t* block;
  while ((block = tuv_rest_take(rest)) != NULL) tuv_refbuf_unref(block);
}

void tuv_rest_free(tuv_rest_t* rest) {
  drop_blocks(rest);
  tuv_rest_drop_columns(rest);
  tuv_buf_free(&rest->head);
  tuv_buf_free(&rest->batch);
  tuv_buf_free(&rest->names);
}

void tuv_rest_begin(tuv_rest_t* rest) {
  drop_blocks(rest);
  tuv_rest_clear_columns(rest);
  tuv_buf_consume(&rest->head, tuv_buf_size(&rest->head), TUV_REST_BATCH_BYTES);
  tuv_buf_consume(&rest->batch, tuv_buf_size(&rest->batch), (size_t) 2 * TUV_REST_BATCH_BYTES);
  rest->code = 0;
  rest->text = "";
  rest->timing = 0;
  rest->row_count = 0;
  rest->precision = 0;
  rest->count = 0;
  rest->state = TUV_REST_BEFORE;
  rest->depth = 0;
  rest->in_string = rest->escaped = rest->comma = false;
  rest->has_precision = rest->has_json = false;
}

int tuv_rest_read_head(tuv_rest_t* rest, const char* closing, yyjson_val** root,
                       tuv_errmsg_t* err) {
  yyjson_alc alc;
  yyjson_read_err why;
  size_t extra = strlen(closing);
  uint8_t* end = tuv_buf_reserve(&rest->head, extra + 1);
  if (end == NULL) return tuv_fail(err, TUV_ENOMEM, "no memory for an answer");
  memcpy(end, closing, extra + 1);
  size_t size = tuv_buf_size(&rest->head) + extra;
  if (tuv_json_pool(rest->json, size, &alc) < 0)
    return tuv_fail(err, TUV_ENOMEM, "no memory for an answer");
  char* text = (char*) rest->head.data + rest->head.head;
  yyjson_doc* doc = yyjson_read_opts(text, size, YYJSON_READ_ALLOW_INVALID_UNICODE, &alc, &why);
  if (doc == NULL) return tuv_fail(err, TUV_EPROTO, "the answer is not JSON: %s", why.msg);
  *root = yyjson_doc_get_root(doc);
  return 0;
}

static int read_uint(yyjson_val* root, const char* key, uint64_t* value, tuv_errmsg_t* err) {
  yyjson_val* found = yyjson_obj_get(root, key);
  if (found == NULL || yyjson_is_null(found)) return 0;
  if (!yyjson_is_uint(found))
    return tuv_fail(err, TUV_EPROTO, "the answer's \"%s\" is not a number", key);
  *value = yyjson_get_uint(found);
  return 0;
}

static int read_text(tuv_rest_t* rest, yyjson_val* root, tuv_errmsg_t* err) {
  yyjson_val* text = yyjson_obj_get(root, "desc");
  if (text == NULL) text = yyjson_obj_get(root, "message"); /* schemaless (PROTOCOL 8.3, 8.4) */
  if (text == NULL || yyjson_is_null(text)) return 0;
  if (!yyjson_is_str(text)) return tuv_fail(err, TUV_EPROTO, "the answer's text is not a string");
  size_t size = yyjson_get_len(text);
  if (size > sizeof rest->error - 1) size = sizeof rest->error - 1;
  memcpy(rest->error, yyjson_get_str(text), size);
  rest->error[size] = 0;
  rest->text = rest->error;
  return 0;
}

/* Reads the code of an error. Answers to schemaless writes have a word or the HTTP status in its
 * place, and the code of the database before the text: "[0x3002] …" (PROTOCOL 8.3, 8.4). */
static int read_code(tuv_rest_t* rest, yyjson_val* root, uint64_t* code, tuv_errmsg_t* err) {
  if (yyjson_obj_get(root, "message") == NULL) return read_uint(root, "code", code, err);
  *code = TUV_CODE_GATEWAY;
  if (strncmp(rest->text, "[0x", 3) != 0) return 0;
  uint64_t value = 0;
  const char* at = rest->text + 3;
  for (; at - rest->text < 11 && *at != ']'; at++) {
    int digit = tuv_hex_value(*at);
    if (digit < 0) return 0;
    value = value << 4 | (unsigned) digit;
  }
  if (*at != ']' || value == 0) return 0;
  *code = value;
  rest->text = at[1] == ' ' ? at + 2 : at + 1;
  return 0;
}

int tuv_rest_end(tuv_rest_t* rest, tuv_errmsg_t* err) {
  yyjson_val* root = NULL;
  uint64_t code = UINT64_MAX, rows = rest->row_count;
  if (rest->state != TUV_REST_BEHIND)
    return tuv_fail(err, TUV_EPROTO,
                    rest->state == TUV_REST_BEFORE ? "the answer is empty (gateways before 3.3.8.4 "
                                                     "send that when a value is NaN or infinite)"
                                                   : "the answer is cut off");
  int status = tuv_rest_read_head(rest, "", &root, err);
  if (status == 0 && yyjson_is_obj(root)) status = tuv_json_members(rest->json, root, err);
  if (status == 0) status = read_text(rest, root, err);
  if (status == 0) status = read_code(rest, root, &code, err);
  if (status == 0) status = read_uint(root, "timing", &rest->timing, err);
  if (status == 0) status = read_uint(root, "rows", &rows, err);
  if (status < 0) return status;
  if (code > UINT32_MAX) return tuv_fail(err, TUV_EPROTO, "the answer has no valid \"code\"");
  rest->code = (uint32_t) code;
  if (code == 0 && rest->count > 0 && rows != rest->row_count)
    return tuv_fail(err, TUV_EPROTO, "%llu rows arrived, but the answer states %llu",
                    (unsigned long long) rest->row_count, (unsigned long long) rows);
  return 0;
}

int tuv_rest_root(tuv_rest_t* rest, yyjson_val** root, tuv_errmsg_t* err) {
  return tuv_rest_read_head(rest, "", root, err);
}

bool tuv_rest_is_update(const tuv_rest_t* rest, int64_t* affected_rows) {
  if (rest->count != 1 || rest->row_count != 1) return false;
  const tuv_rest_column_t* column = &rest->columns[0];
  if (column->type != TAOSUV_TYPE_INT || strcmp(column->name, "affected_rows") != 0) return false;
  /* The block has a header, a schema, a length, null bits and the value. */
  const uint8_t* block = rest->blocks->data;
  *affected_rows = block[37] != 0 ? -1 : (int32_t) taosuv_load_u32(block + 38);
  return true;
}
