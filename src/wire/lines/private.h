/* What the files that write line protocol share: the object, and its names and texts.
 *
 * A backslash escapes a comma, a space or '=' in names and tag values. Servers from 3.3.0.1 on read
 * two backslashes there as one, older ones as two. A single backslash before any other character
 * stands for itself on all of them, so that most texts with backslashes read alike everywhere. */
#ifndef TUV_WIRE_LINES_PRIVATE_H
#define TUV_WIRE_LINES_PRIVATE_H

#include <string.h>

#include "taosuv/line.h"
#include "util/buf.h"
#include "util/errmsg.h"
#include "wire/status.h"

/* The most characters of an NCHAR. */
#define TUV_LINE_MAX_NCHAR 16379u

typedef enum { TUV_LINE_BETWEEN, TUV_LINE_TAGS, TUV_LINE_FIELDS } tuv_line_stage_t;

/* Which servers the lines are for. NEW: from 3.3.0.1 on. */
typedef enum { TUV_LINE_ANY_SERVER, TUV_LINE_OLD_SERVER, TUV_LINE_NEW_SERVER } tuv_line_server_t;

struct taosuv_line_s {
  tuv_alloc_t alloc;
  tuv_buf_t text;  /* finished points, and behind them the one that is being written */
  tuv_buf_t keys;  /* where the keys of that point are (word.c) */
  size_t finished; /* bytes of the finished points */
  uint64_t points;
  size_t tag_width; /* what the server needs for the tags of that point */
  tuv_line_stage_t stage;
  tuv_line_server_t server;
  tuv_errmsg_t err;
};

/* A kind of name or text, and the rules for it. */
typedef struct tuv_line_word_s {
  const char* what;
  const char* special; /* what a backslash escapes in it, besides a backslash */
  size_t most;
  bool doubled; /* new servers read two backslashes as one */
  bool may_end; /* such a pair may stand at its end */
} tuv_line_word_t;

extern const tuv_line_word_t tuv_line_measurement, tuv_line_tag_key, tuv_line_tag_value,
    tuv_line_field_key;

/* Checks a name or text, and sets *length to what TAOSUV_NUL_TERMINATED stands for. A key must not
 * be one of the server's own. */
int tuv_line_check_word(taosuv_line_t* line, const tuv_line_word_t* word, const char* text,
                        size_t* length);
int tuv_line_check_key(taosuv_line_t* line, const tuv_line_word_t* word, const char* key,
                       size_t* length);
int tuv_line_check_utf8(taosuv_line_t* line, const char* what, const char* text, size_t length);

/* Write at `out` and return the end. A word is escaped, and has at most 2 * length bytes. */
uint8_t* tuv_line_put_word(const taosuv_line_t* line, uint8_t* out, const tuv_line_word_t* word,
                           const char* text, size_t length);
uint8_t* tuv_line_put_escaped(uint8_t* out, const char* text, size_t length, const char* special);
static inline uint8_t* tuv_line_put(uint8_t* out, const void* bytes, size_t size) {
  memcpy(out, bytes, size);
  return out + size;
}

/* Counts what was written behind the text, up to `end`. */
static inline void tuv_line_commit(taosuv_line_t* line, const uint8_t* end) {
  tuv_buf_commit(&line->text, (size_t) (end - (line->text.data + line->text.tail)));
}

/* Notes an escaped key that is about to be committed. A point must not have a key twice. */
int tuv_line_add_key(taosuv_line_t* line, const tuv_line_word_t* word, const uint8_t* key,
                     size_t length);

int tuv_line_no_memory(taosuv_line_t* line);

#endif
