/* What the connections of one client share: its beginning and its end. */
#include "client/conn/conns.h"

#include <string.h>

#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/login.h"

/* Connections with bytes for which the last turn had no time; in turns. */
static void resume_paused(tuv_task_t* task) {
  tuv_conns_t* conns = TUV_CONTAINER(task, tuv_conns_t, resume);
  tuv_queue_t batch;
  tuv_queue_init(&batch);
  tuv_queue_move(&conns->paused, &batch);
  while (!tuv_queue_empty(&batch) && conns->context->shared.work < TUV_TURN_WORK) {
    tuv_conn_t* conn = TUV_CONTAINER(batch.next, tuv_conn_t, paused);
    tuv_queue_remove(&conn->paused);
    conns->transport->resume(conn);
  }
  tuv_queue_move(&conns->paused, &batch); /* those that had no turn come first */
  tuv_queue_move(&batch, &conns->paused);
  if (!tuv_queue_empty(&conns->paused))
    tuv_turn_post(&conns->context->turn, &conns->resume, TUV_PHASE_RESUME);
}

void tuv_conns_init(tuv_conns_t* conns, tuv_context_t* context, const tuv_conn_events_t* events) {
  memset(conns, 0, sizeof *conns);
  conns->context = context;
  conns->events = events;
  conns->connect = tuv_tcp_connect;
  tuv_queue_init(&conns->list);
  tuv_queue_init(&conns->gone);
  tuv_queue_init(&conns->paused);
  tuv_task_init(&conns->resume, resume_paused);
}

void tuv_conns_free(tuv_conns_t* conns) {
  tuv_tls_context_free(conns->tls);
  tuv_endpoint_free(conns);
  if (conns->target != NULL) tuv_wipe(conns->target, strlen(conns->target));
  tuv_free(&conns->context->mem->alloc, conns->target);
  tuv_rest_forget(conns);
}
