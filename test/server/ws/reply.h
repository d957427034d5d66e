/* The one way of all replies. */
#ifndef TS_WS_REPLY_H
#define TS_WS_REPLY_H

#include "ws/conn.h"

void ts_reply_faults_changed(ts_conn_t* conn);
void ts_reply_timer(uv_timer_t* timer);
void ts_reply_free(ts_conn_t* conn);

#endif
