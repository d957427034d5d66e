/* SHA-1, HMAC-SHA-1 and base64 by mbedTLS. */
#include "util/digest.h"

#include <mbedtls/base64.h>
#include <mbedtls/md.h>
#include <mbedtls/sha1.h>
#include <string.h>

bool tuv_sha1(const void* data, size_t size, uint8_t out[TUV_SHA1_SIZE]) {
  if (mbedtls_sha1(data, size, out) == 0) return true;
  memset(out, 0, TUV_SHA1_SIZE);
  return false;
}

bool tuv_hmac_sha1(const void* key, size_t key_size, const void* data, size_t size,
                   uint8_t out[TUV_SHA1_SIZE]) {
  const mbedtls_md_info_t* sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
  if (sha1 != NULL && mbedtls_md_hmac(sha1, key, key_size, data, size, out) == 0) return true;
  memset(out, 0, TUV_SHA1_SIZE);
  return false;
}

size_t tuv_base64_capacity(size_t size) {
  size_t groups = size / 3 + (size % 3 != 0);
  return groups > (PTRDIFF_MAX - 1) / 4 ? 0 : groups * 4 + 1;
}

ptrdiff_t tuv_base64(const void* data, size_t size, char* out, size_t capacity) {
  if (capacity == 0) return -1;
  out[0] = '\0';
  if (size == 0) return 0; /* mbedTLS would write no NUL */
  size_t need = tuv_base64_capacity(size), length = 0;
  if (need == 0 || need > capacity) return -1;
  if (mbedtls_base64_encode((unsigned char*) out, capacity, &length, data, size) != 0) {
    out[0] = '\0';
    return -1;
  }
  return (ptrdiff_t) length;
}
