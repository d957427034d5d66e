/* Bytes as a statement and as what a caller binds to it, rightly and wrongly. */
#include "batch_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_probe.h"
#include "batch_model.h"
#include "wire/batch/part.h"
#include "wire/batch/send.h"

#define MAX_ROWS 40u
#define MAX_TOTAL 600u
#define ROOM 128u

typedef struct play_s {
  const uint8_t* data;
  size_t size, at;
  model_t model;
  tuv_batch_t batch;
  alloc_probe_t probe;
  model_table_t* current;
  model_cell_t row[MODEL_FIELDS]; /* the unfinished one */
  uint32_t cursor;
  taosuv_value_t values[MODEL_FIELDS];
  uint8_t rooms[MODEL_FIELDS][ROOM]; /* what the values point to */
} play_t;

static uint8_t next(play_t* play) {
  return play->at < play->size ? play->data[play->at++] : 0;
}

static uint64_t next_u64(play_t* play) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++) value = value << 8 | next(play);
  return value;
}

/* ---- the statement ---- */

static const uint8_t types[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                11, 12, 13, 14, 15, 16, 17, 18, 20, 21};

static taosuv_stmt_field_t make_field(play_t* play, uint8_t kind) {
  static const char* const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  taosuv_stmt_field_t field = {.name = names[next(play) % 8], .name_length = 1, .kind = kind};
  field.type = types[next(play) % sizeof types];
  uint8_t more = next(play);
  if (field.type == TAOSUV_TYPE_VARCHAR || field.type == TAOSUV_TYPE_NCHAR ||
      field.type == TAOSUV_TYPE_VARBINARY || field.type == TAOSUV_TYPE_BLOB)
    field.length = more % 20;
  if (field.type == TAOSUV_TYPE_TIMESTAMP) field.precision = more % 3;
  if (field.type == TAOSUV_TYPE_DECIMAL64 || field.type == TAOSUV_TYPE_DECIMAL128) {
    uint8_t most = field.type == TAOSUV_TYPE_DECIMAL64 ? 18 : 38;
    field.precision = (uint8_t) (1 + more % most);
    field.scale = next(play) % (field.precision + 1u) & 0xFF;
  }
  return field;
}

static void make_statement(play_t* play) {
  model_t* model = &play->model;
  uint32_t count = 1 + next(play) % 7u;
  for (uint32_t i = 0; i < count || model->ncolumns == 0; i++) {
    uint8_t choice = next(play) % 6;
    taosuv_stmt_field_t* field = &model->fields[model->count];
    bool table = choice == 0 && !model->named && i < count, tag = choice < 3 && i < count;
    if (table) {
      *field = make_field(play, TAOSUV_BIND_TABLE);
      field->type = TAOSUV_TYPE_VARCHAR;
      field->length = 30;
      model->named = true;
    } else {
      *field = make_field(play, tag ? TAOSUV_BIND_TAG : TAOSUV_BIND_COLUMN);
      if (tag)
        model->tags[model->ntags++] = field;
      else
        model->columns[model->ncolumns++] = field;
    }
    model->count++;
  }
}

/* The column that can never be NULL, or NULL. */
static const taosuv_stmt_field_t* required(const model_t* model) {
  const taosuv_stmt_field_t* only = NULL;
  for (uint32_t i = 0; i < model->ncolumns; i++) {
    if (model->columns[i]->type != TAOSUV_TYPE_TIMESTAMP) continue;
    if (only != NULL) return NULL;
    only = model->columns[i];
  }
  return only;
}

/* ---- values ---- */

static uint32_t utf8_of(play_t* play, uint8_t* out, uint32_t chars) {
  static const char* const letters[] = {"a", "\xc3\xa9", "\xe6\xb6\x9b", "\xf0\x9f\x98\x80"};
  uint32_t size = 0;
  for (uint32_t i = 0; i < chars; i++) {
    const char* letter = letters[next(play) % 4];
    memcpy(out + size, letter, strlen(letter));
    size += (uint32_t) strlen(letter);
  }
  return size;
}

