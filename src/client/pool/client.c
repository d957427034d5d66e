/* The life of a client: it is made from a URL, and closed with nothing left behind. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/core/submit.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/login.h"
#include "client/conn/rest_request.h"
#include "client/conn/suspect.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/conn_events.h"
#include "client/pool/drain.h"
#include "client/pool/hosts.h"
#include "client/core/observe.h"
#include "wire/text.h"

/* Replies in JSON are much smaller than this. A larger one is refused. */
#define MAX_TEXT_SIZE (16u << 20)

void taosuv_options_init(taosuv_options_t* options) {
  memset(options, 0, sizeof *options);
  options->size = sizeof *options;
  options->url_length = TAOSUV_NUL_TERMINATED;
}

static void release(taosuv_client_t* client) {
  tuv_mem_t* mem = client->context.mem;
  tuv_io_shared_free(&client->context.shared);
  tuv_timers_free(&client->context.timers);
  tuv_json_free(&client->context.json);
  tuv_free(&mem->alloc, client->context.stats);
  tuv_pool_free(&client->pool);
  tuv_url_free(&mem->alloc, &client->context.url);
  tuv_wipe(&client->context.shared.random, sizeof client->context.shared.random);
  tuv_wipe(client->context.totp, sizeof client->context.totp);
  tuv_alloc_t alloc = mem->alloc;
  tuv_mem_close(mem);
  tuv_free(&alloc, client);
}

static void on_handle_closed(uv_handle_t* handle) {
  taosuv_client_t* client = handle->data;
  if (--client->open_handles > 0) return;
  tuv_submit_on_async(&client->context.async); /* what a thread submitted that did not know yet */
  taosuv_close_cb cb = client->close_cb;
  void* data = client->data;
  release(client);
  if (cb != NULL) cb(data);
}

/* The last step of closing, once every request is completed and every connection is gone. */
static void close_handles_if_done(tuv_task_t* task) {
  taosuv_client_t* client = TUV_CONTAINER(task, taosuv_client_t, context.end);
  if (client->context.turn.stopped) return;
  if (client->context.pending > 0 || !tuv_queue_empty(&client->pool.conns.gone)) return;
  if (tuv_task_is_posted(&client->context.complete)) { /* it has a list to free */
    tuv_context_check_end(&client->context);
    return;
  }
  if (atomic_load(&client->context.submits) != NULL) return; /* on_async will be here first */
  tuv_turn_stop(&client->context.turn);
  client->context.timers.handle.data = client->context.timers.polling.data =
      client; /* they fire no more */
  uv_close((uv_handle_t*) &client->context.turn.handle, on_handle_closed);
  uv_close((uv_handle_t*) &client->context.async, on_handle_closed);
  uv_close((uv_handle_t*) &client->context.timers.handle, on_handle_closed);
  uv_close((uv_handle_t*) &client->context.timers.polling, on_handle_closed);
}

static void close_deferred(tuv_task_t* task) {
  taosuv_client_t* client = TUV_CONTAINER(task, taosuv_client_t, close);
  taosuv_close(client, client->close_cb);
}

static void post_drain(tuv_pool_t* pool) {
  taosuv_client_t* client = TUV_CONTAINER(pool, taosuv_client_t, pool);
  if (client->on_drain != NULL)
    tuv_turn_post(&client->context.turn, &client->drain, TUV_PHASE_DRAIN);
}

static void call_on_drain(tuv_task_t* task) {
  taosuv_client_t* client = TUV_CONTAINER(task, taosuv_client_t, drain);
  if (!client->context.closing) client->on_drain(client, client->data);
}

static void begin_turn(tuv_turn_t* turn) {
  TUV_CONTAINER(turn, tuv_context_t, turn)->shared.work = 0;
}

/* An option of the URL that this build does not support is refused, not ignored. */
static int check_supported(const tuv_url_t* url, tuv_errmsg_t* err) {
  if (url->compression && !tuv_deflate_available())
    return tuv_fail(err, TAOSUV_ENOTSUP, "compression needs a taosuv that was built with zlib");
  return 0;
}

static int make_tls(taosuv_client_t* client, tuv_errmsg_t* err) {
  const tuv_url_t* url = &client->context.url;
  if (!url->tls) return 0;
  tuv_tls_settings_t settings = {.ca = url->tls_ca,
                                 .certificate = url->tls_cert,
                                 .key = url->tls_key,
                                 .server_name = url->tls_server_name,
                                 .pins = url->tls_pin,
                                 .tls_13_only = url->tls_13_only,
                                 .insecure = url->tls_insecure,
                                 .common_name = url->tls_common_name};
  return tuv_tls_context_create(&client->context.mem->alloc, &settings, &client->pool.conns.tls,
                                err);
}

