/* Fuzzes HTTP answers and the rows of JSON in them: read or refused with a text, in pieces as well
 * as whole with the same outcome, and every block that comes of them is valid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/block/block.h"
#include "wire/http/reply.h"
#include "wire/rest/rest.h"
#include "wire/status.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

typedef struct outcome_s {
  int http, json;
  uint64_t rows, bytes;
  uint32_t code;
} outcome_t;

static int on_body(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  return tuv_rest_feed(context, data, size, err);
}

static void check_blocks(tuv_rest_t* rest, outcome_t* outcome) {
  uint64_t rows = 0;
  taosuv_column_t* columns = calloc(rest->count, sizeof *columns);
  for (tuv_refbuf_t* block; (block = tuv_rest_take(rest)) != NULL;) {
    tuv_errmsg_t err;
    tuv_block_head_t head;
    size_t size = taosuv_load_u32(block->data + 4);
    require(size <= block->capacity, "a block lies in its buffer");
    require(tuv_block_head(block->data, size, &head, &err) == 0, "a block has a head");
    require(head.columns == rest->count, "a block has the columns of its answer");
    require(tuv_block_parse(block->data, size, &head, rest->precision, columns, &err) == 0,
            "a block is valid");
    rows += head.rows;
    outcome->bytes += size;
    tuv_refbuf_unref(block);
  }
  free(columns);
  require(rows == rest->row_count, "all rows are in blocks");
  outcome->rows = rows;
}

/* The first byte of the input says whether it is a whole answer or a body. */
static outcome_t read_in_pieces(const uint8_t* data, size_t size, bool http, size_t piece) {
  outcome_t outcome = {0};
  tuv_errmsg_t err = {""};
  tuv_json_t json;
  tuv_rest_t rest;
  tuv_http_reply_t reply;
  tuv_mem_t* mem = tuv_mem_create(&tuv_alloc_default);
  tuv_json_init(&json, &mem->alloc);
  tuv_rest_init(&rest, mem, &json);
  tuv_rest_begin(&rest);
  tuv_http_reply_init(&reply, &mem->alloc, 1u << 20, on_body, &rest);
  tuv_http_reply_begin(&reply);
  for (size_t at = 0; at < size && outcome.http == 0 && outcome.json == 0; at += piece) {
    size_t part = size - at < piece ? size - at : piece, used;
    if (http)
      outcome.http = tuv_http_reply_feed(&reply, (const char*) data + at, part, &used, &err);
    else
      outcome.json = tuv_rest_feed(&rest, data + at, part, &err);
    require(!http || used <= part, "no more is taken than there is");
  }
  if (http && outcome.http == 0) outcome.http = tuv_http_reply_eof(&reply, &err);
  if (outcome.http < 0 || outcome.json < 0) require(err.text[0] != 0, "an error has its text");
  if (outcome.http >= 0 && outcome.json == 0) {
    outcome.json = tuv_rest_end(&rest, &err);
    outcome.code = rest.code;
    if (outcome.json == 0) check_blocks(&rest, &outcome);
  }
  tuv_http_reply_free(&reply);
  tuv_rest_free(&rest);
  tuv_json_free(&json);
  tuv_mem_close(mem);
  return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  bool http = data[0] == 'H';
  outcome_t whole = read_in_pieces(data, size, http, size);
  outcome_t pieces = read_in_pieces(data, size, http, 7);
  require((whole.http < 0) == (pieces.http < 0), "pieces are the same HTTP as the whole");
  require(whole.http < 0 || (whole.json == pieces.json && whole.rows == pieces.rows),
          "pieces are the same rows as the whole");
  return 0;
}
