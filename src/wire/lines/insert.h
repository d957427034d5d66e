/* Schemaless writes (PROTOCOL 8): as the payload of a request, which waits for a connection of any
 * transport, and as the message `insert` of /ws. The text is not copied into a JSON document. It is
 * escaped piece by piece while it is sent. */
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

/* TDengine's name of a precision; "" for TUV_INSERT_NO_PRECISION. */
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

/* The payload: numbers and key, then the text as it is. tuv_insert_pack writes everything but the
 * text and returns the size, so that the text can be appended. */
#define TUV_INSERT_PACK_MAX (16u + TUV_INSERT_KEY_MAX)
size_t tuv_insert_pack(uint8_t out[TUV_INSERT_PACK_MAX], const tuv_insert_t* insert);
/* Reads such a payload; `insert` points into it. */
void tuv_insert_unpack(const uint8_t* payload, size_t size, tuv_insert_t* insert);

/* The message consists of a head, the escaped text, and TUV_INSERT_END. */
#define TUV_INSERT_HEAD_MAX (256u + 6 * TUV_INSERT_KEY_MAX)
#define TUV_INSERT_END "\"}}"
size_t tuv_insert_head(uint8_t out[TUV_INSERT_HEAD_MAX], uint64_t req_id,
                       const tuv_insert_t* insert);
/* The size of a text as JSON; SIZE_MAX on overflow. */
size_t tuv_insert_escaped(const uint8_t* text, size_t size);
/* Escapes as much of the text as fits into `room`, which is at least 6. Returns the number of bytes
 * written, and in *used how many bytes of the text they stand for. */
size_t tuv_insert_escape(uint8_t* out, size_t room, const uint8_t* text, size_t size, size_t* used);

/* Reads such a message; `insert` points into *doc, which the caller frees. False when it is not
 * such a message, or when out of memory. */
bool tuv_insert_read(const yyjson_alc* alc, const uint8_t* message, size_t size, yyjson_doc** doc,
                     tuv_insert_t* insert);

#endif