static void put_u64(uint8_t* out, uint64_t value, uint32_t size) {
  for (uint32_t i = 0; i < size; i++) out[i] = (uint8_t) (value >> (8 * i));
}

static model_cell_t number_cell(uint64_t value, uint32_t size) {
  uint8_t bytes[16];
  put_u64(bytes, value, size);
  return model_cell(bytes, size);
}

static model_cell_t make_integer(play_t* play, uint8_t type, taosuv_value_t* value) {
  bool is_signed = type <= TAOSUV_TYPE_BIGINT;
  uint32_t size = 1u << (type - (is_signed ? TAOSUV_TYPE_TINYINT : TAOSUV_TYPE_UTINYINT));
  uint8_t how = next(play);
  uint64_t bits = next_u64(play) >> (64 - 8 * size);
  uint64_t sign = UINT64_C(1) << (8 * size - 1);
  if (how % 4 == 0) bits = is_signed ? sign : UINT64_MAX >> (64 - 8 * size);
  if (how % 4 == 1) bits = is_signed ? sign - 1 : 0;
  bool negative = is_signed && (bits & sign) != 0;
  int64_t number = (int64_t) (negative && size < 8 ? bits | ~(2 * sign - 1) : bits);
  if (negative || (how < 128 && bits <= INT64_MAX))
    *value = taosuv_i64(number);
  else
    *value = taosuv_u64(bits);
  return number_cell(bits, size);
}

static model_cell_t make_time(play_t* play, uint8_t precision, taosuv_value_t* value) {
  static const int64_t units[] = {1000, 1000000, 1000000000};
  int64_t unit = units[precision], time = (int64_t) next_u64(play);
  uint8_t how = next(play);
  if (how % 8 == 0) time = INT64_MIN;
  if (how % 8 == 1) time = INT64_MAX;
  *value = taosuv_i64(time);
  if (how < 128) {
    struct timespec spec = {0, 0};
    int64_t part = time % unit, seconds = time / unit;
    if (part < 0) {
      part += unit;
      seconds--;
    }
    spec.tv_sec = (time_t) seconds;
    spec.tv_nsec = (long) (part * (1000000000 / unit) + next(play) % (1000000000 / unit));
    *value = taosuv_timespec(spec);
  }
  return number_cell((uint64_t) time, 8);
}

static model_cell_t make_decimal(play_t* play, const taosuv_stmt_field_t* field, uint8_t* room,
                                 taosuv_value_t* value) {
  unsigned __int128 limit = 1, number = (unsigned __int128) next_u64(play) << 64 | next_u64(play);
  for (int i = 0; i < field->precision; i++) limit *= 10;
  uint8_t how = next(play);
  number %= limit;
  if (how % 8 == 0) number = limit - 1;
  if (how >= 128) number = 0 - number;
  uint32_t size = field->type == TAOSUV_TYPE_DECIMAL64 ? 8 : 16;
  uint8_t bytes[16];
  put_u64(bytes, (uint64_t) number, 8);
  put_u64(bytes + 8, (uint64_t) (number >> 64), 8);
  memcpy(room, bytes, size);
  *value = taosuv_bytes(room, size);
  if (how % 2 == 0 && (field->precision | field->scale) != 0) {
    taosuv_decimal_t decimal = {(uint64_t) number, (int64_t) (uint64_t) (number >> 64)};
    int length = taosuv_format_decimal(decimal, field->scale, (char*) room, ROOM - 2);
    /* What is behind the last digit is rounded away from zero from 5 on: here it is not. */
    if (field->scale > 0 && how % 4 == 0) room[length++] = '4';
    *value = taosuv_text((char*) room, (size_t) length);
  }
  return model_cell(bytes, size);
}

static uint32_t make_point(play_t* play, uint8_t* room) {
  uint8_t srid = next(play) % 2;
  uint32_t at = 1;
  room[0] = 1;
  put_u64(room + at, srid != 0 ? UINT64_C(0x20000001) : 1, 4);
  at += 4;
  if (srid != 0) {
    put_u64(room + at, 4326, 4);
    at += 4;
  }
  for (int i = 0; i < 16; i++) room[at++] = next(play);
  return at;
}

