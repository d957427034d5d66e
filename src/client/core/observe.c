/* Counts what becomes of connections, and passes it on to the hooks. */
#include "client/core/observe.h"

static void count(tuv_context_t* context, const tuv_conn_stage_t* stage) {
  tuv_totals_t* totals = &context->totals;
  tuv_stats_t* stats = context->stats;
  bool host = stats != NULL && stage->host_index < stats->nhosts;
  if (stage->stage == TAOSUV_TRACE_CONN_READY) {
    if (totals->not_replaced > 0) {
      totals->not_replaced--;
      totals->reconnects++;
    }
    if (stats != NULL) tuv_stats_completed(stats, TAOSUV_ACTION_CONNECT, stage->duration_ns, 0);
    if (host) stats->hosts[stage->host_index].connects++;
  } else if (stage->stage == TAOSUV_TRACE_CONN_FAILED) {
    totals->connects_failed++;
    if (host) stats->hosts[stage->host_index].failed++;
  } else if (stage->stage == TAOSUV_TRACE_CONN_LOST) {
    totals->lost++;
    totals->not_replaced++;
    if (host) stats->hosts[stage->host_index].lost++;
  }
}

void tuv_observe_conn(tuv_context_t* context, const tuv_conn_stage_t* stage) {
  count(context, stage);
  if (context->observer.conn != NULL) context->observer.conn(context, stage);
}
