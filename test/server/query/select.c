/* SELECT: its clauses read in order, then written as one SELECT of SQLite. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/function.h"
#include "query/query.h"
#include "query/select.h"

/* ---- the list of columns, first read without the table, which comes after it ---- */

static void add_item(ts_select_t* select, ts_node_t* node, const char* name, size_t size) {
  select->items = ts_realloc(select->items, (select->nitems + 1) * sizeof *select->items);
  select->fields = ts_realloc(select->fields, (select->nitems + 1) * sizeof *select->fields);
  ts_field_t* field = &select->fields[select->nitems];
  *field = (ts_field_t) {0};
  snprintf(field->name, sizeof field->name, "%.*s", (int) size, name);
  select->items[select->nitems++] = node;
}

static bool ends_list(const ts_lex_t* lex) {
  static const char* const words[] = {"from",      "where",  "group",    "order", "limit",
                                      "partition", "having", "interval", "union"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (ts_lex_is(lex, words[i])) return true;
  return false;
}

static int read_item(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  ts_node_t* node;
  if (ts_lex_is_op(&sql->lex, "*")) {
    node = ts_arena_alloc(&sql->arena, sizeof *node);
    node->kind = TS_N_STAR;
    ts_lex_advance(&sql->lex);
    add_item(select, node, "*", 1);
    return 0;
  }
  int status = ts_expr_parse(sql, &node);
  if (status != 0) return status;
  bool as = ts_lex_take(&sql->lex, "as");
  bool named = sql->lex.token.kind == TS_T_NAME ||
               (sql->lex.token.kind == TS_T_WORD && !ends_list(&sql->lex));
  if (as || named) {
    char alias[TS_NAME_MAX + 1];
    status = ts_lex_name(&sql->lex, alias, TS_NAME_MAX);
    if (status == 0) add_item(select, node, alias, strlen(alias));
    return status;
  }
  if (node->kind == TS_N_COLUMN) {
    add_item(select, node, node->name, strlen(node->name));
  } else {
    add_item(select, node, node->at, node->size);
  }
  return 0;
}

static int read_items(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  select->distinct = ts_lex_take(&sql->lex, "distinct");
  if (!select->distinct) ts_lex_take(&sql->lex, "all");
  if (ts_lex_is(&sql->lex, "tags")) return ts_unsupported(sql->error, "SELECT TAGS");
  int status;
  do {
    status = read_item(select);
  } while (status == 0 && ts_lex_take_op(&sql->lex, ","));
  return status;
}

static void add_table_column(ts_select_t* select, const ts_field_t* field) {
  ts_node_t* node = ts_arena_alloc(&select->sql->arena, sizeof *node);
  node->kind = TS_N_COLUMN;
  node->at = field->name;
  node->size = strlen(field->name);
  node->name = ts_arena_alloc(&select->sql->arena, node->size + 1);
  memcpy(node->name, field->name, node->size + 1);
  add_item(select, node, field->name, node->size);
}

/* `*` becomes the table's columns, and of a super table also its tags. */
static int expand_stars(ts_select_t* select) {
  uint32_t count = select->nitems;
  ts_node_t** items = select->items;
  ts_field_t* fields = select->fields;
  int status = 0;
  select->nitems = 0;
  select->items = NULL;
  select->fields = NULL;
  for (uint32_t i = 0; i < count && status == 0; i++) {
    const ts_table_t* table = select->scope.table;
    if (items[i]->kind != TS_N_STAR) {
      add_item(select, items[i], fields[i].name, strlen(fields[i].name));
    } else if (table == NULL) {
      status = ts_error(select->sql->error, TS_E_SYNTAX, "syntax error near \"*\"");
    } else {
      const ts_family_t* family = table->family;
      const ts_feed_t* feed = select->sql->feed; /* it keeps to what there was at first */
      bool fixed = feed != NULL && feed->found;
      uint32_t ncolumns = fixed ? feed->ncolumns : family->ncolumns;
      uint32_t ntags = fixed ? feed->ntags : family->ntags;
      for (uint32_t k = 0; k < ncolumns; k++) add_table_column(select, &family->columns[k]);
      for (uint32_t k = 0; k < ntags && table->kind == TS_SUPER; k++)
        add_table_column(select, &family->tags[k]);
    }
  }
  free(items);
  free(fields);
  return status;
}

static int resolve_items(ts_select_t* select) {
  int status = expand_stars(select);
  for (uint32_t i = 0; i < select->nitems && status == 0; i++) {
    status = ts_expr_resolve(&select->scope, select->items[i]);
    select->fields[i].type = select->items[i]->type;
  }
  return status;
}

/* ---- the clauses behind the table ---- */

static int refuse_windows(ts_sql_t* sql) {
  static const char* const words[] = {
      "interval", "session", "state_window", "event_window", "count_window", "fill",
      "sliding",  "range",   "every",        "slimit",       "soffset",      "union",
      "join",     "inner",   "left",         "right",        "full"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (ts_lex_is(&sql->lex, words[i])) return ts_unsupported(sql->error, words[i]);
  return 0;
}

static int read_groups(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  if (!ts_lex_take(&sql->lex, "group") && !ts_lex_take(&sql->lex, "partition")) return 0;
  select->grouped = true;
  int status = ts_lex_expect(&sql->lex, "by");
  ts_node_t** end = &select->groups;
  do {
    if (status == 0) status = ts_expr_parse(sql, end);
    if (status == 0) status = ts_select_refuse_constant(sql, *end);
    if (status == 0) status = ts_expr_resolve(&select->scope, *end);
    if (status == 0) end = &(*end)->next;
  } while (status == 0 && ts_lex_take_op(&sql->lex, ","));
  return status;
}

static int read_having(ts_select_t* select) {
  if (!ts_lex_take(&select->sql->lex, "having")) return 0;
  int status = ts_expr_parse(select->sql, &select->having);
  return status != 0 ? status : ts_expr_resolve(&select->scope, select->having);
}

/* ---- what TDengine refuses ---- */

static bool same_column(const ts_node_t* a, const ts_node_t* b) {
  return a->kind == TS_N_COLUMN && b->kind == TS_N_COLUMN && a->where == b->where &&
         a->index == b->index;
}

/* Whether a column stands outside of every aggregate and is not grouped by. */
static bool has_loose_column(const ts_select_t* select, const ts_node_t* node) {
  if (ts_expr_is_aggregate(node)) return false;
  for (const ts_node_t* group = select->groups; group != NULL; group = group->next)
    if (same_column(group, node)) return false;
  if (node->kind == TS_N_COLUMN) return true;
  for (const ts_node_t* arg = node->args; arg != NULL; arg = arg->next)
    if (has_loose_column(select, arg)) return true;
  return false;
}

static int check_groups(const ts_select_t* select) {
  if (!select->scope.aggregates) return 0;
  for (uint32_t i = 0; i < select->nitems; i++)
    if (has_loose_column(select, select->items[i]))
      return ts_error(select->sql->error, TS_E_NOT_SINGLE_GROUP,
                      "Not a single-group group function");
  return 0;
}

/* ---- written for SQLite ---- */

static int emit_items(ts_select_t* select, ts_emit_t* emit) {
  int status = 0;
  ts_buf_text(&emit->text, select->distinct ? "SELECT DISTINCT " : "SELECT ");
  for (uint32_t i = 0; i < select->nitems && status == 0; i++) {
    if (i > 0) ts_buf_text(&emit->text, ",");
    status = ts_expr_emit(emit, select->items[i], true);
  }
  return status;
}

static int emit_groups(ts_select_t* select, ts_emit_t* emit) {
  int status = 0;
  /* PARTITION BY without an aggregate only sorts the rows into groups: all of them stay. */
  const ts_node_t* groups = select->scope.aggregates ? select->groups : NULL;
  for (const ts_node_t* node = groups; node != NULL && status == 0; node = node->next) {
    ts_buf_text(&emit->text, node == groups ? " GROUP BY " : ",");
    status = ts_expr_emit(emit, node, false);
  }
  if (status == 0 && select->having != NULL) {
    ts_buf_text(&emit->text, " HAVING ");
    status = ts_expr_emit(emit, select->having, false);
  } else if (select->scope.aggregates && !select->scope.counts && groups == NULL) {
    /* Without rows, only count has something to say. */
    ts_buf_text(&emit->text, " HAVING count(*)>0");
  }
  return status;
}

static int run(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  ts_emit_t emit = {.scope = &select->scope};
  bool where = false;
  if (!select->distinct) select->scope.columns = true; /* a row of tags per row of data */
  int status = emit_items(select, &emit);
  ts_emit_from(&emit, &where);
  if (status == 0) status = ts_emit_where(&emit, select->where, where);
  if (status == 0) status = emit_groups(select, &emit);
  if (status == 0) status = ts_select_emit_orders(select, &emit);
  sqlite3_stmt* statement = status == 0 ? ts_emit_prepare(&emit) : NULL;
  if (status == 0 && statement == NULL) status = sql->error->code;
  if (status == 0 && !sql->dry)
    status = ts_sql_rows(sql, statement, select->fields, select->nitems, select->scope.precision,
                         &sql->outcome->result);
  sqlite3_finalize(statement);
  ts_emit_free(&emit);
  sql->outcome->constant = select->scope.table == NULL && !select->scope.impure;
  return status;
}

static int read_clauses(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  int status = read_items(select);
  if (status == 0 && ts_lex_take(&sql->lex, "from"))
    status = ts_scope_table(&select->scope, ts_query_prefix);
  if (status == 0) status = ts_scope_where(&select->scope, &select->where);
  if (status == 0) status = resolve_items(select);
  if (status == 0) status = refuse_windows(sql);
  if (status == 0) status = read_groups(select);
  if (status == 0) status = refuse_windows(sql);
  if (status == 0 && select->groups != NULL) status = read_groups(select); /* both clauses */
  if (status == 0) status = read_having(select);
  if (status == 0) status = ts_select_read_orders(select);
  if (status == 0) status = refuse_windows(sql);
  if (status == 0) status = ts_select_read_limit(select);
  if (status == 0) status = refuse_windows(sql);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  return status != 0 ? status : check_groups(select);
}

/* Rows are fed as they come: what needs all of them is nothing for a topic. */
static int find_feed(const ts_select_t* select) {
  ts_feed_t* feed = select->sql->feed;
  const ts_table_t* table = select->scope.table;
  if (feed == NULL || feed->found) return 0;
  if (table == NULL || select->scope.aggregates || select->distinct || select->grouped ||
      select->orders != NULL || select->limited)
    return ts_error(select->sql->error, TS_E_TOPIC_QUERY, "Topic with invalid query");
  *feed = (ts_feed_t) {.found = true,
                       .database = select->scope.database,
                       .family = table->family->id,
                       .table = table->kind == TS_SUPER ? 0 : table->id,
                       .ncolumns = table->family->ncolumns,
                       .ntags = table->family->ntags};
  return 0;
}

int ts_sql_select(ts_sql_t* sql) {
  ts_select_t select = {.sql = sql, .scope = {.sql = sql}};
  bool known = sql->feed == NULL || sql->feed->found; /* otherwise there may be nothing to run on */
  int status = read_clauses(&select);
  if (status == 0) status = find_feed(&select);
  if (status == 0 && known) status = run(&select);
  free(select.items);
  free(select.fields);
  return status;
}

static int run_feed(ts_sql_t* sql) {
  int status = ts_lex_expect(&sql->lex, "select");
  return status != 0 ? status : ts_sql_select(sql);
}

int ts_query_feed(ts_store_t* store, ts_env_t* env, const char* text, size_t size, ts_feed_t* feed,
                  bool dry, ts_outcome_t* outcome, ts_error_t* error) {
  *outcome = (ts_outcome_t) {0};
  *error = (ts_error_t) {0};
  ts_sql_t sql = {
      .store = store, .env = env, .error = error, .outcome = outcome, .dry = dry, .feed = feed};
  return ts_sql_run_with(&sql, text, size, run_feed);
}
