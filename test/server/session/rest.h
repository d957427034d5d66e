/* Results as /rest/sql answers them. */
#ifndef TS_SESSION_REST_H
#define TS_SESSION_REST_H

#include "session/request.h"

void ts_rest_result(ts_request_t* request, const ts_result_t* result);
void ts_rest_update(ts_request_t* request, int64_t affected_rows);

#endif
