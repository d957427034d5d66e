/* What is in flight, as lines for people: connections and requests, without SQL and secrets. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/conn/conn.h"
#include "client/pool/client.h"

typedef struct dump_s {
  taosuv_client_t* client;
  taosuv_line_cb line;
  void* context;
  uint64_t now;
} dump_t;

static uint64_t age_ms(const dump_t* dump, uint64_t since) {
  return dump->now > since ? (dump->now - since) / 1000000u : 0;
}

static void dump_client(const dump_t* dump) {
  taosuv_stats_t s = {.size = sizeof s};
  char text[256];
  taosuv_client_stats(dump->client, &s);
  snprintf(text, sizeof text,
           "client: %" PRIu32 " ready, %" PRIu32 " connecting, %" PRIu32 " logging in, %" PRIu32
           " closing; %" PRIu32 " in flight, %" PRIu32 " queued, %" PRIu32 " pending",
           s.ready, s.connecting, s.logging_in, s.closing, s.in_flight, s.queued, s.pending);
  dump->line(dump->context, text);
}

/* One line of an operation. One that no request waits for (a fetch ahead of need, a log-in) has no
 * age of its own. */
static void dump_op(const dump_t* dump, const tuv_op_t* op, const char* state, const char* host) {
  char text[512], age[32] = "ahead of need";
  const taosuv_req_t* req = tuv_op_waiter(op);
  if (!op->type->is_request && op->type->waiter == NULL) snprintf(age, sizeof age, "internal");
  if (req != NULL) {
    uint64_t started = ((const tuv_req_t*) (const void*) &req->priv)->started;
    snprintf(age, sizeof age, "%" PRIu64 " ms", age_ms(dump, started));
  }
  snprintf(text, sizeof text, "  request %" PRIu64 ": %s, %s, %s, %s", op->id,
           taosuv_action_name(op->type->action), state, age, host);
  dump->line(dump->context, text);
}

static void dump_list(const dump_t* dump, const tuv_queue_t* list, const char* state,
                      const char* host) {
  for (const tuv_queue_t* at = list->next; at != list; at = at->next)
    dump_op(dump, TUV_CONTAINER(at, const tuv_op_t, link), state, host);
}

static const char* state_name(const tuv_conn_t* conn) {
  static const char* const names[] = {
      [TUV_CONN_CONNECTING] = "connecting", [TUV_CONN_LOGIN] = "logging in",
      [TUV_CONN_READY] = "ready",           [TUV_CONN_LEAVING] = "leaving",
      [TUV_CONN_CLOSING] = "closing",       [TUV_CONN_DEAD] = "closing"};
  if (conn->suspect) return "suspect";
  return names[conn->state];
}

static void dump_conn(const dump_t* dump, const tuv_conn_t* conn) {
  char text[512];
  const char* host = tuv_conn_host(conn);
  size_t listed = 0;
  for (const tuv_queue_t* at = conn->inflight.sent.next; at != &conn->inflight.sent; at = at->next)
    listed++;
  size_t count = conn->state < TUV_CONN_CLOSING ? tuv_inflight_count(&conn->inflight) : 0;
  snprintf(text, sizeof text,
           "connection %s: %s, %" PRIu64
           " ms, %zu in flight (%zu of them cancelled), %zu bytes "
           "waiting",
           host, state_name(conn), age_ms(dump, conn->started), count,
           count > listed ? count - listed : 0, conn->conns->transport->unsent_bytes(conn));
  dump->line(dump->context, text);
  dump_list(dump, &conn->inflight.sent, "in flight", host);
  dump_list(dump, &conn->waiting, "waits for room", host);
}

static void dump_conns(const dump_t* dump, const tuv_queue_t* list) {
  for (const tuv_queue_t* at = list->next; at != list; at = at->next)
    dump_conn(dump, TUV_CONTAINER(at, const tuv_conn_t, link));
}

int taosuv_client_dump(taosuv_client_t* client, taosuv_line_cb line, void* context) {
  if (client == NULL || line == NULL) return TAOSUV_EINVAL;
  dump_t dump = {client, line, context, uv_hrtime()};
  bool in_hook = client->context.in_hook;
  client->context.in_hook = true; /* the lists below are not to change meanwhile */
  dump_client(&dump);
  dump_conns(&dump, &client->pool.conns.list);
  dump_conns(&dump, &client->pool.conns.gone);
  dump_list(&dump, &client->pool.queue, "queued", "no host");
  dump_list(&dump, &client->context.done, "to be completed", "no host");
  client->context.in_hook = in_hook;
  return 0;
}
