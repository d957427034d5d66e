#include "conn_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/conn/receive.h"
#include "client/conn/stream.h"
#include "client/conn/suspect.h"
#include "client/pool/conn_events.h"
#include "client/pool/pool.h"
#include "client/pool/queue.h"

conn_kit_t ck;

/* ---- the transport ---- */

link_t* link_at(unsigned index) {
  assert_true(index < ck.nlinks);
  return &ck.links[index];
}

link_t* link_of(const tuv_conn_t* conn) {
  for (unsigned i = 0; i < ck.nlinks; i++)
    if (ck.links[i].conn == conn) return &ck.links[i];
  fail_msg("no such connection");
  return NULL;
}

unsigned links_alive(void) {
  unsigned alive = 0;
  for (unsigned i = 0; i < ck.nlinks; i++) alive += ck.links[i].conn != NULL;
  return alive;
}

static int on_connect(tuv_conn_t* conn) {
  if (ck.connect_status != 0) return ck.connect_status;
  assert_true(ck.nlinks < sizeof ck.links / sizeof *ck.links);
  ck.links[ck.nlinks++] = (link_t) {.conn = conn, .host = conn->host->index};
  return 0;
}

static void on_login(tuv_conn_t* conn) {
  link_of(conn)->logins++;
}

static void on_ready(tuv_conn_t* conn) {
  link_of(conn)->readies++;
}

static int on_send(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  link_t* link = link_of(conn);
  if (ck.send_status != 0) return ck.send_status;
  op->at = link->written;
  link->written += LINK_BYTES;
  link->sends++;
  return 0;
}

static uint64_t sent_up_to(const tuv_conn_t* conn) {
  return link_of(conn)->left;
}

static size_t unsent_bytes(const tuv_conn_t* conn) {
  const link_t* link = link_of(conn);
  return (size_t) (link->written - link->left);
}

static size_t withdraw(tuv_conn_t* conn, uint64_t at) {
  link_t* link = link_of(conn);
  if (at < link->left) return 0;
  link->written -= LINK_BYTES;
  return LINK_BYTES;
}

static void abandon(tuv_conn_t* conn) {
  link_of(conn)->abandons++;
}

static bool may_repeat(const tuv_conn_t* conn) {
  (void) conn;
  return ck.may_repeat;
}

/* As a transport reads it back out of a frame: the payload is the same for all requests. */
static int recover(tuv_conn_t* conn, tuv_req_t* priv) {
  if (ck.recover_status != 0 || priv->payload != NULL) return ck.recover_status;
  priv->payload = tuv_refbuf_take(conn->context->mem, 1);
  priv->payload_size = 1;
  return priv->payload != NULL ? 0 : TAOSUV_ENOMEM;
}

static bool probe(tuv_conn_t* conn) {
  link_of(conn)->probes++;
  return !ck.probe_fails;
}

static uint64_t signs_of_life(const tuv_conn_t* conn) {
  return link_of(conn)->signs;
}

static tuv_stream_t* stream_of(const tuv_conn_t* conn) {
  (void) conn;
  return NULL;
}

static void resume(tuv_conn_t* conn) {
  (void) conn;
}

static void on_flush(tuv_conn_t* conn) {
  link_of(conn)->flushes++;
}

static void on_close(tuv_conn_t* conn) {
  link_of(conn)->closed = true;
}

static void on_abort(tuv_conn_t* conn) {
  link_of(conn)->aborted = true;
}

static const tuv_transport_t original = {.has_actions = true,
                                         .has_endpoints = true,
                                         .connect = on_connect,
                                         .login = on_login,
                                         .ready = on_ready,
                                         .send = on_send,
                                         .sent_up_to = sent_up_to,
                                         .unsent_bytes = unsent_bytes,
                                         .withdraw = withdraw,
                                         .abandon = abandon,
                                         .may_repeat = may_repeat,
                                         .recover = recover,
                                         .probe = probe,
                                         .signs_of_life = signs_of_life,
                                         .stream = stream_of,
                                         .resume = resume,
                                         .flush = on_flush,
                                         .close = on_close,
                                         .abort = on_abort};
tuv_transport_t link_transport;

void link_restore(void) {
  link_transport = original;
}

/* ---- requests ---- */

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) op;
  (void) conn;
  (void) payload;
  (void) size;
  fail_msg("the transport of the test encodes nothing");
  return 0;
}

static void on_reply(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  (void) conn;
  (void) reply;
  if (!tuv_op_is_tombstone(op)) tuv_req_finish(tuv_req_of_op(op), 0);
}

static void on_complete(taosuv_req_t* req, int status) {
  call_type.complete(req, status);
}

const tuv_op_type_t query_type = {.is_request = true,
                                  .action = TAOSUV_ACTION_EXEC,
                                  .encode = encode,
                                  .reply = on_reply,
                                  .complete = on_complete,
                                  .tombstone = &tuv_plain_tombstone};
