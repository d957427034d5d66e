/* A batch: what is bound to a statement and not executed yet. Tables, tags and rows are checked
 * against the prepared fields as they are bound, and kept as the bytes that are sent. How they are
 * sent is in wire/batch/send.h; parts of a batch are in wire/batch/part.h. */
#ifndef TUV_WIRE_BATCH_BATCH_H
#define TUV_WIRE_BATCH_BATCH_H

#include <stdbool.h>

#include "taosuv/bind.h"
#include "util/arena.h"
#include "util/errmsg.h"
#include "wire/status.h"

/* How a batch is sent to the server (PROTOCOL 6). */
typedef enum {
  TUV_BATCH_V1 = 1,  /* for each table its name, set_tags (1) and bind (2) */
  TUV_BATCH_STMT2,   /* stmt2_bind (9) */
  TUV_BATCH_COLUMNAR /* stmt2_bind_exec (11) */
} tuv_batch_format_t;

typedef struct tuv_batch_encoding_s {
  uint8_t format;    /* tuv_batch_format_t */
  bool decimal_text; /* STMT2, COLUMNAR: DECIMAL is sent as text, not as integers (6.3.3) */
} tuv_batch_encoding_t;

typedef struct tuv_batch_table_s tuv_batch_table_t;
typedef struct tuv_batch_layout_s tuv_batch_layout_t;

/* Private but for its size. It may be moved by assignment: a batch leaves its statement by trading
 * places with an empty batch of the same fields. */
typedef struct tuv_batch_s {
  const tuv_alloc_t* alloc;
  const taosuv_stmt_field_t* fields; /* of the statement; NULL: a query */
  uint32_t count;
  bool insert;
  tuv_batch_encoding_t encoding;
  tuv_batch_layout_t* layout; /* made when first needed */
  tuv_arena_t arena;          /* everything that is bound */
  /* Tables in the order in which they were first bound. From tables_size on, tuv_batch_ready lists
   * the `used` ones that have rows. */
  tuv_batch_table_t** tables;
  uint32_t ntables, tables_size;
  uint32_t used;
  tuv_batch_table_t** slots; /* the tables by the hash of their names */
  uint32_t nslots;           /* a power of 2, or 0 */
  tuv_batch_table_t* current;
  uint32_t cursor;    /* the column that waits for a value */
  uint64_t rows;      /* complete ones */
  uint64_t counted;   /* bytes of the tables as they were last counted */
  uint64_t premasked; /* bytes that were masked when they were bound */
  uint8_t key[4];     /* their mask */
  bool has_key, key_used;
  bool numbered; /* rows have numbers (tuv_batch_mark) */
} tuv_batch_t;

/* `fields` of an INSERT stay the caller's and must outlive the batch. A query has no fields, and
 * `count` is the number of its question marks. Allocates nothing. */
void tuv_batch_init(tuv_batch_t* batch, const tuv_alloc_t* alloc, bool insert,
                    const taosuv_stmt_field_t* fields, uint32_t count);
void tuv_batch_free(tuv_batch_t* batch); /* a batch that is all zeros is allowed */

/* Drops what is bound and keeps the memory. COLUMNAR becomes STMT2 again. */
void tuv_batch_clear(tuv_batch_t* batch);

/* Sets how the batch is sent, at any time; before that it is STMT2 with integers. Returns 0, or
 * TUV_ENOTSUP when a field's type cannot be sent that way. */
int tuv_batch_set_encoding(tuv_batch_t* batch, tuv_batch_encoding_t encoding, tuv_errmsg_t* err);

/* ---- binding, as include/taosuv/stmt.h describes it. The functions return 0, TUV_EINVAL,
 * TUV_ETYPE, TUV_ERANGE or TUV_ENOMEM with a text in `err`; an error changes nothing. ---- */

int tuv_batch_table(tuv_batch_t* batch, const char* name, size_t length, tuv_errmsg_t* err);
int tuv_batch_tags(tuv_batch_t* batch, const taosuv_value_t* tags, uint32_t count,
                   tuv_errmsg_t* err);
int tuv_batch_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                      uint32_t count, tuv_errmsg_t* err);
int tuv_batch_row(tuv_batch_t* batch, const taosuv_value_t* values, uint32_t count,
                  tuv_errmsg_t* err);
int tuv_batch_value(tuv_batch_t* batch, const taosuv_value_t* value, tuv_errmsg_t* err);
void tuv_batch_undo(tuv_batch_t* batch);

/* A table, its tags and rows of it, to be bound by one call. */
typedef struct tuv_batch_appended_s {
  const char* table; /* NULL when the SQL has no `?` for it */
  size_t length;
  const taosuv_value_t* tags;
  uint32_t ntags;
  uint32_t count;                /* of values or columns */
  const taosuv_value_t* values;  /* one row, unless `columns` is given */
  const taosuv_array_t* columns; /* `rows` rows, or NULL */
  uint32_t rows;
} tuv_batch_appended_t;

/* Binds all of it. An error leaves no part of it behind, neither a table nor tags. */
int tuv_batch_append(tuv_batch_t* batch, const tuv_batch_appended_t* appended, tuv_errmsg_t* err);

/* About how many bytes of a message it needs. It need not be valid: that is checked when it is
 * bound. */
uint64_t tuv_batch_appended_size(const tuv_batch_appended_t* appended);

static inline uint64_t tuv_batch_rows(const tuv_batch_t* batch) {
  return batch->rows;
}

#endif
