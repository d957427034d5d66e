/* Prepared statements, as connections and the client know them. */
#ifndef TUV_CLIENT_STMT_STMTS_H
#define TUV_CLIENT_STMT_STMTS_H

#include "client/conn/conn.h"

typedef struct tuv_server_stmt_s tuv_server_stmt_t;

/* Tables or names change: what was prepared before is not to be used by others. */
void tuv_stmts_forget(taosuv_client_t* client);
void tuv_server_stmt_result_done(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_set_result(tuv_server_stmt_t* server_stmt,
                                taosuv_result_t* result); /* another one */
const taosuv_req_t* tuv_server_stmt_waiter(
    const tuv_op_t* op); /* of a statement's message; or NULL */

#endif
