/* What a WebSocket reader reports, as a text that does not depend on how the bytes were cut. */
#include "ws_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/ws/frame.h"

typedef struct {
  char* text;
  size_t size, capacity;
  size_t open; /* where the unfinished D line begins; SIZE_MAX: there is none */
} log_t;

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "the WebSocket reader broke its contract: %s\n", what);
  abort();
}

static char* reserve(log_t* log, size_t more) {
  if (log->capacity - log->size <= more) {
    log->capacity = (log->size + more + 1) * 2;
    log->text = realloc(log->text, log->capacity);
    require(log->text != NULL, "out of memory");
  }
  return log->text + log->size;
}

static void add(log_t* log, const char* format, ...) {
  char* at = reserve(log, 256);
  va_list args;
  va_start(args, format);
  int length = vsnprintf(at, 256, format, args);
  va_end(args);
  require(length >= 0 && length < 256, "a line too long for this log");
  log->size += (size_t) length;
}

static void add_hex(log_t* log, const uint8_t* data, size_t size) {
  static const char digits[] = "0123456789abcdef";
  char* at = reserve(log, 2 * size);
  for (size_t i = 0; i < size; i++) {
    *at++ = digits[data[i] >> 4];
    *at++ = digits[data[i] & 15];
  }
  *at = '\0';
  log->size += 2 * size;
}

static void add_data(log_t* log, const tuv_ws_event_t* event) {
  require(event->frame_end || !event->message_end, "a message ended within a frame");
  if (log->open == SIZE_MAX) {
    log->open = log->size;
    add(log, "D%d ", event->opcode);
  }
  add_hex(log, event->data, event->size);
  if (!event->frame_end) return;
  add(log, event->message_end ? " ||\n" : " |\n");
  log->open = SIZE_MAX;
}

static void add_control(log_t* log, const tuv_ws_event_t* event) {
  add(log, "C%d ", event->opcode);
  if (event->opcode == TUV_WS_CLOSE) add(log, "%d ", event->code);
  add_hex(log, event->data, event->size);
  add(log, "\n");
}

static void add_event(log_t* log, const tuv_ws_event_t* event) {
  switch (event->kind) {
    case TUV_WS_EV_MORE: return;
    case TUV_WS_EV_DATA: add_data(log, event); return;
    case TUV_WS_EV_CONTROL: add_control(log, event); return;
    case TUV_WS_EV_FRAME:
      add(log, "F%d%s%s%s %llu\n", event->opcode, event->first ? "^" : "", event->fin ? "." : "",
          event->compressed ? "z" : "", (unsigned long long) event->length);
      return;
    case TUV_WS_EV_ERROR:
      if (log->open != SIZE_MAX) log->size = log->open;
      log->open = SIZE_MAX;
      add(log, "E%d %s\n", event->code, event->text);
      return;
  }
  require(false, "an unknown kind of event");
}

/* After an error the reader must report it again and take nothing. */
static void check_dead(tuv_ws_reader_t* reader, const tuv_ws_event_t* error) {
  uint8_t ping[] = {0x89, 0x00};
  tuv_ws_event_t again;
  require(tuv_ws_reader_next(reader, ping, sizeof ping, &again) == 0, "took bytes after an error");
  require(again.kind == TUV_WS_EV_ERROR && again.code == error->code && again.text == error->text,
          "another event after an error");
  require(tuv_ws_reader_left(reader) == 0, "payload left after an error");
}

/* Returns false after an error. */
static bool feed(log_t* log, tuv_ws_reader_t* reader, uint8_t* piece, size_t size) {
  size_t at = 0;
  for (;;) {
    tuv_ws_event_t event;
    uint64_t left = tuv_ws_reader_left(reader);
    size_t used = tuv_ws_reader_next(reader, piece + at, size - at, &event);
    require(used <= size - at, "consumed more than there was");
    bool data = event.kind == TUV_WS_EV_DATA;
    require(!data || (event.data == piece + at && event.size == used), "data is not the bytes");
    require(!data || left - event.size == tuv_ws_reader_left(reader), "payload left is wrong");
    require(!data || used > 0 || event.frame_end, "data without progress");
    at += used;
    add_event(log, &event);
    if (event.kind == TUV_WS_EV_MORE) {
      require(at == size, "MORE with bytes left");
      return true;
    }
    if (event.kind == TUV_WS_EV_ERROR) {
      check_dead(reader, &event);
      return false;
    }
  }
}

char* ws_log(const uint8_t* data, size_t size, bool expect_mask, bool allow_rsv1, size_t first,
             size_t piece) {
  log_t log = {.open = SIZE_MAX};
  reserve(&log, 1)[0] = '\0';
  tuv_ws_reader_t reader;
  tuv_ws_reader_init(&reader, expect_mask, allow_rsv1);
  size_t at = 0, next = first;
  for (bool alive = true; alive && at < size;) {
    size_t take = next != 0 && next < size - at ? next : size - at;
    next = piece;
    uint8_t* copy = malloc(take);
    require(copy != NULL, "out of memory");
    memcpy(copy, data + at, take);
    alive = feed(&log, &reader, copy, take);
    free(copy);
    at += take;
  }
  if (log.open != SIZE_MAX) add(&log, " ...\n");
  log.text[log.size] = '\0';
  return log.text;
}
