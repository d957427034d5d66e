/* The messages of a server statement, and what follows from each answer. A function that may fail
 * calls back. */
#ifndef TUV_CLIENT_STMT_SERVER_STMT_STEPS_H
#define TUV_CLIENT_STMT_SERVER_STMT_STEPS_H

#include "client/stmt/server_stmt.h"

/* Sends the message of a step. */
void tuv_server_stmt_post(tuv_server_stmt_t* server_stmt, tuv_server_stmt_step_t step);

/* The request that waits for the answer to a statement's message; or NULL. */
const taosuv_req_t* tuv_server_stmt_waiter(const tuv_op_t* op);

/* For the operations of a statement: their answers go to `answers`. */
void tuv_server_stmt_on_reply(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
void tuv_server_stmt_on_failure(tuv_op_t* op, const tuv_failure_t* failure);

/* Whether its message was given to the system. */
bool tuv_server_stmt_sent(const tuv_server_stmt_t* server_stmt);

/* Takes its message back, if it has not left. */
bool tuv_server_stmt_withdraw(tuv_server_stmt_t* server_stmt);

/* Prepares the statement: from the beginning; after it waited for a batch; for one from the cache,
 * to learn its fields. */
void tuv_server_stmt_prepare(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_go_on_preparing(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_prepare_again(tuv_server_stmt_t* server_stmt);

/* Such a step was answered; the server does not know the scales; the step has failed. */
void tuv_server_stmt_preparing(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply);
void tuv_server_stmt_without_scales(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_unprepared(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure);

/* Sends a query for the fields, where the endpoint does not report them. */
void tuv_server_stmt_ask_fields(tuv_server_stmt_t* server_stmt, tuv_fields_known_cb cb);
void tuv_server_stmt_stop_asking(tuv_server_stmt_t* server_stmt);

/* Sends a query for the scales of DECIMALs that the fields lack. */
bool tuv_server_stmt_wants_scales(const tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_ask_scales(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_take_scales(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply);

/* Begins to execute the first batch of its statement. */
void tuv_server_stmt_begin(tuv_server_stmt_t* server_stmt, tuv_batch_t* batch);

extern const tuv_server_stmt_answers_t tuv_server_stmt_answers;

#endif
