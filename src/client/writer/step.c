/* The steps of a writer: each shard does what is due, then those who wait are called back. */
#include "client/writer/opening.h"
#include "client/writer/writer.h"
#include "io/timers.h"

static tuv_flush_t* first_flush(taosuv_writer_t* writer) {
  if (tuv_queue_empty(&writer->flushes)) return NULL;
  return TUV_CONTAINER(writer->flushes.next, tuv_flush_t, link);
}

static bool has_any(const taosuv_writer_t* writer, uint64_t upto) {
  for (uint32_t i = 0; i < writer->nshards; i++)
    if (tuv_shard_has(writer->shards[i], upto)) return true;
  return false;
}

/* Flushes that callbacks add are for the next step. */
static void complete_flushes(taosuv_writer_t* writer) {
  const tuv_queue_t* last = writer->flushes.prev;
  bool more = true;
  tuv_flush_t* flush;
  while (more && (flush = first_flush(writer)) != NULL && !has_any(writer, flush->upto)) {
    taosuv_writer_flush_t* req = TUV_CONTAINER(flush, taosuv_writer_flush_t, priv);
    more = &flush->link != last;
    tuv_queue_remove(&flush->link);
    flush->pending = 0;
    req->rows_failed = writer->totals.rows_failed - flush->failed;
    req->cb(req);
  }
}

static void report_drained(taosuv_writer_t* writer) {
  const taosuv_writer_options_t* options = &writer->options;
  if (!writer->drain_wanted || writer->totals.bytes_pending > options->max_bytes / 4 * 3) return;
  for (uint32_t i = 0; i < writer->nshards; i++) {
    const tuv_shard_t* shard = writer->shards[i];
    bool renewing = shard->stale && shard->renewal == 0;
    if (shard->bytes >= writer->shard_limit || shard->alone || renewing) return;
  }
  writer->drain_wanted = false;
  if (!writer->closing && options->on_drain != NULL) options->on_drain(writer, options->data);
}

/* Shards do not wait for more rows if somebody waits for those that they have. */
static void hurry(taosuv_writer_t* writer) {
  uint64_t upto = 0;
  if (!tuv_queue_empty(&writer->flushes))
    upto = TUV_CONTAINER(writer->flushes.prev, tuv_flush_t, link)->upto;
  if (writer->closing || writer->client == NULL) upto = UINT64_MAX;
  for (uint32_t i = 0; i < writer->nshards; i++)
    if (writer->shards[i]->rows > 0 && writer->shards[i]->first < upto)
      writer->shards[i]->due = true;
}

/* Whether the writer can be freed: no request of it is pending. */
static bool is_over(const taosuv_writer_t* writer) {
  if (!writer->closing || writer->totals.rows_pending > 0) return false;
  for (uint32_t i = 0; i < writer->nshards; i++)
    if (writer->shards[i]->held || writer->shards[i]->state == TUV_SHARD_RENEWING) return false;
  return tuv_queue_empty(&writer->flushes);
}

void tuv_writer_step(taosuv_writer_t* writer) {
  if (writer->in_step) { /* the shard that wants it may have had its turn */
    tuv_writer_wake(writer);
    return;
  }
  if (writer->open != NULL) {
    tuv_writer_open_more(writer);
    return;
  }
  writer->in_step = true;
  uint64_t now = tuv_now(), next = UINT64_MAX;
  writer->queue_full = false;
  hurry(writer);
  for (uint32_t i = 0; i < writer->nshards; i++) {
    uint64_t at = tuv_shard_step(writer->shards[i], now);
    if (at < next) next = at;
  }
  complete_flushes(writer);
  report_drained(writer);
  if (writer->queue_full && next - now > TUV_WRITER_QUEUE_PAUSE)
    next = now + TUV_WRITER_QUEUE_PAUSE;
  if (next != UINT64_MAX) tuv_writer_expect(writer, next);
  writer->in_step = false;
  if (is_over(writer)) tuv_writer_release(writer);
}
