/* The steps of a shard. */
#include "client/writer/attempt.h"
#include "client/writer/gather.h"
#include "client/writer/renew.h"
#include "io/timers.h"

/* A step of a shard without a backlog. */
static uint64_t step_idle(tuv_shard_t* shard, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  if (shard->rows == 0) return shard->stale ? tuv_shard_renew(shard, now) : UINT64_MAX;
  if (shard->stale) shard->due = true;
  uint64_t at = tuv_after(shard->since, writer->options.batch_age_ms);
  if (!shard->due && now < at) return at;
  shard->due = true;
  tuv_gather_send(shard, false);
  return shard->state == TUV_SHARD_PAUSING ? shard->retry_at : UINT64_MAX;
}

uint64_t tuv_shard_step(tuv_shard_t* shard, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  if (shard->held) {
    uint64_t at = tuv_attempt_wait(shard, now);
    if (shard->held) return at;
  }
  if (shard->state == TUV_SHARD_REFUSED) tuv_attempt_refused(shard, now);
  if (shard->state == TUV_SHARD_PAUSING) {
    if (now < shard->retry_at && writer->client != NULL) return shard->retry_at;
    tuv_attempt_send(shard, now);
    if (shard->state == TUV_SHARD_PAUSING) return shard->retry_at;
  }
  if (shard->state == TUV_SHARD_IN_FLIGHT) return tuv_attempt_watch(shard, now);
  return shard->state == TUV_SHARD_IDLE ? step_idle(shard, now) : UINT64_MAX;
}
