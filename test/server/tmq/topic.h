/* Topics: what they read. */
#ifndef TS_TMQ_TOPIC_H
#define TS_TMQ_TOPIC_H

#include "query/context.h"
#include "tmq/group.h"

typedef enum { TS_TOPIC_QUERY, TS_TOPIC_STABLE, TS_TOPIC_DATABASE, TS_TOPIC_BENCH } ts_topic_kind_t;

struct ts_topic_s {
  struct ts_topic_s* next;
  char name[TS_TOPIC_MAX + 1];
  ts_topic_kind_t kind;
  bool with_meta;
  int64_t created;         /* in ms */
  char* sql;               /* the statement that made it */
  ts_database_t* database; /* NULL for BENCH. It cannot be dropped before the topic */
  int64_t family;          /* QUERY, STABLE */
  ts_feed_t feed;          /* QUERY */
  ts_env_t env;
  const char* query;  /* in `sql` */
  ts_result_t* bench; /* BENCH: block k is version 1 + k / 2 of vgroup k % 2 */
  ts_wal_t bench_wals[TS_VGROUPS];
  ts_blob_t* bench_raw[2]; /* the bytes of a message with the first block, or with another one */
  ts_group_t* groups;
};

ts_topic_t* ts_topic_find(const ts_store_t* store, const char* name);
void ts_topic_add(ts_store_t* store, ts_topic_t* topic); /* which is the store's from now on */
void ts_topic_free(ts_topic_t* topic);                   /* one that was not added */
void ts_topic_drop(ts_store_t* store, ts_topic_t* topic);
bool ts_topic_is_subscribed(const ts_topic_t* topic); /* some consumer is there now */
const ts_topic_t* ts_topic_of_database(const ts_store_t* store, const ts_database_t* database);
const ts_wal_t* ts_topic_wal(const ts_topic_t* topic, unsigned index);
const char* ts_topic_database(const ts_topic_t* topic); /* its name */

#endif
