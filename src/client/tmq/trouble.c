/* Messages that cannot be fetched: after enough attempts they are delivered as they are, so that
 * the consumer can go on behind them. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/pool/client.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"
#include "client/tmq/trouble.h"
#include "wire/server_code.h"

bool tuv_tmq_is_expelled(const tuv_failure_t* failure) {
  if (failure->status != TAOSUV_ESERVER) return false;
  switch (failure->server_code) {
    case TUV_CODE_CONSUMER_NOT_EXIST:
    case TUV_CODE_CONSUMER_MISMATCH:
    case TUV_CODE_CONSUMER_CLOSED:
    case TUV_CODE_CONSUMER_ERROR:
    case TUV_CODE_CONSUMER_STATUS: return true;
    default: return false;
  }
}

tuv_tmq_trouble_t* tuv_tmq_trouble_of(taosuv_consumer_t* consumer,
                                      const taosuv_message_t* message) {
  for (uint32_t i = 0; i < TUV_TMQ_TROUBLES; i++) {
    tuv_tmq_trouble_t* trouble = &consumer->troubles[i];
    if (trouble->topic != NULL && trouble->vgroup_id == message->vgroup_id &&
        trouble->offset == message->offset && strcmp(trouble->topic, message->names) == 0)
      return trouble;
  }
  return NULL;
}

static tuv_tmq_trouble_t* begin(taosuv_consumer_t* consumer, const taosuv_message_t* message) {
  const char* topic = tuv_tmq_topic_of(consumer, message->names);
  if (topic == NULL) return NULL;
  tuv_tmq_trouble_t* trouble = &consumer->troubles[consumer->next_trouble];
  consumer->next_trouble = (consumer->next_trouble + 1) % TUV_TMQ_TROUBLES;
  *trouble = (tuv_tmq_trouble_t) {
      .topic = topic, .vgroup_id = message->vgroup_id, .offset = message->offset};
  return trouble;
}

void tuv_tmq_trouble_note(taosuv_consumer_t* consumer) {
  tuv_tmq_trouble_t* trouble = tuv_tmq_trouble_of(consumer, consumer->building);
  if (trouble == NULL) trouble = begin(consumer, consumer->building);
  if (trouble != NULL)
    trouble->step = consumer->step == TUV_TMQ_BLOCK ? TUV_TMQ_FETCH : consumer->step;
  consumer->trouble = trouble;
}

/* Whether the message itself is the reason, so that the next attempt would fail in the same way. */
static bool is_of_message(const tuv_failure_t* why) {
  return taosuv_err_class(why->status) == TAOSUV_CLASS_PROTOCOL || why->status == TAOSUV_EMSGSIZE ||
         (why->status == TAOSUV_ESERVER && !tuv_tmq_is_expelled(why));
}

bool tuv_tmq_trouble_judge(taosuv_consumer_t* consumer, const tuv_failure_t* why) {
  tuv_tmq_trouble_t* trouble = consumer->trouble;
  consumer->trouble = NULL;
  if (trouble == NULL || !is_of_message(why)) return false;
  if (++trouble->attempts < consumer->client->context.url.retries + 2) return false;
  trouble->attempts = 0;
  trouble->skip |= 1u << trouble->step;
  trouble->status = why->status;
  trouble->server_code = why->server_code;
  const char* text = why->message != NULL ? why->message : taosuv_strerror(why->status);
  snprintf(trouble->text, sizeof trouble->text, "%s", text);
  return true;
}

void tuv_tmq_trouble_forget(taosuv_consumer_t* consumer) {
  memset(consumer->troubles, 0, sizeof consumer->troubles);
  consumer->trouble = NULL;
}
