/* TDengine's column types: codes, names, widths. */
#include "codec/type.h"

#include <stddef.h>

static const struct {
  const char* name;
  uint8_t width; /* 0: variable, or a decimal */
} types[] = {
    [TS_BOOL] = {"BOOL", 1},
    [TS_TINYINT] = {"TINYINT", 1},
    [TS_SMALLINT] = {"SMALLINT", 2},
    [TS_INT] = {"INT", 4},
    [TS_BIGINT] = {"BIGINT", 8},
    [TS_FLOAT] = {"FLOAT", 4},
    [TS_DOUBLE] = {"DOUBLE", 8},
    [TS_VARCHAR] = {"VARCHAR", 0},
    [TS_TIMESTAMP] = {"TIMESTAMP", 8},
    [TS_NCHAR] = {"NCHAR", 0},
    [TS_UTINYINT] = {"TINYINT UNSIGNED", 1},
    [TS_USMALLINT] = {"SMALLINT UNSIGNED", 2},
    [TS_UINT] = {"INT UNSIGNED", 4},
    [TS_UBIGINT] = {"BIGINT UNSIGNED", 8},
    [TS_JSON] = {"JSON", 0},
    [TS_VARBINARY] = {"VARBINARY", 0},
    [TS_DECIMAL] = {"DECIMAL", 16},
    [TS_BLOB] = {"BLOB", 0},
    [TS_GEOMETRY] = {"GEOMETRY", 0},
    [TS_DECIMAL64] = {"DECIMAL", 8},
};

ts_type_t ts_type_of(uint8_t type) {
  return (ts_type_t) {.type = type, .width = types[type].width};
}

ts_type_t ts_type_var(uint8_t type, uint32_t width) {
  return (ts_type_t) {.type = type, .width = width};
}

ts_type_t ts_type_decimal(uint8_t precision, uint8_t scale) {
  ts_type_t type = ts_type_of(precision > 18 ? TS_DECIMAL : TS_DECIMAL64);
  type.precision = precision;
  type.scale = scale;
  return type;
}

bool ts_type_exists(uint8_t type) {
  return type < sizeof types / sizeof *types && types[type].name != NULL;
}

bool ts_type_is_var(uint8_t type) {
  return types[type].width == 0;
}
bool ts_type_is_text(uint8_t type) {
  return type == TS_VARCHAR || type == TS_NCHAR;
}
bool ts_type_is_unsigned(uint8_t type) {
  return type >= TS_UTINYINT && type <= TS_UBIGINT;
}
bool ts_type_is_decimal(uint8_t type) {
  return type == TS_DECIMAL || type == TS_DECIMAL64;
}

bool ts_type_is_integer(uint8_t type) {
  return (type >= TS_TINYINT && type <= TS_BIGINT) || ts_type_is_unsigned(type);
}

bool ts_type_is_number(uint8_t type) {
  return ts_type_is_integer(type) || type == TS_FLOAT || type == TS_DOUBLE;
}

uint32_t ts_type_schema_bytes(ts_type_t type) {
  switch (type.type) {
    case TS_NCHAR: return 4 * type.width + 2;
    case TS_VARCHAR:
    case TS_VARBINARY:
    case TS_GEOMETRY: return type.width + 2;
    case TS_BLOB: return type.width + 4;
    case TS_JSON: return 16384;
    case TS_DECIMAL:
    case TS_DECIMAL64:
      return type.width << 24 | (uint32_t) type.precision << 8 | (uint32_t) type.scale;
    default: return type.width;
  }
}

uint32_t ts_type_storage(ts_type_t type) {
  return ts_type_is_var(type.type) ? ts_type_schema_bytes(type) : type.width;
}

const char* ts_type_name(uint8_t type) {
  return types[type].name;
}

const char* ts_type_encoding(uint8_t type) {
  switch (type) {
    case TS_BOOL: return "bit-packing";
    case TS_TIMESTAMP: return "delta-i";
    case TS_FLOAT:
    case TS_DOUBLE: return "delta-d";
    default: return ts_type_is_integer(type) ? "simple8b" : "disabled";
  }
}
