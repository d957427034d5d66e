/* Three bundled servers for one test, to be stopped and started, and where connections are. */
#ifndef TUV_TEST_INTEGRATION_CLUSTER_H
#define TUV_TEST_INTEGRATION_CLUSTER_H

#include "fixture.h"

enum { CL_HOSTS = IT_SERVERS };

/* They stand beside the fixture's server. */
typedef struct cl_s {
  it_t* it;
  ts_server_t** server; /* the fixture's `others`; NULL: stopped */
  int port[CL_HOSTS];
  bool stopped;
  uint64_t want[CL_HOSTS];
} cl_t;

/* All three; skips the test with another server than the bundled one. `config` may be NULL; its
 * port is not heeded. */
cl_t cl_start_all(it_t* it, const ts_config_t* config);
void cl_stop_all(cl_t* cluster);
void cl_start(cl_t* cluster, size_t i, const ts_config_t* config); /* where it was before */
void cl_stop(cl_t* cluster, size_t i);

/* A client of the first `hosts` of them, with more URL keys. */
taosuv_client_t* cl_client(cl_t* cluster, size_t hosts, const char* keys);

/* Waits until there are so many connections on each, or fails the test. */
void cl_until_spread(cl_t* cluster, uint64_t a, uint64_t b, uint64_t c);
uint64_t cl_open(const cl_t* cluster, size_t i); /* connections; 0 while it is stopped */

#endif
