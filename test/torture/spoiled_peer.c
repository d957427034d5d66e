/* The peer that changes replies: WebSocket or HTTP over streams in memory, following a script. */
#include "conversation.h"
#include "spoiled.h"
#include "wire/http/upgrade.h"
#include "wire/ws/frame.h"

sp_run_t* sp_current;

int sp_connect(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host, uint16_t port,
               bool nodelay, tuv_route_t* route, const tuv_stream_events_t* events, void* context,
               tuv_stream_t** stream) {
  sp_run_t* run = sp_current;
  (void) alloc;
  (void) route;
  (void) host;
  (void) port;
  (void) nodelay;
  run->progress++;
  if (run->nstreams == (run->scene->alone ? 1 : SP_STREAMS)) return UV_ENOMEM;
  sp_stream_t* to = &run->streams[run->nstreams];
  memset(to, 0, sizeof *to);
  to->run = run;
  to->index = run->nstreams++;
  to->open = true;
  mem_stream_init(&to->mem, loop, events, context);
  *stream = &to->mem.stream;
  return 0;
}

/* ---- sending ---- */

void sp_raw(sp_stream_t* to, const void* bytes, size_t size) {
  if (!to->ended) mem_stream_feed(&to->mem, bytes, size);
}

void sp_end(sp_stream_t* to, int status) {
  if (to->ended) return;
  to->ended = true;
  mem_stream_end(&to->mem, status);
}

void sp_frame(sp_stream_t* to, unsigned first_byte, const void* bytes, size_t size) {
  uint8_t head[TUV_WS_MAX_HEADER];
  size_t length = tuv_ws_write_header(head, TUV_WS_TEXT, true, false, size, NULL);
  head[0] = (uint8_t) first_byte;
  sp_raw(to, head, length);
  sp_raw(to, bytes, size);
}

static void send_http(sp_stream_t* to, const void* body, size_t size, int status) {
  char head[256];
  if (size == 0 || status == 204) {
    snprintf(head, sizeof head, "HTTP/1.1 %d X\r\n%s\r\n", status,
             status == 204 ? "" : "Content-Length: 0\r\n");
    sp_raw(to, head, strlen(head));
    return;
  }
  snprintf(head, sizeof head,
           "HTTP/1.1 %d X\r\nContent-Type: application/json; charset=utf-8\r\n"
           "Content-Length: %zu\r\n\r\n",
           status, size);
  sp_raw(to, head, strlen(head));
  sp_raw(to, body, size);
}

void sp_send(sp_stream_t* to, sp_kind_t kind, const void* bytes, size_t size, int http_status) {
  if (kind == SP_HTTP)
    send_http(to, bytes, size, http_status);
  else
    sp_frame(to, 0x80u | (kind == SP_TEXT ? TUV_WS_TEXT : TUV_WS_BINARY), bytes, size);
}

void sp_hold(sp_stream_t* to, const sp_message_t* message) {
  free(to->held);
  to->held_size = message->size;
  to->held = malloc(message->size + 1);
  if (to->held == NULL) abort();
  memcpy(to->held, message->bytes, message->size);
  to->held[message->size] = message->answer->kind == SP_TEXT ? SP_TEXT : SP_BINARY;
}

static void send_held(sp_stream_t* to) {
  if (to->held == NULL) return;
  uint8_t* held = to->held;
  to->held = NULL;
  sp_send(to, held[to->held_size] == SP_TEXT ? SP_TEXT : SP_BINARY, held, to->held_size, 0);
  free(held);
}

/* ---- one request ---- */

/* How well an answer fits. In the run that records the expected results, an answer that was not
 * used yet fits best; answers that were not used there are never used later. In other runs it is
 * the latest answer of the steps so far; within a step the first unused one, or the last one again.
 * Requests that arrive together get the next one. */
static int suits(const sp_run_t* run, const sp_answer_t* answer, bool used) {
  bool learning = run->plan[0].way == NULL;
  if (answer->step < 0) return learning && !used ? 1 << 20 : 0;
  bool gathers = run->scene->gathers;
  int step = gathers ? 0 : answer->step, now = gathers ? 0 : (int) run->step;
  int rank = step <= now ? 2000 + 4 * step : 1000 - 4 * step;
  return used ? rank : rank + 1;
}

static const sp_answer_t* find(sp_stream_t* to, const char* action) {
  sp_run_t* run = to->run;
  sp_script_t* script = &run->scene->script;
  bool* used = run->used[run->scene->gathers ? 0 : to->index];
  unsigned best = SP_ANSWERS;
  int rank = -2;
  for (unsigned i = 0; i < script->count; i++) {
    if (strcmp(script->list[i].action, action) != 0) continue;
    int now = suits(run, &script->list[i], used[i]);
    if (now < rank || (now == rank && !used[i])) continue;
    best = i;
    rank = now;
  }
  if (best == SP_ANSWERS) return NULL;
  used[best] = true;
  if (script->list[best].step < 0 && run->plan[0].way == NULL)
    script->list[best].step = (int) run->step;
  return &script->list[best];
}

