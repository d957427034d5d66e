/* Geometry: WKT as SQL writes it, to WKB as blocks carry it. */
#include "codec/wkt.h"

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
  ok = ok && (size_t) (at - copy) == size;
  free(copy);
  return ok ? 0 : 1;
}

/* ---- WKB ---- */

typedef struct wkb_s {
  const uint8_t* at;
  size_t left;
  bool big_endian;
} wkb_t;

static bool skip(wkb_t* wkb, uint64_t size) {
  if (size > wkb->left) return false;
  wkb->at += size;
  wkb->left -= size;
  return true;
}

static bool number(wkb_t* wkb, uint32_t* value) {
  const uint8_t* at = wkb->at;
  if (!skip(wkb, 4)) return false;
  *value = ts_get_u32(at);
  if (wkb->big_endian) *value = __builtin_bswap32(*value);
  return true;
}

static bool any_shape(wkb_t* wkb, unsigned depth);

/* `count` points, rings of points, or shapes. */
static bool parts(wkb_t* wkb, uint32_t kind, unsigned depth) {
  uint32_t count;
  if (!number(wkb, &count)) return false;
  if (kind == 2) return skip(wkb, (uint64_t) count * 16);
  for (uint32_t i = 0; i < count; i++)
    if (kind == 3 ? !parts(wkb, 2, depth) : !any_shape(wkb, depth + 1)) return false;
  return true;
}

static bool any_shape(wkb_t* wkb, unsigned depth) {
  uint32_t kind;
  const uint8_t* order = wkb->at;
  if (depth > 8 || !skip(wkb, 1) || *order > 1) return false;
  wkb->big_endian = *order == 0;
  if (!number(wkb, &kind) || kind < 1 || kind > 7) return false;
  return kind == 1 ? skip(wkb, 16) : parts(wkb, kind, depth);
}

bool ts_wkb_check(const uint8_t* data, size_t size) {
  wkb_t wkb = {.at = data, .left = size};
  return any_shape(&wkb, 0) && wkb.left == 0;
}
