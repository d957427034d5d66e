/* What the files of the batch share: how tables, tags and rows lie in memory. */
#ifndef TUV_WIRE_BATCH_PRIVATE_H
#define TUV_WIRE_BATCH_PRIVATE_H

#include <string.h>

#include "util/bytes.h"
#include "wire/batch/batch.h"
#include "wire/types.h"

/* A length that the server cannot take, even where the field tells no limit: the longest text of an
 * NCHAR cell still has a 16 bit length as UCS-4. */
#define TUV_BATCH_MAX_BYTES 65535u
#define TUV_BATCH_MAX_NCHAR 16383u
#define TUV_BATCH_MAX_BLOB 0x7FFFFFFFu

/* A tag, or a query's parameter: one value, as it goes out. */
typedef struct tuv_cell_s {
  uint8_t type; /* taosuv_type_t; of a parameter its own */
  uint8_t scale;
  bool null;
  uint32_t length;
  uint32_t text; /* DECIMAL: the length of its text; NCHAR: characters */
  const uint8_t* bytes;
} tuv_cell_t;

/* A part of a column: the rows of one segment, as they go out. */
typedef struct tuv_part_s {
  uint8_t* nulls;   /* a byte a row, 0 or 1 */
  uint8_t* values;  /* fixed width: a slot a row, zero for NULL; variable: the bytes of all rows */
  uint8_t* lengths; /* variable: an int32 a row */
  size_t size;      /* variable: bytes of values, of an unfinished row too */
  size_t capacity;
} tuv_part_t;

/* Rows of one table that were bound one after another. Those of a table that is bound by one call
 * may lie as stmt2_bind has them, all items in a row and masked (premasked.c): they go out as they
 * are. Whoever else wants them asks for them plain first. */
typedef struct tuv_segment_s tuv_segment_t;
struct tuv_segment_s {
  tuv_segment_t* next;
  uint8_t* premasked; /* NULL: plain */
  size_t premasked_size;
  uint8_t key[4]; /* the mask at the first byte */
  uint32_t rows;
  uint32_t capacity;
  uint64_t number;    /* of its first row (tuv_batch_mark) … */
  uint32_t* numbers;  /* … and what each row adds to it; NULL: they are numbered in a row */
  tuv_part_t parts[]; /* a column each */
};

/* What a column's rows come to. */
typedef struct tuv_sum_s {
  uint64_t bytes; /* variable: of all values; DECIMAL: of their texts */
  uint64_t chars; /* NCHAR: of all values */
  uint64_t nulls;
} tuv_sum_t;

struct tuv_batch_table_s {
  const char* name;
  uint32_t name_length;
  uint32_t hash;
  uint32_t rows;         /* complete ones */
  uint32_t counted_rows; /* what its part of the batch's size was counted with */
  uint64_t counted;
  uint64_t head;    /* of that (STMT2) its name and tags; 0: not counted */
  uint64_t bytes;   /* of all columns of variable width, of an unfinished row too … */
  uint64_t nulls;   /* … and NULLs of all columns */
  tuv_cell_t* tags; /* NULL: not bound */
  tuv_segment_t* first;
  tuv_segment_t* last;
  tuv_sum_t sums[]; /* a column each; of an unfinished row too */
};

/* A field of the statement, as the batch needs it. */
typedef struct tuv_slot_s {
  const taosuv_stmt_field_t* field;
  uint32_t limit; /* variable: the most bytes; NCHAR: characters */
  uint8_t type;
  uint8_t width;     /* 0: variable */
  uint8_t plain;     /* the taosuv_value_kind_t whose 64 bits are stored as they are … */
  int64_t low, high; /* … when they, as an int64, lie between these */
  bool decimal;
  bool required; /* the table's first TIMESTAMP: NULL is refused */
  tuv_sum_t sum; /* columns: of all tables; tags: nulls counted by rows (COLUMNAR) */
} tuv_slot_t;

/* A column's array while it is being bound. */
typedef struct tuv_intake_s {
  tuv_slot_t* slot;
  const taosuv_array_t* array;
  tuv_sum_t sum; /* of its rows */
  bool whole;    /* variable: no NULL row has bytes, so that one copy does */
} tuv_intake_t;

/* The fields by their kind, each kind in the order of the SQL. */
struct tuv_batch_layout_s {
  const taosuv_stmt_field_t* table; /* NULL: the SQL names it */
  uint32_t ntags, ncolumns;
  uint32_t row_size; /* of a row's items, but for the bytes of variable width */
  bool decimals;     /* there is a column of them */
  bool nchars;       /* as well */
  tuv_slot_t* tags;
  tuv_slot_t* columns;
  tuv_intake_t* intakes; /* a column each */
  tuv_cell_t* params;    /* a query's; as many as ncolumns */
};

