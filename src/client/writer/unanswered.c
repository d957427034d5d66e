/* Attempts that are not answered in time. */
#include "client/conn/conn.h"
#include "client/core/req.h"
#include "client/writer/attempt.h"
#include "client/writer/report.h"
#include "io/timers.h"

/* Over HTTP a connection cannot be probed. After its time limit, an attempt is waited for during this
 * part of retry_ms. Then its connection is closed, and it is made again. */
#define HTTP_PATIENCE 6u

/* A limit that has passed counts when it is checked again after this time, in ms. Answers that wait in
 * the socket because the loop was busy are read first, and the timers of the writer and the client
 * may differ by a millisecond. */
#define SLACK 5u

uint64_t tuv_attempt_patience(const taosuv_writer_t* writer) {
  uint64_t most = writer->options.retry_ms;
  return most > 1 ? most : TUV_WRITER_RETRY;
}

static void end_connection(tuv_shard_t* shard) {
  tuv_conn_t* conn = shard->writer->type->conn(shard);
  if (conn != NULL)
    tuv_conn_lost(conn, "an attempt of a writer was not answered in time");
  else
    taosuv_cancel(shard->writer->type->request(shard));
}

/* Reports the rows of an attempt that takes too long. What comes behind them goes on waiting for it. */
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

/* Whether a limit that has passed was checked before. */
static bool is_overdue(tuv_shard_t* shard) {
  bool overdue = shard->overdue;
  shard->overdue = true;
  return overdue;
}

uint64_t tuv_attempt_watch(tuv_shard_t* shard, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  if (writer->client == NULL) return UINT64_MAX;
  uint64_t limit = tuv_after(shard->tried_at, writer->attempt_ms);
  uint64_t last = tuv_after(shard->begun, writer->options.retry_ms);
  if (last < limit) last = limit;
  uint64_t end = tuv_after(limit, writer->options.retry_ms / HTTP_PATIENCE);
  bool ends = !writer->can_probe && end < last;
  uint64_t at = ends ? end : last;
  if (now < at) return at;
  bool late = tuv_req_of(writer->type->request(shard))->late; /* otherwise it has not left */
  if (!late || !is_overdue(shard)) return now + SLACK;
  if (ends)
    end_connection(shard);
  else
    hold(shard, now);
  return now;
}

uint64_t tuv_attempt_wait(tuv_shard_t* shard, uint64_t now) {
  taosuv_writer_t* writer = shard->writer;
  if (writer->client == NULL) return UINT64_MAX;
  uint64_t most = tuv_attempt_patience(writer);
  if (!writer->can_probe) most /= HTTP_PATIENCE;
  uint64_t at = tuv_after(shard->held_at, most);
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
