/* The action `insert`: schemaless writes. */
#include "action/lines.h"
#include "lines/lines.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/args.h"

/* The TTL is read, and without meaning here. */
static bool read_args(yyjson_val* args, ts_lines_t* lines) {
  int64_t ttl;
  return ts_arg_int(args, "protocol", &lines->format) && ts_arg_int(args, "ttl", &ttl) &&
         ts_arg_text(args, "precision", &lines->precision, NULL) &&
         ts_arg_text(args, "table_name_key", &lines->table_name_key, NULL) &&
         ts_arg_text(args, "data", &lines->data, &lines->size);
}

/* The reply of /rest/schemaless: its keys have another order, and before 3.3.6.1 another action. */
static ts_buf_t* begin_reply(ts_request_t* request) {
  const ts_server_t* server = request->session->server;
  ts_buf_t* out = ts_reply_begin(request);
  if (request->session->endpoint != TS_ENDPOINT_LINES) return out;
  out->size = 0;
  ts_buf_text(out, "{\"code\":0,\"message\":\"\",\"req_id\":");
  ts_buf_decimal(out, request->req_id);
  ts_buf_format(
      out, ",\"action\":\"%s\",\"timing\":", ts_server_has(server, 3, 3, 6, 1) ? "insert" : "conn");
  ts_buf_decimal(out, ts_request_timing(request));
  return out;
}

/* What /rest/schemaless calls an error in the arguments. Before 3.1.1.15 the precision must be
 * there. */
static bool lacks_args(const ts_request_t* request, const ts_lines_t* lines) {
  const ts_session_t* session = request->session;
  if (session->endpoint != TS_ENDPOINT_LINES) return false;
  bool lacks_precision = lines->precision == NULL || *lines->precision == '\0';
  return lines->format == 0 || (lacks_precision && !ts_server_has(session->server, 3, 1, 1, 15));
}

bool ts_request_lines(ts_request_t* request) {
  ts_session_t* session = request->session;
  ts_lines_t lines = {.old_escapes = !ts_server_has(session->server, 3, 3, 0, 1)};
  ts_error_t error;
  int64_t affected;
  int64_t total;
  if (!read_args(request->args, &lines)) return false;
  if (lacks_args(request, &lines)) {
    ts_reply_error(request, TS_E_INTERNAL, "args error");
    return true;
  }
  if (lines.format == 0) {
    ts_reply_error(request, TS_E_INTERNAL, "schemaless write protocol is null");
    return true;
  }
  if (ts_lines_insert(session->server->store, session->env.db, &lines, &affected, &total, &error) !=
      0) {
    ts_reply_error(request, error.code, "%s", error.text);
    return true;
  }
  ts_buf_t* out = begin_reply(request);
  if (ts_server_has(session->server, 3, 3, 3, 0))
    ts_buf_format(out, ",\"affected_rows\":%lld,\"total_rows\":%lld", (long long) affected,
                  (long long) total);
  ts_reply_end(request);
  return true;
}
