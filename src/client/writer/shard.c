/* When a writer's shard sends what it has gathered, again or not at all. */
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/writer/writer.h"
#include "util/backoff.h"

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
  if (timeout == 0 && writer->client != NULL) timeout = writer->client->context.url.request_timeout;
  return timeout != 0 ? timeout : UINT64_MAX;
}

static void end_connection(tuv_shard_t* shard) {
  tuv_conn_t* conn = shard->writer->type->conn(shard);
  if (conn != NULL)
    tuv_conn_lost(conn, "an attempt of a writer was not answered in time");
  else
    taosuv_cancel(shard->writer->type->request(shard));
}

/* The attempt is not waited for any longer. The rows are reported; what comes next waits on. */
static void hold(tuv_shard_t* shard, uint64_t now) {
  tuv_failure_t failure = {TAOSUV_ETIMEDOUT, TAOSUV_ERR_MAYBE_EXECUTED, 0,
                           taosuv_strerror(TAOSUV_ETIMEDOUT), NULL};
  tuv_conn_t* conn = shard->writer->type->conn(shard);
  if (conn != NULL) failure.host = tuv_conn_host(conn);
  shard->held = true;
  shard->overdue = false;
  shard->held_at = now;
  if (shard->to > shard->maybe_to) shard->maybe_to = shard->to;
  if (shard->writer->options.retry_ms > 1)
    tuv_shard_give_up(shard, &failure);
  else
    tuv_shard_report(shard, shard->end, &failure);
}

/* Whether a limit that has ended was looked at before. */
static bool is_overdue(tuv_shard_t* shard) {
  bool overdue = shard->overdue;
  shard->overdue = true;
  return overdue;
}

/* Looks at an attempt in flight; returns when to do so again. */
static uint64_t watch(tuv_shard_t* shard, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  if (writer->client == NULL) return UINT64_MAX;
  uint64_t limit = sum(shard->tried_at, timeout_of(writer));
  uint64_t last = sum(shard->begun, writer->options.retry_ms);
  if (last < limit) last = limit;
  uint64_t end = sum(limit, writer->options.retry_ms / HTTP_PATIENCE);
  bool ends = writer->client->pool.conns.transport->probe == NULL && end < last;
  uint64_t at = ends ? end : last;
  if (now < at) return at;
  bool late = tuv_req_of(writer->type->request(shard))->late; /* else it has not left */
  if (!late || !is_overdue(shard)) return now + SLACK;
  if (ends)
    end_connection(shard);
  else
    hold(shard, now);
  return now;
}

/* An attempt that was reported has no answer yet; returns when to look at it again. */
static uint64_t wait_on(tuv_shard_t* shard, uint64_t now) {
  taosuv_writer_t* writer = shard->writer;
  if (writer->client == NULL) return UINT64_MAX;
  uint64_t most = patience_of(writer);
  if (writer->client->pool.conns.transport->probe == NULL) most /= HTTP_PATIENCE;
  uint64_t at = sum(shard->held_at, most);
  if (writer->closing && shard->backlog == 0 && shard->rows == 0)
    taosuv_cancel(writer->type->request(shard)); /* nothing comes behind it */
  else if (now < at)
    return at;
  else if (!is_overdue(shard))
    return now + SLACK;
  else
    end_connection(shard);
  return shard->held ? UINT64_MAX : now;
}

/* ---- an attempt ---- */

/* An attempt could not even be begun. The failure is kept for the next step: this may be a call of
 * the caller's. */
static void refuse(tuv_shard_t* shard, int status, const tuv_errmsg_t* err) {
  shard->state = TUV_SHARD_REFUSED;
  shard->refusal = status;
  shard->refusal_text = *err;
  tuv_writer_wake(shard->writer);
}

