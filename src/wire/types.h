/* The table of TDengine's data types: what the formats have in common about each of them. Their
 * codes and SQL names are public (taosuv/block.h); how each format carries a type is its own
 * matter (PROTOCOL 5.3, 5.6, 6.1.5, 6.3.3). */
#ifndef TUV_WIRE_TYPES_H
#define TUV_WIRE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/block.h"

typedef enum {
  TUV_KIND_NONE, /* no value can have such a type: NULL, MEDIUMBLOB, unknown codes */
  TUV_KIND_BOOL,
  TUV_KIND_INTEGER,
  TUV_KIND_TIME,
  TUV_KIND_REAL,
  TUV_KIND_DECIMAL,
  TUV_KIND_TEXT,  /* of variable size: VARCHAR, NCHAR, JSON */
  TUV_KIND_BINARY /* of variable size: VARBINARY, GEOMETRY, BLOB */
} tuv_type_kind_t;

typedef struct tuv_type_s {
  const char* name; /* in SQL */
  uint8_t kind;     /* tuv_type_kind_t */
  uint8_t size;     /* bytes of a value; 0: its size is variable, or there are no values */
  uint8_t prefix;   /* of variable size: bytes of the length before a value in a block */
  int64_t min;      /* the range of an INTEGER or TIME */
  uint64_t max;
} tuv_type_t;

#define TUV_TYPES 22u
extern const tuv_type_t tuv_types[TUV_TYPES]; /* by their codes */

/* What is known about a type. An unknown code gets the entry of NULL, which no value has. */
static inline const tuv_type_t* tuv_type(uint64_t code) {
  return &tuv_types[code < TUV_TYPES ? code : TAOSUV_TYPE_NULL];
}

/* Bytes of a value of a fixed size; 0 for all other types. */
static inline uint8_t tuv_type_size(uint64_t code) {
  return tuv_type(code)->size;
}

static inline bool tuv_type_is_variable(uint64_t code) {
  return tuv_type(code)->prefix != 0;
}

static inline bool tuv_type_is_decimal(uint64_t code) {
  return code == TAOSUV_TYPE_DECIMAL64 || code == TAOSUV_TYPE_DECIMAL128;
}

static inline bool tuv_type_is_integer(uint64_t code) {
  return tuv_type(code)->kind == TUV_KIND_INTEGER;
}

/* Whether an INTEGER or TIME can hold a number. */
static inline bool tuv_type_holds_i64(uint64_t code, int64_t number) {
  const tuv_type_t* type = tuv_type(code);
  return number < 0 ? number >= type->min : (uint64_t) number <= type->max;
}

static inline bool tuv_type_holds_u64(uint64_t code, uint64_t number) {
  return number <= tuv_type(code)->max;
}

/* Whether storage counts a length of two bytes with each value, which a column's declared width
 * does not count: VARCHAR, NCHAR, VARBINARY and GEOMETRY (PROTOCOL 5.7). */
static inline bool tuv_type_has_short_prefix(uint64_t code) {
  return tuv_type(code)->prefix == 2 && code != TAOSUV_TYPE_JSON;
}

/* The declared width of a column, from the width of its storage (PROTOCOL 5.7). */
int64_t tuv_declared_width(uint8_t type, int64_t stored);

#endif
