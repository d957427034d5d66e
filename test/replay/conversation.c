/* Recorded conversations: what was sent over one connection, and the answer to each message. */
#include "conversation.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"

static uint64_t load(const uint8_t* at, unsigned bytes) {
  uint64_t value = 0;
  while (bytes-- > 0) value = value << 8 | at[bytes];
  return value;
}

static void* grow(void* list, size_t count, size_t size) {
  /* Doubles at each power of two. */
  if (count != 0 && (count & (count - 1)) != 0) return list;
  void* bigger = realloc(list, (count == 0 ? 1 : 2 * count) * size);
  if (bigger == NULL) abort();
  return bigger;
}

static message_t read_message(yyjson_val* event) {
  message_t message = {NULL, 0, false};
  size_t size;
  const char* text = td_str(event, "text", &size);
  if (yyjson_obj_get(event, "text") != NULL) {
    message.bytes = malloc(size + 1);
    if (message.bytes == NULL) abort();
    memcpy(message.bytes, text, size + 1);
    message.size = size;
    message.text = true;
  } else {
    const char* hex = td_str(event, "hex", &size);
    message.bytes = td_hex(hex, size, &message.size);
  }
  return message;
}

static conversation_t* add_conversation(conversations_t* all, const char* file, yyjson_val* meta) {
  all->list = grow(all->list, all->count, sizeof *all->list);
  conversation_t* made = &all->list[all->count++];
  const char* scenario = td_str(meta, "scenario", NULL);
  size_t size = strlen(file) + strlen(scenario) + 16;
  memset(made, 0, sizeof *made);
  made->name = malloc(size);
  if (made->name == NULL) abort();
  snprintf(made->name, size, "%s: %s (%zu)", file, scenario, all->count);
  snprintf(made->path, sizeof made->path, "%s", td_str(meta, "path", NULL));
  return made;
}

static void add_event(conversation_t* to, yyjson_val* event, size_t line) {
  const char* direction = td_str(event, "dir", NULL);
  if (yyjson_obj_get(event, "text") == NULL && yyjson_obj_get(event, "hex") == NULL) return;
  if (strcmp(direction, "send") == 0) {
    to->exchanges = grow(to->exchanges, to->count, sizeof *to->exchanges);
    exchange_t* exchange = &to->exchanges[to->count++];
    memset(exchange, 0, sizeof *exchange);
    exchange->sent = read_message(event);
    exchange->line = line;
  } else if (strcmp(direction, "recv") == 0 && to->count > 0) {
    exchange_t* last = &to->exchanges[to->count - 1];
    if (last->answer.bytes == NULL) last->answer = read_message(event);
  }
}

static const char* folder_name(void) {
  const char* folder = getenv("TAOSUV_TEST_RECORDINGS");
  if (folder == NULL) folder = getenv("TAOSUV_TEST_DATA");
  return folder != NULL ? folder : "test/data";
}

static void read_file(conversations_t* all, const char* name) {
  char path[4096];
  char* line = NULL;
  size_t room = 0, number = 0;
  ssize_t size;
  conversation_t* current = NULL;
  snprintf(path, sizeof path, "%s/%s", folder_name(), name);
  FILE* file = fopen(path, "r");
  if (file == NULL) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  while ((size = getline(&line, &room, file)) > 0) {
    number++;
    yyjson_doc* doc = yyjson_read(line, (size_t) size, 0);
    yyjson_val* event = yyjson_doc_get_root(doc);
    yyjson_val* meta = yyjson_obj_get(event, "meta");
    if (meta != NULL)
      current = add_conversation(all, name, meta);
    else if (current != NULL)
      add_event(current, event, number);
    yyjson_doc_free(doc);
  }
  free(line);
  fclose(file);
}

static int is_recording(const struct dirent* entry) {
  size_t length = strlen(entry->d_name);
  return length > 6 && strcmp(entry->d_name + length - 6, ".jsonl") == 0;
}

