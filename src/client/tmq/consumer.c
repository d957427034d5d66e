/* The life of a consumer: it is made from a URL and properties, and takes its steps. */
#include "client/core/turn.h"
#include "client/pool/client.h"
#include "client/pool/pool.h"
#include "client/tmq/close.h"
#include "client/tmq/commit.h"
#include "client/tmq/config.h"
#include "client/tmq/consumer.h"
#include "client/tmq/fetch.h"
#include "client/tmq/message.h"
#include "client/tmq/poll.h"
#include "client/tmq/progress.h"
#include "client/tmq/resubscribe.h"
#include "client/tmq/subscribe.h"
#include "wire/tmq/message.h"

#include <stdio.h>
#include <string.h>

void taosuv_consumer_options_init(taosuv_consumer_options_t* options) {
  memset(options, 0, sizeof *options);
  options->size = sizeof *options;
  options->url_length = TAOSUV_NUL_TERMINATED;
}

static void go_on(tuv_task_t* task);

/* A consumer logs in with its subscribe (PROTOCOL 7.1), again with each reconnect. */
static const tuv_endpoint_t endpoint = {
    .path = "/rest/tmq", .single = true, .req_id = tuv_tmq_req_id};

/* Changes the client's URL by the properties. The consumer owns the texts. */
static int apply(taosuv_consumer_t* consumer, tuv_url_t* url, tuv_errmsg_t* err) {
  const char* const* value = consumer->config.value;
  const char* ip = value[TUV_TMQ_IP];
  const char* port = value[TUV_TMQ_PORT];
  char number[8];
  if (value[TUV_TMQ_USER] != NULL) url->user = value[TUV_TMQ_USER];
  if (value[TUV_TMQ_PASSWORD] != NULL) url->password = value[TUV_TMQ_PASSWORD];
  if (value[TUV_TMQ_DB] != NULL) url->db = value[TUV_TMQ_DB];
  if (value[TUV_TMQ_TOKEN] != NULL) url->bearer_token = value[TUV_TMQ_TOKEN];
  snprintf(number, sizeof number, "%u", url->hosts[0].port);
  if (ip != NULL && strcmp(ip, url->hosts[0].name) != 0)
    return tuv_fail(err, TAOSUV_EINVAL, "td.connect.ip is not the host of the URL");
  if (port != NULL && strcmp(port, number) != 0)
    return tuv_fail(err, TAOSUV_EINVAL, "td.connect.port is not the port of the URL");
  if (url->totp_code[0] != 0 || url->totp_secret[0] != 0)
    return tuv_fail(err, TAOSUV_ENOTSUP, "a consumer cannot log in with a one-time password");
  if (url->transport == TUV_TRANSPORT_REST)
    return tuv_fail(err, TAOSUV_ENOTSUP, "a consumer needs ws:// or wss://");
  if (url->transport != TUV_TRANSPORT_WS)
    return tuv_fail(err, TAOSUV_ENOTSUP, "a consumer needs ws:// or wss://");
  if (url->adapter_ha)
    return tuv_fail(err, TAOSUV_ENOTSUP, "adapter_ha cannot be used with a consumer");
  url->pool_size = 1;
  url->max_inflight = 1u << 20;
  url->idle_timeout = 0;
  url->max_age = 0;
  return 0;
}

static void init(taosuv_consumer_t* consumer, const taosuv_consumer_options_t* options) {
  consumer->on_event = options->on_event;
  consumer->data = options->data;
  consumer->watch_interval = options->assignment_interval_ms;
  if (consumer->watch_interval == 0) consumer->watch_interval = 5000;
  consumer->skip_unreadable = options->skip_unreadable != 0;
  tuv_queue_init(&consumer->ready);
  tuv_queue_init(&consumer->commits);
  tuv_queue_init(&consumer->op.link);
  tuv_task_init(&consumer->next, go_on);
  tuv_progress_init(&consumer->progress, &consumer->alloc, tuv_message_passed);
}

static int make_client(taosuv_consumer_t* consumer, uv_loop_t* loop,
                       const taosuv_consumer_options_t* options, tuv_errmsg_t* err) {
  taosuv_options_t inner;
  taosuv_options_init(&inner);
  inner.url = options->url;
  inner.url_length = options->url_length;
  inner.allocator = options->allocator;
  inner.message = err->text;
  inner.message_size = sizeof err->text;
  return tuv_client_create(loop, &inner, &(tuv_setup_t) {consumer, &endpoint, apply},
                           &consumer->client);
}

int taosuv_consumer_create(uv_loop_t* loop, const taosuv_consumer_options_t* options,
                           taosuv_consumer_t** consumer) {
  tuv_errmsg_t err = {""};
  if (consumer == NULL) return TAOSUV_EINVAL;
  *consumer = NULL;
  if (loop == NULL || options == NULL || options->size == 0) return TAOSUV_EINVAL;
  tuv_alloc_t alloc = tuv_alloc_default;
  if (options->allocator != NULL) memcpy(&alloc, options->allocator, sizeof alloc);
  taosuv_consumer_t* made = tuv_calloc(&alloc, 1, sizeof *made);
  if (made == NULL) return TAOSUV_ENOMEM;
  made->alloc = alloc;
  init(made, options);
  int status = tuv_tmq_config_read(&alloc, options->properties, options->count, &made->config,
                                   &err);
  if (status == 0) status = make_client(made, loop, options, &err);
  if (status == 0) {
    tuv_tmq_depend(made);
    *consumer = made;
    return 0;
  }
  if (options->message != NULL && options->message_size > 0)
    snprintf(options->message, options->message_size, "%s",
             err.text[0] != 0 ? err.text : taosuv_strerror(status));
  tuv_tmq_release(made);
  return status;
}

void* taosuv_consumer_data(const taosuv_consumer_t* consumer) {
  return consumer != NULL ? consumer->data : NULL;
}

taosuv_client_t* taosuv_consumer_client(taosuv_consumer_t* consumer) {
  return consumer != NULL ? consumer->client : NULL;
}

static void go_on(tuv_task_t* task) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(task, taosuv_consumer_t, next);
  tuv_tmq_next_commit(consumer);
  tuv_tmq_leave(consumer);
  tuv_tmq_deliver(consumer);
  tuv_tmq_settle(consumer);
  if (tuv_tmq_wants(consumer)) tuv_tmq_ask(consumer);
  if (consumer->state == TUV_TMQ_CLOSING) tuv_tmq_go_on_closing(consumer);
}
