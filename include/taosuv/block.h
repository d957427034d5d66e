/* Data blocks: a reference-counted buffer of rows, and typed views of its columns. */
#ifndef TAOSUV_BLOCK_H
#define TAOSUV_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* TDengine's data types and their codes on the wire.
 * XX(NAME, code, "SQL name", bytes of a fixed-size value or 0) */
#define TAOSUV_TYPE_MAP(XX)                                                                        \
  XX(NULL, 0, "NULL", 0)                                                                           \
  XX(BOOL, 1, "BOOL", 1)                                                                           \
  XX(TINYINT, 2, "TINYINT", 1)                                                                     \
  XX(SMALLINT, 3, "SMALLINT", 2)                                                                   \
  XX(INT, 4, "INT", 4)                                                                             \
  XX(BIGINT, 5, "BIGINT", 8)                                                                       \
  XX(FLOAT, 6, "FLOAT", 4)                                                                         \
  XX(DOUBLE, 7, "DOUBLE", 8)                                                                       \
  XX(VARCHAR, 8, "VARCHAR", 0)                                                                     \
  XX(TIMESTAMP, 9, "TIMESTAMP", 8)                                                                 \
  XX(NCHAR, 10, "NCHAR", 0)                                                                        \
  XX(UTINYINT, 11, "TINYINT UNSIGNED", 1)                                                          \
  XX(USMALLINT, 12, "SMALLINT UNSIGNED", 2)                                                        \
  XX(UINT, 13, "INT UNSIGNED", 4)                                                                  \
  XX(UBIGINT, 14, "BIGINT UNSIGNED", 8)                                                            \
  XX(JSON, 15, "JSON", 0)                                                                          \
  XX(VARBINARY, 16, "VARBINARY", 0)                                                                \
  XX(DECIMAL128, 17, "DECIMAL", 16)                                                                \
  XX(BLOB, 18, "BLOB", 0)                                                                          \
  XX(MEDIUMBLOB, 19, "MEDIUMBLOB", 0)                                                              \
  XX(GEOMETRY, 20, "GEOMETRY", 0)                                                                  \
  XX(DECIMAL64, 21, "DECIMAL", 8)

typedef enum {
#define XX(name, code, text, size) TAOSUV_TYPE_##name = code,
  TAOSUV_TYPE_MAP(XX)
#undef XX
      TAOSUV_TYPE_BINARY = TAOSUV_TYPE_VARCHAR /* TDengine's older name of VARCHAR */
} taosuv_type_t;

/* The unit of a TIMESTAMP's integer: since 1970-01-01T00:00:00Z. */
typedef enum {
  TAOSUV_PRECISION_MS = 0,
  TAOSUV_PRECISION_US = 1,
  TAOSUV_PRECISION_NS = 2
} taosuv_precision_t;

/* The SQL name of a type: "VARCHAR", "INT UNSIGNED"; NULL if `type` is unknown. */
TAOSUV_EXTERN const char* taosuv_type_name(int type);

/* A block of rows, as the server sent it. Every length and offset was checked when it arrived, so
 * the getters below need no check. It belongs to the library. A block that is passed to a callback
 * lives until the callback returns; to keep it longer, take a reference and release it later. A
 * referenced block outlives its result and its client. Blocks must not be shared between threads:
 * take and release references on the loop's thread. */
typedef struct taosuv_block_s taosuv_block_t;

TAOSUV_EXTERN taosuv_block_t* taosuv_block_ref(taosuv_block_t* block); /* returns block */
TAOSUV_EXTERN void taosuv_block_unref(taosuv_block_t* block);          /* NULL is allowed */

TAOSUV_EXTERN uint32_t taosuv_block_rows(const taosuv_block_t* block);
TAOSUV_EXTERN uint32_t taosuv_block_columns(const taosuv_block_t* block);

/* The raw block as it was received, for example to write it to another database. */
TAOSUV_EXTERN const void* taosuv_block_data(const taosuv_block_t* block, size_t* size);

/* A flag of a column: a DECIMAL whose block states a precision and a scale that cannot be right.
 * Its integers are right, but the position of their points is not known: precision and scale are 0,
 * and all functions below treat the values as integers. TDengine 3.3.7.5 sends such blocks to
 * consumers, for rows that are older than an ALTER TABLE … DROP COLUMN. All DECIMALs of such a
 * block have the flag, because the block states its columns together: a scale that looks right may
 * belong to another column. Take the scale from the table's definition and pass it to
 * taosuv_format_decimal. */
