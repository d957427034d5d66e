/* A connection to /rest/tmq, which is one consumer: the insides shared by session_tmq*.c. */
#ifndef TS_ACTION_TMQ_H
#define TS_ACTION_TMQ_H

#include "session/rules.h"
#include "tmq/consumer.h"

/* A poll that waits for a message, or the one after it. */
typedef struct ts_poll_s {
  bool there;
  uint64_t req_id;
  uint64_t started;
  int64_t blocking_ms; /* below zero: no limit */
  bool has_id;         /* of the last message that the client got */
  uint64_t id;
} ts_poll_t;

/* A request that a running poll keeps waiting. */
typedef struct ts_deferred_s {
  struct ts_deferred_s* next;
  size_t size;
  char text[];
} ts_deferred_t;

/* A message that a gateway before 3.1.1.15 keeps until it, or a later one, is committed. */
typedef struct ts_uncommitted_s {
  struct ts_uncommitted_s* next;
  uint64_t id;
  char topic[TS_TOPIC_MAX + 1];
  int32_t vgroup;
  int64_t end;
} ts_uncommitted_t;

struct ts_tmq_s {
  ts_server_t* server;
  ts_session_t* session;   /* NULL: gone */
  ts_tmq_t* next;          /* of the server's list */
  ts_consumer_t* consumer; /* NULL: no subscribe was successful yet */
  bool unsubscribed;
  uint64_t committed_at; /* by auto commit, in ms of the loop; 0: never */
  ts_poll_t poll;
  ts_poll_t queued;
  ts_deferred_t* deferred;
  /* Handles a request that was deferred. */
  void (*handle)(ts_session_t* session, const char* text, size_t size, ts_rule_entry_t* applied);
  uv_timer_t timer;  /* the end of the poll, or a look at the logs */
  uv_timer_t expiry; /* of a consumer that does not poll */
  unsigned timers;   /* not closed yet */
  /* the message held */
  ts_message_t* message;
  uint64_t last_id;
  ts_uncommitted_t* uncommitted; /* before 3.1.1.15: the messages given and not committed */
  size_t next_block;
  const ts_message_block_t* block; /* of the last `fetch` */
  uint64_t fetch_id;               /* its req_id */
};

/* action/tmq.c */
ts_tmq_t* ts_tmq_open(ts_session_t* session);
void ts_tmq_closed(ts_tmq_t* tmq);
void ts_tmq_message(ts_session_t* session, const char* text, size_t size, ts_rule_entry_t* applied);

/* action/tmq_poll.c */
void ts_tmq_changed(void* server);                /* the store's logs have */
uint64_t ts_tmq_count(const ts_server_t* server); /* of consumers that are subscribed */
void ts_tmq_expire(ts_server_t* server, const char* group);
void ts_tmq_poll(ts_request_t* request);
void ts_tmq_poll_queued(ts_tmq_t* tmq);                 /* runs what has waited for the poll */
void ts_tmq_hold(ts_tmq_t* tmq, ts_message_t* message); /* replaces the one before */
void ts_tmq_forget(ts_tmq_t* tmq, uint64_t id);         /* uncommitted messages up to this one */
void ts_tmq_alive(ts_tmq_t* tmq); /* it has polled: the time limit starts again */

/* action/tmq_subscribe.c */
void ts_tmq_subscribe(ts_request_t* request);

/* action/tmq_fetch.c */
void ts_tmq_fetch(ts_request_t* request);
void ts_tmq_fetch_block(ts_request_t* request);
void ts_tmq_fetch_raw(ts_request_t* request);
void ts_tmq_fetch_raw_data(ts_request_t* request);
void ts_tmq_fetch_json_meta(ts_request_t* request);

/* action/tmq_offset.c */
void ts_tmq_commit(ts_request_t* request);
void ts_tmq_commit_offset(ts_request_t* request);
void ts_tmq_committed(ts_request_t* request);
void ts_tmq_position(ts_request_t* request);
void ts_tmq_assignment(ts_request_t* request);
void ts_tmq_seek(ts_request_t* request);

#endif
