/* Versions of servers (PROTOCOL 11): four numbers as one integer, by which they are compared. */
#ifndef TUV_WIRE_VERSION_H
#define TUV_WIRE_VERSION_H

#include <stddef.h>
#include <stdint.h>

#define TUV_VERSION(a, b, c, d)                                                                    \
  ((uint64_t) (a) << 48 | (uint64_t) (b) << 32 | (uint64_t) (c) << 16 | (uint64_t) (d))

/* Reads "3.3.6.0" as TUV_VERSION(3, 3, 6, 0). Missing numbers are 0, and what follows a '-' is
 * ignored. A fifth part that is a word ("3.3.7.0.alpha") makes the version one less than its four
 * numbers. Returns 0 when the text does not begin with a number, or has one above 65535. */
uint64_t tuv_version_parse(const char* text, size_t length);

#endif
