/* taosuv-micro: runs one codec N times, for sh bench/instructions to count its instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "micro_bind.h"
#include "util/alloc.h"
#include "wire/block/block.h"
#include "wire/json/json.h"
#include "wire/json/request.h"
#include "wire/json/result.h"
#include "wire/value/format.h"
#include "wire/block/message.h"
#include "wire/ws/frame.h"

#define ROWS 4096u
#define FRAMES 64u

/* The input of the codecs, created before the counting begins. */
static struct {
  uint8_t text[256];
  uint8_t large[64 << 10];
  uint8_t frame[(64 << 10) + TUV_WS_MAX_HEADER];
  uint8_t frames[FRAMES * (sizeof(uint8_t[256]) + TUV_WS_MAX_HEADER)];
  size_t frames_size;
  uint8_t block[256 << 10];
  size_t block_size;
  uint8_t nchar[ROWS * 4];
  char utf8[ROWS * 4];
  uint8_t reply[TUV_MSG_BLOCK_AT + 64];
  tuv_json_t json;
} data;

static volatile uint64_t sink; /* keeps results from being optimised away */

/* The reply to `select * from` a small table, as a server of version 3.3.6 sends it. */
static const char query_reply[] =
    "{\"code\":0,\"message\":\"\",\"action\":\"binary_query\",\"req_id\":7,\"timing\":1375285,"
    "\"id\":4,\"is_update\":false,\"affected_rows\":0,\"fields_count\":4,"
    "\"fields_names\":[\"ts\",\"a\",\"b\",\"c\"],\"fields_types\":[9,4,7,8],"
    "\"fields_lengths\":[8,4,8,24],\"precision\":0,\"fields_precisions\":[0,0,0,0],"
    "\"fields_scales\":[0,0,0,0]}";

static uint8_t* put(uint8_t* out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) out[i] = (uint8_t) (value >> (8 * i));
  return out + bytes;
}

static uint8_t* put_numbers(uint8_t* out, uint64_t first, uint64_t step, size_t bytes) {
  memset(out, 0, ROWS / 8); /* no NULL */
  out += ROWS / 8;
  for (uint64_t row = 0; row < ROWS; row++) out = put(out, first + row * step, bytes);
  return out;
}

/* "row-<number>" for each row, after the offsets; returns the end. */
static uint8_t* put_texts(uint8_t* out, uint32_t* length) {
  uint8_t* offsets = out;
  uint8_t* texts = out + (size_t) ROWS * 4;
  out = texts;
  for (unsigned row = 0; row < ROWS; row++) {
    char text[24];
    int size = snprintf(text, sizeof text, "row-%u", row);
    offsets = put(offsets, (uint64_t) (out - texts), 4);
    out = put(out, (uint64_t) size, 2);
    memcpy(out, text, (size_t) size);
    out += size;
  }
  *length = (uint32_t) (out - texts);
  return out;
}

/* A block of TIMESTAMP, INT, DOUBLE and VARCHAR(24), as the bench tables have. */
static void make_block(void) {
  static const struct {
    uint8_t type, bytes;
  } columns[] = {{9, 8}, {4, 4}, {7, 8}, {8, 26}};
  uint8_t* out = data.block;
  uint32_t texts;
  uint64_t head[] = {1, 0, ROWS, 4, 0x80000000u, 0, 0};
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) out = put(out, head[i], 4);
  for (size_t i = 0; i < 4; i++) out = put(put(out, columns[i].type, 1), columns[i].bytes, 4);
  uint8_t* lengths = out;
  out = put_numbers(lengths + 16, UINT64_C(1700000000000), 1000, 8);
  out = put_numbers(out, 0, 1, 4);
  out = put_numbers(out, UINT64_C(0x4000000000000000), 12345678901, 8);
  out = put_texts(out, &texts);
  lengths = put(put(put(lengths, ROWS * 8, 4), ROWS * 4, 4), ROWS * 8, 4);
  put(lengths, texts, 4);
  *out++ = 0;
  data.block_size = (size_t) (out - data.block);
  put(data.block + 4, data.block_size, 4);
}

