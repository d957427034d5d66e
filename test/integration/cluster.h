/* Three hosts for one test, which can be stopped and started, and the number of their connections:
 * three proxies before one server, or three bundled servers if a test must distinguish them. */
#ifndef TUV_TEST_INTEGRATION_CLUSTER_H
#define TUV_TEST_INTEGRATION_CLUSTER_H

#include "fixture.h"

enum { CL_HOSTS = IT_SERVERS };

typedef struct cl_s {
  it_t* it;
  bool proxied;
  bool down[CL_HOSTS];  /* proxies that are stopped */
  ts_server_t** server; /* the fixture's `others`, in addition to its own server; NULL: stopped */
  int port[CL_HOSTS];
  bool stopped;
  uint64_t want[CL_HOSTS];
} cl_t;

/* Starts all three: proxies, or bundled servers with a configuration, whose port is ignored. With
 * another server, the latter skips the test. */
cl_t cl_start_proxies(it_t* it);
cl_t cl_start_all(it_t* it, const ts_config_t* config);
void cl_stop_all(cl_t* cluster);
void cl_start(cl_t* cluster, size_t i, const ts_config_t* config); /* on the same port as before */
void cl_stop(cl_t* cluster, size_t i);

/* A client of the first `hosts` of them, with more URL keys. */
taosuv_client_t* cl_client(cl_t* cluster, size_t hosts, const char* keys);

/* Waits until each has this number of connections, or fails the test. */
void cl_until_spread(cl_t* cluster, uint64_t a, uint64_t b, uint64_t c);
uint64_t cl_open(const cl_t* cluster, size_t i); /* connections; 0 while it is stopped */
/* Delays every answer by this time; 0: no delay. */
void cl_delay(cl_t* cluster, uint32_t ms);
/* It neither reads nor writes any more, on open and on new connections. */
void cl_freeze(cl_t* cluster, size_t i);
/* The amount of requests that it received: bytes for proxies, queries for servers. */
uint64_t cl_asked(const cl_t* cluster, size_t i);

#endif
