/* JSON messages over WebSocket. */
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/endpoint.h"

int tuv_conn_send_json(tuv_conn_t* conn, tuv_op_t* op, tuv_json_request_t* request) {
  size_t length;
  int status;
  char* text = tuv_json_request_end(request, &length, &status);
  if (text == NULL) return status;
  status = tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, &op->at);
  tuv_wipe(text, length); /* a log-in has the password in it */
  tuv_free(&conn->context->mem->alloc, text);
  return status;
}
