/* Every type through every form of statement, bound by column and by row, and read back cell by
 * cell; then random schemas, tables and rows (TAOSUV_TEST_SEED repeats a run). */
#include <float.h>
#include <time.h>

#include "stmt_forms.h"

enum { MAX_COLUMNS = 24, MAX_ROWS = 40, MAX_TABLES = 4, TEXT = 64 };

typedef struct kind_s {
  const char* sql;
  taosuv_type_t type;
  uint8_t size;   /* 0: variable */
  uint8_t scale;  /* of decimals */
  unsigned forms; /* a bit for each of stmt_forms that can send it */
} kind_t;

static const kind_t kinds[] = {
    {"timestamp", TAOSUV_TYPE_TIMESTAMP, 8, 0, 63},
    {"bool", TAOSUV_TYPE_BOOL, 1, 0, 63},
    {"tinyint", TAOSUV_TYPE_TINYINT, 1, 0, 63},
    {"smallint", TAOSUV_TYPE_SMALLINT, 2, 0, 63},
    {"int", TAOSUV_TYPE_INT, 4, 0, 63},
    {"bigint", TAOSUV_TYPE_BIGINT, 8, 0, 63},
    {"tinyint unsigned", TAOSUV_TYPE_UTINYINT, 1, 0, 63},
    {"smallint unsigned", TAOSUV_TYPE_USMALLINT, 2, 0, 63},
    {"int unsigned", TAOSUV_TYPE_UINT, 4, 0, 63},
    {"bigint unsigned", TAOSUV_TYPE_UBIGINT, 8, 0, 63},
    {"float", TAOSUV_TYPE_FLOAT, 4, 0, 63},
    {"double", TAOSUV_TYPE_DOUBLE, 8, 0, 63},
    {"varchar(20)", TAOSUV_TYPE_VARCHAR, 0, 0, 63},
    {"nchar(20)", TAOSUV_TYPE_NCHAR, 0, 0, 63},
    {"varbinary(20)", TAOSUV_TYPE_VARBINARY, 0, 0, 63},
    {"geometry(100)", TAOSUV_TYPE_GEOMETRY, 0, 0, 63},
    {"decimal(10,3)", TAOSUV_TYPE_DECIMAL64, 8, 3, 13},
    {"decimal(38,10)", TAOSUV_TYPE_DECIMAL128, 16, 10, 13},
    {"blob", TAOSUV_TYPE_BLOB, 0, 0, 12},
};

typedef struct cell_s {
  bool null;
  uint32_t length;     /* variable: of the UTF-8 or the bytes */
  uint8_t bytes[TEXT]; /* fixed: the value as it lies in memory */
} cell_t;

typedef struct table_s {
  uint32_t rows;
  cell_t cells[MAX_COLUMNS][MAX_ROWS]; /* the first column is the time, and never NULL */
} table_t;

typedef struct schema_s {
  const kind_t* columns[MAX_COLUMNS];
  uint32_t count;
  taosuv_precision_t precision;
} schema_t;

static uint64_t seed;

static uint64_t draw(uint64_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed % below;
}

static bool can_send(const it_t* it, const stmt_form_t* form, const kind_t* kind) {
  bool new = kind->type == TAOSUV_TYPE_VARBINARY || kind->type == TAOSUV_TYPE_GEOMETRY;
  if (new && !it_can(it, IT_GEOMETRY_AND_VARBINARY)) return false;
  return (kind->forms >> (form - stmt_forms) & 1) != 0;
}

/* ---- values ---- */

static void set_number(cell_t* cell, const void* value, size_t size) {
  memcpy(cell->bytes, value, size);
}

static void set_point(cell_t* cell) {
  static const uint8_t head[] = {1, 1, 0, 0, 0};
  double place[] = {(double) draw(1000) / 8, -(double) draw(1000) / 4};
  memcpy(cell->bytes, head, sizeof head);
  memcpy(cell->bytes + sizeof head, place, sizeof place);
  cell->length = 21;
}

static void set_text(cell_t* cell, const kind_t* kind) {
  static const char* const characters[] = {
      "a", "Z", "'", "\xc3\xa9", "\xe6\xb6\x9b", "\xf0\x9f\x99\x82", "\\", " "};
  bool wide = kind->type == TAOSUV_TYPE_NCHAR;
  uint64_t count = draw(wide ? 16 : 20);
  cell->length = 0;
  for (uint64_t i = 0; i < count; i++) {
    if (kind->type == TAOSUV_TYPE_VARBINARY || kind->type == TAOSUV_TYPE_BLOB) {
      cell->bytes[cell->length++] = (uint8_t) draw(256);
      continue;
    }
    const char* one = characters[wide ? draw(8) : draw(3)];
    memcpy(cell->bytes + cell->length, one, strlen(one));
    cell->length += (uint32_t) strlen(one);
  }
}

