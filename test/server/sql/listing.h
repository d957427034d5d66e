/* Results made row by row, for SHOW. */
#ifndef TS_SQL_LISTING_H
#define TS_SQL_LISTING_H

#include "codec/result.h"

typedef struct ts_listing_s {
  ts_block_writer_t writer; /* for values of other types than text */
  ts_result_t* result;
} ts_listing_t;

void ts_listing_begin(ts_listing_t* listing, const ts_field_t* fields, uint32_t nfields);
void ts_listing_text(ts_listing_t* listing, uint32_t column, const char* text); /* NULL: no value */
void ts_listing_row(ts_listing_t* listing); /* when all of its values are there */
ts_result_t* ts_listing_end(ts_listing_t* listing);

#endif
