/* What a shard gathers, and when that is sent. */
#include "client/writer/gather.h"

#include "client/writer/attempt.h"
#include "client/writer/divide.h"
#include "io/timers.h"

void tuv_gather_send(tuv_shard_t* shard, bool whole) {
  tuv_shard_take(shard, whole);
  tuv_attempt_send(shard, tuv_now());
}

static int refuse_for_now(tuv_shard_t* shard) {
  shard->writer->drain_wanted = true;
  tuv_writer_wake(shard->writer);
  return tuv_fail(&shard->writer->err, TAOSUV_EAGAIN, "too much is pending: wait for on_drain");
}

int tuv_shard_check(tuv_shard_t* shard, uint64_t size) {
  taosuv_writer_t* writer = shard->writer;
  if (writer->totals.bytes_pending >= writer->options.max_bytes) {
    for (uint32_t i = 0; i < writer->nshards; i++) /* so that nothing waits for more rows */
      writer->shards[i]->due = writer->shards[i]->rows > 0;
    return refuse_for_now(shard);
  }
  if (shard->stale && shard->renewal < 0)
    return tuv_fail(&writer->err, shard->renewal, "%s", shard->refusal_text.text);
  if (shard->stale || shard->bytes >= writer->shard_limit) return refuse_for_now(shard);
  if (size < writer->shard_limit / 4 || shard->rows == 0 ||
      shard->bytes + size < writer->shard_limit)
    return 0;
  shard->due = shard->alone = true;
  return refuse_for_now(shard);
}

void tuv_shard_added(tuv_shard_t* shard, uint64_t rows) {
  taosuv_writer_t* writer = shard->writer;
  const taosuv_writer_options_t* options = &writer->options;
  uint64_t bytes = writer->type->bytes(shard);
  if (shard->rows == 0) {
    shard->first = writer->taken;
    shard->since = tuv_now();
    tuv_writer_expect(writer, shard->since + options->batch_age_ms);
  }
  writer->taken += rows;
  writer->totals.rows_taken += rows;
  writer->totals.rows_pending += rows;
  writer->totals.bytes_pending += bytes - shard->bytes;
  shard->rows += rows;
  shard->bytes = bytes;
  if (shard->rows < options->batch_rows && bytes < options->batch_bytes) return;
  shard->due = true;
  if (shard->state != TUV_SHARD_IDLE || shard->held || writer->queue_full) return;
  tuv_gather_send(shard, true);
  if (writer->queue_full) tuv_writer_expect(writer, tuv_now() + TUV_WRITER_QUEUE_PAUSE);
}

bool tuv_shard_has(const tuv_shard_t* shard, uint64_t upto) {
  return (shard->backlog > 0 && shard->in_flight_first < upto) ||
         (shard->rows > 0 && shard->first < upto);
}
