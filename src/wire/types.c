/* The table of TDengine's data types. */
#include "wire/types.h"

#define INTEGER(type, low, high)                                                                   \
  [TAOSUV_TYPE_##type].kind = TUV_KIND_INTEGER, [TAOSUV_TYPE_##type].min = (low),                  \
  [TAOSUV_TYPE_##type].max = (high)

#define VARIABLE(type, text_or_binary, length_bytes)                                               \
  [TAOSUV_TYPE_##type].kind = (text_or_binary), [TAOSUV_TYPE_##type].prefix = (length_bytes)

const tuv_type_t tuv_types[TUV_TYPES] = {
#define XX(id, code, text, bytes) [code].name = (text), [code].size = (bytes),
    TAOSUV_TYPE_MAP(XX)
#undef XX
        [TAOSUV_TYPE_BOOL]
            .kind = TUV_KIND_BOOL,
    INTEGER(TINYINT, INT8_MIN, INT8_MAX),
    INTEGER(SMALLINT, INT16_MIN, INT16_MAX),
    INTEGER(INT, INT32_MIN, INT32_MAX),
    INTEGER(BIGINT, INT64_MIN, INT64_MAX),
    INTEGER(UTINYINT, 0, UINT8_MAX),
    INTEGER(USMALLINT, 0, UINT16_MAX),
    INTEGER(UINT, 0, UINT32_MAX),
    INTEGER(UBIGINT, 0, UINT64_MAX),
    [TAOSUV_TYPE_TIMESTAMP].kind = TUV_KIND_TIME,
    [TAOSUV_TYPE_TIMESTAMP].min = INT64_MIN,
    [TAOSUV_TYPE_TIMESTAMP].max = INT64_MAX,
    [TAOSUV_TYPE_FLOAT].kind = TUV_KIND_REAL,
    [TAOSUV_TYPE_DOUBLE].kind = TUV_KIND_REAL,
    [TAOSUV_TYPE_DECIMAL64].kind = TUV_KIND_DECIMAL,
    [TAOSUV_TYPE_DECIMAL128].kind = TUV_KIND_DECIMAL,
    VARIABLE(VARCHAR, TUV_KIND_TEXT, 2),
    VARIABLE(NCHAR, TUV_KIND_TEXT, 2),
    VARIABLE(JSON, TUV_KIND_TEXT, 2),
    VARIABLE(VARBINARY, TUV_KIND_BINARY, 2),
    VARIABLE(GEOMETRY, TUV_KIND_BINARY, 2),
    VARIABLE(BLOB, TUV_KIND_BINARY, 4),
};

const char* taosuv_type_name(int type) {
  return type >= 0 && (unsigned) type < TUV_TYPES ? tuv_types[type].name : NULL;
}

int64_t tuv_declared_width(uint8_t type, int64_t stored) {
  switch (type) {
    case TAOSUV_TYPE_VARCHAR:
    case TAOSUV_TYPE_VARBINARY:
    case TAOSUV_TYPE_GEOMETRY: return stored < 2 ? 0 : stored - 2;
    case TAOSUV_TYPE_NCHAR: return stored < 2 ? 0 : (stored - 2) / 4;
    case TAOSUV_TYPE_JSON: return stored < 4 ? 0 : stored / 4 - 1;
    default: return stored;
  }
}
