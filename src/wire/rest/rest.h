/* The answer of /rest/sql (PROTOCOL 9.3, 9.4), decoded while it arrives: its rows, which are JSON,
 * become the same blocks as those of the WebSocket. A scanner finds the rows in the text; yyjson
 * reads them in batches. */
#ifndef TUV_WIRE_REST_REST_H
#define TUV_WIRE_REST_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/block.h"
#include "util/buf.h"
#include "util/errmsg.h"
#include "util/mem.h"
#include "wire/json/json.h"

#define TUV_REST_BLOCK_ROWS 4096u       /* the most rows of a block, as in the gateway */
#define TUV_REST_BLOCK_BYTES (4u << 20) /* a block of more bytes is ended before */
#define TUV_REST_MAX_ROW (16u << 20)    /* bytes of a row, and of everything around the rows */

/* A column of the block that is being made. */
typedef struct tuv_rest_column_s {
  const char* name; /* NUL-terminated, in `names` of the decoder */
  uint32_t name_length;
  uint8_t type;             /* taosuv_type_t */
  uint8_t size;             /* bytes of a value; 0: variable */
  uint8_t precision, scale; /* of DECIMAL */
  int64_t length;           /* as column_meta states it */
  tuv_buf_t values;         /* the values, or what the offsets point into */
  tuv_buf_t marks;          /* the null bit map, or the offsets */
} tuv_rest_column_t;

typedef struct tuv_rest_s {
  tuv_mem_t* mem;
  tuv_json_t* json;
  /* the result, valid after tuv_rest_end has returned 0 */
  uint32_t code;    /* of the server; 0: success */
  const char* text; /* never NULL; valid until the next tuv_rest_begin */
  uint64_t timing;  /* ns; 0 when missing */
  uint64_t row_count;
  uint8_t precision; /* of all timestamps; 0 without any */
  tuv_rest_column_t* columns;
  uint32_t count;       /* of columns */
  tuv_refbuf_t* blocks; /* a list in order; the length of a block is in its header */
  /* of the scanner */
  uint8_t state;
  uint32_t depth;
  bool in_string, escaped;
  bool comma; /* between rows: a comma was read */
  bool has_precision, has_json;
  tuv_buf_t head;     /* the text without the rows */
  tuv_buf_t batch;    /* rows that were not decoded yet, after a '[' */
  uint32_t rows;      /* in the block in progress */
  size_t bytes;       /* of the block, about */
  tuv_refbuf_t* last; /* of blocks */
  uint32_t capacity;  /* of columns */
  tuv_buf_t names;
  char error[512]; /* the text of the server, cut */
} tuv_rest_t;

/* One decoder serves all answers of a connection. Others may use `json` between calls. */
void tuv_rest_init(tuv_rest_t* rest, tuv_mem_t* mem, tuv_json_t* json);
void tuv_rest_free(tuv_rest_t* rest);

/* Begins an answer, and drops what is left of the last one. */
void tuv_rest_begin(tuv_rest_t* rest);

/* Feeds the next bytes. Returns 0, TUV_EPROTO with a text that says what is wrong, TUV_EMSGSIZE for
 * a row of more than TUV_REST_MAX_ROW bytes, or TUV_ENOMEM. After an error only tuv_rest_begin may
 * be called. */
int tuv_rest_feed(tuv_rest_t* rest, const uint8_t* data, size_t size, tuv_errmsg_t* err);

/* Ends the answer. Returns 0, or an error as above. */
int tuv_rest_end(tuv_rest_t* rest, tuv_errmsg_t* err);

/* Whether the answer is that to a statement without rows: one cell in a column "affected_rows" of
 * type INT, whose NULL is read as -1. The answer to a SELECT can look the same, so that the caller
 * has to know the statement. */
bool tuv_rest_is_update(const tuv_rest_t* rest, int64_t* affected_rows);

/* Returns the answer without its rows, after tuv_rest_end has returned 0. It is valid until `json`
 * is used again. Returns 0 or TUV_ENOMEM. */
int tuv_rest_root(tuv_rest_t* rest, yyjson_val** root, tuv_errmsg_t* err);

/* Takes the first block with its reference; NULL when none is left. */
tuv_refbuf_t* tuv_rest_take(tuv_rest_t* rest);

#endif
