/* Memory for JSON, and the members of objects. */
#include "wire/json/json.h"

#include <string.h>

#include "wire/status.h"

/* Working memory up to this size is kept between replies. */
#define POOL_KEEP (1u << 20)

static void* heap_malloc(void* context, size_t size) {
  return tuv_malloc(context, size);
}

/* The old memory of a growing text is wiped: it may hold a password. */
static void* heap_realloc(void* context, void* ptr, size_t old_size, size_t size) {
  void* moved = tuv_malloc(context, size);
  if (moved == NULL) return NULL;
  memcpy(moved, ptr, old_size < size ? old_size : size);
  tuv_wipe(ptr, old_size);
  tuv_free(context, ptr);
  return moved;
}

static void heap_free(void* context, void* ptr) {
  tuv_free(context, ptr);
}

void tuv_json_init(tuv_json_t* json, const tuv_alloc_t* alloc) {
  memset(json, 0, sizeof *json);
  json->alloc = alloc;
  json->heap.malloc = heap_malloc;
  json->heap.realloc = heap_realloc;
  json->heap.free = heap_free;
  memcpy(&json->heap.ctx, &(const void*) {alloc}, sizeof json->heap.ctx);
}

void tuv_json_free(tuv_json_t* json) {
  tuv_free(json->alloc, json->pool);
  json->pool = NULL;
  json->pool_size = 0;
}

/* Makes enough working memory for a text of `size` bytes. What one very large text needed is not
 * kept for ever. */
static int prepare_pool(tuv_json_t* json, size_t size) {
  size_t need = yyjson_read_max_memory_usage(size, 0);
  if (need == 0) return TUV_ENOMEM;
  need += 1024; /* the pool's own bookkeeping */
  bool shrink = json->pool_size > POOL_KEEP && need <= POOL_KEEP;
  if (need <= json->pool_size && !shrink) return 0;
  tuv_json_free(json);
  if (need < 16384) need = 16384;
  json->pool = tuv_malloc(json->alloc, need);
  if (json->pool == NULL) return TUV_ENOMEM;
  json->pool_size = need;
  return 0;
}

int tuv_json_pool(tuv_json_t* json, size_t size, yyjson_alc* alc) {
  int status = prepare_pool(json, size);
  if (status == 0) yyjson_alc_pool_init(alc, json->pool, json->pool_size);
  return status;
}

/* Whether an earlier member has the same name. */
static bool is_repeated(yyjson_val* root, yyjson_val* key) {
  yyjson_obj_iter before = yyjson_obj_iter_with(root);
  yyjson_val* other;
  while ((other = yyjson_obj_iter_next(&before)) != key)
    if (tuv_json_is_named(other, yyjson_get_str(key), yyjson_get_len(key))) return true;
  return false;
}

/* More members than any reply has. The limit bounds the time of searches. */
#define MAX_MEMBERS 256u

int tuv_json_members(tuv_json_t* json, yyjson_val* root, tuv_errmsg_t* err) {
  yyjson_obj_iter all = yyjson_obj_iter_with(root);
  yyjson_val* key;
  int status = 0;
  memset(json->keys, 0, sizeof json->keys);
  for (uint32_t i = 0; (key = yyjson_obj_iter_next(&all)) != NULL; i++) {
    yyjson_val** marked = &json->keys[tuv_json_mark(yyjson_get_str(key), yyjson_get_len(key))];
    if (i == MAX_MEMBERS)
      return tuv_fail(err, TUV_EPROTO, "the reply has %zu members, more than 256",
                      yyjson_obj_size(root));
    if (*marked == NULL)
      *marked = key;
    else if (status == 0 && is_repeated(root, key))
      status = tuv_fail(err, TUV_EPROTO, "the reply has \"%.64s\" twice", yyjson_get_str(key));
  }
  return status;
}
