/* Counts by status and duration, while metrics are on. */
#include "client/core/stats.h"

tuv_stats_t* tuv_stats_create(const tuv_alloc_t* alloc, uint32_t nhosts) {
  tuv_stats_t* stats = tuv_calloc(alloc, 1, sizeof *stats + nhosts * sizeof stats->hosts[0]);
  if (stats != NULL) stats->nhosts = nhosts;
  return stats;
}

void tuv_stats_error(tuv_stats_t* stats, int status) {
  uint32_t at = 0;
  while (at < stats->nerrors && stats->errors[at].status != status) at++;
  if (at == TUV_ERRORS) return;
  if (at == stats->nerrors) stats->errors[stats->nerrors++].status = status;
  stats->errors[at].count++;
}

void tuv_stats_completed(tuv_stats_t* stats, unsigned int action, uint64_t ns, int status) {
  tuv_latency_add(&stats->latency[action < TUV_ACTIONS ? action : TAOSUV_ACTION_OTHER], ns);
  if (status < 0) tuv_stats_error(stats, status);
}
