/* What is bound to a statement and not executed: tables, tags and rows, checked against the
 * prepared fields as they are bound, and written as the messages by which servers take them. */
#ifndef TUV_WIRE_BATCH_BATCH_H
#define TUV_WIRE_BATCH_BATCH_H

#include <stdbool.h>

#include "taosuv/bind.h"
#include "util/arena.h"
#include "util/errmsg.h"
#include "util/sink.h"
#include "wire/status.h"

/* How a batch goes to the server (PROTOCOL 6). */
typedef enum {
  TUV_BATCH_V1 = 1,  /* for each table its name, set_tags (1) and bind (2) */
  TUV_BATCH_STMT2,   /* stmt2_bind (9) */
  TUV_BATCH_COLUMNAR /* stmt2_bind_exec (11) */
} tuv_batch_format_t;

typedef struct tuv_batch_encoding_s {
  uint8_t format;    /* tuv_batch_format_t */
  bool decimal_text; /* not V1: the server takes DECIMAL as text (6.3.3), else as integers */
} tuv_batch_encoding_t;

typedef struct tuv_batch_table_s tuv_batch_table_t;
typedef struct tuv_batch_layout_s tuv_batch_layout_t;

/* Private but for its size. It may be moved by assignment, so that a batch leaves its statement by
 * changing places with an empty one of the same fields. */
typedef struct tuv_batch_s {
  const tuv_alloc_t* alloc;
  const taosuv_stmt_field_t* fields; /* the statement's; NULL: a query */
  uint32_t count;
  bool insert;
  tuv_batch_encoding_t encoding;
  tuv_batch_layout_t* layout;    /* made when first needed */
  tuv_arena_t arena;             /* all that is bound */
  tuv_batch_table_t** tables;    /* in the order of their first mention; behind them, from */
  uint32_t ntables, tables_size; /* tables_size on, by tuv_batch_ready, those with rows */
  uint32_t used;                 /* of these, so many */
  tuv_batch_table_t** slots;     /* the same by the hash of their name */
  uint32_t nslots;               /* a power of 2, or 0 */
  tuv_batch_table_t* current;
  uint32_t cursor;    /* the column that waits for a value */
  uint64_t rows;      /* complete ones */
  uint64_t counted;   /* bytes of the tables as they were counted last */
  uint64_t premasked; /* bytes that were masked as they were bound */
  uint8_t key[4];     /* their mask */
  bool has_key, key_used;
  bool numbered; /* rows have numbers (tuv_batch_mark) */
} tuv_batch_t;

/* `fields` of an INSERT stay the caller's and must outlive the batch; a query has none, and `count`
 * is the number of its question marks. Allocates nothing. */
void tuv_batch_init(tuv_batch_t* batch, const tuv_alloc_t* alloc, bool insert,
                    const taosuv_stmt_field_t* fields, uint32_t count);
void tuv_batch_free(tuv_batch_t* batch); /* one that is all zeros is allowed */

/* Drops what is bound; the memory is kept for what comes. From COLUMNAR it goes back to STMT2. */
void tuv_batch_clear(tuv_batch_t* batch);

/* How it is to be sent; may change at any time. Without this: stmt2, decimals as integers. Returns
 * 0, or TUV_ENOTSUP when a field's type cannot be sent so. */
int tuv_batch_set_encoding(tuv_batch_t* batch, tuv_batch_encoding_t encoding, tuv_errmsg_t* err);

/* What is bound from here on, until the batch is cleared, may lie masked with this key, so that it
 * goes out as it is; four unpredictable bytes, for this batch alone. Without one nothing is
 * masked. */
void tuv_batch_set_key(tuv_batch_t* batch, const uint8_t key[4]);
static inline bool tuv_batch_has_key(const tuv_batch_t* batch) {
  return batch->has_key;
}

/* ---- binding: as include/taosuv/stmt.h says. They return 0, TUV_EINVAL, TUV_ETYPE, TUV_ERANGE or
 * TUV_ENOMEM with a text in `err`; then nothing has changed. ---- */

int tuv_batch_table(tuv_batch_t* batch, const char* name, size_t length, tuv_errmsg_t* err);
int tuv_batch_tags(tuv_batch_t* batch, const taosuv_value_t* tags, uint32_t count,
                   tuv_errmsg_t* err);
int tuv_batch_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                      uint32_t count, tuv_errmsg_t* err);
int tuv_batch_row(tuv_batch_t* batch, const taosuv_value_t* values, uint32_t count,
                  tuv_errmsg_t* err);
int tuv_batch_value(tuv_batch_t* batch, const taosuv_value_t* value, tuv_errmsg_t* err);
void tuv_batch_undo(tuv_batch_t* batch);

/* A table, its tags and rows of it in one go: what fails leaves nothing behind, no table and no
 * tags. */
