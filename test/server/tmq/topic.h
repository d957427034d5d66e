/* Topics and the consumer groups that read them: who has which vgroup, and how far it is read. */
#ifndef TS_TMQ_TOPIC_H
#define TS_TMQ_TOPIC_H

#include "query/context.h"

typedef struct ts_consumer_s ts_consumer_t; /* tmq/consumer.h */

typedef enum { TS_TOPIC_QUERY, TS_TOPIC_STABLE, TS_TOPIC_DATABASE, TS_TOPIC_BENCH } ts_topic_kind_t;

#define TS_TOPIC_MAX 192u
#define TS_NO_OFFSET INT64_C(-2147467247) /* 0x80004011: no committed info */

/* One vgroup as a group reads it. */
typedef struct ts_share_s {
  ts_consumer_t* owner;
  int64_t committed; /* TS_NO_OFFSET: nothing yet */
} ts_share_t;

typedef struct ts_group_s {
  struct ts_group_s* next;
  struct ts_topic_s* topic;
  char name[TS_TOPIC_MAX + 1];
  ts_share_t shares[TS_VGROUPS];
  ts_consumer_t** members; /* in the order of joining */
  size_t nmembers;
} ts_group_t;

typedef struct ts_topic_s {
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
} ts_topic_t;

ts_topic_t* ts_topic_find(const ts_store_t* store, const char* name);
void ts_topic_add(ts_store_t* store, ts_topic_t* topic); /* which is the store's from now on */
void ts_topic_free(ts_topic_t* topic);                   /* one that was not added */
void ts_topic_drop(ts_store_t* store, ts_topic_t* topic);
bool ts_topic_is_subscribed(const ts_topic_t* topic); /* some consumer is there now */
const ts_topic_t* ts_topic_of_database(const ts_store_t* store, const ts_database_t* database);
const ts_wal_t* ts_topic_wal(const ts_topic_t* topic, unsigned index);
const char* ts_topic_database(const ts_topic_t* topic); /* its name */

ts_group_t* ts_group_find(const ts_topic_t* topic, const char* name);
/* Made if it is not there. */
ts_group_t* ts_group_get(ts_topic_t* topic, const char* name);
void ts_group_drop(ts_group_t* group);
/* A member comes or goes; the vgroups are dealt out anew, as few as possible changing hands. */
void ts_group_join(ts_group_t* group, ts_consumer_t* consumer);
void ts_group_leave(ts_group_t* group, ts_consumer_t* consumer);

#endif