static void make_frames(void) {
  for (size_t i = 0; i < sizeof data.text; i++) data.text[i] = (uint8_t) ('a' + i % 26);
  for (size_t i = 0; i < sizeof data.large; i++) data.large[i] = (uint8_t) i;
  uint8_t* out = data.frames;
  for (unsigned i = 0; i < FRAMES; i++) {
    out += tuv_ws_write_header(out, TUV_WS_TEXT, true, false, sizeof data.text, NULL);
    memcpy(out, data.text, sizeof data.text);
    out += sizeof data.text;
  }
  data.frames_size = (size_t) (out - data.frames);
}

/* Text of one, two, three and four bytes of UTF-8 in turn, mostly one. */
static void make_nchar(void) {
  static const uint32_t codes[] = {'t', 'a', 'o', 's', 0xe9, 0x6d9b, 0x1f600, 'u'};
  for (size_t i = 0; i < ROWS; i++) put(data.nchar + 4 * i, codes[i % 8], 4);
}

static void make_reply(void) {
  uint8_t* out = put(put(put(data.reply, UINT64_MAX, 8), 7, 8), 1, 2);
  out = put(put(put(put(out, 12345, 8), 7, 8), 0, 4), 0, 4); /* timing, req_id, code, message */
  put(put(put(out, 4, 8), 0, 1), 64, 4);                     /* result, finished, block */
}

static void frame_write(void) {
  static const uint8_t mask[4] = {1, 2, 3, 4};
  size_t size = tuv_ws_write_header(data.frame, TUV_WS_BINARY, true, false, 64, mask);
  tuv_ws_mask(data.frame + size, data.text, 64, mask, 0);
  sink += data.frame[size];
}

static void frame_write_64k(void) {
  static const uint8_t mask[4] = {1, 2, 3, 4};
  size_t size = tuv_ws_write_header(data.frame, TUV_WS_BINARY, true, false, sizeof data.large,
                                    mask);
  tuv_ws_mask(data.frame + size, data.large, sizeof data.large, mask, 0);
  sink += data.frame[size];
}

static void frame_read(void) {
  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  uint8_t* at = data.frames;
  size_t left = data.frames_size;
  tuv_ws_reader_init(&reader, false, false);
  do {
    size_t used = tuv_ws_reader_next(&reader, at, left, &event);
    at += used;
    left -= used;
    sink += event.size;
  } while (event.kind != TUV_WS_EV_MORE && event.kind != TUV_WS_EV_ERROR);
}

static void block_check(void) {
  taosuv_column_t columns[4];
  tuv_block_head_t head;
  tuv_errmsg_t err;
  if (tuv_block_head(data.block, data.block_size, &head, &err) != 0 || head.columns != 4) abort();
  if (tuv_block_parse(data.block, data.block_size, &head, 0, columns, &err) != 0) abort();
  sink += columns[3].length;
}

static void nchar_utf8(void) {
  sink += taosuv_nchar_utf8(data.nchar, sizeof data.nchar, data.utf8, sizeof data.utf8);
}

static void query_parse(void) {
  tuv_reply_t reply;
  tuv_query_reply_t query;
  tuv_errmsg_t err;
  if (tuv_reply_parse(&data.json, (const uint8_t*) query_reply, sizeof query_reply - 1, &reply,
                      &err) != 0)
    abort();
  if (tuv_reply_query(&reply, &query, &err) != 0) abort();
  sink += query.names_size;
}

static void fetch_parse(void) {
  tuv_msg_fetched_t fetched;
  tuv_errmsg_t err;
  uint64_t id;
  tuv_msg_key_t key = tuv_msg_key(data.reply, sizeof data.reply, &id);
  if (tuv_msg_fetched(data.reply, sizeof data.reply, key, &fetched, &err) != 0) abort();
  sink += fetched.block_size + id;
}

