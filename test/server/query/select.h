/* A SELECT as its clauses are read. */
#ifndef TS_QUERY_SELECT_H
#define TS_QUERY_SELECT_H

#include "query/expr.h"

typedef struct ts_order_s {
  ts_node_t* node;
  unsigned position; /* of a column of the result, from 1; 0: the node */
  const char* direction;
  const char* nulls;
  struct ts_order_s* next;
} ts_order_t;

typedef struct ts_select_s {
  ts_sql_t* sql;
  ts_scope_t scope;
  bool distinct;
  uint32_t nitems;
  ts_node_t** items;
  ts_field_t* fields;
  ts_node_t* where;
  ts_node_t* groups;
  bool grouped;
  ts_node_t* having;
  ts_order_t* orders;
  bool limited;
  uint64_t limit;
  uint64_t offset;
} ts_select_t;

/* query/order.c */
int ts_select_refuse_constant(ts_sql_t* sql, const ts_node_t* node); /* as a thing to order by */
int ts_select_read_orders(ts_select_t* select);
int ts_select_read_limit(ts_select_t* select);
int ts_select_emit_orders(ts_select_t* select, ts_emit_t* emit);

#endif