/* 38 nines, low word first. */
static const uint64_t most128[] = {UINT64_C(0x098a223fffffffff), UINT64_C(0x4b3b4ca85a86c47a)};
static const uint64_t least128[] = {UINT64_C(0xf675ddc000000001), UINT64_C(0xb4c4b357a5793b85)};

/* The greatest (1), the least (2) or any (0) value of a fixed-size type. */
static void set_fixed(cell_t* cell, const kind_t* kind, int extreme) {
  uint64_t bits = draw(2) ? draw(1000) : draw(INT32_MAX) * draw(INT32_MAX);
  float f32 = extreme == 1 ? FLT_MAX : extreme == 2 ? -FLT_MAX : (float) draw(100000) / 7 - 5000;
  double f64 = extreme == 1 ? DBL_MAX : extreme == 2 ? -DBL_MAX : (double) draw(100000) / 7 - 5000;
  unsigned width = 8u * kind->size;
  uint64_t most = width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
  switch (kind->type) {
    case TAOSUV_TYPE_BOOL: bits = extreme == 0 ? draw(2) : extreme == 1; break;
    case TAOSUV_TYPE_FLOAT: set_number(cell, &f32, 4); return;
    case TAOSUV_TYPE_DOUBLE: set_number(cell, &f64, 8); return;
    case TAOSUV_TYPE_UTINYINT:
    case TAOSUV_TYPE_USMALLINT:
    case TAOSUV_TYPE_UINT:
    case TAOSUV_TYPE_UBIGINT: bits = extreme == 1 ? most : extreme == 2 ? 0 : bits & most; break;
    case TAOSUV_TYPE_TIMESTAMP: bits = (uint64_t) INT64_C(1600000000000) + draw(1000000000); break;
    case TAOSUV_TYPE_DECIMAL64:
      bits = extreme == 1 ? UINT64_C(9999999999) : bits % 9999999999;
      break;
    case TAOSUV_TYPE_DECIMAL128: break;
    default:
      bits = extreme == 1 ? most >> 1 : extreme == 2 ? (most >> 1) + 1 : bits & (most >> 1);
      if (extreme == 0 && draw(2)) bits = 0 - bits;
  }
  bool negative = extreme == 2 || (extreme == 0 && draw(2));
  bool decimal = kind->type == TAOSUV_TYPE_DECIMAL64 || kind->type == TAOSUV_TYPE_DECIMAL128;
  if (decimal && negative) bits = 0 - (bits == 0 ? 1 : bits);
  set_number(cell, &bits, kind->size > 8 ? 8 : kind->size);
  if (kind->size == 16) memset(cell->bytes + 8, decimal && negative ? 0xFF : 0, 8);
  if (kind->size == 16 && extreme != 0) set_number(cell, extreme == 1 ? most128 : least128, 16);
}

static void set_cell(cell_t* cell, const kind_t* kind, uint32_t row) {
  memset(cell, 0, sizeof *cell);
  if (kind->type == TAOSUV_TYPE_GEOMETRY)
    set_point(cell);
  else if (kind->size == 0)
    set_text(cell, kind);
  else
    set_fixed(cell, kind, row < 3 ? (int) row : 0);
}

/* The first rows have the extremes, the next is all NULL; of the others some are. */
static void fill(table_t* table, const schema_t* schema, uint32_t rows) {
  static const int64_t units[] = {1, 1000, 1000000};
  table->rows = rows;
  for (uint32_t row = 0; row < rows; row++) {
    int64_t ts = (INT64_C(1700000000000) + row) * units[schema->precision];
    memset(&table->cells[0][row], 0, sizeof(cell_t));
    set_number(&table->cells[0][row], &ts, 8);
    for (uint32_t i = 1; i < schema->count; i++) {
      cell_t* cell = &table->cells[i][row];
      set_cell(cell, schema->columns[i], row);
      cell->null = row == 3 || (row > 3 && draw(4) == 0);
    }
  }
}

/* ---- binding ---- */

static void must(int status, const taosuv_stmt_t* stmt) {
  if (status < 0) fail_msg("%s: %s", taosuv_err_name(status), taosuv_stmt_message(stmt));
}

typedef struct column_s {
  uint8_t values[MAX_ROWS * TEXT];
  uint32_t offsets[MAX_ROWS + 1];
  uint8_t nulls[MAX_ROWS];
} column_t;

static void bind_columns(taosuv_stmt_t* stmt, const schema_t* schema, const table_t* table,
                         uint32_t from, uint32_t to) {
  static column_t columns[MAX_COLUMNS];
  taosuv_array_t arrays[MAX_COLUMNS];
  for (uint32_t i = 0; i < schema->count; i++) {
    const kind_t* kind = schema->columns[i];
    column_t* column = &columns[i];
    uint32_t at = 0, nulls = 0;
    for (uint32_t row = from; row < to; row++) {
      const cell_t* cell = &table->cells[i][row];
      column->nulls[row - from] = cell->null;
      nulls += cell->null;
      column->offsets[row - from] = at;
      uint32_t size = kind->size > 0 ? kind->size : cell->null ? 0 : cell->length;
      memcpy(column->values + at, cell->bytes, size);
      at += size;
    }
    column->offsets[to - from] = at;
    bool all = nulls == to - from;
    arrays[i] = (taosuv_array_t) {.type = (uint8_t) (all ? TAOSUV_TYPE_NULL : kind->type),
                                  .values = column->values,
                                  .offsets = kind->size > 0 ? NULL : column->offsets,
                                  .nulls = nulls > 0 ? column->nulls : NULL};
  }
  must(taosuv_bind_columns(stmt, to - from, arrays, schema->count), stmt);
}

