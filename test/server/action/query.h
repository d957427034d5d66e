/* Queries and the results that they open. */
#ifndef TS_ACTION_QUERY_H
#define TS_ACTION_QUERY_H

#include "session/request.h"

void ts_request_query(ts_request_t* request); /* runs request->sql and replies */
void ts_request_result(ts_request_t* request, ts_result_t* result); /* opens it and replies */
void ts_request_fetch_raw(ts_request_t* request);
void ts_request_fetch(ts_request_t* request);
void ts_request_fetch_block(ts_request_t* request);
void ts_request_block(ts_request_t* request, ts_blob_t* block); /* the reply with this block */
ts_cursor_t* ts_session_open_result(ts_session_t* session, ts_result_t* result);
ts_cursor_t* ts_session_cursor(ts_session_t* session, uint64_t id);
void ts_session_free_result(ts_session_t* session, uint64_t id);

#endif
