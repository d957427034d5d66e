/* Well-known binary geometries (WKB): whether bytes are exactly one geometry, by the counts in
 * them. */
#ifndef TUV_WIRE_VALUE_WKB_H
#define TUV_WIRE_VALUE_WKB_H

#include <stddef.h>
#include <stdint.h>

#include "util/errmsg.h"

/* Returns 0, or TUV_EINVAL with the position of the first wrong byte in `err`. */
int tuv_wkb_check(const uint8_t* bytes, size_t size, tuv_errmsg_t* err);

#endif
