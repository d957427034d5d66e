/* One attempt to write a part of a shard's backlog: how it is made, and how it ends. */
#include "client/writer/attempt.h"

#include "client/core/req.h"
#include "client/writer/divide.h"
#include "client/writer/report.h"
#include "util/backoff.h"

/* The pause after the first failure of a batch, in ms. It doubles with each further one. */
#define FIRST_PAUSE 100u
#define LONGEST_PAUSE 5000u

/* An attempt could not be begun. The next step deals with that, because this may be inside a call of
 * the user. */
static void refuse(tuv_shard_t* shard, int status, const tuv_errmsg_t* err) {
  shard->state = TUV_SHARD_REFUSED;
  shard->refusal = status;
  shard->refusal_text = *err;
  tuv_writer_wake(shard->writer);
}

void tuv_attempt_send(tuv_shard_t* shard, uint64_t now) {
  taosuv_writer_t* writer = shard->writer;
  tuv_errmsg_t err = {""};
  int status = writer->client == NULL ? TAOSUV_ECANCELED : writer->type->send(shard, &err);
  uint64_t most = shard->attempts == 0 ? tuv_attempt_patience(writer) : writer->options.retry_ms;
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
  tuv_writer_expect(writer, tuv_attempt_watch(shard, now));
}

void tuv_attempt_refused(tuv_shard_t* shard, uint64_t now) {
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

/* ---- the end of an attempt ---- */

/* Whether the next attempt may succeed, even if this one may have been executed. */
static bool is_passing(const taosuv_req_t* req) {
  taosuv_err_class_t class = taosuv_err_class(req->status);
  return (req->err_flags & TAOSUV_ERR_RETRYABLE) != 0 || class == TAOSUV_CLASS_NETWORK ||
         class == TAOSUV_CLASS_TIMEOUT || class == TAOSUV_CLASS_PROTOCOL;
}

/* Whether it had begun to leave, so that its size may be the reason. */
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
  if (affected_rows > 0) totals->affected_rows += affected_rows; /* over HTTP it is not known */
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
    shard->held = false; /* its rows were reported */
    if (shard->backlog == 0) writer->type->drop(shard);
    tuv_writer_wake(writer);
  } else if (req->status == 0) {
    written(shard, affected_rows);
  } else {
    failed(shard, req, tuv_now());
  }
  writer->step(writer);
}