static void request_write(void) {
  uint8_t head[TUV_MSG_QUERY_HEAD], fetch[TUV_MSG_FETCH_SIZE];
  char text[TUV_REQUEST_ID_MAX];
  tuv_msg_query_head(head, sink, 8);
  tuv_msg_fetch(fetch, sink, 123456);
  sink += head[0] + fetch[16] +
          tuv_json_request_id(text, "free_result", 1234567890123, "id", 123456);
}

static void run_bind_columns(void) {
  sink += bind_columns();
}

static void run_bind_rows(void) {
  sink += bind_rows();
}

static void run_bind_values(void) {
  sink += bind_values();
}

static void run_bind_columnar(void) {
  sink += bind_columnar();
}

static void run_bind_texts(void) {
  sink += bind_texts();
}

static void run_bind_text_rows(void) {
  sink += bind_text_rows();
}

static void run_bind_first(void) {
  sink += bind_first();
}

static const struct {
  const char* name;
  void (*run)(void);
  const char* about;
} codecs[] = {
    {"frame_write", frame_write, "a masked frame of 64 bytes"},
    {"frame_write_64k", frame_write_64k, "a masked frame of 64 KiB"},
    {"frame_read", frame_read, "64 text frames of 256 bytes, checked to be UTF-8"},
    {"request_write", request_write, "the three requests of a query, without frames"},
    {"query_parse", query_parse, "the JSON reply to a query, four columns"},
    {"fetch_parse", fetch_parse, "the binary reply to a fetch, without its block"},
    {"block_check", block_check, "a block of 4096 rows, four columns, one of texts"},
    {"nchar_utf8", nchar_utf8, "4096 characters of NCHAR"},
    {"bind_columns", run_bind_columns,
     "10,000 rows of TIMESTAMP, INT, DOUBLE for ten tables bound by column, written masked"},
    {"bind_rows", run_bind_rows, "the same bound by row"},
    {"bind_values", run_bind_values, "the same bound value by value"},
    {"bind_columnar", run_bind_columnar, "the same by column as one bind_exec"},
    {"bind_texts", run_bind_texts, "the same by column with a VARCHAR besides"},
    {"bind_text_rows", run_bind_text_rows, "that bound by row"},
    {"bind_first", run_bind_first, "that by column as blocks of the first version"},
};

/* The versions that the counts depend on. */
#if defined(__clang__)
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif
#if defined(__OPTIMIZE__)
#define OPTIMIZED "optimized"
#else
#define OPTIMIZED "not optimized"
#endif

static int usage(void) {
  fprintf(stderr, "usage: taosuv-micro CODEC TIMES | taosuv-micro --list | --tools\n");
  return 2;
}

int main(int argc, char** argv) {
  size_t count = sizeof codecs / sizeof *codecs;
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (size_t i = 0; i < count; i++) printf("%s %s\n", codecs[i].name, codecs[i].about);
    return 0;
  }
  if (argc == 2 && strcmp(argv[1], "--tools") == 0) {
    printf("%s, %s, yyjson %s\n", COMPILER, OPTIMIZED, YYJSON_VERSION_STRING);
    return 0;
  }
  if (argc != 3) return usage();
  char* end;
  unsigned long times = strtoul(argv[2], &end, 10);
  size_t index = 0;
  while (index < count && strcmp(argv[1], codecs[index].name) != 0) index++;
  if (index == count || *end != 0) return usage();
  make_frames();
  make_block();
  make_nchar();
  make_reply();
  bind_make();
  tuv_json_init(&data.json, &tuv_alloc_default);
  codecs[index].run(); /* the extra work of the first call is not counted */
  for (unsigned long i = 0; i < times; i++) codecs[index].run();
  bind_done();
  tuv_json_free(&data.json);
  return 0;
}
