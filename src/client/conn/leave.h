/* A connection leaves its server in good order. */
#ifndef TUV_CLIENT_CONN_LEAVE_H
#define TUV_CLIENT_CONN_LEAVE_H

#include "client/conn/conn.h"

void tuv_leave_begin(tuv_conn_t* conn, uint64_t limit); /* in ms; nobody waits for it any more */
void tuv_leave_closed(tuv_conn_t* conn); /* its client is closed: cancels, then leaves */
void tuv_leave_check(tuv_conn_t* conn);  /* after each answer */
void tuv_leave_down(tuv_conn_t* conn);   /* the connection is down */

#endif