const tuv_op_type_t stmt_type = {.is_request = true,
                                 .action = TAOSUV_ACTION_EXEC,
                                 .needs = TUV_SERVES_STMT,
                                 .encode = encode,
                                 .reply = on_reply,
                                 .complete = on_complete,
                                 .tombstone = &tuv_plain_tombstone};

int call_submit(call_t* call, const tuv_op_type_t* type, const char* payload) {
  int status = tuv_req_start(&kit.context, &call->req, type);
  if (status < 0) return status;
  status = tuv_pool_submit(&ck.pool, &call->req, payload, strlen(payload));
  if (status < 0) tuv_req_unstart(&call->req);
  return status;
}

void call_query(call_t* call) {
  assert_int_equal(call_submit(call, &query_type, "q"), 0);
}

/* ---- connections ---- */

void link_opened(link_t* link) {
  assert_int_equal(link->conn->state, TUV_CONN_CONNECTING);
  tuv_conn_opened(link->conn);
}

void link_ready(link_t* link) {
  link_opened(link);
  assert_int_equal(link->conn->state, TUV_CONN_LOGIN);
  link->conn->version = UINT64_C(0x0003000300060000);
  link->conn->conns->events->ready(link->conn);
  assert_int_equal(link->conn->state, TUV_CONN_READY);
}

static void gone(link_t* link) {
  tuv_conn_t* conn = link->conn;
  link->conn = NULL;
  tuv_conn_gone(conn);
}

void link_refuse(link_t* link, int status, const char* message) {
  tuv_conn_down(link->conn, status, 0, message, false);
  gone(link);
}

void link_lose(link_t* link, const char* message) {
  link_refuse(link, TAOSUV_ECONNLOST, message);
}

void link_leave_all(link_t* link) {
  link->left = link->written;
}

void link_answer(link_t* link, call_t* call) {
  tuv_op_t* op = tuv_conn_take(link->conn, tuv_req_of(&call->req)->op.id);
  assert_non_null(op);
  link->signs++;
  if (link->conn->suspect) tuv_suspect_heard(link->conn);
  op->type->reply(op, link->conn, NULL);
  if (link->conn->state == TUV_CONN_READY) tuv_conn_pump(link->conn);
}

/* ---- begin and end ---- */

static void on_drained(tuv_pool_t* pool) {
  assert_ptr_equal(pool, &ck.pool);
  ck.drained++;
}

void conn_kit_begin(const char* text) {
  tuv_errmsg_t err;
  tuv_context_t* context = &kit.context;
  assert_int_equal(kit_setup(NULL), 0);
  memset(&ck, 0, sizeof ck);
  link_restore();
  memset(&context->url, 0, sizeof context->url);
  const tuv_alloc_t* alloc = &context->mem->alloc;
  int status = tuv_url_parse(alloc, text, strlen(text), &context->url, &err);
  if (status < 0) fail_msg("%s", err.text);
  context->shared.mem = context->mem;
  tuv_random_init(&context->shared.random);
  tuv_dependents_init(&context->dependents);
  context->completed = NULL;
  context->timed_out = tuv_suspect_begin;
  tuv_pool_init(&ck.pool, context, &tuv_pool_conn_events);
  ck.pool.conns.transport = &link_transport;
  ck.pool.conns.endpoint = &tuv_endpoint_all;
  ck.pool.drained = on_drained;
  status = tuv_hosts_init(&ck.pool.hosts, alloc, &context->url, &context->shared.random);
  assert_int_equal(status, 0);
}

static bool end_links(void) {
  bool any = false;
  for (unsigned i = 0; i < ck.nlinks; i++) {
    link_t* link = &ck.links[i];
    if (link->conn == NULL || !(link->closed || link->aborted)) continue;
    tuv_conn_down(link->conn, TAOSUV_ECONNLOST, 0, "closed", false);
    gone(link);
    any = true;
  }
  return any;
}

void conn_kit_settle(void) {
  do {
    for (unsigned i = 0; i < 20; i++) kit_turn();
  } while (end_links());
}

int conn_kit_end(void** state) {
  tuv_context_t* context = &kit.context;
  alloc_probe_fail(&kit.probe, 0, false);
  context->closing = true;
  tuv_pool_close(&ck.pool);
  conn_kit_settle();
  /* A connection that waits for answers is given its time. */
  kit_pass(context->url.close_timeout + 1);
  conn_kit_settle();
  assert_int_equal(links_alive(), 0);
  assert_int_equal(ck.pool.queued, 0);
  assert_int_equal(ck.pool.conns.ready + ck.pool.conns.connecting, 0);
  assert_int_equal(ck.pool.conns.retiring + ck.pool.conns.leaving + ck.pool.conns.narrow, 0);
  assert_int_equal(ck.pool.moving, 0);
  for (uint32_t i = 0; i < ck.pool.hosts.count; i++) {
    assert_int_equal(ck.pool.hosts.list[i].base.open, 0);
    assert_int_equal(ck.pool.hosts.list[i].base.users, 0);
  }
  tuv_pool_free(&ck.pool);
  tuv_url_free(&context->mem->alloc, &context->url);
  return kit_teardown(state);
}
