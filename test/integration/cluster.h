/* Three hosts for one test, to be stopped and started, and where connections are: three proxies before
 * the one server, or three bundled servers where a test must tell them apart. */
#ifndef TUV_TEST_INTEGRATION_CLUSTER_H
#define TUV_TEST_INTEGRATION_CLUSTER_H

#include "fixture.h"

enum { CL_HOSTS = IT_SERVERS };

typedef struct cl_s {
  it_t* it;
  bool proxied;
  bool down[CL_HOSTS];  /* proxies that are stopped */
  ts_server_t** server; /* the fixture's `others`, beside its own server; NULL: stopped */
  int port[CL_HOSTS];
  bool stopped;
  uint64_t want[CL_HOSTS];
} cl_t;

/* All three: proxies, or bundled servers with a configuration, whose port is not heeded; these skip the
 * test with another server. */
cl_t cl_start_proxies(it_t* it);
cl_t cl_start_all(it_t* it, const ts_config_t* config);
void cl_stop_all(cl_t* cluster);
void cl_start(cl_t* cluster, size_t i, const ts_config_t* config); /* where it was before */
void cl_stop(cl_t* cluster, size_t i);

/* A client of the first `hosts` of them, with more URL keys. */
taosuv_client_t* cl_client(cl_t* cluster, size_t hosts, const char* keys);

/* Waits until each has this number of connections, or fails the test. */
void cl_until_spread(cl_t* cluster, uint64_t a, uint64_t b, uint64_t c);
uint64_t cl_open(const cl_t* cluster, size_t i); /* connections; 0 while it is stopped */
/* Every answer comes so much later, or no longer with 0. */
void cl_delay(cl_t* cluster, uint32_t ms);
/* It takes no bytes any more and gives none, on connections that are open and on those to come. */
void cl_freeze(cl_t* cluster, size_t i);
/* What clients have asked of it: bytes of proxies, queries of servers. */
uint64_t cl_asked(const cl_t* cluster, size_t i);

#endif
