/* The table and the list of what a connection has sent. */
#include "client/conn/inflight.h"

#include "util/assert.h"

void tuv_inflight_init(tuv_inflight_t* inflight, const tuv_alloc_t* alloc) {
  tuv_idmap_init(&inflight->table, alloc);
  tuv_queue_init(&inflight->sent);
}

void tuv_inflight_free(tuv_inflight_t* inflight) {
  tuv_idmap_free(&inflight->table);
}

int tuv_inflight_reserve(tuv_inflight_t* inflight) {
  return tuv_idmap_reserve(&inflight->table) == 0 ? 0 : TAOSUV_ENOMEM;
}

void tuv_inflight_add(tuv_inflight_t* inflight, tuv_op_t* op, tuv_conn_t* conn) {
  TUV_ASSERT(op->conn == NULL && conn != NULL);
  tuv_idmap_put(&inflight->table, op->id, op);
  tuv_queue_push(&inflight->sent, &op->link);
  op->conn = conn;
}

/* A tombstone is in the table only. */
static void leave(tuv_op_t* op) {
  if (op->conn == NULL) return;
  tuv_queue_remove(&op->link);
  op->conn = NULL;
}

tuv_op_t* tuv_inflight_take(tuv_inflight_t* inflight, uint64_t id) {
  tuv_op_t* op = tuv_idmap_remove(&inflight->table, id);
  if (op != NULL) leave(op);
  return op;
}

void tuv_inflight_withdraw(tuv_inflight_t* inflight, tuv_op_t* op, size_t bytes) {
  TUV_ASSERT(tuv_inflight_get(inflight, op->id) == op);
  for (tuv_queue_t* at = op->link.next; at != &inflight->sent; at = at->next)
    TUV_CONTAINER(at, tuv_op_t, link)->at -= bytes;
  tuv_inflight_take(inflight, op->id);
}

void tuv_inflight_bury(tuv_inflight_t* inflight, tuv_op_t* op) {
  TUV_ASSERT(tuv_inflight_get(inflight, op->id) == op && op->type->tombstone != NULL);
  tuv_idmap_set(&inflight->table, op->id, op->type->tombstone);
  leave(op);
}

void tuv_inflight_replace(tuv_inflight_t* inflight, tuv_op_t* from, tuv_op_t* to) {
  TUV_ASSERT(to->conn == NULL);
  to->id = from->id;
  to->at = from->at;
  to->conn = from->conn;
  if (!tuv_queue_empty(&from->link)) tuv_queue_insert_before(&from->link, &to->link);
  tuv_queue_remove(&from->link);
  if (from->conn != NULL) tuv_idmap_set(&inflight->table, to->id, to);
  from->conn = NULL;
}

tuv_op_t* tuv_inflight_pop(tuv_inflight_t* inflight) {
  if (tuv_queue_empty(&inflight->sent)) return NULL;
  tuv_op_t* op = TUV_CONTAINER(inflight->sent.next, tuv_op_t, link);
  leave(op);
  return op;
}