static model_cell_t make_bytes(play_t* play, const taosuv_stmt_field_t* field, uint8_t* room,
                               taosuv_value_t* value) {
  uint32_t most = field->length != 0 ? field->length : 25, size = next(play) % (most + 1);
  bool text = true;
  switch (field->type) {
    case TAOSUV_TYPE_NCHAR: size = utf8_of(play, room, size); break;
    case TAOSUV_TYPE_JSON:
      memcpy(room, "{\"k\":\"*\"}", 9);
      room[6] = (uint8_t) ('0' + next(play) % 10);
      size = 9;
      break;
    case TAOSUV_TYPE_GEOMETRY:
      size = make_point(play, room);
      text = false;
      break;
    default:
      for (uint32_t i = 0; i < size; i++) room[i] = next(play);
      text = field->type == TAOSUV_TYPE_VARCHAR && size % 2 == 0;
  }
  *value = text ? taosuv_text((char*) room, size) : taosuv_bytes(room, size);
  return model_cell(room, size);
}

/* A value that fits its field, and what it is. */
static model_cell_t make_value(play_t* play, const taosuv_stmt_field_t* field, bool null,
                               uint8_t* room, taosuv_value_t* value) {
  uint8_t type = field->type;
  if (null && next(play) % 4 == 0) {
    *value = taosuv_null();
    return model_cell(NULL, 0);
  }
  if (type == TAOSUV_TYPE_BOOL) {
    uint8_t truth = next(play) % 2;
    *value = taosuv_bool(truth);
    return model_cell(&truth, 1);
  }
  if (type == TAOSUV_TYPE_FLOAT) {
    float number = (float) (int8_t) next(play) / 8;
    uint32_t bits;
    memcpy(&bits, &number, 4);
    *value = taosuv_f64(number);
    return number_cell(bits, 4);
  }
  if (type == TAOSUV_TYPE_DOUBLE) {
    uint64_t bits = next_u64(play);
    double number;
    memcpy(&number, &bits, 8);
    *value = taosuv_f64(number);
    return number_cell(bits, 8);
  }
  if (type == TAOSUV_TYPE_TIMESTAMP) return make_time(play, field->precision, value);
  if (type == TAOSUV_TYPE_DECIMAL64 || type == TAOSUV_TYPE_DECIMAL128)
    return make_decimal(play, field, room, value);
  bool variable = type == 8 || type == 10 || type == 15 || type == 16 || type == 18 || type == 20;
  if (variable) return make_bytes(play, field, room, value);
  return make_integer(play, type, value);
}

/* A value that never fits. */
static taosuv_value_t wrong_value(play_t* play, const taosuv_stmt_field_t* field) {
  struct timespec bad = {0, 1000000000};
  uint8_t type = field->type;
  if (type == TAOSUV_TYPE_BOOL || type == TAOSUV_TYPE_TIMESTAMP) {
    if (next(play) % 2 == 0) return taosuv_timespec(bad);
    return taosuv_text("1", 1);
  }
  if (type == TAOSUV_TYPE_NCHAR) return taosuv_text("\xff", 1);
  if (type == TAOSUV_TYPE_JSON) return taosuv_text("[1]", 3);
  if (type == TAOSUV_TYPE_GEOMETRY) return taosuv_bytes("\1\1", 2);
  if (type == TAOSUV_TYPE_TINYINT) return taosuv_i64(128);
  if (type == TAOSUV_TYPE_UTINYINT) return taosuv_i64(-1);
  if (type == TAOSUV_TYPE_VARCHAR && field->length != 0)
    return taosuv_text("longer than any of these fields", 31);
  if (type == TAOSUV_TYPE_DECIMAL64 || type == TAOSUV_TYPE_DECIMAL128)
    return taosuv_text("1.2.3", 5);
  return taosuv_bool(1);
}

/* ---- calls ---- */

static void check_status(int status, bool well, const tuv_errmsg_t* err) {
  if ((status == 0) == well) return;
  fprintf(stderr, "status %d, expected %s: %s\n", status, well ? "0" : "an error", err->text);
  abort();
}

