/* What a writer reports: rows that were not written, or maybe not, with all attempts in view. */
#include <string.h>

#include "client/core/failure.h"
#include "client/writer/writer.h"

/* ---- which rows ---- */

static void forget_ranges(tuv_shard_t* shard) {
  tuv_arena_reset(&shard->names);
  shard->nranges = 0;
  shard->no_ranges = false;
}

static bool grow_ranges(tuv_shard_t* shard) {
  size_t size = shard->ranges_size == 0 ? 16 : 2 * shard->ranges_size;
  void* ranges = tuv_realloc(&shard->writer->mem->alloc, shard->ranges,
                             size * sizeof *shard->ranges);
  if (ranges == NULL) return false;
  shard->ranges = ranges;
  shard->ranges_size = size;
  return true;
}

void tuv_shard_note(tuv_shard_t* shard, const char* table, size_t length, uint64_t first,
                    uint64_t last, uint64_t rows) {
  char* copy = NULL;
  bool room = shard->nranges < shard->ranges_size || grow_ranges(shard);
  if (room && length > 0) copy = tuv_arena_take(&shard->names, length);
  if (!room || (length > 0 && copy == NULL)) {
    shard->no_ranges = true;
    return;
  }
  if (length > 0) memcpy(copy, table, length);
  shard->ranges[shard->nranges++] = (taosuv_writer_range_t) {copy, length, first, last, rows};
}

/* ---- why ---- */

/* Completes a failure of the last attempt by what is known of the others. */
static void summarise(const tuv_shard_t* shard, taosuv_writer_report_t* told, tuv_errmsg_t* text) {
  bool last = (told->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  bool maybe = last || shard->from < shard->maybe_to;
  const char* cause = told->message;
  if (cause == NULL || cause[0] == 0) cause = taosuv_strerror(told->status);
  if (maybe) told->err_flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  if (maybe && told->status == TAOSUV_EUNSENT) {
    told->status = TAOSUV_ETIMEDOUT;
    cause = "timed out before it was sent";
  }
  told->message = cause;
  if (shard->attempts <= 1 && last == maybe) return;
  if (shard->attempts <= 1)
    tuv_fail(text, 0,
             "an earlier attempt, of a larger message, may have been executed; the last "
             "one: %s",
             cause);
  else
    tuv_fail(text, 0, "%u attempts%s; the last one: %s", shard->attempts,
             maybe ? ", at least one of which may have been executed" : "", cause);
  told->message = text->text;
}

/* The other shards' statements are of the same table. */
static void make_stale(taosuv_writer_t* writer) {
  for (uint32_t i = 0; i < writer->nshards; i++) {
    writer->shards[i]->stale = true;
    writer->shards[i]->renewal = 0;
    if (writer->shards[i]->backlog == 0) writer->shards[i]->retry_at = 0;
  }
}

/* What is noted stays as it is until the callback returns: nothing is sent meanwhile. */
void tuv_shard_report(tuv_shard_t* shard, uint32_t to, const tuv_failure_t* failure) {
  taosuv_writer_t* writer = shard->writer;
  tuv_errmsg_t text;
  taosuv_writer_report_t told = {.status = failure->status,
                                 .err_flags = failure->flags,
                                 .server_code = failure->server_code,
                                 .message = failure->message,
                                 .host = failure->host,
                                 .attempts = shard->attempts,
                                 .rows = to - shard->from};
  shard->to = to;
  summarise(shard, &told, &text);
  forget_ranges(shard);
  writer->type->note(shard);
  if (!shard->no_ranges) {
    told.ranges = shard->ranges;
    told.count = shard->nranges;
  }
  writer->totals.rows_failed += told.rows;
  tuv_shard_pass(shard, told.status == TAOSUV_ESERVER || writer->options.retry_ms <= 1);
  if (told.status == TAOSUV_ESCHEMA && writer->type->renew != NULL) make_stale(writer);
  uint8_t next = shard->state;
  shard->state = TUV_SHARD_TELLING;
  writer->options.on_report(writer, &told, writer->options.data);
  shard->state = next;
}

uint32_t tuv_shard_certain(const tuv_shard_t* shard) {
  return shard->maybe_to > shard->from && shard->maybe_to < shard->end ? shard->maybe_to
                                                                       : shard->end;
}

void tuv_shard_give_up(tuv_shard_t* shard, const tuv_failure_t* failure) {
  tuv_failure_t rest = {.status = TAOSUV_EUNSENT,
                        .flags = TAOSUV_ERR_RETRYABLE,
                        .message = "not sent: what came before it could not be written in time"};
  bool same = failure->status == TAOSUV_ECANCELED || failure->status == TAOSUV_ESCHEMA;
  if (same) rest = (tuv_failure_t) {failure->status, 0, 0, failure->message, failure->host};
  uint32_t to = tuv_shard_certain(shard);
  if (same && shard->maybe_to <= shard->from) to = shard->backlog; /* one report will do */
  tuv_shard_report(shard, to, failure);
  if (shard->backlog > 0) tuv_shard_report(shard, shard->backlog, &rest);
}