#define TAOSUV_COLUMN_SCALE_UNKNOWN 0x01u

/* A column of a block: pointers into the block, which must stay referenced as long as they are
 * used. Read it with the functions below; its memory is unaligned and little-endian. */
typedef struct taosuv_column_s {
  const uint8_t* data;    /* fixed-size types: the values; others: where the offsets point into */
  const uint8_t* nulls;   /* fixed-size types: the bit map, most significant bit first; or NULL */
  const uint8_t* offsets; /* variable-size types: one int32 per row, -1 for NULL; or NULL */
  uint32_t rows;
  uint32_t length;                        /* bytes of `data` */
  int32_t bytes;                          /* the declared width, as stated in the block */
  uint8_t type;                           /* taosuv_type_t */
  uint8_t size;                           /* bytes of a value; 0 for variable-size types */
  uint8_t precision;                      /* TIMESTAMP: taosuv_precision_t; DECIMAL: total digits */
  uint8_t scale;                          /* DECIMAL: digits after the point */
  uint8_t flags;                          /* TAOSUV_COLUMN_… */
  uint8_t stated_precision, stated_scale; /* DECIMAL: as stated in the block, right or wrong */
  uint8_t unused[5];
  uint64_t reserved[1];
} taosuv_column_t;

/* Fills `column` with the view of column `index` (from 0). Returns 0, or TAOSUV_EINVAL if there is
 * no such column; `column` is then zeroed. */
TAOSUV_EXTERN int taosuv_block_column(const taosuv_block_t* block, uint32_t index,
                                      taosuv_column_t* column);

/* Loads of unaligned little-endian numbers. */
static inline uint16_t taosuv_load_u16(const uint8_t* p) {
  return (uint16_t) (p[0] | (uint16_t) p[1] << 8);
}
static inline uint32_t taosuv_load_u32(const uint8_t* p) {
  return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}
static inline uint64_t taosuv_load_u64(const uint8_t* p) {
  return (uint64_t) taosuv_load_u32(p) | (uint64_t) taosuv_load_u32(p + 4) << 32;
}

/* Whether the value of a row is NULL. `row` must be less than column->rows, here and below. */
static inline bool taosuv_is_null(const taosuv_column_t* column, uint32_t row) {
  if (column->nulls != NULL) return (column->nulls[row >> 3] & (0x80u >> (row & 7u))) != 0;
  return column->offsets == NULL || (taosuv_load_u32(column->offsets + 4 * (size_t) row) >> 31);
}

/* The value of a row in a column of exactly the named type: BOOL, TINYINT, SMALLINT, INT, BIGINT
 * and TIMESTAMP, their unsigned types, FLOAT and DOUBLE. The value of a NULL row is undefined. */
