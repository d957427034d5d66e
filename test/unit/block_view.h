/* A parsed block that owns its bytes, for the tests of blocks. */
#ifndef TUV_TEST_UNIT_BLOCK_VIEW_H
#define TUV_TEST_UNIT_BLOCK_VIEW_H

#include <stdlib.h>
#include <string.h>

#include "wire/block/block.h"

typedef struct view_s {
  uint8_t* bytes;
  tuv_block_head_t head;
  taosuv_column_t* columns;
  tuv_errmsg_t err;
} view_t;

/* Copies the bytes, so that they end where their memory ends, and parses them. */
static inline int view_open(view_t* view, const uint8_t* bytes, size_t size, uint8_t precision) {
  memset(view, 0, sizeof *view);
  view->bytes = malloc(size + (size == 0));
  if (size != 0) memcpy(view->bytes, bytes, size);
  int status = tuv_block_head(view->bytes, size, &view->head, &view->err);
  if (status != 0) return status;
  view->columns = malloc(view->head.columns * sizeof *view->columns);
  return tuv_block_parse(view->bytes, size, &view->head, precision, view->columns, &view->err);
}

static inline void view_close(view_t* view) {
  free(view->columns);
  free(view->bytes);
}

#endif
