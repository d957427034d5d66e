/* What a writer reports: rows that were not written, or maybe not, with all attempts in view. */
#include <string.h>

#include "client/writer/writer.h"

/* ---- which rows ---- */

static void forget_ranges(tuv_lane_t* lane) {
  tuv_arena_reset(&lane->names);
  lane->nranges = 0;
  lane->no_ranges = false;
}

static bool grow_ranges(tuv_lane_t* lane) {
  size_t size = lane->ranges_size == 0 ? 16 : 2 * lane->ranges_size;
  void* ranges = tuv_realloc(&lane->writer->mem->alloc, lane->ranges, size * sizeof *lane->ranges);
  if (ranges == NULL) return false;
  lane->ranges = ranges;
  lane->ranges_size = size;
  return true;
}

void tuv_lane_note(tuv_lane_t* lane, const char* table, size_t length, uint64_t first,
                   uint64_t last, uint64_t rows) {
  char* copy = NULL;
  bool room = lane->nranges < lane->ranges_size || grow_ranges(lane);
  if (room && length > 0) copy = tuv_arena_take(&lane->names, length);
  if (!room || (length > 0 && copy == NULL)) {
    lane->no_ranges = true;
    return;
  }
  if (length > 0) memcpy(copy, table, length);
  lane->ranges[lane->nranges++] = (taosuv_writer_range_t) {copy, length, first, last, rows};
}

/* ---- why ---- */

/* Completes a failure of the last attempt by what is known of the others. */
static void summarise(const tuv_lane_t* lane, taosuv_writer_report_t* told, tuv_errmsg_t* text) {
  bool last = (told->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  bool maybe = last || lane->from < lane->maybe_to;
  const char* cause = told->message;
  if (cause == NULL || cause[0] == 0) cause = taosuv_strerror(told->status);
  if (maybe) told->err_flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  if (maybe && told->status == TAOSUV_EUNSENT) {
    told->status = TAOSUV_ETIMEDOUT;
    cause = "timed out before it was sent";
  }
  told->message = cause;
  if (lane->attempts <= 1 && last == maybe) return;
  if (lane->attempts <= 1)
    tuv_fail(text, 0,
             "an earlier attempt, of a larger message, may have been executed; the last "
             "one: %s",
             cause);
  else
    tuv_fail(text, 0, "%u attempts%s; the last one: %s", lane->attempts,
             maybe ? ", at least one of which may have been executed" : "", cause);
  told->message = text->text;
}

/* The other lanes' statements are of the same table. */
static void make_stale(taosuv_writer_t* writer) {
  for (uint32_t i = 0; i < writer->nlanes; i++) {
    writer->lanes[i]->stale = true;
    writer->lanes[i]->renewal = 0;
    if (writer->lanes[i]->backlog == 0) writer->lanes[i]->retry_at = 0;
  }
}

/* What is noted stays as it is until the callback returns: nothing is sent meanwhile. */
void tuv_lane_report(tuv_lane_t* lane, uint32_t to, const tuv_failure_t* failure) {
  taosuv_writer_t* writer = lane->writer;
  tuv_errmsg_t text;
  taosuv_writer_report_t told = {.status = failure->status,
                                 .err_flags = failure->flags,
                                 .server_code = failure->server_code,
                                 .message = failure->message,
                                 .host = failure->host,
                                 .attempts = lane->attempts,
                                 .rows = to - lane->from};
  lane->to = to;
  summarise(lane, &told, &text);
  forget_ranges(lane);
  writer->type->note(lane);
  if (!lane->no_ranges) {
    told.ranges = lane->ranges;
    told.count = lane->nranges;
  }
  writer->totals.rows_failed += told.rows;
  tuv_lane_pass(lane, told.status == TAOSUV_ESERVER || writer->options.retry_ms <= 1);
  if (told.status == TAOSUV_ESCHEMA && writer->type->renew != NULL) make_stale(writer);
  uint8_t next = lane->state;
  lane->state = TUV_LANE_TELLING;
  writer->options.on_report(writer, &told, writer->options.data);
  lane->state = next;
}

uint32_t tuv_lane_certain(const tuv_lane_t* lane) {
  return lane->maybe_to > lane->from && lane->maybe_to < lane->end ? lane->maybe_to : lane->end;
}

void tuv_lane_give_up(tuv_lane_t* lane, const tuv_failure_t* failure) {
  tuv_failure_t rest = {.status = TAOSUV_EUNSENT,
                        .flags = TAOSUV_ERR_RETRYABLE,
                        .message = "not sent: what came before it could not be written in time"};
  bool same = failure->status == TAOSUV_ECANCELED || failure->status == TAOSUV_ESCHEMA;
  if (same) rest = (tuv_failure_t) {failure->status, 0, 0, failure->message, failure->host};
  uint32_t to = tuv_lane_certain(lane);
  if (same && lane->maybe_to <= lane->from) to = lane->backlog; /* one report will do */
  tuv_lane_report(lane, to, failure);
  if (lane->backlog > 0) tuv_lane_report(lane, lane->backlog, &rest);
}