static bool spoil(sp_stream_t* to, unsigned at, const sp_message_t* message) {
  sp_run_t* run = to->run;
  bool sent = false;
  for (unsigned i = 0; i < COUNT(run->plan) && !sent; i++) {
    sp_plan_t* plan = &run->plan[i];
    if (plan->way == NULL || plan->at != at || plan->exhausted || run->phase != 0) continue;
    if (plan->done && !plan->always) continue;
    if (to->index > 0 && !plan->always) continue;
    sp_spoilt_t before = plan->spoilt;
    sent = plan->way(message, plan->n, to, &plan->spoilt);
    if (plan->done) plan->spoilt = before; /* number of bytes of the first one */
    plan->exhausted = !sent;
    plan->done = sent;
  }
  return sent;
}

static void refuse(sp_stream_t* to, const char* action, uint64_t req_id) {
  char text[256];
  to->run->unknown = action;
  if (strcmp(action, "free_result") == 0 || strcmp(action, "close") == 0) {
    to->run->unknown = NULL;
    return;
  }
  if (!to->upgraded) {
    static const char body[] = "{\"code\":65535,\"desc\":\"unknown\"}";
    sp_send(to, SP_HTTP, body, sizeof body - 1, 200);
    return;
  }
  snprintf(text, sizeof text,
           "{\"code\":65535,\"message\":\"unknown action %s\",\"action\":\"%s\",\"req_id\":%llu}",
           action, action, (unsigned long long) req_id);
  sp_send(to, SP_TEXT, text, strlen(text), 0);
}

static bool is_sql(const char* action) {
  return strcmp(action, "binary_query") == 0 || strcmp(action, "query") == 0 ||
         strcmp(action, "sql") == 0;
}

/* The answer to an update. */
static void answer_good(sp_stream_t* to, const char* action, uint64_t req_id) {
  static const char body[] =
      "{\"code\":0,\"column_meta\":[[\"affected_rows\",\"INT\",4]],"
      "\"data\":[[1]],\"rows\":1}";
  char text[256];
  snprintf(text, sizeof text,
           "{\"code\":0,\"message\":\"\",\"action\":\"%s\",\"req_id\":%llu,\"timing\":1,\"id\":0,"
           "\"is_update\":true,\"affected_rows\":1,\"fields_count\":0}",
           action, (unsigned long long) req_id);
  if (to->upgraded)
    sp_send(to, SP_TEXT, text, strlen(text), 0);
  else
    sp_send(to, SP_HTTP, body, sizeof body - 1, 200);
}

static void on_request(sp_stream_t* to, const char* action, uint64_t req_id, uint64_t other_id) {
  sp_run_t* run = to->run;
  run->progress++;
  if (run->phase == 1 && is_sql(action)) {
    answer_good(to, action, req_id);
    return;
  }
  const sp_answer_t* answer = find(to, action);
  if (answer == NULL) {
    refuse(to, action, req_id);
    return;
  }
  if (answer->bytes == NULL) return;
  message_t plain = {answer->bytes, answer->size, answer->kind == SP_TEXT};
  if (answer->kind != SP_HTTP) plain = answer_with(&plain, req_id, NULL);
  if (run->scene->consumer && answer->kind == SP_BINARY && plain.bytes[0] != 0xFF)
    for (unsigned i = 0; i < 8; i++) plain.bytes[8 + i] = (uint8_t) (req_id >> 8 * i);
  sp_message_t message = {answer, plain.bytes, plain.size, req_id, other_id};
  if (to->index == 0 && run->plan[0].way == NULL && run->phase == 0) {
    if (run->scene->nreplies == SP_REPLIES) abort();
    run->scene->replies[run->scene->nreplies++] = answer;
  }
  if (!spoil(to, to->replies++, &message)) {
    sp_send(to, answer->kind, plain.bytes, plain.size, answer->http_status);
    send_held(to);
  }
  if (answer->kind != SP_HTTP) free(plain.bytes);
}

/* ---- receiving: WebSocket ---- */

static bool upgrade(sp_stream_t* to, const char* head) {
  static const char key_name[] = "Sec-WebSocket-Key: ";
  static const char deflate[] =
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
      "client_no_context_takeover\r\n";
  char accept[TUV_HTTP_ACCEPT_SIZE + 1], answer[384];
  const char* key = strstr(head, key_name);
  if (key == NULL) return false;
  tuv_http_accept(key + strlen(key_name), TUV_HTTP_KEY_SIZE, accept);
  snprintf(answer, sizeof answer,
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
           accept, to->run->scene->compressed ? deflate : "");
  to->upgraded = true;
  sp_raw(to, answer, strlen(answer));
  return true;
}

