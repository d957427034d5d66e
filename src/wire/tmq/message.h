/* Binary messages of TMQ (PROTOCOL 7.8, 7.9): the replies that carry a raw payload or a block, and
 * the blocks of rows in a raw payload. */
#ifndef TUV_WIRE_TMQ_MESSAGE_H
#define TUV_WIRE_TMQ_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/errmsg.h"

/* Raw types whose payload can be read. Others can only be written to another database. */
enum { TUV_TMQ_RAW_DATA = 2, TUV_TMQ_RAW_METADATA = 4 };

#define TUV_TMQ_NO_OFFSET (-1)

/* The envelope of a reply. Pointers are into the message. */
typedef struct tuv_tmq_reply_s {
  uint64_t timing; /* ns */
  uint64_t req_id;
  uint64_t message_id;
  uint32_t code; /* not 0: refused for the reason in `text`; the rest is empty */
  const char* text;
  uint32_t text_size;
  uint16_t raw_type;
  const uint8_t* data; /* the raw payload, or the block */
  size_t size;
} tuv_tmq_reply_t;

/* The id of the request that a binary message of /rest/tmq answers; 0 when it is too short. */
uint64_t tuv_tmq_req_id(const uint8_t* data, size_t size);

/* The reply to fetch_raw_data, or the older one to fetch_raw. Returns 0 or TUV_EPROTO. */
int tuv_tmq_raw_reply(const uint8_t* data, size_t size, tuv_tmq_reply_t* out, tuv_errmsg_t* err);

/* The reply to fetch_block. Returns 0 or TUV_EPROTO. */
int tuv_tmq_block_reply(const uint8_t* data, size_t size, tuv_tmq_reply_t* out, tuv_errmsg_t* err);

/* Reads a raw payload of type DATA or METADATA, block by block. */
typedef struct tuv_tmq_reader_s {
  const uint8_t* next;
  size_t left;
  int64_t begin; /* the requested offset; TUV_TMQ_NO_OFFSET: not an offset of the log */
  int64_t end;   /* the offset to go on from, or TUV_TMQ_NO_OFFSET */
  uint32_t blocks;
  uint32_t index; /* of the next one */
  bool with_table;
  bool with_schema;
} tuv_tmq_reader_t;

/* One block. Pointers are into the payload; texts are NUL-terminated. */
typedef struct tuv_tmq_part_s {
  const uint8_t* block; /* to be checked by tuv_block_head and tuv_block_parse */
  size_t size;
  uint8_t precision;
  const char* table;     /* "" when it is not stated */
  const uint8_t* schema; /* checked, for tuv_tmq_field; NULL when it is not stated */
  uint32_t columns;      /* of the schema */
} tuv_tmq_part_t;

/* Begins to read. Returns 0, or TUV_EPROTO with what is wrong in `err`. */
int tuv_tmq_open(tuv_tmq_reader_t* reader, const uint8_t* data, size_t size, tuv_errmsg_t* err);

/* Reads the next block. Returns 1; 0 after the last one; TUV_EBLOCK for a block that cannot be
 * read, whose table and schema are in `part` and after which the next call goes on; or TUV_EPROTO
 * when nothing more can be read. */
int tuv_tmq_next(tuv_tmq_reader_t* reader, tuv_tmq_part_t* part, tuv_errmsg_t* err);

/* A column of a checked schema. */
typedef struct tuv_tmq_field_s {
  uint8_t type;
  /* The width in storage, with the length of a text, and 4 bytes for a character of NCHAR. */
  int32_t bytes;
  const char* name;
  uint32_t name_length;
} tuv_tmq_field_t;

/* Reads a column and returns where the next one begins. */
const uint8_t* tuv_tmq_field(const uint8_t* schema, tuv_tmq_field_t* field);

/* Writes a column as tuv_tmq_field reads it, unless `out` is NULL, and returns its size. */
size_t tuv_tmq_put_field(uint8_t* out, const tuv_tmq_field_t* field);

/* The head of write_raw (action 3) and of write_raw_block (4): PROTOCOL 4.8, 4.9. */
#define TUV_TMQ_WRITE_HEAD 30u
void tuv_tmq_write_head(uint8_t out[TUV_TMQ_WRITE_HEAD], uint64_t req_id, uint8_t action,
                        uint32_t head, uint16_t tail);

#endif
