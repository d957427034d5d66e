/* The answer of /rest/sql, split as it arrives: the rows here, all that is around them there. */
#include "wire/rest/rest.h"

#include <string.h>

#include "util/ascii.h"
#include "wire/rest/rows.h"
#include "wire/server_code.h"
#include "wire/status.h"

/* Rows are decoded when so many bytes of them have come. */
#define BATCH_BYTES (32u << 10)

enum { BEFORE, AROUND, ROWS, ROW, BEHIND };

static bool is_space(uint8_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

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
  tuv_buf_consume(&rest->head, tuv_buf_size(&rest->head), BATCH_BYTES);
  tuv_buf_consume(&rest->batch, tuv_buf_size(&rest->batch), 2 * BATCH_BYTES);
  rest->code = 0;
  rest->text = "";
  rest->timing = 0;
  rest->row_count = 0;
  rest->precision = 0;
  rest->count = 0;
  rest->state = BEFORE;
  rest->depth = 0;
  rest->in_string = rest->escaped = rest->comma = false;
  rest->has_precision = rest->has_json = false;
}

static int append(tuv_buf_t* buf, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  if (size > TUV_REST_MAX_ROW - tuv_buf_size(buf))
    return tuv_fail(err, TUV_EMSGSIZE, "a row or head of more than %u bytes", TUV_REST_MAX_ROW);
  uint8_t* out = tuv_buf_reserve(buf, size + 8);
  if (out == NULL) return tuv_fail(err, TUV_ENOMEM, "no memory for an answer");
  if (size > 0) memcpy(out, data, size);
  tuv_buf_commit(buf, size);
  return 0;
}

/* Reads the head, to which `closing` is lacking. */
static int read_head(tuv_rest_t* rest, const char* closing, yyjson_val** root, tuv_errmsg_t* err) {
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
  if (doc == NULL) return tuv_fail(err, TUV_EPROTO, "the answer is no JSON: %s", why.msg);
  *root = yyjson_doc_get_root(doc);
  return 0;
}

/* Whether what follows is the array of rows: the head ends in its key. */
static bool at_rows(const tuv_rest_t* rest) {
  static const char key[] = "\"data\"";
  const uint8_t* text = rest->head.data + rest->head.head;
  size_t size = tuv_buf_size(&rest->head);
  while (size > 0 && is_space(text[size - 1])) size--;
  if (size == 0 || text[--size] != ':') return false;
  while (size > 0 && is_space(text[size - 1])) size--;
  if (size < sizeof key || memcmp(text + size - (sizeof key - 1), key, sizeof key - 1) != 0)
    return false;
  return text[size - sizeof key] != '\\'; /* else it is the end of a longer one */
}

static int begin_rows(tuv_rest_t* rest, tuv_errmsg_t* err) {
  yyjson_val* root;
  if (rest->count != 0) return tuv_fail(err, TUV_EPROTO, "the answer has rows twice");
  int status = read_head(rest, "[]}", &root, err);
  if (status == 0) status = tuv_rest_read_meta(rest, yyjson_obj_get(root, "column_meta"), err);
  if (status == 0) status = append(&rest->head, (const uint8_t*) "[", 1, err);
  if (status == 0) status = append(&rest->batch, (const uint8_t*) "[", 1, err);
  rest->state = ROWS;
  rest->depth = 1;
  return status;
}

/* Each step takes bytes and returns how many, or an error. */

static ptrdiff_t step_before(tuv_rest_t* rest, const uint8_t* data, size_t size,
                             tuv_errmsg_t* err) {
  size_t at = 0;
  while (at < size && is_space(data[at])) at++;
  if (at == size) return (ptrdiff_t) at;
  if (data[at] != '{') return tuv_fail(err, TUV_EPROTO, "the answer is no JSON object");
  rest->state = AROUND;
  return (ptrdiff_t) at;
}

/* In a string: up to its end, or the end of the bytes. */
static size_t skip_string(tuv_rest_t* rest, const uint8_t* data, size_t at, size_t size) {
  for (; at < size; at++) {
    if (rest->escaped) {
      rest->escaped = false;
    } else if (data[at] == '\\') {
      rest->escaped = true;
    } else if (data[at] == '"') {
      rest->in_string = false;
      return at + 1;
    }
  }
  return at;
}

static ptrdiff_t step_around(tuv_rest_t* rest, const uint8_t* data, size_t size,
                             tuv_errmsg_t* err) {
  size_t at = 0;
  int status;
  while (at < size) {
    if (rest->in_string) {
      at = skip_string(rest, data, at, size);
      continue;
    }
    uint8_t c = data[at++];
    if (c == '"') rest->in_string = true;
    if (c == '}' || c == ']') rest->depth--;
    if (rest->depth == 0 && c == '}') {
      rest->state = BEHIND;
      break;
    }
    if (c == '[' && rest->depth == 1) {
      status = append(&rest->head, data, at - 1, err);
      if (status < 0) return status;
      if (at_rows(rest)) {
        status = begin_rows(rest, err);
        return status < 0 ? status : (ptrdiff_t) at;
      }
      data += at - 1;
      size -= at - 1;
      rest->depth++;
      status = append(&rest->head, data, 1, err);
      return status < 0 ? status : (ptrdiff_t) at;
    }
    if (c == '{' || c == '[') rest->depth++;
  }
  status = append(&rest->head, data, at, err);
  return status < 0 ? status : (ptrdiff_t) at;
}

static int end_rows(tuv_rest_t* rest, tuv_errmsg_t* err) {
  rest->state = AROUND;
  int status = append(&rest->head, (const uint8_t*) "]", 1, err);
  if (status == 0 && tuv_buf_size(&rest->batch) > 1) status = tuv_rest_read_batch(rest, err);
  return status == 0 ? tuv_rest_finish_block(rest, err) : status;
}

