/* Changes of JSON replies: each member removed, doubled, and each value replaced by others in
 * turn. */
#include "spoiled.h"

/* The kind of a value. A replacement may be accepted only if it means the same. */
typedef enum { T_NULL, T_BOOL, T_INT, T_REAL, T_TEXT, T_LIST, T_OBJECT, T_BROKEN } type_t;

typedef struct value_s {
  const char* name;
  type_t type;
  const char* raw;
} value_t;

static const value_t values[] = {
    {"null", T_NULL, "null"},
    {"true", T_BOOL, "true"},
    {"false", T_BOOL, "false"},
    {"-1", T_INT, "-1"},
    {"0", T_INT, "0"},
    {"1", T_INT, "1"},
    {"256", T_INT, "256"},
    {"65536", T_INT, "65536"},
    {"2^31", T_INT, "2147483648"},
    {"2^32+1", T_INT, "4294967297"},
    {"2^63", T_INT, "9223372036854775808"},
    {"2^64-1", T_INT, "18446744073709551615"},
    {"-2^63", T_INT, "-9223372036854775808"},
    {"2^64", T_REAL, "18446744073709551616"},
    {"1e300", T_REAL, "1e300"},
    {"0.5", T_REAL, "0.5"},
    {"text", T_TEXT, "\"spoiled\""},
    {"empty text", T_TEXT, "\"\""},
    {"digits", T_TEXT, "\"0\""},
    {"NUL text", T_TEXT, "\"\\u0000\""},
    {"text with NUL", T_TEXT, "\"a\\u0000b\""},
    {"half a surrogate", T_BROKEN, "\"\\ud800\""},
    {"no UTF-8", T_BROKEN, "\"\xff\xfe\""},
    {"control", T_BROKEN, "\"\x01\""},
    {"empty list", T_LIST, "[]"},
    {"list", T_LIST, "[1]"},
    {"list of nulls", T_LIST, "[null,null]"},
    {"empty object", T_OBJECT, "{}"},
    {"object", T_OBJECT, "{\"spoiled\":1}"},
};

/* The ways after those: generated values, and changes of the place itself. */
enum {
  LONG_TEXT = COUNT(values),
  DEEP_LISTS,
  DEEP_OBJECTS,
  LONG_LIST,
  REMOVED,
  TWICE,        /* repeated after it, with the same value */
  TWICE_OTHER,  /* repeated after it, with another value */
  BEFORE_OTHER, /* repeated before it, with another value */
  RENAMED,
  LIST_SHORTER, /* for a list: without its first element */
  LIST_LONGER,  /* with its last element twice */
  LIST_NULL,    /* null is behind */
  WAYS
};

/* A place in the document: a member of an object, or an element of a list. */
typedef struct place_s {
  yyjson_mut_val* parent;
  yyjson_mut_val* key; /* of a member */
  yyjson_mut_val* value;
  size_t index; /* of an element */
  char path[64];
} place_t;

enum { PLACES = 256 };

typedef struct places_s {
  place_t list[PLACES];
  unsigned count;
} places_t;

static void find_places(places_t* out, yyjson_mut_val* in, const char* path);

/* For JSON that is only passed on, the first level is enough. */
static bool is_deep(const char* path) {
  const char* dot = strchr(path, '.');
  if (strncmp(path, "data.", 5) != 0) return false;
  return strchr(dot + 1, '.') != NULL || strchr(path, '[') != NULL;
}

static void add_place(places_t* out, yyjson_mut_val* parent, yyjson_mut_val* key,
                      yyjson_mut_val* value, size_t index, const char* path) {
  if (out->count == PLACES || is_deep(path)) return;
  place_t* place = &out->list[out->count++];
  *place = (place_t) {parent, key, value, index, ""};
  if (key != NULL)
    snprintf(place->path, sizeof place->path, "%.30s%s%.30s", path, path[0] == 0 ? "" : ".",
             yyjson_mut_get_str(key));
  else
    snprintf(place->path, sizeof place->path, "%.40s[%zu]", path, index);
  char deeper[sizeof place->path];
  memcpy(deeper, place->path, sizeof deeper);
  find_places(out, value, deeper);
}

/* All members; of a list only the first and the last element. */
static void find_places(places_t* out, yyjson_mut_val* in, const char* path) {
  size_t index, max;
  yyjson_mut_val *key, *value;
  yyjson_mut_obj_foreach(in, index, max, key, value) add_place(out, in, key, value, 0, path);
  yyjson_mut_arr_foreach(in, index, max, value) {
    if (index == 0 || index + 1 == max) add_place(out, in, NULL, value, index, path);
  }
}

