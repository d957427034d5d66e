/* Expressions read into trees, by one function per level of precedence. */
#include <string.h>

#include "query/expr.h"
#include "query/type_name.h"

#define MAX_DEPTH 500u

static int parse_or(ts_sql_t* sql, ts_node_t** node);
static int parse_sum(ts_sql_t* sql, ts_node_t** node);

static ts_node_t* make(ts_sql_t* sql, ts_node_kind_t kind, const char* at) {
  ts_node_t* node = ts_arena_alloc(&sql->arena, sizeof *node);
  node->kind = kind;
  node->at = at;
  node->depth = 1;
  return node;
}

/* Gives a node its text and its depth when its last token has been read. */
static int finish(ts_sql_t* sql, ts_node_t* node) {
  node->size = (size_t) (sql->lex.last - node->at);
  for (const ts_node_t* arg = node->args; arg != NULL; arg = arg->next)
    if (arg->depth >= node->depth) node->depth = arg->depth + 1;
  return node->depth > MAX_DEPTH ? ts_unsupported(sql->error, "so deep an expression") : 0;
}

static char* copy_name(ts_sql_t* sql, const char* name) {
  size_t size = strlen(name) + 1;
  return memcpy(ts_arena_alloc(&sql->arena, size), name, size);
}

static int parse_list(ts_sql_t* sql, ts_node_t** end) {
  int status;
  do {
    status = ts_expr_parse(sql, end);
    if (status == 0) end = &(*end)->next;
  } while (status == 0 && ts_lex_take_op(&sql->lex, ","));
  return status != 0 ? status : ts_lex_expect_op(&sql->lex, ")");
}

static int parse_cast(ts_sql_t* sql, ts_node_t* node) {
  node->kind = TS_N_CAST;
  int status = ts_expr_parse(sql, &node->args);
  if (status == 0) status = ts_lex_expect(&sql->lex, "as");
  if (status == 0) status = ts_sql_type(sql, &node->type);
  if (status == 0) status = ts_lex_expect_op(&sql->lex, ")");
  return status != 0 ? status : finish(sql, node);
}

/* What follows `name(`. */
static int parse_call(ts_sql_t* sql, ts_node_t* node) {
  node->kind = TS_N_CALL;
  if (strcmp(node->name, "cast") == 0) return parse_cast(sql, node);
  int status = 0;
  if (ts_lex_is_op(&sql->lex, "*")) {
    node->args = make(sql, TS_N_STAR, sql->lex.token.at);
    ts_lex_advance(&sql->lex);
    status = ts_lex_expect_op(&sql->lex, ")");
  } else if (!ts_lex_take_op(&sql->lex, ")")) {
    status = parse_list(sql, &node->args);
  }
  return status != 0 ? status : finish(sql, node);
}

/* A column, qualified or not, a call, or now and today without parentheses. */
static int parse_name(ts_sql_t* sql, ts_node_t* node) {
  char name[TS_TABLE_MAX + 1];
  ts_lex_t before = sql->lex;
  bool plain = before.token.kind == TS_T_WORD;
  int status = ts_lex_word(&sql->lex, name, TS_TABLE_MAX);
  if (status != 0) return status;
  node->name = copy_name(sql, name);
  if (plain && ts_lex_take_op(&sql->lex, "(")) return parse_call(sql, node);
  if (plain && ts_word_is_reserved(before.token.at, before.token.size)) {
    sql->lex = before;
    return ts_lex_syntax(&sql->lex);
  }
  if (plain && (strcmp(name, "now") == 0 || strcmp(name, "today") == 0)) {
    node->kind = TS_N_CALL;
    return finish(sql, node);
  }
  if (!ts_lex_take_op(&sql->lex, ".")) return finish(sql, node);
  node->qualifier = node->name;
  if (ts_lex_take_op(&sql->lex, "*")) {
    node->kind = TS_N_STAR;
    return finish(sql, node);
  }
  status = ts_lex_name(&sql->lex, name, TS_TABLE_MAX);
  if (status != 0) return status;
  node->name = copy_name(sql, name);
  return finish(sql, node);
}

