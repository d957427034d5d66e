/* Fuzzes the whole client with what a server could send: the bytes behind the upgrade, through a
 * stream in memory. The first byte chooses the size of the pieces. Request ids are 1, 2, 3, …, so
 * that a corpus can hold real answers. */
#include <stdlib.h>
#include <string.h>

#include "client/pool/client.h"
#include "mem_stream.h"

/* All answers that there are time for, and no more: with nothing more to come the peer ends. */
typedef struct run_s {
  uv_loop_t loop;
  taosuv_client_t* client;
  mem_stream_t* streams[8];
  unsigned count;
  const uint8_t* data;
  size_t size;
  size_t piece;
  taosuv_open_t open;
  taosuv_exec_t exec;
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  taosuv_ping_t ping;
  taosuv_server_status_t status;
  unsigned accepted, completed;
  bool closed;
} run_t;

static run_t* current;

static int connect_memory(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host,
                          uint16_t port, bool nodelay, tuv_route_t* route,
                          const tuv_stream_events_t* events, void* context, tuv_stream_t** stream) {
  (void) alloc;
  (void) host;
  (void) port;
  (void) nodelay;
  (void) route;
  if (current->count == sizeof current->streams / sizeof *current->streams) return UV_ENOMEM;
  mem_stream_t* mem = malloc(sizeof *mem);
  if (mem == NULL) abort();
  mem_stream_init(mem, loop, events, context);
  mem->piece = current->piece;
  current->streams[current->count++] = mem;
  *stream = &mem->stream;
  return 0;
}

/* Answers the upgrade as soon as its request is there, and sends the input behind it. */
static void answer_upgrade(run_t* run, mem_stream_t* mem) {
  static const char key_name[] = "Sec-WebSocket-Key: ";
  char accept[TUV_HTTP_ACCEPT_SIZE + 1], answer[256];
  if (mem->incoming_size > 0 || mem->end != 0 || mem->written_size < 4) return;
  char* text = calloc(1, mem->written_size + 1);
  if (text == NULL) abort();
  memcpy(text, mem->written, mem->written_size);
  char* key = strstr(text, key_name);
  if (strstr(text, "\r\n\r\n") != NULL && key != NULL) {
    tuv_http_accept(key + strlen(key_name), TUV_HTTP_KEY_SIZE, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    mem_stream_feed(mem, answer, (size_t) length);
    mem_stream_feed(mem, run->data, run->size);
    mem_stream_end(mem, UV_EOF);
  }
  free(text);
}

static void done(run_t* run, const taosuv_req_t* req, int status) {
  if (req->status != status || (status < 0 && req->message == NULL)) abort();
  run->completed++;
}

static void on_open(taosuv_open_t* req, int status) {
  done(current, (taosuv_req_t*) req, status);
}

static void on_exec(taosuv_exec_t* req, int status) {
  done(current, (taosuv_req_t*) req, status);
}

static void on_ping(taosuv_ping_t* req, int status) {
  done(current, (taosuv_req_t*) req, status);
}

static void on_status(taosuv_server_status_t* req, int status) {
  if (req->details == NULL) abort();
  done(current, (taosuv_req_t*) req, status);
}

/* Touches and formats every cell: what the library let through must be safe to read. */
static void read_block(const taosuv_block_t* block) {
  char text[64];
  taosuv_column_t column;
  for (uint32_t i = 0; taosuv_block_column(block, i, &column) == 0; i++)
    for (uint32_t row = 0; row < column.rows; row++)
      taosuv_format_cell(&column, row, 0, text, sizeof text);
}

static void on_fetch(taosuv_fetch_t* req, int status) {
  done(current, (taosuv_req_t*) req, status);
  if (status == 0 && req->block != NULL) {
    read_block(req->block);
    if (taosuv_fetch(req->result, req, on_fetch) == 0) {
      current->accepted++;
      return;
    }
  }
  taosuv_result_close(req->result);
}

static void on_query(taosuv_query_t* req, int status) {
  done(current, (taosuv_req_t*) req, status);
  if (status < 0 || req->result == NULL) return;
  if (taosuv_fetch(req->result, &current->fetch, on_fetch) == 0)
    current->accepted++;
  else
    taosuv_result_close(req->result);
}

static void on_closed(void* data) {
  (void) data;
  current->closed = true;
}

static void step(run_t* run) {
  for (unsigned i = 0; i < run->count; i++)
    if (!run->streams[i]->closed) answer_upgrade(run, run->streams[i]);
  uv_run(&run->loop, UV_RUN_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  run_t run;
  if (size < 1) return 0;
  memset(&run, 0, sizeof run);
  current = &run;
  run.piece = data[0];
  run.data = data + 1;
  run.size = size - 1;
  if (uv_loop_init(&run.loop) != 0) abort();
  if (taosuv_client_create(&run.loop,
                           "ws://127.0.0.1/?request_timeout=0&retries=0&max_message_size=1000000",
                           &run.client) != 0)
    abort();
  run.client->pool.conns.connect = connect_memory;
  run.client->context.ids.high = 0;
  run.client->context.ids.low = 0;
  /* In the order of the ids that they take: 1 to 5; 6 and 7 are the log-in's. */
  run.accepted += taosuv_open(run.client, &run.open, on_open) == 0;
  run.accepted += taosuv_exec(run.client, &run.exec, "insert", 6, on_exec) == 0;
  run.accepted += taosuv_query(run.client, &run.query, "select", 6, on_query) == 0;
  run.accepted += taosuv_ping(run.client, &run.ping, on_ping) == 0;
  run.accepted += taosuv_server_status(run.client, &run.status, NULL, 0, 0, on_status) == 0;
  for (unsigned turn = 0; run.completed < run.accepted && turn < 4000; turn++) step(&run);
  taosuv_close(run.client, on_closed);
  for (unsigned turn = 0; !run.closed && turn < 4000; turn++) step(&run);
  if (!run.closed || run.completed != run.accepted || uv_loop_close(&run.loop) != 0) abort();
  for (unsigned i = 0; i < run.count; i++) {
    mem_stream_free(run.streams[i]);
    free(run.streams[i]);
  }
  return 0;
}
