/* A whole session of a client, with every request observed from call to callback. */
#ifndef TUV_TEST_TORTURE_SESSION_H
#define TUV_TEST_TORTURE_SESSION_H

#include "alloc_probe.h"
#include "taosuv.h"
#include "testserver.h"

/* A loop with the bundled server, and a counting allocator for the client. */
typedef struct place_s {
  uv_loop_t loop;
  ts_server_t* server;
  char url[256];
  bool http; /* over HTTP, which has no statements */
  alloc_probe_t probe;
} place_t;

/* `keys` of the URL; "http" or "http&…" stands for its scheme. `version` NULL: the default. */
void place_set_up(place_t* place, const char* keys, const char* version);
void place_tear_down(place_t* place);

/* Opens, runs SQL, reads a result of three blocks, leaves another unread, cancels a third, makes
 * the small requests, writes lines, inserts and queries by statements, and closes. Asserts that
 * each request completes once, with a status that the lack of memory or of a connection explains
 * (or any, with `any_status`), and that nothing leaks. Before its last request, which must succeed,
 * it calls `eased` (may be NULL). Returns its first failure that was not the cancelled request's,
 * or 0. */
int session_run(place_t* place, bool any_status, void (*eased)(void*), void* context);

#endif
