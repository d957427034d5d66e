/* The proxy that simulates network failures. A connection has two sockets and two directions: bytes
 * that one socket reads wait in the queue of their direction until the other socket may write
 * them. */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WAITING = 1 << 20, READ_SIZE = 1 << 16 };

typedef struct chunk_s {
  struct chunk_s* next;
  uint64_t due; /* loop time */
  size_t size, at;
  char bytes[];
} chunk_t;

typedef struct way_s {
  proxy_conn_t* conn;
  uv_tcp_t *from, *to;
  proxy_trouble_t trouble;
  uint64_t passed;       /* since the plan was set */
  uint64_t total;        /* since the connection was opened */
  chunk_t *first, *last; /* that wait */
  size_t waiting;
  uint64_t next_piece; /* loop time of it */
  bool ended;          /* the sender has ended its direction */
  bool writing;
  uv_timer_t timer;
  uv_write_t write;
  uv_shutdown_t shutdown;
} way_t;

struct proxy_conn_s {
  proxy_t* proxy;
  proxy_conn_t *next, *prev;
  uv_tcp_t client, server;
  uv_connect_t connect;
  bool connected, closing, silent, reset;
  unsigned handles;
  way_t ways[PROXY_WAYS];
};

struct proxy_s {
  uv_loop_t* loop;
  struct sockaddr_storage server;
  uv_tcp_t* listener; /* NULL: stopped */
  int port;
  proxy_conn_t* conns;
  proxy_plan_t plan;
  unsigned plan_count; /* remaining connections that it applies to; 0: all */
  proxy_counters_t counters;
  unsigned handles; /* of listeners and connections */
  bool closing;
  void (*closed)(void* data);
  void* closed_data;
  char buffer[READ_SIZE];
};

static void pump(way_t* way);

/* ---- closing ---- */

static void handle_gone(proxy_t* proxy) {
  proxy->handles--;
  if (!proxy->closing || proxy->handles > 0) return;
  void (*closed)(void* data) = proxy->closed;
  void* data = proxy->closed_data;
  free(proxy);
  if (closed != NULL) closed(data);
}

static void unlink_conn(proxy_conn_t* conn) {
  proxy_t* proxy = conn->proxy;
  if (conn->prev != NULL) conn->prev->next = conn->next;
  if (conn->next != NULL) conn->next->prev = conn->prev;
  if (proxy->conns == conn) proxy->conns = conn->next;
  proxy->counters.open--;
}

static void on_handle_closed(uv_handle_t* handle) {
  proxy_conn_t* conn = handle->data;
  if (--conn->handles > 0) return;
  for (int i = 0; i < PROXY_WAYS; i++)
    for (chunk_t* chunk = conn->ways[i].first; chunk != NULL;) {
      chunk_t* next = chunk->next;
      free(chunk);
      chunk = next;
    }
  proxy_t* proxy = conn->proxy;
  free(conn);
  handle_gone(proxy);
}

/* Only the client receives the RST. */
static void end(proxy_conn_t* conn, bool reset) {
  if (conn->closing) return;
  conn->closing = true;
  unlink_conn(conn);
  if (!reset || uv_tcp_close_reset(&conn->client, on_handle_closed) != 0)
    uv_close((uv_handle_t*) &conn->client, on_handle_closed);
  uv_close((uv_handle_t*) &conn->server, on_handle_closed);
  for (int i = 0; i < PROXY_WAYS; i++)
    uv_close((uv_handle_t*) &conn->ways[i].timer, on_handle_closed);
}

void proxy_conn_cut(proxy_conn_t* conn) {
  end(conn, false);
}

void proxy_conn_reset(proxy_conn_t* conn) {
  end(conn, true);
}

/* ---- one direction ---- */

static bool is_stalled(const way_t* way) {
  const proxy_trouble_t* trouble = &way->trouble;
  return trouble->stall || (trouble->stall_after > 0 && way->passed >= trouble->stall_after);
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  const proxy_conn_t* conn = handle->data;
  (void) suggested;
  *buf = uv_buf_init(conn->proxy->buffer, READ_SIZE);
}

static void put(way_t* way, const char* bytes, size_t size) {
  chunk_t* chunk = malloc(sizeof *chunk + size);
  if (chunk == NULL) abort();
  *chunk = (chunk_t) {.size = size, .due = uv_now(way->conn->proxy->loop) + way->trouble.delay_ms};
  memcpy(chunk->bytes, bytes, size);
  if (way->last != NULL)
    way->last->next = chunk;
  else
    way->first = chunk;
  way->last = chunk;
  way->waiting += size;
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  proxy_conn_t* conn = stream->data;
  way_t* way = &conn->ways[stream == (uv_stream_t*) &conn->client ? PROXY_UP : PROXY_DOWN];
  bool nobody = conn->silent || is_stalled(&conn->ways[PROXY_DOWN]); /* will say anything to it */
  if (size > 0 && !conn->silent) put(way, buf->base, (size_t) size);
  if (size < 0 && (size != UV_EOF || (way == &conn->ways[PROXY_UP] && nobody))) {
    end(conn, size != UV_EOF);
    return;
  }
  if (size < 0) {
    way->ended = true;
    uv_read_stop(stream);
  }
  if (size != 0) pump(way);
}