static int parse_literal(ts_sql_t* sql, ts_node_t* node) {
  static const ts_node_kind_t kinds[] = {[TS_T_STRING] = TS_N_STRING,
                                         [TS_T_INT] = TS_N_INT,
                                         [TS_T_FLOAT] = TS_N_REAL,
                                         [TS_T_DURATION] = TS_N_DURATION};
  node->token = sql->lex.token;
  node->kind = kinds[node->token.kind];
  if (node->kind == TS_N_INT && !ts_lex_int(&node->token, &node->integer)) node->kind = TS_N_REAL;
  ts_lex_advance(&sql->lex);
  return finish(sql, node);
}

static int parse_primary(ts_sql_t* sql, ts_node_t** out) {
  ts_lex_t* lex = &sql->lex;
  ts_node_t* node = make(sql, TS_N_COLUMN, lex->token.at);
  *out = node;
  if (ts_lex_take_op(lex, "(")) {
    if (ts_lex_is(lex, "select")) return ts_unsupported(sql->error, "a subquery");
    if (++sql->depth > MAX_DEPTH / 4) return ts_unsupported(sql->error, "so deep an expression");
    int status = parse_or(sql, out);
    sql->depth--;
    return status != 0 ? status : ts_lex_expect_op(lex, ")");
  }
  if (lex->token.kind >= TS_T_STRING && lex->token.kind <= TS_T_DURATION)
    return parse_literal(sql, node);
  if (ts_lex_is(lex, "true") || ts_lex_is(lex, "false")) {
    node->kind = TS_N_BOOL;
    node->integer = ts_lex_is(lex, "true");
    ts_lex_advance(lex);
    return finish(sql, node);
  }
  if (ts_lex_take(lex, "null")) {
    node->kind = TS_N_NULL;
    return finish(sql, node);
  }
  if (ts_lex_is(lex, "case")) return ts_unsupported(sql->error, "CASE");
  return parse_name(sql, node);
}

static int parse_unary(ts_sql_t* sql, ts_node_t** out) {
  const char* at = sql->lex.token.at;
  if (ts_lex_take_op(&sql->lex, "+")) return parse_unary(sql, out);
  if (!ts_lex_take_op(&sql->lex, "-")) {
    int status = parse_primary(sql, out);
    if (status == 0 && ts_lex_is_op(&sql->lex, "->"))
      return ts_unsupported(sql->error, "the -> of JSON tags");
    return status;
  }
  ts_node_t* node;
  if (++sql->depth > MAX_DEPTH / 4) return ts_unsupported(sql->error, "so deep an expression");
  int status = parse_unary(sql, &node);
  sql->depth--;
  if (status != 0) return status;
  if (node->kind == TS_N_INT || node->kind == TS_N_REAL) { /* a negative literal */
    node->negated = !node->negated;
    *out = node;
  } else {
    *out = make(sql, TS_N_NEGATE, at);
    (*out)->args = node;
  }
  (*out)->at = at;
  return finish(sql, *out);
}

static const char* match(ts_sql_t* sql, const char* const* ops) {
  for (; *ops != NULL; ops++)
    if (ts_lex_take_op(&sql->lex, *ops)) return *ops;
  return NULL;
}

/* left op right op right …, as a tree that leans left. */
static int parse_chain(ts_sql_t* sql, const char* const* ops,
                       int (*operand)(ts_sql_t* sql, ts_node_t** out), ts_node_t** out) {
  const char* at = sql->lex.token.at;
  int status = operand(sql, out);
  while (status == 0) {
    const char* op = match(sql, ops);
    if (op == NULL) break;
    ts_node_t* node = make(sql, TS_N_ARITH, at);
    node->op = op;
    node->args = *out;
    status = operand(sql, &node->args->next);
    *out = node;
    if (status == 0) status = finish(sql, node);
  }
  return status;
}

static int parse_product(ts_sql_t* sql, ts_node_t** out) {
  static const char* const ops[] = {"*", "/", "%", "&", NULL};
  return parse_chain(sql, ops, parse_unary, out);
}

