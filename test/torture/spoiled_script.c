/* Scripts of the peer: answers from recordings, found by their action. */
#include "conversation.h"
#include "data.h"
#include "spoiled.h"

static void put(sp_script_t* script, const char* action, sp_kind_t kind, const void* bytes,
                size_t size) {
  if (script->count == SP_ANSWERS) abort();
  sp_answer_t* answer = &script->list[script->count++];
  memset(answer, 0, sizeof *answer);
  snprintf(answer->action, sizeof answer->action, "%s", action);
  answer->kind = kind;
  answer->step = -1;
  answer->size = size;
  if (bytes == NULL) return;
  answer->bytes = malloc(size + 1);
  if (answer->bytes == NULL) abort();
  memcpy(answer->bytes, bytes, size);
  answer->bytes[size] = 0;
}

static void put_recorded(sp_script_t* script, const conversations_t* all,
                         const sp_source_t* source) {
  unsigned found = 0;
  for (size_t i = 0; i < all->count; i++) {
    const conversation_t* talk = &all->list[i];
    if (strncmp(talk->name, source->recording, strlen(source->recording)) != 0) continue;
    for (size_t k = 0; k < talk->count; k++) {
      const exchange_t* exchange = &talk->exchanges[k];
      request_t request;
      bool same = request_read(&exchange->sent, &request) &&
                  strcmp(request.action, source->action) == 0;
      request_free(&request);
      if (!same || exchange->answer.bytes == NULL || found++ != source->nth) continue;
      put(script, source->action, exchange->answer.text ? SP_TEXT : SP_BINARY,
          exchange->answer.bytes, exchange->answer.size);
      return;
    }
  }
  fprintf(stderr, "%s has no %s number %u\n", source->recording, source->action, source->nth);
  exit(1);
}

static void put_rest(sp_script_t* script, const sp_source_t* source) {
  td_jsonl_t lines;
  size_t size;
  unsigned line = 0;
  td_jsonl_open(&lines, "rest.jsonl");
  for (yyjson_val* root; (root = td_jsonl_next(&lines)) != NULL;) {
    if (++line != source->nth) continue;
    yyjson_val* response = yyjson_obj_get(root, "response");
    const char* body = td_str(response, "body", &size);
    put(script, source->action, SP_HTTP, body, size);
    script->list[script->count - 1].http_status = (int) yyjson_get_int(
        yyjson_obj_get(response, "status"));
  }
  td_jsonl_close(&lines);
}

void sp_script_load(sp_script_t* script, const sp_source_t* sources, unsigned count) {
  conversations_t all;
  conversations_load(&all);
  script->count = 0;
  for (unsigned i = 0; i < count; i++) {
    const sp_source_t* source = &sources[i];
    if (script->count != i) abort();
    if (source->recording != NULL && strcmp(source->recording, "rest.jsonl") == 0) {
      put_rest(script, source);
    } else if (source->recording != NULL) {
      put_recorded(script, &all, source);
    } else {
      size_t size = source->text == NULL ? 0 : strlen(source->text);
      put(script, source->action, source->http != 0 ? SP_HTTP : SP_TEXT, source->text, size);
      script->list[script->count - 1].http_status = source->http;
    }
    if (source->as != NULL)
      snprintf(script->list[i].action, sizeof script->list[i].action, "%s", source->as);
  }
  conversations_free(&all);
}

void sp_script_free(sp_script_t* script) {
  for (unsigned i = 0; i < script->count; i++) free(script->list[i].bytes);
  script->count = 0;
}