/* Sends the part that is chosen, or waits for a place in the client's queue. */
static void send_part(tuv_shard_t* shard, uint64_t now) {
  taosuv_writer_t* writer = shard->writer;
  tuv_errmsg_t err = {""};
  int status = writer->client == NULL ? TAOSUV_ECANCELED : writer->type->send(shard, &err);
  uint64_t most = shard->attempts == 0 ? patience_of(writer) : writer->options.retry_ms;
  if (shard->fresh) shard->begun = now;
  shard->fresh = false;
  if (status == TAOSUV_EAGAIN && now - shard->begun < most) {
    writer->queue_full = true;
    shard->retry_at = now + TUV_WRITER_QUEUE_PAUSE;
    return;
  }
  if (status < 0) {
    refuse(shard, status, &err);
    return;
  }
  shard->state = TUV_SHARD_IN_FLIGHT;
  shard->tried_at = now;
  shard->overdue = false;
  if (shard->attempts++ > 0)
    writer->totals.retries++;
  else if (shard->divided)
    writer->totals.parts++;
  tuv_writer_expect(writer, watch(shard, now));
}

/* What was gathered is sent, as a whole if it has grown by one call at most since it was enough. */
static void send_gathered(tuv_shard_t* shard, bool whole) {
  tuv_shard_take(shard, whole);
  send_part(shard, tuv_now());
}

