/* A TCP proxy on the test's loop that makes trouble on the line, before any server: connections that
 * are cut, stalled, slow, late, refused or met by silence. It passes bytes on and does not know what
 * they mean, so that TLS goes through it as well. */
#ifndef TUV_TEST_INTEGRATION_PROXY_H
#define TUV_TEST_INTEGRATION_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef struct proxy_s proxy_t;
typedef struct proxy_conn_s proxy_conn_t;

typedef enum { PROXY_UP, PROXY_DOWN, PROXY_WAYS } proxy_way_t; /* to the server, to the client */

/* Of one way. All zero: bytes are passed on as they come. Counts of bytes begin again when the trouble
 * is set on an open connection. */
typedef struct proxy_trouble_s {
  bool stall;           /* nothing is read or passed on, and the sender's buffers fill */
  uint64_t stall_after; /* the same after N bytes; 0: never */
  uint64_t cut_after;   /* the connection ends after N bytes; 0: never */
  uint32_t piece;       /* at most N bytes a turn of the loop; 0: any number ... */
  uint32_t every_ms;    /* ... or, with this, N bytes in this time */
  uint32_t delay_ms;    /* bytes are passed on this much later */
} proxy_trouble_t;

typedef struct proxy_plan_s {
  proxy_trouble_t way[PROXY_WAYS];
  bool silent; /* the connection is accepted, and that is all: the server is not asked */
  bool reset;  /* it is cut by RST, where cut_after says so */
} proxy_plan_t;

typedef struct proxy_counters_s {
  uint64_t accepted;
  uint64_t open;
  uint64_t passed[PROXY_WAYS]; /* bytes of all connections */
} proxy_counters_t;

/* Listens on a free port of 127.0.0.1. Returns 0 or libuv's error. */
int proxy_create(uv_loop_t* loop, const struct sockaddr* server, proxy_t** proxy);
int proxy_port(const proxy_t* proxy);
void proxy_set_server(proxy_t* proxy, const struct sockaddr* server); /* for connections to come */
proxy_counters_t proxy_counters(const proxy_t* proxy);

/* The plan of the next `count` connections (0: of all to come); NULL: none. It is copied. */
void proxy_set_plan(proxy_t* proxy, const proxy_plan_t* plan, unsigned count);
/* The same for all that are open, and all to come. */
void proxy_set_plan_of_all(proxy_t* proxy, const proxy_plan_t* plan);

/* Cuts all connections and listens no more: new ones are refused. Then it listens again, on the same
 * port. */
void proxy_stop(proxy_t* proxy);
int proxy_start(proxy_t* proxy);
void proxy_cut_all(proxy_t* proxy);
/* Cuts all; `closed` is called when nothing is left on the loop. */
void proxy_close(proxy_t* proxy, void (*closed)(void* data), void* data);

/* The open connections, the youngest first: NULL ends them. `conn` NULL gives the first one. */
proxy_conn_t* proxy_next(const proxy_t* proxy, const proxy_conn_t* conn);
void proxy_conn_set_plan(proxy_conn_t* conn, const proxy_plan_t* plan);
uint64_t proxy_conn_passed(const proxy_conn_t* conn, proxy_way_t way);
void proxy_conn_cut(proxy_conn_t* conn);
void proxy_conn_reset(proxy_conn_t* conn); /* by RST */

#endif