static void drop_row(play_t* play) {
  while (play->cursor > 0) model_cell_free(&play->row[--play->cursor]);
}

static void keep_row(play_t* play, const model_cell_t* row) {
  model_t* model = &play->model;
  if (play->current == NULL) play->current = &model->tables[model->ntables++];
  model_table_t* table = play->current;
  size_t count = ((size_t) table->rows + 1) * model->ncolumns;
  table->cells = realloc(table->cells, count * sizeof *table->cells);
  MODEL_CHECK(table->cells != NULL);
  memcpy(&table->cells[table->rows * model->ncolumns], row, model->ncolumns * sizeof *row);
  table->rows++;
}

/* Whether tags and rows may be bound; the table that the SQL names itself comes with the first. */
static bool has_table(const play_t* play) {
  return play->current != NULL || !play->model.named;
}

/* One of a few names. */
static size_t make_name(play_t* play, char name[40]) {
  static const char long_name[] = "a_table_with_a_longer_name.abc";
  uint8_t which = next(play) % MODEL_TABLES;
  size_t length = which == 5 ? 30 : which + 1u;
  memcpy(name, which == 5 ? long_name : "tables", length);
  return length;
}

/* The current table is from now on the one with this name. */
static void go_to_table(play_t* play, const char* name, size_t length) {
  model_t* model = &play->model;
  for (uint32_t t = 0; t < model->ntables; t++) {
    play->current = &model->tables[t];
    if (play->current->name_length == length) return;
  }
  play->current = &model->tables[model->ntables++];
  memcpy(play->current->name, name, length);
  play->current->name_length = (uint32_t) length;
}

static void choose_table(play_t* play) {
  char name[40];
  tuv_errmsg_t err = {""};
  size_t length = make_name(play, name);
  int status = tuv_batch_table(&play->batch, name, length, &err);
  if (!play->model.named || play->cursor > 0) {
    MODEL_CHECK(status == TUV_EINVAL);
    return;
  }
  MODEL_CHECK(status == 0);
  go_to_table(play, name, length);
}

static void keep_tags(play_t* play, const model_cell_t* cells) {
  model_t* model = &play->model;
  if (play->current == NULL) play->current = &model->tables[model->ntables++];
  for (uint32_t i = 0; i < model->ntags && play->current->tagged; i++)
    model_cell_free(&play->current->tags[i]);
  memcpy(play->current->tags, cells, model->ntags * sizeof *cells);
  play->current->tagged = true;
}

static void bind_tags(play_t* play) {
  model_t* model = &play->model;
  model_cell_t cells[MODEL_FIELDS];
  tuv_errmsg_t err = {""};
  bool wrong = next(play) % 8 == 0 && model->ntags > 0;
  uint32_t at = next(play) % MODEL_FIELDS;
  for (uint32_t i = 0; i < model->ntags; i++)
    cells[i] = make_value(play, model->tags[i], true, play->rooms[i], &play->values[i]);
  if (wrong) play->values[at % model->ntags] = wrong_value(play, model->tags[at % model->ntags]);
  int status = tuv_batch_tags(&play->batch, play->values, model->ntags, &err);
  bool well = !wrong && play->cursor == 0 && model->ntags > 0 && has_table(play);
  check_status(status, well, &err);
  if (!well) {
    for (uint32_t i = 0; i < model->ntags; i++) model_cell_free(&cells[i]);
    return;
  }
  keep_tags(play, cells);
}

static void bind_row(play_t* play) {
  model_t* model = &play->model;
  model_cell_t cells[MODEL_FIELDS];
  tuv_errmsg_t err = {""};
  const taosuv_stmt_field_t* never = required(model);
  bool wrong = next(play) % 8 == 0;
  uint32_t at = next(play) % MODEL_FIELDS % model->ncolumns;
  for (uint32_t i = 0; i < model->ncolumns; i++)
    cells[i] = make_value(play, model->columns[i], model->columns[i] != never, play->rooms[i],
                          &play->values[i]);
  if (wrong) play->values[at] = wrong_value(play, model->columns[at]);
  if (wrong && model->columns[at] == never) play->values[at] = taosuv_null();
  int status = tuv_batch_row(&play->batch, play->values, model->ncolumns, &err);
  bool well = !wrong && play->cursor == 0 && has_table(play);
  check_status(status, well, &err);
  if (well) keep_row(play, cells);
  for (uint32_t i = 0; !well && i < model->ncolumns; i++) model_cell_free(&cells[i]);
}

