/* What the pool does with the events of its connections. */
#ifndef TUV_CLIENT_POOL_CONN_EVENTS_H
#define TUV_CLIENT_POOL_CONN_EVENTS_H

#include "client/conn/events.h"

extern const tuv_conn_events_t tuv_pool_conn_events;

#endif
