/* The action `insert`: schemaless writes. */
#include "lines.h"
#include "server.h"
#include "session_args.h"

/* The TTL is read, and without meaning here. */
static bool read_args(yyjson_val* args, ts_lines_t* lines) {
  int64_t ttl;
  return ts_arg_int(args, "protocol", &lines->format) && ts_arg_int(args, "ttl", &ttl) &&
         ts_arg_text(args, "precision", &lines->precision, NULL) &&
         ts_arg_text(args, "table_name_key", &lines->table_name_key, NULL) &&
         ts_arg_text(args, "data", &lines->data, &lines->size);
}

bool ts_request_lines(ts_request_t* request) {
  ts_session_t* session = request->session;
  ts_lines_t lines = {0};
  ts_error_t error;
  int64_t affected;
  int64_t total;
  if (!read_args(request->args, &lines)) return false;
  if (lines.format == 0) {
    ts_reply_error(request, TS_E_INTERNAL, "schemaless write protocol is null");
    return true;
  }
  if (ts_lines_insert(session->server->store, session->env.db, &lines, &affected, &total,
                      &error) != 0) {
    ts_reply_error(request, error.code, "%s", error.text);
    return true;
  }
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_format(out, ",\"affected_rows\":%lld", (long long)affected);
  if (ts_server_has(session->server, 3, 3, 0, 0))
    ts_buf_format(out, ",\"total_rows\":%lld", (long long)total);
  ts_reply_end(request);
  return true;
}
