/* Rules on the way of a request to its action. */
#ifndef TS_ACTION_DISPATCH_H
#define TS_ACTION_DISPATCH_H

#include "session/rules.h"

/* Looks for a rule and applies it, or calls the handler. `applied`: the rule has waited already. */
void ts_session_dispatch(ts_request_t* request, ts_handler_t handler, ts_rule_entry_t* applied,
                         const void* message, size_t size, bool binary);

/* Forgets the requests that wait. How many there were. */
size_t ts_dispatch_cancel(ts_session_t* session);

#endif