/* Table, tags and row at once; half of them with one wrong value. */
static void append_row(play_t* play) {
  model_t* model = &play->model;
  model_cell_t cells[MODEL_FIELDS];
  char name[40];
  tuv_errmsg_t err = {""};
  uint32_t all = model->ntags + model->ncolumns, wrong = next(play) % (2 * all);
  for (uint32_t i = 0; i < all; i++) {
    const taosuv_stmt_field_t* field = i < model->ntags ? model->tags[i]
                                                        : model->columns[i - model->ntags];
    cells[i] = make_value(play, field, field != required(model), play->rooms[i], &play->values[i]);
    if (i == wrong) play->values[i] = wrong_value(play, field);
  }
  tuv_batch_appended_t appended = {.length = make_name(play, name),
                                   .tags = play->values,
                                   .ntags = model->ntags,
                                   .count = model->ncolumns,
                                   .values = play->values + model->ntags,
                                   .rows = 1};
  appended.table = model->named ? name : NULL;
  int status = tuv_batch_append(&play->batch, &appended, &err);
  bool well = wrong >= all && play->cursor == 0;
  check_status(status, well, &err);
  if (!well) {
    for (uint32_t i = 0; i < all; i++) model_cell_free(&cells[i]);
    return;
  }
  if (model->named) go_to_table(play, name, appended.length);
  if (model->ntags > 0) keep_tags(play, cells);
  keep_row(play, cells + model->ntags);
}

static void bind_value(play_t* play) {
  model_t* model = &play->model;
  tuv_errmsg_t err = {""};
  const taosuv_stmt_field_t* field = model->columns[play->cursor];
  bool wrong = next(play) % 8 == 0;
  model_cell_t cell = make_value(play, field, field != required(model), play->rooms[0],
                                 &play->values[0]);
  if (wrong) play->values[0] = wrong_value(play, field);
  int status = tuv_batch_value(&play->batch, &play->values[0], &err);
  check_status(status, !wrong && has_table(play), &err);
  if (status < 0) {
    model_cell_free(&cell);
    return;
  }
  play->row[play->cursor++] = cell;
  if (play->cursor < model->ncolumns) return;
  play->cursor = 0;
  keep_row(play, play->row);
}

/* ---- columns ---- */

typedef struct column_s {
  taosuv_array_t array;
  uint8_t* values;
  uint32_t offsets[MAX_ROWS + 1];
  uint8_t nulls[MAX_ROWS];
  size_t size;
  bool text; /* a DECIMAL's */
} column_t;

static void append(column_t* column, const void* bytes, size_t size) {
  column->values = realloc(column->values, column->size + size + 1);
  MODEL_CHECK(column->values != NULL);
  if (size > 0) memcpy(column->values + column->size, bytes, size);
  column->size += size;
}

static void append_cell(play_t* play, column_t* column, uint32_t row, const model_cell_t* cell,
                        const taosuv_stmt_field_t* field) {
  static const uint8_t junk[16] = {0xEE, 0xEE, 0xEE, 0xEE, 0xEE};
  bool variable = column->array.offsets != NULL;
  column->nulls[row] = cell->null ? (uint8_t) (1 + next(play) % 255) : 0;
  if (cell->null) {
    static const uint8_t widths[] = {0, 1, 1, 2, 4, 8, 4,  8, 0, 8, 0,
                                     1, 2, 4, 8, 0, 0, 16, 0, 0, 0, 8};
    append(column, junk, variable ? next(play) % 3u : widths[field->type]);
  } else if (column->text) {
    char buf[64];
    taosuv_decimal_t value = {taosuv_load_u64(cell->bytes), 0};
    value.high = cell->size == 16         ? (int64_t) taosuv_load_u64(cell->bytes + 8)
                 : (value.low >> 63) != 0 ? -1
                                          : 0;
    append(column, buf, (size_t) taosuv_format_decimal(value, field->scale, buf, sizeof buf));
  } else {
    append(column, cell->bytes, cell->size);
  }
  column->offsets[row + 1] = (uint32_t) column->size;
}

