/* Metadata that consumers have read, done again in a database: its JSON made into SQL. */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "apply/apply.h"
#include "sql/sql.h"

typedef struct apply_s {
  ts_store_t* store;
  ts_env_t* env;
  ts_error_t* error;
  ts_buf_t sql;
} apply_t;

static int bad(const apply_t* apply) {
  return ts_error(apply->error, TS_E_PARAMETERS, "Invalid parameters");
}

static const char* text_of(yyjson_val* object, const char* key) {
  const char* text = yyjson_get_str(yyjson_obj_get(object, key));
  return text != NULL ? text : "";
}

/* Numbers are kept as they are written. */
static unsigned number_of(yyjson_val* object, const char* key) {
  const char* raw = yyjson_get_raw(yyjson_obj_get(object, key));
  return raw != NULL ? (unsigned) strtoul(raw, NULL, 10) : 0;
}

static int run(apply_t* apply) {
  ts_outcome_t outcome;
  int status = ts_sql_run(apply->store, apply->env, (const char*) apply->sql.data, apply->sql.size,
                          false, &outcome, apply->error);
  ts_result_unref(outcome.result);
  apply->sql.size = 0;
  return status;
}

static void put_name(apply_t* apply, const char* name) {
  ts_buf_name(&apply->sql, name);
}

static void put_type(apply_t* apply, unsigned type, unsigned length, yyjson_val* field) {
  if (!ts_type_exists((uint8_t) type)) {
    ts_buf_text(&apply->sql, " unknown_type"); /* a syntax error, then */
    return;
  }
  ts_buf_format(&apply->sql, " %s", ts_type_name((uint8_t) type));
  if (ts_type_is_decimal((uint8_t) type)) {
    ts_buf_format(&apply->sql, "(%u,%u)", number_of(field, "precision"), number_of(field, "scale"));
  } else if (length > 0) {
    ts_buf_format(&apply->sql, "(%u)", length);
  }
}

static void put_fields(apply_t* apply, yyjson_val* fields) {
  yyjson_arr_iter iter = yyjson_arr_iter_with(fields);
  bool first = true;
  for (yyjson_val* field; (field = yyjson_arr_iter_next(&iter)) != NULL; first = false) {
    ts_buf_text(&apply->sql, first ? " (" : ", ");
    put_name(apply, text_of(field, "name"));
    put_type(apply, number_of(field, "type"), number_of(field, "length"), field);
  }
  ts_buf_text(&apply->sql, ")");
}

/* ---- values of tags ---- */

static void put_string(apply_t* apply, const char* text, size_t size, bool escapes) {
  ts_buf_text(&apply->sql, "'");
  for (size_t i = 0; i < size; i++) {
    if (text[i] == '\'' || (text[i] == '\\' && escapes)) ts_buf_text(&apply->sql, "\\");
    ts_buf_add(&apply->sql, text + i, 1);
  }
  ts_buf_text(&apply->sql, "'");
}

/* A number as it is; a text without the quotes that it has inside its own, JSON has none. */
static void put_value(apply_t* apply, yyjson_val* value, unsigned type) {
  const char* text = yyjson_get_str(value);
  size_t size = yyjson_get_len(value);
  if (text == NULL) {
    const char* raw = yyjson_get_raw(value);
    ts_buf_text(&apply->sql, raw != NULL ? raw : "NULL");
    return;
  }
  bool quoted = type != TS_JSON && size >= 2 && text[0] == '"' && text[size - 1] == '"';
  if (quoted) {
    text++;
    size -= 2;
  }
  if (!quoted && type != TS_JSON) {
    ts_buf_add(&apply->sql, text, size);
  } else {
    put_string(apply, text, size, type != TS_VARBINARY);
  }
}

/* ---- tables ---- */

static int create_table(apply_t* apply, yyjson_val* meta, bool super) {
  ts_buf_text(&apply->sql, super ? "CREATE STABLE IF NOT EXISTS " : "CREATE TABLE IF NOT EXISTS ");
  put_name(apply, text_of(meta, "tableName"));
  put_fields(apply, yyjson_obj_get(meta, "columns"));
  if (super) {
    ts_buf_text(&apply->sql, " TAGS");
    put_fields(apply, yyjson_obj_get(meta, "tags"));
  }
  return run(apply);
}

static int create_child(apply_t* apply, yyjson_val* child) {
  yyjson_val* tags = yyjson_obj_get(child, "tags");
  ts_buf_text(&apply->sql, "CREATE TABLE IF NOT EXISTS ");
  put_name(apply, text_of(child, "tableName"));
  ts_buf_text(&apply->sql, " USING ");
  put_name(apply, text_of(child, "using"));
  yyjson_arr_iter names = yyjson_arr_iter_with(tags);
  yyjson_arr_iter values = yyjson_arr_iter_with(tags);
  bool any = yyjson_arr_size(tags) > 0;
  bool first = true;
  for (yyjson_val* tag; (tag = yyjson_arr_iter_next(&names)) != NULL; first = false) {
    ts_buf_text(&apply->sql, first ? " (" : ", ");
    put_name(apply, text_of(tag, "name"));
  }
  ts_buf_text(&apply->sql, any ? ") TAGS (" : " TAGS (");
  first = true;
  for (yyjson_val* tag; (tag = yyjson_arr_iter_next(&values)) != NULL; first = false) {
    if (!first) ts_buf_text(&apply->sql, ", ");
    put_value(apply, yyjson_obj_get(tag, "value"), number_of(tag, "type"));
  }
  for (unsigned i = 0; i < number_of(child, "tagNum") && !any; i++) /* all of them are NULL */
    ts_buf_text(&apply->sql, i > 0 ? ", NULL" : "NULL");
  ts_buf_text(&apply->sql, ")");
  return run(apply);
}

