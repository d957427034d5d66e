/* Consumer groups: which member has which vgroup of a topic, and how far it is read. */
#ifndef TS_TMQ_GROUP_H
#define TS_TMQ_GROUP_H

#include "store/wal.h"

#define TS_TOPIC_MAX 192u
#define TS_NO_OFFSET INT64_C(-2147467247) /* 0x80004011: no committed info */

typedef struct ts_topic_s ts_topic_t;

typedef struct ts_group_s ts_group_t;

/* A member of a group. The group tells it which vgroups are its own. */
typedef struct ts_member_s ts_member_t;
struct ts_member_s {
  uint64_t id;
  void (*assigned)(ts_member_t* member, ts_group_t* group, unsigned index);
  void (*revoked)(ts_member_t* member, ts_group_t* group, unsigned index);
};

/* One vgroup as a group reads it. */
typedef struct ts_share_s {
  ts_member_t* owner;
  int64_t committed; /* TS_NO_OFFSET: nothing yet */
} ts_share_t;

struct ts_group_s {
  struct ts_group_s* next;
  ts_topic_t* topic;
  char name[TS_TOPIC_MAX + 1];
  ts_share_t shares[TS_VGROUPS];
  ts_member_t** members; /* in the order of joining */
  size_t nmembers;
};

ts_group_t* ts_group_find(const ts_topic_t* topic, const char* name);
/* Made if it is not there. */
ts_group_t* ts_group_get(ts_topic_t* topic, const char* name);
void ts_group_drop(ts_group_t* group);
/* A member joins or leaves: the vgroups are distributed again, moving as few as possible. */
void ts_group_join(ts_group_t* group, ts_member_t* member);
void ts_group_leave(ts_group_t* group, ts_member_t* member);

#endif