/* What a column of the current table got, or lost. */
static inline void tuv_batch_sum(tuv_batch_t* batch, uint32_t column, uint64_t bytes,
                                 uint64_t chars, uint64_t nulls) {
  tuv_slot_t* slot = &batch->layout->columns[column];
  tuv_sum_t* sum = &batch->current->sums[column];
  sum->bytes += bytes;
  sum->chars += chars;
  sum->nulls += nulls;
  slot->sum.bytes += bytes;
  slot->sum.chars += chars;
  slot->sum.nulls += nulls;
  if (slot->width == 0) batch->current->bytes += bytes;
  batch->current->nulls += nulls;
}

/* The tables that are sent, by their number. */
static inline tuv_batch_table_t* tuv_batch_used(const tuv_batch_t* batch, uint32_t number) {
  return batch->tables[batch->tables_size + number];
}

#define TUV_NOT_PLAIN 0xFFu

/* batch_layout.c */
int tuv_batch_make_layout(tuv_batch_t* batch, tuv_errmsg_t* err);

/* batch.c */
/* Puts "table 'x', column 'y', row n: " before the text in `err`; returns `status`. */
#define TUV_NO_ROW UINT64_MAX
int tuv_batch_where(const tuv_batch_t* batch, const taosuv_stmt_field_t* field, uint32_t index,
                    uint64_t row, int status, tuv_errmsg_t* err);
int tuv_batch_begin(tuv_batch_t* batch, bool unfinished, tuv_errmsg_t* err);
int tuv_batch_no_memory(tuv_errmsg_t* err);
/* A table at the end of the list; NULL: no memory. */
tuv_batch_table_t* tuv_batch_add_table(tuv_batch_t* batch, const char* name, size_t length,
                                       uint32_t hash);
/* Forgets the table that was mentioned last, which has no row. Its memory is the caller's
 * matter. */
void tuv_batch_unmention(tuv_batch_t* batch);

/* batch_value.c: one value as bytes */
typedef struct tuv_converted_s {
  const uint8_t* bytes; /* the caller's, or in `room` */
  uint32_t length;
  uint32_t text; /* as tuv_cell_t's */
  uint8_t room[40];
} tuv_converted_t;
/* Not for NULL. Returns 0 or TUV_ETYPE, TUV_ERANGE, TUV_EINVAL, TUV_ENOMEM with the reason in
 * `err`. */
int tuv_convert(const tuv_batch_t* batch, const tuv_slot_t* slot, const taosuv_value_t* value,
                tuv_converted_t* out, tuv_errmsg_t* err);
/* Checks a variable value; the count of an NCHAR's characters goes to *chars. */
int tuv_check_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot, const uint8_t* bytes,
                    size_t length, uint32_t* chars, tuv_errmsg_t* err);
int tuv_convert_decimal(const tuv_slot_t* slot, const char* text, size_t length,
                        tuv_converted_t* out, tuv_errmsg_t* err);
uint32_t tuv_decimal_text_size(const tuv_slot_t* slot, const uint8_t* value);
uint32_t tuv_count_chars(const uint8_t* utf8, size_t size);

/* premasked.c */
/* Bytes of a call's rows as they go out; 0: these do not lie so. */
size_t tuv_premasked_size(const tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes);
/* Room for them in a new segment, whose parts point into it; NULL: no memory. */
tuv_segment_t* tuv_segment_premasked(tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes,
                                     size_t size);
/* A column of such a segment: masked as it is copied, or false: it is to be copied, … */
bool tuv_segment_column(tuv_batch_t* batch, tuv_segment_t* segment, uint32_t column,
                        const tuv_intake_t* intake, uint32_t rows);
/* … and its item masked then, while it is in the cache. One column after another. */
void tuv_segment_mask(tuv_batch_t* batch, tuv_segment_t* segment, uint32_t column);
void tuv_table_plain(const tuv_batch_table_t* table);
void tuv_batch_plain(const tuv_batch_t* batch); /* what does not go out as it is */

/* batch_rows.c */
tuv_segment_t* tuv_segment_for(tuv_batch_t* batch, uint32_t rows);
bool tuv_part_reserve(tuv_batch_t* batch, const tuv_segment_t* segment, tuv_part_t* part,
                      uint32_t rows, size_t size);
void tuv_segment_link(tuv_batch_table_t* table, tuv_segment_t* segment);

/* batch_query.c: what of the above means a query's parameters */
int tuv_params_value(tuv_batch_t* batch, const taosuv_value_t* value, tuv_errmsg_t* err);
int tuv_params_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                       uint32_t count, tuv_errmsg_t* err);

