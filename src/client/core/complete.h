/* Completing requests later: those that were deferred, and many that fail for one reason. */
#ifndef TUV_CLIENT_CORE_COMPLETE_H
#define TUV_CLIENT_CORE_COMPLETE_H

#include "client/core/req.h"
#include "client/core/turn.h"

/* How many requests are completed in one turn of the loop, unless the server's answers complete
 * them: about a millisecond's work. */
#define TUV_TURN_COMPLETIONS 1000u

void tuv_complete_some(tuv_task_t* task); /* context.complete */

/* Pushes a request that is in no list to `reqs`, where it can still be cancelled. */
void tuv_req_set_aside(taosuv_req_t* req, tuv_queue_t* reqs);
/* Fails requests that were set aside; if they are many, some of them in later turns. */
void tuv_req_fail_all(tuv_context_t* context, tuv_queue_t* reqs, const tuv_failure_t* failure);

#endif
