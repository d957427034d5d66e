/* Topics: made, found, dropped. */
#include "tmq/topic.h"

#include <stdlib.h>
#include <string.h>

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
