/* Fuzzes binding: statements and calls from bytes; every message is read back and compared. */
#include "batch_play.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size <= 16384) batch_play(data, size);
  return 0;
}
