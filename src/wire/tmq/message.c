/* Binary messages of TMQ (PROTOCOL 7.8): the replies that carry payloads and blocks, and the head
 * of those that write them. */
#include "wire/tmq/message.h"

#include <string.h>

#include "taosuv/block.h"
#include "util/bytes.h"
#include "wire/status.h"

enum {
  ACTION_FETCH_RAW_DATA = 8,
  ACTION_FETCH_RAW = 3,
  OLD_HEAD = 24,     /* timing, req_id, message id */
  OLD_RAW_HEAD = 38, /* the same, then action, length, type */
  NEW_HEAD = 42      /* up to the text */
};

uint64_t tuv_tmq_req_id(const uint8_t* data, size_t size) {
  if (size >= 8 && taosuv_load_u64(data) == UINT64_MAX)
    return size < NEW_HEAD ? 0 : taosuv_load_u64(data + 26);
  return size < OLD_HEAD ? 0 : taosuv_load_u64(data + 8);
}

static void read_old_head(const uint8_t* data, tuv_tmq_reply_t* out) {
  memset(out, 0, sizeof *out);
  out->timing = taosuv_load_u64(data);
  out->req_id = taosuv_load_u64(data + 8);
  out->message_id = taosuv_load_u64(data + 16);
}

int tuv_tmq_block_reply(const uint8_t* data, size_t size, tuv_tmq_reply_t* out, tuv_errmsg_t* err) {
  if (size <= OLD_HEAD) return tuv_fail(err, TUV_EPROTO, "the reply to fetch_block has no block");
  read_old_head(data, out);
  out->data = data + OLD_HEAD;
  out->size = size - OLD_HEAD;
  return 0;
}

static int read_old_raw(const uint8_t* data, size_t size, tuv_tmq_reply_t* out, tuv_errmsg_t* err) {
  if (size < OLD_RAW_HEAD)
    return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw is cut off after %zu bytes", size);
  read_old_head(data, out);
  uint64_t action = taosuv_load_u64(data + 24);
  uint32_t length = taosuv_load_u32(data + 32);
  if (action != ACTION_FETCH_RAW)
    return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw has action %llu",
                    (unsigned long long) action);
  if (length != size - OLD_RAW_HEAD)
    return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw states %u bytes, but %zu arrived",
                    length, size - OLD_RAW_HEAD);
  out->raw_type = taosuv_load_u16(data + 36);
  out->data = data + OLD_RAW_HEAD;
  out->size = length;
  return 0;
}

static int read_new_raw(const uint8_t* data, size_t size, tuv_tmq_reply_t* out, tuv_errmsg_t* err) {
  if (size < NEW_HEAD)
    return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw_data is cut off after %zu bytes",
                    size);
  memset(out, 0, sizeof *out);
  uint64_t action = taosuv_load_u64(data + 8);
  uint16_t version = taosuv_load_u16(data + 16);
  if (action != ACTION_FETCH_RAW_DATA || version != 1)
    return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw_data has action %llu, version %u",
                    (unsigned long long) action, version);
  out->timing = taosuv_load_u64(data + 18);
  out->req_id = taosuv_load_u64(data + 26);
  out->code = taosuv_load_u32(data + 34);
  out->text_size = taosuv_load_u32(data + 38);
  size_t left = size - NEW_HEAD;
  if (out->text_size > left || left - out->text_size < 8)
    return tuv_fail(err, TUV_EPROTO,
                    "the reply to fetch_raw_data states a text of %u bytes in %zu bytes",
                    out->text_size, size);
  out->text = (const char*) data + NEW_HEAD;
  const uint8_t* rest = data + NEW_HEAD + out->text_size;
  left -= out->text_size;
  out->message_id = taosuv_load_u64(rest);
  if (out->code != 0) return 0;
  if (left < 14) return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw_data lacks its payload");
  uint32_t length = taosuv_load_u32(rest + 10);
  if (length != left - 14)
    return tuv_fail(err, TUV_EPROTO, "the reply to fetch_raw_data states %u bytes, but %zu arrived",
                    length, left - 14);
  out->raw_type = taosuv_load_u16(rest + 8);
  out->data = rest + 14;
  out->size = length;
  return 0;
}

int tuv_tmq_raw_reply(const uint8_t* data, size_t size, tuv_tmq_reply_t* out, tuv_errmsg_t* err) {
  bool flagged = size >= 8 && taosuv_load_u64(data) == UINT64_MAX;
  return flagged ? read_new_raw(data, size, out, err) : read_old_raw(data, size, out, err);
}

void tuv_tmq_write_head(uint8_t out[TUV_TMQ_WRITE_HEAD], uint64_t req_id, uint8_t action,
                        uint32_t head, uint16_t tail) {
  memset(out, 0, TUV_TMQ_WRITE_HEAD);
  tuv_store(out, req_id, 8);
  out[16] = action;
  tuv_store(out + 24, head, 4);
  tuv_store(out + 28, tail, 2);
}
