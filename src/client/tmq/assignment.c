/* Changes of the assignment. The server does not report them, so it is asked from time to time. */
#include <string.h>

#include "client/tmq/assignment.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"

static void ask(taosuv_consumer_t* consumer);

static int reserve(taosuv_consumer_t* consumer, uint32_t more) {
  uint32_t need = consumer->nfound + more;
  if (need <= consumer->found_capacity) return 0;
  void* grown = tuv_realloc(&consumer->alloc, consumer->found, need * sizeof *consumer->found);
  if (grown == NULL) return TAOSUV_ENOMEM;
  consumer->found = grown;
  consumer->found_capacity = need;
  return 0;
}

static bool same(const taosuv_partition_t* a, const taosuv_partition_t* b) {
  return a->topic == b->topic && a->vgroup_id == b->vgroup_id;
}

static bool has(const taosuv_partition_t* list, uint32_t count, const taosuv_partition_t* one) {
  for (uint32_t i = 0; i < count; i++)
    if (same(&list[i], one)) return true;
  return false;
}

static bool has_changed(const taosuv_consumer_t* consumer) {
  if (consumer->nfound != consumer->nassigned) return true;
  for (uint32_t i = 0; i < consumer->nfound; i++)
    if (!has(consumer->assigned, consumer->nassigned, &consumer->found[i])) return true;
  return false;
}

/* All topics are answered: the new assignment replaces the old one. */
static void conclude(taosuv_consumer_t* consumer) {
  bool changed = has_changed(consumer);
  taosuv_partition_t* known = consumer->assigned;
  uint32_t capacity = consumer->assigned_capacity;
  consumer->assigned = consumer->found;
  consumer->assigned_capacity = consumer->found_capacity;
  consumer->nassigned = consumer->nfound;
  consumer->found = known;
  consumer->found_capacity = capacity;
  consumer->nfound = 0;
  tuv_tmq_watch_in(consumer, consumer->watch_interval);
  if (!changed) return;
  tuv_tmq_report(consumer, &(taosuv_consumer_event_t) {.type = TAOSUV_CONSUMER_ASSIGNED,
                                                       .partitions = consumer->assigned,
                                                       .count = consumer->nassigned});
}

static void on_assignment(taosuv_assignment_t* req, int status) {
  taosuv_consumer_t* consumer = req->consumer;
  if (consumer->state != TUV_TMQ_SUBSCRIBED) return;
  if (status == 0) status = reserve(consumer, req->count);
  if (status < 0) { /* too early, or lost: it is asked again later */
    tuv_tmq_watch_in(consumer, consumer->watch_interval);
    return;
  }
  for (uint32_t i = 0; i < req->count; i++) {
    taosuv_partition_t* partition = &consumer->found[consumer->nfound++];
    *partition = req->partitions[i];
    partition->topic = consumer->topics[consumer->watch_topic];
  }
  if (++consumer->watch_topic < consumer->ntopics)
    ask(consumer);
  else
    conclude(consumer);
}

static void ask(taosuv_consumer_t* consumer) {
  int status = taosuv_consumer_assignment(consumer, &consumer->watch,
                                          consumer->topics[consumer->watch_topic], on_assignment);
  if (status < 0) tuv_tmq_watch_in(consumer, consumer->watch_interval);
}

static void on_watch(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, watch_timed);
  if (consumer->state != TUV_TMQ_SUBSCRIBED) return;
  if (taosuv_is_pending(tuv_req_base(&consumer->watch))) return;
  consumer->watch_topic = 0;
  consumer->nfound = 0;
  ask(consumer);
}

void tuv_tmq_watch_in(taosuv_consumer_t* consumer, uint64_t ms) {
  if (consumer->on_event != NULL) tuv_tmq_set(consumer, &consumer->watch_timed, ms, on_watch);
}

void tuv_tmq_forget_assignment(taosuv_consumer_t* consumer) {
  consumer->nassigned = 0;
  consumer->nfound = 0;
}
