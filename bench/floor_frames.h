/* The frames of the floor: it sends precomputed frames, and parses only the headers of received
 * ones. */
#ifndef BENCH_FLOOR_FRAMES_H
#define BENCH_FLOOR_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes a whole frame and returns its size: at most FLOOR_HEAD bytes more than its payload. Its
 * mask is 0, so the payload is unchanged. */
#define FLOOR_HEAD 14u
size_t floor_frame(uint8_t* out, uint8_t opcode, const void* payload, size_t size);

/* Finds the ends of frames by their headers of 2, 4 or 10 bytes; nothing else is parsed. */
typedef struct floor_reader_s {
  uint64_t left;   /* of the payload, while in it */
  uint64_t length; /* of the last payload */
  uint8_t head[10];
  uint8_t have;
  uint8_t opcode;
  bool in_payload;
} floor_reader_t;

/* Reads up to the end of a frame; returns the number of bytes. */
size_t floor_reader_next(floor_reader_t* reader, const uint8_t* data, size_t size);

/* Whether the last call has reached the end of a frame. */
static inline bool floor_reader_ended(const floor_reader_t* reader) {
  return reader->have == 0 && !reader->in_payload && reader->opcode != 0;
}

/* The messages of an operation, created once. */
typedef struct floor_messages_s {
  uint8_t* query;
  size_t query_size;
  uint8_t next[256]; /* fetch and free_result of one result, side by side */
  size_t fetch_size;
  size_t free_size;
} floor_messages_t;

/* Returns 0, or -1 when out of memory or when the statement is too long (64 KiB). */
int floor_messages_init(floor_messages_t* messages, const char* sql);
/* Replaces the query by a message of this number of lines. Returns 0, or -1 when out of memory. */
int floor_messages_lines(floor_messages_t* messages, uint32_t rows);
void floor_messages_free(floor_messages_t* messages);

/* Puts the id of a result into the fetch and free_result messages. */
void floor_messages_set_id(floor_messages_t* messages, uint64_t id);

#endif
