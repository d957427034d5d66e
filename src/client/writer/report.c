/* What a writer reports: which rows were not written, and why. */
#include <string.h>

#include "client/writer/divide.h"
#include "client/writer/report.h"

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

/* Adds what is known of earlier attempts to the failure of the last one. */
static void summarise(const tuv_shard_t* shard, taosuv_writer_report_t* report,
                      tuv_errmsg_t* text) {
  bool last = (report->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  bool maybe = last || shard->from < shard->maybe_to;
  const char* cause = report->message;
  if (cause == NULL || cause[0] == 0) cause = taosuv_strerror(report->status);
  if (maybe) report->err_flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  if (maybe && report->status == TAOSUV_EUNSENT) {
    report->status = TAOSUV_ETIMEDOUT;
    cause = "timed out before it was sent";
  }
  report->message = cause;
  if (shard->attempts <= 1 && last == maybe) return;
  if (shard->attempts <= 1)
    tuv_fail(text, 0,
             "an earlier attempt, of a larger message, may have been executed; the last "
             "one: %s",
             cause);
  else
    tuv_fail(text, 0, "%u attempts%s; the last one: %s", shard->attempts,
             maybe ? ", at least one of which may have been executed" : "", cause);
  report->message = text->text;
}

/* All shards have statements of the same table. */
static void make_stale(taosuv_writer_t* writer) {
  for (uint32_t i = 0; i < writer->nshards; i++) {
    writer->shards[i]->stale = true;
    writer->shards[i]->renewal = 0;
    if (writer->shards[i]->backlog == 0) writer->shards[i]->retry_at = 0;
  }
}

void tuv_shard_report(tuv_shard_t* shard, uint32_t to, const tuv_failure_t* failure) {
  taosuv_writer_t* writer = shard->writer;
  tuv_errmsg_t text;
  taosuv_writer_report_t report = {.status = failure->status,
                                   .err_flags = failure->flags,
                                   .server_code = failure->server_code,
                                   .message = failure->message,
                                   .host = failure->host,
                                   .attempts = shard->attempts,
                                   .rows = to - shard->from};
  shard->to = to;
  summarise(shard, &report, &text);
  forget_ranges(shard);
  writer->type->note(shard);
  if (!shard->no_ranges) {
    report.ranges = shard->ranges;
    report.count = shard->nranges;
  }
  writer->totals.rows_failed += report.rows;
  tuv_shard_pass(shard, report.status == TAOSUV_ESERVER || writer->options.retry_ms <= 1);
  if (report.status == TAOSUV_ESCHEMA && writer->type->renew != NULL) make_stale(writer);
  uint8_t next = shard->state; /* nothing is sent while the callback reads what is noted */
  shard->state = TUV_SHARD_REPORTING;
  writer->options.on_report(writer, &report, writer->options.data);
  shard->state = next;
}

uint32_t tuv_shard_certain(const tuv_shard_t* shard) {
  return shard->maybe_to > shard->from && shard->maybe_to < shard->end ? shard->maybe_to
                                                                       : shard->end;
}

void tuv_shard_give_up(tuv_shard_t* shard, const tuv_failure_t* failure) {
  tuv_failure_t rest = {.status = TAOSUV_EUNSENT,
                        .flags = TAOSUV_ERR_RETRYABLE,
                        .message = "not sent: rows before these could not be written in time"};
  bool same = failure->status == TAOSUV_ECANCELED || failure->status == TAOSUV_ESCHEMA;
  if (same) rest = (tuv_failure_t) {failure->status, 0, 0, failure->message, failure->host};
  uint32_t to = tuv_shard_certain(shard);
  if (same && shard->maybe_to <= shard->from) to = shard->backlog; /* one report for all */
  tuv_shard_report(shard, to, failure);
  if (shard->backlog > 0) tuv_shard_report(shard, shard->backlog, &rest);
}
