/* The answers of /rest/sql decoded: recorded ones, whole and in pieces, and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "block_view.h"
#include "data.h"
#include "recordings.h"
#include "text.h"
#include "wire/rest/rest.h"
#include "wire/status.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct decoder_s {
  tuv_mem_t* mem;
  tuv_json_t json;
  tuv_rest_t rest;
  tuv_errmsg_t err;
} decoder_t;

static void open_decoder(decoder_t* decoder) {
  decoder->mem = tuv_mem_create(&tuv_alloc_default);
  assert_non_null(decoder->mem);
  tuv_json_init(&decoder->json, &decoder->mem->alloc);
  tuv_rest_init(&decoder->rest, decoder->mem, &decoder->json);
}

static void close_decoder(decoder_t* decoder) {
  tuv_rest_free(&decoder->rest);
  tuv_json_free(&decoder->json);
  tuv_mem_close(decoder->mem);
}

/* Decodes a text in pieces of `piece` bytes, each in an allocation of its own. */
static int decode(decoder_t* decoder, const char* text, size_t size, size_t piece) {
  int status = 0;
  decoder->err.text[0] = 0;
  tuv_rest_begin(&decoder->rest);
  for (size_t at = 0; status == 0 && at < size; at += piece) {
    size_t part = size - at < piece ? size - at : piece;
    uint8_t* bytes = malloc(part);
    memcpy(bytes, text + at, part);
    status = tuv_rest_feed(&decoder->rest, bytes, part, &decoder->err);
    free(bytes);
  }
  return status < 0 ? status : tuv_rest_end(&decoder->rest, &decoder->err);
}

static const size_t pieces[] = {SIZE_MAX / 2, 1, 2, 7, 64};

static void open_view(view_t* view, const decoder_t* decoder, const tuv_refbuf_t* block) {
  size_t size = taosuv_load_u32(block->data + 4);
  if (view_open(view, block->data, size, decoder->rest.precision) != 0)
    fail_msg("a decoded block is refused: %s", view->err.text);
}

/* ---- against the blocks that the WebSocket gave for the same SQL ---- */

static void compare_column(const taosuv_column_t* a, const taosuv_column_t* b, uint32_t row,
                           uint32_t other) {
  static char text[1 << 18], expected[1 << 18];
  assert_int_equal(taosuv_is_null(a, row), taosuv_is_null(b, other));
  taosuv_format_cell(a, row, 0, text, sizeof text);
  taosuv_format_cell(b, other, 0, expected, sizeof expected);
  assert_string_equal(text, expected);
  if (a->size > 0 && !taosuv_is_null(a, row))
    assert_memory_equal(a->data + (size_t) row * a->size, b->data + (size_t) other * b->size,
                        a->size);
}

/* A recorded session may have been given a time zone, which the REST request was not. */
static bool is_session_state(const decoder_t* decoder, uint32_t column) {
  return strcmp(decoder->rest.columns[column].name, "timezone()") == 0;
}

/* The same columns; types, widths, decimals' digits too. */
static void compare_schema(const decoder_t* decoder, const view_t* a, const view_t* b) {
  assert_int_equal(a->head.columns, b->head.columns);
  for (uint32_t i = 0; i < a->head.columns; i++) {
    assert_int_equal(a->columns[i].type, b->columns[i].type);
    assert_int_equal(a->columns[i].size, b->columns[i].size);
    if (!is_session_state(decoder, i)) assert_int_equal(a->columns[i].bytes, b->columns[i].bytes);
    assert_int_equal(a->columns[i].scale, b->columns[i].scale);
    if (a->columns[i].type != TAOSUV_TYPE_TIMESTAMP)
      assert_int_equal(a->columns[i].precision, b->columns[i].precision);
  }
}

