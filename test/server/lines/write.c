/* Points into tables: makes and widens what is needed, names child tables, and writes rows. */
#include <mbedtls/md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines/point.h"
#include "base/buf.h"
#include "store/write.h"

/* ---- columns ---- */

/* The declared width of a text of this size: the next power of two, as TDengine does it. */
static uint32_t width_for(uint8_t type, size_t size) {
  uint32_t width = 1;
  uint32_t most = type == TS_NCHAR ? 16379 : 65517;
  while (width <= size && width < most) width *= 2;
  return width > most ? most : width;
}

static ts_field_t field_of(const ts_pair_t* pair) {
  ts_field_t field = {.type = ts_type_is_var(pair->type)
                                  ? ts_type_var(pair->type, width_for(pair->type, pair->cell.size))
                                  : ts_type_of(pair->type)};
  snprintf(field.name, sizeof field.name, "%s", pair->name);
  return field;
}

/* Checks a value against the column that is there, which is widened if it is too narrow. */
static int fit(ts_store_t* store, ts_family_t* family, uint32_t at, bool tags,
               const ts_pair_t* pair, ts_error_t* error) {
  const ts_type_t* type = tags ? &family->tags[at].type : &family->columns[at].type;
  if (type->type != pair->type)
    return ts_error(error, TS_E_LINES_DATA,
                    "point type and db type mismatch. key: %s. point type: %s, db type: %s",
                    pair->name, ts_type_name(pair->type), ts_type_name(type->type));
  if (!ts_type_is_var(pair->type) || pair->cell.size <= type->width) return 0;
  uint32_t width = width_for(pair->type, pair->cell.size);
  if (pair->cell.size > width)
    return ts_error(error, TS_E_TOO_LONG, "Value too long for column/tag: %s", pair->name);
  ts_family_widen(store, family, at, tags, width);
  return 0;
}

static int add_missing(ts_store_t* store, ts_family_t* family, const ts_pairs_t* pairs, bool tags,
                       ts_error_t* error) {
  int status = 0;
  for (uint32_t i = 0; status == 0 && i < pairs->count; i++) {
    const ts_pair_t* pair = &pairs->list[i];
    int at = tags ? ts_family_tag(family, pair->name) : ts_family_column(family, pair->name);
    int other = tags ? ts_family_column(family, pair->name) : ts_family_tag(family, pair->name);
    if (other >= 0)
      return ts_error(error, TS_E_LINES_DUPLICATE, "Duplicated column names: %s", pair->name);
    if (at < 0) {
      ts_field_t field = field_of(pair);
      ts_family_add(store, family, &field, tags);
      at = (int) (tags ? family->ntags : family->ncolumns) - 1;
    }
    status = fit(store, family, (uint32_t) at, tags, pair, error);
  }
  return status;
}

/* A super table for the point. One without tags gets one that is always NULL. */
static ts_table_t* create_super(ts_store_t* store, ts_database_t* database,
                                const ts_point_t* point) {
  uint32_t ncolumns = point->fields.count + 1;
  uint32_t ntags = point->tags.count;
  ts_field_t* fields = ts_calloc(ncolumns + ntags + 1, sizeof *fields);
  ts_field_t* tags = fields + ncolumns;
  fields[0] = (ts_field_t) {.name = "_ts", .type = ts_type_of(TS_TIMESTAMP)};
  for (uint32_t i = 1; i < ncolumns; i++) fields[i] = field_of(&point->fields.list[i - 1]);
  for (uint32_t i = 0; i < ntags; i++) tags[i] = field_of(&point->tags.list[i]);
  if (ntags == 0) {
    tags[ntags++] = (ts_field_t) {.name = "_tag_null", .type = ts_type_var(TS_NCHAR, 1)};
  }
  ts_table_t* table = ts_table_create(store, database, point->table, fields, ncolumns, tags, ntags);
  free(fields);
  return table;
}

static size_t tag_bytes(const ts_type_t* type) {
  if (!ts_type_is_var(type->type)) return type->width;
  return type->width * (type->type == TS_NCHAR ? 4u : 1u) + 2u;
}

/* All tags of a table have 16384 bytes: those that are there (`family`: NULL for a new table) and
 * the point's. */
static int check_tags(const ts_family_t* family, const ts_pairs_t* tags, ts_error_t* error) {
  size_t size = 0;
  for (uint32_t i = 0; family != NULL && i < family->ntags; i++)
    size += tag_bytes(&family->tags[i].type);
  for (uint32_t i = 0; i < tags->count; i++) {
    ts_field_t field = field_of(&tags->list[i]);
    int at = family != NULL ? ts_family_tag(family, field.name) : -1;
    size_t old = at >= 0 ? tag_bytes(&family->tags[at].type) : 0;
    if (tag_bytes(&field.type) > old) size += tag_bytes(&field.type) - old;
  }
  if (size <= 16384) return 0;
  return ts_error(error, TS_E_TAGS_LENGTH, "Tags length exceeds max length 16384");
}

static int prepare(ts_store_t* store, ts_database_t* database, const ts_point_t* point,
                   ts_error_t* error) {
  ts_table_t* super = ts_table_find(database, point->table);
  int status = check_tags(super != NULL ? super->family : NULL, &point->tags, error);
  if (status != 0) return status;
  if (super == NULL) super = create_super(store, database, point);
  if (super->kind != TS_SUPER)
    return ts_error(error, TS_E_LINES_DATA, "%s is not a super table", point->table);
  status = add_missing(store, super->family, &point->tags, true, error);
  return status != 0 ? status : add_missing(store, super->family, &point->fields, false, error);
}

/* ---- child tables ---- */

static int by_name(const void* a, const void* b) {
  return strcmp(((const ts_pair_t*) a)->name, ((const ts_pair_t*) b)->name);
}

