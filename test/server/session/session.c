/* What any request may ask of its session. */
#include "session/session.h"

bool ts_session_is_legacy(const ts_session_t* session) {
  return session->endpoint >= TS_ENDPOINT_QUERY;
}

void ts_session_poison(ts_session_t* session) {
  session->server->poisonous++;
  ts_conn_cut(session->conn);
}
