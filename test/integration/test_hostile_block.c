/* Blocks that lie: each lie gets its status at once, never an empty success, and the client
 * goes on. */
#include "hostile.h"

enum { ROWS_OF_BLOCK = 10, COLUMNS_OF_BLOCK = 4, SCHEMA = 28, LENGTHS = SCHEMA + 5 * 4 };

/* The block of HOSTILE_SQL in memory of its own, to be spoilt. */
static uint8_t* true_block(size_t* size) {
  ts_result_t* result = ts_result_bench(HOSTILE_SQL, strlen(HOSTILE_SQL));
  const ts_blob_t* blob = ts_result_block(result, 0);
  uint8_t* bytes = malloc(blob->size);
  memcpy(bytes, blob->data, blob->size);
  *size = blob->size;
  ts_result_unref(result);
  return bytes;
}

/* What is written where: `bytes` of `value` at `offset`. */
typedef struct change_s {
  const char* name;
  size_t offset;
  unsigned bytes;
  uint64_t value;
} change_t;

/* Values of c, the varchar column, begin behind its offsets; those of ts, a and b lie before. */
enum { TEXTS = LENGTHS + 16 + 3 * 2 + ROWS_OF_BLOCK * (8 + 4 + 8) };

static const change_t changes[] = {
    {"block of version 3", 0, 4, 3},
    {"block with length 0", 4, 4, 0},
    {"block with a length beyond its bytes", 4, 4, 100000},
    {"block with a negative length", 4, 4, UINT32_MAX},
    {"block of 2^31-1 rows", 8, 4, INT32_MAX},
    {"block of -1 rows", 8, 4, UINT32_MAX},
    {"block of a row too many", 8, 4, ROWS_OF_BLOCK + 1},
    {"block of a row too few", 8, 4, ROWS_OF_BLOCK - 1},
    {"block of no columns", 12, 4, 0},
    {"block of a column too few", 12, 4, COLUMNS_OF_BLOCK - 1},
    {"block of a column too many", 12, 4, COLUMNS_OF_BLOCK + 1},
    {"block of 2^31-1 columns", 12, 4, INT32_MAX},
    {"column of another type of its width", SCHEMA + 5, 1, TAOSUV_TYPE_UINT},
    {"column of another type", SCHEMA, 1, TAOSUV_TYPE_VARCHAR},
    {"column of no type", SCHEMA, 1, 99},
    {"column of type NULL", SCHEMA, 1, 0},
    {"column of another width", SCHEMA + 1, 4, 4},
    {"column with a length too large", LENGTHS, 4, 8 * ROWS_OF_BLOCK + 8},
    {"column with a length of 2^32-1", LENGTHS, 4, UINT32_MAX},
    {"text column with a length beyond the block", LENGTHS + 12, 4, 100000},
    {"text offset beyond the column", TEXTS + 4, 4, 100000},
    {"text offset negative", TEXTS + 4, 4, UINT32_MAX - 1},
    {"text length beyond the column", TEXTS + 4 * ROWS_OF_BLOCK, 2, 65535},
};

static void block_lie(void** state) {
  it_t* it = *state;
  const change_t* change = it->param;
  taosuv_client_t* client = hostile_client(it);
  size_t size;
  uint8_t* block = true_block(&size);
  assert_in_range(change->offset, 0, size - 8);
  for (unsigned i = 0; i < change->bytes; i++)
    block[change->offset + i] = (uint8_t) (change->value >> (8 * i));
  hostile_tell(
      it, client, FETCH,
      &(ts_rule_t) {
          .action = "fetch_raw_block", .answer = TS_ANSWER_BLOCK, .data = block, .size = size},
      TAOSUV_EBLOCK);
  free(block);
}

static void an_unspoilt_block_of_the_same_making_is_taken(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  size_t size;
  uint8_t* block = true_block(&size);
  it_rule(it, &(ts_rule_t) {.action = "fetch_raw_block",
                            .times = 1,
                            .answer = TS_ANSWER_BLOCK,
                            .data = block,
                            .size = size});
  taosuv_result_t* result = it_rows(it, client, HOSTILE_SQL);
  taosuv_block_t* taken = it_block(it, result);
  taosuv_column_t c;
  char text[16];
  assert_int_equal(taosuv_block_column(taken, 3, &c), 0);
  taosuv_format_cell(&c, 9, 0, text, sizeof text);
  assert_string_equal(text, "row-9");
  taosuv_block_unref(taken);
  taosuv_result_close(result);
  free(block);
}

