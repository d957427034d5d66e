/* The actions of prepared statements: JSON of both protocols, and their binary messages. */
#ifndef TS_ACTION_STMT_H
#define TS_ACTION_STMT_H

#include "session/request.h"
#include "stmt/stmt.h"

/* ---- what they share (action/stmt.c) ---- */

ts_stmt_t* ts_session_stmt(const ts_session_t* session, uint64_t id); /* NULL: there is none */
/* The statement that the request names; NULL after an error saying so. */
ts_stmt_t* ts_request_stmt(ts_request_t* request, bool second);
void ts_session_open_stmt(ts_request_t* request, bool second);
/* Of all the session's statements, or of one with its result. */
void ts_session_free_stmts(ts_session_t* session);
void ts_session_free_stmt(ts_session_t* session, ts_stmt_t* stmt);
/* Closes the one that the request names, if there is one; false after the error for one of the
 * other protocol. */
bool ts_session_close_stmt(ts_request_t* request, bool second);
/* The reply after the usual keys and stmt_id; ts_reply_end ends it. */
ts_buf_t* ts_stmt_reply(ts_request_t* request);
void ts_stmt_reply_error(ts_request_t* request, int status, const ts_error_t* error);
/* With nothing else in it, or the error. */
void ts_stmt_reply_status(ts_request_t* request, int status, const ts_error_t* error);
/* The precision that is reported for a field; 0 for types that have none. */
uint8_t ts_stmt_reported_precision(const ts_stmt_t* stmt, const ts_slot_t* slot);
/* An element of `fields`; `name` is for those of the second protocol, which have a bind_type. */
void ts_stmt_put_field(ts_request_t* request, ts_buf_t* out, const ts_stmt_t* stmt,
                       const ts_slot_t* slot, bool bind_type);
/* The result of the last execution opened as `key`, and its columns. */
void ts_stmt_reply_result(ts_request_t* request, ts_stmt_t* stmt, ts_result_t* result,
                          const char* key);
/* Executes, and counts a statement that dies of it. */
void ts_stmt_reply_exec(ts_request_t* request, ts_stmt_t* stmt);
int ts_stmt_bind_counted(ts_request_t* request, ts_stmt_t* stmt, ts_binding_t* binding,
                         ts_error_t* error);

/* ---- the first protocol (action/stmt1.c, action/stmt1_bind.c) ---- */

/* An insert whose table is known, with its fields looked up. */
int ts_stmt1_target(ts_stmt_t* stmt, ts_error_t* error);

void ts_stmt1_init(ts_request_t* request);
void ts_stmt1_prepare(ts_request_t* request);
void ts_stmt1_set_table_name(ts_request_t* request);
void ts_stmt1_set_tags(ts_request_t* request);
void ts_stmt1_bind(ts_request_t* request);
void ts_stmt1_add_batch(ts_request_t* request);
void ts_stmt1_exec(ts_request_t* request);
void ts_stmt1_close(ts_request_t* request);
void ts_stmt1_get_tag_fields(ts_request_t* request);
void ts_stmt1_get_col_fields(ts_request_t* request);
void ts_stmt1_use_result(ts_request_t* request);
void ts_stmt1_num_params(ts_request_t* request);
void ts_stmt1_get_param(ts_request_t* request);
/* Binary: the block behind the header. */
void ts_stmt1_block_tags(ts_request_t* request, const uint8_t* data, size_t size);
void ts_stmt1_block_bind(ts_request_t* request, const uint8_t* data, size_t size);

/* ---- the second one (action/stmt2.c) ---- */

void ts_stmt2_init(ts_request_t* request);
void ts_stmt2_prepare(ts_request_t* request);
void ts_stmt2_exec(ts_request_t* request);
void ts_stmt2_result(ts_request_t* request);
void ts_stmt2_close(ts_request_t* request);
/* Binary: the whole message. */
void ts_stmt2_bind(ts_request_t* request, const uint8_t* data, size_t size);
void ts_stmt2_bind_exec(ts_request_t* request, const uint8_t* data, size_t size);

#endif
