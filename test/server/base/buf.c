/* Bytes of the test server: growing buffers and shared, immutable blobs. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void* checked(void* ptr) {
  if (ptr == NULL) {
    fputs("testserver: out of memory\n", stderr);
    abort();
  }
  return ptr;
}

void* ts_malloc(size_t size) {
  return checked(malloc(size > 0 ? size : 1));
}

void* ts_calloc(size_t count, size_t size) {
  return checked(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void* ts_realloc(void* ptr, size_t size) {
  return checked(realloc(ptr, size > 0 ? size : 1));
}

char* ts_strdup(const char* text, size_t size) {
  char* copy = ts_malloc(size + 1);
  if (size > 0) memcpy(copy, text, size);
  copy[size] = '\0';
  return copy;
}

uint8_t* ts_buf_grow(ts_buf_t* buf, size_t size) {
  if (size > buf->capacity - buf->size) {
    size_t capacity = buf->capacity < 128 ? 256 : buf->capacity * 2;
    while (capacity - buf->size < size) capacity *= 2;
    buf->data = ts_realloc(buf->data, capacity);
    buf->capacity = capacity;
  }
  uint8_t* at = buf->data + buf->size;
  buf->size += size;
  return at;
}

void ts_buf_add(ts_buf_t* buf, const void* data, size_t size) {
  if (size > 0) memcpy(ts_buf_grow(buf, size), data, size);
}

void ts_buf_text(ts_buf_t* buf, const char* text) {
  ts_buf_add(buf, text, strlen(text));
}

void ts_buf_name(ts_buf_t* buf, const char* name) {
  ts_buf_text(buf, "`");
  for (const char* at = name; *at != '\0'; at++) {
    if (*at == '`') ts_buf_text(buf, "`");
    ts_buf_add(buf, at, 1);
  }
  ts_buf_text(buf, "`");
}

void ts_buf_format(ts_buf_t* buf, const char* format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  int size = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (size < 0) return;
  if ((size_t) size < sizeof text) {
    ts_buf_add(buf, text, (size_t) size);
    return;
  }
  char* at = (char*) ts_buf_grow(buf, (size_t) size + 1);
  va_start(args, format);
  vsnprintf(at, (size_t) size + 1, format, args);
  va_end(args);
  buf->size--; /* the NUL */
}

void ts_put_u16(uint8_t* at, uint16_t value) {
  at[0] = (uint8_t) value;
  at[1] = (uint8_t) (value >> 8);
}

void ts_put_u32(uint8_t* at, uint32_t value) {
  ts_put_u16(at, (uint16_t) value);
  ts_put_u16(at + 2, (uint16_t) (value >> 16));
}

void ts_put_u64(uint8_t* at, uint64_t value) {
  ts_put_u32(at, (uint32_t) value);
  ts_put_u32(at + 4, (uint32_t) (value >> 32));
}

void ts_buf_u16(ts_buf_t* buf, uint16_t value) {
  ts_put_u16(ts_buf_grow(buf, 2), value);
}
void ts_buf_u32(ts_buf_t* buf, uint32_t value) {
  ts_put_u32(ts_buf_grow(buf, 4), value);
}
void ts_buf_u64(ts_buf_t* buf, uint64_t value) {
  ts_put_u64(ts_buf_grow(buf, 8), value);
}

void ts_buf_decimal(ts_buf_t* buf, uint64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char) ('0' + value % 10);
    value /= 10;
  } while (value > 0);
  ts_buf_add(buf, digits + at, sizeof digits - at);
}

/* What a byte of a JSON string must be replaced by, or NULL. */
static const char* json_escape(unsigned char c, bool html, char scratch[8]) {
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
  }
  if (c >= 0x20 && !(html && (c == '<' || c == '>' || c == '&'))) return NULL;
  snprintf(scratch, 8, "\\u%04x", (unsigned) c);
  return scratch;
}

void ts_buf_json(ts_buf_t* buf, const char* text, size_t size, bool html) {
  char scratch[8];
  ts_buf_add(buf, "\"", 1);
  size_t plain = 0;
  for (size_t i = 0; i < size; i++) {
    const char* escape = json_escape((unsigned char) text[i], html, scratch);
    size_t width = 1;
    if (escape == NULL && size - i >= 3 && memcmp(text + i, "\xe2\x80", 2) == 0 &&
        (text[i + 2] == '\xa8' || text[i + 2] == '\xa9')) {
      escape = text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      width = 3;
    }
    if (escape == NULL) continue;
    ts_buf_add(buf, text + plain, i - plain);
    ts_buf_text(buf, escape);
    i += width - 1;
    plain = i + 1;
  }
  ts_buf_add(buf, text + plain, size - plain);
  ts_buf_add(buf, "\"", 1);
}

void ts_buf_free(ts_buf_t* buf) {
  free(buf->data);
  *buf = (ts_buf_t) {0};
}

size_t ts_put_utf8(uint8_t* out, uint32_t point) {
  if (point < 0x80) {
    out[0] = (uint8_t) point;
    return 1;
  }
  size_t width = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  static const uint8_t firsts[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = width - 1; i > 0; i--, point >>= 6) out[i] = (uint8_t) (0x80 | (point & 0x3f));
  out[0] = (uint8_t) (firsts[width] | point);
  return width;
}

ts_blob_t* ts_blob_new(const void* data, size_t size) {
  ts_blob_t* blob = ts_malloc(sizeof *blob + size);
  blob->refs = 1;
  blob->size = size;
  if (data != NULL && size > 0) memcpy(blob->data, data, size);
  return blob;
}

ts_blob_t* ts_blob_ref(ts_blob_t* blob) {
  blob->refs++;
  return blob;
}

void ts_blob_unref(ts_blob_t* blob) {
  if (blob != NULL && --blob->refs == 0) free(blob);
}

int ts_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char) (c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
