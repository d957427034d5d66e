/* The frames of the floor: it sends precomputed frames, and parses only the headers of received
 * ones. */
#include "floor_frames.h"

#include <stdlib.h>
#include <string.h>

#include "lines_text.h"

#define FETCH_PAYLOAD 26u
#define ID_WIDTH 20u /* digits of the largest number; in JSON, spaces may stand before it */

static const char free_text[] =
    "{\"action\":\"free_result\",\"args\":{\"req_id\":1,\"id\":                    }}";

size_t floor_frame(uint8_t* out, uint8_t opcode, const void* payload, size_t size) {
  size_t at = 2;
  out[0] = (uint8_t) (0x80 | opcode);
  out[1] = (uint8_t) (0x80 | (size < 126 ? size : 126));
  size_t width = size < 126 ? 0 : size <= UINT16_MAX ? 2 : 8;
  if (width == 8) out[1] = 0x80 | 127;
  while (width-- > 0) out[at++] = (uint8_t) ((uint64_t) size >> 8 * width);
  memset(out + at, 0, 4);
  memcpy(out + at + 4, payload, size);
  return at + 4 + size;
}

static size_t header_size(const floor_reader_t* reader) {
  if (reader->have < 2) return 2;
  return reader->head[1] < 126 ? 2 : reader->head[1] == 126 ? 4 : 10;
}

static void begin_payload(floor_reader_t* reader) {
  uint64_t length = 0;
  for (size_t i = 2; i < reader->have; i++) length = length << 8 | reader->head[i];
  reader->length = reader->have == 2 ? reader->head[1] : length;
  reader->left = reader->length;
  reader->opcode = reader->head[0] & 15;
  reader->in_payload = reader->left > 0;
  reader->have = 0;
}

size_t floor_reader_next(floor_reader_t* reader, const uint8_t* data, size_t size) {
  size_t used = 0;
  if (!reader->in_payload) {
    while (reader->have < header_size(reader)) {
      if (used == size) return used;
      reader->head[reader->have++] = data[used++];
    }
    begin_payload(reader);
  }
  size_t take = reader->left < size - used ? (size_t) reader->left : size - used;
  reader->left -= take;
  if (reader->left == 0) reader->in_payload = false;
  return used + take;
}

static void put(uint8_t* out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) out[i] = (uint8_t) (value >> (8 * i));
}

/* req_id, result, action and its version: what binary requests begin with. */
static void put_head(uint8_t* out, uint64_t action) {
  put(out, 1, 8);
  put(out + 8, 0, 8);
  put(out + 16, action, 8);
  put(out + 24, 1, 2);
}

int floor_messages_init(floor_messages_t* messages, const char* sql) {
  size_t length = strlen(sql), size = 30 + length;
  uint8_t fetch[FETCH_PAYLOAD];
  memset(messages, 0, sizeof *messages);
  if (size > UINT16_MAX) return -1;
  uint8_t* payload = malloc(size);
  messages->query = malloc(size + FLOOR_HEAD);
  if (payload == NULL || messages->query == NULL) {
    free(payload);
    return -1;
  }
  put_head(payload, 6);
  put(payload + 26, length, 4);
  memcpy(payload + 30, sql, length);
  messages->query_size = floor_frame(messages->query, 2, payload, size);
  free(payload);
  put_head(fetch, 7);
  messages->fetch_size = floor_frame(messages->next, 2, fetch, sizeof fetch);
  messages->free_size = floor_frame(messages->next + messages->fetch_size, 1, free_text,
                                    sizeof free_text - 1);
  return 0;
}

int floor_messages_lines(floor_messages_t* messages, uint32_t rows) {
  static const char begin[] =
      "{\"action\":\"insert\",\"args\":{\"req_id\":1,\"protocol\":1,"
      "\"precision\":\"ms\",\"data\":\"";
  size_t length;
  char* text = bench_lines_text(rows, &length);
  char* payload = malloc(2 * length + sizeof begin + 3);
  uint8_t* frame = malloc(2 * length + sizeof begin + 3 + FLOOR_HEAD);
  size_t at = sizeof begin - 1;
  bool enough = text != NULL && payload != NULL && frame != NULL;
  if (enough) memcpy(payload, begin, at);
  for (size_t i = 0; enough && i < length; i++) {
    if (text[i] == '"' || text[i] == '\\' || text[i] == '\n') payload[at++] = '\\';
    payload[at++] = text[i] == '\n' ? 'n' : text[i];
  }
  if (enough) {
    memcpy(payload + at, "\"}}", 3);
    free(messages->query);
    messages->query = frame;
    messages->query_size = floor_frame(frame, 1, payload, at + 3);
  } else {
    free(frame);
  }
  free(text);
  free(payload);
  return enough ? 0 : -1;
}

void floor_messages_free(floor_messages_t* messages) {
  free(messages->query);
}

void floor_messages_set_id(floor_messages_t* messages, uint64_t id) {
  put(messages->next + messages->fetch_size - FETCH_PAYLOAD + 8, id, 8);
  uint8_t* end = messages->next + messages->fetch_size + messages->free_size - 2;
  for (uint8_t* at = end; at > end - ID_WIDTH && (id > 0 || at == end); id /= 10)
    *--at = (uint8_t) ('0' + id % 10);
}