static taosuv_value_t decimal_of(const cell_t* cell, const kind_t* kind, char text[TEXT]) {
  taosuv_decimal_t value;
  memcpy(&value.low, cell->bytes, 8);
  value.high = (int64_t) value.low < 0 ? -1 : 0;
  if (kind->size == 16) memcpy(&value.high, cell->bytes + 8, 8);
  int length = taosuv_format_decimal(value, kind->scale, text, TEXT);
  return taosuv_text(text, (size_t) length);
}

static int64_t signed_of(const cell_t* cell, uint8_t size) {
  uint64_t bits = 0;
  memcpy(&bits, cell->bytes, size);
  uint64_t sign = UINT64_C(1) << (8 * size - 1);
  return (int64_t) ((bits ^ sign) - sign);
}

static taosuv_value_t value_of(const cell_t* cell, const kind_t* kind, taosuv_precision_t precision,
                               char text[TEXT]) {
  static const int64_t units[] = {1000, 1000000, 1000000000};
  uint64_t bits = 0;
  float f32;
  double f64;
  if (cell->null) return taosuv_null();
  memcpy(&bits, cell->bytes, kind->size > 8 ? 8 : kind->size);
  memcpy(&f32, cell->bytes, 4);
  memcpy(&f64, cell->bytes, 8);
  switch (kind->type) {
    case TAOSUV_TYPE_BOOL: return taosuv_bool(bits != 0);
    case TAOSUV_TYPE_FLOAT: return taosuv_f64((double) f32);
    case TAOSUV_TYPE_DOUBLE: return taosuv_f64(f64);
    case TAOSUV_TYPE_VARCHAR:
    case TAOSUV_TYPE_NCHAR: return taosuv_text((const char*) cell->bytes, cell->length);
    case TAOSUV_TYPE_VARBINARY:
    case TAOSUV_TYPE_GEOMETRY:
    case TAOSUV_TYPE_BLOB: return taosuv_bytes(cell->bytes, cell->length);
    case TAOSUV_TYPE_DECIMAL64:
    case TAOSUV_TYPE_DECIMAL128: return decimal_of(cell, kind, text);
    case TAOSUV_TYPE_UTINYINT:
    case TAOSUV_TYPE_USMALLINT:
    case TAOSUV_TYPE_UINT:
    case TAOSUV_TYPE_UBIGINT: return taosuv_u64(bits);
    case TAOSUV_TYPE_TIMESTAMP:
      if (draw(2)) {
        int64_t unit = units[precision], ts = (int64_t) bits;
        return taosuv_timespec((struct timespec) {
            .tv_sec = (time_t) (ts / unit), .tv_nsec = (long) (ts % unit * (1000000000 / unit))});
      }
      return taosuv_i64((int64_t) bits);
    default: return taosuv_i64(signed_of(cell, kind->size));
  }
}

static void bind_single(taosuv_stmt_t* stmt, const taosuv_value_t* value) {
  switch ((taosuv_value_kind_t) value->kind) {
    case TAOSUV_VALUE_NULL: must(taosuv_bind_null(stmt), stmt); break;
    case TAOSUV_VALUE_BOOL: must(taosuv_bind_bool(stmt, value->as.i64 != 0), stmt); break;
    case TAOSUV_VALUE_I64: must(taosuv_bind_i64(stmt, value->as.i64), stmt); break;
    case TAOSUV_VALUE_U64: must(taosuv_bind_u64(stmt, value->as.u64), stmt); break;
    case TAOSUV_VALUE_F64: must(taosuv_bind_f64(stmt, value->as.f64), stmt); break;
    case TAOSUV_VALUE_TEXT:
      must(taosuv_bind_text(stmt, value->as.bytes, value->length), stmt);
      break;
    case TAOSUV_VALUE_BYTES:
      must(taosuv_bind_bytes(stmt, value->as.bytes, value->length), stmt);
      break;
    case TAOSUV_VALUE_TIMESPEC: must(taosuv_bind_timespec(stmt, value->as.time), stmt); break;
  }
}

