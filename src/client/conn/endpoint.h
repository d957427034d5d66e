/* Which of a gateway's WebSocket endpoints a connection speaks to. */
#ifndef TUV_CLIENT_CONN_ENDPOINT_H
#define TUV_CLIENT_CONN_ENDPOINT_H

#include "client/conn/conn.h"

/* A kind of WebSocket endpoint, and what follows from it. */
typedef struct tuv_endpoint_s {
  const char* path;
  bool has_legacy; /* old gateways have others in its place */
  /* The action `conn` logs a connection in. Otherwise a request does, so that the password may be
   * sent at any time. */
  bool has_login;
  /* Its client has one connection, and requests that make sense on that one only. */
  bool single;
  /* The id in a binary message. NULL: tuv_msg_key finds it. */
  uint64_t (*req_id)(const uint8_t* data, size_t size);
} tuv_endpoint_t;

extern const tuv_endpoint_t tuv_endpoint_all; /* /ws */

int tuv_endpoint_init(tuv_conns_t* conns);
void tuv_endpoint_free(tuv_conns_t* conns);
void tuv_endpoint_begin(tuv_conn_t* conn, unsigned wanted); /* a connection is being opened */
void tuv_endpoint_leave(tuv_conn_t* conn);                  /* it has left the pool */
void tuv_endpoint_ready(tuv_conn_t* conn);                  /* it is logged in */
int tuv_endpoint_path(tuv_conn_t* conn, const char** path);
/* Its upgrade was refused. Returns whether it is to try another endpoint. If not, *failure says what
 * the refusal means; its text may be in `err`. */
bool tuv_endpoint_refused(tuv_conn_t* conn, int http_status, tuv_failure_t* failure,
                          tuv_errmsg_t* err);
/* The version is known. Returns whether the gateway has /ws, which was not asked for. */
bool tuv_endpoint_is_outdated(tuv_conn_t* conn);
/* The largest message that the gateway takes. */
uint64_t tuv_endpoint_max_message(const tuv_conn_t* conn);

#endif
