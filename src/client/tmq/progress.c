/* How far a consumer is in each vgroup: what was delivered, what the caller has finished, what is
 * committed. No I/O, no clock. */
#include "client/core/dependent.h"
#include "client/core/turn.h"
#include "client/tmq/progress.h"

#include <string.h>

enum { MAX_POSITIONS = 16384 };

static tuv_position_t* position_of(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_position_t, link);
}

static tuv_track_t* track_of(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_track_t, link);
}

void tuv_progress_init(tuv_progress_t* progress, const tuv_alloc_t* alloc,
                       void (*passed)(tuv_track_t* track)) {
  memset(progress, 0, sizeof *progress);
  progress->alloc = alloc;
  progress->passed = passed;
  tuv_queue_init(&progress->positions);
  tuv_queue_init(&progress->strays);
}

tuv_position_t* tuv_progress_find(const tuv_progress_t* progress, const char* topic,
                                  int32_t vgroup_id) {
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    tuv_position_t* position = position_of(at);
    if (position->vgroup_id == vgroup_id && strcmp(position->topic, topic) == 0) return position;
  }
  return NULL;
}

static void begin(tuv_progress_t* progress, tuv_position_t* position) {
  position->epoch = ++progress->epoch;
  position->given = position->finished = position->committed = TUV_PROGRESS_NONE;
  position->given_unknown = position->finished_unknown = position->held = false;
  position->given_id = position->finished_id = position->committed_id = 0;
}

static tuv_position_t* make(tuv_progress_t* progress, const char* topic, int32_t vgroup_id) {
  if (progress->count == MAX_POSITIONS) return NULL; /* no database has this number of vgroups */
  tuv_position_t* position = tuv_calloc(progress->alloc, 1, sizeof *position);
  if (position == NULL) return NULL;
  progress->count++;
  position->progress = progress;
  position->topic = topic;
  position->vgroup_id = vgroup_id;
  tuv_queue_init(&position->open);
  begin(progress, position);
  tuv_queue_push(&progress->positions, &position->link);
  return position;
}

/* Whether a vgroup goes on where it has been before: another consumer had it meanwhile, or the
 * server began again. */
static bool goes_back(const tuv_position_t* position, int64_t offset) {
  if (offset < 0) return false; /* not an offset of the log */
  if (!tuv_queue_empty(&position->open)) {
    int64_t last = TUV_CONTAINER(position->open.prev, tuv_track_t, link)->end;
    if (offset < last) return true;
  }
  return offset < position->given;
}

tuv_position_t* tuv_progress_arrive(tuv_progress_t* progress, const char* topic, int32_t vgroup_id,
                                    int64_t offset, tuv_track_t* track) {
  tuv_position_t* position = tuv_progress_find(progress, topic, vgroup_id);
  if (position == NULL) position = make(progress, topic, vgroup_id);
  if (position == NULL) return NULL;
  if (goes_back(position, offset)) tuv_progress_restart(progress, position);
  track->position = position;
  track->given = track->finished = track->holds = false;
  track->begin = offset;
  tuv_queue_push(&position->open, &track->link);
  return position;
}

static void advance(int64_t* offset, bool* blind, int64_t end) {
  if (end == TUV_PROGRESS_NONE)
    *blind = true;
  else if (end > *offset)
    *offset = end;
}

void tuv_progress_give(tuv_track_t* track) {
  track->given = true;
  if (track->position == NULL) return;
  advance(&track->position->given, &track->position->given_unknown, track->end);
  track->position->given_id = track->id;
}

/* Takes a track out of the list that it is in. */
static void leave(tuv_progress_t* progress, tuv_track_t* track) {
  tuv_queue_remove(&track->link);
  track->position = NULL;
  if (track->finished) progress->passed(track);
}

void tuv_progress_finish(tuv_progress_t* progress, tuv_track_t* track) {
  tuv_position_t* position = track->position;
  track->finished = true;
  if (position == NULL) {
    leave(progress, track);
    return;
  }
  while (!tuv_queue_empty(&position->open)) {
    tuv_track_t* first = track_of(position->open.next);
    if (!first->finished) break;
    bool passed_by = first->begin >= 0 && position->committed > first->begin;
    if (first->holds && !passed_by && !position->held) {
      position->held = true;
      position->held_at = first->begin;
    }
    if (!position->held) {
      advance(&position->finished, &position->finished_unknown, first->end);
      position->finished_id = first->id;
    }
    leave(progress, first);
  }
}

void tuv_progress_committed(tuv_position_t* position, int64_t offset) {
  position->committed = offset;
  if (position->held_at >= 0 && offset > position->held_at) position->held = false;
}

void tuv_progress_restart(tuv_progress_t* progress, tuv_position_t* position) {
  while (!tuv_queue_empty(&position->open)) {
    tuv_track_t* track = track_of(position->open.next);
    bool finished = track->finished;
    leave(progress, track); /* which may free it */
    if (!finished) tuv_queue_push(&progress->strays, &track->link);
  }
  begin(progress, position);
}

void tuv_progress_clear(tuv_progress_t* progress) {
  while (!tuv_queue_empty(&progress->positions)) {
    tuv_position_t* position = position_of(progress->positions.next);
    tuv_progress_restart(progress, position);
    tuv_queue_remove(&position->link);
    tuv_free(progress->alloc, position);
    progress->count--;
  }
}

int64_t tuv_progress_due(const tuv_position_t* position, bool given) {
  int64_t offset = given ? position->given : position->finished;
  return offset > position->committed ? offset : TUV_PROGRESS_NONE;
}

/* The id of the first message that is not finished. */
static uint64_t first_open(const tuv_progress_t* progress) {
  uint64_t first = UINT64_MAX;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    const tuv_queue_t* open = &position_of(at)->open;
    if (tuv_queue_empty(open)) continue;
    uint64_t id = track_of(open->next)->id;
    if (id < first) first = id;
  }
  return first;
}

uint64_t tuv_progress_due_id(const tuv_progress_t* progress, const tuv_position_t* position,
                             bool given) {
  uint64_t id = given ? position->given_id : position->finished_id;
  if (id <= position->committed_id || (!given && id > first_open(progress))) return 0;
  return id;
}

bool tuv_progress_all_finished(const tuv_progress_t* progress) {
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next)
    if (position_of(at)->held || !tuv_queue_empty(&position_of(at)->open)) return false;
  return true;
}