static void fill(char* out, const char* text, size_t size, size_t count) {
  if (size == 1) memset(out, text[0], count);
  for (size_t i = 0; size > 1 && i < count; i++) memcpy(out + i * size, text, size);
}

static char* repeat(const char* text, size_t count, const char* middle, const char* back) {
  size_t one = strlen(text), other = strlen(back), size = strlen(middle);
  char* out = malloc(count * (one + other) + size + 1);
  if (out == NULL) abort();
  fill(out, text, one, count);
  memcpy(out + count * one, middle, size);
  fill(out + count * one + size, back, other, count);
  out[count * (one + other) + size] = 0;
  return out;
}

/* The text of a replacement; the caller frees it. */
static char* text_of(unsigned way) {
  if (way == LONG_TEXT) {
    char* body = repeat("x", 100000, "", "");
    char* out = repeat("\"", 1, body, "\"");
    free(body);
    return out;
  }
  if (way == DEEP_LISTS) return repeat("[", 100000, "", "]");
  if (way == DEEP_OBJECTS) return repeat("{\"a\":", 20000, "1", "}");
  if (way == LONG_LIST) {
    char* body = repeat("1,", 5000, "1", "");
    char* out = repeat("[", 1, body, "]");
    free(body);
    return out;
  }
  return way < COUNT(values) ? repeat("", 1, values[way].raw, "") : NULL;
}

static type_t type_of(yyjson_mut_val* value) {
  if (yyjson_mut_is_bool(value)) return T_BOOL;
  if (yyjson_mut_is_int(value)) return T_INT;
  if (yyjson_mut_is_num(value)) return T_REAL;
  if (yyjson_mut_is_str(value)) return T_TEXT;
  if (yyjson_mut_is_arr(value)) return T_LIST;
  return yyjson_mut_is_obj(value) ? T_OBJECT : T_NULL;
}

static type_t type_of_way(unsigned way) {
  if (way < COUNT(values)) return values[way].type;
  return way == LONG_TEXT ? T_TEXT : way == DEEP_OBJECTS ? T_OBJECT : T_LIST;
}

static void put(const place_t* place, yyjson_mut_doc* doc, yyjson_mut_val* value) {
  if (place->key != NULL) {
    yyjson_mut_val* key = yyjson_mut_strcpy(doc, yyjson_mut_get_str(place->key));
    yyjson_mut_obj_replace(place->parent, key, value);
  } else {
    yyjson_mut_arr_replace(place->parent, place->index, value);
  }
}

static void insert_member(const place_t* place, yyjson_mut_doc* doc, yyjson_mut_val* value,
                          bool front) {
  yyjson_mut_val* key = yyjson_mut_strcpy(doc, yyjson_mut_get_str(place->key));
  if (front)
    yyjson_mut_obj_insert(place->parent, key, value, 0);
  else
    yyjson_mut_obj_add(place->parent, key, value);
}

/* Another value of the same type, which cannot be detected by its type. */
static yyjson_mut_val* another(yyjson_mut_doc* doc, yyjson_mut_val* value) {
  switch (type_of(value)) {
    case T_BOOL: return yyjson_mut_bool(doc, !yyjson_mut_get_bool(value));
    case T_INT: return yyjson_mut_uint(doc, yyjson_mut_get_uint(value) + 1);
    case T_TEXT: return yyjson_mut_str(doc, "another");
    default: return yyjson_mut_null(doc);
  }
}

/* Changes that concern the place itself. */
static void change_place(const place_t* place, yyjson_mut_doc* doc, unsigned way) {
  yyjson_mut_val* copy = yyjson_mut_val_mut_copy(doc, place->value);
  switch (way) {
    case REMOVED:
      if (place->key != NULL)
        yyjson_mut_obj_remove_key(place->parent, yyjson_mut_get_str(place->key));
      else
        yyjson_mut_arr_remove(place->parent, place->index);
      break;
    case TWICE: insert_member(place, doc, copy, false); break;
    case TWICE_OTHER:
    case BEFORE_OTHER:
      insert_member(place, doc, another(doc, place->value), way == BEFORE_OTHER);
      break;
    case RENAMED:
      yyjson_mut_obj_rename_key(doc, place->parent, yyjson_mut_get_str(place->key), "Spoiled");
      break;
    case LIST_SHORTER: yyjson_mut_arr_remove_first(place->value); break;
    case LIST_LONGER:
      copy = yyjson_mut_val_mut_copy(doc, yyjson_mut_arr_get_last(place->value));
      yyjson_mut_arr_append(place->value, copy);
      break;
    default: yyjson_mut_arr_append(place->value, yyjson_mut_null(doc)); break;
  }
}

