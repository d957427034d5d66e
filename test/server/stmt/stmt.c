/* A statement's life: prepared, bound, executed, and dead after what the real one dies of. */
#include "stmt/stmt.h"

#include <stdlib.h>

ts_stmt_t* ts_stmt_new(uint64_t id, bool second) {
  ts_stmt_t* stmt = ts_calloc(1, sizeof *stmt);
  stmt->id = id;
  stmt->second = second;
  return stmt;
}

/* Nothing is bound any more, but the tags of the first protocol's current table. */
static void clear(ts_stmt_t* stmt) {
  ts_binding_t** kept = stmt->tags != NULL ? &stmt->kept->next : &stmt->kept;
  ts_binding_free(stmt->bound);
  ts_binding_free(stmt->pending);
  ts_binding_free(*kept);
  stmt->bound = stmt->pending = *kept = NULL;
}

static void unprepare(ts_stmt_t* stmt) {
  stmt->tags = NULL;
  clear(stmt);
  ts_stmt_sql_free(&stmt->sql);
  ts_target_free(&stmt->target);
  ts_stmt_forget_tables(stmt);
  ts_result_unref(stmt->result);
  free(stmt->params);
  free(stmt->text);
  free(stmt->name);
  stmt->result = NULL;
  stmt->params = NULL;
  stmt->text = NULL;
  stmt->name = NULL;
  stmt->prepared = false;
  stmt->bound_tags = false;
}

void ts_stmt_free(ts_stmt_t* stmt) {
  unprepare(stmt);
  free(stmt);
}

static int usage(ts_error_t* error) {
  return ts_error(error, TS_E_STMT_USAGE, "Stmt API usage error");
}

/* Its error is what every later call gives; only statements of the second protocol die. */
static int die(ts_stmt_t* stmt, int status, const ts_error_t* error) {
  if (stmt->second && status != TS_E_POISON && status != TS_E_INTERNAL) stmt->dead = *error;
  return status;
}

int ts_stmt_prepare(ts_stmt_t* stmt, const char* sql, size_t size, ts_error_t* error) {
  if (stmt->dead.code != 0) return ts_error(error, stmt->dead.code, "success");
  unprepare(stmt);
  int status = ts_stmt_sql_read(sql, size, &stmt->sql, error);
  stmt->text = ts_strdup(sql, size);
  stmt->text_size = size;
  if (status == 0 && !stmt->sql.insert) status = ts_stmt_query_check(stmt, error);
  if (status != 0) {
    unprepare(stmt);
    return status;
  }
  stmt->prepared = true;
  return 0;
}

/* A query's parameters: one value for each mark. */
static int check_params(const ts_stmt_t* stmt, const ts_binding_t* binding, ts_error_t* error) {
  bool ok = binding->ntables == 1 && binding->ncolumns == stmt->sql.nparams;
  for (uint32_t i = 0; i < binding->ncolumns && ok; i++) ok = binding->binds[i].rows == 1;
  return ok ? 0 : ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
}

static void keep_params(ts_stmt_t* stmt, const ts_binding_t* binding) {
  free(stmt->params);
  stmt->params = ts_calloc(binding->ncolumns, sizeof *stmt->params);
  for (uint32_t i = 0; i < binding->ncolumns; i++)
    stmt->params[i] = (struct ts_param_s) {binding->binds[i].type,
                                           (uint32_t) binding->binds[i].size};
}

static int bind(ts_stmt_t* stmt, const ts_binding_t* binding, ts_error_t* error) {
  if (stmt->dead.code != 0) {
    *error = stmt->dead;
    return error->code;
  }
  if (!stmt->prepared) return usage(error);
  return stmt->sql.insert ? ts_stmt_check(stmt, binding, error)
                          : check_params(stmt, binding, error);
}

int ts_stmt_bind(ts_stmt_t* stmt, ts_binding_t* binding, ts_error_t* error) {
  int status = bind(stmt, binding, error);
  if (status != 0) {
    ts_binding_free(binding);
    return die(stmt, status, error);
  }
  if (!stmt->sql.insert) {
    ts_binding_free(stmt->bound);
    stmt->bound = NULL;
    keep_params(stmt, binding);
  }
  if (binding->ntags > 0) stmt->bound_tags = true;
  ts_binding_t** end = stmt->second || !stmt->sql.insert ? &stmt->bound : &stmt->pending;
  while (*end != NULL) end = &(*end)->next;
  *end = binding;
  return 0;
}

int ts_stmt_exec(ts_stmt_t* stmt, int64_t* affected, ts_error_t* error) {
  *affected = 0;
  if (stmt->dead.code != 0) {
    *error = stmt->dead;
    return error->code;
  }
  if (!stmt->prepared || stmt->bound == NULL) return die(stmt, usage(error), error);
  int status = stmt->sql.insert ? ts_stmt_insert(stmt, affected, error)
                                : ts_stmt_query(stmt, stmt->bound->binds, error);
  clear(stmt);
  return status == 0 ? 0 : die(stmt, status, error);
}