static void bind_rows(taosuv_stmt_t* stmt, const schema_t* schema, const table_t* table,
                      uint32_t from, uint32_t to, bool one_by_one) {
  char text[MAX_COLUMNS][TEXT];
  taosuv_value_t values[MAX_COLUMNS];
  for (uint32_t row = from; row < to; row++) {
    for (uint32_t i = 0; i < schema->count; i++)
      values[i] = value_of(&table->cells[i][row], schema->columns[i], schema->precision, text[i]);
    if (!one_by_one) must(taosuv_bind_row(stmt, values, schema->count), stmt);
    for (uint32_t i = 0; one_by_one && i < schema->count; i++) bind_single(stmt, &values[i]);
  }
}

/* `style`: by column, by row, value by value, or (3) now so, now so. */
static void bind_part(taosuv_stmt_t* stmt, const schema_t* schema, const table_t* table,
                      uint32_t from, uint32_t to, int style) {
  while (from < to) {
    int now = style < 3 ? style : (int) draw(3);
    uint32_t end = style < 3 ? to : from + 1 + (uint32_t) draw(to - from);
    if (now == 0)
      bind_columns(stmt, schema, table, from, end);
    else
      bind_rows(stmt, schema, table, from, end, now == 2);
    from = end;
  }
}

/* ---- reading back ---- */

static bool same_cell(const taosuv_column_t* column, uint32_t row, const cell_t* cell) {
  char text[4 * TEXT];
  uint32_t length;
  if (cell->null || taosuv_is_null(column, row)) return cell->null == taosuv_is_null(column, row);
  if (column->size > 0)
    return memcmp(column->data + (size_t) column->size * row, cell->bytes, column->size) == 0;
  const uint8_t* bytes = taosuv_get_bytes(column, row, &length);
  if (column->type != TAOSUV_TYPE_NCHAR)
    return length == cell->length && memcmp(bytes, cell->bytes, length) == 0;
  size_t size = taosuv_nchar_utf8(bytes, length, text, sizeof text);
  return size == cell->length && memcmp(text, cell->bytes, size) == 0;
}

static void check_table(it_t* it, taosuv_client_t* client, const schema_t* schema,
                        const table_t* table, const char* name) {
  char sql[64];
  snprintf(sql, sizeof sql, "select * from %s order by ts", name);
  taosuv_result_t* result = it_rows(it, client, sql);
  taosuv_block_t* block = it_block(it, result);
  assert_non_null(block);
  assert_int_equal(taosuv_block_rows(block), table->rows);
  assert_int_equal(taosuv_block_columns(block), schema->count);
  for (uint32_t i = 0; i < schema->count; i++) {
    taosuv_column_t column;
    assert_int_equal(taosuv_block_column(block, i, &column), 0);
    assert_int_equal(column.type, schema->columns[i]->type);
    for (uint32_t row = 0; row < table->rows; row++)
      if (!same_cell(&column, row, &table->cells[i][row]))
        fail_msg("%s: column %u (%s), row %u differs", name, i, schema->columns[i]->sql, row);
  }
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

/* ---- the tests ---- */

static void create(it_t* it, taosuv_client_t* client, const schema_t* schema) {
  char sql[2048];
  int at = snprintf(sql, sizeof sql, "create stable st (ts timestamp");
  for (uint32_t i = 1; i < schema->count; i++)
    at += snprintf(sql + at, sizeof sql - (size_t) at, ", c%u %s", i, schema->columns[i]->sql);
  snprintf(sql + at, sizeof sql - (size_t) at, ") tags (g int)");
  it_op_t op = {0};
  if (it_end(it_exec(it, client, &op, sql), &op) != 0) fail_msg("%s: %s", sql, op.message);
}

static taosuv_stmt_t* prepare(it_t* it, taosuv_client_t* client, const schema_t* schema) {
  char sql[256];
  int at = snprintf(sql, sizeof sql, "insert into ? using st tags(?) values(?");
  for (uint32_t i = 1; i < schema->count; i++)
    at += snprintf(sql + at, sizeof sql - (size_t) at, ",?");
  snprintf(sql + at, sizeof sql - (size_t) at, ")");
  return it_stmt(it, client, sql);
}

static void begin_table(taosuv_stmt_t* stmt, uint32_t table, char name[16]) {
  snprintf(name, 16, "d%u", table);
  taosuv_value_t tag = taosuv_i64(table);
  must(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), stmt);
  must(taosuv_bind_tags(stmt, &tag, 1), stmt);
}

static table_t tables[MAX_TABLES];

/* Writes some tables in one or more batches, and reads them back. */
static void round_trip(it_t* it, taosuv_client_t* client, const schema_t* schema, uint32_t count,
                       uint32_t batches, int style) {
  char name[16];
  it_ok(it, client, "drop stable if exists st");
  create(it, client, schema);
  taosuv_stmt_t* stmt = prepare(it, client, schema);
  for (uint32_t i = 0; i < count; i++) fill(&tables[i], schema, 1 + (uint32_t) draw(MAX_ROWS));
  for (uint32_t batch = 0; batch < batches; batch++) {
    uint64_t rows = 0;
    for (uint32_t i = 0; i < count; i++) {
      uint32_t from = tables[i].rows * batch / batches, to = tables[i].rows * (batch + 1) / batches;
      if (from == to) continue;
      begin_table(stmt, i, name);
      bind_part(stmt, schema, &tables[i], from, to, style);
      rows += to - from;
    }
    if (rows > 0) assert_int_equal(it_executed(it, stmt), rows);
  }
  taosuv_stmt_close(stmt);
  for (uint32_t i = 0; i < count; i++) {
    snprintf(name, sizeof name, "d%u", i);
    check_table(it, client, schema, &tables[i], name);
  }
}

