/* Recorded query results: their fields, their raw blocks, and REST's answer to the same SQL. */
#include "recordings.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "taosuv/block.h"

#define FETCH_RAW_BLOCK 7
#define BINARY_QUERY 6

/* One recording as it is read. */
typedef struct reading_s {
  rec_t* rec;
  const char* file;
  size_t first; /* its first result in rec->results */
  size_t line;
  char* sql;      /* of the query that was sent last, or NULL */
  bool old_fetch; /* the JSON action fetch_block of a query was sent last (TMQ's is another) */
} reading_t;

static _Noreturn void die(const reading_t* reading, const char* format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "%s:%zu: ", reading->file, reading->line);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(99);
}

static void* copy(const void* bytes, size_t size) {
  void* memory = malloc(size + (size == 0));
  if (memory == NULL) abort();
  if (size != 0) memcpy(memory, bytes, size);
  return memory;
}

static char* copy_text(const char* text, size_t length) {
  char* memory = malloc(length + 1);
  if (memory == NULL) abort();
  memcpy(memory, text, length);
  memory[length] = '\0';
  return memory;
}

/* Makes room for one more element. */
static void* grow(void* array, size_t count, size_t size) {
  void* memory = realloc(array, (count + 1) * size);
  if (memory == NULL) abort();
  memset((char*) memory + count * size, 0, size);
  return memory;
}

/* ---- results and their blocks ---- */

static rec_result_t* find_result(const reading_t* reading, uint64_t id) {
  for (size_t i = reading->rec->nresults; i-- > reading->first;) {
    if (reading->rec->results[i].id == id) return &reading->rec->results[i];
  }
  return NULL;
}

static void add_result(reading_t* reading, yyjson_val* reply, yyjson_val* id, bool statement) {
  rec_t* rec = reading->rec;
  yyjson_val* types = yyjson_obj_get(reply, "fields_types");
  rec->results = grow(rec->results, rec->nresults, sizeof *rec->results);
  rec_result_t* result = &rec->results[rec->nresults++];
  result->file = copy_text(reading->file, strlen(reading->file));
  result->line = reading->line;
  result->id = yyjson_get_uint(id);
  if (!statement && reading->sql != NULL) {
    result->sql = copy_text(reading->sql, strlen(reading->sql));
  }
  result->precision = (uint8_t) yyjson_get_uint(yyjson_obj_get(reply, "precision"));
  result->nfields = (uint32_t) yyjson_arr_size(types);
  result->types = malloc(result->nfields + 1);
  for (uint32_t i = 0; i < result->nfields; i++) {
    result->types[i] = (uint8_t) yyjson_get_uint(yyjson_arr_get(types, i));
  }
}

static void add_block(reading_t* reading, uint64_t id, const uint8_t* bytes, size_t size) {
  rec_result_t* result = find_result(reading, id);
  if (result == NULL) {
    reading->rec->orphan_blocks++;
    return;
  }
  result->blocks = grow(result->blocks, result->nblocks, sizeof *result->blocks);
  rec_block_t* block = &result->blocks[result->nblocks++];
  block->bytes = copy(bytes, size);
  block->size = size;
  block->line = reading->line;
}

/* ---- replies ---- */

/* PROTOCOL 4.3. */
static void on_raw_block(reading_t* reading, const uint8_t* bytes, size_t size) {
  if (size < 51) die(reading, "a fetch_raw_block reply of %zu bytes", size);
  uint32_t code = taosuv_load_u32(bytes + 34);
  uint32_t message = taosuv_load_u32(bytes + 38);
  if (message > size - 51) die(reading, "a message of %u bytes in a reply of %zu", message, size);
  uint64_t id = taosuv_load_u64(bytes + 42 + message);
  if (code != 0) {
    reading->rec->error_replies++;
    return;
  }
  if (bytes[50 + message] != 0) {
    rec_result_t* result = find_result(reading, id);
    if (result != NULL) result->finished = true;
    return;
  }
  if (size < 55u + message) die(reading, "a data reply of %zu bytes", size);
  uint32_t length = taosuv_load_u32(bytes + 51 + message);
  if (length > size - 55 - message) die(reading, "a block of %u bytes in %zu", length, size);
  add_block(reading, id, bytes + 55 + message, length);
}