/* A frame of a client, which is never fragmented. Returns its size; 0: it is incomplete. */
static size_t read_frame(const uint8_t* data, size_t size, uint8_t* opcode, message_t* out) {
  size_t head = 2;
  if (size < 2) return 0;
  uint64_t length = data[1] & 0x7F;
  unsigned more = length == 127 ? 8 : length == 126 ? 2 : 0;
  if (size < head + more + 4) return 0;
  if (more > 0) length = 0;
  for (unsigned i = 0; i < more; i++) length = length << 8 | data[head++];
  const uint8_t* mask = data + head;
  head += 4;
  if (size - head < length) return 0;
  *opcode = data[0] & 15;
  out->text = *opcode == TUV_WS_TEXT;
  out->size = (size_t) length;
  out->bytes = malloc(out->size + 1);
  if (out->bytes == NULL) abort();
  tuv_ws_mask(out->bytes, data + head, out->size, mask, 0);
  out->bytes[out->size] = 0;
  return head + out->size;
}

typedef struct asked_s {
  char action[32];
  uint64_t req_id;
} asked_t;

enum { AT_ONCE = 16 };

static void answer_all(sp_stream_t* to, const asked_t* asked, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    bool back = to->run->scene->gathers;
    unsigned at = back ? count - 1 - i : i;
    unsigned other = back ? at - 1 : at + 1;
    on_request(to, asked[at].action, asked[at].req_id, other < count ? asked[other].req_id : 0);
  }
}

static unsigned look_ws(sp_stream_t* to) {
  asked_t asked[AT_ONCE];
  unsigned count = 0;
  message_t message;
  request_t request;
  uint8_t opcode;
  size_t size;
  while (count < AT_ONCE &&
         (size = read_frame(to->mem.written + to->seen, to->mem.written_size - to->seen, &opcode,
                            &message)) > 0) {
    to->seen += size;
    if (opcode == TUV_WS_PING) sp_frame(to, 0x8A, message.bytes, message.size);
    if (opcode == TUV_WS_CLOSE) sp_end(to, UV_EOF);
    if (opcode == TUV_WS_TEXT || opcode == TUV_WS_BINARY) {
      if (!request_read(&message, &request))
        sp_fault(to->run, "the client sent what is no request: %.200s", message.bytes);
      snprintf(asked[count].action, sizeof asked->action, "%s", request.action);
      asked[count++].req_id = request.req_id;
      request_free(&request);
    }
    free(message.bytes);
  }
  answer_all(to, asked, count);
  return count;
}

/* ---- receiving: HTTP ---- */

static const char* http_action(const char* head, const char* body) {
  static const char* const paths[][2] = {{"/vgid", "vgid"},          {" /influxdb/", "influxdb"},
                                         {"/put/telnet/", "telnet"}, {"/put/json/", "json"},
                                         {" /rest/login/", "login"}, {" /-/ping", "ping"}};
  static const char* const own[][2] = {{"use ", "use"},
                                       {"select server_version()", "version"},
                                       {"select server_status()", "status"},
                                       {"select database()", "db"}};
  for (unsigned i = 0; i < COUNT(paths); i++)
    if (strstr(head, paths[i][0]) != NULL) return paths[i][1];
  for (unsigned i = 0; i < COUNT(own); i++)
    if (strncmp(body, own[i][0], strlen(own[i][0])) == 0) return own[i][1];
  return "sql";
}

static unsigned look_http(sp_stream_t* to) {
  size_t size = to->mem.written_size - to->seen;
  if (size < 4) return 0;
  char* text = calloc(1, size + 1);
  if (text == NULL) abort();
  memcpy(text, to->mem.written + to->seen, size);
  char* end = strstr(text, "\r\n\r\n");
  unsigned count = 0;
  if (end != NULL) {
    *end = 0;
    const char* length = strstr(text, "Content-Length: ");
    size_t body = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
    size_t head = (size_t) (end - text) + 4;
    if (upgrade(to, text)) {
      to->seen += head;
      count = 1;
    } else if (head + body <= size) {
      to->seen += head + body;
      end[4 + body] = 0;
      on_request(to, http_action(text, end + 4), 0, 0);
      count = 1;
    }
  }
  free(text);
  return count;
}

/* ---- functions for the run ---- */

bool sp_peer_look(sp_run_t* run) {
  bool any = false;
  for (unsigned i = 0; i < run->nstreams; i++) {
    sp_stream_t* to = &run->streams[i];
    if (!to->open || to->ended || to->mem.closing || to->mem.written == NULL) continue;
    if ((to->upgraded ? look_ws(to) : look_http(to)) > 0) any = true;
  }
  return any;
}

bool sp_peer_busy(const sp_run_t* run) {
  for (unsigned i = 0; i < run->nstreams; i++)
    if (run->streams[i].open && mem_stream_busy(&run->streams[i].mem)) return true;
  return false;
}

unsigned sp_peer_cut(sp_run_t* run) {
  unsigned count = 0;
  for (unsigned i = 0; i < run->nstreams; i++) {
    sp_stream_t* to = &run->streams[i];
    if (!to->open || to->ended || to->mem.closing) continue;
    count++;
    sp_end(to, UV_EOF);
  }
  return count;
}

void sp_peer_free(sp_run_t* run) {
  for (unsigned i = 0; i < run->nstreams; i++) {
    sp_stream_t* to = &run->streams[i];
    if (!to->open) continue;
    free(to->held);
    mem_stream_free(&to->mem);
    to->open = false;
  }
}
