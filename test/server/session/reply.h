/* Replies: the keys that all of them begin with, and errors in all forms. */
#ifndef TS_SESSION_REPLY_H
#define TS_SESSION_REPLY_H

#include "session/request.h"

#define TS_HTTP_JSON "application/json; charset=utf-8"

/* The five first keys are written by begin; end closes the object and sends. */
void ts_reply_error(ts_request_t* request, int code, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
/* The error for an argument of another type. */
void ts_reply_bad_args(ts_request_t* request);
ts_buf_t* ts_reply_begin(ts_request_t* request);
void ts_reply_end(ts_request_t* request);
uint64_t ts_request_timing(const ts_request_t* request);
/* What binary replies of the newer kind begin with: the action, timing, ids, no error. */
#define TS_RAW_REPLY_HEAD 50u
void ts_raw_reply_head(const ts_request_t* request, uint64_t action,
                       uint8_t head[TS_RAW_REPLY_HEAD]);
/* The error of an HTTP request. */
void ts_http_error(ts_request_t* request, int status, int code, const char* text);

#endif
