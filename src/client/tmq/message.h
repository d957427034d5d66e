/* A message of a topic: raw bytes, metadata as JSON, blocks of rows. Messages that the caller has
 * are counted by reference. Recycled messages keep their buffers. */
#ifndef TUV_CLIENT_TMQ_MESSAGE_H
#define TUV_CLIENT_TMQ_MESSAGE_H

#include "client/tmq/progress.h"
#include "taosuv/tmq.h"
#include "util/errmsg.h"
#include "util/mem.h"
#include "wire/tmq/envelope.h"
#include "wire/tmq/message.h"

/* A block of a message. */
typedef struct tuv_tmq_block_s {
  taosuv_block_t* block;
  const char* table;
  const uint8_t* schema; /* for tuv_tmq_field; NULL: the server did not send it */
  uint32_t columns;      /* of the schema */
  void* own; /* memory of table and schema if they are not in the message; otherwise NULL */
} tuv_tmq_block_t;

struct taosuv_message_s {
  void* unused; /* the pool's link while it is recycled */
  tuv_mem_t* mem;
  taosuv_consumer_t* consumer; /* NULL once it is finished or the consumer is closed */
  const void* origin;          /* the consumer; it is only compared */
  uint64_t epoch;              /* of its position when it came */
  tuv_track_t track;           /* its place in the vgroup */
  tuv_queue_t link;            /* in the consumer's ready */
  uint32_t refs;
  uint8_t kind;
  int32_t vgroup_id;
  int64_t offset;
  size_t size;
  char* names; /* topic and database, each with a NUL; kept when recycled */
  size_t names_capacity;
  const char* database;
  char* json;
  size_t json_length;
  int status; /* 0, or why the message cannot be read; then the two fields below say more */
  int server_code;
  char* error;         /* NULL: no memory for the text */
  tuv_refbuf_t* owner; /* of the raw bytes */
  taosuv_raw_t raw;
  tuv_tmq_block_t* blocks; /* kept when recycled */
  uint32_t nblocks, blocks_capacity;
  taosuv_field_t* fields; /* of the block that was asked for last; kept when recycled */
  uint32_t fields_capacity;
};

taosuv_message_t* tuv_message_create(taosuv_consumer_t* consumer, const tuv_tmq_polled_t* polled);

/* Notes that the message cannot be read, wholly or in part. The first reason is kept. */
void tuv_message_set_unreadable(taosuv_message_t* message, int status, int server_code,
                                const char* text);

/* These three take a part of the message out of a reply. They return 0, or an error of memory with
 * its text. A part that cannot be read makes the message unreadable, which is not an error. */
int tuv_message_set_raw(taosuv_message_t* message, const tuv_tmq_reply_t* reply,
                        tuv_refbuf_t* owner, tuv_errmsg_t* err);
int tuv_message_announce(taosuv_message_t* message, const tuv_tmq_fetched_t* fetched,
                         tuv_errmsg_t* err);
int tuv_message_add_block(taosuv_message_t* message, const tuv_tmq_reply_t* reply,
                          tuv_refbuf_t* owner, uint8_t precision, tuv_errmsg_t* err);

/* The consumer of this message is being freed. */
void tuv_message_forget(tuv_track_t* track);

/* The message was not delivered and will not be. Its position must begin again. */
void tuv_message_discard(taosuv_message_t* message);

/* Its place in the vgroup is not needed any more. */
void tuv_message_passed(tuv_track_t* track);

#endif
