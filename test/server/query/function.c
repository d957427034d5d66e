/* The functions of TDengine's SQL that this server has: aggregates, text, and the session's. */
#include <string.h>

#include "query/function.h"

typedef enum {
  F_COUNT,
  F_SUM,
  F_AVG,
  F_MIN,
  F_MAX,
  F_SPREAD,
  F_FIRST,
  F_LAST,
  F_LAST_ROW, /* aggregates */
  F_ABS,
  F_LOWER,
  F_UPPER,
  F_LENGTH,
  F_CHAR_LENGTH,
  F_CONCAT,
  F_NOW,
  F_TODAY,
  F_TIMEZONE,
  F_DATABASE,
  F_SERVER_VERSION,
  F_CLIENT_VERSION,
  F_SERVER_STATUS
} function_t;

static const struct {
  const char* name;
  function_t function;
  unsigned min_args;
  unsigned max_args;
} functions[] = {
    {"count", F_COUNT, 1, 1},
    {"sum", F_SUM, 1, 1},
    {"avg", F_AVG, 1, 1},
    {"min", F_MIN, 1, 1},
    {"max", F_MAX, 1, 1},
    {"spread", F_SPREAD, 1, 1},
    {"first", F_FIRST, 1, 1},
    {"last", F_LAST, 1, 1},
    {"last_row", F_LAST_ROW, 1, 1},
    {"abs", F_ABS, 1, 1},
    {"lower", F_LOWER, 1, 1},
    {"upper", F_UPPER, 1, 1},
    {"length", F_LENGTH, 1, 1},
    {"char_length", F_CHAR_LENGTH, 1, 1},
    {"concat", F_CONCAT, 2, 8},
    {"now", F_NOW, 0, 0},
    {"today", F_TODAY, 0, 0},
    {"timezone", F_TIMEZONE, 0, 0},
    {"database", F_DATABASE, 0, 0},
    {"server_version", F_SERVER_VERSION, 0, 0},
    {"client_version", F_CLIENT_VERSION, 0, 0},
    {"server_status", F_SERVER_STATUS, 0, 0},
};

static int find(const char* name) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strcmp(functions[i].name, name) == 0) return (int) i;
  return -1;
}

bool ts_expr_is_aggregate(const ts_node_t* node) {
  if (node->kind != TS_N_CALL) return false;
  int at = find(node->name);
  return at >= 0 && functions[at].function <= F_LAST_ROW;
}

static int refuse(ts_scope_t* scope, const ts_node_t* call, const char* why) {
  return ts_error(scope->sql->error, TS_E_UNSUPPORTED, "Operation not supported: %.*s: %s",
                  (int) (call->size > 128 ? 128 : call->size), call->at, why);
}

static int aggregate_type(ts_scope_t* scope, ts_node_t* call, ts_type_t arg) {
  uint8_t type = arg.type;
  bool number = ts_type_is_number(type) || type == TS_BOOL;
  bool decimal = ts_type_is_decimal(type);
  switch ((function_t) call->function) {
    case F_COUNT: call->type = ts_type_of(TS_BIGINT); return 0;
    case F_SUM:
      if (type == TS_UBIGINT) break;
      if (!number && !decimal) break;
      call->type = decimal                                 ? ts_type_decimal(38, arg.scale)
                   : ts_type_is_unsigned(type)             ? ts_type_of(TS_UBIGINT)
                   : type == TS_FLOAT || type == TS_DOUBLE ? ts_type_of(TS_DOUBLE)
                                                           : ts_type_of(TS_BIGINT);
      return 0;
    case F_AVG:
    case F_SPREAD:
      if (!number && !(type == TS_TIMESTAMP && call->function == F_SPREAD)) break;
      call->type = ts_type_of(TS_DOUBLE);
      return 0;
    case F_MIN:
    case F_MAX:
      if (type == TS_UBIGINT) break;
      if (!number && !decimal && !ts_type_is_text(type) && type != TS_TIMESTAMP) break;
      call->type = arg;
      return 0;
    default: call->type = arg; return 0; /* first, last, last_row */
  }
  return refuse(scope, call, "with this type");
}

static int find_aggregate(ts_scope_t* scope, ts_node_t* call) {
  if (scope->in_aggregate) return refuse(scope, call, "inside another aggregate");
  if (scope->table == NULL) return refuse(scope, call, "without a table");
  scope->aggregates = true;
  scope->columns = true;
  if (call->function == F_COUNT) scope->counts = true;
  bool star = call->args->kind == TS_N_STAR;
  return star && call->function != F_COUNT ? refuse(scope, call, "of *") : 0;
}

static int resolve_text(ts_scope_t* scope, ts_node_t* call) {
  ts_type_t first = call->args->type;
  uint32_t width = 0;
  for (const ts_node_t* arg = call->args; arg != NULL; arg = arg->next) {
    if (!ts_type_is_text(arg->type.type) || arg->type.type != first.type)
      return refuse(scope, call, "with this type");
    width += arg->type.width;
  }
  bool count = call->function == F_LENGTH || call->function == F_CHAR_LENGTH;
  if (call->function == F_LENGTH && first.type == TS_NCHAR)
    return refuse(scope, call, "with this type");
  call->type = count ? ts_type_of(TS_BIGINT) : ts_type_var(first.type, width);
  return 0;
}