typedef struct tuv_batch_appended_s {
  const char* table; /* NULL, where the SQL has no `?` for it */
  size_t length;
  const taosuv_value_t* tags;
  uint32_t ntags;
  uint32_t count;                /* of values or columns */
  const taosuv_value_t* values;  /* one row, … */
  const taosuv_array_t* columns; /* … or, when not NULL, many */
  uint32_t rows;
} tuv_batch_appended_t;
int tuv_batch_append(tuv_batch_t* batch, const tuv_batch_appended_t* appended, tuv_errmsg_t* err);
/* About how many bytes of a message that is; what is wrong with it is found later. */
uint64_t tuv_batch_appended_size(const tuv_batch_appended_t* appended);

static inline uint64_t tuv_batch_rows(const tuv_batch_t* batch) {
  return batch->rows;
}

/* Numbers for the rows of a batch, for a caller that reports what became of them; only for a batch
 * with `numbered` set before the first row is bound. The `rows` that were bound last, by one call
 * to the current table, get the numbers from `first` on. */
void tuv_batch_mark(tuv_batch_t* batch, uint64_t first, uint32_t rows);

typedef struct tuv_batch_range_s {
  const char* name; /* not NUL-terminated */
  size_t length;
  uint64_t first, last; /* numbers of the first and the last of these rows */
  uint64_t rows;
  uint64_t all; /* the table's rows in the batch */
} tuv_batch_range_t;
/* The rows from `from` to before `to` of the table with this index, as far as the table has them
 * (then `rows` is smaller, or 0 and the numbers are meaningless). Returns false without such a
 * table. */
bool tuv_batch_range(const tuv_batch_t* batch, uint32_t index, uint64_t from, uint64_t to,
                     tuv_batch_range_t* range);

/* ---- parts: consecutive rows of a batch, counted over its tables in their order ---- */

/* How many rows from row `from` on, at most `rows`, come to at most `bytes` in a message, about;
 * the first row always fits. There must be a row `from`. */
uint64_t tuv_batch_fit(const tuv_batch_t* batch, uint64_t from, uint64_t rows, uint64_t bytes);

/* Where the rows of a table end: behind row `from`, and the last time up to `to` (0: nowhere). */
uint64_t tuv_batch_first_end(const tuv_batch_t* batch, uint64_t from);
uint64_t tuv_batch_last_end(const tuv_batch_t* batch, uint64_t from, uint64_t to);

/* Fills `part`, an empty batch of the same fields, with `rows` rows from row `from` on. The values
 * stay in `batch`, which must not change until `part` is cleared; only tuv_batch_part may be called
 * for it. Returns 0 or TUV_ENOMEM, and then `part` is to be cleared. */
int tuv_batch_part(tuv_batch_t* part, const tuv_batch_t* batch, uint64_t from, uint64_t rows);

/* Bytes of the messages as the batch is now, of all of them; 0 without a row. */
size_t tuv_batch_size(tuv_batch_t* batch);

/* ---- sending ---- */

/* Whether it can be sent: TUV_EINVAL without a row, with an unfinished row, with rows whose table
 * has no tags; TUV_ENOTSUP for a parameter of a type that cannot go so; TUV_ERANGE for a time
 * that V1 would change; TUV_EMSGSIZE when a message would be larger than `max_message_size`, with a
 * text that says by how much. A table without rows is left out, and its tags with it. */
int tuv_batch_ready(tuv_batch_t* batch, uint64_t max_message_size, tuv_errmsg_t* err);

/* The rest is for a batch that is ready, and until it changes. Writes exactly the bytes of the size
 * told, with the message's head; a batch may be written any number of times. */

/* STMT2 and COLUMNAR. */
size_t tuv_batch_message_size(tuv_batch_t* batch);
void tuv_batch_message(tuv_batch_t* batch, uint64_t req_id, uint64_t stmt_id, tuv_sink_t* sink);

/* The mask of the message with which what lies masked need not be masked again. False: there is
 * nothing of that, or it was told before: no mask is used twice. */
bool tuv_batch_mask(tuv_batch_t* batch, uint8_t mask[4]);

/* V1: its tables by their number (a query, and an INSERT that names its table, have one). The name
 * is NULL where the SQL has no question mark for it; the size of the tags is 0 where it has no
 * tags. Names are valid UTF-8, not NUL-terminated. */
static inline uint32_t tuv_batch_tables(const tuv_batch_t* batch) {
  return batch->used;
}
const char* tuv_batch_v1_name(const tuv_batch_t* batch, uint32_t table, size_t* length);
size_t tuv_batch_v1_tags_size(const tuv_batch_t* batch, uint32_t table);
void tuv_batch_v1_tags(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink);
size_t tuv_batch_v1_rows_size(const tuv_batch_t* batch, uint32_t table);
void tuv_batch_v1_rows(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink);

#endif
