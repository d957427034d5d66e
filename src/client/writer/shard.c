/* When a writer's lane sends what it has gathered, again or not at all. */
#include "client/writer/writer.h"

/* A batch that failed waits for 100 ms, then twice as long each time, a fifth more or less. */
#define FIRST_PAUSE 100u
#define LONGEST_PAUSE 5000u

/* A statement that could not be prepared again is tried once more after so long. */
#define RENEWAL_PAUSE 500u

/* Over HTTP, where a connection cannot be probed: for which part of retry_ms, after its time limit,
 * an attempt is waited for before its connection is ended and it is made again. */
#define HTTP_PATIENCE 6u

/* A limit that has ended counts when it is looked at again after this time. Answers that wait in
 * the socket because the loop was busy are read first; and the writer's timer and the client's
 * need not agree to the millisecond. */
#define SLACK 5u

/* For how long something is tried or waited for that is not a repetition. */
static uint64_t patience_of(const taosuv_writer_t* writer) {
  uint64_t most = writer->options.retry_ms;
  return most > 1 ? most : TUV_WRITER_RETRY;
}

static uint64_t sum(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* ---- attempts without an answer ---- */

/* Time limit of an attempt; UINT64_MAX: there is none. */
static uint64_t timeout_of(const taosuv_writer_t* writer) {
  uint64_t timeout = writer->options.timeout_ms;
  if (timeout == 0 && writer->client != NULL) timeout = writer->client->url.request_timeout;
  return timeout != 0 ? timeout : UINT64_MAX;
}

static void end_connection(tuv_lane_t* lane) {
  tuv_conn_t* conn = lane->writer->type->conn(lane);
  if (conn != NULL)
    tuv_conn_lost(conn, "an attempt of a writer was not answered in time");
  else
    taosuv_cancel(lane->writer->type->request(lane));
}

/* The attempt is not waited for any longer. The rows are reported; what comes next waits on. */
static void hold(tuv_lane_t* lane, uint64_t now) {
  tuv_failure_t failure = {TAOSUV_ETIMEDOUT, TAOSUV_ERR_MAYBE_EXECUTED, 0,
                           taosuv_strerror(TAOSUV_ETIMEDOUT), NULL};
  tuv_conn_t* conn = lane->writer->type->conn(lane);
  if (conn != NULL) failure.host = tuv_conn_host(conn);
  lane->held = true;
  lane->overdue = false;
  lane->held_at = now;
  if (lane->to > lane->maybe_to) lane->maybe_to = lane->to;
  if (lane->writer->options.retry_ms > 1)
    tuv_lane_give_up(lane, &failure);
  else
    tuv_lane_report(lane, lane->end, &failure);
}

/* Whether a limit that has ended was looked at before. */
static bool is_overdue(tuv_lane_t* lane) {
  bool overdue = lane->overdue;
  lane->overdue = true;
  return overdue;
}

/* Looks at an attempt in flight; returns when to do so again. */
static uint64_t watch(tuv_lane_t* lane, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  if (writer->client == NULL) return UINT64_MAX;
  uint64_t limit = sum(lane->tried_at, timeout_of(writer));
  uint64_t last = sum(lane->begun, writer->options.retry_ms);
  if (last < limit) last = limit;
  uint64_t end = sum(limit, writer->options.retry_ms / HTTP_PATIENCE);
  bool ends = writer->client->carrier->probe == NULL && end < last;
  uint64_t at = ends ? end : last;
  if (now < at) return at;
  bool late = tuv_req_of(writer->type->request(lane))->late; /* else it has not left */
  if (!late || !is_overdue(lane)) return now + SLACK;
  if (ends)
    end_connection(lane);
  else
    hold(lane, now);
  return now;
}

/* An attempt that was reported has no answer yet; returns when to look at it again. */
static uint64_t wait_on(tuv_lane_t* lane, uint64_t now) {
  taosuv_writer_t* writer = lane->writer;
  if (writer->client == NULL) return UINT64_MAX;
  uint64_t most = patience_of(writer);
  if (writer->client->carrier->probe == NULL) most /= HTTP_PATIENCE;
  uint64_t at = sum(lane->held_at, most);
  if (writer->closing && lane->backlog == 0 && lane->rows == 0)
    taosuv_cancel(writer->type->request(lane)); /* nothing comes behind it */
  else if (now < at)
    return at;
  else if (!is_overdue(lane))
    return now + SLACK;
  else
    end_connection(lane);
  return lane->held ? UINT64_MAX : now;
}

/* ---- an attempt ---- */

/* An attempt could not even be begun. The failure is kept for the next step: this may be a call of
 * the caller's. */
static void refuse(tuv_lane_t* lane, int status, const tuv_errmsg_t* err) {
  lane->state = TUV_LANE_REFUSED;
  lane->refusal = status;
  lane->refusal_text = *err;
  tuv_writer_wake(lane->writer);
}

/* Sends the part that is chosen, or waits for a place in the client's queue. */
static void send_part(tuv_lane_t* lane, uint64_t now) {
  taosuv_writer_t* writer = lane->writer;
  tuv_errmsg_t err = {""};
  int status = writer->client == NULL ? TAOSUV_ECANCELED : writer->type->send(lane, &err);
  uint64_t most = lane->attempts == 0 ? patience_of(writer) : writer->options.retry_ms;
  if (lane->fresh) lane->begun = now;
  lane->fresh = false;
  if (status == TAOSUV_EAGAIN && now - lane->begun < most) {
    writer->queue_full = true;
    lane->retry_at = now + TUV_WRITER_QUEUE_PAUSE;
    return;
  }
  if (status < 0) {
    refuse(lane, status, &err);
    return;
  }
  lane->state = TUV_LANE_FLYING;
  lane->tried_at = now;
  lane->overdue = false;
  if (lane->attempts++ > 0)
    writer->totals.retries++;
  else if (lane->divided)
    writer->totals.parts++;
  tuv_writer_expect(writer, watch(lane, now));
}

/* What was gathered is sent, as a whole if it has grown by one call at most since it was enough. */
static void send_gathered(tuv_lane_t* lane, bool whole) {
  tuv_lane_take(lane, whole);
  send_part(lane, tuv_now());
}

static void report_refusal(tuv_lane_t* lane, uint64_t now) {
  tuv_failure_t failure = {lane->refusal, taosuv_err_flags(lane->refusal), 0,
                           lane->refusal_text.text, NULL};
  bool all = failure.status == TAOSUV_ECANCELED || failure.status == TAOSUV_ESCHEMA ||
             failure.status == TAOSUV_EAGAIN;
  uint32_t to = all ? 0 : tuv_lane_refused(lane, failure.status, 0, now);
  if (all)
    tuv_lane_give_up(lane, &failure);
  else if (to > 0)
    tuv_lane_report(lane, to, &failure);
}

/* ---- its end ---- */

/* The next attempt may end better. That this one may have been executed does not matter. */
static bool is_passing(const taosuv_req_t* req) {
  taosuv_err_class_t class = taosuv_err_class(req->status);
  return (req->err_flags & TAOSUV_ERR_RETRYABLE) != 0 || class == TAOSUV_CLASS_NETWORK ||
         class == TAOSUV_CLASS_TIMEOUT || class == TAOSUV_CLASS_PROTOCOL;
}

/* It had begun to travel, so that its size may have had a part in it. */
static bool was_on_its_way(const taosuv_req_t* req) {
  if ((req->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0) return true;
  switch (req->status) {
    case TAOSUV_ECONNLOST:
    case TAOSUV_ETLSEOF:
    case TAOSUV_EUNSENT:
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_EOF: return true;
    default: return false;
  }
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

static void written(tuv_lane_t* lane, int64_t affected_rows) {
  taosuv_writer_totals_t* totals = &lane->writer->totals;
  totals->batches++;
  totals->rows_written += lane->to - lane->from;
  if (affected_rows > 0) totals->affected_rows += affected_rows; /* HTTP does not tell */
  tuv_lane_arrived(lane);
  tuv_lane_pass(lane, true);
}

static void repeat(tuv_lane_t* lane, const taosuv_req_t* req, uint64_t now) {
  lane->state = TUV_LANE_PAUSING;
  if (was_on_its_way(req)) tuv_lane_lost(lane);
  lane->retry_at = now + pause_of(lane);
}

static void failed(tuv_lane_t* lane, const taosuv_req_t* req, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  uint64_t most = writer->options.retry_ms;
  bool passing = is_passing(req);
  tuv_failure_t failure = {req->status, req->err_flags, req->server_code, req->message, req->host};
  if ((req->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0 && lane->to > lane->maybe_to)
    lane->maybe_to = lane->to;
  if (passing && writer->client != NULL && most > 1 && now - lane->begun < most) {
    repeat(lane, req, now);
    return;
  }
  bool late = passing && most > 1;
  if ((late && lane->last_chance) || writer->client == NULL || req->status == TAOSUV_ESCHEMA) {
    tuv_lane_give_up(lane, &failure);
    return;
  }
  lane->last_chance = late;
  uint32_t to = late ? tuv_lane_certain(lane)
                     : tuv_lane_refused(lane, req->status, req->server_code, now);
  if (to > 0) tuv_lane_report(lane, to, &failure);
}

void tuv_lane_done(tuv_lane_t* lane, const taosuv_req_t* req, int64_t affected_rows) {
  taosuv_writer_t* writer = lane->writer;
  if (lane->held) {
    lane->held = false; /* it was reported */
    if (lane->backlog == 0) writer->type->drop(lane);
    tuv_writer_wake(writer);
  } else if (req->status == 0) {
    written(lane, affected_rows);
  } else {
    failed(lane, req, tuv_now());
  }
  tuv_writer_step(writer);
}

/* ---- being renewed ---- */

void tuv_lane_renewed(tuv_lane_t* lane, int status, const taosuv_req_t* req) {
  uint64_t now = tuv_now();
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
    lane->since = tuv_now();
    tuv_writer_expect(writer, lane->since + options->batch_age_ms);
  }
  writer->taken += rows;
  writer->totals.rows_taken += rows;
  writer->totals.rows_pending += rows;
  writer->totals.bytes_pending += bytes - lane->bytes;
  lane->rows += rows;
  lane->bytes = bytes;
  if (lane->rows < options->batch_rows && bytes < options->batch_bytes) return;
  lane->due = true;
  if (lane->state != TUV_LANE_IDLE || lane->held || writer->queue_full) return;
  send_gathered(lane, true);
  if (writer->queue_full) tuv_writer_expect(writer, tuv_now() + TUV_WRITER_QUEUE_PAUSE);
}

bool tuv_lane_has(const tuv_lane_t* lane, uint64_t upto) {
  return (lane->backlog > 0 && lane->flying_first < upto) || (lane->rows > 0 && lane->first < upto);
}

/* A lane with nothing in flight and no backlog. */
static uint64_t step_idle(tuv_lane_t* lane, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  if (lane->rows == 0) return lane->stale ? renew(lane, now) : UINT64_MAX;
  if (lane->stale) lane->due = true;
  uint64_t at = sum(lane->since, writer->options.batch_age_ms);
  if (!lane->due && now < at) return at;
  lane->due = true;
  send_gathered(lane, false);
  return lane->state == TUV_LANE_PAUSING ? lane->retry_at : UINT64_MAX;
}

uint64_t tuv_lane_step(tuv_lane_t* lane, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  if (lane->held) {
    uint64_t at = wait_on(lane, now);
    if (lane->held) return at;
  }
  if (lane->state == TUV_LANE_REFUSED) report_refusal(lane, now);
  if (lane->state == TUV_LANE_PAUSING) {
    if (now < lane->retry_at && writer->client != NULL) return lane->retry_at;
    send_part(lane, now);
    if (lane->state == TUV_LANE_PAUSING) return lane->retry_at;
  }
  if (lane->state == TUV_LANE_FLYING) return watch(lane, now);
  return lane->state == TUV_LANE_IDLE ? step_idle(lane, now) : UINT64_MAX;
}
