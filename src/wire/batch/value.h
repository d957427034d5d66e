/* One value checked against its field and turned into the bytes that are sent (PROTOCOL
 * 5.6, 6.3.3). */
#ifndef TUV_WIRE_BATCH_VALUE_H
#define TUV_WIRE_BATCH_VALUE_H

#include "wire/batch/layout.h"

typedef struct tuv_converted_s {
  const uint8_t* bytes; /* the caller's, or in `room` */
  uint32_t length;
  uint32_t text; /* DECIMAL: the length of its text; NCHAR: its characters */
  uint8_t room[40];
} tuv_converted_t;

/* Converts a value that is not NULL. Returns 0, or TUV_ETYPE, TUV_ERANGE, TUV_EINVAL or TUV_ENOMEM
 * with the reason in `err`. */
int tuv_convert(const tuv_batch_t* batch, const tuv_slot_t* slot, const taosuv_value_t* value,
                tuv_converted_t* out, tuv_errmsg_t* err);

/* Copies a converted value into the batch, as the value of a cell. */
int tuv_cell_keep(tuv_batch_t* batch, struct tuv_cell_s* cell, const tuv_converted_t* converted,
                  tuv_errmsg_t* err);

/* Checks a value of variable size; *chars is the number of its characters for NCHAR, otherwise 0. */
int tuv_check_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot, const uint8_t* bytes,
                    size_t length, uint32_t* chars, tuv_errmsg_t* err);

/* Characters of valid UTF-8. */
uint32_t tuv_count_chars(const uint8_t* utf8, size_t size);

#endif