/* Starts or stops reading, depending on the waiting bytes. */
static void read_or_not(way_t* way) {
  if (way->ended || !way->conn->connected) return;
  if (is_stalled(way) || way->waiting > MAX_WAITING)
    uv_read_stop((uv_stream_t*) way->from);
  else
    uv_read_start((uv_stream_t*) way->from, on_alloc, on_read);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
  (void) req;
  (void) status;
}

/* The sender has ended, and all its bytes are forwarded. */
static void finish(way_t* way) {
  if (way->to == &way->conn->client)
    end(way->conn, false);
  else if (way->shutdown.handle == NULL)
    uv_shutdown(&way->shutdown, (uv_stream_t*) way->to, on_shutdown);
}

static void on_timer(uv_timer_t* timer) {
  proxy_conn_t* conn = timer->data;
  pump(&conn->ways[timer == &conn->ways[PROXY_UP].timer ? PROXY_UP : PROXY_DOWN]);
}

/* The bytes of the first chunk that may be written now; 0: none yet. */
static size_t allowed(way_t* way) {
  const proxy_trouble_t* trouble = &way->trouble;
  const chunk_t* chunk = way->first;
  uint64_t now = uv_now(way->conn->proxy->loop);
  uint64_t due = way->next_piece > chunk->due ? way->next_piece : chunk->due;
  if (due > now) {
    uv_timer_start(&way->timer, on_timer, due - now, 0);
    return 0;
  }
  uint64_t size = chunk->size - chunk->at;
  uint64_t limits[] = {trouble->stall_after, trouble->cut_after};
  if (trouble->piece > 0 && size > trouble->piece) size = trouble->piece;
  for (int i = 0; i < 2; i++)
    if (limits[i] > way->passed && size > limits[i] - way->passed) size = limits[i] - way->passed;
  return (size_t) size;
}

static void on_write(uv_write_t* req, int status) {
  way_t* way = req->data;
  proxy_conn_t* conn = way->conn;
  way->writing = false;
  if (conn->closing) return;
  chunk_t* chunk = way->first;
  if (chunk->at == chunk->size) {
    way->first = chunk->next;
    if (way->first == NULL) way->last = NULL;
    free(chunk);
  }
  if (status < 0)
    end(conn, true);
  else if (way->trouble.cut_after > 0 && way->passed >= way->trouble.cut_after)
    end(conn, conn->reset);
  else
    pump(way);
}

static void write_some(way_t* way, size_t size) {
  chunk_t* chunk = way->first;
  proxy_conn_t* conn = way->conn;
  uv_buf_t buf = uv_buf_init(chunk->bytes + chunk->at, (unsigned int) size);
  chunk->at += size;
  way->waiting -= size;
  way->passed += size;
  way->total += size;
  conn->proxy->counters.passed[way == &conn->ways[PROXY_UP] ? PROXY_UP : PROXY_DOWN] += size;
  way->next_piece = uv_now(conn->proxy->loop) + way->trouble.every_ms;
  way->write.data = way;
  way->writing = uv_write(&way->write, (uv_stream_t*) way->to, &buf, 1, on_write) == 0;
  if (!way->writing) end(conn, true);
}

static void pump(way_t* way) {
  if (way->conn->closing || !way->conn->connected) return;
  read_or_not(way);
  if (way->writing || is_stalled(way)) return;
  if (way->first == NULL) {
    if (way->ended) finish(way);
    return;
  }
  size_t size = allowed(way);
  if (size > 0) write_some(way, size);
}

/* ---- connections ---- */

void proxy_conn_set_plan(proxy_conn_t* conn, const proxy_plan_t* plan) {
  static const proxy_plan_t none;
  if (plan == NULL) plan = &none;
  conn->reset = plan->reset;
  for (int i = 0; i < PROXY_WAYS; i++) {
    conn->ways[i].trouble = plan->way[i];
    conn->ways[i].passed = 0;
    pump(&conn->ways[i]);
  }
}

uint64_t proxy_conn_passed(const proxy_conn_t* conn, proxy_way_t way) {
  return conn->ways[way].total;
}

static void on_connect(uv_connect_t* req, int status) {
  proxy_conn_t* conn = req->data;
  if (conn->closing) return;
  if (status < 0) {
    end(conn, true);
    return;
  }
  conn->connected = true;
  for (int i = 0; i < PROXY_WAYS; i++) pump(&conn->ways[i]);
}

static void init_handles(proxy_conn_t* conn) {
  proxy_t* proxy = conn->proxy;
  uv_tcp_init(proxy->loop, &conn->client);
  uv_tcp_init(proxy->loop, &conn->server);
  conn->client.data = conn->server.data = conn->connect.data = conn;
  conn->handles = 2 + PROXY_WAYS;
  for (int i = 0; i < PROXY_WAYS; i++) {
    way_t* way = &conn->ways[i];
    way->conn = conn;
    way->from = i == PROXY_UP ? &conn->client : &conn->server;
    way->to = i == PROXY_UP ? &conn->server : &conn->client;
    uv_timer_init(proxy->loop, &way->timer);
    way->timer.data = conn;
  }
}

