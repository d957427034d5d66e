/* Results, as connections and statements know them. */
#ifndef TUV_CLIENT_QUERY_RESULTS_H
#define TUV_CLIENT_QUERY_RESULTS_H

#include "client/conn/conn.h"
#include "client/core/req.h"
#include "wire/json/result.h"

/* What a result came from, if that has to wait until the result is read or closed: a server
 * statement. */
typedef struct tuv_result_owner_s tuv_result_owner_t;
struct tuv_result_owner_s {
  void (*released)(tuv_result_owner_t* owner); /* the owner need not wait any longer */
  /* Another result takes the place of the one that it has. */
  void (*replaced)(tuv_result_owner_t* owner, taosuv_result_t* by);
};

void tuv_result_free_on_server(tuv_conn_t* conn, uint64_t result_id);
taosuv_result_t* tuv_result_create(tuv_conn_t* conn, const tuv_query_reply_t* reply);
/* Makes a result of a reply that came whole, with its blocks and fields. */
taosuv_result_t* tuv_result_create_whole(tuv_conn_t* conn, tuv_rest_t* decoder);
/* Sets the owner, or with NULL removes it. */
void tuv_result_set_owner(taosuv_result_t* result, tuv_result_owner_t* owner);

/* fetch.c */
void tuv_result_prefetch(taosuv_result_t* result);
void tuv_result_cancel_fetch(taosuv_req_t* req);
uint64_t tuv_result_fetch_id(const taosuv_req_t* fetch); /* the id in its message */

#endif
