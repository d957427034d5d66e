/* When a writer's lane sends what it has gathered, again or not at all, and who is told. */
#include <string.h>

#include "client/writer.h"

/* A batch that failed waits for 100 ms, then twice as long each time, a fifth more or less. */
#define FIRST_PAUSE 100u
#define LONGEST_PAUSE 5000u

/* A statement that could not be prepared again is tried once more after so long. */
#define RENEWAL_PAUSE 500u

/* ---- noting what a batch is made of ---- */

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
  lane->ranges[lane->nranges++] = (taosuv_writer_range_t){copy, length, first, last, rows};
}

/* ---- what becomes of a batch ---- */

static void land(tuv_lane_t* lane) {
  taosuv_writer_totals_t* totals = &lane->writer->totals;
  totals->rows_pending -= lane->flying_rows;
  totals->bytes_pending -= lane->flying_bytes;
  lane->state = TUV_LANE_IDLE;
  lane->flying_rows = lane->flying_bytes = 0;
  lane->units = 0;
}

/* What was in flight is written or reported. */
static void pass(tuv_lane_t* lane) {
  uint64_t rows = tuv_lane_part(lane);
  lane->flying_rows -= rows;
  lane->writer->totals.rows_pending -= rows;
  if (lane->units == 0 || lane->to == lane->units) {
    land(lane);
    return;
  }
  tuv_lane_choose(lane, lane->to, lane->units);
  lane->attempts = 0;
  lane->flags = 0;
}

/* The other lanes' statements are of the same table. */
static void make_stale(taosuv_writer_t* writer) {
  for (uint32_t i = 0; i < writer->nlanes; i++) {
    writer->lanes[i]->stale = true;
    writer->lanes[i]->renewal = 0;
    writer->lanes[i]->retry_at = 0;
  }
}

/* What is noted stays as it is until the callback returns: nothing is sent meanwhile. */
static void report(tuv_lane_t* lane, const tuv_failure_t* failure) {
  taosuv_writer_t* writer = lane->writer;
  taosuv_writer_report_t told = {.status = failure->status,
                                 .err_flags = failure->flags,
                                 .server_code = failure->server_code,
                                 .message = failure->message,
                                 .host = failure->host,
                                 .attempts = lane->attempts,
                                 .rows = tuv_lane_part(lane)};
  if (lane->units > 0) {
    forget_ranges(lane);
    writer->type->note(lane, true);
  }
  if (told.message == NULL || told.message[0] == 0) told.message = taosuv_strerror(told.status);
  if (!lane->no_ranges) {
    told.ranges = lane->ranges;
    told.count = lane->nranges;
  }
  writer->totals.rows_failed += told.rows;
  pass(lane);
  if (told.status == TAOSUV_ESCHEMA && writer->type->renew != NULL) make_stale(writer);
  uint8_t next = lane->state;
  lane->state = TUV_LANE_TELLING;
  writer->options.on_report(writer, &told, writer->options.data);
  lane->state = next;
}

/* Reports all of the batch that is neither written nor reported. */
static void report_rest(tuv_lane_t* lane, const tuv_failure_t* failure) {
  if (lane->units > 0) tuv_lane_choose(lane, lane->from, lane->units);
  report(lane, failure);
}

/* The client's queue was full: whether to wait on for a place in it. What is to be tried once only
 * is not tried yet. */
static bool may_wait(tuv_lane_t* lane, uint64_t now) {
  uint64_t most = lane->writer->options.retry_ms;
  if (!lane->blocked) lane->begun = now;
  lane->blocked = true;
  return now - lane->begun < (most > 1 ? most : TUV_WRITER_RETRY);
}

/* A failure is kept for the next step: this may be a call of the caller's. */
static void send_gathered(tuv_lane_t* lane) {
  taosuv_writer_t* writer = lane->writer;
  tuv_errmsg_t err = {""};
  forget_ranges(lane);
  writer->type->note(lane, false);
  int status = writer->client == NULL ? TAOSUV_ECANCELED : writer->type->send(lane, false, &err);
  uint64_t now = uv_now(writer->loop);
  if (status == TAOSUV_EAGAIN && may_wait(lane, now)) {
    writer->queue_full = true;
    return;
  }
  lane->flying_rows = lane->rows;
  lane->flying_bytes = lane->bytes;
  lane->flying_first = lane->first;
  lane->begun = now;
  lane->attempts = status == 0;
  lane->flags = 0;
  lane->rows = lane->bytes = 0;
  lane->due = lane->alone = lane->blocked = false;
  lane->state = status == 0 ? TUV_LANE_FLYING : TUV_LANE_REFUSED;
  if (status == 0) return;
  writer->type->drop(lane);
  lane->refusal = status;
  lane->refusal_text = err;
  tuv_writer_wake(writer);
}

