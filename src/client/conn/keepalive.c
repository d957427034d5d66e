/* Keepalive of a connection: signs of life, idle time, age. */
#include "client/conn/conn.h"
#include "client/conn/keepalive.h"
#include "client/conn/transport.h"

/* A connection is checked four times in each ping interval. A check follows a poll of the loop and
 * counts once, however late it is: while the loop is busy it cannot hear the peer, so that time says
 * nothing about the peer. */
#define LOOKS_PER_INTERVAL 4u
#define PROBE_AFTER 3u
#define LOST_AFTER 7u /* two intervals, counted from the check that saw a sign */

static void on_due(tuv_timed_t* timed);

static uint64_t look_interval(const tuv_conn_t* conn) {
  uint64_t interval = conn->context->url.ping_interval / LOOKS_PER_INTERVAL;
  return interval > 0 ? interval : 1;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return a + b;
  return a < b ? a : b;
}

/* When the next check is due; 0: never. */
static uint64_t next_look(const tuv_conn_t* conn) {
  const tuv_url_t* url = &conn->context->url;
  uint64_t at = earlier(conn->ping_at, conn->retiring ? 0 : conn->retire_at);
  return url->idle_timeout == 0 ? at : earlier(at, conn->used_at + url->idle_timeout);
}

static void look_again(tuv_conn_t* conn) {
  uint64_t at = next_look(conn);
  conn->timed.expire = on_due;
  if (at == 0) return;
  /* Without memory for it the connection lives on without keepalive. */
  tuv_timers_add(&conn->context->timers, &conn->timed, at);
}

/* A byte in either direction since the last check is a sign of life: a large message may take long,
 * and a ping waits behind it. After three checks without a sign a ping is sent. After four more the
 * peer counts as gone, two intervals after its last sign at the latest. Returns whether it is. */
static bool check_life(tuv_conn_t* conn, uint64_t now) {
  if (conn->ping_at == 0 || conn->ping_at > now) return false;
  const tuv_transport_t* transport = conn->conns->transport;
  uint64_t signs = transport->signs_of_life(conn);
  conn->silent = signs == conn->seen && tuv_queue_empty(&conn->paused) ? conn->silent + 1 : 0;
  conn->probing = conn->probing && conn->silent > 0;
  conn->seen = signs;
  if (conn->probing && conn->silent >= LOST_AFTER) {
    tuv_conn_silent(conn, "the server gave no sign of life within two ping intervals");
    return true;
  }
  if (!conn->probing && conn->silent >= PROBE_AFTER) conn->probing = transport->probe(conn);
  conn->ping_at = now + look_interval(conn);
  return false;
}

/* The connection takes no more requests. */
static void set_retiring(tuv_conn_t* conn) {
  if (conn->retiring) return;
  conn->retiring = true;
  conn->conns->retiring++;
  conn->host->open--;
}

static void on_due(tuv_timed_t* timed) {
  tuv_conn_t* conn = TUV_CONTAINER(timed, tuv_conn_t, timed);
  const tuv_url_t* url = &conn->context->url;
  uint64_t now = tuv_now();
  if (check_life(conn, now)) return;
  if (conn->retire_at != 0 && conn->retire_at <= now) set_retiring(conn);
  bool idle = url->idle_timeout != 0 && conn->used_at + url->idle_timeout <= now;
  if ((idle || conn->retiring) && tuv_conn_is_unused(conn)) {
    tuv_conn_retire(conn);
    return;
  }
  if (idle) conn->used_at = now; /* something is open on it, so it is not idle */
  look_again(conn);
}

void tuv_keepalive_begin(tuv_conn_t* conn) {
  const tuv_url_t* url = &conn->context->url;
  uint64_t now = tuv_now();
  conn->used_at = now;
  const tuv_transport_t* transport = conn->conns->transport;
  conn->seen = transport->signs_of_life(conn);
  if (url->ping_interval != 0 && transport->probe != NULL)
    conn->ping_at = now + look_interval(conn);
  if (url->max_age != 0) {
    /* Up to a tenth less, so that connections made together do not end together. */
    uint16_t random = 0;
    tuv_random_bytes(&conn->context->shared.random, (uint8_t*) &random, sizeof random);
    conn->retire_at = now + url->max_age - url->max_age / 10 * random / 0xFFFF;
  }
  look_again(conn);
}

void tuv_keepalive_retire(tuv_conn_t* conn) {
  set_retiring(conn);
  tuv_conn_check_retired(conn);
}
