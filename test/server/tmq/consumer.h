/* A consumer: what it subscribes to, where it reads, what it commits. It knows of no connection. */
#ifndef TS_TMQ_CONSUMER_H
#define TS_TMQ_CONSUMER_H

#include "tmq/message.h"

typedef enum { TS_RESET_EARLIEST, TS_RESET_LATEST, TS_RESET_NONE } ts_reset_t;

typedef struct ts_consumer_config_s {
  char group[TS_TOPIC_MAX + 1];
  char client[TS_TOPIC_MAX + 1];
  ts_reset_t reset;
  bool auto_commit;
  int64_t auto_commit_ms;
  int64_t max_poll_ms;
  bool batch_meta;
} ts_consumer_config_t;

/* A vgroup of a topic that is this consumer's. */
typedef struct ts_assigned_s {
  ts_group_t* group;
  unsigned index;
  bool resolved;    /* `position` is known */
  bool known;       /* a poll or `assignment` has asked the vgroup what it has */
  int64_t position; /* the next version to be read */
  int64_t offset;   /* of the last message, as `assignment` shows it */
} ts_assigned_t;

typedef struct ts_consumer_s ts_consumer_t;
struct ts_consumer_s {
  ts_member_t member; /* first: the groups know this part of it */
  ts_store_t* store;
  ts_consumer_config_t config;
  ts_group_t** groups;
  size_t ngroups;
  ts_assigned_t* assigned;
  size_t nassigned;
  size_t turn;         /* which of them is to be looked at first */
  bool expired;        /* it has not polled for too long */
  ts_consumer_t* next; /* of the store's list */
};

ts_consumer_t* ts_consumer_new(ts_store_t* store, const ts_consumer_config_t* config);
void ts_consumer_free(ts_consumer_t* consumer); /* leaves first */
void ts_consumer_subscribe(ts_consumer_t* consumer, ts_topic_t* topic);
void ts_consumer_leave(ts_consumer_t* consumer); /* all its groups */

/* Returns 0 or the error's code; *message NULL: there is none now. */
int ts_consumer_poll(ts_consumer_t* consumer, ts_message_t** message, ts_error_t* error);
void ts_consumer_commit(ts_consumer_t* consumer);

/* One of its vgroups, or NULL with the error set. */
ts_assigned_t* ts_consumer_find(ts_consumer_t* consumer, const char* topic, int64_t vgroup,
                                ts_error_t* error);
ts_group_t* ts_consumer_group(const ts_consumer_t* consumer, const char* topic);
const ts_wal_t* ts_assigned_wal(const ts_assigned_t* assigned);
/* Where it reads, as `position` tells it. */
int64_t ts_consumer_position(const ts_consumer_t* consumer, const ts_assigned_t* assigned);
/* Whether the offset is one of the vgroup's; otherwise the error is set. */
int ts_assigned_check(const ts_assigned_t* assigned, int64_t offset, ts_error_t* error);
/* Decides where to begin; the error is that nothing is committed and none was to be assumed. */
int ts_assigned_resolve(const ts_consumer_t* consumer, ts_assigned_t* assigned, ts_error_t* error);

#endif
