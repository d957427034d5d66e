/* The answer of /rest/sql (PROTOCOL 9.3, 9.4), decoded while it arrives: rows of JSON into the same
 * blocks that the WebSocket gives. */
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

#define TUV_REST_BLOCK_ROWS 4096u       /* of a block at most, as the gateway does it */
#define TUV_REST_BLOCK_BYTES (4u << 20) /* a block with more is ended before its rows are full */
#define TUV_REST_MAX_ROW (16u << 20) /* bytes of a row's text, and of all that is around the rows */

/* A column in the making. */
typedef struct tuv_rest_column_s {
  const char* name; /* NUL-terminated, inside the decoder's `names` */
  uint32_t name_length;
  uint8_t type;             /* taosuv_type_t */
  uint8_t size;             /* bytes of a value; 0: of variable size */
  uint8_t precision, scale; /* of DECIMAL */
  int64_t length;           /* as column_meta says it */
  tuv_buf_t values;         /* the values, or what the offsets point into */
  tuv_buf_t marks;          /* the null bit map, or the offsets */
} tuv_rest_column_t;

typedef struct tuv_rest_s {
  tuv_mem_t* mem;
  tuv_json_t* json;
  /* what was decoded; valid once tuv_rest_end has returned 0 */
  uint32_t code;    /* the server's; 0: success */
  const char* text; /* its text, never NULL; until the next tuv_rest_begin */
  uint64_t timing;  /* ns; 0 when not told */
  uint64_t row_count;
  uint8_t precision; /* of all timestamps: 0 when there is none */
  tuv_rest_column_t* columns;
  uint32_t count;       /* of columns */
  tuv_refbuf_t* blocks; /* linked by `next`, in order; a block's length is in its header */
  /* the scanner */
  uint8_t state;
  uint32_t depth;
  bool in_string, escaped;
  bool comma; /* between rows: one was read, or none is due */
  bool has_precision, has_json;
  tuv_buf_t head;     /* all but the rows */
  tuv_buf_t batch;    /* rows that are not decoded, behind a '[' */
  uint32_t rows;      /* in the block in progress */
  size_t bytes;       /* about */
  tuv_refbuf_t* last; /* of blocks */
  uint32_t capacity;  /* of columns */
  tuv_buf_t names;
  char error[512]; /* the server's text, cut */
} tuv_rest_t;

/* One decoder serves answer after answer; `json` is working memory that others may use between. */
void tuv_rest_init(tuv_rest_t* rest, tuv_mem_t* mem, tuv_json_t* json);
void tuv_rest_free(tuv_rest_t* rest);

/* An answer begins. What was left of the last one is dropped. */
void tuv_rest_begin(tuv_rest_t* rest);

/* Its next bytes. Returns 0, TUV_EPROTO with a text that says what is wrong, TUV_EMSGSIZE for a row
 * beyond TUV_REST_MAX_ROW, or TUV_ENOMEM; after an error only tuv_rest_begin is left. */
int tuv_rest_feed(tuv_rest_t* rest, const uint8_t* data, size_t size, tuv_errmsg_t* err);

/* Its end: 0, or an error as above. */
int tuv_rest_end(tuv_rest_t* rest, tuv_errmsg_t* err);

/* Whether this is the answer to a statement without rows: one cell in a column "affected_rows" of
 * type INT; -1 for NULL. A SELECT can look the same; who knows the statement asks no further. */
bool tuv_rest_is_update(const tuv_rest_t* rest, int64_t* affected_rows);

/* All of the answer but its rows, once tuv_rest_end has returned 0; until the working memory is
 * used again. Returns 0 or TUV_ENOMEM. */
int tuv_rest_root(tuv_rest_t* rest, yyjson_val** root, tuv_errmsg_t* err);

/* Takes the first block, with its reference; NULL when there is none. */
tuv_refbuf_t* tuv_rest_take(tuv_rest_t* rest);

#endif
