/* TDengine's column types: codes, names, widths, and the error that SQL ends with. */
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

/* A database error as the client sees it. */
typedef struct ts_error_s {
  int code;
  char text[512];
} ts_error_t;

/* Writes the error and returns its code. */
int ts_error(ts_error_t* error, int code, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
/* Code 256: valid SQL of TDengine that this server does not do. */
int ts_unsupported(ts_error_t* error, const char* what);

enum {
  TS_E_UNSUPPORTED = 256,
  TS_E_PARAMETERS = 280,
  TS_E_INSERT = 534,
  TS_E_USER = 849,
  TS_E_PASSWORD = 855,
  TS_E_TABLE_EXISTS = 864,
  TS_E_NO_STABLE = 866,
  TS_E_DB_EXISTS = 897,
  TS_E_NO_DB = 904,
  TS_E_TOPIC_EXISTS = 992,
  TS_E_NO_TOPIC = 993,
  TS_E_TOPIC_QUERY = 996,
  TS_E_NO_CONSUMER = 998,
  TS_E_NO_SUBSCRIPTION = 1000,
  TS_E_TOPIC_SUBSCRIBED = 1003,
  TS_E_GROUP_USED = 1004,
  TS_E_TOPIC_FIRST = 1005,
  TS_E_NO_COMMITTED = 2573,
  TS_E_TMQ_MISMATCH = 16385,
  TS_E_TMQ_RANGE = 16391,
  TS_E_TMQ_VGROUP = 16392,
  TS_E_TMQ_TOPIC = 16393,
  TS_E_TMQ_UNPOLLED = 16400,
  TS_E_CONFIG = 65534,
  TS_E_INTERNAL = 65535,
  TS_E_SYNTAX = 9728,
  TS_E_INCOMPLETE = 9729,
  TS_E_COLUMN = 9730,
  TS_E_TABLE = 9731,
  TS_E_VALUE_TYPE = 9733,
  TS_E_NOT_SINGLE_GROUP = 9739,
  TS_E_TAGS_NUMBER = 9740,
  TS_E_DB_NOT_SPECIFIED = 9750,
  TS_E_TOO_LONG = 9811
};

#endif
