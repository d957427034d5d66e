/* The fields of a statement sorted by kind, with what binding needs to know about each of them. */
#ifndef TUV_WIRE_BATCH_LAYOUT_H
#define TUV_WIRE_BATCH_LAYOUT_H

#include "wire/batch/batch.h"
#include "wire/types.h"

/* The most that a value may have, even where its field states no limit: bytes, characters of NCHAR,
 * bytes of BLOB. The longest text of an NCHAR still has a length of 16 bits as UCS-4. */
#define TUV_BATCH_MAX_BYTES 65535u
#define TUV_BATCH_MAX_NCHAR 16383u
#define TUV_BATCH_MAX_BLOB 0x7FFFFFFFu

/* Totals over the rows of a column. */
typedef struct tuv_sum_s {
  uint64_t bytes; /* variable size: of all values; DECIMAL: of their texts */
  uint64_t chars; /* NCHAR: of all values */
  uint64_t nulls;
} tuv_sum_t;

/* The value of `plain` for a field that has no plain kind of value. */
#define TUV_NOT_PLAIN 0xFFu

/* A field of the statement, as the batch needs it. */
typedef struct tuv_slot_s {
  const taosuv_stmt_field_t* field;
  uint32_t limit; /* variable size: the most bytes; NCHAR: the most characters */
  uint8_t type;
  uint8_t width; /* bytes of a value; 0: variable size */
  /* A value of the taosuv_value_kind_t `plain` is stored as its 64 bits are, if these, as an int64,
   * are from `low` to `high`. */
  uint8_t plain;
  int64_t low, high;
  bool decimal;
  bool required; /* the table's first TIMESTAMP, which must not be NULL */
  tuv_sum_t sum; /* a column: over all tables; a tag: NULLs counted by rows (COLUMNAR) */
} tuv_slot_t;

/* The array of a column while it is bound. */
typedef struct tuv_intake_s {
  tuv_slot_t* slot;
  const taosuv_array_t* array;
  tuv_sum_t sum; /* over its rows */
  bool whole;    /* variable size: no NULL row has bytes, so that one copy takes all rows */
} tuv_intake_t;

/* The fields by kind, each kind in the order of the SQL. */
struct tuv_batch_layout_s {
  const taosuv_stmt_field_t* table; /* NULL: the SQL names the table */
  uint32_t ntags, ncolumns;
  uint32_t row_size; /* bytes of a row in its items, without the bytes of variable size */
  bool decimals;     /* a column is a DECIMAL */
  bool nchars;       /* a column is an NCHAR */
  tuv_slot_t* tags;
  tuv_slot_t* columns;
  tuv_intake_t* intakes;     /* one for each column */
  struct tuv_cell_s* params; /* of a query, as many as ncolumns */
};

/* Sorts the fields of a batch that has no layout yet. */
int tuv_batch_make_layout(tuv_batch_t* batch, tuv_errmsg_t* err);

#endif