static size_t compare_blocks(decoder_t* decoder, const rec_result_t* result) {
  size_t cells = 0;
  view_t mine, theirs;
  tuv_refbuf_t* block = tuv_rest_take(&decoder->rest);
  uint32_t row = 0;
  if (block != NULL) open_view(&mine, decoder, block);
  for (size_t i = 0; i < result->nblocks; i++) {
    assert_int_equal(
        view_open(&theirs, result->blocks[i].bytes, result->blocks[i].size, result->precision), 0);
    for (uint32_t other = 0; other < theirs.head.rows; other++, row++) {
      assert_non_null(block);
      if (row == mine.head.rows) {
        view_close(&mine);
        tuv_refbuf_unref(block);
        block = tuv_rest_take(&decoder->rest);
        assert_non_null(block);
        open_view(&mine, decoder, block);
        row = 0;
      }
      compare_schema(decoder, &mine, &theirs);
      for (uint32_t c = 0; c < mine.head.columns; c++) {
        if (is_session_state(decoder, c)) continue;
        compare_column(&mine.columns[c], &theirs.columns[c], row, other);
        cells++;
      }
    }
    view_close(&theirs);
  }
  if (block != NULL) view_close(&mine);
  tuv_refbuf_unref(block);
  assert_null(tuv_rest_take(&decoder->rest));
  return cells;
}

static void test_every_cell_is_what_the_websocket_gave(void** state) {
  rec_t rec;
  decoder_t decoder;
  size_t cells = 0, results = 0;
  (void) state;
  rec_load(&rec);
  open_decoder(&decoder);
  for (size_t i = 0; i < rec.nresults; i++) {
    const rec_result_t* result = &rec.results[i];
    if (result->rest == NULL || !result->finished) continue;
    size_t size;
    char* text = yyjson_write(result->rest, YYJSON_WRITE_NOFLAG, &size);
    for (size_t p = 0; p < COUNT(pieces); p++) {
      int status = decode(&decoder, text, size, pieces[p]);
      if (status < 0) fail_msg("%s: %s", result->sql, decoder.err.text);
      if (decoder.rest.code != 0) continue;
      assert_int_equal(decoder.rest.count, result->nfields);
      cells += compare_blocks(&decoder, result);
      results++;
    }
    free(text);
  }
  print_message("%zu answers decoded, %zu cells compared\n", results, cells);
  assert_true(cells > 0);
  close_decoder(&decoder);
  rec_free(&rec);
}

/* ---- recorded HTTP bodies ---- */

static void test_recorded_bodies_are_read(void** state) {
  td_jsonl_t lines;
  yyjson_val* line;
  decoder_t decoder;
  size_t answers = 0, errors = 0, updates = 0;
  (void) state;
  open_decoder(&decoder);
  td_jsonl_open(&lines, "rest.jsonl");
  while ((line = td_jsonl_next(&lines)) != NULL) {
    const char* path = td_str(yyjson_obj_get(line, "request"), "path", NULL);
    yyjson_val* response = yyjson_obj_get(line, "response");
    size_t size;
    const char* body = td_str(response, "body", &size);
    if (strncmp(path, "/rest/sql", 9) != 0 || strstr(path, "row_with_meta") != NULL) continue;
    yyjson_doc* doc = yyjson_read(body, size, 0);
    yyjson_val* root = yyjson_doc_get_root(doc);
    for (size_t p = 0; p < COUNT(pieces); p++) {
      int status = decode(&decoder, body, size, pieces[p]);
      if (status < 0) fail_msg("%s: %s", body, decoder.err.text);
      assert_int_equal(decoder.rest.code, yyjson_get_uint(yyjson_obj_get(root, "code")));
      int64_t affected = 0;
      if (tuv_rest_is_update(&decoder.rest, &affected)) {
        assert_int_equal(affected, 1);
        updates++;
      }
      if (decoder.rest.code != 0) {
        assert_string_equal(decoder.rest.text, yyjson_get_str(yyjson_obj_get(root, "desc")));
        assert_int_equal(decoder.rest.timing, yyjson_get_uint(yyjson_obj_get(root, "timing")));
        errors++;
      } else {
        assert_int_equal(decoder.rest.row_count, yyjson_get_uint(yyjson_obj_get(root, "rows")));
      }
      answers++;
    }
    yyjson_doc_free(doc);
  }
  td_jsonl_close(&lines);
  close_decoder(&decoder);
  assert_int_equal(updates, COUNT(pieces));
  assert_true(errors >= 5 * COUNT(pieces));
  assert_true(answers > errors);
}

/* ---- values that no recording has ---- */

#define ANSWER(meta, rows, count)                                                                  \
  "{\"code\":0,\"column_meta\":[" meta "],\"data\":[" rows "],\"rows\":" #count "}"

