/* What the files of a consumer share: the consumer, its messages, and where it is in each
 * vgroup. */
#ifndef TUV_CLIENT_TMQ_H
#define TUV_CLIENT_TMQ_H

#include "client/core/failure.h"
#include "client/conn/conn.h"
#include "taosuv/tmq.h"
#include "client/tmq/config.h"
#include "client/tmq/progress.h"
#include "wire/tmq_envelope.h"
#include "wire/tmq_message.h"
#include "wire/version.h"

typedef enum {
  TUV_TMQ_IDLE, /* not subscribed */
  TUV_TMQ_SUBSCRIBING,
  TUV_TMQ_SUBSCRIBED,
  TUV_TMQ_LOST,    /* the connection is gone; subscribing again */
  TUV_TMQ_LEAVING, /* unsubscribing */
  TUV_TMQ_CLOSING
} tuv_tmq_state_t;

/* What is asked of a message, in this order; see tmq_fetch.c. */
typedef enum {
  TUV_TMQ_POLL,
  TUV_TMQ_META,  /* fetch_json_meta */
  TUV_TMQ_RAW,   /* fetch_raw_data, or fetch_raw */
  TUV_TMQ_FETCH, /* older servers: fetch, then … */
  TUV_TMQ_BLOCK  /* … fetch_block, until it is completed */
} tuv_tmq_step_t;

/* A message that could not be fetched, the last times that it came. */
typedef struct tuv_tmq_trouble_s {
  const char* topic; /* the consumer's; NULL: none */
  int32_t vgroup_id;
  int64_t offset;
  uint32_t attempts;   /* that failed in a row */
  tuv_tmq_step_t step; /* of the last one */
  unsigned skip;       /* steps that are left out when it comes again: 1 << tuv_tmq_step_t */
  int status;          /* why, when there are such: its status then */
  int server_code;
  char text[200];
} tuv_tmq_trouble_t;

/* A block of a message. */
typedef struct tuv_tmq_block_s {
  taosuv_block_t* block;
  const char* table;
  const uint8_t* schema; /* for tuv_tmq_field; NULL: not told */
  uint32_t columns;      /* of the schema */
  void* own;             /* memory of table and schema, when they are not in the message; or NULL */
} tuv_tmq_block_t;

struct taosuv_message_s {
  void* unused; /* the pool's link while it is recycled */
  tuv_mem_t* mem;
  taosuv_consumer_t* consumer; /* until it is finished, or the consumer gone */
  const void* origin;          /* the consumer, to be compared only */
  uint64_t epoch;              /* of its position, when it came */
  tuv_track_t track;           /* its place in the vgroup */
  tuv_queue_t link;            /* in the consumer's ready */
  uint32_t refs;
  uint8_t kind;
  int32_t vgroup_id;
  int64_t offset;
  size_t size;
  char* names; /* topic and database, each with a NUL; kept when recycled */
  size_t names_capacity;
  const char* database;
  char* json;
  size_t json_length;
  int status; /* why it cannot be read; 0: it can … */
  int server_code;
  char* error;         /* … in words; NULL: no memory for them */
  tuv_refbuf_t* owner; /* of the raw bytes */
  taosuv_raw_t raw;
  tuv_tmq_block_t* blocks; /* kept when recycled */
  uint32_t nblocks, blocks_capacity;
  taosuv_field_t* fields; /* of the block that was asked for last; kept when recycled */
  uint32_t fields_capacity;
};

enum { TUV_TMQ_TROUBLES = 8 };

struct taosuv_consumer_s {
  taosuv_client_t* client; /* its connection and requests */
  tuv_conn_t* conn;        /* it is subscribed over; or NULL */
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

  /* subscribing, and again after a loss: tmq_subscribe.c, tmq_again.c */
  taosuv_subscribe_t again;
  bool newly_lost;   /* nobody was told yet */
  uint64_t since;    /* loop time when it was subscribed last */
  uint32_t attempts; /* since the last sign of success */
  uint32_t spoiled;  /* times in a row that a message could not be had */
  tuv_tmq_trouble_t troubles[TUV_TMQ_TROUBLES];
  tuv_tmq_trouble_t* trouble;  /* the message in which the connection was lost just now; or NULL */
  uint32_t next_trouble;       /* index of the one that is to be forgotten next */
  bool cut_short;              /* the connection went, or is to go, in the middle of one */
  const tuv_failure_t* cause;  /* for which the connection is being given up; NULL: none */
  tuv_timed_t retry;           /* until the next one */
  taosuv_subscribe_t* leaving; /* an unsubscribe that waits for commits */

