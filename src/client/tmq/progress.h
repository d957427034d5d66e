/* How far a consumer is in each vgroup: what was delivered, what the caller has finished, what is
 * committed. No I/O, no clock. */
#ifndef TUV_CLIENT_TMQ_PROGRESS_H
#define TUV_CLIENT_TMQ_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/alloc.h"
#include "util/queue.h"

#define TUV_PROGRESS_NONE (-1) /* no offset */

typedef struct tuv_progress_s tuv_progress_t;

typedef struct tuv_position_s {
  tuv_queue_t link;
  tuv_progress_t* progress;
  const char* topic; /* the consumer's */
  int32_t vgroup_id;
  uint64_t epoch;    /* changes when the vgroup begins again: earlier messages do not count then */
  int64_t given;     /* behind the last message given to the caller */
  int64_t finished;  /* behind the last one before which all are finished */
  int64_t committed; /* the committed offset, as far as this consumer knows */
  uint64_t given_id, finished_id, committed_id; /* the same by the ids of messages */
  bool given_unknown, finished_unknown;         /* a message whose end is not known */
  bool held;        /* `finished` stops before a message that cannot be read */
  int64_t held_at;  /* where that message begins */
  tuv_queue_t open; /* tracks, in order: the first is not finished */
} tuv_position_t;

/* A message's place. */
typedef struct tuv_track_s {
  tuv_queue_t link;
  tuv_position_t* position; /* NULL: it does not count any more */
  int64_t begin;
  int64_t end; /* the offset to go on from; NONE: not known */
  uint64_t id; /* the gateway's for the message */
  bool given;
  bool finished;
  bool holds; /* nothing from here on is committed automatically */
} tuv_track_t;

struct tuv_progress_s {
  const tuv_alloc_t* alloc;
  tuv_queue_t positions;
  tuv_queue_t strays;                 /* tracks that are not finished and have no position */
  uint32_t count;                     /* of positions */
  uint64_t epoch;                     /* the last one given */
  void (*passed)(tuv_track_t* track); /* it is finished, and its place is needed no more */
};

void tuv_progress_init(tuv_progress_t* progress, const tuv_alloc_t* alloc,
                       void (*passed)(tuv_track_t* track));
tuv_position_t* tuv_progress_find(const tuv_progress_t* progress, const char* topic,
                                  int32_t vgroup_id);

/* A message has arrived that begins at `offset`. `topic` must live until tuv_progress_clear.
 * Returns its position, made when it is new, or NULL when out of memory. */
tuv_position_t* tuv_progress_arrive(tuv_progress_t* progress, const char* topic, int32_t vgroup_id,
                                    int64_t offset, tuv_track_t* track);
void tuv_progress_give(tuv_track_t* track);
void tuv_progress_finish(tuv_progress_t* progress, tuv_track_t* track);
/* The caller has committed a message that stops automatic commits, or a later one: they go on. */
void tuv_progress_committed(tuv_position_t* position, int64_t offset);

/* Begin again: what was delivered or finished before does not count any more. For one vgroup; for
 * all, which are freed. */
void tuv_progress_restart(tuv_progress_t* progress, tuv_position_t* position);
void tuv_progress_clear(tuv_progress_t* progress);

/* The offset to be committed, of all that was delivered or of what is finished; NONE when there is
 * nothing new. */
int64_t tuv_progress_due(const tuv_position_t* position, bool given);
/* The same by the ids of messages, for gateways that commit a message by its id and forget those
 * before it. 0: nothing new, or an earlier message is not finished. */
uint64_t tuv_progress_due_id(const tuv_progress_t* progress, const tuv_position_t* position,
                             bool given);
/* Whether every message is finished, and none stops automatic commits. */
bool tuv_progress_all_finished(const tuv_progress_t* progress);

#endif
