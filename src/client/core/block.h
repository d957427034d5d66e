/* Blocks: the rows of a result that arrived together. */
#ifndef TUV_CLIENT_CORE_BLOCK_H
#define TUV_CLIENT_CORE_BLOCK_H

#include "taosuv.h"
#include "util/errmsg.h"
#include "util/mem.h"

taosuv_block_t* tuv_block_create(tuv_mem_t* mem, tuv_refbuf_t* owner, const uint8_t* data,
                                 size_t size, uint8_t precision, int* status, tuv_errmsg_t* err);
void tuv_block_of_table(taosuv_block_t* block); /* its columns are a table's own */

#endif
