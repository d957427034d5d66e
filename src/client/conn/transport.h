/* What differs between the transports of connections, WebSocket and HTTP. */
#ifndef TUV_CLIENT_CONN_TRANSPORT_H
#define TUV_CLIENT_CONN_TRANSPORT_H

#include "client/core/req.h"
#include "io/stream.h"

typedef struct tuv_transport_s {
  int (*connect)(tuv_conn_t* conn); /* begins; tuv_conn_opened or tuv_conn_down follows */
  void (*login)(tuv_conn_t* conn);  /* the event `ready` or tuv_conn_fail follows */
  void (*ready)(tuv_conn_t* conn);  /* it is logged in */
  /* Writes an operation's message, and sets op->at. */
  int (*send)(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size);
  uint64_t (*sent_up_to)(
      const tuv_conn_t* conn); /* a message that begins before this may have left */
  size_t (*unsent_bytes)(const tuv_conn_t* conn);
  /* Takes back a message that has not left. Returns its size in bytes, or 0 when it has left. */
  size_t (*withdraw)(tuv_conn_t* conn, uint64_t at);
  /* Nobody waits any more for the answer to a message that has left. */
  void (*abandon)(tuv_conn_t* conn);
  /* Whether the request in flight may be sent once more, because the connection was idle before and
   * went down without an answer. NULL: never. */
  bool (*may_repeat)(const tuv_conn_t* conn);
  /* The connection is down: sets the payload of a request that never left. */
  int (*recover)(tuv_conn_t* conn, tuv_req_t* priv);
  bool (*probe)(tuv_conn_t* conn); /* asks for a sign of life; NULL: the transport cannot */
  uint64_t (*signs_of_life)(
      const tuv_conn_t* conn);                     /* changes with every byte in either direction */
  tuv_stream_t* (*stream)(const tuv_conn_t* conn); /* NULL: not yet, or no longer */
  void (*resume)(tuv_conn_t* conn);                /* reading, after tuv_conn_paused */
  void (*flush)(tuv_conn_t* conn);
  void (*close)(tuv_conn_t* conn); /* with a goodbye; tuv_conn_gone follows */
  void (*abort)(tuv_conn_t* conn);
  bool has_actions;   /* those of the WebSocket: statements, all options of other requests */
  bool has_resources; /* those of HTTP alone: the vgroups of tables */
  bool has_endpoints; /* a gateway may serve kinds of requests at endpoints of their own */
} tuv_transport_t;

extern const tuv_transport_t tuv_transport_ws, tuv_transport_rest;

#endif
