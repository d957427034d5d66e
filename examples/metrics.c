/* Writes the CPU and memory use of this host (Linux: /proc) as line protocol, once a second until
 * SIGINT.
 *
 *   metrics [--count N]     ends after N times
 *
 * TAOSUV_URL says where (default ws://root:taosdata@localhost:6041); the tables taosuv_metrics.cpu
 * and .mem are made by the first points. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "set_up.h"

#define NUL TAOSUV_NUL_TERMINATED
#define DATABASE "taosuv_metrics"

/* Jiffies since the start, all CPUs together: user, nice, system, idle, iowait, irq, softirq,
 * steal. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, TIMES = 8 };

static struct {
  taosuv_client_t* first;  /* without a database: the example creates one */
  taosuv_client_t* client; /* in that */
  taosuv_exec_t exec;
  taosuv_insert_lines_t insert;
  taosuv_line_t* line;
  uv_timer_t tick;
  uv_signal_t interrupt;
  char host[64];
  uint64_t before[TIMES];
  uint64_t wanted; /* --count; 0: for ever */
  uint64_t written;
  int failed;
} app;

static void stop(void) {
  taosuv_line_free(app.line);
  app.line = NULL;
  if (app.client != NULL) taosuv_close(app.client, NULL);
  if (!uv_is_closing((uv_handle_t*) &app.tick)) uv_close((uv_handle_t*) &app.tick, NULL);
  if (!uv_is_closing((uv_handle_t*) &app.interrupt)) uv_close((uv_handle_t*) &app.interrupt, NULL);
}

static void give_up(const char* what, const char* why) {
  fprintf(stderr, "%s failed: %s\n", what, why);
  app.failed = 1;
  stop();
}

/* ---- measuring ---- */

static int read_cpu(uint64_t times[TIMES]) {
  FILE* file = fopen("/proc/stat", "r");
  if (file == NULL) return -1;
  int found = fscanf(file,
                     "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                     " %" SCNu64 " %" SCNu64,
                     &times[0], &times[1], &times[2], &times[3], &times[4], &times[5], &times[6],
                     &times[7]);
  fclose(file);
  return found == TIMES ? 0 : -1;
}

/* The value of a line such as "MemTotal: 16303428 kB", in bytes; 0 if it is missing. */
static uint64_t read_memory(const char* name) {
  char row[128];
  uint64_t kilobytes = 0;
  FILE* file = fopen("/proc/meminfo", "r");
  if (file == NULL) return 0;
  while (fgets(row, sizeof row, file) != NULL)
    if (strncmp(row, name, strlen(name)) == 0 && row[strlen(name)] == ':')
      kilobytes = strtoull(row + strlen(name) + 1, NULL, 10);
  fclose(file);
  return kilobytes * 1024;
}

/* ---- writing ---- */

static int begin(const char* measurement) {
  int status = taosuv_line_begin(app.line, measurement, NUL);
  if (status == 0) status = taosuv_line_tag(app.line, "host", NUL, app.host, NUL);
  return status;
}

/* The share of the time since the last measurement, from 0 to 1. */
static int add_cpu(int64_t now) {
  static const char* const names[] = {"user", "nice", "system", "idle", "iowait"};
  uint64_t times[TIMES], total = 0;
  if (read_cpu(times) < 0) return UV_ENOENT;
  for (int i = 0; i < TIMES; i++) total += times[i] - app.before[i];
  int status = begin("cpu");
  for (int i = USER; status == 0 && i <= IOWAIT; i++) {
    double share = total > 0 ? (double) (times[i] - app.before[i]) / (double) total : 0;
    status = taosuv_line_field(app.line, names[i], NUL, TAOSUV_TYPE_DOUBLE, taosuv_f64(share));
  }
  memcpy(app.before, times, sizeof times);
  return status == 0 ? taosuv_line_end(app.line, now) : status;
}

static int add_memory(int64_t now) {
  int status = begin("mem");
  if (status == 0)
    status = taosuv_line_field(app.line, "total", NUL, TAOSUV_TYPE_UBIGINT,
                               taosuv_u64(read_memory("MemTotal")));
  if (status == 0)
    status = taosuv_line_field(app.line, "available", NUL, TAOSUV_TYPE_UBIGINT,
                               taosuv_u64(read_memory("MemAvailable")));
  return status == 0 ? taosuv_line_end(app.line, now) : status;
}