static void decode_one(decoder_t* decoder, const char* text, view_t* view, tuv_refbuf_t** block) {
  for (size_t p = COUNT(pieces); p-- > 0;) {
    int status = decode(decoder, text, strlen(text), pieces[p]);
    if (status < 0) fail_msg("%s: %s", text, decoder->err.text);
  }
  *block = tuv_rest_take(&decoder->rest);
  assert_non_null(*block);
  open_view(view, decoder, *block);
}

static void assert_cells(const char* meta_and_rows, const char* const* expected, uint32_t count) {
  decoder_t decoder;
  view_t view;
  tuv_refbuf_t* block;
  char text[128];
  open_decoder(&decoder);
  decode_one(&decoder, meta_and_rows, &view, &block);
  assert_int_equal(view.head.rows * view.head.columns, count);
  for (uint32_t i = 0; i < count; i++) {
    taosuv_format_cell(&view.columns[i % view.head.columns], i / view.head.columns, 0, text,
                       sizeof text);
    assert_string_equal(text, expected[i]);
  }
  view_close(&view);
  tuv_refbuf_unref(block);
  close_decoder(&decoder);
}

static void test_infinities_and_nan_as_old_servers_print_them(void** state) {
  static const char* const expected[] = {"NaN", "NaN", "Infinity", "-Infinity", "NULL", "1e30"};
  (void) state;
  assert_cells(
      ANSWER("[\"d\",\"DOUBLE\",8],[\"f\",\"FLOAT\",4]", "[NaN,NaN],[+Inf,-Inf],[null,1e+30]", 3),
      expected, COUNT(expected));
}

static void test_minus_zero_keeps_its_sign(void** state) {
  static const char* const expected[] = {"-0", "-0", "0", "0", "-0", "-0"};
  (void) state;
  assert_cells(ANSWER("[\"d\",\"DOUBLE\",8],[\"f\",\"FLOAT\",4]", "[-0,-0],[0,0.0],[-0.0,-0e0]", 3),
               expected, COUNT(expected));
}

static void test_64_bits_are_kept(void** state) {
  static const char* const expected[] = {"-9223372036854775808", "18446744073709551615",
                                         "9223372036854775807", "9007199254740993"};
  (void) state;
  assert_cells(ANSWER("[\"i\",\"BIGINT\",8],[\"u\",\"BIGINT UNSIGNED\",8]",
                      "[-9223372036854775808,18446744073709551615],"
                      "[9223372036854775807,9007199254740993]",
                      2),
               expected, COUNT(expected));
}

static void test_json_cells_keep_their_text(void** state) {
  static const char* const expected[] = {"{\"a\": [1,\"],}\"], \"b\":\"\\u00e9\\\"\"}",
                                         "1",
                                         "1.000000000",
                                         "2",
                                         "\"x\"",
                                         "3",
                                         "NULL",
                                         "4"};
  (void) state;
  assert_cells(ANSWER("[\"j\",\"JSON\",4095],[\"i\",\"INT\",4]",
                      "[ {\"a\": [1,\"],}\"], \"b\":\"\\u00e9\\\"\"} , 1],\n[1.000000000,2],"
                      "[\"x\",3 ] ,[null,4]",
                      4),
               expected, COUNT(expected));
}

static void test_escapes_and_space(void** state) {
  static const char* const expected[] = {"a\"\\\n\t\x01", "+1 [x]", "NULL", ""};
  (void) state;
  assert_cells(
      " {\n\"x\\\"data\":[[1]], \"code\" : 0 , \"column_meta\" : [[\"v\",\"VARCHAR\",9],"
      "[\"n\",\"NCHAR\",9]] , \"data\" : [ [\"a\\\"\\\\\\n\\t\\u0001\" , \"+1 [x]\"] ,"
      " [null,\"\"] ] , \"rows\" : 2 } \n",
      expected, COUNT(expected));
}

