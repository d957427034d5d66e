/* The functions of TDengine's SQL that this server has: aggregates, text, and the session's. */
#include <string.h>

#include "query/expr.h"

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

static int resolve_aggregate(ts_scope_t* scope, ts_node_t* call) {
  if (scope->in_aggregate) return refuse(scope, call, "inside another aggregate");
  if (scope->table == NULL) return refuse(scope, call, "without a table");
  scope->aggregates = true;
  scope->columns = true;
  if (call->function == F_COUNT) scope->counts = true;
  ts_type_t arg = {0};
  if (call->args->kind == TS_N_STAR) {
    if (call->function != F_COUNT) return refuse(scope, call, "of *");
  } else {
    scope->in_aggregate = true;
    int status = ts_expr_resolve(scope, call->args);
    scope->in_aggregate = false;
    if (status != 0) return status;
    arg = call->args->type;
  }
  return aggregate_type(scope, call, arg);
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

int ts_function_resolve(ts_scope_t* scope, ts_node_t* call) {
  int at = find(call->name);
  if (at < 0) return refuse(scope, call, "no such function here");
  unsigned count = 0;
  for (const ts_node_t* arg = call->args; arg != NULL; arg = arg->next) count++;
  if (count < functions[at].min_args || count > functions[at].max_args)
    return ts_error(scope->sql->error, 10241, "Invalid number of parameters : %s", call->name);
  call->function = (int) functions[at].function;
  if (call->function <= F_LAST_ROW) return resolve_aggregate(scope, call);
  for (ts_node_t* arg = call->args; arg != NULL; arg = arg->next) {
    int status = ts_expr_resolve(scope, arg);
    if (status != 0) return status;
  }
  if (call->function >= F_NOW) return resolve_session(scope, call);
  if (call->function >= F_LOWER) return resolve_text(scope, call);
  call->type = call->args->type; /* abs */
  bool ok = ts_type_is_number(call->type.type) && call->type.type != TS_UBIGINT;
  return ok ? 0 : refuse(scope, call, "with this type");
}

static int emit_args(ts_emit_t* emit, const char* before, const ts_node_t* args,
                     const char* between, const char* after, bool raw) {
  int status = 0;
  ts_buf_text(&emit->text, before);
  for (const ts_node_t* arg = args; arg != NULL && status == 0; arg = arg->next) {
    if (arg != args) ts_buf_text(&emit->text, between);
    status = ts_expr_emit(emit, arg, raw);
  }
  ts_buf_text(&emit->text, after);
  return status;
}

static int emit_session(ts_emit_t* emit, const ts_node_t* call) {
  char text[128];
  const ts_scope_t* scope = emit->scope;
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

int ts_function_emit(ts_emit_t* emit, const ts_node_t* call) {
  const ts_node_t* args = call->args;
  switch ((function_t) call->function) {
    case F_COUNT:
      if (args->kind != TS_N_STAR) return emit_args(emit, "count(", args, "", ")", false);
      ts_buf_text(&emit->text, "count(*)");
      return 0;
    case F_SUM:
      return emit_args(emit, ts_type_is_decimal(args->type.type) ? "ts_decimal_sum(" : "sum(", args,
                       "", ")", false);
    case F_AVG: return emit_args(emit, "avg(", args, "", ")", false);
    case F_MIN: return emit_args(emit, "min(", args, "", ")", false);
    case F_MAX: return emit_args(emit, "max(", args, "", ")", false);
    case F_SPREAD: {
      int status = emit_args(emit, "(CAST(max(", args, "", ")AS REAL)-", false);
      return status != 0 ? status : emit_args(emit, "min(", args, "", "))", false);
    }
    case F_FIRST: return emit_args(emit, "ts_first(d.c0,", args, "", ")", true);
    case F_LAST: return emit_args(emit, "ts_last(d.c0,", args, "", ")", true);
    case F_LAST_ROW: return emit_args(emit, "ts_last_row(d.c0,", args, "", ")", true);
    case F_ABS: return emit_args(emit, "abs(", args, "", ")", false);
    case F_LOWER: return emit_args(emit, "lower(", args, "", ")", false);
    case F_UPPER: return emit_args(emit, "upper(", args, "", ")", false);
    case F_LENGTH: return emit_args(emit, "length(CAST(", args, "", " AS BLOB))", false);
    case F_CHAR_LENGTH: return emit_args(emit, "length(", args, "", ")", false);
    case F_CONCAT: return emit_args(emit, "(", args, "||", ")", false);
    default: return emit_session(emit, call);
  }
}
