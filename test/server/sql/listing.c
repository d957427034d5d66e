/* Results made row by row, for SHOW. */
#include "sql/listing.h"

#include <string.h>

void ts_listing_begin(ts_listing_t* listing, const ts_field_t* fields, uint32_t nfields) {
  listing->result = ts_result_new(fields, nfields, 0);
  ts_block_begin(&listing->writer, fields, nfields);
}

void ts_listing_text(ts_listing_t* listing, uint32_t column, const char* text) {
  if (text == NULL) {
    ts_block_null(&listing->writer, column);
  } else {
    ts_block_bytes(&listing->writer, column, text, strlen(text));
  }
}

void ts_listing_row(ts_listing_t* listing) {
  ts_block_row(&listing->writer);
  if (listing->writer.rows == TS_BLOCK_ROWS)
    ts_result_add(listing->result, ts_block_end(&listing->writer));
}

ts_result_t* ts_listing_end(ts_listing_t* listing) {
  if (listing->writer.rows > 0) ts_result_add(listing->result, ts_block_end(&listing->writer));
  ts_block_free(&listing->writer);
  return listing->result;
}
