/* Recorded conversations: what was sent over one connection, and the answer to each message. */
#ifndef TUV_TEST_REPLAY_CONVERSATION_H
#define TUV_TEST_REPLAY_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

typedef struct message_s {
  uint8_t* bytes; /* NULL: there was none */
  size_t size;
  bool text;
} message_t;

typedef struct exchange_s {
  message_t sent;
  message_t answer;
  size_t line; /* of the recording */
  bool used;   /* the replay has had it */
} exchange_t;

typedef struct conversation_s {
  char* name; /* "file.jsonl: scenario" */
  char path[32];
  exchange_t* exchanges;
  size_t count;
} conversation_t;

typedef struct conversations_s {
  conversation_t* list;
  size_t count;
} conversations_t;

/* Reads every *.jsonl of TAOSUV_TEST_RECORDINGS, otherwise of TAOSUV_TEST_DATA, otherwise of test/data; files
 * of another form give none. A file that cannot be read ends the program with a message. */
void conversations_load(conversations_t* conversations);
void conversations_free(conversations_t* conversations);

/* What a recorded request is. */
typedef struct request_s {
  char action[32]; /* "query", …; "binary_query", "fetch_raw_block" for binary; "" for others */
  uint64_t req_id;
  uint64_t id;      /* result id, where there is one */
  yyjson_doc* doc;  /* of a text */
  yyjson_val* args; /* of a text */
  const char* sql;  /* not NUL-terminated when binary; of what is bound, all behind the head */
  size_t sql_size;
} request_t;

/* False for what no client may send (broken JSON, wrong lengths). */
bool request_read(const message_t* message, request_t* request);
void request_free(request_t* request);

/* Whether two requests are the same but for their req_id. */
bool request_same(const request_t* a, const request_t* b);

/* The answer with another req_id; and with another text for "version", unless that is NULL. The
 * caller frees the bytes. */
message_t answer_with(const message_t* answer, uint64_t req_id, const char* version);

#endif