/* batch_size.c */
void tuv_batch_count(tuv_batch_t* batch, tuv_batch_table_t* table);   /* as it is now */
void tuv_batch_uncount(tuv_batch_t* batch, tuv_batch_table_t* table); /* before its tags change */
/* Whether a type goes out with lengths; the bytes of a column's, and of a cell's values then. */
bool tuv_has_lengths(const tuv_batch_t* batch, uint8_t type);
uint64_t tuv_column_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot, const tuv_sum_t* sum,
                          uint64_t rows);
uint64_t tuv_cell_bytes(const tuv_batch_t* batch, const tuv_cell_t* cell);
/* TDengine 3.3.7.5 refuses an NCHAR column whose values are all empty or NULL, at least one of them
 * empty, unless a byte is behind them. Returns how many are needed. */
static inline uint64_t tuv_column_spare(const tuv_slot_t* slot, const tuv_sum_t* sum,
                                        uint64_t rows) {
  return slot->type == TAOSUV_TYPE_NCHAR && sum->bytes == 0 && sum->nulls < rows;
}
/* A bind item (PROTOCOL 6.3.3): what it has without rows, what each row adds, and the values. */
#define TUV_ITEM_SIZE 17u
static inline uint64_t tuv_item_row(bool lengths) {
  return lengths ? 5 : 1;
}
static inline uint64_t tuv_item_size(bool lengths, uint64_t rows, uint64_t bytes) {
  return TUV_ITEM_SIZE + tuv_item_row(lengths) * rows + bytes;
}
uint64_t tuv_table_tags_size(const tuv_batch_t* batch, const tuv_batch_table_t* table);
uint64_t tuv_table_rows_size(const tuv_batch_t* batch, const tuv_batch_table_t* table);
uint64_t tuv_params_size(const tuv_batch_t* batch);
uint64_t tuv_batch_full_size(tuv_batch_t* batch);
uint64_t tuv_columnar_size(const tuv_batch_t* batch); /* its tables counted */
/* A block of the first version (PROTOCOL 6.1.5). */
uint64_t tuv_v1_cells_size(const tuv_cell_t* cells, uint32_t count);
uint64_t tuv_v1_rows_size(const tuv_batch_t* batch, const tuv_batch_table_t* table);

/* batch_out.c: small pieces are gathered, large ones passed on */
typedef struct tuv_encoder_s {
  tuv_sink_t* sink;
  size_t used;
  uint8_t buf[1024];
} tuv_encoder_t;
void tuv_encoder_begin(tuv_encoder_t* encoder, tuv_sink_t* sink, uint64_t req_id, uint64_t stmt_id,
                       uint64_t action);
void tuv_encoder_bytes(tuv_encoder_t* encoder, const void* data, size_t size);
void tuv_encoder_fill(tuv_encoder_t* encoder, uint8_t byte, size_t size);
void tuv_encoder_premasked(tuv_encoder_t* encoder, const uint8_t* data, size_t size,
                           const uint8_t key[4]);
void tuv_encoder_end(tuv_encoder_t* encoder);
static inline void tuv_encoder_u32(tuv_encoder_t* encoder, uint64_t value) {
  uint8_t bytes[4];
  tuv_store(bytes, value, 4);
  tuv_encoder_bytes(encoder, bytes, 4);
}
static inline void tuv_encoder_u16(tuv_encoder_t* encoder, uint64_t value) {
  uint8_t bytes[2];
  tuv_store(bytes, value, 2);
  tuv_encoder_bytes(encoder, bytes, 2);
}
static inline void tuv_encoder_u8(tuv_encoder_t* encoder, unsigned value) {
  uint8_t byte = (uint8_t) value;
  tuv_encoder_bytes(encoder, &byte, 1);
}

/* batch_stmt2.c, batch_columnar.c: the message behind its head of 24 bytes */
void tuv_stmt2_write(const tuv_batch_t* batch, tuv_encoder_t* encoder);
void tuv_columnar_write(const tuv_batch_t* batch, tuv_encoder_t* encoder);

/* batch_item.c: an item's parts */
void tuv_item_head(tuv_encoder_t* encoder, uint8_t type, bool lengths, uint64_t rows,
                   uint64_t bytes);
void tuv_item_cell(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cell);
void tuv_cell_value(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cell);
void tuv_column_nulls(tuv_encoder_t* encoder, const tuv_batch_table_t* table, uint32_t column);
void tuv_column_lengths(tuv_encoder_t* encoder, const tuv_slot_t* slot,
                        const tuv_batch_table_t* table, uint32_t column);
void tuv_column_values(tuv_encoder_t* encoder, const tuv_slot_t* slot, bool text,
                       const tuv_batch_table_t* table, uint32_t column);

#endif
