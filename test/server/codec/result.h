/* A finished result: its columns and its blocks, unchanging and shared by those who read it. */
#ifndef TS_CODEC_RESULT_H
#define TS_CODEC_RESULT_H

#include "codec/block.h"

typedef struct ts_result_s {
  size_t refs;
  uint8_t precision; /* of its timestamps; 0 without a table */
  uint32_t nfields;
  ts_field_t* fields;
  /* The blocks: `repeat` times the first one, then the others. */
  uint64_t repeat;
  size_t nblocks;
  ts_blob_t** blocks;
  ts_blob_t* meta; /* the reply's JSON from "fields_count" to the end, made when first needed */
} ts_result_t;

ts_result_t* ts_result_new(const ts_field_t* fields, uint32_t nfields, uint8_t precision);
void ts_result_add(ts_result_t* result, ts_blob_t* block); /* takes the caller's reference */
ts_result_t* ts_result_ref(ts_result_t* result);
void ts_result_unref(ts_result_t* result); /* NULL is fine */

/* Block `index`, or NULL after the last. No reference is given away. */
ts_blob_t* ts_result_block(const ts_result_t* result, uint64_t index);
uint32_t ts_block_rows(const ts_blob_t* block);

/* The reply's JSON from "fields_count" on, without the brace at its end. `storage`: lengths are
 * those of storage, as statements give them. */
void ts_result_put_meta(ts_buf_t* out, const ts_result_t* result, bool html, bool decimals,
                        bool storage);
/* `html` escapes as gateways before 3.3.7.6 did; `decimals` adds the two decimal arrays. */
const ts_blob_t* ts_result_meta(ts_result_t* result, bool html, bool decimals);

#endif
