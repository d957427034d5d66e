/* The version of the library that is linked. */
#include "taosuv/version.h"

unsigned int taosuv_version(void) {
  return TAOSUV_VERSION_HEX;
}

const char* taosuv_version_string(void) {
  return TAOSUV_VERSION_STRING;
}