static void send_again(tuv_lane_t* lane, uint64_t now) {
  taosuv_writer_t* writer = lane->writer;
  tuv_errmsg_t err = {""};
  int status = writer->client == NULL ? TAOSUV_ECANCELED : writer->type->send(lane, true, &err);
  if (status == TAOSUV_EAGAIN && now - lane->begun < writer->options.retry_ms) {
    lane->retry_at = now + TUV_WRITER_QUEUE_PAUSE;
    return;
  }
  lane->state = TUV_LANE_FLYING;
  if (status < 0) {
    report_rest(lane, &(tuv_failure_t){status, lane->flags, 0, err.text, NULL});
    return;
  }
  *(lane->attempts++ > 0 ? &writer->totals.retries : &writer->totals.parts) += 1;
}

/* Whether the next attempt may end better. That this one may have been executed is no matter. */
static bool may_repeat(const tuv_lane_t* lane, const taosuv_req_t* req, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  uint64_t most = writer->options.retry_ms;
  if (writer->client == NULL || most <= 1 || now - lane->begun >= most) return false;
  if ((req->err_flags & TAOSUV_ERR_RETRYABLE) != 0) return true;
  taosuv_err_class_t class = taosuv_err_class(req->status);
  return class == TAOSUV_CLASS_NETWORK || class == TAOSUV_CLASS_TIMEOUT ||
         class == TAOSUV_CLASS_PROTOCOL;
}

static uint64_t pause_of(tuv_lane_t* lane) {
  uint64_t random = lane->writer->random;
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  lane->writer->random = random;
  uint64_t pause = FIRST_PAUSE;
  for (uint32_t i = 1; i < lane->attempts && pause < LONGEST_PAUSE; i++) pause *= 2;
  if (pause > LONGEST_PAUSE) pause = LONGEST_PAUSE;
  return pause * (80 + random % 41) / 100;
}

void tuv_lane_done(tuv_lane_t* lane, const taosuv_req_t* req, int64_t affected_rows) {
  taosuv_writer_t* writer = lane->writer;
  uint64_t now = uv_now(writer->loop);
  lane->flags |= req->err_flags & TAOSUV_ERR_MAYBE_EXECUTED;
  if (req->status == 0) {
    writer->totals.batches++;
    writer->totals.rows_written += tuv_lane_part(lane);
    if (affected_rows > 0) writer->totals.affected_rows += affected_rows; /* HTTP does not tell */
    pass(lane);
  } else if (may_repeat(lane, req, now)) {
    lane->state = TUV_LANE_PAUSING;
    lane->retry_at = now + pause_of(lane);
  } else if (!tuv_lane_divide(lane, req, now)) {
    report(lane, &(tuv_failure_t){req->status, req->err_flags | lane->flags, req->server_code,
                                  req->message, req->host});
  }
  tuv_writer_step(writer);
}

/* ---- being renewed ---- */

void tuv_lane_renewed(tuv_lane_t* lane, int status, const taosuv_req_t* req) {
  const taosuv_writer_t* writer = lane->writer;
  uint64_t now = uv_now(writer->loop);
  bool passing = status == TAOSUV_EAGAIN || status == TAOSUV_EBUSY ||
                 taosuv_err_class(status) == TAOSUV_CLASS_NETWORK ||
                 (req != NULL && (req->err_flags & TAOSUV_ERR_RETRYABLE) != 0);
  lane->state = TUV_LANE_IDLE;
  lane->stale = status < 0;
  lane->renewal = passing ? 0 : status;
  lane->retry_at = now + (status == TAOSUV_EAGAIN || status == TAOSUV_EBUSY ? TUV_WRITER_QUEUE_PAUSE
                                                                            : RENEWAL_PAUSE);
  const char* why = req != NULL && req->message != NULL ? req->message : taosuv_strerror(status);
  tuv_fail(&lane->refusal_text, status, "%s", why);
  tuv_writer_wake(lane->writer);
}

