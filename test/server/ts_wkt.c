/* Geometry: WKT as SQL writes it, to WKB as blocks carry it. */
#include "ts_wkt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void blanks(const char** at) {
  while (**at == ' ' || **at == '\t' || **at == '\n') (*at)++;
}

static bool take(const char** at, char c) {
  blanks(at);
  if (**at != c) return false;
  (*at)++;
  return true;
}

static bool coordinate(const char** at, ts_buf_t* wkb) {
  blanks(at);
  char* end;
  double value = strtod(*at, &end);
  if (end == *at) return false;
  *at = end;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  ts_buf_u64(wkb, bits);
  return true;
}

static bool points(const char** at, ts_buf_t* wkb) {
  if (!take(at, '(')) return false;
  size_t count_at = wkb->size;
  ts_buf_u32(wkb, 0);
  uint32_t count = 0;
  do {
    if (!coordinate(at, wkb) || !coordinate(at, wkb)) return false;
    count++;
  } while (take(at, ','));
  ts_put_u32(wkb->data + count_at, count);
  return take(at, ')');
}

static bool rings(const char** at, ts_buf_t* wkb) {
  if (!take(at, '(')) return false;
  size_t count_at = wkb->size;
  ts_buf_u32(wkb, 0);
  uint32_t count = 0;
  do {
    if (!points(at, wkb)) return false;
    count++;
  } while (take(at, ','));
  ts_put_u32(wkb->data + count_at, count);
  return take(at, ')');
}

static bool word(const char** at, const char* name) {
  size_t size = strlen(name);
  if (strncasecmp(*at, name, size) != 0) return false;
  *at += size;
  return true;
}

static bool shape(const char** at, ts_buf_t* wkb) {
  blanks(at);
  uint32_t kind = word(at, "POINT") ? 1 : word(at, "LINESTRING") ? 2 : word(at, "POLYGON") ? 3 : 0;
  if (kind == 0) return false;
  ts_buf_add(wkb, "\1", 1); /* little-endian */
  ts_buf_u32(wkb, kind);
  if (kind == 2) return points(at, wkb);
  if (kind == 3) return rings(at, wkb);
  return take(at, '(') && coordinate(at, wkb) && coordinate(at, wkb) && take(at, ')');
}

int ts_wkt_parse(const char* text, size_t size, ts_buf_t* wkb) {
  char* copy = ts_strdup(text, size); /* ends in a NUL, as strtod needs */
  const char* at = copy;
  bool ok = shape(&at, wkb);
  blanks(&at);
  ok = ok && (size_t)(at - copy) == size;
  free(copy);
  return ok ? 0 : 1;
}