static inline bool taosuv_get_bool(const taosuv_column_t* column, uint32_t row) {
  return column->data[row] != 0;
}
static inline int8_t taosuv_get_i8(const taosuv_column_t* column, uint32_t row) {
  return (int8_t) column->data[row];
}
static inline int16_t taosuv_get_i16(const taosuv_column_t* column, uint32_t row) {
  return (int16_t) taosuv_load_u16(column->data + 2 * (size_t) row);
}
static inline int32_t taosuv_get_i32(const taosuv_column_t* column, uint32_t row) {
  return (int32_t) taosuv_load_u32(column->data + 4 * (size_t) row);
}
static inline int64_t taosuv_get_i64(const taosuv_column_t* column, uint32_t row) {
  return (int64_t) taosuv_load_u64(column->data + 8 * (size_t) row);
}
static inline uint8_t taosuv_get_u8(const taosuv_column_t* column, uint32_t row) {
  return column->data[row];
}
static inline uint16_t taosuv_get_u16(const taosuv_column_t* column, uint32_t row) {
  return taosuv_load_u16(column->data + 2 * (size_t) row);
}
static inline uint32_t taosuv_get_u32(const taosuv_column_t* column, uint32_t row) {
  return taosuv_load_u32(column->data + 4 * (size_t) row);
}
static inline uint64_t taosuv_get_u64(const taosuv_column_t* column, uint32_t row) {
  return taosuv_load_u64(column->data + 8 * (size_t) row);
}
static inline float taosuv_get_f32(const taosuv_column_t* column, uint32_t row) {
  uint32_t bits = taosuv_load_u32(column->data + 4 * (size_t) row);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline double taosuv_get_f64(const taosuv_column_t* column, uint32_t row) {
  uint64_t bits = taosuv_load_u64(column->data + 8 * (size_t) row);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The bytes of a row in a column of a variable-size type: VARCHAR, VARBINARY, GEOMETRY (WKB), JSON
 * and BLOB as they are, NCHAR as UCS-4 (taosuv_nchar_utf8 converts). The bytes are inside the block
 * and not NUL-terminated. Returns NULL and sets *length to 0 for a NULL row; the pointer for an
 * empty text is not NULL. */
static inline const uint8_t* taosuv_get_bytes(const taosuv_column_t* column, uint32_t row,
                                              uint32_t* length) {
  uint32_t offset = taosuv_load_u32(column->offsets + 4 * (size_t) row);
  const uint8_t* p;
  if (offset >> 31) {
    *length = 0;
    return NULL;
  }
  p = column->data + offset;
  if (column->type == TAOSUV_TYPE_BLOB) {
    *length = taosuv_load_u32(p);
    return p + 4;
  }
  *length = taosuv_load_u16(p);
  return p + 2;
}

/* The unscaled integer of a DECIMAL: value × 10^scale, as the two halves of a 128-bit two's
 * complement number. For both DECIMAL types. */
typedef struct taosuv_decimal_s {
  uint64_t low;
  int64_t high;
} taosuv_decimal_t;

static inline taosuv_decimal_t taosuv_get_decimal(const taosuv_column_t* column, uint32_t row) {
  taosuv_decimal_t value;
  const uint8_t* p = column->data + (size_t) column->size * row;
  value.low = taosuv_load_u64(p);
  value.high = column->size == 16 ? (int64_t) taosuv_load_u64(p + 8)
                                  : ((value.low >> 63) != 0 ? -1 : 0);
  return value;
}

/* Any integer, BOOL, TIMESTAMP or DECIMAL with scale 0 as int64. Returns 0; TAOSUV_ETYPE for other
 * types; UV_ERANGE when the value does not fit; UV_ENODATA for NULL (then *value is 0). */
TAOSUV_EXTERN int taosuv_cell_i64(const taosuv_column_t* column, uint32_t row, int64_t* value);

/* Any number as double (for a DECIMAL the nearest one). Returns the same errors as
 * taosuv_cell_i64. */
TAOSUV_EXTERN int taosuv_cell_f64(const taosuv_column_t* column, uint32_t row, double* value);

/* Writes the UTF-8 of a NCHAR cell (no NUL is added; at most `size` bytes, never part of a
 * character). Returns the length of the whole text: more than `size` means that it was cut. An
 * invalid character becomes U+FFFD. The text is never longer than the cell's UCS-4. */
TAOSUV_EXTERN size_t taosuv_nchar_utf8(const uint8_t* ucs4, uint32_t length, char* buf,
                                       size_t size);

/* Writes any cell as text, NUL-terminated and cut at `size`; returns the length of the whole text,
 * as snprintf does, or TAOSUV_ETYPE for a type that has no text. A NULL cell is "NULL".
 *   BOOL true/false · integers · FLOAT, DOUBLE: the shortest text that reads back as the same
 *   number; NaN, Infinity, -Infinity · DECIMAL with all digits of its scale · VARCHAR, NCHAR, JSON as
 *   they are · VARBINARY, GEOMETRY, BLOB lower-case hex · TIMESTAMP in RFC 3339 with 3, 6 or 9
 *   digits by its precision, at the offset `utc_offset` (seconds east of UTC; 0 is written as Z;
 *   TAOSUV_EINVAL unless it is whole minutes and less than 24 hours). Years beyond 9999 are written
 *   as +10000, those before 0 as -0001. */
TAOSUV_EXTERN int taosuv_format_cell(const taosuv_column_t* column, uint32_t row,
                                     int32_t utc_offset, char* buf, size_t size);

/* The same for one timestamp and for one decimal that the caller holds. TAOSUV_EINVAL also for an
 * unknown precision and for a scale above 38. */
TAOSUV_EXTERN int taosuv_format_timestamp(int64_t value, taosuv_precision_t precision,
                                          int32_t utc_offset, char* buf, size_t size);
TAOSUV_EXTERN int taosuv_format_decimal(taosuv_decimal_t value, uint8_t scale, char* buf,
                                        size_t size);

#ifdef __cplusplus
}
#endif

#endif
