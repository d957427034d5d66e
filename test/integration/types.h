/* A table with a column of every type, for the tests of writing and reading. */
#ifndef TUV_TEST_INTEGRATION_TYPES_H
#define TUV_TEST_INTEGRATION_TYPES_H

#include "taosuv.h"

enum { TYPES_COLUMNS = 18, TYPES_ROWS = 4 };
enum { TYPES_OLD = 14, TYPES_WITHOUT_DECIMAL = 16 }; /* columns that older servers have */

typedef struct type_column_s {
  const char* name;
  const char* sql; /* its type, as in CREATE TABLE */
  taosuv_type_t type;
  int64_t length; /* as in the field of a result */
  uint8_t precision, scale;
  const char* value[3]; /* as in an INSERT: the greatest or any value, the least or empty one,
                           another one */
  const char* text[3];  /* as formatted by taosuv_format_cell */
} type_column_t;

/* The third of the TYPES_ROWS rows of the table is NULL except for its time. */
/* clang-format off */
static const type_column_t type_columns[TYPES_COLUMNS] = {
    {"ts", "timestamp", TAOSUV_TYPE_TIMESTAMP, 8, 0, 0,
     {"1700000000000", "1500000000000", "1700000000123"},
     {"2023-11-14T22:13:20.000Z", "2017-07-14T02:40:00.000Z", "2023-11-14T22:13:20.123Z"}},
    {"c_bool", "bool", TAOSUV_TYPE_BOOL, 1, 0, 0, {"true", "false", "1"},
     {"true", "false", "true"}},
    {"c_i8", "tinyint", TAOSUV_TYPE_TINYINT, 1, 0, 0, {"127", "-127", "1"}, {"127", "-127", "1"}},
    {"c_i16", "smallint", TAOSUV_TYPE_SMALLINT, 2, 0, 0, {"32767", "-32767", "2"},
     {"32767", "-32767", "2"}},
    {"c_i32", "int", TAOSUV_TYPE_INT, 4, 0, 0, {"2147483647", "-2147483647", "3"},
     {"2147483647", "-2147483647", "3"}},
    {"c_i64", "bigint", TAOSUV_TYPE_BIGINT, 8, 0, 0,
     {"9223372036854775807", "-9223372036854775807", "4"},
     {"9223372036854775807", "-9223372036854775807", "4"}},
    {"c_u8", "tinyint unsigned", TAOSUV_TYPE_UTINYINT, 1, 0, 0, {"255", "0", "5"},
     {"255", "0", "5"}},
    {"c_u16", "smallint unsigned", TAOSUV_TYPE_USMALLINT, 2, 0, 0, {"65535", "0", "6"},
     {"65535", "0", "6"}},
    {"c_u32", "int unsigned", TAOSUV_TYPE_UINT, 4, 0, 0, {"4294967295", "0", "7"},
     {"4294967295", "0", "7"}},
    {"c_u64", "bigint unsigned", TAOSUV_TYPE_UBIGINT, 8, 0, 0, {"18446744073709551615", "0", "8"},
     {"18446744073709551615", "0", "8"}},
    {"c_f32", "float", TAOSUV_TYPE_FLOAT, 4, 0, 0, {"3.4e38", "-1.5", "0.1"},
     {"3.4e38", "-1.5", "0.1"}},
    {"c_f64", "double", TAOSUV_TYPE_DOUBLE, 8, 0, 0, {"1.7976931348623157e308", "-2.25", "0.1"},
     {"1.7976931348623157e308", "-2.25", "0.1"}},
    {"c_bin", "varchar(64)", TAOSUV_TYPE_VARCHAR, 64, 0, 0, {"'ascii'", "''", "'it''s'"},
     {"ascii", "", "it's"}},
    {"c_nchar", "nchar(64)", TAOSUV_TYPE_NCHAR, 64, 0, 0,
     {"'\xe6\xb6\x9b\xf0\x9f\x99\x82'", "''", "'mixed \xe4\xb8\xad abc'"},
     {"\xe6\xb6\x9b\xf0\x9f\x99\x82", "", "mixed \xe4\xb8\xad abc"}},
    {"c_varbin", "varbinary(64)", TAOSUV_TYPE_VARBINARY, 64, 0, 0,
     {"'\\x00ff10'", "''", "'\\xdeadbeef'"}, {"00ff10", "", "deadbeef"}},
    {"c_geo", "geometry(100)", TAOSUV_TYPE_GEOMETRY, 100, 0, 0,
     {"'POINT(1.5 -2.5)'", "'POINT(0 0)'", "'LINESTRING(0 0, 1 1)'"},
     {"0101000000000000000000f83f00000000000004c0",
      "010100000000000000000000000000000000000000",
      "01020000000200000000000000000000000000000000000000000000000000f03f000000000000f03f"}},
    {"c_dec64", "decimal(10,3)", TAOSUV_TYPE_DECIMAL64, 8, 10, 3, {"'1234567.891'", "'-0.001'", "'0'"},
     {"1234567.891", "-0.001", "0.000"}},
    {"c_dec128", "decimal(38,10)", TAOSUV_TYPE_DECIMAL128, 16, 38, 10,
     {"'1234567890123456789012345678.0123456789'", "'-0.0000000001'", "'0'"},
     {"1234567890123456789012345678.0123456789", "-0.0000000001", "0.0000000000"}},
};
/* clang-format on */

#endif
