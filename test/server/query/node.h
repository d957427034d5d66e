/* The tree that an expression is read into. */
#ifndef TS_QUERY_NODE_H
#define TS_QUERY_NODE_H

#include "query/lex.h"

typedef enum {
  TS_N_NULL,
  TS_N_BOOL,
  TS_N_INT, /* negated: with a minus */
  TS_N_REAL,
  TS_N_STRING,
  TS_N_DURATION,
  TS_N_COLUMN,
  TS_N_STAR,
  TS_N_CALL,
  TS_N_CAST,
  TS_N_NEGATE,
  TS_N_NOT,
  TS_N_LOGIC, /* op: AND, OR */
  TS_N_COMPARE,
  TS_N_LIKE,
  TS_N_IS_NULL,
  TS_N_IN, /* args: the value, then the list */
  TS_N_BETWEEN,
  TS_N_ARITH
} ts_node_kind_t;

enum { TS_COL_NONE, TS_COL_DATA, TS_COL_TAG, TS_COL_TBNAME };

typedef struct ts_node_s {
  ts_node_kind_t kind;
  bool negated;
  unsigned depth;
  const char* op;
  ts_token_t token; /* a literal's */
  const char* at;   /* the whole text, for the name of a result column */
  size_t size;
  uint64_t integer; /* INT, BOOL */
  char* name;       /* COLUMN, CALL */
  char* qualifier;  /* of a COLUMN or STAR; NULL: none */
  struct ts_node_s* args;
  struct ts_node_s* next;
  /* found by ts_expr_resolve */
  ts_type_t type;
  int where; /* TS_COL_… */
  unsigned index;
  int function;
} ts_node_t;

#endif
