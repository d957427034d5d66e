/* ORDER BY and LIMIT of a SELECT. */
#include <string.h>

#include "query/select.h"

/* SQLite would take a number for a position in the list. */
int ts_select_refuse_constant(ts_sql_t* sql, const ts_node_t* node) {
  if (node->kind != TS_N_INT && node->kind != TS_N_DURATION) return 0;
  return ts_unsupported(sql->error, "ordering or grouping by this number");
}

/* A number or an alias of the list stands for that column of the result. */
static unsigned position_of(const ts_select_t* select, const ts_node_t* node) {
  if (node->kind == TS_N_INT && !node->negated && node->integer >= 1 &&
      node->integer <= select->nitems)
    return (unsigned) node->integer;
  for (uint32_t i = 0; i < select->nitems && node->kind == TS_N_COLUMN; i++)
    if (node->qualifier == NULL && strcmp(node->name, select->fields[i].name) == 0) return i + 1;
  for (uint32_t i = 0; i < select->nitems && node->kind == TS_N_CALL; i++)
    if (select->items[i]->size == node->size &&
        memcmp(select->items[i]->at, node->at, node->size) == 0)
      return i + 1;
  return 0;
}

static int read_order(ts_select_t* select, ts_order_t* order) {
  ts_sql_t* sql = select->sql;
  int status = ts_expr_parse(sql, &order->node);
  if (status != 0) return status;
  order->position = position_of(select, order->node);
  if (order->position > 0 && select->fields[order->position - 1].type.type == TS_UBIGINT) {
    order->node = select->items[order->position - 1]; /* as kept, it would sort by sign */
    order->position = 0;
  } else if (order->position == 0) {
    status = ts_select_refuse_constant(sql, order->node);
    if (status == 0) status = ts_expr_resolve(&select->scope, order->node);
  }
  order->direction = ts_lex_take(&sql->lex, "desc") ? " DESC" : "";
  if (*order->direction == '\0') ts_lex_take(&sql->lex, "asc");
  order->nulls = "";
  if (status == 0 && ts_lex_take(&sql->lex, "nulls")) {
    bool first = ts_lex_take(&sql->lex, "first");
    order->nulls = first ? " NULLS FIRST" : " NULLS LAST";
    if (!first) status = ts_lex_expect(&sql->lex, "last");
  }
  return status;
}

int ts_select_read_orders(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  if (!ts_lex_take(&sql->lex, "order")) return 0;
  int status = ts_lex_expect(&sql->lex, "by");
  ts_order_t** end = &select->orders;
  do {
    *end = ts_arena_alloc(&sql->arena, sizeof **end);
    if (status == 0) status = read_order(select, *end);
    end = &(*end)->next;
  } while (status == 0 && ts_lex_take_op(&sql->lex, ","));
  return status;
}

int ts_select_read_limit(ts_select_t* select) {
  ts_sql_t* sql = select->sql;
  if (!ts_lex_take(&sql->lex, "limit")) return 0;
  select->limited = true;
  int status = ts_lex_number(&sql->lex, INT64_MAX, &select->limit);
  if (status == 0 && ts_lex_take(&sql->lex, "offset"))
    return ts_lex_number(&sql->lex, INT64_MAX, &select->offset);
  if (status == 0 && ts_lex_take_op(&sql->lex, ",")) {
    select->offset = select->limit;
    return ts_lex_number(&sql->lex, INT64_MAX, &select->limit);
  }
  return status;
}

int ts_select_emit_orders(ts_select_t* select, ts_emit_t* emit) {
  int status = 0;
  const ts_order_t* order = select->orders;
  for (; order != NULL && status == 0; order = order->next) {
    ts_buf_text(&emit->text, order == select->orders ? " ORDER BY " : ",");
    if (order->position > 0) {
      ts_buf_format(&emit->text, "%u", order->position);
    } else {
      status = ts_expr_emit(emit, order->node, false);
    }
    ts_buf_text(&emit->text, order->direction);
    ts_buf_text(&emit->text, order->nulls);
  }
  if (select->limited)
    ts_buf_format(&emit->text, " LIMIT %llu OFFSET %llu", (unsigned long long) select->limit,
                  (unsigned long long) select->offset);
  return status;
}