static void on_binary_reply(reading_t* reading, const uint8_t* bytes, size_t size) {
  bool flagged = size >= 16 && taosuv_load_u64(bytes) == UINT64_MAX;
  if (flagged && taosuv_load_u64(bytes + 8) == FETCH_RAW_BLOCK) {
    on_raw_block(reading, bytes, size);
  } else if (!flagged && reading->old_fetch && size > 16) {
    add_block(reading, taosuv_load_u64(bytes + 8), bytes + 16, size - 16);
  } else {
    reading->rec->other_binary++;
  }
}

/* The legacy fetch says in JSON that there is no more. */
static void on_text_reply(reading_t* reading, yyjson_val* reply) {
  const char* action = td_str(reply, "action", NULL);
  bool statement = strcmp(action, "use_result") == 0 || strcmp(action, "stmt2_result") == 0;
  bool query = strcmp(action, "query") == 0 || strcmp(action, "binary_query") == 0;
  yyjson_val* id = yyjson_obj_get(reply, "result_id");
  if (id == NULL) id = yyjson_obj_get(reply, "id");
  if (yyjson_get_uint(yyjson_obj_get(reply, "code")) != 0 || id == NULL) return;
  if (strcmp(action, "fetch") == 0 && yyjson_get_bool(yyjson_obj_get(reply, "completed"))) {
    rec_result_t* result = find_result(reading, yyjson_get_uint(id));
    if (result != NULL) result->finished = true;
  }
  if ((statement || query) && yyjson_arr_size(yyjson_obj_get(reply, "fields_types")) > 0) {
    add_result(reading, reply, id, statement);
  }
}

/* ---- requests ---- */

static void remember_sql(reading_t* reading, const char* sql, size_t length) {
  free(reading->sql);
  reading->sql = copy_text(sql, length);
}

static void on_text_request(reading_t* reading, yyjson_val* request) {
  size_t length;
  yyjson_val* args = yyjson_obj_get(request, "args");
  const char* action = td_str(request, "action", NULL);
  reading->old_fetch = strcmp(action, "fetch_block") == 0 &&
                       yyjson_obj_get(args, "message_id") == NULL;
  if (yyjson_get_str(yyjson_obj_get(args, "sql")) != NULL) {
    const char* sql = td_str(args, "sql", &length);
    remember_sql(reading, sql, length);
  }
}

static void on_binary_request(reading_t* reading, const uint8_t* bytes, size_t size) {
  reading->old_fetch = false;
  if (size < 30 || taosuv_load_u64(bytes + 16) != BINARY_QUERY) return;
  uint32_t length = taosuv_load_u32(bytes + 26);
  if (length <= size - 30) remember_sql(reading, (const char*) bytes + 30, length);
}

/* ---- events ---- */

static yyjson_doc* copy_json(yyjson_val* value) {
  size_t length;
  char* text = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &length);
  yyjson_doc* doc = text == NULL ? NULL : yyjson_read(text, length, YYJSON_READ_NOFLAG);
  free(text);
  if (doc == NULL) abort();
  return doc;
}

/* The answer belongs to the last result of the same SQL that has none yet. */
static void on_rest(reading_t* reading, yyjson_val* event) {
  const char* sql = td_str(event, "sql", NULL);
  for (size_t i = reading->rec->nresults; i-- > reading->first;) {
    rec_result_t* result = &reading->rec->results[i];
    if (result->rest != NULL || result->sql == NULL || strcmp(result->sql, sql) != 0) continue;
    result->rest = copy_json(yyjson_obj_get(event, "rest"));
    return;
  }
  reading->rec->unmatched_rest++;
}

