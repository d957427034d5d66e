/* Checks raw data blocks (PROTOCOL 5). */
#include "wire/block/block.h"

#include <stdbool.h>
#include <string.h>

#include "wire/status.h"
#include "wire/types.h"

#define SCHEMA_BYTES 5u
#define LENGTH_BYTES 4u

/* A cursor over the bytes of the block. Nothing else is ever read. */
typedef struct reader_s {
  const uint8_t* next;
  size_t left;
  uint32_t rows;
  uint32_t index; /* of the column, for error texts */
  tuv_errmsg_t* err;
} reader_t;

/* In each column a row takes at least one byte of value, or four of offset, and a null bit. */
static bool rows_are_possible(uint64_t rows, uint64_t columns, uint64_t bytes) {
  uint64_t tables = columns * (SCHEMA_BYTES + LENGTH_BYTES); /* both factors are below 2^31 */
  if (tables > bytes) return false;
  return rows + (rows + 7) / 8 <= (bytes - tables) / columns;
}

int tuv_block_head(const uint8_t* data, size_t size, tuv_block_head_t* head, tuv_errmsg_t* err) {
  if (size < TUV_BLOCK_HEADER) {
    return tuv_fail(err, TUV_EBLOCK, "the block has %zu bytes, fewer than a header of %u", size,
                    TUV_BLOCK_HEADER);
  }
  int32_t version = (int32_t) taosuv_load_u32(data);
  int32_t length = (int32_t) taosuv_load_u32(data + 4);
  int32_t rows = (int32_t) taosuv_load_u32(data + 8);
  int32_t columns = (int32_t) taosuv_load_u32(data + 12);
  if (version != 1 && version != 2) {
    return tuv_fail(err, TUV_EBLOCK, "the block has the unknown version %d", version);
  }
  if (length < (int32_t) TUV_BLOCK_HEADER || (size_t) length > size) {
    return tuv_fail(err, TUV_EBLOCK, "the block states %d bytes, but %zu arrived", length, size);
  }
  if (rows < 0) return tuv_fail(err, TUV_EBLOCK, "the block has %d rows", rows);
  if (columns < 1 || columns > (int32_t) TUV_BLOCK_MAX_COLUMNS) {
    return tuv_fail(err, TUV_EBLOCK, "the block has %d columns; 1 to 4096 are possible", columns);
  }
  if (!rows_are_possible((uint64_t) rows, (uint64_t) columns,
                         (uint64_t) length - TUV_BLOCK_HEADER)) {
    return tuv_fail(err, TUV_EBLOCK, "%d rows of %d columns do not fit into a block of %d bytes",
                    rows, columns, length);
  }
  head->version = version;
  head->length = (uint32_t) length;
  head->rows = (uint32_t) rows;
  head->columns = (uint32_t) columns;
  head->group_id = taosuv_load_u64(data + 20);
  return 0;
}

static int fail_column(const reader_t* reader, const char* what, long long value) {
  return tuv_fail(reader->err, TUV_EBLOCK, "column %u: %s %lld", reader->index, what, value);
}

/* In place of a width, a DECIMAL states scale, precision, zero and the bytes of a value. They are
 * checked when all columns were read. */
static void read_decimal(const uint8_t* schema, taosuv_column_t* column) {
  column->scale = column->stated_scale = schema[1];
  column->precision = column->stated_precision = schema[2];
  column->bytes = schema[4];
}

/* Whether what a DECIMAL states is possible. A column of a table has 16 bytes only for more than 18
 * digits; an expression may have 16 bytes for fewer. */
static bool is_possible(const taosuv_column_t* column, bool of_table) {
  uint8_t most = column->size == 8 ? 18 : 38;
  uint8_t least = of_table && column->size == 16 ? 19 : 1;
  return column->bytes == column->size && column->precision >= least && column->precision <= most &&
         column->scale <= column->precision;
}