static int create_children(apply_t* apply, yyjson_val* meta) {
  yyjson_val* list = yyjson_obj_get(meta, "createList");
  if (yyjson_arr_size(list) == 0) return create_child(apply, meta);
  yyjson_arr_iter iter = yyjson_arr_iter_with(list);
  int status = 0;
  for (yyjson_val* child; status == 0 && (child = yyjson_arr_iter_next(&iter)) != NULL;)
    status = create_child(apply, child);
  return status;
}

static int create(apply_t* apply, yyjson_val* meta) {
  const char* kind = text_of(meta, "tableType");
  if (strcmp(kind, "child") == 0) return create_children(apply, meta);
  return create_table(apply, meta, strcmp(kind, "super") == 0);
}

static int drop(apply_t* apply, yyjson_val* meta) {
  yyjson_val* list = yyjson_obj_get(meta, "tableNameList");
  if (list == NULL) {
    ts_buf_text(&apply->sql, "DROP STABLE IF EXISTS ");
    put_name(apply, text_of(meta, "tableName"));
    return run(apply);
  }
  yyjson_arr_iter iter = yyjson_arr_iter_with(list);
  int status = 0;
  for (yyjson_val* name; status == 0 && (name = yyjson_arr_iter_next(&iter)) != NULL;) {
    ts_buf_text(&apply->sql, "DROP TABLE IF EXISTS ");
    put_name(apply, yyjson_is_str(name) ? yyjson_get_str(name) : "");
    status = run(apply);
  }
  return status;
}

enum { ADD_TAG = 1, SET_TAG = 4, ADD_COLUMN = 5, WIDEN_COLUMN = 7, WIDEN_TAG = 8 };

static const ts_family_t* family_of(const apply_t* apply, const char* name) {
  const ts_database_t* database = ts_database_find(apply->store, apply->env->db);
  const ts_table_t* table = database != NULL ? ts_table_find(database, name) : NULL;
  return table != NULL ? table->family : NULL;
}

static int alter(apply_t* apply, yyjson_val* meta) {
  static const char* const verbs[] = {[ADD_TAG] = "ADD TAG",
                                      [SET_TAG] = "SET TAG",
                                      [ADD_COLUMN] = "ADD COLUMN",
                                      [WIDEN_COLUMN] = "MODIFY COLUMN",
                                      [WIDEN_TAG] = "MODIFY TAG"};
  unsigned type = number_of(meta, "alterType");
  const char* column = text_of(meta, "colName");
  const ts_family_t* family = family_of(apply, text_of(meta, "tableName"));
  if (type >= sizeof verbs / sizeof *verbs || verbs[type] == NULL)
    return ts_unsupported(apply->error, "this alteration");
  if (family != NULL && (type == ADD_TAG || type == ADD_COLUMN) &&
      (ts_family_tag(family, column) >= 0 || ts_family_column(family, column) >= 0))
    return 0; /* it is there already */
  ts_buf_text(&apply->sql, "ALTER TABLE ");
  put_name(apply, text_of(meta, "tableName"));
  ts_buf_format(&apply->sql, " %s ", verbs[type]);
  put_name(apply, column);
  if (type == SET_TAG) {
    int tag = family != NULL ? ts_family_tag(family, column) : -1;
    ts_buf_text(&apply->sql, " = ");
    put_value(apply, yyjson_obj_get(meta, "colValue"), tag >= 0 ? family->tags[tag].type.type : 0);
  } else {
    put_type(apply, number_of(meta, "colType"), number_of(meta, "colLength"), meta);
  }
  return run(apply);
}

static int delete_rows(apply_t* apply, yyjson_val* meta) {
  ts_buf_text(&apply->sql, text_of(meta, "sql"));
  int status = run(apply);
  return status == TS_E_TABLE ? 0 : status; /* its rows are gone anyway */
}

static int apply_one(apply_t* apply, yyjson_val* meta) {
  const char* type = text_of(meta, "type");
  if (strcmp(type, "create") == 0) return create(apply, meta);
  if (strcmp(type, "drop") == 0) return drop(apply, meta);
  if (strcmp(type, "alter") == 0) return alter(apply, meta);
  return strcmp(type, "delete") == 0 ? delete_rows(apply, meta) : bad(apply);
}

int ts_apply_meta(ts_store_t* store, ts_env_t* env, const char* json, size_t size,
                  ts_error_t* error) {
  apply_t apply = {.store = store, .env = env, .error = error};
  yyjson_doc* doc = yyjson_read(json, size, YYJSON_READ_NUMBER_AS_RAW);
  yyjson_val* root = yyjson_doc_get_root(doc);
  yyjson_val* list = yyjson_obj_get(root, "metas");
  yyjson_arr_iter iter = yyjson_arr_iter_with(list);
  int status = yyjson_is_obj(root) ? 0 : bad(&apply);
  if (status == 0 && list == NULL) status = apply_one(&apply, root);
  for (yyjson_val* meta; status == 0 && (meta = yyjson_arr_iter_next(&iter)) != NULL;)
    status = apply_one(&apply, meta);
  yyjson_doc_free(doc);
  ts_buf_free(&apply.sql);
  return status;
}
