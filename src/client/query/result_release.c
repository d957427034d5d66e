/* The end of a result: frees what it has here and on the server, and lets its owner go on. */
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/query/result.h"
#include "client/query/results.h"
#include "wire/json/request.h"

void tuv_result_free_on_server(tuv_conn_t* conn, uint64_t result_id) {
  char text[TUV_REQUEST_ID_MAX];
  size_t length = tuv_json_request_id(text, "free_result", tuv_ids_next(&conn->context->ids), "id",
                                      result_id);
  /* Without memory for the message, the server frees the result when the connection ends. */
  tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, NULL);
}

static void drop_stored(taosuv_result_t* result) {
  tuv_refbuf_t* block;
  while ((block = result->stored) != NULL) {
    result->stored = block->next;
    block->next = NULL;
    tuv_refbuf_unref(block);
  }
}

void tuv_result_set_owner(taosuv_result_t* result, tuv_result_owner_t* owner) {
  result->owner = owner;
}

void tuv_result_let_owner_go(taosuv_result_t* result) {
  tuv_result_owner_t* owner = result->owner;
  result->owner = NULL;
  if (owner != NULL) owner->released(owner);
}

void tuv_result_release(taosuv_result_t* result) {
  drop_stored(result);
  tuv_conn_t* conn = result->conn;
  if (conn != NULL && !result->ended) tuv_result_free_on_server(conn, result->id);
  tuv_dependent_remove(&result->dependent);
  tuv_task_cancel(&result->close);
  tuv_result_let_owner_go(result);
  if (conn != NULL && conn->retiring) tuv_conn_check_retired(conn);
  tuv_free(&result->mem->alloc, result->message);
  result->message = NULL;
  tuv_mem_put(result->mem, TUV_MEM_RESULT, result);
}
