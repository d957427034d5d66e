/* Decimal text read as the integer of a DECIMAL. */
#include "util/ascii.h"
#include "wire/value/format.h"

typedef struct wide_s {
  uint64_t high, low;
} wide_t;

/* value × 10 + digit. It cannot overflow with at most 38 digits. */
static void push_digit(wide_t* value, unsigned digit) {
  uint64_t low = (value->low & 0xFFFFFFFFu) * 10 + digit;
  uint64_t middle = (value->low >> 32) * 10 + (low >> 32);
  value->low = middle << 32 | (low & 0xFFFFFFFFu);
  value->high = value->high * 10 + (middle >> 32);
}

static void add_one(wide_t* value) {
  value->low++;
  if (value->low == 0) value->high++;
}

/* Whether the value is 10^digits, which has one digit too many. */
static bool is_power(const wide_t* value, unsigned digits) {
  wide_t power = {0, 1};
  for (unsigned i = 0; i < digits; i++) push_digit(&power, 0);
  return power.low == value->low && power.high == value->high;
}

/* Finds the position of the point, or the end. False: the text is not a decimal number. */
static bool find_point(const char* text, size_t length, size_t* point) {
  size_t digits = 0;
  *point = length;
  for (size_t i = 0; i < length; i++) {
    if (tuv_is_digit(text[i]))
      digits++;
    else if (text[i] == '.' && *point == length)
      *point = i;
    else
      return false;
  }
  return digits > 0;
}

int tuv_decimal_read(const char* text, size_t length, unsigned digits, unsigned scale,
                     taosuv_decimal_t* out, tuv_errmsg_t* err) {
  size_t start = length > 0 && (text[0] == '-' || text[0] == '+'), point;
  bool negative = start == 1 && text[0] == '-';
  if (!find_point(text + start, length - start, &point))
    return tuv_fail(err, TUV_EINVAL, "'%.*s' is not a decimal number",
                    length < 48 ? (int) length : 48, text);
  point += start;
  wide_t value = {0, 0};
  unsigned count = 0;
  for (size_t i = start; i < point + 1 + scale; i++) {
    if (i == point) continue;
    unsigned digit = i < length ? (unsigned) (text[i] - '0') : 0;
    if (count == 0 && digit == 0) continue;
    if (++count > digits) break;
    push_digit(&value, digit);
  }
  size_t next = point + 1 + scale;
  if (count <= digits && next < length && text[next] >= '5') add_one(&value);
  if (count > digits || is_power(&value, digits))
    return tuv_fail(err, TUV_ERANGE, "%.*s does not fit DECIMAL(%u, %u)",
                    length < 60 ? (int) length : 60, text, digits, scale);
  out->low = negative ? 0 - value.low : value.low;
  out->high = (int64_t) (negative ? ~value.high + (value.low == 0) : value.high);
  return 0;
}