  /* closing: tmq.c */
  taosuv_consumer_close_t* close;
  taosuv_subscribe_t farewell;
  tuv_timed_t close_timed;
  uint64_t close_until;        /* loop time of the same */
  tuv_failure_t close_failure; /* status 0: none. Its texts are those below, or static */
  char* close_texts;           /* message and host, each with a NUL */
  bool said_farewell;
  bool client_closing;

  /* polling: tmq_fetch.c, tmq_poll.c */
  tuv_op_t op; /* the step in flight */
  tuv_tmq_step_t step;
  bool flying;
  tuv_timed_t answer; /* a step of the patience in which it must be answered … */
  tuv_patience_t patience;
  uint64_t heard; /* … or so many bytes and many more must have come */
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

  /* push: tmq_push.c */
  taosuv_message_cb on_message;
  void* message_data;
  uint32_t max_messages;
  size_t max_bytes;
  bool pushing, paused;

  /* commits: tmq_commit.c */
  tuv_progress_t progress;
  tuv_queue_t commits; /* requests that wait for their turn */
  taosuv_commit_t* committing;
  uint32_t waiting_for_conn; /* seeks that are pending: no poll meanwhile */
  taosuv_commit_t automatic;
  tuv_timed_t auto_timed;
  bool anchor_due; /* where a vgroup was begun is to be committed */
  uint32_t blind;  /* commits of all that was polled: nothing may be polled meanwhile */
  bool settling;   /* nothing more is asked for, so that such a commit can be */

  /* the assignment: tmq_assign.c */
  uint64_t watch_interval;
  taosuv_assignment_t watch;
  tuv_timed_t watch_timed;
  uint32_t watch_topic; /* index of the topic that is asked for */
  taosuv_partition_t* assigned;
  uint32_t nassigned, assigned_capacity;
  taosuv_partition_t* found; /* so far, in this round */
  uint32_t nfound, found_capacity;
};

#define TUV_TMQ_ANSWER_MS 60000u /* for an answer, or closing, without request_timeout */
#define TUV_TMQ_SLICE_MS 500u    /* the longest blocking time of a poll: commits wait for its end */

/* tmq.c */
/* What every call has in common; `any`: also when it is not subscribed. */
int tuv_tmq_check(taosuv_consumer_t* consumer, taosuv_req_t* req, bool has_callback, bool any);
void tuv_tmq_wake(taosuv_consumer_t* consumer); /* has it do what is next */
/* Closing will report this; the texts are copied. */
void tuv_tmq_close_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure);
void tuv_tmq_tell(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event);
void tuv_tmq_tell_failure(taosuv_consumer_t* consumer, taosuv_consumer_event_type_t type,
                          const tuv_failure_t* failure);
void tuv_tmq_set(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t ms,
                 void (*expire)(tuv_timed_t*));
void tuv_tmq_set_at(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t at,
                    void (*expire)(tuv_timed_t*));

/* tmq_request.c: requests of one message or of several, one after another */
extern tuv_op_t tuv_tmq_tombstone;
int tuv_tmq_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
/* The same of what there is from 3.1.1.15 on; else the request's text says so: older gateways would
 * say nothing. */
