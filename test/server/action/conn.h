/* What a session asks about itself and the server: log-in, version, options. */
#ifndef TS_ACTION_CONN_H
#define TS_ACTION_CONN_H

#include "session/request.h"

void ts_request_version(ts_request_t* request);
void ts_request_server_status(ts_request_t* request);
void ts_request_conn(ts_request_t* request);
void ts_request_current_db(ts_request_t* request);
void ts_request_server_info(ts_request_t* request);
void ts_request_connection_info(ts_request_t* request);
void ts_request_options(ts_request_t* request);

/* Members of replies. */
void ts_put_version(ts_buf_t* out, const ts_server_t* server);
void ts_put_instances(ts_buf_t* out, const ts_server_t* server);

#endif