static int read_url(taosuv_client_t* client, const taosuv_options_t* options,
                    const tuv_setup_t* setup, tuv_errmsg_t* err) {
  if (options->url == NULL) return tuv_fail(err, TAOSUV_EURL, "no URL given");
  size_t length = options->url_length;
  length = tuv_text_length(options->url, length);
  int status = tuv_url_parse(&client->context.mem->alloc, options->url, length,
                             &client->context.url, err);
  if (status == 0) status = check_supported(&client->context.url, err);
  if (status == 0 && setup != NULL)
    status = setup->apply(setup->consumer, &client->context.url, err);
  if (status == 0)
    status = tuv_hosts_init(&client->pool.hosts, &client->context.mem->alloc, &client->context.url,
                            &client->context.shared.random);
  if (status == 0) status = tuv_endpoint_init(&client->pool.conns);
  if (status == 0 && client->context.url.transport == TUV_TRANSPORT_REST) {
    client->pool.conns.transport = &tuv_transport_rest;
    status = tuv_rest_prepare(&client->pool.conns, err);
  }
  if (status == 0) status = make_tls(client, err);
  return status;
}

static taosuv_client_t* allocate(const tuv_alloc_t* alloc) {
  taosuv_client_t* client = tuv_calloc(alloc, 1, sizeof *client);
  tuv_mem_t* mem = tuv_mem_create(alloc);
  if (client == NULL || mem == NULL) {
    if (mem != NULL) tuv_mem_close(mem);
    tuv_free(alloc, client);
    return NULL;
  }
  client->context.mem = mem;
  client->context.shared.mem = mem;
  tuv_pool_init(&client->pool, &client->context, &tuv_pool_conn_events);
  client->pool.conns.transport = &tuv_transport_ws;
  client->pool.drained = post_drain;
  tuv_json_init(&client->context.json, &mem->alloc);
  tuv_random_init(&client->context.shared.random);
  tuv_queue_t* queues[] = {&client->context.done, &client->context.failing, &client->drains};
  for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) tuv_queue_init(queues[i]);
  tuv_dependents_init(&client->context.dependents);
  tuv_turn_init(&client->context.turn, begin_turn);
  tuv_task_init(&client->context.complete, tuv_complete_some);
  client->context.timed_out = tuv_suspect_begin;
  tuv_task_init(&client->context.end, close_handles_if_done);
  tuv_task_init(&client->drain, call_on_drain);
  tuv_task_init(&client->schema_changed, NULL);
  tuv_task_init(&client->close, close_deferred);
  return client;
}

/* ---- what deadlines wait for ---- */

static taosuv_client_t* of_timers(const tuv_timers_t* timers) {
  return TUV_CONTAINER(timers, taosuv_client_t, context.timers);
}

static bool has_unsent(const tuv_timers_t* timers) {
  return of_timers(timers)->context.turn.due;
}

static bool has_unread(tuv_timers_t* timers) {
  taosuv_client_t* client = of_timers(timers);
  bool more = false;
  for (tuv_queue_t* at = client->pool.conns.list.next; at != &client->pool.conns.list;
       at = at->next) {
    const tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    tuv_stream_t* stream = client->pool.conns.transport->stream(conn);
    more |= !tuv_queue_empty(&conn->paused);
    if (stream == NULL) continue;
    more |= stream->more;
    stream->more = false;
  }
  return more;
}

static int open_handles(taosuv_client_t* client, uv_loop_t* loop) {
  uint64_t seed;
  int status = tuv_random_bytes(&client->context.shared.random, (uint8_t*) &seed, sizeof seed);
  if (status == 0) status = uv_async_init(loop, &client->context.async, tuv_submit_on_async);
  if (status < 0) return status;
  client->context.loop = loop;
  tuv_ids_init(&client->context.ids, seed);
  tuv_turn_open(&client->context.turn, loop);
  tuv_timers_init(&client->context.timers, loop, &client->context.mem->alloc);
  client->context.timers.unsent = has_unsent;
  client->context.timers.unread = has_unread;
  client->context.turn.handle.data = client;
  client->context.async.data = client;
  client->open_handles = 4;
  return 0;
}

