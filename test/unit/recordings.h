/* Recorded query results: their fields, their raw blocks, and REST's answer to the same SQL. */
#ifndef TUV_TEST_UNIT_RECORDINGS_H
#define TUV_TEST_UNIT_RECORDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

typedef struct rec_block_s {
  uint8_t* bytes; /* an allocation of exactly `size`, so that a byte read too much is found */
  size_t size;
  size_t line; /* of the recording */
} rec_block_t;

typedef struct rec_result_s {
  char* file;
  size_t line; /* of the reply that opened the result */
  uint64_t id;
  char* sql; /* NULL for a statement's result */
  uint8_t precision;
  uint32_t nfields;
  uint8_t* types;
  rec_block_t* blocks;
  size_t nblocks;
  bool finished;    /* whether the recording has its end */
  yyjson_doc* rest; /* the answer of POST /rest/sql, or NULL */
} rec_result_t;

typedef struct rec_s {
  rec_result_t* results;
  size_t nresults;
  size_t files;
  size_t events;         /* lines in all */
  size_t unknown_events; /* lines of a form that is not known here */
  size_t other_binary;   /* binary replies of other layouts (TMQ) */
  size_t error_replies;  /* binary replies that carry an error */
  size_t orphan_blocks;  /* blocks of results that the recording does not open */
  size_t unmatched_rest; /* REST answers without a result */
} rec_t;

/* Reads every *.jsonl of the folder that TAOSUV_TEST_RECORDINGS names, otherwise TAOSUV_TEST_DATA, else
 * "test/data". Block replies are matched with the query's reply by their result id: those of action
 * 7 (PROTOCOL 4.3) and those of the old fetch_block (PROTOCOL 4.6). A reply of these two kinds
 * that is not whole, or an unreadable file, ends the test program with a message. */
void rec_load(rec_t* rec);
void rec_free(rec_t* rec);

#endif
