/* What all parts of a consumer use: its state, its timers, its events, its next step. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/core/turn.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"

int tuv_tmq_check(taosuv_consumer_t* consumer, taosuv_req_t* req, bool has_callback, bool any) {
  if (consumer == NULL) return TAOSUV_EINVAL;
  if (consumer->state == TUV_TMQ_CLOSING) return TAOSUV_ECLOSED;
  int status = tuv_pool_check_any(consumer->client, req, has_callback);
  if (status < 0 || any || consumer->state == TUV_TMQ_SUBSCRIBED) return status;
  return consumer->state == TUV_TMQ_LOST ? TAOSUV_ECONNLOST : TAOSUV_ESTATE;
}

void tuv_tmq_report(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event) {
  if (consumer->on_event != NULL && consumer->state != TUV_TMQ_CLOSING)
    consumer->on_event(consumer, event, consumer->data);
}

void tuv_tmq_report_failure(taosuv_consumer_t* consumer, taosuv_consumer_event_type_t type,
                            const tuv_failure_t* failure) {
  taosuv_consumer_event_t event = {.type = type,
                                   .status = failure->status,
                                   .server_code = failure->server_code,
                                   .message = failure->message};
  tuv_tmq_report(consumer, &event);
}

/* Without memory it never expires. What waits for it has another deadline as well. */
void tuv_tmq_set_at(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t at,
                    void (*expire)(tuv_timed_t*)) {
  taosuv_client_t* client = consumer->client;
  tuv_timers_remove(&client->context.timers, timed);
  timed->expire = expire;
  tuv_timers_add(&client->context.timers, timed, at);
}

void tuv_tmq_set(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t ms,
                 void (*expire)(tuv_timed_t*)) {
  tuv_tmq_set_at(consumer, timed, tuv_after(tuv_now(), ms), expire);
}

/* ---- its turn of the loop ---- */

void tuv_tmq_wake(taosuv_consumer_t* consumer) {
  tuv_turn_post(&consumer->client->context.turn, &consumer->next, TUV_PHASE_FEATURE);
}

static const char* copy_text(char** at, const char* text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char* copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

void tuv_tmq_close_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  const char *message = failure->message, *host = failure->host;
  size_t size = (message != NULL ? strlen(message) : 0) + (host != NULL ? strlen(host) : 0) + 2;
  char* texts = tuv_malloc(&consumer->alloc, size);
  char* at = texts;
  tuv_free(&consumer->alloc, consumer->close_texts);
  consumer->close_texts = texts;
  consumer->close_failure = *failure;
  consumer->close_failure.message = texts != NULL ? copy_text(&at, message) : NULL;
  consumer->close_failure.host = texts != NULL ? copy_text(&at, host) : NULL;
}

const char* tuv_tmq_topic_of(const taosuv_consumer_t* consumer, const char* topic) {
  for (uint32_t i = 0; i < consumer->ntopics; i++)
    if (strcmp(consumer->topics[i], topic) == 0) return consumer->topics[i];
  return NULL;
}

void tuv_tmq_drop_conn(taosuv_consumer_t* consumer, const char* why) {
  taosuv_client_t* client = consumer->client;
  while (!tuv_queue_empty(&client->pool.conns.list))
    tuv_conn_lost(TUV_CONTAINER(client->pool.conns.list.next, tuv_conn_t, link), why);
}
