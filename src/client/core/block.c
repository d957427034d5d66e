/* Blocks: a received message's buffer and the checked views of its columns, counted by
 * reference. */
#include "client/core/block.h"
#include "wire/block/block.h"

#include <string.h>

struct taosuv_block_s {
  void* unused; /* the pool's link while it is recycled */
  tuv_mem_t* mem;
  tuv_refbuf_t* owner;
  const uint8_t* data;
  size_t size;
  uint32_t refs;
  uint32_t rows;
  uint32_t count;
  uint32_t capacity;
  taosuv_column_t* columns;
};

static void destroy(const tuv_alloc_t* alloc, void* object) {
  tuv_free(alloc, ((taosuv_block_t*) object)->columns);
}

static int reserve_columns(taosuv_block_t* block, uint32_t count) {
  if (count <= block->capacity) return 0;
  uint32_t capacity = count < 4 ? 4 : count;
  void* columns = tuv_calloc(&block->mem->alloc, capacity, sizeof *block->columns);
  if (columns == NULL) return TAOSUV_ENOMEM;
  tuv_free(&block->mem->alloc, block->columns);
  block->columns = columns;
  block->capacity = capacity;
  return 0;
}

taosuv_block_t* tuv_block_create(tuv_mem_t* mem, tuv_refbuf_t* owner, const uint8_t* data,
                                 size_t size, uint8_t precision, int* status, tuv_errmsg_t* err) {
  int recycled;
  tuv_block_head_t head;
  mem->destroy[TUV_MEM_BLOCK] = destroy;
  *status = tuv_block_head(data, size, &head, err);
  if (*status < 0) return NULL;
  taosuv_block_t* block = tuv_mem_take(mem, TUV_MEM_BLOCK, sizeof *block, &recycled);
  if (block != NULL) {
    block->mem = mem;
    *status = reserve_columns(block, head.columns);
    if (*status == 0) *status = tuv_block_parse(data, size, &head, precision, block->columns, err);
    if (*status < 0) tuv_mem_put(mem, TUV_MEM_BLOCK, block);
  } else {
    *status = TAOSUV_ENOMEM;
  }
  if (*status == TAOSUV_ENOMEM) tuv_fail(err, *status, "no memory for a block");
  if (*status < 0) return NULL;
  block->owner = tuv_refbuf_ref(owner);
  block->data = data;
  block->size = size;
  block->refs = 1;
  block->rows = head.rows;
  block->count = head.columns;
  return block;
}

void tuv_block_of_table(taosuv_block_t* block) {
  tuv_block_check_decimals(block->columns, block->count, true);
}

taosuv_block_t* taosuv_block_ref(taosuv_block_t* block) {
  if (block != NULL) block->refs++;
  return block;
}

void taosuv_block_unref(taosuv_block_t* block) {
  if (block == NULL || --block->refs > 0) return;
  tuv_refbuf_unref(block->owner);
  tuv_mem_put(block->mem, TUV_MEM_BLOCK, block);
}

uint32_t taosuv_block_rows(const taosuv_block_t* block) {
  return block != NULL ? block->rows : 0;
}

uint32_t taosuv_block_columns(const taosuv_block_t* block) {
  return block != NULL ? block->count : 0;
}

const void* taosuv_block_data(const taosuv_block_t* block, size_t* size) {
  if (size != NULL) *size = block != NULL ? block->size : 0;
  return block != NULL ? block->data : NULL;
}

int taosuv_block_column(const taosuv_block_t* block, uint32_t index, taosuv_column_t* column) {
  if (column == NULL) return TAOSUV_EINVAL;
  if (block == NULL || index >= block->count) {
    memset(column, 0, sizeof *column);
    return TAOSUV_EINVAL;
  }
  *column = block->columns[index];
  return 0;
}
