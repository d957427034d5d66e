/* What a connection reports to its owner, the pool. Connections call their owner by these functions
 * only. */
#ifndef TUV_CLIENT_CONN_EVENTS_H
#define TUV_CLIENT_CONN_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/core/failure.h"
#include "taosuv.h"
#include "wire/json/reply.h"

typedef struct tuv_conn_s tuv_conn_t;

typedef struct tuv_conn_events_s {
  /* It is logged in and takes requests. */
  void (*ready)(tuv_conn_t* conn);
  /* It has room for another request. */
  void (*room)(tuv_conn_t* conn);
  /* It is on its way to another address of its host, in place of one that is gone. `replaces`: once
   * it is ready, another connection is to retire. */
  void (*begun_again)(tuv_conn_t* conn, bool replaces);
  /* It has left the pool, and takes no requests any more. */
  void (*left)(tuv_conn_t* conn);
  /* All who depended on it were called: it failed before it was ready, and no other address of
   * its host is tried; it was lost; it leaves in good order. */
  void (*failed)(tuv_conn_t* conn, const tuv_failure_t* failure);
  void (*lost)(tuv_conn_t* conn);
  void (*leaving)(tuv_conn_t* conn);
  /* A request that was in flight when it died, and may go over another one. Returns false when there
   * is no memory to queue it. */
  bool (*requeue)(tuv_conn_t* conn, taosuv_req_t* req);
  /* The endpoint that it goes on to does not serve all kinds of requests. */
  void (*narrowed)(tuv_conn_t* conn);
  /* A request timed out on it; its server has shown a sign of life; it has shown none for too
   * long. */
  void (*doubted)(tuv_conn_t* conn);
  void (*alive)(tuv_conn_t* conn);
  void (*silent)(tuv_conn_t* conn);
  /* Its host asks to be left alone for some seconds. */
  void (*retry_after)(tuv_conn_t* conn, uint32_t seconds);
  /* The server's version is known; the server has answered the log-in. */
  void (*version_known)(tuv_conn_t* conn);
  void (*logged_in)(tuv_conn_t* conn, const tuv_reply_t* reply);
} tuv_conn_events_t;

#endif
