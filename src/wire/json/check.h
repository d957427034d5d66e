/* Whether a text is a JSON object, as the tags of type JSON must be (PROTOCOL 6.3.3). */
#ifndef TUV_WIRE_JSON_CHECK_H
#define TUV_WIRE_JSON_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"
#include "util/errmsg.h"

/* Returns 0, TUV_EINVAL with the reason in `err`, or TUV_ENOMEM. Short texts need no memory. */
int tuv_json_check(const tuv_alloc_t* alloc, const uint8_t* text, size_t size, tuv_errmsg_t* err);

#endif
