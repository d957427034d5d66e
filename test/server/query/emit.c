/* Expressions written as SQLite's SQL, with texts and bytes as parameters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decimal.h"
#include "query/cell.h"
#include "query/expr.h"
#include "query/function.h"

static int bad_value(const ts_emit_t* emit, const ts_node_t* node) {
  return ts_error(emit->scope->sql->error, TS_E_VALUE_TYPE, "Invalid value type: %.*s",
                  (int) (node->size > 128 ? 128 : node->size), node->at);
}

static int emit_real(ts_emit_t* emit, const char* text, size_t size, bool negated) {
  char digits[128];
  if (size >= sizeof digits) return ts_emit_error(emit, "so long a number");
  memcpy(digits, text, size);
  digits[size] = '\0';
  double value = strtod(digits, NULL);
  if (isinf(value)) return ts_emit_error(emit, "so great a number");
  snprintf(digits, sizeof digits, "%.17g", negated ? -value : value);
  ts_buf_text(&emit->text, digits);
  if (strpbrk(digits, ".e") == NULL) ts_buf_text(&emit->text, ".0");
  return 0;
}

static int emit_int(ts_emit_t* emit, const ts_node_t* node, bool raw) {
  if (node->type.type == TS_UBIGINT && !raw)
    return emit_real(emit, node->token.at, node->token.size, false);
  if (node->type.type == TS_UBIGINT) {
    ts_buf_format(&emit->text, "%lld", (long long) (int64_t) node->integer);
    return 0;
  }
  if (node->negated) ts_buf_text(&emit->text, "-");
  ts_buf_decimal(&emit->text, node->integer);
  return 0;
}

static void emit_column(ts_emit_t* emit, const ts_node_t* node, bool raw) {
  bool wrap = node->type.type == TS_UBIGINT && !raw;
  if (wrap) ts_buf_text(&emit->text, "ts_u64(");
  if (node->where == TS_COL_DATA) {
    ts_buf_format(&emit->text, "d.c%u", node->index);
  } else if (node->where == TS_COL_TAG) {
    ts_buf_format(&emit->text, "g.t%u", node->index);
  } else if (emit->scope->table->kind != TS_PLAIN) {
    ts_buf_text(&emit->text, "g.tbname");
  } else {
    ts_emit_text(emit, emit->scope->table->name, strlen(emit->scope->table->name));
  }
  if (wrap) ts_buf_text(&emit->text, ")");
}

/* ---- operands of comparisons: a literal takes the other side's type ---- */

static int emit_time_literal(ts_emit_t* emit, const ts_node_t* node) {
  int64_t value;
  int status = ts_time_parse(node->token.at + 1, node->token.size - 2, emit->scope->precision,
                             &emit->scope->sql->env->zone, &value);
  if (status == 2) return ts_emit_error(emit, "a local time of this connection's zone");
  if (status != 0) return bad_value(emit, node);
  ts_buf_format(&emit->text, "%lld", (long long) value);
  return 0;
}

static int emit_number_literal(ts_emit_t* emit, const ts_node_t* node) {
  ts_lex_t lex;
  ts_error_t ignored;
  ts_lex_init(&lex, node->token.at + 1, node->token.size - 2, &ignored);
  bool negative = ts_lex_take_op(&lex, "-");
  ts_token_t token = lex.token;
  uint64_t value;
  ts_lex_advance(&lex);
  if (lex.token.kind != TS_T_END) return bad_value(emit, node);
  if (token.kind == TS_T_INT && ts_lex_int(&token, &value) && value <= INT64_MAX) {
    ts_buf_format(&emit->text, "%s%llu", negative ? "-" : "", (unsigned long long) value);
    return 0;
  }
  if (token.kind != TS_T_INT && token.kind != TS_T_FLOAT) return bad_value(emit, node);
  return emit_real(emit, token.at, token.size, negative);
}

static int emit_decimal_literal(ts_emit_t* emit, const ts_node_t* node, ts_type_t type) {
  const char* text = node->token.at;
  size_t size = node->token.size;
  if (node->kind == TS_N_STRING) {
    text++;
    size -= 2;
  }
  ts_i128_t value = 0;
  if (!ts_decimal_fits(text, size, type.scale) ||
      ts_decimal_parse(text, size, 38, type.scale, &value) != 0)
    return ts_emit_error(emit, "a decimal compared with this number");
  if (node->negated) value = -value;
  if (type.type == TS_DECIMAL) {
    uint8_t key[16];
    ts_decimal_key(value, key);
    ts_emit_bytes(emit, key, sizeof key);
  } else if (value > INT64_MAX || value < INT64_MIN) {
    return ts_emit_error(emit, "a decimal compared with this number");
  } else {
    ts_buf_format(&emit->text, "%lld", (long long) value);
  }
  return 0;
}

