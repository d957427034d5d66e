/* The vgroups that the server has assigned to the consumer, as they change. */
#ifndef TUV_CLIENT_TMQ_ASSIGNMENT_H
#define TUV_CLIENT_TMQ_ASSIGNMENT_H

#include "client/tmq/consumer.h"

/* Asks for the assignment in `ms`. */
void tuv_tmq_watch_in(taosuv_consumer_t* consumer, uint64_t ms);

void tuv_tmq_forget_assignment(taosuv_consumer_t* consumer);

#endif