void tuv_block_check_decimals(taosuv_column_t* columns, uint32_t count, bool of_table) {
  bool possible = true;
  for (uint32_t i = 0; i < count; i++)
    if (tuv_type_is_decimal(columns[i].type))
      possible = possible && is_possible(&columns[i], of_table);
  for (uint32_t i = 0; i < count && !possible; i++) {
    if (!tuv_type_is_decimal(columns[i].type)) continue;
    columns[i].flags |= TAOSUV_COLUMN_SCALE_UNKNOWN;
    columns[i].precision = columns[i].scale = 0;
    columns[i].bytes = columns[i].size;
  }
}

static int read_schema(const reader_t* reader, const uint8_t* schema, uint8_t precision,
                       taosuv_column_t* column) {
  uint8_t type = schema[0];
  if (tuv_type(type)->kind == TUV_KIND_NONE) return fail_column(reader, "unknown type", type);
  column->type = type;
  column->size = tuv_type_size(type);
  if (tuv_type_is_decimal(column->type)) {
    read_decimal(schema, column);
    return 0;
  }
  column->bytes = (int32_t) taosuv_load_u32(schema + 1);
  if (column->size != 0 && column->bytes != column->size) {
    return fail_column(reader, "wrong width", column->bytes);
  }
  if (column->bytes < 0) return fail_column(reader, "negative width", column->bytes);
  if (type == TAOSUV_TYPE_TIMESTAMP) {
    if (precision > TAOSUV_PRECISION_NS) {
      return fail_column(reader, "TIMESTAMP of unknown precision", precision);
    }
    column->precision = precision;
  }
  return 0;
}

/* Takes the next `size` bytes; NULL when the block has fewer. */
static const uint8_t* take(reader_t* reader, uint64_t size) {
  const uint8_t* start = reader->next;
  if (size > reader->left) return NULL;
  reader->next += size;
  reader->left -= (size_t) size;
  return start;
}

static int read_fixed(reader_t* reader, uint32_t length, taosuv_column_t* column) {
  uint64_t expected = (uint64_t) reader->rows * column->size;
  if (length != expected) {
    return tuv_fail(reader->err, TUV_EBLOCK,
                    "column %u has %u bytes of values for %u rows of %u bytes", reader->index,
                    length, reader->rows, column->size);
  }
  column->nulls = take(reader, ((uint64_t) reader->rows + 7) / 8);
  column->data = column->nulls == NULL ? NULL : take(reader, length);
  if (column->data == NULL)
    return fail_column(reader, "its values are cut off; bytes expected:", length);
  return 0;
}

/* Returns the first row whose value is not entirely inside the data, or `rows`. `mask` has the bits
 * that no length may have. This loop runs over every row of every text that the library
 * receives. */
static uint32_t check_short(const taosuv_column_t* column, uint32_t rows, uint32_t mask) {
  const uint8_t* offsets = column->offsets;
  uint32_t limit = column->length - 2;
  for (uint32_t row = 0; row < rows; row++) {
    uint32_t offset = taosuv_load_u32(offsets + 4 * (size_t) row);
    if (offset > limit) {
      if (offset == UINT32_MAX) continue; /* NULL; it is always above the limit */
      return row;
    }
    uint32_t length = taosuv_load_u16(column->data + offset);
    if (length > limit - offset || (length & mask) != 0) return row;
  }
  return rows;
}

static uint32_t check_long(const taosuv_column_t* column, uint32_t rows) {
  uint32_t limit = column->length - 4;
  for (uint32_t row = 0; row < rows; row++) {
    uint32_t offset = taosuv_load_u32(column->offsets + 4 * (size_t) row);
    if (offset == UINT32_MAX) continue;
    if (offset > limit) return row;
    if (taosuv_load_u32(column->data + offset) > limit - offset) return row;
  }
  return rows;
}

/* A column whose data have no room for a single prefix may only hold NULL. */
static uint32_t check_nulls(const taosuv_column_t* column, uint32_t rows) {
  for (uint32_t row = 0; row < rows; row++) {
    if (taosuv_load_u32(column->offsets + 4 * (size_t) row) != UINT32_MAX) return row;
  }
  return rows;
}

