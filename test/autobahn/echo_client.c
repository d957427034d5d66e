/* The client under test for the Autobahn suite: echoes what each case's server sends.
 *
 *     echo_client PORT           asks the suite on 127.0.0.1:PORT for its number of cases, runs all
 *     echo_client PORT deflate   the same, offering compression in all of its forms
 *
 * It uses the library's own WebSocket connection over its own TCP stream, and little else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/tcp.h"
#include "io/ws/ws.h"

#define HOST "127.0.0.1"
#define AGENT "taosuv"

/* The largest messages of the suite are of 16 MiB. */
#define MAX_MESSAGE (32u << 20)

typedef enum { ASKING, RUNNING, REPORTING, FINISHED } phase_t;

static struct {
  uv_loop_t loop;
  uv_idle_t turn; /* flushes, once in each turn in which something was queued */
  tuv_io_shared_t shared;
  tuv_ws_t ws;
  uint16_t port;
  char path[64];
  phase_t phase;
  unsigned long case_count;
  unsigned long case_number; /* of the case that runs, from 1 */
  bool open;                 /* the present connection got through its upgrade */
  int failed;
} app;

static void fail(const char* what, const char* why) {
  fprintf(stderr, "echo_client: %s: %s: %s\n", app.path, what, why);
  app.failed = 1;
}

static void on_open(tuv_ws_t* ws) {
  tuv_ws_deflate_from(ws, 0);
  app.open = true;
}

/* The number of cases comes as text, and is not sent back. */
static void read_case_count(const uint8_t* data, size_t size) {
  char text[8] = "";
  if (size < sizeof text) memcpy(text, data, size);
  app.case_count = strtoul(text, NULL, 10);
}

static void on_message(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size,
                       tuv_refbuf_t* owner) {
  (void) owner;
  if (app.phase == ASKING) {
    read_case_count(data, size);
  } else if (app.phase == RUNNING) {
    int status = tuv_ws_send(ws, opcode, data, size, NULL);
    if (status < 0) fail("echo", uv_strerror(status));
  }
}

/* Cases send pongs that nobody asked for: they mean nothing. */
static void on_pong(tuv_ws_t* ws, const uint8_t* data, size_t size) {
  (void) ws, (void) data, (void) size;
}

/* Each case ends so, well or badly: which of them was right is for the suite to judge. */
static void on_down(tuv_ws_t* ws, int status, const char* message) {
  (void) ws, (void) status;
  if (!app.open) fail("no connection", message);
}

static void on_turn(uv_idle_t* turn) {
  uv_idle_stop(turn);
  tuv_ws_flush(&app.ws);
}

static void on_flush_pending(tuv_ws_t* ws) {
  (void) ws;
  uv_idle_start(&app.turn, on_turn);
}

static void next_phase(void) {
  switch (app.phase) {
    case ASKING:
      if (app.case_count == 0) fail("getCaseCount", "no cases");
      app.phase = RUNNING;
      break;
    case RUNNING:
      if (app.case_number == app.case_count) app.phase = REPORTING;
      break;
    default: app.phase = FINISHED;
  }
  if (app.failed) app.phase = FINISHED;
  if (app.phase == RUNNING) app.case_number++;
}

static void write_path(void) {
  switch (app.phase) {
    case ASKING: snprintf(app.path, sizeof app.path, "/getCaseCount"); break;
    case RUNNING:
      snprintf(app.path, sizeof app.path, "/runCase?case=%lu&agent=" AGENT, app.case_number);
      break;
    default: snprintf(app.path, sizeof app.path, "/updateReports?agent=" AGENT);
  }
}

static void on_gone(tuv_ws_t* ws);

static const tuv_ws_events_t events = {on_open, on_message,       on_pong, on_down,
                                       on_gone, on_flush_pending, NULL,    NULL};

static void connect_next(void) {
  write_path();
  app.open = false;
  tuv_ws_init(&app.ws, &app.shared, &events, HOST, app.port, app.path);
  int status = tuv_tcp_connect(&app.loop, &app.shared.mem->alloc, HOST, app.port, true, NULL,
                               &tuv_ws_stream_events, &app.ws, &app.ws.stream);
  if (status < 0) fail("connect", uv_strerror(status));
}

static void on_gone(tuv_ws_t* ws) {
  (void) ws;
  uv_idle_stop(&app.turn);
  next_phase();
  if (app.phase != FINISHED) connect_next();
}

int main(int argc, char** argv) {
  bool deflate = argc == 3 && strcmp(argv[2], "deflate") == 0;
  app.port = argc == 2 || deflate ? (uint16_t) strtoul(argv[1], NULL, 10) : 0;
  if (app.port == 0) {
    fprintf(stderr, "usage: echo_client PORT [deflate]\n");
    return 2;
  }
  if (deflate) app.shared.offer = TUV_HTTP_DEFLATE_ANY;
  app.shared.mem = tuv_mem_create(&tuv_alloc_default);
  if (app.shared.mem == NULL || uv_loop_init(&app.loop) != 0) return 1;
  app.shared.max_message_size = MAX_MESSAGE;
  tuv_random_init(&app.shared.random);
  uv_idle_init(&app.loop, &app.turn);

  connect_next();
  uv_run(&app.loop, UV_RUN_DEFAULT);

  uv_close((uv_handle_t*) &app.turn, NULL);
  uv_run(&app.loop, UV_RUN_DEFAULT);
  if (uv_loop_close(&app.loop) != 0) fail("end", "something was left on the loop");
  tuv_io_shared_free(&app.shared);
  tuv_mem_close(app.shared.mem);
  return app.failed;
}
