/* Messages of a consumer. What arrives is read once, and kept in the buffer in which it was
 * received. */
#include <string.h>

#include "client/core/block.h"
#include "client/core/turn.h"
#include "client/pool/client.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"
#include "client/tmq/message.h"
#include "client/tmq/progress.h"
#include "wire/types.h"

static taosuv_message_t* message_of(tuv_track_t* track) {
  return TUV_CONTAINER(track, taosuv_message_t, track);
}

static void destroy(const tuv_alloc_t* alloc, void* object) {
  taosuv_message_t* message = object;
  tuv_free(alloc, message->names);
  tuv_free(alloc, message->blocks);
  tuv_free(alloc, message->fields);
}

/* Frees what was received, but not the message itself. */
static void release_contents(taosuv_message_t* message) {
  const tuv_alloc_t* alloc = &message->mem->alloc;
  for (uint32_t i = 0; i < message->nblocks; i++) {
    taosuv_block_unref(message->blocks[i].block);
    tuv_free(alloc, message->blocks[i].own);
  }
  message->nblocks = 0;
  tuv_free(alloc, message->json);
  message->json = NULL;
  tuv_free(alloc, message->error);
  message->error = NULL;
  tuv_refbuf_unref(message->owner);
  message->owner = NULL;
  message->raw.data = NULL;
  message->raw.size = 0;
}

static void release(taosuv_message_t* message) {
  release_contents(message);
  tuv_mem_put(message->mem, TUV_MEM_MESSAGE, message);
}

/* Its place in the vgroup is not needed any more. */
void tuv_message_passed(tuv_track_t* track) {
  taosuv_message_t* message = message_of(track);
  if (message->refs == 0) release(message);
}

static int set_names(taosuv_message_t* message, const tuv_tmq_polled_t* polled) {
  size_t topic = strlen(polled->topic) + 1, database = strlen(polled->database) + 1;
  if (topic + database > message->names_capacity) {
    tuv_free(&message->mem->alloc, message->names);
    message->names = tuv_malloc(&message->mem->alloc, topic + database);
    message->names_capacity = message->names == NULL ? 0 : topic + database;
    if (message->names == NULL) return TAOSUV_ENOMEM;
  }
  memcpy(message->names, polled->topic, topic);
  memcpy(message->names + topic, polled->database, database);
  message->database = message->names + topic;
  return 0;
}

taosuv_message_t* tuv_message_create(taosuv_consumer_t* consumer, const tuv_tmq_polled_t* polled) {
  int recycled;
  tuv_mem_t* mem = consumer->client->context.mem;
  mem->destroy[TUV_MEM_MESSAGE] = destroy;
  taosuv_message_t* message = tuv_mem_take(mem, TUV_MEM_MESSAGE, sizeof *message, &recycled);
  if (message == NULL) return NULL;
  taosuv_message_t kept = *message;
  memset(message, 0, sizeof *message);
  message->names = kept.names;
  message->names_capacity = kept.names_capacity;
  message->blocks = kept.blocks;
  message->blocks_capacity = kept.blocks_capacity;
  message->fields = kept.fields;
  message->fields_capacity = kept.fields_capacity;
  message->mem = mem;
  message->refs = 1;
  tuv_queue_init(&message->link);
  tuv_queue_init(&message->track.link);
  if (set_names(message, polled) < 0) {
    release(message);
    return NULL;
  }
  message->origin = consumer;
  message->kind = (uint8_t) polled->message_type;
  if (message->kind < TAOSUV_MESSAGE_DATA || message->kind > TAOSUV_MESSAGE_RAW) {
    tuv_errmsg_t err;
    tuv_message_set_unreadable(
        message, tuv_fail(&err, TAOSUV_EPROTO, "a message of unknown kind %u", message->kind), 0,
        err.text);
  }
  message->vgroup_id = polled->vgroup_id;
  message->offset = polled->offset;
  /* For rows the offset is inside the message. For changes of schema the server reports no other.
   * */
  message->track.end = polled->message_type == TAOSUV_MESSAGE_META && polled->offset >= 0
                           ? polled->offset
                           : TUV_PROGRESS_NONE;
  return message;
}

/* ---- what arrives ---- */

void tuv_message_set_unreadable(taosuv_message_t* message, int status, int server_code,
                                const char* text) {
  if (message->status != 0) return;
  size_t size = strlen(text) + 1;
  message->status = status;
  message->server_code = server_code;
  message->error = tuv_malloc(&message->mem->alloc, size);
  if (message->error != NULL) memcpy(message->error, text, size);
}