static void test_blocks_are_bounded(void** state) {
  decoder_t decoder;
  static const char head[] = "{\"code\":0,\"column_meta\":[[\"i\",\"INT\",4]],\"data\":[";
  size_t rows = 2 * TUV_REST_BLOCK_ROWS + 5, room = sizeof head + rows * 10 + 64;
  char* text = malloc(room);
  size_t size = (size_t) snprintf(text, room, "%s", head);
  (void) state;
  for (size_t i = 0; i < rows; i++)
    size += (size_t) snprintf(text + size, room - size, "%s[%zu]", i == 0 ? "" : ",", i);
  size += (size_t) snprintf(text + size, room - size, "],\"rows\":%zu}", rows);
  open_decoder(&decoder);
  assert_int_equal(decode(&decoder, text, size, 1000), 0);
  size_t seen = 0;
  for (tuv_refbuf_t* block; (block = tuv_rest_take(&decoder.rest)) != NULL;) {
    view_t view;
    open_view(&view, &decoder, block);
    assert_true(view.head.rows <= TUV_REST_BLOCK_ROWS);
    for (uint32_t i = 0; i < view.head.rows; i++)
      assert_int_equal(taosuv_get_i32(&view.columns[0], i), seen++);
    view_close(&view);
    tuv_refbuf_unref(block);
  }
  assert_int_equal(seen, rows);
  close_decoder(&decoder);
  free(text);
}

/* ---- what must be refused ---- */

static void test_broken_answers_are_refused(void** state) {
  static const char* const texts[] = {
      "",
      "  ",
      "<html>",
      "[]",
      "null",
      "{",
      "{}",
      "{\"code\":\"0\"}",
      "{\"code\":-1}",
      "{\"code\":4294967296}",
      "{\"code\":0}x",
      "{\"code\":0,}",
      "{\"code\":1,\"desc\":5}",
      "{\"code\":0,\"data\":[[1]]}",
      "{\"code\":0,\"column_meta\":[],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[1,\"INT\",4]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"INTEGER\",4]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"DECIMAL\",8]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"DECIMAL(39,1)\",8]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"DECIMAL(3,4)\",8]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"DECIMAL(0,0)\",8]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"MEDIUMBLOB\",8]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"NULL\",8]],\"data\":[]}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"INT\",-4]],\"data\":[]}",
      "{\"code\":0,\"code\":1,\"desc\":\"x\"}",
      "{\"code\":1,\"desc\":\"x\",\"code\":0}",
      "{\"code\":1,\"desc\":\"x\",\"desc\":\"x\"}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"INT\",4]],\"data\":[[1]],\"rows\":1,\"rows\":1}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"INT\",4]],\"data\":[],\"data\":[[1]],\"rows\":1}",
      "{\"code\":0,\"column_meta\":[[\"a\",\"INT\",4]],\"data\":[[1]],\"rows\":1,"
      "\"column_meta\":[[\"a\",\"BIGINT\",8]]}",
      ANSWER("[\"a\",\"INT\",4]", "[1]", 2),
      ANSWER("[\"a\",\"INT\",4]", "[1,2]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[1]]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[1},", 1),
      ANSWER("[\"a\",\"INT\",4]", "[1],", 1),
      ANSWER("[\"a\",\"INT\",4]", ",[1]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[1][2]", 2),
      ANSWER("[\"a\",\"INT\",4]", "{\"a\":1}", 1),
      ANSWER("[\"a\",\"INT\",4]", "1", 1),
      ANSWER("[\"a\",\"INT\",4]", "[1],\"data\":[[1]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[[1]]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[2147483648]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[1.5]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[\"1\"]", 1),
      ANSWER("[\"a\",\"INT\",4]", "[true]", 1),
      ANSWER("[\"a\",\"TINYINT\",1]", "[-129]", 1),
      ANSWER("[\"a\",\"TINYINT UNSIGNED\",1]", "[256]", 1),
      ANSWER("[\"a\",\"INT UNSIGNED\",4]", "[-1]", 1),
      ANSWER("[\"a\",\"BIGINT\",8]", "[9223372036854775808]", 1),
      ANSWER("[\"a\",\"BIGINT UNSIGNED\",8]", "[18446744073709551616]", 1),
      ANSWER("[\"a\",\"BOOL\",1]", "[1]", 1),
      ANSWER("[\"a\",\"DOUBLE\",8]", "[\"1\"]", 1),
      ANSWER("[\"a\",\"TIMESTAMP\",8]", "[1700000000000]", 1),
      ANSWER("[\"a\",\"TIMESTAMP\",8]",
             "[\"2023-11-14T22:13:20.000Z\"],[\"2023-11-14T22:13:20.000000Z\"]", 2),
      ANSWER("[\"a\",\"VARCHAR\",4]", "[1]", 1),
      ANSWER("[\"a\",\"VARBINARY\",4]", "[\"0\"]", 1),
      ANSWER("[\"a\",\"DECIMAL(4,2)\",8]", "[\"1.234\"]", 1),
      ANSWER("[\"a\",\"DECIMAL(4,2)\",8]", "[1.2]", 1)};
  decoder_t decoder;
  (void) state;
  open_decoder(&decoder);
  for (size_t i = 0; i < COUNT(texts); i++)
    for (size_t p = 0; p < COUNT(pieces); p++) {
      int status = decode(&decoder, texts[i], strlen(texts[i]), pieces[p]);
      if (status != TUV_EPROTO) fail_msg("%s: %d", texts[i], status);
      assert_string_not_equal(decoder.err.text, "");
    }
  close_decoder(&decoder);
}

