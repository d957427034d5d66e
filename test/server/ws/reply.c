/* All replies pass here: faults drop, repeat, hold, reorder or delay them; then they are framed. */
#include <stdlib.h>
#include <string.h>

#include "ws/conn.h"
#include "ws/deflate.h"
#include "ws/out.h"
#include "ws/reply.h"

static void push(ts_reply_list_t* list, ts_reply_t* reply) {
  reply->next = NULL;
  if (list->last != NULL) list->last->next = reply;
  if (list->first == NULL) list->first = reply;
  list->last = reply;
  list->count++;
}

static ts_reply_t* pop(ts_reply_list_t* list) {
  ts_reply_t* reply = list->first;
  list->first = reply->next;
  if (list->first == NULL) list->last = NULL;
  list->count--;
  return reply;
}

static void free_reply(ts_reply_t* reply) {
  ts_blob_unref(reply->body);
  free(reply);
}

static void frame(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size, ts_blob_t* body) {
  if (conn->http) { /* all of an answer's bytes */
    ts_out_bytes(conn, head, size);
    if (body != NULL) ts_out_blob(conn, body);
    return;
  }
  if (conn->deflater != NULL) {
    ts_deflate_send(conn, opcode, head, size, body);
    return;
  }
  uint8_t header[TUV_WS_MAX_HEADER];
  size_t length = size + (body != NULL ? body->size : 0);
  ts_out_bytes(conn, header, tuv_ws_write_header(header, opcode, true, false, length, NULL));
  ts_out_bytes(conn, head, size);
  if (body != NULL) ts_out_blob(conn, body);
}

/* The last step, and the faults that follow a number of replies. */
static void deliver(ts_conn_t* conn, ts_reply_t* reply) {
  frame(conn, reply->opcode, reply->head, reply->size, reply->body);
  free_reply(reply);
  conn->delivered++;
  const ts_fault_t* fault = &conn->fault;
  if (fault->close_after_replies == conn->delivered)
    ts_conn_close_frame(conn, fault->close_code, "");
  if (fault->stall_after_replies == conn->delivered) conn->stalled = true;
}

static void release(ts_conn_t* conn, ts_reply_t* reply) {
  if (conn->fault.reply_delay_ms == 0) {
    deliver(conn, reply);
    return;
  }
  reply->due = uv_now(conn->tcp.loop) + conn->fault.reply_delay_ms;
  push(&conn->delayed, reply);
  if (!uv_is_active((uv_handle_t*) &conn->delay))
    uv_timer_start(&conn->delay, ts_reply_timer, conn->fault.reply_delay_ms, 0);
}

void ts_reply_timer(uv_timer_t* timer) {
  ts_conn_t* conn = timer->data;
  uint64_t now = uv_now(conn->tcp.loop);
  while (conn->delayed.first != NULL && conn->delayed.first->due <= now)
    deliver(conn, pop(&conn->delayed));
  if (conn->delayed.first != NULL && !conn->closing)
    uv_timer_start(timer, ts_reply_timer, conn->delayed.first->due - now, 0);
}

static void reverse(ts_reply_list_t* list) {
  ts_reply_list_t reversed = {0};
  while (list->first != NULL) {
    ts_reply_t* reply = pop(list);
    reply->next = reversed.first;
    if (reversed.last == NULL) reversed.last = reply;
    reversed.first = reply;
    reversed.count++;
  }
  *list = reversed;
}

static void release_held(ts_conn_t* conn) {
  if (conn->fault.reorder > 0) reverse(&conn->held);
  while (conn->held.first != NULL) release(conn, pop(&conn->held));
}

static ts_reply_t* make(uint8_t opcode, const void* head, size_t size, ts_blob_t* body) {
  ts_reply_t* reply = ts_malloc(sizeof *reply + size);
  *reply = (ts_reply_t) {.opcode = opcode, .size = size};
  if (size > 0) memcpy(reply->head, head, size);
  reply->body = body != NULL ? ts_blob_ref(body) : NULL;
  return reply;
}

/* Flips a high bit of the request's id, so that no request has it: in a text the number behind
 * "req_id", in a block reply the number at its offset, in the old layout, which has no such id, the
 * result's id. */
