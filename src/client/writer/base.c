/* What all parts of a writer use: the check of a call, the shard of a table, the end. */
#include "client/pool/client.h"
#include "client/writer/writer.h"
#include "util/hash.h"

#include <string.h>

/* ---- the end ---- */

void tuv_writer_free_shards(taosuv_writer_t* writer) {
  const tuv_alloc_t* alloc = &writer->mem->alloc;
  for (uint32_t i = 0; i < writer->nshards; i++) {
    tuv_shard_t* shard = writer->shards[i];
    if (i < writer->nbegun) writer->type->close(shard);
    tuv_arena_free(&shard->names);
    tuv_free(alloc, shard->ranges);
    tuv_free(alloc, shard);
  }
  tuv_free(alloc, writer->shards);
  for (size_t i = 0; i < sizeof writer->texts / sizeof *writer->texts; i++)
    tuv_free(alloc, writer->texts[i]);
  writer->shards = NULL;
  writer->nshards = 0;
}

/* The writer lies in a buffer of the client's memory, which lives as long as the buffer. */
void tuv_writer_free_memory(taosuv_writer_t* writer) {
  tuv_refbuf_unref(TUV_CONTAINER(writer, tuv_refbuf_t, data));
}

static void on_timer_closed(uv_handle_t* handle) {
  taosuv_writer_t* writer = handle->data;
  taosuv_writer_close_cb cb = writer->close_cb;
  void* data = writer->close_data;
  taosuv_writer_totals_t totals = writer->totals;
  tuv_writer_free_memory(writer);
  if (cb != NULL) cb(&totals, data);
}

void tuv_writer_release(taosuv_writer_t* writer) {
  if (uv_is_closing((uv_handle_t*) &writer->timer)) return;
  tuv_dependent_remove(&writer->dependent);
  tuv_writer_free_shards(writer);
  uv_close((uv_handle_t*) &writer->timer, on_timer_closed);
}

tuv_shard_t* tuv_writer_shard(taosuv_writer_t* writer, const void* key, size_t size) {
  return writer->shards[tuv_hash_folded(key, size) % writer->nshards];
}

int tuv_writer_check(taosuv_writer_t* writer, const tuv_shard_type_t* type) {
  writer->err.text[0] = 0;
  if (writer->client != NULL && writer->client->context.in_hook)
    return tuv_fail(&writer->err, TAOSUV_EBUSY, "a hook is running: the call is not allowed in it");
  if (writer->closing || writer->client == NULL)
    return tuv_fail(&writer->err, TAOSUV_ECLOSED, "%s", taosuv_strerror(TAOSUV_ECLOSED));
  if (writer->type == type) return 0;
  return tuv_fail(&writer->err, TAOSUV_EINVAL, "this is a writer of %s", writer->type->name);
}
