/* Binding to a prepared statement: its fields, single values, and columns of many rows. */
#ifndef TAOSUV_BIND_H
#define TAOSUV_BIND_H

#include <stdint.h>
#include <time.h>

#include "block.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a `?` of an INSERT stands for. */
typedef enum {
  TAOSUV_BIND_COLUMN = 1,
  TAOSUV_BIND_TAG = 2,
  TAOSUV_BIND_QUERY = 3,
  TAOSUV_BIND_TABLE = 4
} taosuv_bind_kind_t;

/* A `?` of an INSERT, in the order of the SQL. */
typedef struct taosuv_stmt_field_s {
  const char*
      name; /* UTF-8, NUL-terminated; lives until the statement is prepared again or closed */
  uint32_t name_length;
  uint8_t kind;      /* taosuv_bind_kind_t */
  uint8_t type;      /* taosuv_type_t */
  uint8_t precision; /* TIMESTAMP: taosuv_precision_t; DECIMAL: total digits, 0: unknown */
  uint8_t scale;     /* DECIMAL: digits after the point */
  uint32_t length;   /* variable types: maximum in bytes, for NCHAR in characters; 0: unknown */
  uint64_t reserved[2];
} taosuv_stmt_field_t;

/* One value, for tags, query parameters and rows. Use the functions below to make one.
 *
 * A field accepts only the kinds named here; any other is TAOSUV_ETYPE. These are converted, with a
 * check of the range: integers of one width to another, double to FLOAT, timespec to TIMESTAMP.
 * Text for a DECIMAL consists of digits with an optional sign and an optional point. Digits beyond
 * the field's scale are rounded half away from zero; too many digits before the point are refused.
 * Servers before 3.4 receive the unscaled integer. Where they do not report the scale with the
 * fields (3.3.6), preparing the statement asks for it with a query that returns no rows; if that is
 * refused, only the integer can be bound (TAOSUV_ENOTSUP).
 *
 * The parameters of a query have no field. They are sent as BOOL, BIGINT, BIGINT UNSIGNED, DOUBLE,
 * VARCHAR (text, and a timespec of the years 0 to 9999 as RFC 3339 in UTC) and VARBINARY
 * (bytes). */
typedef enum {
  TAOSUV_VALUE_NULL,
  TAOSUV_VALUE_BOOL,
  TAOSUV_VALUE_I64,     /* integers, and TIMESTAMP in the field's precision */
  TAOSUV_VALUE_U64,     /* integers */
  TAOSUV_VALUE_F64,     /* FLOAT and DOUBLE */
  TAOSUV_VALUE_TEXT,    /* VARCHAR, NCHAR, JSON, DECIMAL ("-12.50"); UTF-8 */
  TAOSUV_VALUE_BYTES,   /* VARBINARY, GEOMETRY (WKB), BLOB, VARCHAR; DECIMAL as in an array */
  TAOSUV_VALUE_TIMESPEC /* TIMESTAMP, rounded down to the field's precision */
} taosuv_value_kind_t;

typedef struct taosuv_value_s {
  uint8_t kind;  /* taosuv_value_kind_t */
  size_t length; /* of bytes; TAOSUV_NUL_TERMINATED for a C string */
  union {
    int64_t i64;
    uint64_t u64;
    double f64;
    const void* bytes;
    struct timespec time;
  } as;
} taosuv_value_t;

/* One column of many rows. */
typedef struct taosuv_array_s {
  /* taosuv_type_t of the elements: the type of the field. NCHAR and JSON are UTF-8. DECIMAL fields
   * also take TAOSUV_TYPE_VARCHAR (decimal text). TAOSUV_TYPE_NULL: every row is NULL, and the
   * other members are ignored. */
  uint8_t type;
  /* Fixed width: one element per row, in C's layout (bool and int8_t have 1 byte, int64_t and
   * double 8). DECIMAL has 16 bytes, low word first, DECIMAL64 has 8; both hold the value times
   * 10^scale. Variable width: the bytes of all rows. */
  const void* values;
  /* Variable width: rows + 1 numbers; row i has the bytes from offsets[i] up to offsets[i + 1]. */
  const uint32_t* offsets;
  /* One byte per row, nonzero if the row is NULL. The pointer may be NULL if no row is NULL. */
  const uint8_t* nulls;
} taosuv_array_t;

static inline taosuv_value_t taosuv_null(void) {
  taosuv_value_t value = {TAOSUV_VALUE_NULL, 0, {0}};
  return value;
}
static inline taosuv_value_t taosuv_bool(int truth) {
  taosuv_value_t value = {TAOSUV_VALUE_BOOL, 0, {0}};
  value.as.i64 = truth != 0;
  return value;
}
static inline taosuv_value_t taosuv_i64(int64_t number) {
  taosuv_value_t value = {TAOSUV_VALUE_I64, 0, {0}};
  value.as.i64 = number;
  return value;
}
static inline taosuv_value_t taosuv_u64(uint64_t number) {
  taosuv_value_t value = {TAOSUV_VALUE_U64, 0, {0}};
  value.as.u64 = number;
  return value;
}
static inline taosuv_value_t taosuv_f64(double number) {
  taosuv_value_t value = {TAOSUV_VALUE_F64, 0, {0}};
  value.as.f64 = number;
  return value;
}
static inline taosuv_value_t taosuv_text(const char* text, size_t length) {
  taosuv_value_t value = {TAOSUV_VALUE_TEXT, 0, {0}};
  value.as.bytes = text;
  value.length = length;
  return value;
}
static inline taosuv_value_t taosuv_bytes(const void* bytes, size_t length) {
  taosuv_value_t value = {TAOSUV_VALUE_BYTES, 0, {0}};
  value.as.bytes = bytes;
  value.length = length;
  return value;
}
static inline taosuv_value_t taosuv_timespec(struct timespec time) {
  taosuv_value_t value = {TAOSUV_VALUE_TIMESPEC, 0, {0}};
  value.as.time = time;
  return value;
}

#ifdef __cplusplus
}
#endif

#endif
