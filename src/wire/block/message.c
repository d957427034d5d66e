/* Binary messages of /ws. */
#include "wire/block/message.h"

#include <string.h>

#include "taosuv/block.h"
#include "util/bytes.h"
#include "wire/status.h"

enum { ACTION_BINARY_QUERY = 6, ACTION_FETCH_RAW_BLOCK = 7 };

static uint8_t* put(uint8_t* out, uint64_t value, unsigned bytes) {
  tuv_store(out, value, bytes);
  return out + bytes;
}

static uint8_t* put_head(uint8_t* out, uint64_t req_id, uint64_t resource, uint64_t action) {
  out = put(out, req_id, 8);
  out = put(out, resource, 8);
  out = put(out, action, 8);
  return put(out, 1, 2); /* version of the layout */
}

void tuv_msg_query_head(uint8_t out[TUV_MSG_QUERY_HEAD], uint64_t req_id, uint32_t sql_length) {
  out = put_head(out, req_id, 0, ACTION_BINARY_QUERY);
  put(out, sql_length, 4);
}

void tuv_msg_fetch(uint8_t out[TUV_MSG_FETCH_SIZE], uint64_t req_id, uint64_t result_id) {
  put_head(out, req_id, result_id, ACTION_FETCH_RAW_BLOCK);
}

tuv_msg_key_t tuv_msg_key(const uint8_t* data, size_t size, uint64_t* id) {
  if (size >= 8 && taosuv_load_u64(data) == UINT64_MAX) {
    if (size < 34) return TUV_MSG_NONE;
    *id = taosuv_load_u64(data + 26);
    return TUV_MSG_BY_REQ_ID;
  }
  if (size < 16) return TUV_MSG_NONE;
  *id = taosuv_load_u64(data + 8);
  return TUV_MSG_BY_RESULT;
}

static int read_old_form(const uint8_t* data, size_t size, tuv_msg_fetched_t* out,
                         tuv_errmsg_t* err) {
  if (size == 16) return tuv_fail(err, TUV_EPROTO, "the reply to fetch_block has no block");
  out->timing = taosuv_load_u64(data);
  out->result_id = taosuv_load_u64(data + 8);
  out->block = data + 16;
  out->block_size = size - 16;
  return 0;
}

static int read_new_form(const uint8_t* data, size_t size, tuv_msg_fetched_t* out,
                         tuv_errmsg_t* err) {
  if (size < 42)
    return tuv_fail(err, TUV_EPROTO, "the reply to a fetch is cut off after %zu bytes", size);
  uint64_t action = taosuv_load_u64(data + 8);
  uint16_t version = taosuv_load_u16(data + 16);
  if (action != ACTION_FETCH_RAW_BLOCK || version != 1)
    return tuv_fail(err, TUV_EPROTO, "the reply to a fetch has action %llu, version %u",
                    (unsigned long long) action, version);
  out->timing = taosuv_load_u64(data + 18);
  out->code = taosuv_load_u32(data + 34);
  out->message_size = taosuv_load_u32(data + 38);
  if (out->message_size > size - 42 || size - 42 - out->message_size < 9)
    return tuv_fail(err, TUV_EPROTO,
                    "the reply to a fetch states a message of %u bytes in %zu bytes",
                    out->message_size, size);
  out->message = (const char*) data + 42;
  const uint8_t* rest = data + 42 + out->message_size;
  size_t left = size - 42 - out->message_size;
  out->result_id = taosuv_load_u64(rest);
  out->finished = out->code == 0 && rest[8] != 0; /* an error has this flag, too */
  if (out->code != 0 || out->finished) return 0;
  if (left < 13)
    return tuv_fail(err, TUV_EPROTO, "the reply to a fetch lacks the length of its block");
  uint32_t length = taosuv_load_u32(rest + 9);
  if (length != left - 13)
    return tuv_fail(err, TUV_EPROTO,
                    "the reply to a fetch states a block of %u bytes, but %zu arrived", length,
                    left - 13);
  out->block = rest + 13;
  out->block_size = length;
  return 0;
}

int tuv_msg_fetched(const uint8_t* data, size_t size, tuv_msg_key_t key, tuv_msg_fetched_t* out,
                    tuv_errmsg_t* err) {
  memset(out, 0, sizeof *out);
  return key == TUV_MSG_BY_RESULT ? read_old_form(data, size, out, err)
                                  : read_new_form(data, size, out, err);
}
