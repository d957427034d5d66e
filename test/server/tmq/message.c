/* Messages: what a poll delivers, made from a vgroup's log. */
#include "tmq/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/meta.h"
#include "tmq/feed.h"

static void add_block(ts_message_t* message, ts_blob_t* block, ts_schema_t* schema,
                      const char* table) {
  message->blocks = ts_realloc(message->blocks, (message->nblocks + 1) * sizeof *message->blocks);
  message->blocks[message->nblocks++] = (ts_message_block_t) {
      ts_blob_ref(block), ts_schema_ref(schema), ts_strdup(table, strlen(table))};
  message->rows += ts_block_rows(block);
}

static void add_meta(ts_message_t* message, const char* text) {
  message->metas = ts_realloc(message->metas, (message->nmetas + 1) * sizeof *message->metas);
  message->metas[message->nmetas++] = ts_strdup(text, strlen(text));
}

void ts_message_free(ts_message_t* message) {
  if (message == NULL) return;
  for (size_t i = 0; i < message->nblocks; i++) {
    ts_blob_unref(message->blocks[i].block);
    ts_schema_unref(message->blocks[i].schema);
    free(message->blocks[i].table);
  }
  for (size_t i = 0; i < message->nmetas; i++) free(message->metas[i]);
  free(message->blocks);
  free(message->metas);
  ts_blob_unref(message->raw);
  free(message);
}

/* ---- what concerns a topic ---- */

static bool wants_part(const ts_topic_t* topic, const ts_wal_part_t* part) {
  switch (topic->kind) {
    case TS_TOPIC_DATABASE: return true;
    case TS_TOPIC_STABLE: return part->family == topic->family;
    default:
      return part->family == topic->family &&
             (topic->feed.table == 0 || part->table == topic->feed.table);
  }
}

static bool wants_meta(const ts_topic_t* topic, const ts_wal_record_t* record) {
  if (!topic->with_meta) return false;
  return topic->kind == TS_TOPIC_DATABASE || record->family == topic->family;
}

static ts_schema_t* schema_of(const ts_result_t* result) {
  size_t size = result->nfields * sizeof *result->fields;
  ts_schema_t* schema = ts_calloc(1, sizeof *schema + size);
  schema->refs = 1;
  schema->ncolumns = schema->created_columns = result->nfields;
  memcpy(schema->fields, result->fields, size);
  return schema;
}

static int add_selected(const ts_message_source_t* source, ts_message_t* message,
                        const ts_wal_part_t* part, ts_error_t* error) {
  ts_result_t* result;
  int status = ts_feed_select(source->store, source->topic, part, &result, error);
  if (status != 0) return status;
  ts_schema_t* schema = schema_of(result);
  for (size_t i = 0; i < result->nblocks; i++) {
    ts_put_u32(result->blocks[i]->data, 2); /* the version that consumers get */
    add_block(message, result->blocks[i], schema, "");
  }
  ts_schema_unref(schema);
  ts_result_unref(result);
  return 0;
}

static int add_rows(const ts_message_source_t* source, ts_message_t* message,
                    const ts_wal_record_t* record, ts_error_t* error) {
  int status = 0;
  for (size_t i = 0; i < record->nparts && status == 0; i++) {
    const ts_wal_part_t* part = &record->parts[i];
    if (!wants_part(source->topic, part)) continue;
    if (message->of_query) {
      status = add_selected(source, message, part, error);
      continue;
    }
    add_block(message, part->block, part->schema, part->name);
    if (source->topic->with_meta && part->created != NULL) add_meta(message, part->created);
  }
  return status;
}

/* ---- reading ---- */

static ts_message_t* new_message(const ts_message_source_t* source, int64_t position) {
  ts_message_t* message = ts_calloc(1, sizeof *message);
  const ts_topic_t* topic = source->topic;
  snprintf(message->topic, sizeof message->topic, "%s", topic->name);
  snprintf(message->database, sizeof message->database, "%s", ts_topic_database(topic));
  message->vgroup = ts_topic_wal(topic, source->index)->vgroup;
  message->of_query = topic->kind == TS_TOPIC_QUERY || topic->kind == TS_TOPIC_BENCH;
  message->precision = topic->database != NULL ? topic->database->precision : 0;
  message->request = message->response = position;
  return message;
}

/* A block of the synthetic table; its bytes are made once for all messages with the same block. */
static void read_bench(const ts_message_source_t* source, ts_message_t* message) {
  ts_topic_t* topic = source->topic;
  int64_t version = message->request > 0 ? message->request : 1;
  if (version >= ts_topic_wal(topic, source->index)->end) return;
  uint64_t index = (uint64_t) (version - 1) * TS_VGROUPS + source->index;
  ts_blob_t* block = ts_result_block(topic->bench, index);
  size_t which = block == topic->bench->blocks[0] ? 0 : 1;
  ts_schema_t* schema = schema_of(topic->bench);
  add_block(message, block, schema, "");
  ts_schema_unref(schema);
  if (topic->bench_raw[which] == NULL) {
    uint8_t head[TS_RAW_HEAD];
    ts_message_raw(message, head);
    topic->bench_raw[which] = ts_blob_ref(message->raw);
  } else {
    message->raw = ts_blob_ref(topic->bench_raw[which]);
  }
  message->response = version + 1;
}

static int read_log(const ts_message_source_t* source, ts_message_t* message, ts_error_t* error) {
  const ts_wal_t* wal = ts_topic_wal(source->topic, source->index);
  bool metas = false;
  int status = 0;
  while (status == 0 && message->rows < TS_MESSAGE_ROWS) {
    const ts_wal_record_t* record = ts_wal_find(wal, message->response);
    if (record == NULL) {
      if (message->nblocks == 0 && !metas) message->response = wal->end;
      break;
    }
    if (record->meta_type != 0 && wants_meta(source->topic, record)) {
      if (message->nblocks > 0 || (metas && !source->batch_meta)) break;
      add_meta(message, record->meta);
      message->raw_type = record->meta_type;
      metas = true;
    } else if (record->meta_type == 0) {
      size_t wanted = 0;
      for (size_t i = 0; i < record->nparts; i++)
        wanted += wants_part(source->topic, &record->parts[i]);
      if (wanted > 0 && metas) break;
      status = add_rows(source, message, record, error);
    }
    message->response = record->version + 1;
  }
  return status;
}

static void set_type(const ts_message_source_t* source, ts_message_t* message) {
  bool data = message->nblocks > 0;
  message->type = !data ? TS_MSG_META : message->nmetas > 0 ? TS_MSG_BOTH : TS_MSG_DATA;
  message->offset = data ? message->request : message->response;
  if (data) message->raw_type = message->nmetas > 0 ? 4 : 2;
  if (!data && source->batch_meta) message->raw_type = 5;
}

int ts_message_read(const ts_message_source_t* source, int64_t* position, ts_message_t** out,
                    ts_error_t* error) {
  ts_message_t* message = new_message(source, *position);
  int status = 0;
  if (source->topic->kind == TS_TOPIC_BENCH) {
    read_bench(source, message);
  } else {
    status = read_log(source, message, error);
  }
  if (status == 0) *position = message->response;
  if (status != 0 || (message->nblocks == 0 && message->nmetas == 0)) {
    ts_message_free(message);
    return status;
  }
  set_type(source, message);
  *out = message;
  return 0;
}
