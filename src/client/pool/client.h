/* The client: a context, a pool, and what the features keep of the client as a whole. */
#ifndef TUV_CLIENT_POOL_CLIENT_H
#define TUV_CLIENT_POOL_CLIENT_H

#include "client/conn/endpoint.h"
#include "client/core/context.h"
#include "client/pool/pool.h"

struct taosuv_client_s {
  tuv_context_t context; /* first: core code that is given the client sees only this */
  tuv_pool_t pool;
  void* data;
  taosuv_consumer_t* consumer; /* the consumer that this client serves; or NULL */
  bool owned;                  /* only the consumer may close it */
  unsigned open_handles;
  tuv_task_t close; /* posted by a hook that called taosuv_close */
  taosuv_close_cb close_cb;
  taosuv_drain_cb on_drain;
  tuv_task_t drain;      /* calls on_drain */
  tuv_queue_t drains;    /* requests of taosuv_client_drain that wait */
  uint32_t ndrains;      /* all of them that are pending */
  uint64_t schema_epoch; /* counts changes of tables and their names */
  uint64_t stmts_order;  /* counts batches that were given, and SQL that was sent to be prepared */
  const taosuv_stmt_t* stmt_prepared; /* the statement whose prepare is calling back; or NULL */
  tuv_task_t schema_changed; /* closes statements that were cached before the last change */
  char text[512];            /* a server's text that had no end of its own */
};

_Static_assert(offsetof(taosuv_client_t, context) == 0, "see tuv_context_of");

/* How a consumer has its client made. */
typedef struct tuv_setup_s {
  taosuv_consumer_t* consumer;
  const tuv_endpoint_t* endpoint;
  /* Changes the settings of the URL. */
  int (*apply)(taosuv_consumer_t* consumer, tuv_url_t* url, tuv_errmsg_t* err);
} tuv_setup_t;

int tuv_client_create(uv_loop_t* loop, const taosuv_options_t* options, const tuv_setup_t* setup,
                      taosuv_client_t** client); /* setup: a consumer's; or NULL */
static inline taosuv_client_t* tuv_client_of(tuv_context_t* context) {
  return TUV_CONTAINER(context, taosuv_client_t, context);
}

/* Tables or their names change: statements that were prepared before must not be reused. This may be
 * called while a message is being written, so statements are closed at the end of the turn. */
static inline void tuv_client_schema_changed(taosuv_client_t* client) {
  client->schema_epoch++;
  if (client->schema_changed.run != NULL)
    tuv_turn_post(&client->context.turn, &client->schema_changed, TUV_PHASE_FEATURE);
}

#endif
