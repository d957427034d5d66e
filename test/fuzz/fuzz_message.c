/* Fuzzes the replies to a fetch: what is believed lies inside of the message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/block/message.h"
#include "wire/status.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void check_inside(const void* part, size_t part_size, const uint8_t* data, size_t size) {
  const uint8_t* at = part;
  require(at >= data && (size_t) (at - data) <= size, "a part begins inside of the message");
  require(part_size <= size - (size_t) (at - data), "a part ends inside of the message");
}

/* The input is the message. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t id = 0;
  tuv_errmsg_t err = {""};
  tuv_msg_fetched_t out;
  tuv_msg_key_t key = tuv_msg_key(data, size, &id);
  if (key == TUV_MSG_NONE) {
    require(size < 34, "a long message names what it answers");
    return 0;
  }
  int status = tuv_msg_fetched(data, size, key, &out, &err);
  if (status < 0) {
    require(status == TUV_EPROTO && err.text[0] != '\0', "an error has its text");
    return 0;
  }
  require((out.code != 0) + out.finished + (out.block != NULL) == 1, "one of the three forms");
  if (out.message != NULL) check_inside(out.message, out.message_size, data, size);
  if (out.block == NULL) return 0;
  check_inside(out.block, out.block_size, data, size);
  require(out.block + out.block_size == data + size, "a block ends with its message");
  return 0;
}
