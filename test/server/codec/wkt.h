/* Geometry: WKT as SQL writes it, to WKB as blocks carry it. */
#ifndef TS_CODEC_WKT_H
#define TS_CODEC_WKT_H

#include "base/buf.h"

/* POINT, LINESTRING and POLYGON in two dimensions; 0, or 1 for any other text. */
int ts_wkt_parse(const char* text, size_t size, ts_buf_t* wkb);

/* Whether the bytes are one geometry of two dimensions, of any kind and in either byte order. */
bool ts_wkb_check(const uint8_t* data, size_t size);

#endif