/* Returns when to look at it again. */
static uint64_t renew(tuv_lane_t* lane, uint64_t now) {
  taosuv_writer_t* writer = lane->writer;
  if (writer->closing || writer->client == NULL) return UINT64_MAX;
  if (now < lane->retry_at) return lane->retry_at;
  tuv_errmsg_t err = {""};
  lane->state = TUV_LANE_RENEWING;
  int status = writer->type->renew(lane, &err);
  if (status < 0) tuv_lane_renewed(lane, status, NULL);
  return UINT64_MAX;
}

/* ---- gathering ---- */

static int refuse_for_now(tuv_lane_t* lane) {
  lane->writer->drain_wanted = true;
  tuv_writer_wake(lane->writer);
  return tuv_fail(&lane->writer->err, TAOSUV_EAGAIN, "too much is pending: wait for on_drain");
}

int tuv_lane_check(tuv_lane_t* lane, uint64_t size) {
  taosuv_writer_t* writer = lane->writer;
  if (writer->totals.bytes_pending >= writer->options.max_bytes) {
    for (uint32_t i = 0; i < writer->nlanes; i++) /* else what is gathered might wait for more */
      writer->lanes[i]->due = writer->lanes[i]->rows > 0;
    return refuse_for_now(lane);
  }
  if (lane->stale && lane->renewal < 0)
    return tuv_fail(&writer->err, lane->renewal, "%s", lane->refusal_text.text);
  if (lane->stale || lane->bytes >= writer->lane_limit) return refuse_for_now(lane);
  if (size < writer->lane_limit / 4 || lane->rows == 0 || lane->bytes + size < writer->lane_limit)
    return 0;
  lane->due = lane->alone = true;
  return refuse_for_now(lane);
}

void tuv_lane_added(tuv_lane_t* lane, uint64_t rows) {
  taosuv_writer_t* writer = lane->writer;
  const taosuv_writer_options_t* options = &writer->options;
  uint64_t bytes = writer->type->bytes(lane);
  if (lane->rows == 0) {
    lane->first = writer->taken;
    lane->since = uv_now(writer->loop);
    tuv_writer_expect(writer, lane->since + options->batch_age_ms);
  }
  writer->taken += rows;
  lane->last = writer->taken - 1;
  writer->totals.rows_taken += rows;
  writer->totals.rows_pending += rows;
  writer->totals.bytes_pending += bytes - lane->bytes;
  lane->rows += rows;
  lane->bytes = bytes;
  if (lane->rows < options->batch_rows && bytes < options->batch_bytes) return;
  lane->due = true;
  if (lane->state != TUV_LANE_IDLE || writer->queue_full) return;
  send_gathered(lane);
  if (writer->queue_full) tuv_writer_expect(writer, uv_now(writer->loop) + TUV_WRITER_QUEUE_PAUSE);
}

bool tuv_lane_has(const tuv_lane_t* lane, uint64_t upto) {
  return (lane->flying_rows > 0 && lane->flying_first < upto) ||
         (lane->rows > 0 && lane->first < upto);
}

uint64_t tuv_lane_step(tuv_lane_t* lane, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  if (lane->state == TUV_LANE_REFUSED)
    report(lane, &(tuv_failure_t){lane->refusal, 0, 0, lane->refusal_text.text, NULL});
  if (lane->state == TUV_LANE_PAUSING && (now >= lane->retry_at || writer->client == NULL))
    send_again(lane, now);
  if (lane->state == TUV_LANE_PAUSING) return lane->retry_at;
  if (lane->state != TUV_LANE_IDLE) return UINT64_MAX;
  if (lane->rows == 0) return lane->stale ? renew(lane, now) : UINT64_MAX;
  if (lane->stale) lane->due = true;
  uint64_t at = lane->since + writer->options.batch_age_ms;
  if (!lane->due && now < at) return at;
  lane->due = true;
  send_gathered(lane);
  return UINT64_MAX;
}
