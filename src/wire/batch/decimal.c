/* DECIMAL values of a batch. */
#include "wire/batch/decimal.h"

#include <string.h>

#include "util/bytes.h"

static taosuv_decimal_t extend(uint64_t low) {
  taosuv_decimal_t value = {low, (low >> 63) != 0 ? -1 : 0};
  return value;
}

size_t tuv_decimal_text(const uint8_t* value, unsigned width, uint8_t scale,
                        char buf[TUV_DECIMAL_TEXT]) {
  taosuv_decimal_t number = extend(taosuv_load_u64(value));
  if (width == 16) number.high = (int64_t) taosuv_load_u64(value + 8);
  tuv_text_t text = tuv_text_start(buf, TUV_DECIMAL_TEXT);
  tuv_format_decimal(&text, number, scale);
  return text.length;
}

uint32_t tuv_decimal_text_size(const tuv_slot_t* slot, const uint8_t* value) {
  char buf[TUV_DECIMAL_TEXT];
  return (uint32_t) tuv_decimal_text(value, slot->width, slot->field->scale, buf);
}

static void store(const tuv_slot_t* slot, taosuv_decimal_t value, tuv_converted_t* out) {
  tuv_store(out->room, value.low, 8);
  if (slot->width == 16) tuv_store(out->room + 8, (uint64_t) value.high, 8);
  out->text = tuv_decimal_text_size(slot, out->room);
}

int tuv_convert_decimal(const tuv_slot_t* slot, const char* text, size_t length,
                        tuv_converted_t* out, tuv_errmsg_t* err) {
  unsigned most = slot->width == 16 ? 38 : 18;
  unsigned digits = slot->field->precision;
  taosuv_decimal_t value;
  if (digits == 0 && slot->field->scale == 0)
    return tuv_fail(
        err, TUV_ENOTSUP,
        "the server does not report the scale of this DECIMAL: only its integer can be bound");
  if (digits == 0 || digits > most) digits = most;
  int status = tuv_decimal_read(text, length, digits, slot->field->scale, &value, err);
  if (status < 0) return status;
  out->length = slot->width;
  out->bytes = out->room;
  store(slot, value, out);
  return 0;
}

int tuv_convert_decimal_bytes(const tuv_slot_t* slot, const uint8_t* bytes, size_t length,
                              tuv_converted_t* out, tuv_errmsg_t* err) {
  if (length != slot->width)
    return tuv_fail(err, TUV_EINVAL, "an integer of %zu bytes was given, but this DECIMAL has %u",
                    length, slot->width);
  uint64_t low;
  memcpy(&low, bytes, 8);
  taosuv_decimal_t value = extend(low);
  if (slot->width == 16) memcpy(&value.high, bytes + 8, 8);
  store(slot, value, out);
  return 0;
}
