/* A consumer: what it subscribes to, where it reads, what it commits. */
#include "tmq/consumer.h"

#include <stdlib.h>
#include <string.h>

static void on_assigned(ts_member_t* member, ts_group_t* group, unsigned index) {
  ts_consumer_t* consumer = (ts_consumer_t*) member;
  consumer->assigned = ts_realloc(consumer->assigned,
                                  (consumer->nassigned + 1) * sizeof *consumer->assigned);
  consumer->assigned[consumer->nassigned++] = (ts_assigned_t) {.group = group, .index = index};
}

static void on_revoked(ts_member_t* member, ts_group_t* group, unsigned index) {
  ts_consumer_t* consumer = (ts_consumer_t*) member;
  size_t at = 0;
  while (consumer->assigned[at].group != group || consumer->assigned[at].index != index) at++;
  consumer->nassigned--;
  memmove(&consumer->assigned[at], &consumer->assigned[at + 1],
          (consumer->nassigned - at) * sizeof *consumer->assigned);
}

ts_consumer_t* ts_consumer_new(ts_store_t* store, const ts_consumer_config_t* config) {
  ts_consumer_t* consumer = ts_calloc(1, sizeof *consumer);
  consumer->member = (ts_member_t) {++store->next_consumer, on_assigned, on_revoked};
  consumer->store = store;
  consumer->config = *config;
  ts_consumer_t** end = &store->consumers;
  while (*end != NULL) end = &(*end)->next;
  *end = consumer;
  return consumer;
}

void ts_consumer_leave(ts_consumer_t* consumer) {
  for (size_t i = 0; i < consumer->ngroups; i++)
    ts_group_leave(consumer->groups[i], &consumer->member);
  consumer->ngroups = 0;
}

void ts_consumer_free(ts_consumer_t* consumer) {
  if (consumer == NULL) return;
  ts_consumer_leave(consumer);
  ts_consumer_t** at = &consumer->store->consumers;
  while (*at != consumer) at = &(*at)->next;
  *at = consumer->next;
  free(consumer->groups);
  free(consumer->assigned);
  free(consumer);
}

void ts_consumer_subscribe(ts_consumer_t* consumer, ts_topic_t* topic) {
  ts_group_t* group = ts_group_get(topic, consumer->config.group);
  for (size_t i = 0; i < consumer->ngroups; i++)
    if (consumer->groups[i] == group) return; /* named twice */
  consumer->groups = ts_realloc(consumer->groups,
                                (consumer->ngroups + 1) * sizeof *consumer->groups);
  consumer->groups[consumer->ngroups++] = group;
  ts_group_join(group, &consumer->member);
}

const ts_wal_t* ts_assigned_wal(const ts_assigned_t* assigned) {
  return ts_topic_wal(assigned->group->topic, assigned->index);
}

/* ---- reading ---- */

int ts_assigned_resolve(const ts_consumer_t* consumer, ts_assigned_t* assigned, ts_error_t* error) {
  const ts_wal_t* wal = ts_assigned_wal(assigned);
  int64_t committed = assigned->group->shares[assigned->index].committed;
  if (assigned->resolved) return 0;
  if (committed != TS_NO_OFFSET) {
    assigned->position = committed;
  } else if (consumer->config.reset == TS_RESET_NONE) {
    return ts_error(error, TS_E_NO_COMMITTED, "TQ no committed offset");
  } else {
    assigned->position = consumer->config.reset == TS_RESET_EARLIEST ? wal->begin : wal->end;
  }
  assigned->offset = assigned->position;
  assigned->resolved = true;
  return 0;
}

static int look(const ts_consumer_t* consumer, ts_assigned_t* assigned, ts_message_t** message,
                ts_error_t* error) {
  int status = ts_assigned_resolve(consumer, assigned, error);
  if (status != 0) return status;
  assigned->known = true;
  ts_message_source_t source = {.store = consumer->store,
                                .topic = assigned->group->topic,
                                .index = assigned->index,
                                .batch_meta = consumer->config.batch_meta};
  status = ts_message_read(&source, &assigned->position, message, error);
  if (*message != NULL) assigned->offset = (*message)->offset;
  return status;
}

int ts_consumer_poll(ts_consumer_t* consumer, ts_message_t** message, ts_error_t* error) {
  *message = NULL;
  if (consumer->expired) return ts_error(error, TS_E_TMQ_MISMATCH, "Consumer mismatch");
  for (size_t i = 0; i < consumer->nassigned && *message == NULL; i++) {
    size_t at = (consumer->turn + i) % consumer->nassigned;
    int status = look(consumer, &consumer->assigned[at], message, error);
    if (status != 0) return status;
    if (*message != NULL) consumer->turn = at + 1;
  }
  return 0;
}

/* ---- offsets ---- */

void ts_consumer_commit(ts_consumer_t* consumer) {
  for (size_t i = 0; i < consumer->nassigned; i++) {
    const ts_assigned_t* assigned = &consumer->assigned[i];
    if (assigned->resolved) assigned->group->shares[assigned->index].committed = assigned->position;
  }
}

ts_group_t* ts_consumer_group(const ts_consumer_t* consumer, const char* topic) {
  for (size_t i = 0; i < consumer->ngroups; i++)
    if (strcmp(consumer->groups[i]->topic->name, topic) == 0) return consumer->groups[i];
  return NULL;
}

ts_assigned_t* ts_consumer_find(ts_consumer_t* consumer, const char* topic, int64_t vgroup,
                                ts_error_t* error) {
  const ts_group_t* group = ts_consumer_group(consumer, topic);
  if (group == NULL) {
    ts_error(error, TS_E_TMQ_TOPIC, "Topic does not belong to this consumer");
    return NULL;
  }
  for (size_t i = 0; i < consumer->nassigned; i++) {
    ts_assigned_t* assigned = &consumer->assigned[i];
    if (assigned->group == group && ts_assigned_wal(assigned)->vgroup == vgroup) return assigned;
  }
  ts_error(error, TS_E_TMQ_VGROUP, "VgId does not belong to this consumer");
  return NULL;
}

int64_t ts_consumer_position(const ts_consumer_t* consumer, const ts_assigned_t* assigned) {
  const ts_wal_t* wal = ts_assigned_wal(assigned);
  int64_t committed = assigned->group->shares[assigned->index].committed;
  if (assigned->resolved) return assigned->position;
  if (committed != TS_NO_OFFSET) return committed;
  return consumer->config.reset == TS_RESET_EARLIEST ? wal->begin : wal->end;
}

int ts_assigned_check(const ts_assigned_t* assigned, int64_t offset, ts_error_t* error) {
  const ts_wal_t* wal = ts_assigned_wal(assigned);
  if (!assigned->known)
    return ts_error(error, TS_E_TMQ_UNPOLLED,
                    "Assignment or poll interface need to be called first");
  if (offset < wal->begin || offset > wal->end)
    return ts_error(error, TS_E_TMQ_RANGE, "Offset out of range");
  return 0;
}