static int parse_sum(ts_sql_t* sql, ts_node_t** out) {
  static const char* const ops[] = {"+", "-", "|", NULL};
  return parse_chain(sql, ops, parse_product, out);
}

static int parse_is_null(ts_sql_t* sql, ts_node_t* node) {
  node->kind = TS_N_IS_NULL;
  node->negated = ts_lex_take(&sql->lex, "not");
  int status = ts_lex_expect(&sql->lex, "null");
  return status != 0 ? status : finish(sql, node);
}

static int parse_between(ts_sql_t* sql, ts_node_t* node) {
  node->kind = TS_N_BETWEEN;
  int status = parse_sum(sql, &node->args->next);
  if (status == 0) status = ts_lex_expect(&sql->lex, "and");
  if (status == 0) status = parse_sum(sql, &node->args->next->next);
  return status != 0 ? status : finish(sql, node);
}

static int parse_in(ts_sql_t* sql, ts_node_t* node) {
  node->kind = TS_N_IN;
  int status = ts_lex_expect_op(&sql->lex, "(");
  if (status == 0) status = parse_list(sql, &node->args->next);
  return status != 0 ? status : finish(sql, node);
}

static int parse_predicate(ts_sql_t* sql, ts_node_t** out) {
  static const char* const ops[] = {"=", "<>", "!=", "<=", ">=", "<", ">", NULL};
  const char* at = sql->lex.token.at;
  int status = parse_sum(sql, out);
  if (status != 0) return status;
  ts_node_t* node = make(sql, TS_N_COMPARE, at);
  node->args = *out;
  node->op = match(sql, ops);
  if (node->op == NULL && ts_lex_take(&sql->lex, "is")) {
    *out = node;
    return parse_is_null(sql, node);
  }
  if (node->op == NULL) {
    node->negated = ts_lex_take(&sql->lex, "not");
    *out = node;
    if (ts_lex_take(&sql->lex, "between")) return parse_between(sql, node);
    if (ts_lex_take(&sql->lex, "in")) return parse_in(sql, node);
    if (ts_lex_is(&sql->lex, "match") || ts_lex_is(&sql->lex, "nmatch"))
      return ts_unsupported(sql->error, "regular expressions");
    if (!ts_lex_take(&sql->lex, "like")) {
      *out = node->args;
      return node->negated ? ts_lex_syntax(&sql->lex) : 0;
    }
    node->kind = TS_N_LIKE;
  }
  *out = node;
  status = parse_sum(sql, &node->args->next);
  return status != 0 ? status : finish(sql, node);
}

static int parse_not(ts_sql_t* sql, ts_node_t** out) {
  const char* at = sql->lex.token.at;
  if (!ts_lex_take(&sql->lex, "not")) return parse_predicate(sql, out);
  *out = make(sql, TS_N_NOT, at);
  if (++sql->depth > MAX_DEPTH / 4) return ts_unsupported(sql->error, "so deep an expression");
  int status = parse_not(sql, &(*out)->args);
  sql->depth--;
  return status != 0 ? status : finish(sql, *out);
}

static int parse_logic(ts_sql_t* sql, const char* word, const char* op,
                       int (*operand)(ts_sql_t* sql, ts_node_t** out), ts_node_t** out) {
  const char* at = sql->lex.token.at;
  int status = operand(sql, out);
  while (status == 0 && ts_lex_take(&sql->lex, word)) {
    ts_node_t* node = make(sql, TS_N_LOGIC, at);
    node->op = op;
    node->args = *out;
    status = operand(sql, &node->args->next);
    *out = node;
    if (status == 0) status = finish(sql, node);
  }
  return status;
}

static int parse_and(ts_sql_t* sql, ts_node_t** out) {
  return parse_logic(sql, "and", "AND", parse_not, out);
}

static int parse_or(ts_sql_t* sql, ts_node_t** out) {
  return parse_logic(sql, "or", "OR", parse_and, out);
}

int ts_expr_parse(ts_sql_t* sql, ts_node_t** node) {
  return parse_or(sql, node);
}
