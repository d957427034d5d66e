/* The raw data block (PROTOCOL 5): checked once and completely, then read through column views. */
#ifndef TUV_WIRE_BLOCK_BLOCK_H
#define TUV_WIRE_BLOCK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/block.h"
#include "util/errmsg.h"

#define TUV_BLOCK_HEADER 28u
#define TUV_BLOCK_MAX_COLUMNS 4096u /* TDengine's own limit of columns and tags of a table */

typedef struct tuv_block_head_s {
  int32_t version;
  uint32_t length; /* as the header states it */
  uint32_t rows;
  uint32_t columns;
  uint64_t group_id;
} tuv_block_head_t;

/* Reads and checks the header alone: that rows and columns are possible in `size` bytes and that
 * the stated length is not more than `size`. Returns 0 or TUV_EBLOCK with a text in `err`. */
int tuv_block_head(const uint8_t* data, size_t size, tuv_block_head_t* head, tuv_errmsg_t* err);

/* Checks all the rest and fills head->columns column views: known types and their widths, every
 * length, offset and length prefix inside the block, NCHAR lengths in whole characters. DECIMALs
 * whose stated precision or scale cannot be right get TAOSUV_COLUMN_SCALE_UNKNOWN. `precision` is
 * the result's, for TIMESTAMP columns. Trailing bytes are ignored. Returns 0 or TUV_EBLOCK with a
 * text naming column and row. Nothing is allocated. */
int tuv_block_parse(const uint8_t* data, size_t size, const tuv_block_head_t* head,
                    uint8_t precision, taosuv_column_t* columns, tuv_errmsg_t* err);

/* Sets TAOSUV_COLUMN_SCALE_UNKNOWN on all DECIMALs if one of them cannot be as it is stated.
 * `of_table`: the columns are a table's own, for which fewer statements are possible than for
 * expressions. tuv_block_parse has done it for expressions. */
void tuv_block_check_decimals(taosuv_column_t* columns, uint32_t count, bool of_table);

#endif
