/* A consumer: a private client with one connection to the gateway's TMQ endpoint, whose log-in is the
 * subscribe. It fetches messages one after another (fetch.c), delivers them to the caller
 * (poll.c), remembers how far each vgroup was delivered, finished and committed (progress.c),
 * commits and seeks, and subscribes again when its connection is lost (resubscribe.c). Each turn
 * of the loop in which something is to be done ends with one step (consumer.c), which does all of
 * it in a fixed order. */
#ifndef TUV_CLIENT_TMQ_CONSUMER_H
#define TUV_CLIENT_TMQ_CONSUMER_H

#include "client/conn/conn.h"
#include "client/core/dependent.h"
#include "client/core/turn.h"
#include "client/tmq/config.h"
#include "client/tmq/message.h"
#include "client/tmq/progress.h"
#include "client/tmq/trouble.h"
#include "taosuv/tmq.h"

typedef enum {
  TUV_TMQ_IDLE, /* not subscribed */
  TUV_TMQ_SUBSCRIBING,
  TUV_TMQ_SUBSCRIBED,
  TUV_TMQ_LOST,    /* the connection is gone; subscribing again */
  TUV_TMQ_LEAVING, /* unsubscribing */
  TUV_TMQ_CLOSING
} tuv_tmq_state_t;

struct taosuv_consumer_s {
  taosuv_client_t* client; /* its connection and requests */
  tuv_conn_t* conn;        /* the connection that it is subscribed over, or NULL */
  tuv_alloc_t alloc;
  tuv_tmq_config_t config;
  tuv_tmq_state_t state;
  taosuv_consumer_event_cb on_event;
  void* data;
  char** topics; /* of the subscription; one piece of memory with the texts */
  uint32_t ntopics;
  tuv_dependent_t dependent; /* on its client, for each loss of a connection */
  tuv_task_t next;           /* what it does next */
  bool skip_unreadable;      /* auto-commit passes messages that cannot be read */

  /* subscribing, and again after a loss: subscribe.c, resubscribe.c, trouble.c */
  taosuv_subscribe_t resubscribe;
  bool newly_lost;     /* the loss was not reported yet */
  uint64_t since;      /* loop time when it was subscribed last */
  uint32_t attempts;   /* failed attempts since the last success */
  uint32_t unreadable; /* how often in a row a message could not be fetched */
  tuv_tmq_trouble_t troubles[TUV_TMQ_TROUBLES];
  tuv_tmq_trouble_t* trouble; /* the message in which the connection was lost just now; or NULL */
  uint32_t next_trouble;      /* the index of the record to be reused next */
  bool cut_short; /* the connection was lost, or is given up, in the middle of a message */
  const tuv_failure_t* cause;  /* why the connection is being given up; NULL: it is not */
  tuv_timed_t retry;           /* until the next one */
  taosuv_subscribe_t* leaving; /* an unsubscribe that waits for commits */

  /* closing: close.c */
  taosuv_consumer_close_t* close;
  taosuv_subscribe_t final_unsubscribe;
  tuv_timed_t close_timed;
  uint64_t close_until;        /* when close_timed expires, by tuv_now */
  tuv_failure_t close_failure; /* status 0: none. Its texts are those below, or static */
  char* close_texts;           /* message and host, each with a NUL */
  bool final_unsubscribe_sent;
  bool client_closing;

  /* fetching and delivering messages: fetch.c, poll.c */
  tuv_op_t op; /* the step in flight */
  tuv_tmq_step_t step;
  bool in_flight;
  tuv_timed_t answer; /* a step of the patience in which it must be answered */
  tuv_patience_t patience;
  uint64_t heard; /* or bytes that must have come by then, if it is large */
  taosuv_message_t* building;
  uint64_t message_id; /* of the one being built */
  size_t raw_size;     /* of the last fetch_raw_data's answer */
  uint8_t precision;   /* of the block that was announced */
  uint64_t last_id;    /* of the last whole one */
  taosuv_poll_t* waiter;
  uint64_t wait_until; /* loop time */
  tuv_timed_t waited;
  tuv_queue_t ready; /* whole messages, not given to the caller */
  uint32_t alive;    /* whole and not finished */
  size_t alive_bytes;

  /* delivering messages as they come: poll.c */
  taosuv_message_cb on_message;
  void* message_data;
  uint32_t max_messages;
  size_t max_bytes;
  bool pushing, paused;

  /* commits and seeks: commit.c, seek.c */
  tuv_progress_t progress;
  tuv_queue_t commits; /* requests that wait for their turn */
  taosuv_commit_t* committing;
  uint32_t seeks; /* seeks that are pending: no poll meanwhile */
  taosuv_commit_t automatic;
  tuv_timed_t auto_timed;
  bool initial_commit_due; /* the offset where a vgroup began is to be committed */
  uint32_t
      commits_of_all_polled; /* pending commits of all that was polled: nothing may be polled meanwhile */
  bool settling;             /* nothing is polled, so that such a commit can be made */

  /* the assignment: assignment.c */
  uint64_t watch_interval;
  taosuv_assignment_t watch;
  tuv_timed_t watch_timed;
  uint32_t watch_topic; /* index of the topic that is asked for */
  taosuv_partition_t* assigned;
  uint32_t nassigned, assigned_capacity;
  taosuv_partition_t* found; /* found in this round */
  uint32_t nfound, found_capacity;
};

#endif
