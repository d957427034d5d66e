/* Queries with parameters: run with the values' literals in place of the question marks. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sql/sql.h"
#include "stmt/check.h"
#include "stmt/stmt.h"

/* ---- literals ---- */

static void put_text(ts_buf_t* out, const uint8_t* text, size_t size) {
  ts_buf_text(out, "'");
  for (size_t i = 0; i < size; i++) {
    if (text[i] == '\'' || text[i] == '\\') ts_buf_text(out, text[i] == '\'' ? "'" : "\\");
    ts_buf_add(out, text + i, 1);
  }
  ts_buf_text(out, "'");
}

static void put_hex(ts_buf_t* out, const uint8_t* data, size_t size) {
  ts_buf_text(out, "'\\x");
  for (size_t i = 0; i < size; i++) ts_buf_format(out, "%02x", data[i]);
  ts_buf_text(out, "'");
}

static int put_real(ts_buf_t* out, double value, ts_error_t* error) {
  if (!isfinite(value)) return ts_unsupported(error, "this number as a parameter");
  size_t before = out->size;
  ts_buf_format(out, "%.17g", value);
  bool integer = memchr(out->data + before, '.', out->size - before) == NULL &&
                 memchr(out->data + before, 'e', out->size - before) == NULL;
  if (integer) ts_buf_text(out, ".0");
  return 0;
}

static int put_fixed(ts_buf_t* out, const ts_bind_t* bind, ts_error_t* error) {
  ts_field_t field = {.type = ts_type_of((uint8_t) bind->type)};
  ts_cell_t cell;
  size_t at = 0;
  if (bind->size < field.type.width) return TS_E_POISON;
  ts_bind_cell(NULL, &field, bind, 0, &at, &cell);
  if (cell.kind == TS_CELL_REAL) return put_real(out, cell.real, error);
  if (bind->type == TS_UBIGINT) {
    ts_buf_format(out, "%" PRIu64, (uint64_t) cell.integer);
  } else if (bind->type == TS_BOOL) {
    ts_buf_text(out, cell.integer != 0 ? "true" : "false");
  } else {
    ts_buf_format(out, "%" PRId64, cell.integer);
  }
  return 0;
}

static int put_literal(ts_buf_t* out, const ts_bind_t* bind, ts_error_t* error) {
  uint8_t type = bind->type > 0 && bind->type <= TS_DECIMAL64 ? (uint8_t) bind->type : 0;
  if (bind->nulls[0] != 0) {
    ts_buf_text(out, "NULL");
    return 0;
  }
  bool fixed = ts_type_is_number(type) || type == TS_BOOL || type == TS_TIMESTAMP;
  if (fixed) return put_fixed(out, bind, error);
  bool text = ts_type_is_text(type);
  if (!text && type != TS_VARBINARY) return ts_unsupported(error, "a parameter of this type");
  if (bind->lengths == NULL) return TS_E_POISON;
  uint32_t size = ts_get_u32(bind->lengths);
  if (size > bind->size) return TS_E_POISON;
  if (text) {
    put_text(out, bind->data, size);
  } else {
    put_hex(out, bind->data, size);
  }
  return 0;
}

/* ---- the text ---- */

/* Without parameters they are NULL, and 1 where only a number can stand. */
static int substitute(const ts_stmt_t* stmt, const ts_bind_t* params, ts_buf_t* out,
                      ts_error_t* error) {
  ts_lex_t lex;
  ts_error_t ignored;
  const char* at = stmt->text;
  uint32_t index = 0;
  int status = 0;
  ts_lex_init(&lex, stmt->text, stmt->text_size, &ignored);
  for (bool number = false; lex.token.kind != TS_T_END && status == 0; ts_lex_advance(&lex)) {
    if (ts_lex_is_op(&lex, "?") && index < stmt->sql.nparams) {
      ts_buf_add(out, at, (size_t) (lex.token.at - at));
      ts_buf_text(out, " ");
      if (params == NULL) {
        ts_buf_text(out, number ? "1" : "NULL");
      } else {
        status = put_literal(out, &params[index], error);
      }
      ts_buf_text(out, " ");
      at = lex.token.at + lex.token.size;
      index++;
    } else if (!ts_lex_is_op(&lex, ",")) {
      number = ts_lex_is(&lex, "limit") || ts_lex_is(&lex, "offset") ||
               (number && lex.token.kind == TS_T_INT);
    }
  }
  ts_buf_add(out, at, (size_t) (lex.token.at - at));
  return status;
}

static int run(ts_stmt_t* stmt, const ts_bind_t* params, bool dry, ts_error_t* error) {
  ts_buf_t text = {0};
  ts_outcome_t outcome = {0};
  int status = substitute(stmt, params, &text, error);
  if (status == 0)
    status = ts_sql_run(stmt->store, stmt->env, (const char*) text.data, text.size, dry, &outcome,
                        error);
  ts_buf_free(&text);
  if (status == 0 && !dry) stmt->result = outcome.result;
  return status;
}

int ts_stmt_query_check(ts_stmt_t* stmt, ts_error_t* error) {
  int status = run(stmt, NULL, true, error);
  return status == TS_E_UNSUPPORTED ? 0 : status; /* it may depend on a parameter's type */
}

int ts_stmt_query(ts_stmt_t* stmt, const ts_bind_t* params, ts_error_t* error) {
  ts_result_unref(stmt->result);
  stmt->result = NULL;
  return run(stmt, params, false, error);
}
