/* Versions of TDengine, compared by their four numbers. */
#ifndef TS_BASE_VERSION_H
#define TS_BASE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

/* "3.3.6.0" as 8 bits a number; what follows them is ignored. */
uint32_t ts_version_number(const char* version);
bool ts_version_since(const char* version, unsigned a, unsigned b, unsigned c, unsigned d);

#endif
