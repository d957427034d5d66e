/* A doubly-linked list of nodes that are members of other structs. The head is a node, too. */
#ifndef TUV_UTIL_QUEUE_H
#define TUV_UTIL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/assert.h"

typedef struct tuv_queue_s {
  struct tuv_queue_s* next;
  struct tuv_queue_s* prev;
} tuv_queue_t;

/* The struct that contains a member. */
#define TUV_CONTAINER(ptr, type, member) ((type*) ((char*) (ptr) - offsetof(type, member)))

static inline void tuv_queue_init(tuv_queue_t* node) {
  node->next = node;
  node->prev = node;
}

static inline bool tuv_queue_empty(const tuv_queue_t* head) {
  return head->next == head;
}

/* A node in no list points to itself, or nowhere when its memory was only zeroed. */
static inline bool tuv_queue_is_free(const tuv_queue_t* node) {
  return node->next == node || node->next == NULL;
}

/* Whether both neighbours of a node point back to it. */
static inline bool tuv_queue_is_linked(const tuv_queue_t* node) {
  return node->next->prev == node && node->prev->next == node;
}

/* The node must be in no list. */
static inline void tuv_queue_insert_before(tuv_queue_t* at, tuv_queue_t* node) {
  TUV_ASSERT(tuv_queue_is_free(node));
  TUV_ASSERT(tuv_queue_is_linked(at));
  node->next = at;
  node->prev = at->prev;
  at->prev->next = node;
  at->prev = node;
}

static inline void tuv_queue_push(tuv_queue_t* head, tuv_queue_t* node) {
  tuv_queue_insert_before(head, node);
}

/* A node that is in no list is allowed, if it was initialised. */
static inline void tuv_queue_remove(tuv_queue_t* node) {
  TUV_ASSERT(tuv_queue_is_linked(node));
  node->prev->next = node->next;
  node->next->prev = node->prev;
  tuv_queue_init(node);
}

/* Moves all nodes of `from` to the end of `to`. */
static inline void tuv_queue_move(tuv_queue_t* from, tuv_queue_t* to) {
  TUV_ASSERT(from != to);
  TUV_ASSERT(tuv_queue_is_linked(from) && tuv_queue_is_linked(to));
  if (tuv_queue_empty(from)) return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  tuv_queue_init(from);
}

#endif
