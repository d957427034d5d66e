/* What differs between the ways in which connections speak: WebSocket or HTTP. */
#ifndef TUV_CLIENT_CONN_TRANSPORT_H
#define TUV_CLIENT_CONN_TRANSPORT_H

#include "client/core/req.h"
#include "io/stream.h"

typedef struct tuv_transport_s {
  int (*connect)(tuv_conn_t* conn); /* begins; tuv_conn_opened or tuv_conn_down follows */
  void (*login)(tuv_conn_t* conn);  /* tuv_pool_ready or tuv_conn_fail follows */
  void (*ready)(tuv_conn_t* conn);  /* it is logged in */
  /* Writes an operation's message, and sets op->at. */
  int (*send)(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size);
  uint64_t (*sent_up_to)(const tuv_conn_t* conn); /* what begins before may have left */
  size_t (*unsent_bytes)(const tuv_conn_t* conn);
  /* Takes a message that has not left back; returns its bytes, or 0 when it has left. */
  size_t (*withdraw)(tuv_conn_t* conn, uint64_t at);
  /* A message has left whose answer nobody waits for: its operation is a tombstone now. */
  void (*abandon)(tuv_conn_t* conn);
  /* Whether the request in flight, which has left, may be sent once more, because the connection
   * was idle and is down now without an answer. NULL: never. */
  bool (*may_repeat)(const tuv_conn_t* conn);
  /* Gives a request that never left its payload back, when the connection is down. */
  int (*recover)(tuv_conn_t* conn, tuv_req_t* priv);
  bool (*probe)(tuv_conn_t* conn); /* asks for a sign of life; NULL: there is no way */
  uint64_t (*signs_of_life)(const tuv_conn_t* conn); /* changes with each: bytes both ways */
  tuv_stream_t* (*stream)(const tuv_conn_t* conn);   /* NULL: not yet, or no longer */
  void (*resume)(tuv_conn_t* conn);                  /* reading, after tuv_conn_paused */
  void (*flush)(tuv_conn_t* conn);
  void (*close)(tuv_conn_t* conn); /* with a goodbye; tuv_conn_gone follows */
  void (*abort)(tuv_conn_t* conn);
  bool has_actions;   /* those of the WebSocket: statements, all options of other requests */
  bool has_resources; /* those of HTTP alone: the vgroups of tables */
  bool has_endpoints; /* a gateway may serve kinds of requests at endpoints of their own */
} tuv_transport_t;

extern const tuv_transport_t tuv_transport_ws, tuv_transport_rest;

#endif