static void report_refusal(tuv_shard_t* shard, uint64_t now) {
  tuv_failure_t failure = {shard->refusal, taosuv_err_flags(shard->refusal), 0,
                           shard->refusal_text.text, NULL};
  bool all = failure.status == TAOSUV_ECANCELED || failure.status == TAOSUV_ESCHEMA ||
             failure.status == TAOSUV_EAGAIN;
  uint32_t to = all ? 0 : tuv_shard_refused(shard, failure.status, 0, now);
  if (all)
    tuv_shard_give_up(shard, &failure);
  else if (to > 0)
    tuv_shard_report(shard, to, &failure);
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

static uint64_t pause_of(tuv_shard_t* shard) {
  uint64_t random = shard->writer->random;
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  shard->writer->random = random;
  return tuv_backoff_spread(tuv_backoff(FIRST_PAUSE, LONGEST_PAUSE, shard->attempts),
                            (uint16_t) random);
}

static void written(tuv_shard_t* shard, int64_t affected_rows) {
  taosuv_writer_totals_t* totals = &shard->writer->totals;
  totals->batches++;
  totals->rows_written += shard->to - shard->from;
  if (affected_rows > 0) totals->affected_rows += affected_rows; /* HTTP does not tell */
  tuv_shard_arrived(shard);
  tuv_shard_pass(shard, true);
}

static void repeat(tuv_shard_t* shard, const taosuv_req_t* req, uint64_t now) {
  shard->state = TUV_SHARD_PAUSING;
  if (was_on_its_way(req)) tuv_shard_lost(shard);
  shard->retry_at = now + pause_of(shard);
}

static void failed(tuv_shard_t* shard, const taosuv_req_t* req, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  uint64_t most = writer->options.retry_ms;
  bool passing = is_passing(req);
  tuv_failure_t failure = {req->status, req->err_flags, req->server_code, req->message, req->host};
  if ((req->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0 && shard->to > shard->maybe_to)
    shard->maybe_to = shard->to;
  if (passing && writer->client != NULL && most > 1 && now - shard->begun < most) {
    repeat(shard, req, now);
    return;
  }
  bool late = passing && most > 1;
  if ((late && shard->last_chance) || writer->client == NULL || req->status == TAOSUV_ESCHEMA) {
    tuv_shard_give_up(shard, &failure);
    return;
  }
  shard->last_chance = late;
  uint32_t to = late ? tuv_shard_certain(shard)
                     : tuv_shard_refused(shard, req->status, req->server_code, now);
  if (to > 0) tuv_shard_report(shard, to, &failure);
}

void tuv_shard_done(tuv_shard_t* shard, const taosuv_req_t* req, int64_t affected_rows) {
  taosuv_writer_t* writer = shard->writer;
  if (shard->held) {
    shard->held = false; /* it was reported */
    if (shard->backlog == 0) writer->type->drop(shard);
    tuv_writer_wake(writer);
  } else if (req->status == 0) {
    written(shard, affected_rows);
  } else {
    failed(shard, req, tuv_now());
  }
  writer->step(writer);
}

/* ---- being renewed ---- */

void tuv_shard_renewed(tuv_shard_t* shard, int status, const taosuv_req_t* req) {
  uint64_t now = tuv_now();
  bool passing = status == TAOSUV_EAGAIN || status == TAOSUV_EBUSY ||
                 taosuv_err_class(status) == TAOSUV_CLASS_NETWORK ||
                 (req != NULL && (req->err_flags & TAOSUV_ERR_RETRYABLE) != 0);
  shard->state = TUV_SHARD_IDLE;
  shard->stale = status < 0;
  shard->renewal = passing ? 0 : status;
  shard->retry_at = now + (status == TAOSUV_EAGAIN || status == TAOSUV_EBUSY
                               ? TUV_WRITER_QUEUE_PAUSE
                               : RENEWAL_PAUSE);
  const char* why = req != NULL && req->message != NULL ? req->message : taosuv_strerror(status);
  tuv_fail(&shard->refusal_text, status, "%s", why);
  tuv_writer_wake(shard->writer);
}

/* Returns when to look at it again. */
static uint64_t renew(tuv_shard_t* shard, uint64_t now) {
  taosuv_writer_t* writer = shard->writer;
  if (writer->closing || writer->client == NULL) return UINT64_MAX;
  if (now < shard->retry_at) return shard->retry_at;
  tuv_errmsg_t err = {""};
  shard->state = TUV_SHARD_RENEWING;
  int status = writer->type->renew(shard, &err);
  if (status < 0) tuv_shard_renewed(shard, status, NULL);
  return UINT64_MAX;
}

/* ---- gathering ---- */

static int refuse_for_now(tuv_shard_t* shard) {
  shard->writer->drain_wanted = true;
  tuv_writer_wake(shard->writer);
  return tuv_fail(&shard->writer->err, TAOSUV_EAGAIN, "too much is pending: wait for on_drain");
}

int tuv_shard_check(tuv_shard_t* shard, uint64_t size) {
  taosuv_writer_t* writer = shard->writer;
  if (writer->totals.bytes_pending >= writer->options.max_bytes) {
    for (uint32_t i = 0; i < writer->nshards; i++) /* else what is gathered might wait for more */
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
  send_gathered(shard, true);
  if (writer->queue_full) tuv_writer_expect(writer, tuv_now() + TUV_WRITER_QUEUE_PAUSE);
}

bool tuv_shard_has(const tuv_shard_t* shard, uint64_t upto) {
  return (shard->backlog > 0 && shard->in_flight_first < upto) ||
         (shard->rows > 0 && shard->first < upto);
}

/* A shard with nothing in flight and no backlog. */
static uint64_t step_idle(tuv_shard_t* shard, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  if (shard->rows == 0) return shard->stale ? renew(shard, now) : UINT64_MAX;
  if (shard->stale) shard->due = true;
  uint64_t at = sum(shard->since, writer->options.batch_age_ms);
  if (!shard->due && now < at) return at;
  shard->due = true;
  send_gathered(shard, false);
  return shard->state == TUV_SHARD_PAUSING ? shard->retry_at : UINT64_MAX;
}

uint64_t tuv_shard_step(tuv_shard_t* shard, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  if (shard->held) {
    uint64_t at = wait_on(shard, now);
    if (shard->held) return at;
  }
  if (shard->state == TUV_SHARD_REFUSED) report_refusal(shard, now);
  if (shard->state == TUV_SHARD_PAUSING) {
    if (now < shard->retry_at && writer->client != NULL) return shard->retry_at;
    send_part(shard, now);
    if (shard->state == TUV_SHARD_PAUSING) return shard->retry_at;
  }
  if (shard->state == TUV_SHARD_IN_FLIGHT) return watch(shard, now);
  return shard->state == TUV_SHARD_IDLE ? step_idle(shard, now) : UINT64_MAX;
}