static ts_reply_t* change_id(ts_reply_t* reply) {
  static const char key[] = "\"req_id\":";
  const uint64_t bit = UINT64_C(1) << 62;
  if (reply->opcode == TUV_WS_BINARY) {
    bool raw_block = reply->size >= 34 && ts_get_u64(reply->head) == UINT64_MAX;
    uint8_t* at = reply->head + (raw_block ? 26 : 8);
    if (reply->size >= 16) ts_put_u64(at, ts_get_u64(at) ^ bit);
    return reply;
  }
  ts_buf_t text = {0};
  ts_buf_add(&text, reply->head, reply->size);
  ts_buf_add(&text, "", 1);
  char* found = strstr((char*) text.data, key);
  if (found == NULL) {
    ts_buf_free(&text);
    return reply;
  }
  char* rest;
  uint64_t id = strtoull(found + sizeof key - 1, &rest, 10) ^ bit;
  ts_buf_t changed = {0};
  ts_buf_add(&changed, text.data, (size_t) (found - (char*) text.data) + sizeof key - 1);
  ts_buf_decimal(&changed, id);
  ts_buf_text(&changed, rest);
  free_reply(reply);
  reply = make(TUV_WS_TEXT, changed.data, changed.size, NULL);
  ts_buf_free(&text);
  ts_buf_free(&changed);
  return reply;
}

static void submit_faulty(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size,
                          ts_blob_t* body) {
  const ts_fault_t* fault = &conn->fault;
  uint32_t number = ++conn->replies;
  if (fault->drop_reply == number) return;
  ts_reply_t* reply = make(opcode, head, size, body);
  if (fault->change_id_reply == number) reply = change_id(reply);
  if (fault->repeat_reply == number)
    push(&conn->held, make(opcode, reply->head, reply->size, body));
  push(&conn->held, reply);
  uint32_t window = fault->reorder > 0 ? fault->reorder : fault->coalesce;
  if (conn->held.count >= window) release_held(conn);
}

static void submit(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size, ts_blob_t* body);

static void submit_patched(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size,
                           const ts_blob_t* body) {
  ts_patch_t patch = conn->patch;
  ts_buf_t whole = {0};
  ts_buf_add(&whole, head, size);
  if (body != NULL) ts_buf_add(&whole, body->data, body->size);
  for (size_t at = 0; at + patch.size <= whole.size; at++) {
    if (memcmp(whole.data + at, patch.find, patch.size) != 0) continue;
    memcpy(whole.data + at, patch.data, patch.size);
    break;
  }
  conn->patch.size = 0;
  submit(conn, opcode, whole.data, whole.size, NULL);
  conn->patch = patch;
  ts_buf_free(&whole);
}

void ts_conn_set_patch(ts_conn_t* conn, const ts_patch_t* patch) {
  conn->patch = patch != NULL ? *patch : (ts_patch_t) {NULL, NULL, 0};
}

static void submit(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size,
                   ts_blob_t* body) {
  if (conn->closing) return;
  if (conn->patch.size > 0) {
    submit_patched(conn, opcode, head, size, body);
    return;
  }
  if (conn->reply_faults || conn->delayed.first != NULL) {
    submit_faulty(conn, opcode, head, size, body);
  } else {
    frame(conn, opcode, head, size, body);
  }
}

void ts_conn_text(ts_conn_t* conn, const void* text, size_t size) {
  submit(conn, TUV_WS_TEXT, text, size, NULL);
}

void ts_conn_binary(ts_conn_t* conn, const void* head, size_t size, ts_blob_t* body) {
  submit(conn, TUV_WS_BINARY, head, size, body);
}

void ts_reply_faults_changed(ts_conn_t* conn) {
  const ts_fault_t* f = &conn->fault;
  conn->reply_faults = f->drop_reply > 0 || f->change_id_reply > 0 || f->repeat_reply > 0 ||
                       f->coalesce > 0 || f->reorder > 0 || f->reply_delay_ms > 0 ||
                       f->close_after_replies > 0 || f->stall_after_replies > 0;
  conn->replies = conn->delivered = 0;
  conn->stalled = f->stall;
  uint32_t window = f->reorder > 0 ? f->reorder : f->coalesce;
  if (conn->held.count >= window) release_held(conn);
}

void ts_reply_free(ts_conn_t* conn) {
  while (conn->held.first != NULL) free_reply(pop(&conn->held));
  while (conn->delayed.first != NULL) free_reply(pop(&conn->delayed));
}