static const char* const precisions[] = {"ms", "us", "ns"};

static void every_type_comes_back(void** state) {
  it_t* it = *state;
  for (size_t form = 0; form < STMT_FORMS; form++) {
    schema_t schema = {.columns = {&kinds[0]}, .count = 1};
    const stmt_form_t* how = stmt_form_begin(it, form);
    taosuv_client_t* client = stmt_form_client(it, how, "ms");
    for (size_t i = 1; i < COUNT(kinds); i++)
      if (can_send(it, how, &kinds[i])) schema.columns[schema.count++] = &kinds[i];
    for (int style = 0; style < 4; style++) round_trip(it, client, &schema, MAX_TABLES, 2, style);
    it_close_wait(it, client);
    if (it->server == NULL) break;
  }
}

static void random_tables_come_back(void** state) {
  it_t* it = *state;
  for (size_t form = 0; form < STMT_FORMS; form++) {
    const stmt_form_t* how = stmt_form_begin(it, form);
    size_t precision = draw(3);
    taosuv_client_t* client = stmt_form_client(it, how, precisions[precision]);
    for (int round = 0; round < 25; round++) {
      schema_t schema = {
          .columns = {&kinds[0]}, .count = 1, .precision = (taosuv_precision_t) precision};
      uint64_t more = 1 + draw(MAX_COLUMNS - 1);
      /* Of the first version only the table's own time has another precision than ms. */
      size_t from = how->first && precision != 0 ? 1 : 0;
      while (schema.count <= more) {
        const kind_t* kind = &kinds[from + draw(COUNT(kinds) - from)];
        if (can_send(it, how, kind)) schema.columns[schema.count++] = kind;
        if (schema.count == MAX_COLUMNS) break;
      }
      uint32_t count = 1 + (uint32_t) draw(MAX_TABLES), batches = 1 + (uint32_t) draw(3);
      round_trip(it, client, &schema, count, batches, (int) draw(4));
    }
    it_close_wait(it, client);
    if (it->server == NULL) break;
  }
}

/* ---- times ---- */

/* One row of times by timespec, a tag among them, and read back. */
static void times_of(it_t* it, taosuv_client_t* client, size_t precision) {
  static const int64_t digits[] = {123, 123456, 123456789};
  struct timespec time = {1700000000, 123456789};
  taosuv_stmt_t* stmt = it_stmt(it, client,
                                "insert into ? using st tags(?) (ts, at, v) values(?,?,?)");
  taosuv_value_t born = taosuv_timespec(time);
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  for (uint32_t i = 0; i < count; i++)
    if (fields[i].type == TAOSUV_TYPE_TIMESTAMP) assert_int_equal(fields[i].precision, precision);
  must(taosuv_bind_table(stmt, "d1", 2), stmt);
  must(taosuv_bind_tags(stmt, &born, 1), stmt);
  taosuv_value_t row[] = {taosuv_timespec(time), taosuv_timespec(time), taosuv_i64(1)};
  must(taosuv_bind_row(stmt, row, 3), stmt);
  assert_int_equal(it_executed(it, stmt), 1);
  taosuv_stmt_close(stmt);
  static const char* const names[] = {"ts", "at", "born"};
  static const int64_t units[] = {1000, 1000000, 1000000000};
  for (size_t i = 0; i < 3; i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "select cast(%s as bigint) from st", names[i]);
    assert_int_equal(it_number(it, client, sql), 1700000000 * units[precision] + digits[precision]);
  }
  if (precision == 2) return;
  /* Databases of nanoseconds have no such times. */
  static const int64_t far[] = {253402300799, -31536000000};
  stmt = it_stmt(it, client, "select count(*) from st where ts < ?");
  for (size_t i = 0; i < COUNT(far); i++) {
    it_op_t op = {0};
    must(taosuv_bind_timespec(stmt, (struct timespec) {.tv_sec = (time_t) far[i]}), stmt);
    assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
    taosuv_block_t* block = it_block(it, op.stmt_exec.result);
    taosuv_column_t number;
    taosuv_block_column(block, 0, &number);
    assert_int_equal(taosuv_get_i64(&number, 0), far[i] > 0 ? 1 : 0);
    taosuv_block_unref(block);
    taosuv_result_close(op.stmt_exec.result);
  }
  taosuv_stmt_close(stmt);
}

