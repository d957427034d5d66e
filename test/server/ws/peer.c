/* The listener and the life of its connections: accepted, read, kept alive, closed. */
#include <stdlib.h>
#include <string.h>

#include "ws/conn.h"
#include "ws/deflate.h"
#include "ws/frames.h"
#include "ws/out.h"
#include "ws/reply.h"
#include "ws/upgrade.h"

/* ---- the end of a connection ---- */

static void unlink_conn(ts_conn_t* conn) {
  ts_peer_t* peer = conn->peer;
  if (conn->prev != NULL) conn->prev->next = conn->next;
  if (conn->next != NULL) conn->next->prev = conn->prev;
  if (peer->conns == conn) peer->conns = conn->next;
  for (ts_conn_t** at = &peer->dirty; *at != NULL; at = &(*at)->dirty_next)
    if (*at == conn) {
      *at = conn->dirty_next;
      break;
    }
  peer->counters.open--;
}

static void peer_closed(ts_peer_t* peer) {
  if (peer->handles > 0 || peer->conns != NULL) return;
  void (*closed)(void* data) = peer->closed;
  void* data = peer->closed_data;
  free(peer->upgrade_answer);
  free((char*) (uintptr_t) peer->options.path);
  free(peer);
  if (closed != NULL) closed(data);
}

static void on_handle_closed(uv_handle_t* handle) {
  ts_conn_t* conn = handle->data;
  ts_peer_t* peer = conn->peer;
  if (--conn->handles > 0) return;
  if (conn->opened && peer->options.closed != NULL) peer->options.closed(conn);
  unlink_conn(conn);
  ts_out_free(conn);
  ts_reply_free(conn);
  ts_deflate_free(conn);
  ts_tls_free(conn->tls);
  ts_buf_free(&conn->message);
  ts_buf_free(&conn->upgrade.text);
  ts_buf_free(&conn->upgrade.body);
  ts_buf_free(&conn->upgrade.beyond);
  free(conn->upgrade_answer);
  free(conn);
  if (peer->closing) peer_closed(peer);
}

/* ---- bytes in ---- */

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  ts_conn_t* conn = handle->data;
  (void) suggested;
  *buf = uv_buf_init(conn->peer->buffer, sizeof conn->peer->buffer);
}

/* What the client has sent, behind TLS if there is any. */
static void on_plain(void* context, uint8_t* data, size_t size) {
  ts_conn_t* conn = context;
  if (conn->closing) return;
  while (size > 0 && (!conn->opened || conn->http) && !conn->closing) {
    size_t used = ts_upgrade_feed(conn, (const char*) data, size);
    data += used;
    size -= used;
  }
  if (conn->opened && size > 0 && !conn->out_closed) ts_frames_read(conn, data, size);
}

static const ts_tls_events_t tls_events = {ts_out_cipher, on_plain};

static void on_cipher(ts_conn_t* conn, const uint8_t* data, size_t size) {
  if (ts_tls_feed(conn->tls, data, size) == 0 || conn->closing) return;
  if (ts_tls_is_open(conn->tls)) {
    ts_conn_cut(conn); /* close_notify came */
  } else {
    ts_out_finish(conn); /* the alert leaves first */
  }
}

static void on_bytes(ts_conn_t* conn, char* data, size_t size) {
  uint64_t limit = conn->fault.cut_after_received;
  bool cut = limit > 0 && size >= limit - conn->received;
  if (cut) size = (size_t) (limit - conn->received);
  conn->received += size;
  conn->peer->counters.bytes_in += size;
  if (conn->tls != NULL) {
    on_cipher(conn, (const uint8_t*) data, size);
  } else {
    on_plain(conn, (uint8_t*) data, size);
  }
  if (!cut || conn->closing) return;
  conn->out_closed = true; /* the connection ends when the queue is sent */
  conn->cut_when_flushed = true;
  ts_out_flush(conn);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  ts_conn_t* conn = stream->data;
  if (size < 0) {
    ts_conn_cut(conn);
  } else if (size > 0) {
    on_bytes(conn, buf->base, (size_t) size);
  }
}

