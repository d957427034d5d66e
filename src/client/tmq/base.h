/* What all parts of a consumer use: the check of a call, timers, events, the next step. */
#ifndef TUV_CLIENT_TMQ_BASE_H
#define TUV_CLIENT_TMQ_BASE_H

#include "client/tmq/consumer.h"

/* The time limit of an answer, or of closing, when request_timeout is 0. */
#define TUV_TMQ_ANSWER_MS 60000u

/* What every call has in common. `any`: the call is also allowed when nothing is subscribed. */
int tuv_tmq_check(taosuv_consumer_t* consumer, taosuv_req_t* req, bool has_callback, bool any);

/* Has the consumer do what is next, at the end of this turn. */
void tuv_tmq_wake(taosuv_consumer_t* consumer);

/* Reports an event to the caller. */
void tuv_tmq_report(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event);
void tuv_tmq_report_failure(taosuv_consumer_t* consumer, taosuv_consumer_event_type_t type,
                            const tuv_failure_t* failure);

/* Sets a timer of the consumer: in `ms`, or at a moment by tuv_now. */
void tuv_tmq_set(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t ms,
                 void (*expire)(tuv_timed_t*));
void tuv_tmq_set_at(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t at,
                    void (*expire)(tuv_timed_t*));

/* The consumer's own copy of a topic's name; NULL: it is not subscribed to it. */
const char* tuv_tmq_topic_of(const taosuv_consumer_t* consumer, const char* topic);

/* Ends the consumer's connection, so that it subscribes again over another one. */
void tuv_tmq_drop_conn(taosuv_consumer_t* consumer, const char* why);

/* The request of close will report this. The texts are copied. */
void tuv_tmq_close_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure);

#endif