static int enable_metrics(taosuv_client_t* client) {
  client->context.stats = tuv_stats_create(&client->context.mem->alloc,
                                           client->pool.hosts.capacity);
  return client->context.stats == NULL ? TAOSUV_ENOMEM : 0;
}

int tuv_client_create(uv_loop_t* loop, const taosuv_options_t* options, const tuv_setup_t* setup,
                      taosuv_client_t** client) {
  tuv_errmsg_t err = {""};
  if (client == NULL) return TAOSUV_EINVAL;
  *client = NULL;
  if (loop == NULL || options == NULL || options->size == 0) return TAOSUV_EINVAL;
  tuv_alloc_t alloc = tuv_alloc_default;
  if (options->allocator != NULL) memcpy(&alloc, options->allocator, sizeof alloc);
  taosuv_client_t* made = allocate(&alloc);
  if (made == NULL) return TAOSUV_ENOMEM;
  tuv_heap_init(&made->context.timers.heap, &made->context.mem->alloc);
  made->consumer = setup != NULL ? setup->consumer : NULL;
  made->pool.conns.endpoint = setup != NULL ? setup->endpoint : &tuv_endpoint_all;
  made->owned = setup != NULL;
  int status = read_url(made, options, setup, &err);
  if (status == 0 && made->context.url.metrics) status = enable_metrics(made);
  if (status == 0) status = open_handles(made, loop);
  if (status < 0) {
    if (options->message != NULL && options->message_size > 0)
      snprintf(options->message, options->message_size, "%s",
               err.text[0] != 0 ? err.text : taosuv_strerror(status));
    release(made);
    return status;
  }
  made->context.shared.max_message_size = made->context.url.max_message_size;
  made->context.shared.max_text_size = MAX_TEXT_SIZE;
  /* Each message is compressed alone, because one that has not left may move to another connection. */
  made->context.shared.offer = made->context.url.compression ? TUV_HTTP_DEFLATE_ALONE
                                                             : TUV_HTTP_DEFLATE_NONE;
  made->on_drain = options->on_drain;
  made->data = options->data;
  *client = made;
  return 0;
}

int taosuv_client_create_ex(uv_loop_t* loop, const taosuv_options_t* options,
                            taosuv_client_t** client) {
  return tuv_client_create(loop, options, NULL, client);
}

int taosuv_client_create(uv_loop_t* loop, const char* url, taosuv_client_t** client) {
  taosuv_options_t options;
  taosuv_options_init(&options);
  options.url = url;
  return taosuv_client_create_ex(loop, &options, client);
}

void* taosuv_client_data(const taosuv_client_t* client) {
  return client != NULL ? client->data : NULL;
}

void taosuv_client_set_data(taosuv_client_t* client, void* data) {
  if (client != NULL) client->data = data;
}

uv_loop_t* taosuv_client_loop(const taosuv_client_t* client) {
  return client != NULL ? client->context.loop : NULL;
}

void taosuv_client_counts(const taosuv_client_t* client, taosuv_counts_t* counts) {
  if (counts != NULL) memset(counts, 0, sizeof *counts);
  if (client == NULL || counts == NULL) return;
  counts->connections = client->pool.conns.ready;
  counts->connecting = client->pool.conns.connecting;
  counts->queued = client->pool.queued;
  counts->connects = client->pool.connects;
  for (tuv_queue_t* at = client->pool.conns.list.next; at != &client->pool.conns.list;
       at = at->next)
    counts->in_flight += tuv_inflight_count(&TUV_CONTAINER(at, tuv_conn_t, link)->inflight);
}

void taosuv_close(taosuv_client_t* client, taosuv_close_cb cb) {
  if (client == NULL || client->owned || client->context.closing) return;
  if (tuv_task_is_posted(&client->close)) return;
  client->close_cb = cb;
  if (client->context.in_hook) { /* the client is in the middle of something */
    tuv_turn_post(&client->context.turn, &client->close, TUV_PHASE_DEFERRED);
    return;
  }
  client->context.closing = true;
  tuv_dependents_close(&client->context.dependents, TUV_RANK_WRITER, NULL);
  tuv_dependents_close(&client->context.dependents, TUV_RANK_STMT, NULL);
  tuv_drain_close(client);
  tuv_pool_close(&client->pool);
  tuv_dependents_close(&client->context.dependents, TUV_RANK_RESULT, NULL);
  uv_async_send(&client->context.async); /* cancels what was submitted */
  tuv_context_check_end(&client->context);
}