static int emit_bytes_literal(ts_emit_t* emit, const ts_node_t* node) {
  size_t size;
  uint8_t* bytes = ts_cell_hex(emit->scope->sql, &node->token, &size);
  if (bytes == NULL) return bad_value(emit, node);
  ts_emit_bytes(emit, bytes, size);
  return 0;
}

typedef enum {
  KIND_NULL,
  KIND_NUMBER,
  KIND_TIME,
  KIND_TEXT,
  KIND_DECIMAL,
  KIND_BYTES,
  KIND_OTHER
} kind_t;

static kind_t kind_of(const ts_node_t* node) {
  uint8_t type = node->type.type;
  if (node->kind == TS_N_NULL) return KIND_NULL;
  if (ts_type_is_number(type) || type == TS_BOOL) return KIND_NUMBER;
  if (type == TS_TIMESTAMP) return KIND_TIME;
  if (ts_type_is_text(type)) return KIND_TEXT;
  if (ts_type_is_decimal(type)) return KIND_DECIMAL;
  return type == TS_VARBINARY || type == TS_BLOB ? KIND_BYTES : KIND_OTHER;
}

static int emit_operand(ts_emit_t* emit, const ts_node_t* node, const ts_node_t* other) {
  kind_t mine = kind_of(node);
  kind_t theirs = kind_of(other);
  if (mine == KIND_NULL) return ts_expr_emit(emit, node, false);
  if (mine == KIND_OTHER) return ts_emit_error(emit, "a comparison with this type");
  if (theirs == KIND_NULL) return ts_expr_emit(emit, node, false);
  if (mine == KIND_DECIMAL && theirs == KIND_DECIMAL &&
      (node->type.type != other->type.type || node->type.scale != other->type.scale))
    return ts_emit_error(emit, "a comparison of decimals of different scales");
  if (mine == theirs) return ts_expr_emit(emit, node, false);
  if (node->kind == TS_N_STRING) {
    if (theirs == KIND_TIME) return emit_time_literal(emit, node);
    if (theirs == KIND_NUMBER) return emit_number_literal(emit, node);
    if (theirs == KIND_DECIMAL) return emit_decimal_literal(emit, node, other->type);
    if (theirs == KIND_BYTES) return emit_bytes_literal(emit, node);
  }
  if (theirs == KIND_DECIMAL && (node->kind == TS_N_INT || node->kind == TS_N_REAL))
    return emit_decimal_literal(emit, node, other->type);
  bool literal = other->kind == TS_N_STRING || other->kind == TS_N_INT || other->kind == TS_N_REAL;
  bool times = (mine == KIND_TIME || mine == KIND_NUMBER) &&
               (theirs == KIND_TIME || theirs == KIND_NUMBER);
  if (times || (literal && (mine == KIND_DECIMAL || other->kind == TS_N_STRING)))
    return ts_expr_emit(emit, node, false);
  return ts_emit_error(emit, "a comparison of these types");
}

static int emit_pair(ts_emit_t* emit, const ts_node_t* a, const char* op, const ts_node_t* b) {
  ts_buf_text(&emit->text, "(");
  int status = emit_operand(emit, a, b);
  ts_buf_text(&emit->text, op);
  if (status == 0) status = emit_operand(emit, b, a);
  ts_buf_text(&emit->text, ")");
  return status;
}

static int emit_like(ts_emit_t* emit, const ts_node_t* node) {
  const ts_node_t* a = node->args;
  if (kind_of(a) != KIND_TEXT || kind_of(a->next) != KIND_TEXT)
    return ts_emit_error(emit, "LIKE with this type");
  ts_buf_text(&emit->text, "(");
  int status = ts_expr_emit(emit, a, false);
  ts_buf_text(&emit->text, node->negated ? " NOT LIKE " : " LIKE ");
  if (status == 0) status = ts_expr_emit(emit, a->next, false);
  ts_buf_text(&emit->text, " ESCAPE '\\')");
  return status;
}

static int emit_in(ts_emit_t* emit, const ts_node_t* node) {
  const ts_node_t* value = node->args;
  ts_buf_text(&emit->text, "(");
  int status = emit_operand(emit, value, value->next);
  ts_buf_text(&emit->text, node->negated ? " NOT IN(" : " IN(");
  for (const ts_node_t* item = value->next; item != NULL && status == 0; item = item->next) {
    status = emit_operand(emit, item, value);
    if (item->next != NULL) ts_buf_text(&emit->text, ",");
  }
  ts_buf_text(&emit->text, "))");
  return status;
}

static int emit_between(ts_emit_t* emit, const ts_node_t* node) {
  const ts_node_t* value = node->args;
  ts_buf_text(&emit->text, node->negated ? "(NOT(" : "((");
  int status = emit_pair(emit, value, ">=", value->next);
  ts_buf_text(&emit->text, " AND ");
  if (status == 0) status = emit_pair(emit, value, "<=", value->next->next);
  ts_buf_text(&emit->text, "))");
  return status;
}

