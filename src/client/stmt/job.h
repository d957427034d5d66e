/* What all parts of a statement use: its memory, its jobs, and the requests that wait for it. */
#ifndef TUV_CLIENT_STMT_JOB_H
#define TUV_CLIENT_STMT_JOB_H

#include "client/core/holder.h"
#include "client/core/op.h"
#include "client/stmt/stmt.h"

/* Has the statement do what is next, at the end of this turn. */
void tuv_stmt_due(taosuv_stmt_t* stmt);

/* Its first batch, or NULL. */
tuv_job_t* tuv_stmt_job(const taosuv_stmt_t* stmt);

bool tuv_stmt_names_tables(const taosuv_stmt_t* stmt);
void tuv_stmt_unhold(taosuv_stmt_t* stmt);      /* its prepare is not counted any more */
void tuv_stmt_drop_fields(taosuv_stmt_t* stmt); /* and what is bound */
void tuv_stmt_destroy(taosuv_stmt_t* stmt);     /* nothing is pending, nobody has it */

/* Takes over the fields of the server statement. Returns 0 or an error; TAOSUV_ENOTSUP: a type
 * cannot be sent to this server. */
int tuv_stmt_take_fields(taosuv_stmt_t* stmt, const tuv_server_stmt_t* server_stmt,
                         tuv_errmsg_t* err);
void tuv_stmt_init_batch(const taosuv_stmt_t* stmt, tuv_batch_t* batch);

/* Takes a batch out of those that wait; then frees it; or completes its request with it. `failure`
 * NULL: it was executed. The last one calls back. */
void tuv_job_take_off(tuv_job_t* job, taosuv_client_t* client);
void tuv_job_drop(tuv_job_t* job, taosuv_client_t* client);
void tuv_job_done(tuv_job_t* job, const tuv_failure_t* failure);
void tuv_job_recycle(tuv_job_t* job, const tuv_alloc_t* alloc);

/* A batch of a writer: its messages are sent, or will not be. */
void tuv_job_give_back(tuv_job_t* job);

/* The request begins to wait for its statement. One whose deadline has passed is completed by the
 * second. */
int tuv_stmt_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                   const tuv_holder_t* holder, void* owner);
void tuv_stmt_end_if_late(taosuv_req_t* req);

#endif
