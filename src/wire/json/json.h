/* Memory for JSON (read and written by yyjson), and what texts of all kinds need: finding the
 * members of an object, telling strings that C can hold. */
#ifndef TUV_WIRE_JSON_JSON_H
#define TUV_WIRE_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <yyjson.h>

#include "util/alloc.h"
#include "util/assert.h"
#include "util/errmsg.h"

#define TUV_JSON_MARKS 64u

/* Working memory, one for each client: a parsed reply lives in it until the next one is parsed. */
typedef struct tuv_json_s {
  const tuv_alloc_t* alloc;
  yyjson_alc heap; /* yyjson's view of alloc, for requests */
  void* pool;      /* for replies */
  size_t pool_size;
  yyjson_val* keys[TUV_JSON_MARKS]; /* the last reply's members, by a mark of their names */
} tuv_json_t;

void tuv_json_init(tuv_json_t* json, const tuv_alloc_t* alloc);
void tuv_json_free(tuv_json_t* json);

/* Makes an allocator over that memory, large enough to read a text of `size` bytes. What the memory
 * held before is gone. Returns 0 or TUV_ENOMEM. */
int tuv_json_pool(tuv_json_t* json, size_t size, yyjson_alc* alc);

/* Notes where the members of an object are, in json->keys. Returns TUV_EPROTO when one is there
 * twice: nobody could say which one is meant. */
int tuv_json_members(tuv_json_t* json, yyjson_val* root, tuv_errmsg_t* err);

/* Whether a member has this name. */
static inline bool tuv_json_is_named(yyjson_val* key, const char* name, size_t length) {
  const char* text = yyjson_get_str(key);
  TUV_ASSERT(text != NULL && name != NULL); /* the keys of an object are strings */
  return yyjson_get_len(key) == length && memcmp(text, name, length) == 0;
}

/* Equal names have the same mark. Different names rarely have (never in a recorded reply). */
static inline unsigned tuv_json_mark(const char* name, size_t length) {
  const uint8_t* bytes = (const uint8_t*) name;
  if (length == 0) return 0;
  size_t middle = bytes[length / 2], last = bytes[length - 1];
  size_t sum = length * 7 + middle * 29 + bytes[length * 3 / 4] + last * 13;
  return (unsigned) (sum % TUV_JSON_MARKS);
}

/* A member of the object whose members were noted in `keys`; NULL when it is missing or null.
 * Inline, so that the length and the mark of a constant name are computed by the compiler. */
static inline yyjson_val* tuv_json_member(yyjson_val* root, yyjson_val* const* keys,
                                          const char* name) {
  size_t length = strlen(name);
  yyjson_val* key = keys[tuv_json_mark(name, length)];
  if (key == NULL) return NULL;
  yyjson_val* value = tuv_json_is_named(key, name, length) ? yyjson_obj_iter_get_val(key)
                                                           : yyjson_obj_getn(root, name, length);
  return yyjson_is_null(value) ? NULL : value;
}

/* Whether a value is a string without a NUL in it. */
static inline bool tuv_json_is_text(yyjson_val* value) {
  return yyjson_is_str(value) && strlen(yyjson_get_str(value)) == yyjson_get_len(value);
}

#endif
