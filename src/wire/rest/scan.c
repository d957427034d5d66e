/* Splits an answer as it arrives: its rows go to the batch, everything around them to the head. */
#include <string.h>

#include "wire/rest/rows.h"
#include "wire/status.h"

static bool is_space(uint8_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int append(tuv_buf_t* buf, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  if (size > TUV_REST_MAX_ROW - tuv_buf_size(buf))
    return tuv_fail(err, TUV_EMSGSIZE, "a row, or what surrounds the rows, has more than %u bytes",
                    TUV_REST_MAX_ROW);
  uint8_t* out = tuv_buf_reserve(buf, size + 8);
  if (out == NULL) return tuv_fail(err, TUV_ENOMEM, "no memory for an answer");
  if (size > 0) memcpy(out, data, size);
  tuv_buf_commit(buf, size);
  return 0;
}

/* Whether the array of rows follows: the head ends with its key. */
static bool at_rows(const tuv_rest_t* rest) {
  static const char key[] = "\"data\"";
  const uint8_t* text = rest->head.data + rest->head.head;
  size_t size = tuv_buf_size(&rest->head);
  while (size > 0 && is_space(text[size - 1])) size--;
  if (size == 0 || text[--size] != ':') return false;
  while (size > 0 && is_space(text[size - 1])) size--;
  if (size < sizeof key || memcmp(text + size - (sizeof key - 1), key, sizeof key - 1) != 0)
    return false;
  return text[size - sizeof key] != '\\'; /* otherwise it is the end of a longer key */
}

static int begin_rows(tuv_rest_t* rest, tuv_errmsg_t* err) {
  yyjson_val* root;
  if (rest->count != 0) return tuv_fail(err, TUV_EPROTO, "the answer has rows twice");
  int status = tuv_rest_read_head(rest, "[]}", &root, err);
  if (status == 0) status = tuv_rest_read_meta(rest, yyjson_obj_get(root, "column_meta"), err);
  if (status == 0) status = append(&rest->head, (const uint8_t*) "[", 1, err);
  if (status == 0) status = append(&rest->batch, (const uint8_t*) "[", 1, err);
  rest->state = TUV_REST_ROWS;
  rest->depth = 1;
  return status;
}

/* ---- steps: each takes bytes, and returns how many, or an error ---- */

static ptrdiff_t step_before(tuv_rest_t* rest, const uint8_t* data, size_t size,
                             tuv_errmsg_t* err) {
  size_t at = 0;
  while (at < size && is_space(data[at])) at++;
  if (at == size) return (ptrdiff_t) at;
  if (data[at] != '{') return tuv_fail(err, TUV_EPROTO, "the answer is not a JSON object");
  rest->state = TUV_REST_AROUND;
  return (ptrdiff_t) at;
}

/* Skips a string up to its end or to the end of the bytes. */
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
      rest->state = TUV_REST_BEHIND;
      break;
    }
    if (c == '[' && rest->depth == 1) {
      status = append(&rest->head, data, at - 1, err);
      if (status < 0) return status;
      if (at_rows(rest)) {
        status = begin_rows(rest, err);
        return status < 0 ? status : (ptrdiff_t) at;
      }
      rest->depth++;
      status = append(&rest->head, data + at - 1, 1, err);
      return status < 0 ? status : (ptrdiff_t) at;
    }
    if (c == '{' || c == '[') rest->depth++;
  }
  status = append(&rest->head, data, at, err);
  return status < 0 ? status : (ptrdiff_t) at;
}

static int end_rows(tuv_rest_t* rest, tuv_errmsg_t* err) {
  rest->state = TUV_REST_AROUND;
  int status = append(&rest->head, (const uint8_t*) "]", 1, err);
  if (status == 0 && tuv_buf_size(&rest->batch) > 1) status = tuv_rest_read_batch(rest, err);
  return status == 0 ? tuv_rest_finish_block(rest, err) : status;
}

/* The batch is an array: "[" or "," stands before each row. */
static int begin_row(tuv_rest_t* rest, tuv_errmsg_t* err) {
  size_t size = tuv_buf_size(&rest->batch);
  if (size == 1) return 0;
  return append(&rest->batch, (const uint8_t*) (size == 0 ? "[" : ","), 1, err);
}

/* Reads what is between rows. */
static ptrdiff_t step_rows(tuv_rest_t* rest, const uint8_t* data, tuv_errmsg_t* err) {
  bool first = rest->row_count == 0 && tuv_buf_size(&rest->batch) == 1;
  bool due = !first && !rest->comma;
  int status = 0;
  if (is_space(*data)) return 1;
  switch (*data) {
    case '[':
      if (due) break;
      rest->comma = false;
      rest->state = TUV_REST_ROW;
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
  return tuv_fail(err, TUV_EPROTO, "a row is missing after row %llu",
                  (unsigned long long) rest->row_count);
}

/* Servers before 3.3.8.4 write "+Inf", which yyjson does not accept. The sign becomes a blank. */
static int append_sign(tuv_rest_t* rest, tuv_errmsg_t* err) {
  uint8_t last = rest->batch.data[rest->batch.tail - 1];
  bool exponent = last == 'e' || last == 'E';
  return append(&rest->batch, (const uint8_t*) (exponent ? "+" : " "), 1, err);
}

/* Reads a row up to its end. */
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
    rest->state = TUV_REST_ROWS;
    if (tuv_buf_size(&rest->batch) >= TUV_REST_BATCH_BYTES) status = tuv_rest_read_batch(rest, err);
  }
  return status < 0 ? status : (ptrdiff_t) at;
}

static ptrdiff_t step_behind(const uint8_t* data, tuv_errmsg_t* err) {
  if (is_space(*data)) return 1;
  return tuv_fail(err, TUV_EPROTO, "bytes follow the end of the answer");
}

int tuv_rest_feed(tuv_rest_t* rest, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  while (size > 0) {
    ptrdiff_t took;
    switch (rest->state) {
      case TUV_REST_BEFORE: took = step_before(rest, data, size, err); break;
      case TUV_REST_AROUND: took = step_around(rest, data, size, err); break;
      case TUV_REST_ROWS: took = step_rows(rest, data, err); break;
      case TUV_REST_ROW: took = step_row(rest, data, size, err); break;
      default: took = step_behind(data, err);
    }
    if (took < 0) return (int) took;
    data += took;
    size -= (size_t) took;
  }
  return 0;
}