static bool applies(const place_t* place, unsigned way) {
  bool member = place->key != NULL, list = yyjson_mut_is_arr(place->value);
  bool full = list && yyjson_mut_arr_size(place->value) > 0;
  if (way < LONG_TEXT || way == REMOVED) return true;
  if (way == LIST_SHORTER || way == LIST_LONGER) return full;
  if (way == LIST_NULL) return list;
  return member;
}

/* The place and the way with number `n`. */
static const place_t* find_way(const places_t* places, uint32_t n, unsigned* way) {
  for (unsigned i = 0; i < places->count; i++)
    for (*way = 0; *way < WAYS; (*way)++)
      if (applies(&places->list[i], *way) && n-- == 0) return &places->list[i];
  return NULL;
}

/* Members that are the same in each reply, or that do not affect any result. */
static bool is_common(const char* path) {
  static const char* const keys[] = {"req_id", "code", "action", "timing", "message"};
  for (unsigned i = 0; i < COUNT(keys); i++)
    if (strcmp(path, keys[i]) == 0) return true;
  return false;
}

static const char* name_of(unsigned way) {
  static const char* const names[] = {"long text",      "deep lists",     "deep objects",
                                      "long list",      "removed",        "twice",
                                      "twice, others",  "another before", "renamed",
                                      "a shorter list", "a longer list",  "null behind"};
  return way < COUNT(values) ? values[way].name : names[way - COUNT(values)];
}

/* Members that an answer must have: without one the operation fails, and its text names the
 * member. */
static const struct {
  const char* action;
  const char* keys; /* each with a blank after it */
} needed[] = {
    {"version", "version "},
    {"get_current_db", "db "},
    {"check_server_status", "status details "},
    {"binary_query", "is_update affected_rows "},
    {"query",
     "id is_update affected_rows fields_count fields_names fields_types fields_lengths "
     "precision "},
    {"fetch", "id completed message_id "},
    {"insert", "affected_rows total_rows "},
    {"init", "stmt_id "},
    {"stmt2_init", "stmt_id "},
    {"stmt2_prepare", "is_insert stmt_id "},
    {"prepare", "stmt_id "},
    {"set_table_name", "stmt_id "},
    {"set_tags", "stmt_id "},
    {"bind", "stmt_id "},
    {"add_batch", "stmt_id "},
    {"stmt2_bind", "stmt_id "},
    {"get_tag_fields", "fields stmt_id "},
    {"get_col_fields", "fields stmt_id "},
    {"exec", "affected stmt_id "},
    {"stmt2_exec", "affected stmt_id "},
    {"stmt2_bind_exec", "affected stmt_id "},
    {"use_result",
     "stmt_id result_id fields_count fields_names fields_types fields_lengths precision "},
    {"stmt2_result", "stmt_id id fields_count fields_names fields_types fields_lengths precision "},
    {"list_topics", "topics "},
    {"assignment", "assignment "},
    {"poll", "have_message "},
    {"committed", "committed "},
    {"position", "position "},
};

static bool is_needed(const char* action, const char* path) {
  char key[72];
  snprintf(key, sizeof key, "%s ", path);
  for (unsigned i = 0; i < COUNT(needed); i++) {
    const char* at = strcmp(action, needed[i].action) == 0 ? strstr(needed[i].keys, key) : NULL;
    if (at != NULL && (at == needed[i].keys || at[-1] == ' ')) return true;
  }
  return false;
}

/* The member is missing, or has another type. */
static bool is_gone(unsigned way, type_t before) {
  if (way == REMOVED || way == RENAMED) return true;
  return way < REMOVED && type_of_way(way) != before && type_of_way(way) != T_BROKEN;
}

/* Values that contradict the rest of the reply, or are impossible: they must never be accepted. */
static bool contradicts(const char* action, const char* path, unsigned way) {
  static const char* const lists[] = {"fields_names", "fields_types", "fields_lengths",
                                      "fields_precisions", "fields_scales"};
  const char* name = name_of(way);
  bool count = strcmp(path, "fields_count") == 0 && strcmp(action, "stmt2_prepare") != 0;
  bool kind = strcmp(path, "is_update") == 0 || strcmp(path, "is_insert") == 0;
  bool rows = strcmp(path, "affected_rows") == 0 || strcmp(path, "affected") == 0 ||
              strcmp(path, "total_rows") == 0 || strcmp(path, "rows") == 0;
  bool zero = strcmp(path, "id") == 0 || strcmp(path, "stmt_id") == 0 ||
              strcmp(path, "result_id") == 0 || strcmp(path, "message_id") == 0;
  if (count || kind) return true;
  if (rows && (strcmp(name, "-1") == 0 || strcmp(name, "-2^63") == 0)) return true;
  if (zero && strcmp(name, "0") == 0) return true;
  for (unsigned i = 0; i < COUNT(lists); i++)
    if (strcmp(path, lists[i]) == 0) return strcmp(name, "list") != 0; /* [1] may be right */
  return false;
}