static void a_block_cut_at_any_byte_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  size_t size;
  uint8_t* block = true_block(&size);
  for (size_t cut = 0; cut < size; cut += cut < 64 ? 1 : 17)
    hostile_tell(
        it, client, FETCH,
        &(ts_rule_t) {
            .action = "fetch_raw_block", .answer = TS_ANSWER_BLOCK, .data = block, .size = cut},
        TAOSUV_EBLOCK);
  free(block);
}

static void the_block_of_another_query_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  size_t size;
  it_op_t op = {0};
  uint8_t* block = true_block(&size);
  uint64_t begun = it_ms();
  it_rule(it,
          &(ts_rule_t) {
              .action = "fetch_raw_block", .answer = TS_ANSWER_BLOCK, .data = block, .size = size});
  taosuv_result_t* result = it_rows(it, client, "select 1");
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), TAOSUV_EBLOCK);
  it_has(op.message, "column");
  taosuv_result_close(result);
  free(block);
  hostile_goes_on(it, client, begun);
}

/* ---- the head of a block's message ---- */

/* Offsets in a fetch_raw_block reply without a message: action 8, version 16, req_id 26, code 34,
 * message's length 38, result id 42, finished 50, block's length 51. */
static const change_t head_changes[] = {
    {"fetch reply of another action", 8, 8, 6},
    {"fetch reply of another version", 16, 2, 2},
    {"fetch reply with a message beyond its end", 38, 4, 1000000},
    {"fetch reply with a message of 2^32-1 bytes", 38, 4, UINT32_MAX},
    {"fetch reply of another result", 42, 8, 999999},
    {"fetch reply with a block longer than it is", 51, 4, 1000000},
    {"fetch reply with a block shorter than it is", 51, 4, 1},
    {"fetch reply in the old form", 0, 8, 1},
};

/* A whole reply to the first fetch on a connection by `opened`: its second result is asked. */
static size_t true_reply(uint8_t** reply) {
  size_t size;
  uint8_t* block = true_block(&size);
  *reply = calloc(1, 55 + size);
  memset(*reply, 255, 8);
  ts_put_u64(*reply + 8, 7);
  ts_put_u16(*reply + 16, 1);
  ts_put_u64(*reply + 42, 2);
  ts_put_u32(*reply + 51, (uint32_t) size);
  memcpy(*reply + 55, block, size);
  free(block);
  return 55 + size;
}

static void an_unspoilt_reply_of_the_same_making_is_taken(void** state) {
  it_t* it = *state;
  uint8_t* reply;
  taosuv_client_t* client = hostile_client(it);
  size_t size = true_reply(&reply);
  it_rule(it, &(ts_rule_t) {.action = "fetch_raw_block",
                            .times = 1,
                            .answer = TS_ANSWER_BINARY,
                            .data = reply,
                            .size = size,
                            .put_req_id = true});
  taosuv_result_t* result = it_rows(it, client, HOSTILE_SQL);
  assert_int_equal(it_drain(it, result), 2 * ROWS_OF_BLOCK); /* then the server's own */
  taosuv_result_close(result);
  free(reply);
}

static void head_lie(void** state) {
  it_t* it = *state;
  const change_t* change = it->param;
  uint8_t* reply;
  taosuv_client_t* client = hostile_client(it);
  size_t size = true_reply(&reply);
  for (unsigned i = 0; i < change->bytes; i++)
    reply[change->offset + i] = (uint8_t) (change->value >> (8 * i));
  hostile_tell(it, client, FETCH,
               &(ts_rule_t) {.action = "fetch_raw_block",
                             .answer = TS_ANSWER_BINARY,
                             .data = reply,
                             .size = size,
                             .put_req_id = true},
               TAOSUV_EPROTO);
  free(reply);
}

