/* Failover: sends the same small query to several hosts again and again, and prints each second
 * which of them answered, where the connections are, and what went wrong. Kill one of the servers
 * and restart it: the others take over, and then it gets its share of the connections again.
 *
 *   TAOSUV_URL   ws://user:password@host1:port,host2:port,…   (examples/run starts three servers,
 *                and kills and restarts one of them, when it is not set)
 *   failover [SECONDS] */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taosuv.h"

enum { ASKERS = 16, HOSTS = 16, PAUSE_MS = 20 };

/* One query at a time, then a pause. */
typedef struct asker_s {
  taosuv_exec_t exec;
  uv_timer_t pause;
} asker_t;

static struct {
  uv_loop_t* loop;
  taosuv_client_t* client;
  asker_t askers[ASKERS];
  uv_timer_t second;
  uint64_t started;
  uint64_t seconds, seconds_left;
  struct {
    char name[64];
    unsigned answers;
  } hosts[HOSTS];
  unsigned failed, slowest_ms;
  uint64_t answered, failed_in_all;
} app;

static double seconds(void) {
  return (double) (uv_now(app.loop) - app.started) / 1000;
}

static void count_answer(const char* host) {
  size_t i = 0;
  while (i + 1 < HOSTS && app.hosts[i].name[0] != 0 && strcmp(app.hosts[i].name, host) != 0) i++;
  snprintf(app.hosts[i].name, sizeof app.hosts[i].name, "%s", host);
  app.hosts[i].answers++;
  app.answered++;
}

static void ask(uv_timer_t* timer);

static void on_answer(taosuv_exec_t* req, int status) {
  asker_t* asker = req->data;
  unsigned ms = (unsigned) (req->total_time_ns / 1000000);
  if (status == TAOSUV_ECANCELED) return; /* the end */
  if (ms > app.slowest_ms) app.slowest_ms = ms;
  if (status == 0) {
    count_answer(req->host);
  } else {
    app.failed++;
    app.failed_in_all++;
    printf("%6.2f  a request failed: %s (%s)%s\n", seconds(), req->message, taosuv_err_name(status),
           req->err_flags & TAOSUV_ERR_MAYBE_EXECUTED ? ", it may have been executed" : "");
  }
  uv_timer_start(&asker->pause, ask, PAUSE_MS, 0);
}

/* A query changes nothing, so it may be executed twice: `idempotent` lets the client repeat it when
 * its connection is lost. */
static void ask(uv_timer_t* timer) {
  asker_t* asker = timer->data;
  asker->exec.data = asker;
  asker->exec.idempotent = 1;
  int status = taosuv_exec(app.client, &asker->exec, "SELECT 1", TAOSUV_NUL_TERMINATED, on_answer);
  if (status == TAOSUV_EAGAIN)
    uv_timer_start(timer, ask, PAUSE_MS, 0);
  else if (status < 0)
    printf("%6.2f  not asked: %s\n", seconds(), taosuv_strerror(status));
}

static void close_timer(uv_timer_t* timer) {
  uv_close((uv_handle_t*) timer, NULL);
}

static void report(uv_timer_t* timer) {
  taosuv_host_stats_t host = {.size = sizeof host};
  printf("%6.2f  answers:", seconds());
  for (size_t i = 0; i < HOSTS && app.hosts[i].name[0] != 0; i++) {
    printf(" %s %u,", app.hosts[i].name, app.hosts[i].answers);
    app.hosts[i].answers = 0;
  }
  printf(" failed %u, slowest %u ms; connections:", app.failed, app.slowest_ms);
  for (uint32_t i = 0; taosuv_stats_host(app.client, i, &host) == 0; i++)
    printf(" %s %u", host.host, host.ready);
  puts("");
  fflush(stdout);
  app.failed = app.slowest_ms = 0;
  if (--app.seconds_left > 0) return;
  for (size_t i = 0; i < ASKERS; i++) close_timer(&app.askers[i].pause);
  close_timer(timer);
  taosuv_close(app.client, NULL);
}

/* The client's own view: connections that were opened and lost. */
static void on_log(void* data, int level, const char* message, size_t length) {
  (void) data;
  (void) level;
  (void) length;
  printf("%6.2f  %s\n", seconds(), message);
}

static int create_client(void) {
  char url[2048], message[256] = "";
  const char* given = getenv("TAOSUV_URL");
  if (given == NULL) given = "ws://root:taosdata@localhost:6041";
  snprintf(url, sizeof url, "%s%s", given,
           strchr(given, '?') != NULL
               ? ""
               : "/?pool_size=6&max_inflight=4&ping_interval=1000&connect_timeout=1000");
  taosuv_options_t options;
  taosuv_options_init(&options);
  options.url = url;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_client_create_ex(app.loop, &options, &app.client);
  if (status < 0) fprintf(stderr, "%s\n", message);
  return status;
}

int main(int argc, char** argv) {
  app.loop = uv_default_loop();
  app.started = uv_now(app.loop);
  app.seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
  app.seconds_left = app.seconds = app.seconds > 0 ? app.seconds : 1;
  signal(SIGPIPE, SIG_IGN);
  if (create_client() < 0) return 1;
  taosuv_hooks_t hooks = {.size = sizeof hooks, .log_level = TAOSUV_LOG_INFO, .log = on_log};
  taosuv_client_set_hooks(app.client, &hooks);
  for (size_t i = 0; i < ASKERS; i++) {
    uv_timer_init(app.loop, &app.askers[i].pause);
    app.askers[i].pause.data = &app.askers[i];
    uv_timer_start(&app.askers[i].pause, ask, i, 0);
  }
  uv_timer_init(app.loop, &app.second);
  uv_timer_start(&app.second, report, 1000, 1000);
  uv_run(app.loop, UV_RUN_DEFAULT);
  uv_loop_close(app.loop);
  printf("in %" PRIu64 " seconds %" PRIu64 " answers, %" PRIu64 " failures\n", app.seconds,
         app.answered, app.failed_in_all);
  return app.failed_in_all > 0;
}
