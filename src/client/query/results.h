/* Results, as connections and statements know them. */
#ifndef TUV_CLIENT_QUERY_RESULTS_H
#define TUV_CLIENT_QUERY_RESULTS_H

#include "client/conn/conn.h"
#include "client/core/req.h"

typedef struct tuv_server_stmt_s tuv_server_stmt_t;

void tuv_result_free_on_server(tuv_conn_t* conn, uint64_t result_id);
taosuv_result_t* tuv_result_create(tuv_conn_t* conn, const tuv_query_reply_t* reply);
/* Of an answer that came whole: its blocks and fields. */
taosuv_result_t* tuv_result_create_whole(tuv_conn_t* conn, tuv_rest_t* decoder);
/* The statement that it came from may do nothing else before this result is read or closed. */
void tuv_result_pin(taosuv_result_t* result, tuv_server_stmt_t* server_stmt);

/* fetch.c */
void tuv_result_prefetch(taosuv_result_t* result);
tuv_op_t* tuv_result_find_block_op(tuv_conn_t* conn, uint64_t result_id);
void tuv_result_cancel_fetch(taosuv_req_t* req);
uint64_t tuv_result_fetch_id(const taosuv_req_t* fetch);   /* the id that its message had */
const taosuv_req_t* tuv_result_waiter(const tuv_op_t* op); /* of a fetch in flight; or NULL */

#endif
