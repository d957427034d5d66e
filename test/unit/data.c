/* Recorded bytes for the tests: found, read, split into JSON lines, decoded from hex. */
#include "data.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const char* format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(99);
}

static void* allocate(size_t size) {
  void* memory = malloc(size);
  if (memory == NULL) die("out of memory: %zu bytes", size);
  return memory;
}

char* td_read(const char* name, size_t* size) {
  const char* folder = getenv("TAOSUV_TEST_DATA");
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "test/data", name);
  if (length < 0 || (size_t) length >= sizeof path) die("path too long: %s", name);

  FILE* file = fopen(path, "rb");
  if (file == NULL) die("cannot open %s (set TAOSUV_TEST_DATA to the folder of recordings)", path);
  if (fseek(file, 0, SEEK_END) != 0) die("cannot seek in %s", path);
  long end = ftell(file);
  if (end < 0 || fseek(file, 0, SEEK_SET) != 0) die("cannot tell the size of %s", path);
  char* text = allocate((size_t) end + 1);
  if (fread(text, 1, (size_t) end, file) != (size_t) end) die("cannot read %s", path);
  fclose(file);
  text[end] = '\0';
  if (size != NULL) *size = (size_t) end;
  return text;
}

void td_jsonl_open(td_jsonl_t* lines, const char* name) {
  memset(lines, 0, sizeof *lines);
  lines->text = td_read(name, &lines->size);
}

yyjson_val* td_jsonl_next(td_jsonl_t* lines) {
  yyjson_doc_free(lines->doc);
  lines->doc = NULL;
  while (lines->at < lines->size) {
    char* begin = lines->text + lines->at;
    size_t left = lines->size - lines->at;
    char* newline = memchr(begin, '\n', left);
    size_t length = newline != NULL ? (size_t) (newline - begin) : left;
    lines->at += newline != NULL ? length + 1 : length;
    lines->line++;
    if (length == 0) continue;
    lines->doc = yyjson_read(begin, length, 0);
    if (lines->doc == NULL) die("line %zu is not JSON", lines->line);
    return yyjson_doc_get_root(lines->doc);
  }
  return NULL;
}

void td_jsonl_close(td_jsonl_t* lines) {
  yyjson_doc_free(lines->doc);
  free(lines->text);
  memset(lines, 0, sizeof *lines);
}

const char* td_str(yyjson_val* object, const char* key, size_t* size) {
  yyjson_val* value = yyjson_obj_get(object, key);
  const char* text = yyjson_get_str(value);
  if (size != NULL) *size = text != NULL ? yyjson_get_len(value) : 0;
  return text != NULL ? text : "";
}

static uint8_t digit(char c) {
  if (c >= '0' && c <= '9') return (uint8_t) (c - '0');
  if (c >= 'a' && c <= 'f') return (uint8_t) (c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return (uint8_t) (c - 'A' + 10);
  die("not a hex digit: '%c'", c);
}

uint8_t* td_hex(const char* hex, size_t hexlen, size_t* size) {
  if (hexlen % 2 != 0) die("an odd number of hex digits: %zu", hexlen);
  uint8_t* bytes = allocate(hexlen / 2 + 1);
  for (size_t i = 0; i < hexlen / 2; i++)
    bytes[i] = (uint8_t) (digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  *size = hexlen / 2;
  return bytes;
}