/* A value as the name's hash has it: texts as they are, others as their little-endian bytes. */
static void add_tag(ts_buf_t* text, const ts_pair_t* tag) {
  const ts_cell_t* cell = &tag->cell;
  if (cell->kind == TS_CELL_TEXT || cell->kind == TS_CELL_BYTES) {
    ts_buf_add(text, cell->data, cell->size);
    return;
  }
  uint8_t bytes[8];
  uint64_t bits = (uint64_t) cell->integer;
  uint32_t half;
  float narrow = (float) cell->real;
  memcpy(&half, &narrow, sizeof half);
  if (tag->type == TS_FLOAT) {
    bits = half;
  } else if (cell->kind == TS_CELL_REAL) {
    memcpy(&bits, &cell->real, sizeof bits);
  }
  ts_put_u64(bytes, bits);
  ts_buf_add(text, bytes, ts_type_of(tag->type).width);
}

/* t_<md5 of "super,tag=value,…" in the order of the tags' names>. */
static bool hashed_name(const ts_point_t* point, char name[TS_TABLE_MAX + 1]) {
  ts_buf_t text = {0};
  uint8_t digest[16];
  ts_buf_text(&text, point->table);
  ts_pair_t* tags = ts_calloc(point->tags.count + 1, sizeof *tags);
  for (uint32_t i = 0; i < point->tags.count; i++) tags[i] = point->tags.list[i];
  qsort(tags, point->tags.count, sizeof *tags, by_name);
  for (uint32_t i = 0; i < point->tags.count; i++) {
    ts_buf_format(&text, ",%s=", tags[i].name);
    add_tag(&text, &tags[i]);
  }
  bool done = mbedtls_md5(text.data, text.size, digest) == 0;
  memcpy(name, "t_", 2);
  for (int i = 0; i < 16; i++) snprintf(name + 2 + 2 * i, 3, "%02x", digest[i]);
  free(tags);
  ts_buf_free(&text);
  return done;
}

static int child_name(const ts_points_t* points, const ts_point_t* point,
                      char name[TS_TABLE_MAX + 1]) {
  const char* key = points->input->table_name_key;
  for (uint32_t i = 0; key != NULL && *key != '\0' && i < point->tags.count; i++) {
    const ts_pair_t* tag = &point->tags.list[i];
    if (strcmp(tag->name, key) != 0 || tag->cell.kind != TS_CELL_TEXT) continue;
    if (tag->cell.size == 0 || tag->cell.size > TS_TABLE_MAX)
      return ts_error(points->error, TS_E_LINES_TABLE, "Table name is empty or too long");
    memcpy(name, tag->cell.data, tag->cell.size);
    name[tag->cell.size] = '\0';
    for (char* at = name; *at != '\0'; at++)
      if (*at == '.') *at = '_';
    return 0;
  }
  if (hashed_name(point, name)) return 0;
  return ts_error(points->error, TS_E_INTERNAL, "this build's mbedTLS has no MD5");
}

static int find_child(ts_write_t* write, ts_database_t* database, const ts_points_t* points,
                      const ts_point_t* point, ts_table_t** child) {
  char name[TS_TABLE_MAX + 1];
  ts_family_t* family = ts_table_find(database, point->table)->family;
  int status = child_name(points, point, name);
  if (status != 0) return status;
  *child = ts_table_find(database, name);
  if (*child != NULL && (*child)->kind == TS_CHILD && (*child)->family == family) return 0;
  if (*child != NULL)
    return ts_error(points->error, TS_E_LINES_DATA, "%s is not a child table of %s", name,
                    point->table);
  ts_cell_t* cells = ts_calloc(family->ntags, sizeof *cells);
  for (uint32_t i = 0; i < point->tags.count; i++)
    cells[ts_family_tag(family, point->tags.list[i].name)] = point->tags.list[i].cell;
  *child = ts_write_child(write, database, name, family, cells);
  free(cells);
  return 0;
}

/* ---- rows ---- */

typedef struct row_s {
  uint32_t* order;
  ts_cell_t* cells;
} row_t;

static int write_point(ts_write_t* write, ts_database_t* database, const ts_points_t* points,
                       const ts_point_t* point, row_t* row) {
  ts_table_t* child;
  uint32_t count = point->fields.count + 1;
  int status = find_child(write, database, points, point, &child);
  if (status != 0) return status;
  row->order = ts_realloc(row->order, count * sizeof *row->order);
  row->cells = ts_realloc(row->cells, count * sizeof *row->cells);
  row->order[0] = 0;
  row->cells[0] = (ts_cell_t) {.kind = TS_CELL_INT, .integer = point->time};
  for (uint32_t i = 1; i < count; i++) {
    const ts_pair_t* field = &point->fields.list[i - 1];
    row->order[i] = (uint32_t) ts_family_column(child->family, field->name);
    row->cells[i] = field->cell;
  }
  ts_write_table(write, database, child, row->order, count);
  ts_write_row(write, row->cells);
  return 0;
}

int ts_points_write(ts_store_t* store, ts_database_t* database, const ts_points_t* points,
                    int64_t* affected) {
  int status = 0;
  const ts_point_t* point;
  for (point = points->first; status == 0 && point != NULL; point = point->next)
    status = prepare(store, database, point, points->error);
  if (status != 0) return status;
  ts_write_t write;
  row_t row = {0};
  ts_write_begin(&write, store);
  for (point = points->first; status == 0 && point != NULL; point = point->next)
    status = write_point(&write, database, points, point, &row);
  int64_t rows = ts_write_end(&write, status == 0);
  if (status == 0) *affected = rows;
  free(row.order);
  free(row.cells);
  return status;
}