void conversations_load(conversations_t* all) {
  struct dirent** entries;
  memset(all, 0, sizeof *all);
  int count = scandir(folder_name(), &entries, is_recording, alphasort);
  if (count < 0) {
    fprintf(stderr, "cannot list %s (see TAOSUV_TEST_RECORDINGS)\n", folder_name());
    exit(1);
  }
  for (int i = 0; i < count; i++) {
    read_file(all, entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
}

void conversations_free(conversations_t* all) {
  for (size_t i = 0; i < all->count; i++) {
    for (size_t k = 0; k < all->list[i].count; k++) {
      free(all->list[i].exchanges[k].sent.bytes);
      free(all->list[i].exchanges[k].answer.bytes);
    }
    free(all->list[i].exchanges);
    free(all->list[i].name);
  }
  free(all->list);
}

static bool read_binary(const message_t* message, request_t* request) {
  if (message->size < 26) return false;
  uint64_t action = load(message->bytes + 16, 8);
  bool version_1 = load(message->bytes + 24, 2) == 1;
  request->req_id = load(message->bytes, 8);
  request->id = load(message->bytes + 8, 8);
  if (action == 6 && version_1 && message->size > 30 &&
      load(message->bytes + 26, 4) == message->size - 30) {
    strcpy(request->action, "binary_query");
    request->sql = (const char*) message->bytes + 30;
    request->sql_size = message->size - 30;
    return true;
  }
  const char* bind = action == 1    ? "set_tags"
                     : action == 2  ? "bind"
                     : action == 3  ? "write_raw"
                     : action == 4  ? "write_raw_block"
                     : action == 5  ? "write_raw_block_with_fields"
                     : action == 9  ? "stmt2_bind"
                     : action == 11 ? "stmt2_bind_exec"
                                    : NULL;
  if (bind != NULL) {
    strcpy(request->action, bind);
    request->sql = (const char*) message->bytes + 24;
    request->sql_size = message->size - 24;
    return true;
  }
  if (action != 7 || !version_1 || message->size != 26) return false;
  strcpy(request->action, "fetch_raw_block");
  return true;
}

bool request_read(const message_t* message, request_t* request) {
  memset(request, 0, sizeof *request);
  if (!message->text) return read_binary(message, request);
  request->doc = yyjson_read((const char*) message->bytes, message->size, 0);
  yyjson_val* root = yyjson_doc_get_root(request->doc);
  request->args = yyjson_obj_get(root, "args");
  snprintf(request->action, sizeof request->action, "%s", td_str(root, "action", NULL));
  request->req_id = yyjson_get_uint(yyjson_obj_get(request->args, "req_id"));
  request->id = yyjson_get_uint(yyjson_obj_get(request->args, "id"));
  if (yyjson_is_str(yyjson_obj_get(request->args, "sql")))
    request->sql = td_str(request->args, "sql", &request->sql_size);
  return yyjson_is_obj(root) && request->action[0] != 0;
}

void request_free(request_t* request) {
  yyjson_doc_free(request->doc);
}

/* The members of one object are in the other, and equal; req_id aside, and what stmt2_init only
 * hints at. */
static bool covers(yyjson_val* a, yyjson_val* b) {
  size_t index, max;
  yyjson_val *key, *value;
  yyjson_obj_foreach(a, index, max, key, value) {
    if (yyjson_equals_str(key, "req_id")) continue;
    if (strncmp(yyjson_get_str(key), "single_", 7) == 0) continue;
    yyjson_val* other = yyjson_obj_get(b, yyjson_get_str(key));
    /* Of an insert, "ttl":0 and "table_name_key":"" are the same as nothing. */
    bool nothing = yyjson_equals_str(key, "ttl")
                       ? yyjson_get_uint(value) == 0
                       : yyjson_equals_str(key, "table_name_key") && yyjson_get_len(value) == 0;
    if (other == NULL && nothing) continue;
    if (other == NULL || !yyjson_equals(value, other)) return false;
  }
  return true;
}

bool request_same(const request_t* a, const request_t* b) {
  if (strcmp(a->action, b->action) != 0 || (a->doc == NULL) != (b->doc == NULL)) return false;
  if (a->doc != NULL) return covers(a->args, b->args) && covers(b->args, a->args);
  return a->id == b->id && a->sql_size == b->sql_size &&
         (a->sql_size == 0 || memcmp(a->sql, b->sql, a->sql_size) == 0);
}

message_t answer_with(const message_t* answer, uint64_t req_id, const char* version) {
  message_t out = *answer;
  if (!answer->text) {
    out.bytes = malloc(answer->size);
    if (out.bytes == NULL) abort();
    memcpy(out.bytes, answer->bytes, answer->size);
    /* The older form has no req_id (PROTOCOL 4.6). */
    if (out.size >= 34 && load(out.bytes, 8) == UINT64_MAX)
      for (unsigned i = 0; i < 8; i++) out.bytes[26 + i] = (uint8_t) (req_id >> 8 * i);
    return out;
  }
  yyjson_doc* doc = yyjson_read((const char*) answer->bytes, answer->size, 0);
  yyjson_mut_doc* changed = yyjson_doc_mut_copy(doc, NULL);
  yyjson_mut_val* root = yyjson_mut_doc_get_root(changed);
  yyjson_mut_set_uint(yyjson_mut_obj_get(root, "req_id"), req_id);
  if (version != NULL && yyjson_mut_obj_get(root, "version") != NULL)
    yyjson_mut_set_str(yyjson_mut_obj_get(root, "version"), version);
  out.bytes = (uint8_t*) yyjson_mut_write(changed, 0, &out.size);
  if (out.bytes == NULL) abort();
  yyjson_mut_doc_free(changed);
  yyjson_doc_free(doc);
  return out;
}
