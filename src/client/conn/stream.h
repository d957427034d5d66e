/* What a transport asks of its connection and reports to it. */
#ifndef TUV_CLIENT_CONN_STREAM_H
#define TUV_CLIENT_CONN_STREAM_H

#include "client/conn/conn.h"

/* Opens the stream to the connection's host. */
int tuv_conn_connect(tuv_conn_t* conn, const tuv_stream_events_t* events, void* context,
                     tuv_stream_t** stream);
void tuv_conn_opened(tuv_conn_t* conn);      /* the upgrade is through: log in */
void tuv_conn_flush_later(tuv_conn_t* conn); /* bytes wait for the end of the turn */
void tuv_conn_sent(tuv_conn_t* conn);        /* the send buffer is shorter */
void tuv_conn_paused(tuv_conn_t* conn);      /* reading goes on in the next turn */
/* The connection ended. `lingering`: its peer has not closed the stream yet. tuv_conn_gone follows. */
void tuv_conn_down(tuv_conn_t* conn, int status, int http_status, const char* message,
                   bool lingering);
void tuv_conn_gone(tuv_conn_t* conn); /* its stream is closed: frees it */
/* Its stream is closed: connects it to the endpoint that is set now. */
int tuv_conn_reconnect(tuv_conn_t* conn);

#endif
