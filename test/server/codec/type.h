/* TDengine's column types: codes, names, widths. */
#ifndef TS_CODEC_TYPE_H
#define TS_CODEC_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  TS_BOOL = 1,
  TS_TINYINT = 2,
  TS_SMALLINT = 3,
  TS_INT = 4,
  TS_BIGINT = 5,
  TS_FLOAT = 6,
  TS_DOUBLE = 7,
  TS_VARCHAR = 8,
  TS_TIMESTAMP = 9,
  TS_NCHAR = 10,
  TS_UTINYINT = 11,
  TS_USMALLINT = 12,
  TS_UINT = 13,
  TS_UBIGINT = 14,
  TS_JSON = 15,
  TS_VARBINARY = 16,
  TS_DECIMAL = 17, /* 128 bits */
  TS_BLOB = 18,
  TS_GEOMETRY = 20,
  TS_DECIMAL64 = 21
};

#define TS_NAME_MAX 64u   /* of a column or database */
#define TS_TABLE_MAX 192u /* of a table */

typedef struct ts_type_s {
  uint8_t type;
  uint8_t precision; /* DECIMAL */
  uint8_t scale;
  uint32_t width; /* as `fields_lengths` reports it */
} ts_type_t;

typedef struct ts_field_s {
  char name[TS_NAME_MAX + 1];
  ts_type_t type;
} ts_field_t;

ts_type_t ts_type_of(uint8_t type);                  /* a type of fixed width */
ts_type_t ts_type_var(uint8_t type, uint32_t width); /* VARCHAR(width), NCHAR(width), … */
ts_type_t ts_type_decimal(uint8_t precision, uint8_t scale);
bool ts_type_exists(uint8_t type);
bool ts_type_is_var(uint8_t type);
bool ts_type_is_text(uint8_t type);    /* VARCHAR, NCHAR */
bool ts_type_is_integer(uint8_t type); /* signed and unsigned, not BOOL */
bool ts_type_is_unsigned(uint8_t type);
bool ts_type_is_decimal(uint8_t type);
bool ts_type_is_number(uint8_t type);          /* integers, FLOAT, DOUBLE */
uint32_t ts_type_schema_bytes(ts_type_t type); /* the four bytes of a block's schema, as a u32 */
uint32_t ts_type_storage(ts_type_t type);      /* the width in storage: VARCHAR(n) is n + 2 */
const char* ts_type_name(uint8_t type);
const char* ts_type_encoding(uint8_t type); /* of a column, by which a server would keep it */

#endif