static int emit_arith(ts_emit_t* emit, const ts_node_t* node) {
  const ts_node_t* a = node->args;
  const ts_node_t* b = a->next;
  int status = 0;
  if (node->type.type == TS_DOUBLE) {
    ts_buf_text(&emit->text, "(CAST(");
    status = ts_expr_emit(emit, a, false);
    ts_buf_format(&emit->text, " AS REAL)%sCAST(", node->op);
    if (status == 0) status = ts_expr_emit(emit, b, false);
    ts_buf_text(&emit->text, " AS REAL))");
    return status;
  }
  ts_buf_text(&emit->text, "(");
  status = ts_expr_emit(emit, a, false);
  ts_buf_text(&emit->text, node->op);
  ts_buf_text(&emit->text, " ");
  if (status == 0) status = ts_expr_emit(emit, b, false);
  ts_buf_text(&emit->text, ")");
  return status;
}

static int emit_cast(ts_emit_t* emit, const ts_node_t* node) {
  uint8_t to = node->type.type;
  bool text = ts_type_is_text(to);
  ts_buf_text(&emit->text, text ? "substr(CAST(" : "CAST(");
  int status = ts_expr_emit(emit, node->args, false);
  ts_buf_text(&emit->text, text ? " AS TEXT)" : to == TS_DOUBLE ? " AS REAL)" : " AS INTEGER)");
  if (text) ts_buf_format(&emit->text, ",1,%u)", node->type.width);
  return status;
}

static int emit_wrapped(ts_emit_t* emit, const char* before, const ts_node_t* node,
                        const char* after) {
  ts_buf_text(&emit->text, before);
  int status = ts_expr_emit(emit, node, false);
  ts_buf_text(&emit->text, after);
  return status;
}

static int emit_string(ts_emit_t* emit, const ts_node_t* node) {
  char* text = ts_arena_alloc(&emit->scope->sql->arena, node->token.size);
  ts_emit_text(emit, text, ts_lex_unescape(&node->token, text));
  return 0;
}

static int emit_duration(ts_emit_t* emit, const ts_node_t* node) {
  int64_t value;
  if (ts_duration_parse(node->token.at, node->token.size, emit->scope->precision, &value) != 0)
    return ts_emit_error(emit, "this duration");
  ts_buf_format(&emit->text, "%lld", (long long) value);
  return 0;
}

static int emit_logic(ts_emit_t* emit, const ts_node_t* node) {
  int status = emit_wrapped(emit, "(", node->args, node->op[0] == 'A' ? " AND " : " OR ");
  return status != 0 ? status : emit_wrapped(emit, "", node->args->next, ")");
}

static int emit_form(ts_emit_t* emit, const ts_node_t* args, const ts_call_form_t* form) {
  int status = 0;
  ts_buf_text(&emit->text, form->before);
  for (const ts_node_t* arg = args; arg != NULL && status == 0; arg = arg->next) {
    if (arg != args) ts_buf_text(&emit->text, form->between);
    status = ts_expr_emit(emit, arg, form->raw);
  }
  ts_buf_text(&emit->text, form->after);
  return status;
}

static int emit_call(ts_emit_t* emit, const ts_node_t* call) {
  ts_call_form_t forms[2];
  size_t count = ts_function_forms(call, forms);
  if (count == 0) return ts_function_emit(emit, call);
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) status = emit_form(emit, call->args, &forms[i]);
  return status;
}

int ts_expr_emit(ts_emit_t* emit, const ts_node_t* node, bool raw) {
  switch (node->kind) {
    case TS_N_NULL: ts_buf_text(&emit->text, "NULL"); return 0;
    case TS_N_BOOL: ts_buf_text(&emit->text, node->integer != 0 ? "1" : "0"); return 0;
    case TS_N_INT: return emit_int(emit, node, raw);
    case TS_N_REAL: return emit_real(emit, node->token.at, node->token.size, node->negated);
    case TS_N_STRING: return emit_string(emit, node);
    case TS_N_DURATION: return emit_duration(emit, node);
    case TS_N_COLUMN: emit_column(emit, node, raw); return 0;
    case TS_N_CALL: return emit_call(emit, node);
    case TS_N_CAST: return emit_cast(emit, node);
    case TS_N_NEGATE: return emit_wrapped(emit, "(-CAST(", node->args, " AS REAL))");
    case TS_N_NOT: return emit_wrapped(emit, "(NOT ", node->args, ")");
    case TS_N_LOGIC: return emit_logic(emit, node);
    case TS_N_COMPARE: return emit_pair(emit, node->args, node->op, node->args->next);
    case TS_N_LIKE: return emit_like(emit, node);
    case TS_N_IS_NULL:
      return emit_wrapped(emit, "(", node->args, node->negated ? " IS NOT NULL)" : " IS NULL)");
    case TS_N_IN: return emit_in(emit, node);
    case TS_N_BETWEEN: return emit_between(emit, node);
    case TS_N_ARITH: return emit_arith(emit, node);
    case TS_N_STAR: break;
  }
  return ts_emit_error(emit, "* here");
}
