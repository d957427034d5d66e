/* Binary messages of /ws (PROTOCOL 4): the requests for queries and blocks, and the replies with
 * blocks. */
#ifndef TUV_WIRE_BLOCK_MESSAGE_H
#define TUV_WIRE_BLOCK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/errmsg.h"

#define TUV_MSG_QUERY_HEAD 30u /* bytes before the SQL of a binary_query */
#define TUV_MSG_FETCH_SIZE 26u
#define TUV_MSG_BLOCK_AT 55u /* where the block of a fetch_raw_block reply begins */

/* Writes the head of a binary_query (action 6). */
void tuv_msg_query_head(uint8_t out[TUV_MSG_QUERY_HEAD], uint64_t req_id, uint32_t sql_length);

/* Writes a whole fetch_raw_block request (action 7). */
void tuv_msg_fetch(uint8_t out[TUV_MSG_FETCH_SIZE], uint64_t req_id, uint64_t result_id);

/* What tells to which request a binary message belongs, and its id. */
typedef enum {
  TUV_MSG_NONE,      /* the message is too short */
  TUV_MSG_BY_REQ_ID, /* a reply to fetch_raw_block: the id of the request */
  TUV_MSG_BY_RESULT  /* a reply to the older fetch_block: the id of the result */
} tuv_msg_key_t;
tuv_msg_key_t tuv_msg_key(const uint8_t* data, size_t size, uint64_t* id);

/* The reply to a fetch. Exactly one of these holds: code != 0, finished, block != NULL. */
typedef struct tuv_msg_fetched_s {
  uint64_t timing; /* ns */
  uint64_t result_id;
  uint32_t code;
  const char* message; /* inside the data, not NUL-terminated */
  uint32_t message_size;
  bool finished;
  const uint8_t* block; /* inside the data */
  size_t block_size;
} tuv_msg_fetched_t;

/* Reads a reply of the form that tuv_msg_key returned. Returns 0 or TUV_EPROTO. */
int tuv_msg_fetched(const uint8_t* data, size_t size, tuv_msg_key_t key, tuv_msg_fetched_t* out,
                    tuv_errmsg_t* err);

#endif
