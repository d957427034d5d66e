/* Rules that a test has added, and the one for a request. */
#ifndef TS_SESSION_RULES_H
#define TS_SESSION_RULES_H

#include "session/request.h"

typedef struct ts_rule_entry_s {
  struct ts_rule_entry_s* next;
  size_t refs;
  uint32_t number;
  uint32_t skipped;
  uint64_t hits;
  ts_rule_t rule; /* its texts are this entry's */
} ts_rule_entry_t;

/* The rule for a request, with a reference; NULL: none. */
ts_rule_entry_t* ts_rule_find(ts_server_t* server, const ts_request_t* request);
void ts_rule_unref(ts_rule_entry_t* entry);

#endif