/* The text of a function of the session. */
static void session_text(const ts_scope_t* scope, const ts_node_t* call, char text[128]) {
  const ts_env_t* env = scope->sql->env;
  const char* value = call->function == F_DATABASE ? env->db : env->version;
  if (call->function == F_TIMEZONE) {
    ts_zone_text(&env->zone, text, 128);
    return;
  }
  size_t size = strlen(value) < 127 ? strlen(value) : 127;
  memcpy(text, value, size);
  text[size] = '\0';
}

static int resolve_session(ts_scope_t* scope, ts_node_t* call) {
  char text[128];
  scope->impure = true;
  switch ((function_t) call->function) {
    case F_NOW:
    case F_TODAY: call->type = ts_type_of(TS_TIMESTAMP); return 0;
    case F_SERVER_STATUS: call->type = ts_type_of(TS_INT); return 0;
    case F_TIMEZONE:
      if (!scope->sql->env->zone.known) return refuse(scope, call, "in this connection's zone");
      break;
    default: break;
  }
  session_text(scope, call, text);
  call->type = ts_type_var(TS_VARCHAR, (uint32_t) strlen(text));
  return 0;
}

int ts_function_find(ts_scope_t* scope, ts_node_t* call) {
  int at = find(call->name);
  if (at < 0) return refuse(scope, call, "no such function here");
  unsigned count = 0;
  for (const ts_node_t* arg = call->args; arg != NULL; arg = arg->next) count++;
  if (count < functions[at].min_args || count > functions[at].max_args)
    return ts_error(scope->sql->error, 10241, "Invalid number of parameters : %s", call->name);
  call->function = (int) functions[at].function;
  return call->function <= F_LAST_ROW ? find_aggregate(scope, call) : 0;
}

int ts_function_type(ts_scope_t* scope, ts_node_t* call) {
  if (call->function <= F_LAST_ROW) return aggregate_type(scope, call, call->args->type);
  if (call->function >= F_NOW) return resolve_session(scope, call);
  if (call->function >= F_LOWER) return resolve_text(scope, call);
  call->type = call->args->type; /* abs */
  bool ok = ts_type_is_number(call->type.type) && call->type.type != TS_UBIGINT;
  return ok ? 0 : refuse(scope, call, "with this type");
}

size_t ts_function_forms(const ts_node_t* call, ts_call_form_t forms[2]) {
  static const struct {
    ts_call_form_t first, second;
  } known[] = {
      [F_COUNT] = {{"count(", "", ")", false}, {0}},
      [F_SUM] = {{"sum(", "", ")", false}, {0}},
      [F_AVG] = {{"avg(", "", ")", false}, {0}},
      [F_MIN] = {{"min(", "", ")", false}, {0}},
      [F_MAX] = {{"max(", "", ")", false}, {0}},
      [F_SPREAD] = {{"(CAST(max(", "", ")AS REAL)-", false}, {"min(", "", "))", false}},
      [F_FIRST] = {{"ts_first(d.c0,", "", ")", true}, {0}},
      [F_LAST] = {{"ts_last(d.c0,", "", ")", true}, {0}},
      [F_LAST_ROW] = {{"ts_last_row(d.c0,", "", ")", true}, {0}},
      [F_ABS] = {{"abs(", "", ")", false}, {0}},
      [F_LOWER] = {{"lower(", "", ")", false}, {0}},
      [F_UPPER] = {{"upper(", "", ")", false}, {0}},
      [F_LENGTH] = {{"length(CAST(", "", " AS BLOB))", false}, {0}},
      [F_CHAR_LENGTH] = {{"length(", "", ")", false}, {0}},
      [F_CONCAT] = {{"(", "||", ")", false}, {0}},
  };
  if (call->function >= F_NOW || call->args->kind == TS_N_STAR) return 0;
  forms[0] = known[call->function].first;
  forms[1] = known[call->function].second;
  if (call->function == F_SUM && ts_type_is_decimal(call->args->type.type))
    forms[0].before = "ts_decimal_sum(";
  return forms[1].before != NULL ? 2 : 1;
}

int ts_function_emit(ts_emit_t* emit, const ts_node_t* call) {
  char text[128];
  const ts_scope_t* scope = emit->scope;
  if (call->function == F_COUNT) { /* of * */
    ts_buf_text(&emit->text, "count(*)");
    return 0;
  }
  if (call->function == F_NOW || call->function == F_TODAY) {
    int64_t value = call->function == F_NOW ? ts_now(scope->precision)
                                            : ts_today(scope->precision, &scope->sql->env->zone);
    ts_buf_format(&emit->text, "%lld", (long long) value);
    return 0;
  }
  if (call->function == F_SERVER_STATUS) {
    ts_buf_text(&emit->text, "1");
    return 0;
  }
  session_text(scope, call, text);
  if (call->function == F_DATABASE && *text == '\0') {
    ts_buf_text(&emit->text, "NULL");
  } else {
    ts_emit_text(emit, text, strlen(text));
  }
  return 0;
}
