/* Well-known binary geometries. */
#include "wire/value/wkb.h"

#include <stdbool.h>
#include <string.h>

#include "taosuv/block.h"
#include "wire/status.h"

#define MAX_DEPTH 16u /* of collections inside collections */

enum { POINT = 1, LINE, POLYGON, MULTI_POINT, MULTI_LINE, MULTI_POLYGON, COLLECTION };

#define EWKB_Z 0x80000000u
#define EWKB_M 0x40000000u
#define EWKB_SRID 0x20000000u

typedef struct reader_s {
  const uint8_t* at;
  size_t left;
  bool big; /* the byte order of the geometry being read */
} reader_t;

static bool skip(reader_t* in, uint64_t size) {
  if (size > in->left) return false;
  in->at += size;
  in->left -= (size_t) size;
  return true;
}

static bool read_u32(reader_t* in, uint32_t* out) {
  const uint8_t* p = in->at;
  if (!skip(in, 4)) return false;
  *out = in->big ? (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3]
                 : taosuv_load_u32(p);
  return true;
}

/* Reads the kind of a geometry and the size of its points. Dimensions are stated in one of two
 * ways: by flags (EWKB) or by thousands (ISO). */
static bool read_head(reader_t* in, uint32_t* kind, uint32_t* point) {
  uint32_t word, srid;
  if (in->left == 0 || in->at[0] > 1) return false;
  in->big = in->at[0] == 0;
  skip(in, 1);
  if (!read_u32(in, &word)) return false;
  if ((word & EWKB_SRID) != 0 && !read_u32(in, &srid)) return false;
  uint32_t code = word & 0x0FFFFFFFu, thousands = code / 1000;
  uint32_t more = ((word & EWKB_Z) != 0 ? 1u : 0) + ((word & EWKB_M) != 0 ? 1u : 0);
  if (thousands > 3) return false;
  if (more == 0) more = thousands == 3 ? 2 : thousands != 0 ? 1 : 0;
  *kind = code % 1000;
  *point = 8 * (2 + more);
  return *kind >= POINT && *kind <= COLLECTION;
}

static bool skip_points(reader_t* in, uint32_t point) {
  uint32_t count;
  return read_u32(in, &count) && skip(in, (uint64_t) count * point);
}

static bool skip_rings(reader_t* in, uint32_t point) {
  uint32_t count;
  if (!read_u32(in, &count)) return false;
  while (count-- > 0)
    if (!skip_points(in, point)) return false;
  return true;
}

/* Whether a geometry may be a part of a collection: a COLLECTION takes any, others one kind. */
static bool is_part(uint32_t whole, uint32_t part) {
  return whole == COLLECTION || part + 3 == whole;
}

/* `open` has the number of missing parts of each open collection, the innermost last. */
static bool check(reader_t* in) {
  struct {
    uint32_t kind, left;
  } open[MAX_DEPTH];
  uint32_t depth = 0, kind, point;
  do {
    if (!read_head(in, &kind, &point)) return false;
    if (depth > 0 && !is_part(open[depth - 1].kind, kind)) return false;
    bool complete = true;
    if (kind == POINT) complete = skip(in, point);
    if (kind == LINE) complete = skip_points(in, point);
    if (kind == POLYGON) complete = skip_rings(in, point);
    if (kind >= MULTI_POINT) {
      if (depth == MAX_DEPTH || !read_u32(in, &open[depth].left)) return false;
      open[depth++].kind = kind;
    }
    if (!complete) return false;
    while (depth > 0 && open[depth - 1].left == 0) depth--;
    if (depth > 0)
      open[depth - 1].left--;
    else
      break;
  } while (true);
  return in->left == 0;
}

int tuv_wkb_check(const uint8_t* bytes, size_t size, tuv_errmsg_t* err) {
  reader_t in = {bytes, size, false};
  if (check(&in)) return 0;
  return tuv_fail(err, TUV_EINVAL,
                  "the bytes are not a WKB geometry (%zu bytes, wrong from byte %zu)", size,
                  size - in.left);
}