/* ---- timers ---- */

static void on_ping(uv_timer_t* timer) {
  ts_conn_t* conn = timer->data;
  if (conn->opened && !conn->http) ts_conn_ping(conn, NULL, 0);
}

static void on_deadline(uv_timer_t* timer) {
  ts_conn_t* conn = timer->data;
  uint64_t end_at = conn->last_seen + conn->peer->options.deadline_ms;
  uint64_t now = uv_now(timer->loop);
  if (now >= end_at) {
    ts_conn_cut(conn);
  } else {
    uv_timer_start(timer, on_deadline, end_at - now, 0);
  }
}

/* ---- the beginning of a connection ---- */

static void copy_fault(ts_fault_t* to, char** answer, const ts_fault_t* from) {
  free(*answer);
  *answer = NULL;
  *to = from != NULL ? *from : (ts_fault_t) {0};
  if (to->upgrade_answer == NULL) return;
  if (to->upgrade_answer_size == 0) to->upgrade_answer_size = strlen(to->upgrade_answer);
  *answer = ts_strdup(to->upgrade_answer, to->upgrade_answer_size);
  to->upgrade_answer = *answer;
}

void ts_conn_set_fault(ts_conn_t* conn, const ts_fault_t* fault) {
  if (conn->closing) return;
  copy_fault(&conn->fault, &conn->upgrade_answer, fault);
  conn->sent = conn->received = 0;
  ts_reply_faults_changed(conn);
}

void ts_peer_set_fault(ts_peer_t* peer, const ts_fault_t* fault, unsigned count) {
  copy_fault(&peer->fault, &peer->upgrade_answer, fault);
  peer->fault_count = count;
  peer->fault_forever = fault != NULL && count == 0;
}

static void take_fault(ts_conn_t* conn) {
  ts_peer_t* peer = conn->peer;
  if (!peer->fault_forever && peer->fault_count == 0) return;
  if (peer->fault_count > 0) peer->fault_count--;
  ts_conn_set_fault(conn, &peer->fault);
}

static void on_connection(uv_stream_t* stream, int status) {
  ts_peer_t* peer = stream->data;
  if (status < 0) return;
  ts_conn_t* conn = ts_calloc(1, sizeof *conn);
  conn->peer = peer;
  conn->handles = 4;
  conn->handle_closed = on_handle_closed;
  uv_tcp_init(stream->loop, &conn->tcp);
  uv_timer_init(stream->loop, &conn->ping);
  uv_timer_init(stream->loop, &conn->deadline);
  uv_timer_init(stream->loop, &conn->delay);
  conn->tcp.data = conn->ping.data = conn->deadline.data = conn->delay.data = conn;
  conn->next = peer->conns;
  if (conn->next != NULL) conn->next->prev = conn;
  peer->conns = conn;
  peer->counters.open++;
  if (uv_accept(stream, (uv_stream_t*) &conn->tcp) != 0 || peer->refuse) {
    ts_conn_reset(conn);
    return;
  }
  peer->counters.accepted++;
  uv_tcp_nodelay(&conn->tcp, 1);
  ts_upgrade_init(conn);
  if (peer->options.tls != NULL) conn->tls = ts_tls_new(peer->options.tls, &tls_events, conn);
  take_fault(conn);
  conn->last_seen = uv_now(stream->loop);
  const ts_peer_options_t* options = &peer->options;
  if (options->ping_ms > 0)
    uv_timer_start(&conn->ping, on_ping, options->ping_ms, options->ping_ms);
  if (options->deadline_ms > 0)
    uv_timer_start(&conn->deadline, on_deadline, options->deadline_ms, 0);
  if (!peer->paused) uv_read_start((uv_stream_t*) &conn->tcp, on_alloc, on_read);
}

/* ---- the peer ---- */

