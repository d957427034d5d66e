/* Schemaless writes on their way (PROTOCOL 8): as they wait to be sent over any transport, and as
 * the message `insert` of /ws. The text is not copied into a JSON document: it is escaped piece by
 * piece while it is sent. */
#ifndef TUV_WIRE_LINES_INSERT_H
#define TUV_WIRE_LINES_INSERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

typedef enum {
  TUV_INSERT_NO_PRECISION, /* in the order of taosuv_lines_precision_t */
  TUV_INSERT_HOURS,
  TUV_INSERT_MINUTES,
  TUV_INSERT_SECONDS,
  TUV_INSERT_MS,
  TUV_INSERT_US,
  TUV_INSERT_NS,
  TUV_INSERT_PRECISIONS
} tuv_insert_precision_t;

/* The name that TDengine knows it by; "" for none. */
const char* tuv_insert_precision(unsigned int precision);

#define TUV_INSERT_KEY_MAX 64u

typedef struct tuv_insert_s {
  uint8_t protocol;  /* 1 line, 2 telnet, 3 JSON */
  uint8_t precision; /* tuv_insert_precision_t */
  uint64_t ttl;      /* 0: none */
  const char* key;   /* table_name_key, UTF-8 */
  size_t key_length; /* up to TUV_INSERT_KEY_MAX; 0: none */
  bool must_name;    /* the server refuses a message without a precision */
  const uint8_t* text;
  size_t size;
} tuv_insert_t;

/* As a payload: the numbers and the key, then the text as it is. tuv_insert_pack writes all but the
 * text and returns its size, so that the text can be joined behind it. */
#define TUV_INSERT_PACK_MAX (16u + TUV_INSERT_KEY_MAX)
size_t tuv_insert_pack(uint8_t out[TUV_INSERT_PACK_MAX], const tuv_insert_t* insert);
/* `insert` points into the payload, which tuv_insert_pack has written. */
void tuv_insert_unpack(const uint8_t* payload, size_t size, tuv_insert_t* insert);

/* The message, in three steps: its head, the escaped text, TUV_INSERT_END. */
#define TUV_INSERT_HEAD_MAX (256u + 6 * TUV_INSERT_KEY_MAX)
#define TUV_INSERT_END "\"}}"
size_t tuv_insert_head(uint8_t out[TUV_INSERT_HEAD_MAX], uint64_t req_id,
                       const tuv_insert_t* insert);
/* Bytes of a text as JSON; SIZE_MAX: more than a size_t holds. */
size_t tuv_insert_escaped(const uint8_t* text, size_t size);
/* Escapes as much of the text as `room` (6 at least) has place for; returns the bytes written, and
 * how many of the text they are. */
size_t tuv_insert_escape(uint8_t* out, size_t room, const uint8_t* text, size_t size, size_t* used);

/* Reads such a message again: `insert` points into *doc, which the caller frees. False when it is
 * none, or out of memory. */
bool tuv_insert_read(const yyjson_alc* alc, const uint8_t* message, size_t size, yyjson_doc** doc,
                     tuv_insert_t* insert);

#endif
