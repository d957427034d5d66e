/* Changes of tables, written to the logs as the JSON that consumers get. */
#include "store/meta.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void put_text(ts_buf_t* out, const char* key, const char* text) {
  ts_buf_format(out, "\"%s\":", key);
  ts_buf_json(out, text, strlen(text), false);
}

static char* text_of(ts_buf_t* buf) {
  ts_buf_add(buf, "", 1);
  return (char*) buf->data;
}

/* A record for this log, which owns the JSON. */
static void append(ts_wal_t* wal, uint16_t type, const ts_table_t* table, const ts_buf_t* json) {
  ts_wal_record_t* record = ts_calloc(1, sizeof *record);
  record->meta_type = type;
  record->family = table->family->id;
  record->meta = ts_strdup((const char*) json->data, json->size);
  ts_wal_append(wal, record);
}

/* Every vgroup knows the super tables; the others are where their rows are. */
static void append_all(ts_database_t* database, uint16_t type, const ts_table_t* table,
                       ts_buf_t* json) {
  for (size_t i = 0; i < TS_VGROUPS; i++) {
    ts_wal_t* wal = &database->wals[i];
    if (table->kind == TS_SUPER || wal == ts_table_wal(database, table->name))
      append(wal, type, table, json);
  }
  ts_buf_free(json);
}

/* ---- tables ---- */

static void put_type(ts_buf_t* out, const char* prefix, ts_type_t type) {
  bool alone = *prefix == '\0';
  ts_buf_format(out, ",\"%s\":%u", alone ? "type" : "colType", (unsigned) type.type);
  if (ts_type_is_decimal(type.type)) {
    ts_buf_format(out, ",\"precision\":%u,\"scale\":%u", (unsigned) type.precision,
                  (unsigned) type.scale);
  } else if (ts_type_is_var(type.type) && type.type != TS_JSON && type.type != TS_BLOB) {
    ts_buf_format(out, ",\"%s\":%u", alone ? "length" : "colLength", type.width);
  }
}

static void put_column(ts_buf_t* out, const ts_field_t* field) {
  uint8_t type = field->type.type;
  put_text(out, "name", field->name);
  put_type(out, "", field->type);
  ts_buf_format(out,
                ",\"isPrimarykey\":false,\"encode\":\"%s\",\"compress\":\"%s\","
                "\"level\":\"medium\"",
                ts_type_encoding(type), ts_type_is_var(type) ? "zstd" : "lz4");
}

static void put_tag(ts_buf_t* out, const ts_field_t* field) {
  put_text(out, "name", field->name);
  put_type(out, "", field->type);
}

static void put_fields(ts_buf_t* out, const char* key, const ts_field_t* fields, uint32_t count,
                       void (*put)(ts_buf_t* out, const ts_field_t* field)) {
  ts_buf_format(out, ",\"%s\":[", key);
  for (uint32_t i = 0; i < count; i++) {
    ts_buf_text(out, i > 0 ? ",{" : "{");
    put(out, &fields[i]);
    ts_buf_text(out, "}");
  }
  ts_buf_text(out, "]");
}

static uint16_t type_of(const ts_table_t* table, uint16_t super, uint16_t other) {
  return table->kind == TS_SUPER ? super : other;
}

static void begin(ts_buf_t* out, const char* verb, const ts_table_t* table) {
  static const char* const kinds[] = {
      [TS_SUPER] = "super", [TS_CHILD] = "child", [TS_PLAIN] = "normal"};
  ts_buf_format(out, "{\"type\":\"%s\",\"tableType\":\"%s\",", verb, kinds[table->kind]);
  put_text(out, "tableName", table->name);
}

void ts_meta_created(ts_database_t* database, const ts_table_t* table) {
  const ts_family_t* family = table->family;
  ts_buf_t out = {0};
  begin(&out, "create", table);
  put_fields(&out, "columns", family->columns, family->ncolumns, put_column);
  put_fields(&out, "tags", family->tags, family->ntags, put_tag);
  ts_buf_text(&out, "}");
  append_all(database, type_of(table, TS_META_CREATE_STABLE, TS_META_CREATE_TABLE), table, &out);
}

void ts_meta_dropped(ts_database_t* database, const ts_table_t* table) {
  ts_buf_t out = {0};
  if (table->kind == TS_SUPER) {
    begin(&out, "drop", table);
    ts_buf_text(&out, "}");
  } else {
    ts_buf_text(&out, "{\"type\":\"drop\",\"tableNameList\":[");
    ts_buf_json(&out, table->name, strlen(table->name), false);
    ts_buf_text(&out, "]}");
  }
  append_all(database, type_of(table, TS_META_DROP_STABLE, TS_META_DROP_TABLE), table, &out);
}

static void alter_field(ts_database_t* database, const ts_table_t* table, const ts_field_t* field,
                        int alter_type) {
  ts_buf_t out = {0};
  begin(&out, "alter", table);
  ts_buf_format(&out, ",\"alterType\":%d,", alter_type);
  put_text(&out, "colName", field->name);
  put_type(&out, "col", field->type);
  ts_buf_text(&out, "}");
  append_all(database, type_of(table, TS_META_ALTER_STABLE, TS_META_ALTER_TABLE), table, &out);
}

void ts_meta_field_added(ts_database_t* database, const ts_table_t* table, const ts_field_t* field,
                         bool tag) {
  alter_field(database, table, field, tag ? 1 : 5);
}