/* Notes that one block cannot be read. */
static void spoil_block(taosuv_message_t* message, uint32_t index, const char* table, int status,
                        const char* why) {
  tuv_errmsg_t err;
  bool told = table[0] != 0;
  tuv_fail(&err, status, "block %u of the message%s%.64s cannot be read: %s", index,
           told ? ", of table " : "", table, why);
  tuv_message_set_unreadable(message, status, 0, err.text);
}

/* Forgets the last block. */
static void drop_slot(taosuv_message_t* message) {
  tuv_tmq_block_t* slot = &message->blocks[--message->nblocks];
  taosuv_block_unref(slot->block);
  tuv_free(&message->mem->alloc, slot->own);
}

static tuv_tmq_block_t* add_slot(taosuv_message_t* message) {
  if (message->nblocks == message->blocks_capacity) {
    uint32_t capacity = message->blocks_capacity == 0 ? 4 : 2 * message->blocks_capacity;
    void* grown = tuv_realloc(&message->mem->alloc, message->blocks,
                              capacity * sizeof *message->blocks);
    if (grown == NULL) return NULL;
    message->blocks = grown;
    message->blocks_capacity = capacity;
  }
  tuv_tmq_block_t* slot = &message->blocks[message->nblocks];
  memset(slot, 0, sizeof *slot);
  slot->table = "";
  return slot;
}

/* The columns of a block must be those of its schema. */
static int check_schema(const tuv_tmq_block_t* slot, tuv_errmsg_t* err) {
  uint32_t columns = taosuv_block_columns(slot->block);
  const uint8_t* schema = slot->schema;
  if (schema == NULL) return 0;
  if (slot->columns != columns)
    return tuv_fail(err, TAOSUV_EBLOCK, "a block of %u columns with a schema of %u", columns,
                    slot->columns);
  for (uint32_t i = 0; i < columns; i++) {
    tuv_tmq_field_t field;
    taosuv_column_t column;
    schema = tuv_tmq_field(schema, &field);
    taosuv_block_column(slot->block, i, &column);
    if (field.type != column.type)
      return tuv_fail(err, TAOSUV_EBLOCK, "column %u of a block is %s, its field is of type %u", i,
                      taosuv_type_name(column.type), field.type);
  }
  return 0;
}

/* Makes the block of the last slot. If that fails, or the block does not have its schema, the slot
 * is removed. Returns 0 or the error. */
static int fill_slot(taosuv_message_t* message, tuv_refbuf_t* owner, const uint8_t* data,
                     size_t size, uint8_t precision, tuv_errmsg_t* err) {
  int status = 0;
  tuv_tmq_block_t* slot = &message->blocks[message->nblocks - 1];
  slot->block = tuv_block_create(message->mem, owner, data, size, precision, &status, err);
  if (slot->block != NULL) status = check_schema(slot, err);
  if (status < 0) drop_slot(message);
  return status;
}

