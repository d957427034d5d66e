/* What one message binds: values of columns and tags, whichever way they came. */
#ifndef TS_STMT_BINDING_H
#define TS_STMT_BINDING_H

#include "codec/cell.h"
#include "query/context.h"

/* A status, not an error code: the real gateway reads beyond its memory here, or crashes. */
#define TS_E_POISON (-1)

/* What a bound field is, as `bind_type` has it. */
enum { TS_SLOT_COLUMN = 1, TS_SLOT_TAG = 2, TS_SLOT_NAME = 4 };

/* The values of one column, as every way of binding gives them. NCHAR and JSON are UTF-8. */
typedef struct ts_bind_s {
  int32_t type; /* as the client says */
  uint32_t rows;
  const uint8_t* nulls;   /* a byte a row, not 0: NULL */
  const uint8_t* lengths; /* four bytes a row, little-endian; NULL: values of fixed size */
  const uint8_t* data;    /* without those of variable types that are NULL */
  size_t size;
} ts_bind_t;

typedef struct ts_bind_table_s {
  const char* name; /* NULL: none */
  size_t name_size;
  const ts_bind_t* tags;    /* a row; NULL: none */
  const ts_bind_t* columns; /* NULL: none */
} ts_bind_table_t;

/* One bind message. */
typedef struct ts_binding_s {
  struct ts_binding_s* next;
  uint32_t ntables;
  uint32_t ntags;
  uint32_t ncolumns;
  ts_bind_table_t* tables;
  ts_bind_t* binds;
  struct ts_bind_memory_s* memory; /* what the others point into */
} ts_binding_t;

ts_binding_t* ts_binding_new(void);
void ts_binding_free(ts_binding_t* binding); /* and those after it */
void* ts_binding_alloc(ts_binding_t* binding, size_t size);
/* Allocates the tables, with their tags and columns. */
void ts_binding_tables(ts_binding_t* binding, uint32_t ntables, uint32_t ntags, uint32_t ncolumns);

#endif
