/* DECIMAL values of a batch: bound as text or as the bytes of their integer, kept as integers, sent
 * as integers or as text (PROTOCOL 6.3.3). */
#ifndef TUV_WIRE_BATCH_DECIMAL_H
#define TUV_WIRE_BATCH_DECIMAL_H

#include "wire/batch/value.h"
#include "wire/value/format.h"

int tuv_convert_decimal(const tuv_slot_t* slot, const char* text, size_t length,
                        tuv_converted_t* out, tuv_errmsg_t* err);

/* The same for an integer as it lies in an array, in the byte order of the machine. */
int tuv_convert_decimal_bytes(const tuv_slot_t* slot, const uint8_t* bytes, size_t length,
                              tuv_converted_t* out, tuv_errmsg_t* err);

/* Writes the text of a value of 8 or 16 bytes, as it is kept, and returns its length. */
size_t tuv_decimal_text(const uint8_t* value, unsigned width, uint8_t scale,
                        char buf[TUV_DECIMAL_TEXT]);

uint32_t tuv_decimal_text_size(const tuv_slot_t* slot, const uint8_t* value);

#endif