/* Reports what is wrong with a row that one of the checks above found. */
static int fail_row(const reader_t* reader, const taosuv_column_t* column, uint32_t row) {
  uint32_t prefix = tuv_type(column->type)->prefix;
  uint32_t offset = taosuv_load_u32(column->offsets + 4 * (size_t) row);
  if (offset > INT32_MAX) {
    return tuv_fail(reader->err, TUV_EBLOCK, "column %u, row %u: negative offset %d", reader->index,
                    row, (int32_t) offset);
  }
  if (column->length < prefix || offset > column->length - prefix) {
    return tuv_fail(reader->err, TUV_EBLOCK, "column %u, row %u: offset %u is past the %u bytes",
                    reader->index, row, offset, column->length);
  }
  uint32_t length = prefix == 4 ? taosuv_load_u32(column->data + offset)
                                : taosuv_load_u16(column->data + offset);
  if (length > column->length - prefix - offset) {
    return tuv_fail(reader->err, TUV_EBLOCK,
                    "column %u, row %u: length %u at offset %u ends past the %u bytes",
                    reader->index, row, length, offset, column->length);
  }
  return tuv_fail(reader->err, TUV_EBLOCK,
                  "column %u, row %u: length %u of an NCHAR is not a multiple of 4", reader->index,
                  row, length);
}

static int read_variable(reader_t* reader, uint32_t length, taosuv_column_t* column) {
  uint32_t prefix = tuv_type(column->type)->prefix;
  uint32_t row;
  column->offsets = take(reader, (uint64_t) reader->rows * 4);
  if (column->offsets == NULL)
    return fail_column(reader, "its offsets are cut off; rows expected:", reader->rows);
  column->data = take(reader, length);
  if (column->data == NULL)
    return fail_column(reader, "its texts are cut off; bytes expected:", length);
  if (length < prefix) {
    row = check_nulls(column, reader->rows);
  } else if (prefix == 4) {
    row = check_long(column, reader->rows);
  } else {
    row = check_short(column, reader->rows, column->type == TAOSUV_TYPE_NCHAR ? 3 : 0);
  }
  return row == reader->rows ? 0 : fail_row(reader, column, row);
}

static int read_column(reader_t* reader, const uint8_t* schema, const uint8_t* length_at,
                       uint8_t precision, taosuv_column_t* column) {
  memset(column, 0, sizeof *column);
  column->rows = reader->rows;
  int status = read_schema(reader, schema, precision, column);
  if (status != 0) return status;
  column->length = taosuv_load_u32(length_at);
  if (column->length > INT32_MAX) {
    return fail_column(reader, "negative length", (int32_t) column->length);
  }
  return column->size != 0 ? read_fixed(reader, column->length, column)
                           : read_variable(reader, column->length, column);
}

int tuv_block_parse(const uint8_t* data, size_t size, const tuv_block_head_t* head,
                    uint8_t precision, taosuv_column_t* columns, tuv_errmsg_t* err) {
  size_t schema_size = (size_t) head->columns * SCHEMA_BYTES;
  size_t length_size = (size_t) head->columns * LENGTH_BYTES;
  reader_t reader = {data, head->length < size ? head->length : size, head->rows, 0, err};
  const uint8_t* schema = take(&reader, TUV_BLOCK_HEADER) == NULL ? NULL
                                                                  : take(&reader, schema_size);
  const uint8_t* lengths = schema == NULL ? NULL : take(&reader, length_size);
  if (lengths == NULL) {
    return tuv_fail(err, TUV_EBLOCK,
                    "the tables of %u columns do not fit into a block of %zu bytes", head->columns,
                    size);
  }
  for (uint32_t i = 0; i < head->columns; i++) {
    reader.index = i;
    int status = read_column(&reader, schema + (size_t) i * SCHEMA_BYTES,
                             lengths + (size_t) i * LENGTH_BYTES, precision, &columns[i]);
    if (status != 0) return status;
  }
  tuv_block_check_decimals(columns, head->columns, false);
  return 0;
}
