/* The functions of SQL. They know of the tree, and leave it to resolve.c and emit.c to go down
 * into arguments. */
#ifndef TS_QUERY_FUNCTION_H
#define TS_QUERY_FUNCTION_H

#include "query/emitter.h"
#include "query/node.h"

bool ts_expr_is_aggregate(const ts_node_t* node); /* a call of one */

/* Finds the function of a call, before its arguments have types. */
int ts_function_find(ts_scope_t* scope, ts_node_t* call);
/* Gives the call its type, when its arguments have theirs. */
int ts_function_type(ts_scope_t* scope, ts_node_t* call);

/* How a call is written around its arguments. `raw` as in ts_expr_emit. */
typedef struct ts_call_form_s {
  const char* before;
  const char* between;
  const char* after;
  bool raw;
} ts_call_form_t;

/* One or two forms, of which each has all arguments; 0: ts_function_emit writes all of the call. */
size_t ts_function_forms(const ts_node_t* call, ts_call_form_t forms[2]);
int ts_function_emit(ts_emit_t* emit, const ts_node_t* call);

#endif