/* Of the first version gateways take other times than of the first column for milliseconds, and
 * bring them through 64 bits of nanoseconds: what would come out as another time is refused. */
static void times_of_the_first_version(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const struct {
    const char* sql;
    bool always; /* not only in a database of milliseconds */
  } cases[] = {{"insert into ? using t1 tags(?) (ts, v) values(?,?)", true},
               {"insert into ? using t1 tags(?) (v, ts) values(?,?)", false},
               {"insert into ? using t1 tags(?) values(?,?,?)", false},
               {"insert into ? using t2 tags(?) (ts, v) values(?,?)", false}};
  for (size_t precision = 0; precision < 3; precision++) {
    const stmt_form_t* how = stmt_form_begin(it, 1);
    taosuv_client_t* client = stmt_form_client(it, how, precisions[precision]);
    it_ok(it, client, "create stable t1 (ts timestamp, at timestamp, v int) tags (g int)");
    it_ok(it, client, "create stable t2 (ts timestamp, v int) tags (born timestamp)");
    for (size_t i = 0; i < COUNT(cases); i++) {
      it_op_t op = {0};
      int status = it_end(it_prepare(it, client, &op, cases[i].sql), &op);
      bool first = i != 1; /* a list that begins with another column says nothing */
      bool fits = cases[i].always || (precision == 0 && first);
      if (status != (fits ? 0 : TAOSUV_ENOTSUP))
        fail_msg("%s: %s: %d, %s", precisions[precision], cases[i].sql, status, op.message);
      if (status == 0) taosuv_stmt_close(op.prepare.stmt);
    }
    it_close_wait(it, client);
  }
}

/* Year 9999, which is beyond nanoseconds of 64 bits. */
static void far_times_of_the_first_version(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const int64_t units[] = {1, 1000};
  for (size_t precision = 0; precision < 2; precision++) {
    const stmt_form_t* how = stmt_form_begin(it, 1);
    taosuv_client_t* client = stmt_form_client(it, how, precisions[precision]);
    it_ok(it, client, "create table t (ts timestamp, v int)");
    taosuv_stmt_t* stmt = it_stmt(it, client, "insert into t values(?,?)");
    int64_t far = INT64_C(253402300799999) * units[precision];
    int64_t last = INT64_C(9223372036854) * units[precision];
    int64_t all[] = {last, -last, 1, far};
    int32_t v[4] = {0};
    taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, all, NULL, NULL},
                                {TAOSUV_TYPE_INT, v, NULL, NULL}};
    it_op_t op = {0};
    must(taosuv_bind_columns(stmt, 4, columns, 2), stmt);
    assert_int_equal(it_stmt_exec(it, stmt, &op), TAOSUV_ERANGE);
    it_has(taosuv_stmt_message(stmt), "column 'ts', row 3");
    assert_int_equal(taosuv_bind_rows(stmt), 4);
    taosuv_bind_clear(stmt);
    must(taosuv_bind_columns(stmt, 3, columns, 2), stmt);
    assert_int_equal(it_executed(it, stmt), 3);
    assert_int_equal(it_number(it, client, "select cast(last(ts) as bigint) from t"), last);
    assert_int_equal(it_number(it, client, "select cast(first(ts) as bigint) from t"), -last);
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
  }
}

static void all_times_have_the_table_s_precision(void** state) {
  it_t* it = *state;
  it_needs(it, IT_STATEMENTS_2);
  for (size_t precision = 0; precision < 3; precision++) {
    const stmt_form_t* how = stmt_form_begin(it, 0);
    taosuv_client_t* client = stmt_form_client(it, how, precisions[precision]);
    it_ok(it, client, "create stable st (ts timestamp, at timestamp, v int) tags (born timestamp)");
    times_of(it, client, precision);
    it_close_wait(it, client);
  }
}

/* ---- empty values ---- */

static int64_t count_where(it_t* it, taosuv_client_t* client, const char* table, const char* what) {
  char sql[128];
  snprintf(sql, sizeof sql, "select count(*) from %s where %s", table, what);
  return it_number(it, client, sql);
}

/* Two rows each; NULL: NULL. */
typedef struct empty_table_s {
  const char* name;
  const char* values[2];
} empty_table_t;

static const empty_table_t empty_tables[] = {
    {"e0", {"", ""}}, {"e1", {"", NULL}}, {"e2", {NULL, NULL}}, {"e3", {"", "a"}}};