static void on_written(taosuv_insert_lines_t* req, int status) {
  if (app.line == NULL) return; /* it is stopping */
  if (status < 0) {
    give_up("insert_lines", req->message);
    return;
  }
  app.written++;
  printf("%" PRId64 " points in %.1f ms\n", req->affected_rows, (double) req->total_time_ns / 1e6);
  fflush(stdout);
  if (app.written == app.wanted) stop();
}

static void on_tick(uv_timer_t* timer) {
  struct timespec now;
  size_t length;
  (void) timer;
  if (taosuv_is_pending((taosuv_req_t*) &app.insert)) return; /* the server is slow: skip one */
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t ms = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
  taosuv_line_clear(app.line);
  int status = add_cpu(ms);
  if (status == 0) status = add_memory(ms);
  if (status < 0) {
    give_up("measuring", *taosuv_line_error(app.line) != 0 ? taosuv_line_error(app.line)
                                                           : taosuv_strerror(status));
    return;
  }
  uv_buf_t text;
  text.base = (char*) (uintptr_t) taosuv_line_text(app.line, &length);
  text.len = length;
  app.insert.precision = TAOSUV_LINES_MS;
  app.insert.idempotent = 1; /* writing the same points again changes nothing */
  status = taosuv_insert_lines(app.client, &app.insert, &text, 1, on_written);
  if (status < 0) give_up("insert_lines", taosuv_strerror(status));
}

/* ---- starting ---- */

static void on_interrupt(uv_signal_t* handle, int number) {
  (void) handle;
  (void) number;
  stop();
}

/* Schemaless writes go to the database of the connection. */
static int open_database(const char* url) {
  char whole[1024];
  int status = set_up_url(url, DATABASE, whole, sizeof whole);
  return status < 0 ? status : taosuv_client_create(uv_default_loop(), whole, &app.client);
}

static const char* server_url(void) {
  const char* url = getenv("TAOSUV_URL");
  return url != NULL ? url : "ws://root:taosdata@localhost:6041";
}

static void on_created(taosuv_exec_t* req, int status) {
  if (status < 0) {
    fprintf(stderr, "at %s: ", req->host != NULL ? req->host : "no host");
    give_up("CREATE DATABASE", req->message);
  } else if (app.line != NULL) {
    status = open_database(server_url());
    if (status < 0) {
      give_up("opening the database", taosuv_strerror(status));
    } else {
      uv_timer_start(&app.tick, on_tick, 0, 1000);
    }
  }
  taosuv_close(app.first, NULL);
}

static int prepare(uv_loop_t* loop) {
  size_t size = sizeof app.host;
  int status = uv_os_gethostname(app.host, &size);
  if (status == 0) status = taosuv_line_create(NULL, &app.line);
  if (status == 0) status = taosuv_client_create(loop, server_url(), &app.first);
  if (status < 0) return status;
  (void) read_cpu(app.before);
  uv_timer_init(loop, &app.tick);
  uv_signal_init(loop, &app.interrupt);
  uv_signal_start(&app.interrupt, on_interrupt, SIGINT);
  uv_unref((uv_handle_t*) &app.interrupt);
  return taosuv_exec(app.first, &app.exec,
                     "CREATE DATABASE IF NOT EXISTS " DATABASE " PRECISION 'ms'", NUL, on_created);
}

int main(int argc, char** argv) {
  uv_loop_t* loop = uv_default_loop();
  if (argc == 3 && strcmp(argv[1], "--count") == 0) {
    app.wanted = strtoull(argv[2], NULL, 10);
  } else if (argc != 1) {
    fprintf(stderr, "usage: metrics [--count N]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  int status = prepare(loop);
  if (status < 0) {
    fprintf(stderr, "cannot begin: %s\n", taosuv_strerror(status));
    taosuv_line_free(app.line);
    return 1;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  uv_loop_close(loop);
  return app.failed;
}
