/* Messages: what a poll delivers, made from a vgroup's log, and their bytes for consumers. */
#ifndef TS_TMQ_MESSAGE_H
#define TS_TMQ_MESSAGE_H

#include "tmq/topic.h"

/* A message's types, as poll replies give them. */
enum { TS_MSG_DATA = 1, TS_MSG_META = 2, TS_MSG_BOTH = 3 };

#define TS_MESSAGE_ROWS 4096u /* a message with this number of rows is full */

typedef struct ts_message_block_s {
  ts_blob_t* block;
  ts_schema_t* schema;
  char* table; /* "": not known */
} ts_message_block_t;

typedef struct ts_message_s {
  uint64_t id; /* on its connection */
  char topic[TS_TOPIC_MAX + 1];
  char database[TS_NAME_MAX + 1];
  int32_t vgroup;
  int type;
  int64_t offset;   /* as the poll's reply gives it: of metadata the one after it */
  int64_t request;  /* the version it was read from */
  int64_t response; /* the next one */
  bool of_query;    /* its columns are those of a query */
  uint8_t precision;
  uint64_t rows;
  size_t nblocks;
  ts_message_block_t* blocks;
  size_t nmetas; /* of META: the messages; of BOTH: descriptions of the children made */
  char** metas;
  uint16_t raw_type;
  ts_blob_t* raw; /* its bytes behind the offsets (metadata: all of them); made when needed */
} ts_message_t;

typedef struct ts_message_source_s {
  ts_store_t* store;
  ts_topic_t* topic;
  unsigned index; /* of the vgroup */
  bool batch_meta;
} ts_message_source_t;

/* Reads on from *position and moves it; *message stays NULL if there is nothing for the topic. */
int ts_message_read(const ts_message_source_t* source, int64_t* position, ts_message_t** message,
                    ts_error_t* error);
void ts_message_free(ts_message_t* message); /* NULL is fine */

/* The metadata as JSON: "null" if there is none. */
void ts_message_json(const ts_message_t* message, ts_buf_t* out);
/* The raw message is `head` and then message->raw, which this makes. */
#define TS_RAW_HEAD 23u
size_t ts_message_raw(ts_message_t* message, uint8_t head[TS_RAW_HEAD]);

#endif
