/* Checks JSON tags. */
#include "wire/json/check.h"

#include "wire/json/json.h"
#include "wire/status.h"

#define POOL_SIZE 4096u /* on the stack: enough for about 300 bytes of JSON */

int tuv_json_check(const tuv_alloc_t* alloc, const uint8_t* text, size_t size, tuv_errmsg_t* err) {
  _Alignas(16) char room[POOL_SIZE];
  tuv_json_t json;
  yyjson_alc pool;
  yyjson_read_err why = {0};
  tuv_json_init(&json, alloc);
  bool small = size < POOL_SIZE && yyjson_read_max_memory_usage(size, 0) < POOL_SIZE - 256;
  if (small) small = yyjson_alc_pool_init(&pool, room, sizeof room);
  char* bytes = (char*) (uintptr_t) text; /* yyjson only reads them, without its in-situ flag */
  yyjson_doc* doc = yyjson_read_opts(bytes, size, 0, small ? &pool : &json.heap, &why);
  if (doc == NULL && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
    return tuv_fail(err, TUV_ENOMEM, "out of memory");
  if (doc == NULL)
    return tuv_fail(err, TUV_EINVAL, "the text is not JSON: %s at byte %zu", why.msg, why.pos);
  bool object = yyjson_is_obj(yyjson_doc_get_root(doc));
  yyjson_doc_free(doc);
  return object ? 0 : tuv_fail(err, TUV_EINVAL, "a JSON tag must be an object");
}