static void make_column(play_t* play, column_t* column, uint32_t index, uint32_t rows,
                        model_cell_t* cells) {
  const model_t* model = &play->model;
  const taosuv_stmt_field_t* field = model->columns[index];
  bool decimal = field->type == TAOSUV_TYPE_DECIMAL64 || field->type == TAOSUV_TYPE_DECIMAL128;
  bool variable = field->type == 8 || field->type == 10 || field->type == 15 || field->type == 16 ||
                  field->type == 18 || field->type == 20;
  uint8_t how = next(play);
  bool nulls = field != required(model) && how % 2 == 0, all = nulls && how % 16 == 0;
  memset(column, 0, sizeof *column);
  column->text = decimal && how % 4 < 2;
  column->array.type = all ? TAOSUV_TYPE_NULL : column->text ? TAOSUV_TYPE_VARCHAR : field->type;
  if (variable || column->text) column->array.offsets = column->offsets;
  append(column, "junk", variable || column->text ? how % 4u : 0);
  column->offsets[0] = (uint32_t) column->size;
  for (uint32_t row = 0; row < rows; row++) {
    model_cell_t* cell = &cells[row * model->ncolumns + index];
    *cell = all ? model_cell(NULL, 0)
                : make_value(play, field, nulls, play->rooms[0], &play->values[0]);
    append_cell(play, column, row, cell, field);
  }
  column->array.values = column->values;
  if (nulls) column->array.nulls = column->nulls;
}

/* Makes one of the arrays wrong; false: this one cannot be. */
static bool spoil(play_t* play, column_t* column, uint32_t rows) {
  if (column->array.type == TAOSUV_TYPE_NULL) return false;
  if (column->array.offsets != NULL && next(play) % 2 == 0) {
    column->offsets[rows] = column->offsets[0];
    column->offsets[0]++;
    return true;
  }
  column->array.type = column->array.type == TAOSUV_TYPE_BOOL ? TAOSUV_TYPE_INT : TAOSUV_TYPE_BOOL;
  return true;
}

static void bind_columns(play_t* play) {
  model_t* model = &play->model;
  column_t* columns = calloc(model->ncolumns, sizeof *columns);
  taosuv_array_t arrays[MODEL_FIELDS];
  tuv_errmsg_t err = {""};
  uint32_t rows = 1 + next(play) % MAX_ROWS, wrong_at = next(play);
  model_cell_t* cells = calloc(rows * model->ncolumns, sizeof *cells);
  MODEL_CHECK(columns != NULL && cells != NULL);
  for (uint32_t i = 0; i < model->ncolumns; i++) make_column(play, &columns[i], i, rows, cells);
  bool wrong = wrong_at < model->ncolumns && spoil(play, &columns[wrong_at], rows);
  for (uint32_t i = 0; i < model->ncolumns; i++) arrays[i] = columns[i].array;
  int status = tuv_batch_columns(&play->batch, rows, arrays, model->ncolumns, &err);
  bool well = !wrong && play->cursor == 0 && has_table(play);
  check_status(status, well, &err);
  for (uint32_t row = 0; well && row < rows; row++) keep_row(play, &cells[row * model->ncolumns]);
  for (uint32_t i = 0; !well && i < rows * model->ncolumns; i++) model_cell_free(&cells[i]);
  for (uint32_t i = 0; i < model->ncolumns; i++) free(columns[i].values);
  free(columns);
  free(cells);
}

/* ---- play ---- */

static void check_batch(const model_t* model, tuv_batch_t* batch, uint32_t cursor) {
  tuv_errmsg_t err = {""};
  int expected = model_rows(model) > 0 && cursor == 0 ? 0 : TUV_EINVAL;
  for (uint32_t t = 0; t < model->ntables; t++)
    if (model->ntags > 0 && model->tables[t].rows > 0 && !model->tables[t].tagged)
      expected = TUV_EINVAL;
  MODEL_CHECK(tuv_batch_ready(batch, INT32_MAX, &err) == expected);
  if (expected == 0) model_verify(model, batch);
}

