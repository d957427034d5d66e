/* Gives every node of an expression its type and every name what it stands for. */
#include <stdio.h>
#include <string.h>

#include "query/expr.h"
#include "query/function.h"

static int unknown_column(ts_scope_t* scope, const ts_node_t* node) {
  return ts_error(scope->sql->error, TS_E_COLUMN, "Invalid column name: %.*s", (int) node->size,
                  node->at);
}

static bool is_pseudo(const char* name) {
  static const char* const names[] = {"_wstart", "_wend",      "_wduration", "_qstart",
                                      "_qend",   "_qduration", "_irowts",    "_isfilled"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

static int resolve_column(ts_scope_t* scope, ts_node_t* node) {
  if (scope->table == NULL) return unknown_column(scope, node);
  if (node->qualifier != NULL && strcmp(node->qualifier, scope->alias) != 0 &&
      strcmp(node->qualifier, scope->table->name) != 0)
    return unknown_column(scope, node);
  const ts_family_t* family = scope->table->family;
  bool time = strcmp(node->name, "_rowts") == 0 || strcmp(node->name, "_c0") == 0;
  int column = time ? 0 : ts_family_column(family, node->name);
  if (column >= 0) {
    node->where = TS_COL_DATA;
    node->index = (unsigned) column;
    node->type = family->columns[column].type;
    scope->columns = true;
    return 0;
  }
  int tag = ts_family_tag(family, node->name);
  if (tag >= 0) {
    node->where = TS_COL_TAG;
    node->index = (unsigned) tag;
    node->type = family->tags[tag].type;
    scope->tags = true;
    return 0;
  }
  if (strcmp(node->name, "tbname") == 0) {
    node->where = TS_COL_TBNAME;
    node->type = ts_type_var(TS_VARCHAR, 270);
    if (scope->table->kind != TS_PLAIN) scope->tags = true;
    return 0;
  }
  if (is_pseudo(node->name)) return ts_unsupported(scope->sql->error, node->name);
  return unknown_column(scope, node);
}

static int resolve_arith(ts_scope_t* scope, ts_node_t* node) {
  const ts_node_t* a = node->args;
  const ts_node_t* b = a->next;
  node->type = ts_type_of(TS_DOUBLE);
  bool plus = *node->op == '+';
  bool minus = *node->op == '-';
  bool a_time = a->type.type == TS_TIMESTAMP;
  bool b_time = b->type.type == TS_TIMESTAMP;
  if (a_time && b->kind == TS_N_DURATION && (plus || minus)) {
    node->type = ts_type_of(TS_TIMESTAMP);
    return 0;
  }
  if (a_time && b_time && minus) {
    node->type = ts_type_of(TS_BIGINT);
    return 0;
  }
  if (strchr("%&|", *node->op) != NULL)
    return ts_unsupported(scope->sql->error, "the operators %, & and |");
  bool a_ok = ts_type_is_number(a->type.type) || a->type.type == TS_BOOL || a->kind == TS_N_NULL;
  bool b_ok = ts_type_is_number(b->type.type) || b->type.type == TS_BOOL || b->kind == TS_N_NULL;
  if (a_ok && b_ok) return 0;
  return ts_unsupported(scope->sql->error, "arithmetic with these types");
}

static int resolve_literal(ts_scope_t* scope, ts_node_t* node) {
  switch (node->kind) {
    case TS_N_NULL: node->type = ts_type_var(TS_VARCHAR, 0); break;
    case TS_N_BOOL: node->type = ts_type_of(TS_BOOL); break;
    case TS_N_REAL: node->type = ts_type_of(TS_DOUBLE); break;
    case TS_N_DURATION: node->type = ts_type_of(TS_BIGINT); break;
    case TS_N_INT: {
      bool wide = node->integer > (uint64_t) INT64_MAX + (node->negated ? 1u : 0u);
      if (wide && node->negated) return ts_unsupported(scope->sql->error, "so small an integer");
      node->type = ts_type_of(wide ? TS_UBIGINT : TS_BIGINT);
      break;
    }
    default: {
      char* text = ts_arena_alloc(&scope->sql->arena, node->token.size);
      node->type = ts_type_var(TS_VARCHAR, (uint32_t) ts_lex_unescape(&node->token, text));
      break;
    }
  }
  return 0;
}

static int resolve_cast(ts_scope_t* scope, ts_node_t* node) {
  uint8_t to = node->type.type;
  uint8_t from = node->args->type.type;
  bool number = ts_type_is_number(from) || from == TS_BOOL;
  bool integer = ts_type_is_integer(from) || from == TS_BOOL || from == TS_TIMESTAMP;
  bool ok = false;
  if (node->args->kind == TS_N_NULL) {
    ok = true;
  } else if (to == TS_TIMESTAMP || to == TS_BIGINT) {
    ok = integer;
  } else if (to == TS_DOUBLE) {
    ok = number;
  } else if (ts_type_is_text(to)) {
    ok = (integer && from != TS_BOOL && from != TS_UBIGINT) || ts_type_is_text(from);
  }
  return ok ? 0 : ts_unsupported(scope->sql->error, "this CAST");
}

static int resolve_call(ts_scope_t* scope, ts_node_t* call) {
  int status = ts_function_find(scope, call);
  if (status != 0) return status;
  bool aggregate = ts_expr_is_aggregate(call);
  if (aggregate) scope->in_aggregate = true;
  for (ts_node_t* arg = call->args; arg != NULL && status == 0; arg = arg->next)
    if (!aggregate || arg->kind != TS_N_STAR) status = ts_expr_resolve(scope, arg);
  if (aggregate) scope->in_aggregate = false;
  return status != 0 ? status : ts_function_type(scope, call);
}

int ts_expr_resolve(ts_scope_t* scope, ts_node_t* node) {
  if (node->kind == TS_N_CALL) return resolve_call(scope, node);
  for (ts_node_t* arg = node->args; arg != NULL; arg = arg->next) {
    int status = ts_expr_resolve(scope, arg);
    if (status != 0) return status;
  }
  switch (node->kind) {
    case TS_N_COLUMN: return resolve_column(scope, node);
    case TS_N_STAR: return ts_lex_syntax(&scope->sql->lex);
    case TS_N_CAST: return resolve_cast(scope, node);
    case TS_N_ARITH: return resolve_arith(scope, node);
    case TS_N_NEGATE:
      node->type = ts_type_of(TS_DOUBLE);
      if (ts_type_is_number(node->args->type.type)) return 0;
      return ts_unsupported(scope->sql->error, "arithmetic with these types");
    case TS_N_NOT:
    case TS_N_LOGIC:
    case TS_N_COMPARE:
    case TS_N_LIKE:
    case TS_N_IS_NULL:
    case TS_N_IN:
    case TS_N_BETWEEN: node->type = ts_type_of(TS_BOOL); return 0;
    default: return resolve_literal(scope, node);
  }
}
