/* The operations of a connection that were sent and not answered. A cancelled one leaves a
 * tombstone in its place, which takes its late answer. */
#ifndef TUV_CLIENT_CONN_INFLIGHT_H
#define TUV_CLIENT_CONN_INFLIGHT_H

#include "client/core/op.h"
#include "util/idmap.h"

typedef struct tuv_inflight_s {
  tuv_idmap_t table; /* req_id → tuv_op_t*, tombstones included */
  tuv_queue_t sent;  /* the operations but tombstones, in the order of their frames */
} tuv_inflight_t;

void tuv_inflight_init(tuv_inflight_t* inflight, const tuv_alloc_t* alloc);
/* Frees the table. The operations in `sent` must have been taken out, or are left as they are. */
void tuv_inflight_free(tuv_inflight_t* inflight);

static inline uint32_t tuv_inflight_count(const tuv_inflight_t* inflight) {
  return (uint32_t) inflight->table.count;
}
/* The operation with this id, or its tombstone, or NULL. */
static inline tuv_op_t* tuv_inflight_get(const tuv_inflight_t* inflight, uint64_t id) {
  return tuv_idmap_get(&inflight->table, id);
}

/* Makes room for one more. Returns 0 or TAOSUV_ENOMEM. */
int tuv_inflight_reserve(tuv_inflight_t* inflight);
/* Adds an operation whose frame was just written. Room must have been reserved. */
void tuv_inflight_add(tuv_inflight_t* inflight, tuv_op_t* op, tuv_conn_t* conn);
/* Removes the operation with this id, because it was answered. Returns it, or its tombstone, or NULL
 * when there is none. op->conn is NULL then. */
tuv_op_t* tuv_inflight_take(tuv_inflight_t* inflight, uint64_t id);
/* Removes an operation whose frame of `bytes` was taken back: the frames behind it move up. */
void tuv_inflight_withdraw(tuv_inflight_t* inflight, tuv_op_t* op, size_t bytes);
/* Leaves the tombstone of its type in place of an operation that was sent. */
void tuv_inflight_bury(tuv_inflight_t* inflight, tuv_op_t* op);
/* Has `to` take the place of `from`, with the same id. It may still wait for room. */
void tuv_inflight_replace(tuv_inflight_t* inflight, tuv_op_t* from, tuv_op_t* to);
/* Takes the first operation out of the list of a connection that is of no more use, or returns NULL.
 * The table keeps it until it is freed. */
tuv_op_t* tuv_inflight_pop(tuv_inflight_t* inflight);

#endif
