/* Messages that cannot be fetched: after enough attempts a message is delivered as it is, so that the
 * consumer can go on behind it. */
#ifndef TUV_CLIENT_TMQ_TROUBLE_H
#define TUV_CLIENT_TMQ_TROUBLE_H

#include "client/core/failure.h"
#include "taosuv/tmq.h"

/* The steps by which a message is fetched, in this order; see fetch.c. */
typedef enum {
  TUV_TMQ_POLL,
  TUV_TMQ_META,  /* fetch_json_meta */
  TUV_TMQ_RAW,   /* fetch_raw_data, or fetch_raw */
  TUV_TMQ_FETCH, /* older servers: fetch, which announces a block */
  TUV_TMQ_BLOCK  /* older servers: fetch_block, which brings it */
} tuv_tmq_step_t;

/* How many such messages are remembered. */
enum { TUV_TMQ_TROUBLES = 8 };

/* What is known of one message that could not be fetched the last times that it came. */
typedef struct tuv_tmq_trouble_s {
  const char* topic; /* the consumer's text; NULL: this record is free */
  int32_t vgroup_id;
  int64_t offset;
  uint32_t attempts;   /* that failed in a row */
  tuv_tmq_step_t step; /* of the last attempt */
  unsigned skip;       /* steps that are left out when it comes again: 1 << tuv_tmq_step_t */
  int status;          /* why they are left out; 0: none is */
  int server_code;
  char text[200];
} tuv_tmq_trouble_t;

/* Notes that the message in flight could not be fetched. tuv_tmq_trouble_judge follows with the
 * reason. */
void tuv_tmq_trouble_note(taosuv_consumer_t* consumer);

/* Returns whether the message has now failed often enough to be delivered as it is. */
bool tuv_tmq_trouble_judge(taosuv_consumer_t* consumer, const tuv_failure_t* why);

/* What is known of a message that has come, or NULL. */
tuv_tmq_trouble_t* tuv_tmq_trouble_of(taosuv_consumer_t* consumer, const taosuv_message_t* message);

/* Forgets all of them. */
void tuv_tmq_trouble_forget(taosuv_consumer_t* consumer);

/* Whether a failure means that the consumer must be made again: it was removed from its group, or
 * the server cannot use it any more. */
bool tuv_tmq_is_expelled(const tuv_failure_t* failure);

#endif
