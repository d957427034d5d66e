/* A request, and the kind of function that handles it. */
#ifndef TS_SESSION_REQUEST_H
#define TS_SESSION_REQUEST_H

#include <yyjson.h>

#include "session/session.h"

/* A request, as far as it could be read. */
typedef struct ts_request_s {
  ts_session_t* session;
  uint64_t started;
  const char* action; /* as replies name it */
  const char* title;  /* of its arguments, in the error about them */
  uint64_t req_id;
  uint64_t id; /* a result's, or a consumer's message's */
  uint64_t stmt_id;
  bool stmt_reply; /* errors have the statement's id too */
  const char* sql;
  size_t sql_size;
  bool binary_reply;      /* errors are given in the form of fetch_raw_block's replies */
  bool tmq_reply;         /* in that of fetch_raw_data's */
  bool of_message;        /* errors have the message's id */
  bool http;              /* it is answered as /rest/sql does */
  bool timing, with_meta; /* parameters of it */
  ts_zone_t zone;         /* in which its times are written */
  yyjson_val* args;
} ts_request_t;

/* What handles a request that is read and that no rule answers otherwise. */
typedef void (*ts_handler_t)(ts_request_t* request);

#endif
