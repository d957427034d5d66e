/* Recorded bytes for the tests: found, read, split into JSON lines, decoded from hex. */
#ifndef TUV_TEST_UNIT_DATA_H
#define TUV_TEST_UNIT_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

/* Reads a whole file of the folder that TAOSUV_TEST_DATA names (otherwise "test/data"). The text ends in
 * a NUL that `size` does not count; `size` may be NULL. Never returns NULL: a file that cannot be
 * read ends the test program with a message. The caller frees it with free(). */
char* td_read(const char* name, size_t* size);

/* The lines of a file, each a JSON document. */
typedef struct {
  char* text;
  size_t size;
  size_t at;       /* where the next line begins */
  size_t line;     /* number of the line that td_jsonl_next gave last, from 1 */
  yyjson_doc* doc; /* that line; freed by the next td_jsonl_next and by td_jsonl_close */
} td_jsonl_t;

void td_jsonl_open(td_jsonl_t* lines, const char* name);
/* The root of the next line that is not empty; NULL after the last. A line that is not JSON ends
 * the test program with a message. */
yyjson_val* td_jsonl_next(td_jsonl_t* lines);
void td_jsonl_close(td_jsonl_t* lines);

/* A member's string, "" when it is absent; its length in `size`, which may be NULL. */
const char* td_str(yyjson_val* object, const char* key, size_t* size);

/* Decodes hex digits. Never NULL (1 byte at least is allocated); a text that is not hex ends the
 * test program with a message. The caller frees it with free(). */
uint8_t* td_hex(const char* hex, size_t hexlen, size_t* size);

#endif