static void expect(sp_spoilt_t* spoilt, const char* action, const place_t* place, unsigned way,
                   type_t before) {
  bool code = strcmp(place->path, "code") == 0;
  bool broken = way < REMOVED && type_of_way(way) == T_BROKEN;
  bool other_code = code && way < REMOVED && !broken && strcmp(name_of(way), "0") != 0;
  spoilt->verdict = SP_SAME_OR_ERROR;
  if (other_code || (code && (way == REMOVED || way == RENAMED))) {
    spoilt->verdict = SP_ERROR;
  } else if (!is_common(place->path)) {
    bool changed = way == TWICE_OTHER || way == BEFORE_OTHER || way > RENAMED;
    if (place->key == NULL && way == REMOVED) changed = true;
    bool told_null = way < COUNT(values) && values[way].type == T_NULL &&
                     (strncmp(place->path, "data", 4) == 0);
    /* Values that are passed on as JSON: schema changes, cells of that type. */
    if (strncmp(place->path, "data", 4) == 0 && strchr(place->path, '.') != NULL) told_null = true;
    /* "bytes", "precision" and "scale" of a statement's field may be missing. */
    if (strncmp(place->path, "fields[", 7) == 0 && (way == REMOVED || way == RENAMED || way == 0))
      told_null = true;
    /* Go's form of an empty list. */
    static const char* const may_be_null[] = {"topics", "assignment", "committed", "position"};
    for (unsigned i = 0; i < COUNT(may_be_null) && way == 0; i++)
      if (strcmp(place->path, may_be_null[i]) == 0) told_null = true;
    bool nul = way < COUNT(values) && strstr(values[way].name, "NUL") != NULL;
    if (changed || (way < REMOVED && type_of_way(way) == before && !nul) || told_null)
      spoilt->verdict = SP_ANY;
    /* In rows over HTTP a cell of bytes may have any bytes, and a JSON cell any value. */
    bool cell = strncmp(place->path, "data[", 5) == 0 ||
                strncmp(place->path, "column_meta", 11) == 0;
    bool text = before == T_TEXT && way < COUNT(values) && values[way].raw[0] == '"';
    if (cell && (text || before == T_OBJECT || before == T_NULL)) spoilt->verdict = SP_ANY;
    if (contradicts(action, place->path, way)) spoilt->verdict = SP_SAME_OR_ERROR;
    if (!told_null && is_needed(action, place->path) && is_gone(way, before)) {
      spoilt->verdict = SP_ERROR;
      snprintf(spoilt->key, sizeof spoilt->key, "\"%.20s\"", place->path);
    }
    /* A list without elements may be null. */
    bool list = strcmp(place->path, "topics") == 0 || strcmp(place->path, "assignment") == 0;
    if (list && way < COUNT(values) && values[way].type == T_NULL) spoilt->verdict = SP_ANY;
  }
  snprintf(spoilt->note, sizeof spoilt->note, "%s: %s", place->path, name_of(way));
}

bool sp_spoil_json(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  static places_t places;
  if (message->answer->kind == SP_BINARY) return false;
  yyjson_doc* doc = yyjson_read((const char*) message->bytes, message->size, 0);
  if (doc == NULL) return false;
  yyjson_mut_doc* changed = yyjson_doc_mut_copy(doc, NULL);
  yyjson_doc_free(doc);
  places.count = 0;
  find_places(&places, yyjson_mut_doc_get_root(changed), "");
  unsigned way;
  const place_t* place = find_way(&places, n, &way);
  if (place != NULL) {
    size_t size;
    char* raw = text_of(way);
    expect(spoilt, message->answer->action, place, way, type_of(place->value));
    if (raw != NULL)
      put(place, changed, yyjson_mut_raw(changed, raw));
    else
      change_place(place, changed, way);
    char* out = yyjson_mut_write(changed, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &size);
    if (out == NULL) abort();
    sp_send(to, message->answer->kind, out, size, message->answer->http_status);
    free(out);
    free(raw);
  }
  yyjson_mut_doc_free(changed);
  return place != NULL;
}
