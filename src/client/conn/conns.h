/* What the connections of one client share: how they connect and speak, whom they report to, and
 * the lists and counters that they keep of themselves. The pool owns it. */
#ifndef TUV_CLIENT_CONN_CONNS_H
#define TUV_CLIENT_CONN_CONNS_H

#include "client/conn/events.h"
#include "client/conn/host.h"
#include "client/conn/transport.h"
#include "client/core/context.h"
#include "io/avoid.h"
#include "io/tcp.h"
#include "io/tls/tls.h"

typedef struct tuv_endpoint_s tuv_endpoint_t;

typedef struct tuv_conns_s {
  tuv_context_t* context;
  const tuv_transport_t* transport;
  const tuv_endpoint_t* endpoint;
  const tuv_conn_events_t* events;
  char* target;          /* HTTP: of SQL, up to the request's id; a secret is in it */
  char* basic;           /* HTTP: the header for what takes no Taosd token; NULL: the usual one */
  char* legacy_paths[3]; /* paths of old gateways' endpoints with the token; NULL: not needed yet */
  tuv_connect_t connect; /* opens the stream of a connection */
  tuv_tls_context_t* tls; /* NULL: connections do not use TLS */
  tuv_avoid_t avoid;      /* addresses that are tried last */
  tuv_queue_t list;       /* connections that connect, log in or are ready */
  tuv_queue_t gone;       /* connections that leave or are dead, until they are freed */
  tuv_queue_t paused;     /* connections that had more to do than a turn allows */
  tuv_task_t resume;      /* resumes the paused ones */
  uint32_t ready;         /* in `list` */
  uint32_t connecting;    /* in `list` */
  uint32_t narrow;        /* in `list`; they do not serve all requests */
  uint32_t retiring;      /* ready ones that take no more requests */
  uint32_t leaving;       /* in `gone`; they wait for answers */
} tuv_conns_t;

void tuv_conns_init(tuv_conns_t* conns, tuv_context_t* context, const tuv_conn_events_t* events);
/* Frees the paths, the target and the credentials, and wipes them. */
void tuv_conns_free(tuv_conns_t* conns);

#endif
