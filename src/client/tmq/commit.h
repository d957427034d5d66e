/* Commits: the caller's, and automatic ones. */
#ifndef TUV_CLIENT_TMQ_COMMIT_H
#define TUV_CLIENT_TMQ_COMMIT_H

#include "client/tmq/consumer.h"

/* Sets the timer of the next automatic commit. */
void tuv_tmq_auto_commit_later(taosuv_consumer_t* consumer);

/* Commits what is finished, for an unsubscribe or a close. */
void tuv_tmq_commit_finished(taosuv_consumer_t* consumer);

/* Commits what is to be committed at once, and what had to wait for the poll in flight. */
void tuv_tmq_settle(taosuv_consumer_t* consumer);

/* The connection is lost: what is being committed fails. */
void tuv_tmq_commits_lost(taosuv_consumer_t* consumer, const tuv_failure_t* failure);

/* Begins the next commit that waits. */
void tuv_tmq_next_commit(taosuv_consumer_t* consumer);

bool tuv_tmq_committing(const taosuv_consumer_t* consumer);

#endif
