/* Tells what depends on a connection or a client what becomes of it. */
#include "client/core/dependent.h"

static tuv_dependent_t* of(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_dependent_t, link);
}

void tuv_dependents_init(tuv_dependents_t* dependents) {
  for (unsigned rank = 0; rank < TUV_RANKS; rank++) tuv_queue_init(&dependents->ranks[rank]);
}

bool tuv_dependents_keep_conn(const tuv_dependents_t* dependents) {
  for (unsigned rank = 0; rank < TUV_RANKS; rank++) {
    const tuv_queue_t* list = &dependents->ranks[rank];
    if (!tuv_queue_empty(list) && of(list->next)->type->keeps_conn) return true;
  }
  return false;
}

void tuv_dependents_detach(tuv_dependents_t* dependents, const tuv_conn_t* conn) {
  for (unsigned rank = 0; rank < TUV_RANKS; rank++) {
    tuv_queue_t* list = &dependents->ranks[rank];
    for (tuv_queue_t *at = list->next, *next; at != list; at = next) {
      next = at->next;
      if (of(at)->type->detach != NULL) of(at)->type->detach(of(at), conn);
    }
  }
}

void tuv_dependents_leave(tuv_dependents_t* dependents) {
  for (unsigned rank = 0; rank < TUV_RANKS; rank++) {
    tuv_queue_t* list = &dependents->ranks[rank];
    for (tuv_queue_t *at = list->next, *next; at != list; at = next) {
      next = at->next; /* this one may go */
      if (of(at)->type->leave != NULL) of(at)->type->leave(of(at));
    }
  }
}

void tuv_dependents_resume(tuv_dependents_t* dependents) {
  for (unsigned rank = 0; rank < TUV_RANKS; rank++) {
    tuv_queue_t* list = &dependents->ranks[rank];
    for (tuv_queue_t* at = list->next; at != list; at = at->next)
      if (of(at)->type->resume != NULL) of(at)->type->resume(of(at));
  }
}

static tuv_op_t* find_in(const tuv_queue_t* list, uint64_t key) {
  for (tuv_queue_t* at = list->next; at != list; at = at->next) {
    const tuv_dependent_type_t* type = of(at)->type;
    tuv_op_t* op = type->find_op == NULL ? NULL : type->find_op(of(at), key);
    if (op != NULL) return op;
  }
  return NULL;
}

tuv_op_t* tuv_dependents_find_op(const tuv_dependents_t* dependents, uint64_t key) {
  tuv_op_t* op = NULL;
  for (unsigned rank = 0; op == NULL && rank < TUV_RANKS; rank++)
    op = find_in(&dependents->ranks[rank], key);
  return op;
}

void tuv_dependents_lost(tuv_dependents_t* dependents, const tuv_failure_t* failure) {
  for (unsigned rank = 0; rank < TUV_RANKS; rank++) {
    tuv_queue_t* list = &dependents->ranks[rank];
    while (!tuv_queue_empty(list)) of(list->next)->type->lost(of(list->next), failure);
  }
}

void tuv_dependents_conn_lost(tuv_dependents_t* dependents, tuv_rank_t rank,
                              const tuv_failure_t* failure) {
  tuv_queue_t told;
  tuv_queue_t* list = &dependents->ranks[rank];
  tuv_queue_init(&told);
  while (!tuv_queue_empty(list)) {
    tuv_dependent_t* dependent = of(list->next);
    tuv_queue_remove(&dependent->link);
    tuv_queue_push(&told, &dependent->link); /* before the call, in which it may go */
    dependent->type->lost(dependent, failure);
  }
  tuv_queue_move(&told, list);
}

void tuv_dependents_close(tuv_dependents_t* dependents, tuv_rank_t rank, tuv_conn_t* conn) {
  tuv_queue_t list;
  tuv_queue_init(&list);
  tuv_queue_move(&dependents->ranks[rank], &list);
  while (!tuv_queue_empty(&list)) {
    tuv_dependent_t* dependent = of(list.next);
    tuv_queue_remove(&dependent->link);
    dependent->type->closing(dependent, conn);
  }
}