static void a_fetch_reply_cut_at_any_byte_is_refused(void** state) {
  it_t* it = *state;
  uint8_t* reply;
  taosuv_client_t* client = hostile_client(it);
  size_t size = true_reply(&reply);
  for (size_t cut = 0; cut < size; cut += cut < 60 ? 1 : 31) {
    it_close_wait(it, client);
    memset(&it->slots[0], 0, sizeof it->slots[0]);
    client = hostile_client(it); /* for the result's id to be the one in the reply */
    hostile_tell(it, client, FETCH,
                 &(ts_rule_t) {.action = "fetch_raw_block",
                               .answer = TS_ANSWER_BINARY,
                               .data = reply,
                               .size = cut,
                               .put_req_id = true},
                 TAOSUV_EPROTO);
  }
  free(reply);
}

static void a_refused_fetch_has_the_servers_code(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  uint64_t begun = it_ms();
  it_rule(it, &(ts_rule_t) {.action = "fetch_raw_block",
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x0102,
                            .text = "Out of memory"});
  assert_int_equal(it_end(hostile_start(it, client, &op, FETCH), &op), TAOSUV_ESERVER);
  assert_int_equal(op.req.server_code, 0x0102);
  assert_string_equal(op.message, "Out of memory");
  taosuv_result_close(op.fetch.result);
  hostile_goes_on(it, client, begun);
}

/* ---- the JSON actions of old servers ---- */

/* The truth of which the lies above are variants. */
static void an_old_fetch_that_is_true_is_taken(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client_old(it);
  static const char answer[] = HOSTILE_HEAD
      ",\"id\":2,\"completed\":false,\"lengths\":[],\"rows\":10}";
  size_t size;
  uint8_t* block = true_block(&size);
  it_rule(it, &(ts_rule_t) {.action = "fetch",
                            .times = 1,
                            .answer = TS_ANSWER_TEXT,
                            .data = answer,
                            .size = sizeof answer - 1,
                            .put_req_id = true});
  it_rule(it, &(ts_rule_t) {.action = "fetch_block",
                            .times = 1,
                            .answer = TS_ANSWER_BLOCK,
                            .data = block,
                            .size = size});
  taosuv_result_t* result = it_rows(it, client, HOSTILE_SQL);
  assert_int_equal(it_drain(it, result), 2 * ROWS_OF_BLOCK);
  taosuv_result_close(result);
  free(block);
}

static void an_old_block_that_lies_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client_old(it);
  size_t size;
  uint8_t* block = true_block(&size);
  for (size_t i = 0; i < COUNT(changes); i++) {
    uint8_t* spoilt = malloc(size);
    memcpy(spoilt, block, size);
    for (unsigned b = 0; b < changes[i].bytes; b++)
      spoilt[changes[i].offset + b] = (uint8_t) (changes[i].value >> (8 * b));
    hostile_tell(
        it, client, FETCH,
        &(ts_rule_t) {
            .action = "fetch_block", .answer = TS_ANSWER_BLOCK, .data = spoilt, .size = size},
        TAOSUV_EBLOCK);
    free(spoilt);
  }
  free(block);
}

static void an_old_block_of_another_result_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client_old(it);
  uint8_t reply[40] = {1, [8] = 99};
  for (size_t size = 0; size <= sizeof reply; size += 8)
    hostile_tell(
        it, client, FETCH,
        &(ts_rule_t) {
            .action = "fetch_block", .answer = TS_ANSWER_BINARY, .data = reply, .size = size},
        TAOSUV_EPROTO);
}

int main(void) {
  static const struct CMUnitTest others[] = {
      IT_TEST(an_unspoilt_block_of_the_same_making_is_taken),
      IT_TEST(an_unspoilt_reply_of_the_same_making_is_taken),
      IT_TEST(an_old_fetch_that_is_true_is_taken),
      IT_TEST(a_block_cut_at_any_byte_is_refused),
      IT_TEST(the_block_of_another_query_is_refused),
      IT_TEST(a_fetch_reply_cut_at_any_byte_is_refused),
      IT_TEST(a_refused_fetch_has_the_servers_code),
      IT_TEST(an_old_block_that_lies_is_refused),
      IT_TEST(an_old_block_of_another_result_is_refused),
  };
  for (size_t i = 0; i < COUNT(changes); i++) hostile_add(changes[i].name, block_lie, &changes[i]);
  for (size_t i = 0; i < COUNT(head_changes); i++)
    hostile_add(head_changes[i].name, head_lie, &head_changes[i]);
  return hostile_run("hostile_block", others, COUNT(others));
}
