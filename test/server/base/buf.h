/* Bytes of the test server: growing buffers and shared, immutable blobs. */
#ifndef TS_BASE_BUF_H
#define TS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory that cannot be had ends the process: this is a tool of tests. */
void* ts_malloc(size_t size);
void* ts_calloc(size_t count, size_t size);
void* ts_realloc(void* ptr, size_t size);
char* ts_strdup(const char* text, size_t size);

typedef struct ts_buf_s {
  uint8_t* data;
  size_t size;
  size_t capacity;
} ts_buf_t;

/* Makes room for `size` more bytes, counts them as used and returns where they begin. */
uint8_t* ts_buf_grow(ts_buf_t* buf, size_t size);
void ts_buf_add(ts_buf_t* buf, const void* data, size_t size);
void ts_buf_text(ts_buf_t* buf, const char* text);
void ts_buf_name(ts_buf_t* buf, const char* name); /* in backquotes, as in SQL */
void ts_buf_format(ts_buf_t* buf, const char* format, ...) __attribute__((format(printf, 2, 3)));
void ts_buf_u16(ts_buf_t* buf, uint16_t value); /* little-endian, as the next two */
void ts_buf_u32(ts_buf_t* buf, uint32_t value);
void ts_buf_u64(ts_buf_t* buf, uint64_t value);
/* A number in decimal digits, without the cost of a format. */
void ts_buf_decimal(ts_buf_t* buf, uint64_t value);
/* A JSON string with its quotes, escaped as Go does; `html` escapes <, > and & too. */
void ts_buf_json(ts_buf_t* buf, const char* text, size_t size, bool html);
void ts_buf_free(ts_buf_t* buf);

void ts_put_u16(uint8_t* at, uint16_t value);
void ts_put_u32(uint8_t* at, uint32_t value);
void ts_put_u64(uint8_t* at, uint64_t value);
size_t ts_put_utf8(uint8_t* at, uint32_t point); /* at most 4 bytes; how many */

int ts_hex_digit(char c); /* its value; -1: not a hex digit */

/* Inline, because they are called for each value. */
static inline uint16_t ts_get_u16(const uint8_t* at) {
  return (uint16_t) (at[0] | at[1] << 8);
}

static inline uint32_t ts_get_u32(const uint8_t* at) {
  return (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24;
}

static inline uint64_t ts_get_u64(const uint8_t* at) {
  return (uint64_t) ts_get_u32(at) | (uint64_t) ts_get_u32(at + 4) << 32;
}

/* Bytes with a reference count, so that one block is sent many times without a copy. */
typedef struct ts_blob_s {
  size_t refs;
  size_t size;
  uint8_t data[];
} ts_blob_t;

ts_blob_t* ts_blob_new(const void* data, size_t size); /* data NULL: bytes are not set */
ts_blob_t* ts_blob_ref(ts_blob_t* blob);
void ts_blob_unref(ts_blob_t* blob); /* NULL is fine */

#endif