/* The batch is an array of rows: "[" or "," comes before each. */
static int begin_row(tuv_rest_t* rest, tuv_errmsg_t* err) {
  size_t size = tuv_buf_size(&rest->batch);
  if (size == 1) return 0;
  return append(&rest->batch, (const uint8_t*) (size == 0 ? "[" : ","), 1, err);
}

/* Between the rows. */
static ptrdiff_t step_rows(tuv_rest_t* rest, const uint8_t* data, tuv_errmsg_t* err) {
  bool first = rest->row_count == 0 && tuv_buf_size(&rest->batch) == 1;
  bool due = !first && !rest->comma;
  int status = 0;
  if (is_space(*data)) return 1;
  switch (*data) {
    case '[':
      if (due) break;
      rest->comma = false;
      rest->state = ROW;
      rest->depth = 0;
      return begin_row(rest, err);
    case ',':
      if (!due) break;
      rest->comma = true;
      return 1;
    case ']':
      if (rest->comma) break;
      rest->depth = 1;
      status = end_rows(rest, err);
      return status < 0 ? status : 1;
    default: break;
  }
  return tuv_fail(err, TUV_EPROTO, "no row where one should be, behind row %llu",
                  (unsigned long long) rest->row_count);
}

/* Servers before 3.3.8.4 write "+Inf", which no reader takes: the sign is blanked. */
static int append_sign(tuv_rest_t* rest, tuv_errmsg_t* err) {
  uint8_t last = rest->batch.data[rest->batch.tail - 1];
  bool exponent = last == 'e' || last == 'E';
  return append(&rest->batch, (const uint8_t*) (exponent ? "+" : " "), 1, err);
}

/* Inside a row, up to its end. */
static ptrdiff_t step_row(tuv_rest_t* rest, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  size_t at = 0;
  bool end = false, sign = false;
  while (at < size && !end && !sign) {
    if (rest->in_string) {
      at = skip_string(rest, data, at, size);
      continue;
    }
    switch (data[at]) {
      case '"': rest->in_string = true; break;
      case '[':
      case '{': rest->depth++; break;
      case ']':
      case '}': end = --rest->depth == 0; break;
      case '+': sign = true; continue;
      default: break;
    }
    at++;
  }
  int status = append(&rest->batch, data, at, err);
  if (status == 0 && sign) {
    status = append_sign(rest, err);
    at++;
  }
  if (status < 0) return status;
  if (end) {
    rest->state = ROWS;
    if (tuv_buf_size(&rest->batch) >= BATCH_BYTES) status = tuv_rest_read_batch(rest, err);
  }
  return status < 0 ? status : (ptrdiff_t) at;
}

static ptrdiff_t step_behind(const uint8_t* data, tuv_errmsg_t* err) {
  if (is_space(*data)) return 1;
  return tuv_fail(err, TUV_EPROTO, "bytes behind the end of the answer");
}

int tuv_rest_feed(tuv_rest_t* rest, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  while (size > 0) {
    ptrdiff_t took;
    switch (rest->state) {
      case BEFORE: took = step_before(rest, data, size, err); break;
      case AROUND: took = step_around(rest, data, size, err); break;
      case ROWS: took = step_rows(rest, data, err); break;
      case ROW: took = step_row(rest, data, size, err); break;
      default: took = step_behind(data, err);
    }
    if (took < 0) return (int) took;
    data += took;
    size -= (size_t) took;
  }
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

/* The code of an error. Schemaless writes have a word or the HTTP status there, and the database's
 * code in front of the text: "[0x3002] …" (PROTOCOL 8.3, 8.4). */
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
  if (rest->state != BEHIND)
    return tuv_fail(err, TUV_EPROTO,
                    rest->state == BEFORE
                        ? "the answer is empty (as of gateways before 3.3.8.4 where a value is NaN "
                          "or infinite)"
                        : "the answer is cut off");
  int status = read_head(rest, "", &root, err);
  if (status == 0 && yyjson_is_obj(root)) status = tuv_json_members(rest->json, root, err);
  if (status == 0) status = read_text(rest, root, err);
  if (status == 0) status = read_code(rest, root, &code, err);
  if (status == 0) status = read_uint(root, "timing", &rest->timing, err);
  if (status == 0) status = read_uint(root, "rows", &rows, err);
  if (status < 0) return status;
  if (code > UINT32_MAX) return tuv_fail(err, TUV_EPROTO, "the answer has no valid \"code\"");
  rest->code = (uint32_t) code;
  if (code == 0 && rest->count > 0 && rows != rest->row_count)
    return tuv_fail(err, TUV_EPROTO, "%llu rows came, the answer says %llu",
                    (unsigned long long) rest->row_count, (unsigned long long) rows);
  return 0;
}

int tuv_rest_root(tuv_rest_t* rest, yyjson_val** root, tuv_errmsg_t* err) {
  return read_head(rest, "", root, err);
}

bool tuv_rest_is_update(const tuv_rest_t* rest, int64_t* affected_rows) {
  if (rest->count != 1 || rest->row_count != 1) return false;
  const tuv_rest_column_t* column = &rest->columns[0];
  if (column->type != TAOSUV_TYPE_INT || strcmp(column->name, "affected_rows") != 0) return false;
  /* Header, schema, length, null bits, value. */
  const uint8_t* block = rest->blocks->data;
  *affected_rows = block[37] != 0 ? -1 : (int32_t) taosuv_load_u32(block + 38);
  return true;
}
