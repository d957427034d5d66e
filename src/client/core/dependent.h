/* What depends on a connection or a client: results, statements, writers, consumers. Each registers
 * itself with what it depends on, which calls it by its table of functions and knows no more of it.
 *
 * The end of a connection has two phases, because a callback may do anything: first everything is
 * detached and nobody is called back; then the requests fail and the dependents are called, which may call back. */
#ifndef TUV_CLIENT_CORE_DEPENDENT_H
#define TUV_CLIENT_CORE_DEPENDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "client/core/failure.h"
#include "util/queue.h"

typedef struct tuv_conn_s tuv_conn_t;
typedef struct tuv_op_s tuv_op_t;
typedef struct tuv_dependent_s tuv_dependent_t;

/* The order in which the dependents of a connection are called. A result comes before the statement
 * that it came from. */
typedef enum {
  TUV_RANK_RESULT,
  TUV_RANK_STMT,
  TUV_RANK_WRITER,
  TUV_RANK_CONSUMER, /* of a client; it depends on each of its connections */
  TUV_RANKS
} tuv_rank_t;

typedef struct tuv_dependent_type_s {
  tuv_rank_t rank;
  bool keeps_conn; /* a connection that is to be retired is kept as long as this is on it */
  /* A connection is gone. Must not call back. */
  void (*detach)(tuv_dependent_t* dependent, const tuv_conn_t* conn);
  /* It is gone. May call back. Removes a dependent of a connection from its list. */
  void (*lost)(tuv_dependent_t* dependent, const tuv_failure_t* failure);
  /* The connection leaves its server in good order: what the server keeps for this is to be freed
   * there. Must not call back. */
  void (*leave)(tuv_dependent_t* dependent);
  /* A connection on which a request had timed out has shown a sign of life. */
  void (*resume)(tuv_dependent_t* dependent);
  /* The client is closed. `conn` is the connection on which this was, or NULL; it has left that
   * list. Must not call back. */
  void (*closing)(tuv_dependent_t* dependent, tuv_conn_t* conn);
  /* The operation of a dependent of a connection that a binary message with this key answers, or
   * NULL: such messages have the id of a result in place of the request's. */
  tuv_op_t* (*find_op)(tuv_dependent_t* dependent, uint64_t key);
} tuv_dependent_type_t;

struct tuv_dependent_s {
  tuv_queue_t link;
  const tuv_dependent_type_t* type;
};

typedef struct tuv_dependents_s {
  tuv_queue_t ranks[TUV_RANKS];
} tuv_dependents_t;

void tuv_dependents_init(tuv_dependents_t* dependents);

static inline void tuv_dependent_init(tuv_dependent_t* dependent,
                                      const tuv_dependent_type_t* type) {
  tuv_queue_init(&dependent->link);
  dependent->type = type;
}

static inline void tuv_dependents_add(tuv_dependents_t* dependents, tuv_dependent_t* dependent) {
  tuv_queue_push(&dependents->ranks[dependent->type->rank], &dependent->link);
}

/* Also right for one that is in no list. */
static inline void tuv_dependent_remove(tuv_dependent_t* dependent) {
  tuv_queue_remove(&dependent->link);
}

/* Whether something keeps a connection that is to be retired. */
bool tuv_dependents_keep_conn(const tuv_dependents_t* dependents);

/* Calls the function of that name of each dependent that has it; in the order of the ranks. */
void tuv_dependents_detach(tuv_dependents_t* dependents, const tuv_conn_t* conn);
void tuv_dependents_leave(tuv_dependents_t* dependents);
void tuv_dependents_resume(tuv_dependents_t* dependents);

/* The operation that a binary message with this key answers, or NULL. */
tuv_op_t* tuv_dependents_find_op(const tuv_dependents_t* dependents, uint64_t key);

/* Tells all dependents of a connection that it is lost, until none is left. */
void tuv_dependents_lost(tuv_dependents_t* dependents, const tuv_failure_t* failure);

/* Tells the dependents of one rank of a client that one of its connections is lost. They stay. */
void tuv_dependents_conn_lost(tuv_dependents_t* dependents, tuv_rank_t rank,
                              const tuv_failure_t* failure);

/* Takes the dependents of one rank off the list and tells each that the client is closed. */
void tuv_dependents_close(tuv_dependents_t* dependents, tuv_rank_t rank, tuv_conn_t* conn);

#endif
