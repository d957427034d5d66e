/* Consumer groups: their vgroups are distributed again when a member joins or leaves. */
#include "tmq/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tmq/topic.h"

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

static size_t count_shares(const ts_group_t* group, const ts_member_t* owner) {
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
      share->owner->revoked(share->owner, group, (unsigned) i - 1);
      share->owner = NULL;
    }
  for (size_t m = 0; m < group->nmembers; m++)
    for (unsigned i = 0; i < TS_VGROUPS; i++) {
      ts_share_t* share = &group->shares[i];
      if (share->owner != NULL) continue;
      if (count_shares(group, group->members[m]) >= quota(group, m)) break;
      share->owner = group->members[m];
      share->owner->assigned(share->owner, group, i);
    }
}

void ts_group_join(ts_group_t* group, ts_member_t* member) {
  group->members = ts_realloc(group->members, (group->nmembers + 1) * sizeof *group->members);
  group->members[group->nmembers++] = member;
  rebalance(group);
}

void ts_group_leave(ts_group_t* group, ts_member_t* member) {
  size_t at = 0;
  while (group->members[at] != member) at++;
  group->nmembers--;
  memmove(&group->members[at], &group->members[at + 1],
          (group->nmembers - at) * sizeof *group->members);
  for (unsigned i = 0; i < TS_VGROUPS; i++)
    if (group->shares[i].owner == member) {
      member->revoked(member, group, i);
      group->shares[i].owner = NULL;
    }
  if (group->nmembers > 0) rebalance(group);
}
