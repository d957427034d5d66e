/* Topics and the consumer groups that read them: who has which vgroup, and how far it is read. */
#include "tmq/topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tmq/consumer.h"

/* ---- topics ---- */

ts_topic_t* ts_topic_find(const ts_store_t* store, const char* name) {
  ts_topic_t* topic = store->topics;
  while (topic != NULL && strcmp(topic->name, name) != 0) topic = topic->next;
  return topic;
}

static void keep_logs(const ts_store_t* store, ts_database_t* database) {
  if (database == NULL) return;
  bool keep = ts_topic_of_database(store, database) != NULL;
  for (size_t i = 0; i < TS_VGROUPS; i++) database->wals[i].keep = keep;
}

static void on_closing(ts_store_t* store) {
  while (store->topics != NULL) ts_topic_drop(store, store->topics);
}

void ts_topic_add(ts_store_t* store, ts_topic_t* topic) {
  store->closing = on_closing;
  ts_topic_t** end = &store->topics;
  while (*end != NULL) end = &(*end)->next;
  *end = topic;
  keep_logs(store, topic->database);
}

void ts_topic_free(ts_topic_t* topic) {
  while (topic->groups != NULL) ts_group_drop(topic->groups);
  ts_result_unref(topic->bench);
  ts_blob_unref(topic->bench_raw[0]);
  ts_blob_unref(topic->bench_raw[1]);
  free(topic->sql);
  free(topic);
}

void ts_topic_drop(ts_store_t* store, ts_topic_t* topic) {
  ts_topic_t** at = &store->topics;
  while (*at != topic) at = &(*at)->next;
  *at = topic->next;
  keep_logs(store, topic->database);
  ts_topic_free(topic);
}

bool ts_topic_is_subscribed(const ts_topic_t* topic) {
  for (const ts_group_t* group = topic->groups; group != NULL; group = group->next)
    if (group->nmembers > 0) return true;
  return false;
}

const ts_topic_t* ts_topic_of_database(const ts_store_t* store, const ts_database_t* database) {
  const ts_topic_t* topic = store->topics;
  while (topic != NULL && topic->database != database) topic = topic->next;
  return topic;
}

const ts_wal_t* ts_topic_wal(const ts_topic_t* topic, unsigned index) {
  return topic->kind == TS_TOPIC_BENCH ? &topic->bench_wals[index] : &topic->database->wals[index];
}

const char* ts_topic_database(const ts_topic_t* topic) {
  return topic->kind == TS_TOPIC_BENCH ? "bench" : topic->database->name;
}

/* ---- groups ---- */

ts_group_t* ts_group_find(const ts_topic_t* topic, const char* name) {
  ts_group_t* group = topic->groups;
  while (group != NULL && strcmp(group->name, name) != 0) group = group->next;
  return group;
}

ts_group_t* ts_group_get(ts_topic_t* topic, const char* name) {
  ts_group_t* group = ts_group_find(topic, name);
  if (group != NULL) return group;
  group = ts_calloc(1, sizeof *group);
  group->topic = topic;
  snprintf(group->name, sizeof group->name, "%s", name);
  for (size_t i = 0; i < TS_VGROUPS; i++) group->shares[i].committed = TS_NO_OFFSET;
  ts_group_t** end = &topic->groups;
  while (*end != NULL) end = &(*end)->next;
  *end = group;
  return group;
}

void ts_group_drop(ts_group_t* group) {
  ts_group_t** at = &group->topic->groups;
  while (*at != group) at = &(*at)->next;
  *at = group->next;
  free(group->members);
  free(group);
}

static size_t count_shares(const ts_group_t* group, const ts_consumer_t* owner) {
  size_t count = 0;
  for (size_t i = 0; i < TS_VGROUPS; i++) count += group->shares[i].owner == owner;
  return count;
}

/* How many vgroups member `index` is to have: all the same, the first ones one more. */
static size_t quota(const ts_group_t* group, size_t index) {
  return TS_VGROUPS / group->nmembers + (index < TS_VGROUPS % group->nmembers);
}

static void rebalance(ts_group_t* group) {
  for (size_t m = 0; m < group->nmembers; m++) /* those with too many give some back */
    for (size_t i = TS_VGROUPS; i > 0; i--) {
      ts_share_t* share = &group->shares[i - 1];
      if (share->owner != group->members[m]) continue;
      if (count_shares(group, share->owner) <= quota(group, m)) break;
      ts_consumer_take(share->owner, group, (unsigned) i - 1);
      share->owner = NULL;
    }
  for (size_t m = 0; m < group->nmembers; m++)
    for (unsigned i = 0; i < TS_VGROUPS; i++) {
      ts_share_t* share = &group->shares[i];
      if (share->owner != NULL) continue;
      if (count_shares(group, group->members[m]) >= quota(group, m)) break;
      share->owner = group->members[m];
      ts_consumer_give(share->owner, group, i);
    }
}

void ts_group_join(ts_group_t* group, ts_consumer_t* consumer) {
  group->members = ts_realloc(group->members, (group->nmembers + 1) * sizeof *group->members);
  group->members[group->nmembers++] = consumer;
  rebalance(group);
}

void ts_group_leave(ts_group_t* group, ts_consumer_t* consumer) {
  size_t at = 0;
  while (group->members[at] != consumer) at++;
  group->nmembers--;
  memmove(&group->members[at], &group->members[at + 1],
          (group->nmembers - at) * sizeof *group->members);
  for (unsigned i = 0; i < TS_VGROUPS; i++)
    if (group->shares[i].owner == consumer) {
      ts_consumer_take(consumer, group, i);
      group->shares[i].owner = NULL;
    }
  if (group->nmembers > 0) rebalance(group);
}