int tuv_tmq_encode_newer(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
/* 0, or TAOSUV_EVERSION with the request's text, when the server is older than `version`. */
int tuv_tmq_since(tuv_op_t* op, tuv_conn_t* conn, uint64_t version, const char* text);
#define TUV_TMQ_COMMITS_OFFSETS TUV_VERSION(3, 1, 1, 15)
int tuv_tmq_send_plain(tuv_op_t* op, tuv_conn_t* conn, const char* action);
/* Begins a request's message, with the id that it will have; and sends it when the args are in. */
uint64_t tuv_tmq_request(taosuv_consumer_t* consumer, const taosuv_req_t* req,
                         tuv_request_t* request, const char* action);
int tuv_tmq_begin(taosuv_consumer_t* consumer, taosuv_req_t* req, const tuv_op_type_t* type,
                  tuv_request_t* request, uint64_t id);
/* The next message of a request that is being answered. */
void tuv_tmq_again(tuv_conn_t* conn, taosuv_req_t* req);
void tuv_tmq_depend(taosuv_consumer_t* consumer); /* on the connections of its client */
void tuv_tmq_malformed(taosuv_req_t* req, tuv_conn_t* conn, int status, const char* message);

/* tmq_subscribe.c */
int tuv_tmq_encode_subscribe(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
void tuv_tmq_subscribed(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
/* It failed; unless by the server's word, it may still be carried out. */
void tuv_tmq_subscribe_failed(taosuv_consumer_t* consumer, const taosuv_req_t* req);
void tuv_tmq_drop(taosuv_consumer_t* consumer, const char* why); /* its connection, to begin anew */
void tuv_tmq_reset(taosuv_consumer_t* consumer);   /* of what came nothing is known any more */
void tuv_tmq_leave(taosuv_consumer_t* consumer);   /* when all is committed */
int tuv_tmq_farewell(taosuv_consumer_t* consumer); /* unsubscribes, for close */

/* tmq_trouble.c: messages that cannot be fetched */
/* The one that is being fetched could not be; why is said later. */
void tuv_tmq_trouble_note(taosuv_consumer_t* consumer);
/* Why. Returns whether that was once too often: it is given as it is when it comes again. */
bool tuv_tmq_trouble_judge(taosuv_consumer_t* consumer, const tuv_failure_t* why);
/* What is known of a message that has come; or NULL. */
tuv_tmq_trouble_t* tuv_tmq_trouble_of(taosuv_consumer_t* consumer, const taosuv_message_t* message);
void tuv_tmq_trouble_forget(taosuv_consumer_t* consumer); /* all */
/* The consumer has to be made anew: it was thrown out of its group, or is of no more use. */
bool tuv_tmq_is_expelled(const tuv_failure_t* failure);

/* tmq_fetch.c */
bool tuv_tmq_wants(const taosuv_consumer_t* consumer);
void tuv_tmq_ask(taosuv_consumer_t* consumer);
void tuv_tmq_stop_asking(taosuv_consumer_t* consumer);

/* tmq_poll.c */
/* The consumer's own text of a topic; NULL: it has none such. */
const char* tuv_tmq_topic_of(const taosuv_consumer_t* consumer, const char* topic);
int tuv_tmq_arrived(taosuv_consumer_t* consumer, taosuv_message_t* message);
void tuv_tmq_nothing(taosuv_consumer_t* consumer); /* the server had no message */
void tuv_tmq_waiter_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure);
void tuv_tmq_cancel_waiter(taosuv_consumer_t* consumer, const char* why);
void tuv_tmq_give(taosuv_consumer_t* consumer); /* what is ready to whom it may concern */
/* Drops what is ready: of a vgroup, or all (topic NULL). */
void tuv_tmq_drop_ready(taosuv_consumer_t* consumer, const char* topic, int32_t vgroup_id);

/* tmq_message.c */
taosuv_message_t* tuv_message_create(taosuv_consumer_t* consumer, const tuv_tmq_polled_t* polled);
/* It cannot be read, wholly or in part. The first reason counts. */
void tuv_message_spoil(taosuv_message_t* message, int status, int server_code, const char* text);
/* Return 0 or an error with its text: of memory. What cannot be read spoils the message. */
int tuv_message_set_raw(taosuv_message_t* message, const tuv_tmq_reply_t* reply,
                        tuv_refbuf_t* owner, tuv_errmsg_t* err);
int tuv_message_announce(taosuv_message_t* message, const tuv_tmq_fetched_t* fetched,
                         tuv_errmsg_t* err);
int tuv_message_add_block(taosuv_message_t* message, const tuv_tmq_reply_t* reply,
                          tuv_refbuf_t* owner, uint8_t precision, tuv_errmsg_t* err);
void tuv_message_forget(tuv_track_t* track); /* its consumer, which is going */
/* Was not given to the caller, and will not be. Its position must begin anew. */
void tuv_message_discard(taosuv_message_t* message);
void tuv_message_passed(tuv_track_t* track); /* its place in the vgroup is needed no more */

/* tmq_commit.c */
void tuv_tmq_auto_commit_later(taosuv_consumer_t* consumer);
void tuv_tmq_commit_finished(taosuv_consumer_t* consumer);
/* Commits what is to be committed at once, and what had to wait for what was asked for. */
void tuv_tmq_settle(taosuv_consumer_t* consumer);
void tuv_tmq_commits_lost(taosuv_consumer_t* consumer, const tuv_failure_t* failure);
void tuv_tmq_next_commit(taosuv_consumer_t* consumer);
bool tuv_tmq_committing(const taosuv_consumer_t* consumer);

/* tmq_assign.c */
void tuv_tmq_watch_in(taosuv_consumer_t* consumer, uint64_t ms);
void tuv_tmq_forget_assignment(taosuv_consumer_t* consumer);

#endif
