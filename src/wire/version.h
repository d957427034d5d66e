/* Server versions: four numbers as one comparable integer (PROTOCOL 11). */
#ifndef TUV_WIRE_VERSION_H
#define TUV_WIRE_VERSION_H

#include <stddef.h>
#include <stdint.h>

#define TUV_VERSION(a, b, c, d)                                                                    \
  ((uint64_t) (a) << 48 | (uint64_t) (b) << 32 | (uint64_t) (c) << 16 | (uint64_t) (d))

/* "3.3.6.0" as TUV_VERSION(3, 3, 6, 0). Missing numbers are 0, what follows a '-' is ignored, and
 * a fifth part that is a word ("3.3.7.0.alpha") makes it just less than the four numbers. 0 when
 * the text does not begin with a number, or one is larger than 65535. */
uint64_t tuv_version_parse(const char* text, size_t length);

#endif