void ts_meta_field_widened(ts_database_t* database, const ts_table_t* table,
                           const ts_field_t* field, bool tag) {
  alter_field(database, table, field, tag ? 8 : 7);
}

/* ---- values of tags ---- */

static void put_quoted(ts_buf_t* out, const void* text, size_t size) {
  ts_buf_t quoted = {0};
  ts_buf_text(&quoted, "\"");
  ts_buf_add(&quoted, text, size);
  ts_buf_text(&quoted, "\"");
  ts_buf_json(out, (const char*) quoted.data, quoted.size, false);
  ts_buf_free(&quoted);
}

static void put_hex(ts_buf_t* out, const ts_cell_t* cell) {
  ts_buf_t text = {0};
  ts_buf_text(&text, "\\x");
  for (size_t i = 0; i < cell->size; i++)
    ts_buf_format(&text, "%02X", (unsigned) ((const uint8_t*) cell->data)[i]);
  put_quoted(out, text.data, text.size);
  ts_buf_free(&text);
}

/* A number, or a text in quotes within the text's own; JSON as it is. */
static void put_value(ts_buf_t* out, const ts_field_t* tag, const ts_cell_t* cell) {
  uint8_t type = tag->type.type;
  if (type == TS_JSON) {
    ts_buf_json(out, cell->data, cell->size, false);
  } else if (ts_type_is_text(type)) {
    put_quoted(out, cell->data, cell->size);
  } else if (cell->kind == TS_CELL_BYTES) {
    put_hex(out, cell);
  } else if (cell->kind == TS_CELL_REAL) {
    ts_buf_format(out, "%.17g", cell->real);
  } else if (type == TS_UBIGINT) {
    ts_buf_format(out, "%" PRIu64, (uint64_t) cell->integer);
  } else {
    ts_buf_format(out, "%" PRId64, cell->integer);
  }
}

char* ts_meta_child(const ts_table_t* table, const ts_cell_t* tags) {
  const ts_family_t* family = table->family;
  ts_buf_t out = {0};
  put_text(&out, "tableName", table->name);
  ts_buf_text(&out, ",");
  put_text(&out, "using", family->owner->name);
  ts_buf_format(&out, ",\"tagNum\":%u,\"tags\":[", family->ntags);
  bool first = true;
  for (uint32_t i = 0; i < family->ntags; i++) {
    if (tags[i].kind == TS_CELL_NULL) continue; /* is left out */
    ts_buf_text(&out, first ? "{" : ",{");
    put_text(&out, "name", family->tags[i].name);
    ts_buf_format(&out, ",\"type\":%u,\"value\":", (unsigned) family->tags[i].type.type);
    put_value(&out, &family->tags[i], &tags[i]);
    ts_buf_text(&out, "}");
    first = false;
  }
  ts_buf_text(&out, "]");
  return text_of(&out);
}

void ts_meta_children(ts_buf_t* out, const char* const* children, size_t count) {
  ts_buf_text(out, "{\"type\":\"create\",\"tableType\":\"child\",");
  ts_buf_text(out, children[0]);
  ts_buf_text(out, ",\"createList\":[");
  for (size_t i = 0; i < count && count > 1; i++) {
    ts_buf_text(out, i > 0 ? ",{" : "{");
    ts_buf_text(out, children[i]);
    ts_buf_text(out, "}");
  }
  ts_buf_text(out, "]}");
}

void ts_meta_child_created(ts_database_t* database, const ts_table_t* table, const char* child) {
  ts_buf_t out = {0};
  ts_meta_children(&out, &child, 1);
  append_all(database, TS_META_CREATE_TABLE, table, &out);
}

void ts_meta_tag_set(ts_database_t* database, const ts_table_t* table, const ts_field_t* tag,
                     const ts_cell_t* value) {
  ts_buf_t out = {0};
  ts_buf_t text = {0};
  begin(&out, "alter", table);
  ts_buf_text(&out, ",\"alterType\":4,");
  put_text(&out, "colName", tag->name);
  if (value->kind == TS_CELL_NULL) {
    ts_buf_text(&out, ",\"colValueNull\":true}");
  } else {
    put_value(&text, tag, value);
    bool quoted = text.data[0] == '"';
    ts_buf_text(&out, ",\"colValue\":");
    if (!quoted) ts_buf_text(&out, "\"");
    ts_buf_add(&out, text.data, text.size);
    ts_buf_text(&out, quoted ? ",\"colValueNull\":false}" : "\",\"colValueNull\":false}");
  }
  ts_buf_free(&text);
  append_all(database, TS_META_ALTER_TABLE, table, &out);
}

void ts_meta_deleted(ts_database_t* database, const ts_table_t* table, int64_t from, int64_t to) {
  ts_buf_t out = {0};
  ts_buf_t sql = {0};
  const char* column = table->family->columns[0].name;
  ts_buf_text(&sql, "delete from ");
  ts_buf_name(&sql, table->name);
  ts_buf_text(&sql, " where ");
  ts_buf_name(&sql, column);
  ts_buf_format(&sql, " >= %" PRId64 " and ", from);
  ts_buf_name(&sql, column);
  ts_buf_format(&sql, " <= %" PRId64, to);
  ts_buf_text(&out, "{\"type\":\"delete\",\"sql\":");
  ts_buf_json(&out, (const char*) sql.data, sql.size, false);
  ts_buf_text(&out, "}");
  ts_buf_free(&sql);
  append_all(database, TS_META_DELETE, table, &out);
}