static void bind_empty(taosuv_stmt_t* stmt, const empty_table_t* table, bool by_column) {
  static const int64_t ts[] = {1700000000000, 1700000000001};
  uint8_t nulls[2];
  uint32_t offsets[3] = {0};
  for (int row = 0; row < 2; row++) {
    const char* text = table->values[row];
    taosuv_value_t value = text != NULL ? taosuv_text(text, TAOSUV_NUL_TERMINATED) : taosuv_null();
    taosuv_value_t bytes = text != NULL ? taosuv_bytes(text, strlen(text)) : value;
    taosuv_value_t values[] = {taosuv_i64(ts[row]), value, value, bytes};
    nulls[row] = text == NULL;
    offsets[row + 1] = offsets[row] + (uint32_t) (text != NULL ? strlen(text) : 0);
    if (!by_column) must(taosuv_bind_row(stmt, values, 4), stmt);
  }
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                              {TAOSUV_TYPE_NCHAR, "a", offsets, nulls},
                              {TAOSUV_TYPE_VARCHAR, "a", offsets, nulls},
                              {TAOSUV_TYPE_VARBINARY, "a", offsets, nulls}};
  if (by_column) must(taosuv_bind_columns(stmt, 2, columns, 4), stmt);
}

static void check_empty(it_t* it, taosuv_client_t* client, const empty_table_t* table) {
  static const char* const columns[] = {"n", "v", "b"};
  int64_t nulls = (table->values[0] == NULL) + (table->values[1] == NULL);
  for (size_t i = 0; i < COUNT(columns); i++) {
    char is_null[32];
    snprintf(is_null, sizeof is_null, "%s is null", columns[i]);
    assert_int_equal(count_where(it, client, table->name, is_null), nulls);
  }
  if (nulls == 0)
    assert_int_equal(count_where(it, client, table->name, "n = ''"),
                     table->values[1][0] == '\0' ? 2 : 1);
}

/* A column of nothing but empty values, and of these and NULL: by row and by column, in each form. */
static void empty_values_are_not_null(void** state) {
  it_t* it = *state;
  for (size_t form = 0; form < STMT_FORMS; form++) {
    const stmt_form_t* how = stmt_form_begin(it, form);
    if (it->server != NULL && !it_can(it, IT_GEOMETRY_AND_VARBINARY)) continue;
    it_needs(it, IT_GEOMETRY_AND_VARBINARY);
    taosuv_client_t* client = stmt_form_client(it, how, "ms");
    it_ok(it, client,
          "create stable st (ts timestamp, n nchar(10), v varchar(10), "
          "b varbinary(10)) tags (g int)");
    taosuv_stmt_t* stmt = it_stmt(it, client, "insert into ? using st tags(?) values(?,?,?,?)");
    for (size_t round = 0; round < 2 + COUNT(empty_tables); round++) {
      for (size_t i = 0; i < COUNT(empty_tables); i++) { /* all in a batch, then each in its own */
        taosuv_value_t tag = taosuv_i64((int64_t) i);
        if (round >= 2 && i != round - 2) continue;
        must(taosuv_bind_table(stmt, empty_tables[i].name, TAOSUV_NUL_TERMINATED), stmt);
        must(taosuv_bind_tags(stmt, &tag, 1), stmt);
        bind_empty(stmt, &empty_tables[i], round % 2 == 1);
      }
      assert_int_equal(it_executed(it, stmt), round < 2 ? 2 * COUNT(empty_tables) : 2);
      for (size_t i = 0; i < COUNT(empty_tables); i++) check_empty(it, client, &empty_tables[i]);
    }
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
    if (it->server == NULL) break;
  }
}

/* ---- tags ---- */

/* Whether a real server keeps an empty tag apart from NULL is not known. */
static void not_empty(cell_t* cell, const kind_t* kind) {
  if (kind->size > 0 || cell->length > 0) return;
  cell->bytes[0] = 'a';
  cell->length = 1;
}

/* The first of `kinds`, up to those that no tag has. */
static size_t kinds_of_tags(const it_t* it) {
  return it_can(it, IT_GEOMETRY_AND_VARBINARY) ? 16 : 14;
}

