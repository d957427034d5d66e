/* What a client counts: totals at all times; latencies, errors by status and connections by host
 * while metrics are on. */
#ifndef TUV_CLIENT_CORE_STATS_H
#define TUV_CLIENT_CORE_STATS_H

#include "taosuv/observe.h"
#include "util/alloc.h"

/* Counted at all times. Bytes and messages are counted in tuv_io_traffic_t. */
typedef struct tuv_totals_s {
  uint64_t reconnects, lost, connects_failed;
  uint64_t requests, failures, moves;
  uint64_t blocks, rows;
  uint64_t not_replaced; /* lost connections in whose place none has come yet */
} tuv_totals_t;

enum {
  TUV_ACTIONS = TAOSUV_ACTION_WRITE + 1,
  TUV_ERRORS = 128 /* more than libuv and taosuv have statuses */
};

/* Exists while metrics are on. */
typedef struct tuv_stats_s {
  taosuv_latency_t latency[TUV_ACTIONS];
  struct {
    int status;
    uint64_t count;
  } errors[TUV_ERRORS];
  uint32_t nerrors;
  uint32_t nhosts;
  struct {
    uint64_t connects, lost, failed;
  } hosts[];
} tuv_stats_t;

tuv_stats_t* tuv_stats_create(const tuv_alloc_t* alloc, uint32_t nhosts);

/* The bucket that a duration belongs to. */
unsigned int tuv_latency_bucket(uint64_t ns);
/* Counts a duration. */
void tuv_latency_add(taosuv_latency_t* latency, uint64_t ns);

void tuv_stats_error(tuv_stats_t* stats, int status);

/* A request has completed. */
void tuv_stats_completed(tuv_stats_t* stats, unsigned int action, uint64_t ns, int status);

#endif