static void test_a_text_beyond_its_prefix_is_refused(void** state) {
  decoder_t decoder;
  text_t text = {0};
  (void) state;
  text_add(&text, "{\"code\":0,\"column_meta\":[[\"a\",\"VARCHAR\",9]],\"data\":[[\"");
  for (unsigned i = 0; i < 65536; i++) text_add(&text, "x");
  text_add(&text, "\"]],\"rows\":1}");
  open_decoder(&decoder);
  assert_int_equal(decode(&decoder, text.data, text.size, text.size), TUV_EPROTO);
  text.data[text.size - 14] = '"'; /* 65535 bytes */
  text.data[text.size - 13] = ' ';
  assert_int_equal(decode(&decoder, text.data, text.size, text.size), 0);
  close_decoder(&decoder);
  free(text.data);
}

static void test_cut_and_spoiled_answers_are_refused_or_decoded(void** state) {
  static const char text[] = ANSWER(
      "[\"ts\",\"TIMESTAMP\",8],[\"j\",\"JSON\",4095],[\"n\",\"NCHAR\",9],[\"b\",\"VARBINARY\",9],"
      "[\"d\",\"DECIMAL(10,3)\",8],[\"f\",\"FLOAT\",4]",
      "[\"2023-11-14T22:13:20.000Z\",{\"a\":[1]},\"x\\u00e9\",\"00ff\",\"-1.234\",1.5],"
      "[null,null,null,null,null,null]",
      2);
  static const char bytes[] = "\"[]{},:\\+\0eN9-";
  decoder_t decoder;
  size_t refused = 0, size = sizeof text - 1;
  char copy[sizeof text];
  (void) state;
  open_decoder(&decoder);
  assert_int_equal(decode(&decoder, text, size, size), 0);
  for (size_t cut = 0; cut < size; cut++)
    assert_int_equal(decode(&decoder, text, cut, 16), TUV_EPROTO);
  for (size_t at = 0; at < size; at++)
    for (size_t i = 0; i < sizeof bytes - 1; i++) {
      memcpy(copy, text, sizeof text);
      copy[at] = bytes[i];
      int status = decode(&decoder, copy, size, 32);
      assert_true(status == 0 || status == TUV_EPROTO);
      if (status < 0) refused++;
      for (tuv_refbuf_t* block; (block = tuv_rest_take(&decoder.rest)) != NULL;) {
        view_t view;
        if (status == 0) open_view(&view, &decoder, block);
        if (status == 0) view_close(&view);
        tuv_refbuf_unref(block);
      }
    }
  assert_true(refused > size);
  close_decoder(&decoder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_cell_is_what_the_websocket_gave),
      cmocka_unit_test(test_recorded_bodies_are_read),
      cmocka_unit_test(test_infinities_and_nan_as_old_servers_print_them),
      cmocka_unit_test(test_minus_zero_keeps_its_sign),
      cmocka_unit_test(test_64_bits_are_kept),
      cmocka_unit_test(test_json_cells_keep_their_text),
      cmocka_unit_test(test_escapes_and_space),
      cmocka_unit_test(test_blocks_are_bounded),
      cmocka_unit_test(test_broken_answers_are_refused),
      cmocka_unit_test(test_a_text_beyond_its_prefix_is_refused),
      cmocka_unit_test(test_cut_and_spoiled_answers_are_refused_or_decoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
