/* Raw data blocks (PROTOCOL 5). A block is checked once and completely, and gives a view of each
 * column, through which it is read without further checks. */
#ifndef TUV_WIRE_BLOCK_BLOCK_H
#define TUV_WIRE_BLOCK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/block.h"
#include "util/errmsg.h"

#define TUV_BLOCK_HEADER 28u
#define TUV_BLOCK_MAX_COLUMNS 4096u /* TDengine's limit of columns and tags of a table */

typedef struct tuv_block_head_s {
  int32_t version;
  uint32_t length; /* as the header states it */
  uint32_t rows;
  uint32_t columns;
  uint64_t group_id;
} tuv_block_head_t;

/* Reads and checks the header alone: its rows and columns must be possible in `size` bytes, and the
 * stated length must not exceed `size`. Returns 0, or TUV_EBLOCK with a text in `err`. */
int tuv_block_head(const uint8_t* data, size_t size, tuv_block_head_t* head, tuv_errmsg_t* err);

/* Checks the rest and fills in a view for each column. Types must be known and have their widths;
 * every length, offset and prefix must stay inside the block; NCHAR must have whole characters.
 * DECIMALs that state an impossible precision or scale get TAOSUV_COLUMN_SCALE_UNKNOWN. `precision`
 * is that of the result, for columns of TIMESTAMP. Trailing bytes are ignored, and nothing is
 * allocated. Returns 0, or TUV_EBLOCK with a text that names column and row. */
int tuv_block_parse(const uint8_t* data, size_t size, const tuv_block_head_t* head,
                    uint8_t precision, taosuv_column_t* columns, tuv_errmsg_t* err);

/* Sets TAOSUV_COLUMN_SCALE_UNKNOWN for all DECIMALs if one of them states what is impossible.
 * `of_table`: the columns are those of a table, for which less is possible than for expressions.
 * tuv_block_parse has done it as for expressions. */
void tuv_block_check_decimals(taosuv_column_t* columns, uint32_t count, bool of_table);

#endif