static void every_type_of_tag_comes_back(void** state) {
  it_t* it = *state;
  for (size_t form = 0; form < STMT_FORMS; form++) {
    const stmt_form_t* how = stmt_form_begin(it, form);
    taosuv_client_t* client = stmt_form_client(it, how, "ms");
    char create_sql[1024], insert[256], list[256];
    int at = snprintf(create_sql, sizeof create_sql,
                      "create stable st (ts timestamp, v int) tags (");
    int in = snprintf(insert, sizeof insert, "insert into ? using st tags("), out = 0;
    const kind_t* tags[MAX_COLUMNS];
    uint32_t count = 0;
    for (size_t i = 1; i < kinds_of_tags(it); i++) {
      const char* comma = count > 0 ? ", " : "";
      at += snprintf(create_sql + at, sizeof create_sql - (size_t) at, "%sg%u %s", comma, count,
                     kinds[i].sql);
      in += snprintf(insert + in, sizeof insert - (size_t) in, "%s?", comma);
      out += snprintf(list + out, sizeof list - (size_t) out, "%sg%u", comma, count);
      tags[count++] = &kinds[i];
    }
    snprintf(create_sql + at, sizeof create_sql - (size_t) at, ")");
    snprintf(insert + in, sizeof insert - (size_t) in, ") values(?,?)");
    it_ok(it, client, "%s", create_sql);
    taosuv_stmt_t* stmt = it_stmt(it, client, insert);
    cell_t cells[4][MAX_COLUMNS];
    for (uint32_t table = 0; table < 4; table++) {
      taosuv_value_t values[MAX_COLUMNS], row[] = {taosuv_i64(1700000000000), taosuv_i64(table)};
      char text[TEXT], name[16];
      for (uint32_t i = 0; i < count; i++) {
        set_cell(&cells[table][i], tags[i], table);
        if (it->server == NULL) not_empty(&cells[table][i], tags[i]);
        cells[table][i].null = table == 3 && i % 2 == 1;
        values[i] = value_of(&cells[table][i], tags[i], TAOSUV_PRECISION_MS, text);
      }
      snprintf(name, sizeof name, "d%u", table);
      must(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), stmt);
      must(taosuv_bind_tags(stmt, values, count), stmt);
      must(taosuv_bind_row(stmt, row, 2), stmt);
    }
    assert_int_equal(it_executed(it, stmt), 4);
    taosuv_stmt_close(stmt);
    for (uint32_t table = 0; table < 4; table++) {
      char sql[512];
      snprintf(sql, sizeof sql, "select %s from d%u", list, table);
      taosuv_result_t* result = it_rows(it, client, sql);
      taosuv_block_t* block = it_block(it, result);
      for (uint32_t i = 0; i < count; i++) {
        taosuv_column_t column;
        taosuv_block_column(block, i, &column);
        if (!same_cell(&column, 0, &cells[table][i]))
          fail_msg("%s: tag %s of table %u differs", how->name, tags[i]->sql, table);
      }
      taosuv_block_unref(block);
      taosuv_result_close(result);
    }
    it_close_wait(it, client);
    if (it->server == NULL) break;
  }
}

static void json_tags_come_back(void** state) {
  it_t* it = *state;
  static const char* const texts[] = {"{\"k\":1}", "{\"place\":\"\xe6\xb6\x9b\"}", NULL};
  size_t count = it->server != NULL ? COUNT(texts) : COUNT(texts) - 1;
  it_left_out(it, "NULL as a JSON tag of a statement, and empty tags");
  for (size_t form = 0; form < STMT_FORMS; form++) {
    const stmt_form_t* how = stmt_form_begin(it, form);
    taosuv_client_t* client = stmt_form_client(it, how, "ms");
    it_ok(it, client, "create stable st (ts timestamp, v int) tags (j json)");
    taosuv_stmt_t* stmt = it_stmt(it, client, "insert into ? using st tags(?) values(?,?)");
    taosuv_value_t row[] = {taosuv_i64(1700000000000), taosuv_i64(1)};
    taosuv_value_t bad = taosuv_text("{\"k\":", 5);
    assert_int_equal(taosuv_bind_table(stmt, "d9", 2), 0);
    assert_true(taosuv_bind_tags(stmt, &bad, 1) < 0);
    taosuv_bind_clear(stmt);
    for (size_t i = 0; i < count; i++) {
      char name[16];
      taosuv_value_t tag = texts[i] == NULL ? taosuv_null()
                                            : taosuv_text(texts[i], TAOSUV_NUL_TERMINATED);
      snprintf(name, sizeof name, "d%zu", i);
      must(taosuv_bind_table(stmt, name, 2), stmt);
      must(taosuv_bind_tags(stmt, &tag, 1), stmt);
      must(taosuv_bind_row(stmt, row, 2), stmt);
    }
    assert_int_equal(it_executed(it, stmt), count);
    taosuv_stmt_close(stmt);
    for (size_t i = 0; i < count; i++) {
      char sql[64], text[128];
      taosuv_column_t column;
      snprintf(sql, sizeof sql, "select j from d%zu", i);
      taosuv_result_t* result = it_rows(it, client, sql);
      taosuv_block_t* block = it_block(it, result);
      taosuv_block_column(block, 0, &column);
      taosuv_format_cell(&column, 0, 0, text, sizeof text);
      assert_string_equal(text, texts[i] == NULL ? "NULL" : texts[i]);
      taosuv_block_unref(block);
      taosuv_result_close(result);
    }
    it_close_wait(it, client);
    if (it->server == NULL) break;
  }
}

int main(void) {
  const char* given = getenv("TAOSUV_TEST_SEED");
  seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t) time(NULL) << 20;
  if (seed == 0) seed = 1;
  print_message("TAOSUV_TEST_SEED=%llu\n", (unsigned long long) seed);
  const struct CMUnitTest tests[] = {
      IT_TEST(every_type_comes_back),
      IT_TEST(random_tables_come_back),
      IT_TEST(all_times_have_the_table_s_precision),
      IT_TEST(times_of_the_first_version),
      IT_TEST(far_times_of_the_first_version),
      IT_TEST(empty_values_are_not_null),
      IT_TEST(every_type_of_tag_comes_back),
      IT_TEST(json_tags_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