static void take_plan(proxy_conn_t* conn) {
  proxy_t* proxy = conn->proxy;
  conn->silent = proxy->plan.silent;
  proxy_conn_set_plan(conn, &proxy->plan);
  if (proxy->plan_count > 0 && --proxy->plan_count == 0) proxy->plan = (proxy_plan_t) {0};
}

static void on_connection(uv_stream_t* stream, int status) {
  proxy_t* proxy = stream->data;
  if (status < 0) return;
  proxy_conn_t* conn = calloc(1, sizeof *conn);
  if (conn == NULL) abort();
  conn->proxy = proxy;
  conn->next = proxy->conns;
  if (conn->next != NULL) conn->next->prev = conn;
  proxy->conns = conn;
  proxy->handles++;
  proxy->counters.open++;
  init_handles(conn);
  if (uv_accept(stream, (uv_stream_t*) &conn->client) != 0) {
    end(conn, true);
    return;
  }
  proxy->counters.accepted++;
  uv_tcp_nodelay(&conn->client, 1);
  uv_tcp_nodelay(&conn->server, 1);
  take_plan(conn);
  if (conn->silent) {
    uv_read_start((uv_stream_t*) &conn->client, on_alloc, on_read); /* to see its end */
    return;
  }
  const struct sockaddr* server = (const struct sockaddr*) &proxy->server;
  if (uv_tcp_connect(&conn->connect, &conn->server, server, on_connect) != 0) end(conn, true);
}

proxy_conn_t* proxy_next(const proxy_t* proxy, const proxy_conn_t* conn) {
  return conn != NULL ? conn->next : proxy->conns;
}

void proxy_cut_all(proxy_t* proxy) {
  while (proxy->conns != NULL) end(proxy->conns, false);
}

/* ---- the proxy ---- */

static void on_listener_closed(uv_handle_t* handle) {
  proxy_t* proxy = handle->data;
  free(handle);
  handle_gone(proxy);
}

int proxy_start(proxy_t* proxy) {
  struct sockaddr_in address;
  int size = sizeof address;
  uv_tcp_t* listener = calloc(1, sizeof *listener);
  if (listener == NULL) abort();
  uv_tcp_init(proxy->loop, listener);
  listener->data = proxy;
  proxy->handles++;
  uv_ip4_addr("127.0.0.1", proxy->port, &address);
  int status = uv_tcp_bind(listener, (const struct sockaddr*) &address, 0);
  if (status == 0) status = uv_listen((uv_stream_t*) listener, 128, on_connection);
  if (status == 0) status = uv_tcp_getsockname(listener, (struct sockaddr*) &address, &size);
  if (status != 0) {
    uv_close((uv_handle_t*) listener, on_listener_closed);
    return status;
  }
  proxy->listener = listener;
  proxy->port = ntohs(address.sin_port);
  return 0;
}

void proxy_stop(proxy_t* proxy) {
  proxy_cut_all(proxy);
  if (proxy->listener == NULL) return;
  uv_close((uv_handle_t*) proxy->listener, on_listener_closed);
  proxy->listener = NULL;
}

int proxy_create(uv_loop_t* loop, const struct sockaddr* server, proxy_t** out) {
  proxy_t* proxy = calloc(1, sizeof *proxy);
  if (proxy == NULL) abort();
  proxy->loop = loop;
  proxy->handles = 1; /* its own, until proxy_close */
  proxy_set_server(proxy, server);
  int status = proxy_start(proxy);
  if (status != 0)
    proxy_close(proxy, NULL, NULL);
  else
    *out = proxy;
  return status;
}

void proxy_close(proxy_t* proxy, void (*closed)(void* data), void* data) {
  proxy->closed = closed;
  proxy->closed_data = data;
  proxy->closing = true;
  proxy_stop(proxy);
  handle_gone(proxy);
}

void proxy_set_server(proxy_t* proxy, const struct sockaddr* server) {
  bool six = server->sa_family == AF_INET6;
  memcpy(&proxy->server, server, six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

int proxy_port(const proxy_t* proxy) {
  return proxy->port;
}

proxy_counters_t proxy_counters(const proxy_t* proxy) {
  return proxy->counters;
}

void proxy_set_plan(proxy_t* proxy, const proxy_plan_t* plan, unsigned count) {
  proxy->plan = plan != NULL ? *plan : (proxy_plan_t) {0};
  proxy->plan_count = count;
}

void proxy_set_plan_of_all(proxy_t* proxy, const proxy_plan_t* plan) {
  proxy_set_plan(proxy, plan, 0);
  for (proxy_conn_t* conn = proxy->conns; conn != NULL;) {
    proxy_conn_t* next = conn->next;
    proxy_conn_set_plan(conn, plan);
    conn = next;
  }
}
