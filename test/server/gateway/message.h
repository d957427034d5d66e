/* Messages read, and given to their actions. `applied`: the rule for it, which has waited
 * already. */
#ifndef TS_GATEWAY_MESSAGE_H
#define TS_GATEWAY_MESSAGE_H

#include "session/rules.h"

void ts_json_message(ts_session_t* session, const char* text, size_t size,
                     ts_rule_entry_t* applied);
void ts_binary_message(ts_session_t* session, const uint8_t* data, size_t size,
                       ts_rule_entry_t* applied);

/* An HTTP request, which waits in the connection. */
bool ts_session_http(ts_conn_t* conn, const ts_http_t* http);
void ts_http_message(ts_session_t* session, ts_rule_entry_t* applied);

#endif
