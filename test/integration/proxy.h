/* A TCP proxy on the test's loop that simulates network failures before any server: connections
 * that are cut, stalled, slow, delayed, refused or silent. It forwards bytes without parsing them,
 * so TLS works through it as well. */
#ifndef TUV_TEST_INTEGRATION_PROXY_H
#define TUV_TEST_INTEGRATION_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef struct proxy_s proxy_t;
typedef struct proxy_conn_s proxy_conn_t;

typedef enum { PROXY_UP, PROXY_DOWN, PROXY_WAYS } proxy_way_t; /* to the server, to the client */

/* The failures of one direction. All zero: bytes are forwarded as they arrive. Counts of bytes
 * start at 0 when this is set on an open connection. */
typedef struct proxy_trouble_s {
  bool stall;           /* nothing is read or forwarded, and the sender's buffers fill up */
  uint64_t stall_after; /* the same after N bytes; 0: never */
  uint64_t cut_after;   /* the connection ends after N bytes; 0: never */
  uint32_t piece;       /* at most N bytes per iteration of the loop; 0: any number */
  uint32_t every_ms;    /* if set, N bytes per this time instead */
  uint32_t delay_ms;    /* bytes are forwarded after this delay */
} proxy_trouble_t;

typedef struct proxy_plan_s {
  proxy_trouble_t way[PROXY_WAYS];
  bool silent; /* the connection is accepted, but not forwarded to the server */
  bool reset;  /* cut_after ends it with RST */
} proxy_plan_t;

typedef struct proxy_counters_s {
  uint64_t accepted;
  uint64_t open;
  uint64_t passed[PROXY_WAYS]; /* total bytes of all connections */
} proxy_counters_t;

/* Listens on a free port of 127.0.0.1. Returns 0 or libuv's error. */
int proxy_create(uv_loop_t* loop, const struct sockaddr* server, proxy_t** proxy);
int proxy_port(const proxy_t* proxy);
void proxy_set_server(proxy_t* proxy, const struct sockaddr* server); /* for new connections */
proxy_counters_t proxy_counters(const proxy_t* proxy);

/* Sets the plan for the next `count` connections (0: all new ones); NULL: none. It is copied. */
void proxy_set_plan(proxy_t* proxy, const proxy_plan_t* plan, unsigned count);
/* The same for all open and all new connections. */
void proxy_set_plan_of_all(proxy_t* proxy, const proxy_plan_t* plan);

/* The first cuts all connections and stops listening: new ones are refused. The second listens
 * again, on the same port. */
void proxy_stop(proxy_t* proxy);
int proxy_start(proxy_t* proxy);
void proxy_cut_all(proxy_t* proxy);
/* Cuts all connections; `closed` is called when no handle is left on the loop. */
void proxy_close(proxy_t* proxy, void (*closed)(void* data), void* data);

/* The next of the open connections, newest first; NULL after the last one. `conn` NULL gives the
 * first one. */
proxy_conn_t* proxy_next(const proxy_t* proxy, const proxy_conn_t* conn);
void proxy_conn_set_plan(proxy_conn_t* conn, const proxy_plan_t* plan);
uint64_t proxy_conn_passed(const proxy_conn_t* conn, proxy_way_t way);
void proxy_conn_cut(proxy_conn_t* conn);
void proxy_conn_reset(proxy_conn_t* conn); /* by RST */

#endif
