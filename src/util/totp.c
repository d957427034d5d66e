/* One-time codes from a shared secret and the time. */
#include "util/totp.h"

#include "util/alloc.h"
#include "util/digest.h"

/* The value of a base32 digit; 32 for any other character. */
static unsigned digit_of(char c) {
  if (c >= 'a' && c <= 'z') return (unsigned) (c - 'a');
  if (c >= 'A' && c <= 'Z') return (unsigned) (c - 'A');
  if (c >= '2' && c <= '7') return 26u + (unsigned) (c - '2');
  return 32;
}

/* A digit has five bits. Bits that are left at the end must be fewer than that, and zero. */
size_t tuv_base32_decode(const char* text, uint8_t out[TUV_TOTP_MAX_SECRET]) {
  unsigned bits = 0, held = 0;
  size_t size = 0;
  for (; *text != 0 && *text != '='; text++) {
    if (*text == ' ' || *text == '-') continue;
    unsigned digit = digit_of(*text);
    if (digit >= 32) return 0;
    bits = (bits << 5 | digit) & 0xFFF;
    held += 5;
    if (held < 8) continue;
    if (size == TUV_TOTP_MAX_SECRET) return 0;
    held -= 8;
    out[size++] = (uint8_t) (bits >> held);
  }
  while (*text == '=') text++;
  bool rest = held >= 5 || (bits & ((1u << held) - 1)) != 0;
  return *text != 0 || rest ? 0 : size;
}

bool tuv_totp(const uint8_t* secret, size_t size, uint64_t time, unsigned digits,
              char code[TUV_TOTP_MAX_DIGITS + 1]) {
  uint8_t counter[8], hash[TUV_SHA1_SIZE];
  uint64_t step = time / TUV_TOTP_PERIOD;
  code[0] = 0;
  if (digits > TUV_TOTP_MAX_DIGITS) return false;
  for (unsigned i = 0; i < 8; i++) counter[i] = (uint8_t) (step >> (56 - 8 * i));
  if (!tuv_hmac_sha1(secret, size, counter, sizeof counter, hash)) return false;
  const uint8_t* at = hash + (hash[TUV_SHA1_SIZE - 1] & 15);
  uint32_t value = (uint32_t) (at[0] & 0x7F) << 24 | (uint32_t) at[1] << 16 |
                   (uint32_t) at[2] << 8 | at[3];
  tuv_wipe(hash, sizeof hash);
  code[digits] = 0;
  for (unsigned i = digits; i > 0; value /= 10) code[--i] = (char) ('0' + value % 10);
  return true;
}