static void on_text(reading_t* reading, bool sent, yyjson_val* event) {
  size_t length;
  const char* text = td_str(event, "text", &length);
  yyjson_doc* doc = yyjson_read(text, length, YYJSON_READ_NOFLAG);
  if (sent) reading->old_fetch = false;
  if (doc == NULL) return; /* what a server should refuse is recorded as well */
  if (sent)
    on_text_request(reading, yyjson_doc_get_root(doc));
  else
    on_text_reply(reading, yyjson_doc_get_root(doc));
  yyjson_doc_free(doc);
}

static void on_hex(reading_t* reading, bool sent, yyjson_val* event) {
  size_t length, size;
  const char* hex = td_str(event, "hex", &length);
  uint8_t* bytes = td_hex(hex, length, &size);
  if (sent)
    on_binary_request(reading, bytes, size);
  else
    on_binary_reply(reading, bytes, size);
  free(bytes);
}

static void on_event(reading_t* reading, yyjson_val* event) {
  const char* direction = td_str(event, "dir", NULL);
  bool sent = strcmp(direction, "send") == 0, received = strcmp(direction, "recv") == 0;
  reading->rec->events++;
  if ((sent || received) && yyjson_obj_get(event, "text") != NULL) {
    on_text(reading, sent, event);
  } else if ((sent || received) && yyjson_obj_get(event, "hex") != NULL) {
    on_hex(reading, sent, event);
  } else if (yyjson_obj_get(event, "rest") != NULL) {
    on_rest(reading, event);
  } else if (yyjson_obj_get(event, "meta") == NULL) {
    reading->rec->unknown_events++;
  }
}

/* ---- files ---- */

static const char* folder_name(void) {
  const char* folder = getenv("TAOSUV_TEST_RECORDINGS");
  if (folder == NULL) folder = getenv("TAOSUV_TEST_DATA");
  return folder != NULL ? folder : "test/data";
}

/* data.h reads only from the folder of test data; this one may be another. */
static char* read_file(const reading_t* reading, size_t* size) {
  char path[4096];
  char* text = NULL;
  size_t room = 0;
  snprintf(path, sizeof path, "%s/%s", folder_name(), reading->file);
  FILE* file = fopen(path, "rb");
  if (file == NULL) die(reading, "cannot open %s", path);
  *size = 0;
  do {
    room = room * 2 + 65536;
    text = realloc(text, room);
    if (text == NULL) abort();
    *size += fread(text + *size, 1, room - 1 - *size, file);
  } while (*size == room - 1);
  if (ferror(file)) die(reading, "cannot read %s", path);
  fclose(file);
  text[*size] = '\0';
  return text;
}

static void load_file(rec_t* rec, const char* name) {
  reading_t reading = {.rec = rec, .file = name, .first = rec->nresults};
  td_jsonl_t lines;
  yyjson_val* event;
  memset(&lines, 0, sizeof lines);
  lines.text = read_file(&reading, &lines.size);
  while ((event = td_jsonl_next(&lines)) != NULL) {
    reading.line = lines.line;
    on_event(&reading, event);
  }
  td_jsonl_close(&lines);
  free(reading.sql);
  rec->files++;
}

static int is_recording(const struct dirent* entry) {
  size_t length = strlen(entry->d_name);
  return length > 6 && strcmp(entry->d_name + length - 6, ".jsonl") == 0;
}

void rec_load(rec_t* rec) {
  struct dirent** entries;
  memset(rec, 0, sizeof *rec);
  int count = scandir(folder_name(), &entries, is_recording, alphasort);
  if (count < 0) {
    fprintf(stderr, "cannot list %s (see TAOSUV_TEST_RECORDINGS)\n", folder_name());
    exit(99);
  }
  for (int i = 0; i < count; i++) {
    load_file(rec, entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
}

void rec_free(rec_t* rec) {
  for (size_t i = 0; i < rec->nresults; i++) {
    rec_result_t* result = &rec->results[i];
    for (size_t k = 0; k < result->nblocks; k++) free(result->blocks[k].bytes);
    free(result->blocks);
    free(result->types);
    free(result->sql);
    free(result->file);
    yyjson_doc_free(result->rest);
  }
  free(rec->results);
  memset(rec, 0, sizeof *rec);
}