static void check(play_t* play) {
  check_batch(&play->model, &play->batch, play->cursor);
}

/* Half of all plays have what is bound by column lie masked. */
static void give_key(play_t* play) {
  const uint8_t key[4] = {0x5A, (uint8_t) play->at, 0xC3, (uint8_t) play->size};
  if (play->size % 2 == 0) tuv_batch_set_key(&play->batch, key);
}

/* Limits the model to rows [from, to), counted over its tables. */
static void limit_model(model_t* model, uint64_t from, uint64_t to) {
  uint64_t at = 0;
  for (uint32_t t = 0; t < model->ntables; t++) {
    model_table_t* table = &model->tables[t];
    uint64_t rows = table->rows, first = from > at ? from - at : 0, last = to > at ? to - at : 0;
    if (last > rows) last = rows;
    if (first > last) first = last;
    if (first > 0) table->cells += first * model->ncolumns;
    table->rows = (uint32_t) (last - first);
    at += rows;
  }
}

/* Some rows of a batch are a batch with these rows; and the batch is as before. */
static void take_part(play_t* play) {
  tuv_batch_t part;
  model_t limited = play->model;
  uint64_t all = model_rows(&play->model), from = next(play), rows = 1 + next(play);
  uint64_t bytes = 64 * (uint64_t) next(play);
  if (play->cursor > 0 || all == 0) return;
  from %= all;
  if (rows > all - from) rows = all - from;
  uint64_t fit = tuv_batch_fit(&play->batch, from, rows, bytes);
  MODEL_CHECK(fit >= 1 && fit <= rows);
  MODEL_CHECK(tuv_batch_fit(&play->batch, from, rows, UINT64_MAX) == rows);
  tuv_batch_init(&part, &play->probe.alloc, true, play->model.fields, play->model.count);
  MODEL_CHECK(tuv_batch_part(&part, &play->batch, from, rows) == 0);
  MODEL_CHECK(tuv_batch_rows(&part) == rows);
  limit_model(&limited, from, from + rows);
  check_batch(&limited, &part, 0);
  tuv_batch_free(&part);
  check(play);
}

static void clear(play_t* play) {
  tuv_batch_clear(&play->batch);
  give_key(play);
  drop_row(play);
  model_clear(&play->model);
  play->current = NULL;
  MODEL_CHECK(tuv_batch_size(&play->batch) == 0);
}

static void step(play_t* play) {
  switch (next(play) % 18) {
    case 0:
    case 1:
    case 2: choose_table(play); break;
    case 3:
    case 4: bind_tags(play); break;
    case 5:
    case 6: bind_columns(play); break;
    case 7:
    case 8: bind_row(play); break;
    case 9:
      drop_row(play);
      tuv_batch_undo(&play->batch);
      break;
    case 10:
      if (next(play) % 4 == 0) clear(play);
      break;
    case 11: check(play); break;
    case 12:
    case 13: append_row(play); break;
    case 14: take_part(play); break;
    default: bind_value(play);
  }
  MODEL_CHECK(tuv_batch_rows(&play->batch) == model_rows(&play->model));
  if (model_rows(&play->model) > MAX_TOTAL) {
    check(play);
    clear(play);
  }
}

void batch_play(const uint8_t* data, size_t size) {
  play_t* play = calloc(1, sizeof *play);
  MODEL_CHECK(play != NULL);
  play->data = data;
  play->size = size;
  make_statement(play);
  alloc_probe_init(&play->probe);
  tuv_batch_init(&play->batch, &play->probe.alloc, true, play->model.fields, play->model.count);
  give_key(play);
  while (play->at < play->size) step(play);
  check(play);
  drop_row(play);
  model_clear(&play->model);
  tuv_batch_free(&play->batch);
  MODEL_CHECK(play->probe.live_blocks == 0);
  free(play);
}