/* Before and after each poll: what callbacks have queued leaves in one write. */
static void on_prepare(uv_prepare_t* handle) {
  ts_out_flush_dirty(handle->data, true);
}
static void on_check(uv_check_t* handle) {
  ts_out_flush_dirty(handle->data, false);
}

static void on_peer_handle_closed(uv_handle_t* handle) {
  ts_peer_t* peer = handle->data;
  peer->handles--;
  peer_closed(peer);
}

static int listen_on(ts_peer_t* peer, int port) {
  struct sockaddr_in address;
  int size = sizeof address;
  uv_ip4_addr("127.0.0.1", port, &address);
  int status = uv_tcp_bind(&peer->tcp, (const struct sockaddr*) &address, 0);
  if (status == 0) status = uv_listen((uv_stream_t*) &peer->tcp, 512, on_connection);
  if (status == 0) status = uv_tcp_getsockname(&peer->tcp, (struct sockaddr*) &address, &size);
  const uint8_t* bytes = (const uint8_t*) &address.sin_port;
  peer->port = bytes[0] << 8 | bytes[1];
  return status;
}

int ts_peer_listen(uv_loop_t* loop, const ts_peer_options_t* options, int port, ts_peer_t** peer) {
  ts_peer_t* p = ts_calloc(1, sizeof *p);
  p->options = *options;
  const char* path = options->path != NULL ? options->path : "/ws";
  p->options.path = ts_strdup(path, strlen(path));
  if (p->options.max_message == 0) p->options.max_message = (size_t) 1 << 30;
  p->handles = 3;
  uv_tcp_init(loop, &p->tcp);
  uv_prepare_init(loop, &p->prepare);
  uv_check_init(loop, &p->check);
  p->tcp.data = p->prepare.data = p->check.data = p;
  uv_prepare_start(&p->prepare, on_prepare);
  uv_check_start(&p->check, on_check);
  uv_unref((uv_handle_t*) &p->prepare);
  uv_unref((uv_handle_t*) &p->check);
  int status = listen_on(p, port);
  if (status == 0) {
    *peer = p;
  } else {
    ts_peer_close(p, NULL, NULL);
  }
  return status;
}

int ts_peer_port(const ts_peer_t* peer) {
  return peer->port;
}
void* ts_peer_data(const ts_peer_t* peer) {
  return peer->options.data;
}
const ts_peer_counters_t* ts_peer_counters(const ts_peer_t* peer) {
  return &peer->counters;
}
void ts_peer_refuse(ts_peer_t* peer, bool refuse) {
  peer->refuse = refuse;
}

void ts_peer_pause(ts_peer_t* peer, bool pause) {
  peer->paused = pause;
  for (ts_conn_t* conn = peer->conns; conn != NULL; conn = conn->next) {
    uv_stream_t* stream = (uv_stream_t*) &conn->tcp;
    if (conn->closing) continue;
    if (pause)
      uv_read_stop(stream);
    else
      uv_read_start(stream, on_alloc, on_read);
  }
}

void ts_peer_set_path(ts_peer_t* peer, const char* path) {
  free((char*) (uintptr_t) peer->options.path);
  peer->options.path = ts_strdup(path, strlen(path));
}

ts_conn_t* ts_peer_next(const ts_peer_t* peer, const ts_conn_t* conn) {
  return conn == NULL ? peer->conns : conn->next;
}

void ts_peer_cut_all(ts_peer_t* peer) {
  for (ts_conn_t* conn = peer->conns; conn != NULL; conn = conn->next) ts_conn_cut(conn);
}

void ts_peer_close(ts_peer_t* peer, void (*closed)(void* data), void* data) {
  if (peer->closing) return;
  peer->closing = true;
  peer->closed = closed;
  peer->closed_data = data;
  ts_peer_cut_all(peer);
  uv_close((uv_handle_t*) &peer->tcp, on_peer_handle_closed);
  uv_close((uv_handle_t*) &peer->prepare, on_peer_handle_closed);
  uv_close((uv_handle_t*) &peer->check, on_peer_handle_closed);
}