static int add_part(taosuv_message_t* message, const tuv_tmq_part_t* part, tuv_refbuf_t* owner,
                    tuv_errmsg_t* err) {
  tuv_tmq_block_t* slot = add_slot(message);
  if (slot == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for a message");
  slot->table = part->table;
  slot->schema = part->schema;
  slot->columns = part->columns;
  message->nblocks++;
  int status = fill_slot(message, owner, part->block, part->size, part->precision, err);
  if (status == 0 && part->table[0] != 0)
    tuv_block_of_table(slot->block); /* rows of queries have no table */
  return status;
}

/* Makes the blocks of a raw message, as far as they can be read. */
static int read_parts(taosuv_message_t* message, tuv_tmq_reader_t* reader, tuv_refbuf_t* owner,
                      tuv_errmsg_t* err) {
  tuv_tmq_part_t part;
  int status;
  do {
    uint32_t index = reader->index;
    status = tuv_tmq_next(reader, &part, err);
    if (status > 0 && (status = add_part(message, &part, owner, err)) == 0) status = 1;
    if (status == TAOSUV_EBLOCK) spoil_block(message, index, part.table, status, err->text);
  } while (status > 0 || status == TAOSUV_EBLOCK);
  if (status == TAOSUV_ENOMEM) return status;
  if (status < 0) tuv_message_set_unreadable(message, status, 0, err->text);
  return 0;
}

int tuv_message_set_raw(taosuv_message_t* message, const tuv_tmq_reply_t* reply,
                        tuv_refbuf_t* owner, tuv_errmsg_t* err) {
  tuv_tmq_reader_t reader;
  tuv_refbuf_unref(message->owner);
  message->owner = tuv_refbuf_ref(owner);
  message->raw.type = reply->raw_type;
  message->raw.data = reply->data;
  message->raw.size = reply->size;
  message->size += reply->size;
  bool rows = message->kind == TAOSUV_MESSAGE_DATA || message->kind == TAOSUV_MESSAGE_METADATA;
  if (!rows) return 0;
  int status = 0;
  if (reply->raw_type != TUV_TMQ_RAW_DATA && reply->raw_type != TUV_TMQ_RAW_METADATA)
    status = tuv_fail(err, TAOSUV_EPROTO, "rows in a message of unknown raw type %u",
                      reply->raw_type);
  if (status == 0) status = tuv_tmq_open(&reader, reply->data, reply->size, err);
  if (status != 0) {
    tuv_message_set_unreadable(message, status, 0, err->text);
    return 0;
  }
  message->track.end = reader.end;
  return read_parts(message, &reader, owner, err);
}

/* Reads a schema in the form of newer servers, behind the name of the table. */
static size_t write_schema(const tuv_tmq_fetched_t* fetched, uint8_t* out) {
  yyjson_arr_iter names, types, lengths;
  yyjson_arr_iter_init(fetched->names, &names);
  yyjson_arr_iter_init(fetched->types, &types);
  yyjson_arr_iter_init(fetched->lengths, &lengths);
  size_t size = 0;
  for (uint32_t i = 0; i < fetched->fields; i++) {
    yyjson_val* name = yyjson_arr_iter_next(&names);
    tuv_tmq_field_t field = {.name = yyjson_get_str(name),
                             .name_length = (uint32_t) yyjson_get_len(name)};
    field.type = (uint8_t) yyjson_get_uint(yyjson_arr_iter_next(&types));
    field.bytes = (int32_t) yyjson_get_uint(yyjson_arr_iter_next(&lengths));
    if (field.type == TAOSUV_TYPE_NCHAR) field.bytes *= 4;
    if (tuv_type_has_short_prefix(field.type)) field.bytes += 2;
    size += tuv_tmq_put_field(out == NULL ? NULL : out + size, &field);
  }
  return size;
}

int tuv_message_announce(taosuv_message_t* message, const tuv_tmq_fetched_t* fetched,
                         tuv_errmsg_t* err) {
  tuv_tmq_block_t* slot = add_slot(message);
  size_t table = strlen(fetched->table) + 1;
  char* own = NULL;
  if (slot != NULL) own = tuv_malloc(&message->mem->alloc, table + write_schema(fetched, NULL));
  if (own == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for a message");
  memcpy(own, fetched->table, table);
  write_schema(fetched, (uint8_t*) own + table);
  slot->own = own;
  slot->table = own;
  slot->schema = (uint8_t*) own + table;
  slot->columns = fetched->fields;
  message->nblocks++; /* its block is NULL until it comes */
  return 0;
}

int tuv_message_add_block(taosuv_message_t* message, const tuv_tmq_reply_t* reply,
                          tuv_refbuf_t* owner, uint8_t precision, tuv_errmsg_t* err) {
  uint32_t index = message->nblocks - 1;
  tuv_tmq_block_t slot = message->blocks[index];
  message->size += reply->size;
  message->blocks[index].own = NULL; /* until it is known whether the slot stays */
  int status = fill_slot(message, owner, reply->data, reply->size, precision, err);
  if (status == 0)
    message->blocks[index].own = slot.own;
  else if (status == TAOSUV_EBLOCK)
    spoil_block(message, index, slot.table, status, err->text);
  if (status < 0) tuv_free(&message->mem->alloc, slot.own);
  return status == TAOSUV_EBLOCK ? 0 : status;
}

/* ---- references ---- */

/* The caller has finished with the message: the consumer has room for another one, and perhaps
 * something to commit. */
static void finish(taosuv_message_t* message) {
  taosuv_consumer_t* consumer = message->consumer;
  if (consumer == NULL) {
    message->track.finished = true;
    if (message->refs == 0) release(message);
    return;
  }
  consumer->alive--;
  consumer->alive_bytes -= message->size;
  message->consumer = NULL;
  tuv_progress_finish(&consumer->progress, &message->track);
  if (consumer->pushing) tuv_tmq_wake(consumer);
}

taosuv_message_t* taosuv_message_ref(taosuv_message_t* message) {
  if (message != NULL) message->refs++;
  return message;
}

void taosuv_message_unref(taosuv_message_t* message) {
  if (message == NULL || --message->refs > 0) return;
  bool finished = message->track.finished;
  taosuv_consumer_t* consumer = message->consumer;
  release_contents(message);
  message->track.holds = message->status < 0 && consumer != NULL && !consumer->skip_unreadable;
  if (!finished)
    finish(message);
  else if (message->track.position == NULL)
    release(message); /* otherwise those before it in its vgroup are waited for */
}

void taosuv_message_done(taosuv_message_t* message) {
  if (message != NULL && !message->track.finished) finish(message);
}

void tuv_message_discard(taosuv_message_t* message) {
  taosuv_consumer_t* consumer = message->consumer;
  consumer->alive--;
  consumer->alive_bytes -= message->size;
  message->consumer = NULL;
  message->track.position = NULL;
  tuv_queue_remove(&message->track.link);
  taosuv_message_unref(message);
}

void tuv_message_forget(tuv_track_t* track) {
  message_of(track)->consumer = NULL;
}

/* ---- what a message says ---- */

taosuv_message_kind_t taosuv_message_kind(const taosuv_message_t* message) {
  if (message != NULL) return (taosuv_message_kind_t) message->kind;
  /* NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): no message, no kind */
  return (taosuv_message_kind_t) 0;
}

const char* taosuv_message_topic(const taosuv_message_t* message) {
  return message != NULL ? message->names : "";
}

const char* taosuv_message_database(const taosuv_message_t* message) {
  return message != NULL ? message->database : "";
}

int32_t taosuv_message_vgroup(const taosuv_message_t* message) {
  return message != NULL ? message->vgroup_id : 0;
}

int64_t taosuv_message_offset(const taosuv_message_t* message) {
  return message != NULL ? message->offset : TUV_PROGRESS_NONE;
}

int64_t taosuv_message_end(const taosuv_message_t* message) {
  return message != NULL ? message->track.end : TUV_PROGRESS_NONE;
}

int taosuv_message_status(const taosuv_message_t* message) {
  return message != NULL ? message->status : 0;
}

const char* taosuv_message_error(const taosuv_message_t* message) {
  if (message == NULL || message->status == 0) return "";
  return message->error != NULL ? message->error : taosuv_strerror(message->status);
}

size_t taosuv_message_size(const taosuv_message_t* message) {
  return message != NULL ? message->size : 0;
}

uint32_t taosuv_message_blocks(const taosuv_message_t* message) {
  return message != NULL ? message->nblocks : 0;
}

taosuv_block_t* taosuv_message_block(const taosuv_message_t* message, uint32_t index) {
  return index < taosuv_message_blocks(message) ? message->blocks[index].block : NULL;
}

const char* taosuv_message_table(const taosuv_message_t* message, uint32_t index) {
  return index < taosuv_message_blocks(message) ? message->blocks[index].table : "";
}

const char* taosuv_message_meta(const taosuv_message_t* message, size_t* length) {
  if (length != NULL) *length = message != NULL ? message->json_length : 0;
  return message != NULL ? message->json : NULL;
}

taosuv_raw_t taosuv_message_raw(const taosuv_message_t* message) {
  return message != NULL ? message->raw : (taosuv_raw_t) {0, NULL, 0};
}

/* The declared width: without the length prefix of texts, and in characters for NCHAR. */
static int64_t declared(const tuv_tmq_field_t* field) {
  int32_t bytes = tuv_type_has_short_prefix(field->type) ? field->bytes - 2 : field->bytes;
  return field->type == TAOSUV_TYPE_NCHAR ? bytes / 4 : bytes;
}

const taosuv_field_t* taosuv_message_fields(taosuv_message_t* message, uint32_t index,
                                            uint32_t* count) {
  if (count == NULL) return NULL;
  *count = 0;
  if (index >= taosuv_message_blocks(message)) return NULL;
  const tuv_tmq_block_t* slot = &message->blocks[index];
  uint32_t columns = taosuv_block_columns(slot->block);
  if (columns > message->fields_capacity) {
    tuv_free(&message->mem->alloc, message->fields);
    message->fields = tuv_malloc(&message->mem->alloc, columns * sizeof *message->fields);
    message->fields_capacity = message->fields == NULL ? 0 : columns;
    if (message->fields == NULL) return NULL;
  }
  const uint8_t* schema = slot->schema;
  for (uint32_t i = 0; i < columns; i++) {
    taosuv_column_t column;
    tuv_tmq_field_t field = {.name = ""};
    taosuv_block_column(slot->block, i, &column);
    field.type = column.type;
    field.bytes = column.bytes;
    if (schema != NULL) schema = tuv_tmq_field(schema, &field);
    message->fields[i] = (taosuv_field_t) {.name = field.name,
                                           .name_length = field.name_length,
                                           .type = column.type,
                                           .precision = column.precision,
                                           .scale = column.scale,
                                           .length = declared(&field)};
  }
  *count = columns;
  return message->fields;
}
