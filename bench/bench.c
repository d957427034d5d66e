/* taosuv-bench: the cost of the library for a program that fetches rows or runs many small
 * queries. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counting.h"
#include "ingest.h"
#include "lines.h"
#include "lines_text.h"
#include "load.h"
#include "report.h"
#include "tmq.h"

#define CONNECT_POLL_MS 1
#define PROGRESS_MS 200

typedef struct app_s {
  bench_options_t options;
  char* url; /* with the keys for the load */
  taosuv_client_t* client;
  bench_counting_t counting;
  bench_load_t load;
  bench_ingest_t ingest;
  taosuv_open_t* opens;
  uint32_t opened;
  uv_timer_t connect_poll;
  uv_timer_t progress;
  bool measuring;
  bool failed;
  bench_cost_t start;
  bench_report_t report;
  uint64_t allocations_before;
} app_t;

static bool has_key(const char* url, const char* key) {
  size_t length = strlen(key);
  for (const char* at = strchr(url, '?'); at != NULL; at = strchr(at, '&')) {
    at++;
    if (strncmp(at, key, length) == 0 && at[length] == '=') return true;
  }
  return false;
}

/* Room for the whole load: a fetch uses the connection of its query, so one connection may have all
 * operations at once. */
static char* complete_url(const bench_options_t* options) {
  const struct {
    const char* key;
    uint32_t value;
  } keys[] = {{"pool_size", options->connections},
              {"max_inflight", options->inflight + 16},
              {"max_queue", options->inflight + options->connections}};
  size_t room = strlen(options->url) + 160;
  char* url = malloc(room);
  if (url == NULL) return NULL;
  /* Lines are written to the database of the connection. */
  const char* rest = strchr(options->url, '?');
  if (rest == NULL) rest = options->url + strlen(options->url);
  const char* path = options->workload == BENCH_LINES ? "/" BENCH_LINES_DATABASE : "";
  size_t at = (size_t) snprintf(url, room, "%.*s%s%s", (int) (rest - options->url), options->url,
                                path, rest);
  bool query = strchr(url, '?') != NULL;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (has_key(options->url, keys[i].key)) continue;
    at += (size_t) snprintf(url + at, room - at, "%c%s=%" PRIu32, query ? '&' : '?', keys[i].key,
                            keys[i].value);
    query = true;
  }
  return url;
}

static void end(app_t* app) {
  if (!uv_is_closing((uv_handle_t*) &app->connect_poll))
    uv_close((uv_handle_t*) &app->connect_poll, NULL);
  if (!uv_is_closing((uv_handle_t*) &app->progress)) uv_close((uv_handle_t*) &app->progress, NULL);
  taosuv_close(app->client, NULL);
}

static void measure(app_t* app) {
  app->measuring = true;
  app->allocations_before = app->counting.calls;
  app->counting.peak = app->counting.live;
  app->start = bench_cost_now();
  if (app->options.workload == BENCH_INGEST)
    bench_ingest_run(&app->ingest, app->options.ops);
  else
    bench_load_run(&app->load, app->options.ops);
  app->report.memory_submitted = app->counting.live;
}

static void phase_done(app_t* app, bool failed) {
  if (!failed && !app->measuring) {
    measure(app);
    return;
  }
  if (app->measuring) app->report.cost = bench_cost_since(&app->start);
  app->report.allocations_measured = app->counting.calls - app->allocations_before;
  app->report.memory_peak = app->counting.peak;
  app->failed = failed;
  end(app);
}

static void on_load_done(bench_load_t* load) {
  phase_done((app_t*) (void*) ((char*) load - offsetof(app_t, load)), load->failed);
}

static app_t* app_of(bench_ingest_t* ingest) {
  return (app_t*) (void*) ((char*) ingest - offsetof(app_t, ingest));
}

static void on_ingest_done(bench_ingest_t* ingest) {
  bool last = ingest->failed || app_of(ingest)->measuring;
  phase_done(app_of(ingest), ingest->failed);
  if (last) taosuv_stmt_close(ingest->stmt);
}

static void on_progress(uv_timer_t* timer) {
  const app_t* app = timer->data;
  const bench_load_t* load = &app->load;
  if (!app->measuring) return;
  double wall = (double) uv_hrtime() / 1e9 - app->start.wall_s;
  if (app->options.workload != BENCH_QUERY)
    fprintf(stderr, "\r%" PRIu64 " rows, %.0f a second ", load->sums.rows,
            (double) load->sums.rows / wall);
  else
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " operations, %.0f a second ", load->completed,
            load->goal, (double) load->completed / wall);
}

static void begin_load(app_t* app) {
  bool ingest = app->options.workload == BENCH_INGEST;
  uint64_t warm_up = app->options.ops / 10;
  if (warm_up > 1000) warm_up = 1000;
  if (!ingest && uv_guess_handle(2) == UV_TTY)
    uv_timer_start(&app->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
  if (warm_up > 0 && ingest)
    bench_ingest_run(&app->ingest, warm_up);
  else if (warm_up > 0)
    bench_load_run(&app->load, warm_up);
  else
    measure(app);
}

static void on_ingest_ready(bench_ingest_t* ingest) {
  app_t* app = app_of(ingest);
  app->failed = ingest->failed;
  if (ingest->failed)
    end(app);
  else
    begin_load(app);
}

/* The first connection completes all opens; this waits for the others. */
static void on_connect_poll(uv_timer_t* timer) {
  app_t* app = timer->data;
  taosuv_counts_t counts;
  taosuv_client_counts(app->client, &counts);
  if (counts.connections < app->options.connections && counts.connecting > 0) return;
  uv_timer_stop(timer);
  if (counts.connections >= app->options.connections) {
    if (app->options.workload == BENCH_INGEST)
      bench_ingest_prepare(&app->ingest);
    else
      begin_load(app);
    return;
  }
  fprintf(stderr, "taosuv-bench: only %" PRIu32 " of %" PRIu32 " connections could be opened\n",
          counts.connections, app->options.connections);
  app->failed = true;
  end(app);
}

static void on_open(taosuv_open_t* open, int status) {
  app_t* app = open->data;
  if (app->failed) return;
  if (status < 0) {
    fprintf(stderr, "taosuv-bench: connecting failed: %s (%s) at %s\n", open->message,
            taosuv_err_name(status), open->host != NULL ? open->host : "no host");
    app->failed = true;
    end(app);
    return;
  }
  if (++app->opened == app->options.connections)
    uv_timer_start(&app->connect_poll, on_connect_poll, CONNECT_POLL_MS, CONNECT_POLL_MS);
}

/* One open per connection, all at once, makes the pool open all connections. */
static void open_all(app_t* app) {
  for (uint32_t i = 0; i < app->options.connections && !app->failed; i++) {
    app->opens[i].data = app;
    int status = taosuv_open(app->client, &app->opens[i], on_open);
    if (status == 0) continue;
    fprintf(stderr, "taosuv-bench: connecting failed: %s\n", taosuv_strerror(status));
    app->failed = true;
    end(app);
  }
}

static int create(app_t* app, uv_loop_t* loop) {
  char message[256] = "";
  taosuv_allocator_t allocator = bench_counting(&app->counting, app->options.idle_memory);
  taosuv_options_t options;
  taosuv_options_init(&options);
  options.url = app->url;
  options.allocator = &allocator;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_client_create_ex(loop, &options, &app->client);
  if (status < 0) fprintf(stderr, "taosuv-bench: %s\n", message);
  return status;
}

static void report(app_t* app) {
  app->report.client = "taosuv";
  app->report.version = taosuv_version_string();
  app->report.options = &app->options;
  app->report.sums = app->load.sums;
  app->report.latency = &app->load.latency;
  if (app->options.workload == BENCH_INGEST) {
    app->report.sums.rows = app->ingest.affected;
    app->report.latency = NULL;
  }
  app->report.has_allocations = true;
  app->report.allocations = app->counting.calls;
  app->report.has_memory = app->options.idle_memory;
  bench_report_print(&app->report);
}

static int run(app_t* app) {
  uv_loop_t* loop = uv_default_loop();
  app->url = complete_url(&app->options);
  app->opens = calloc(app->options.connections, sizeof *app->opens);
  if (app->url == NULL || app->opens == NULL) {
    fprintf(stderr, "taosuv-bench: out of memory\n");
    return 1;
  }
  bool writes = app->options.workload == BENCH_LINES || app->options.workload == BENCH_INGEST;
  if (writes && bench_lines_prepare(loop, app->options.url) < 0) return 1;
  if (create(app, loop) < 0) return 1;
  if (bench_load_init(&app->load, app->client, &app->options) < 0 ||
      (app->options.workload == BENCH_INGEST &&
       bench_ingest_init(&app->ingest, app->client, &app->options) < 0)) {
    fprintf(stderr, "taosuv-bench: out of memory\n");
    app->failed = true;
  }
  app->load.done = on_load_done;
  app->ingest.ready = on_ingest_ready;
  app->ingest.done = on_ingest_done;
  uv_timer_init(loop, &app->connect_poll);
  uv_timer_init(loop, &app->progress);
  app->connect_poll.data = app->progress.data = app;
  if (app->failed)
    end(app);
  else
    open_all(app);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_loop_close(loop);
  if (uv_guess_handle(2) == UV_TTY && app->measuring) fprintf(stderr, "\n");
  if (!app->failed) report(app);
  bench_load_free(&app->load);
  bench_ingest_free(&app->ingest);
  return app->failed ? 1 : 0;
}

int main(int argc, char** argv) {
  static app_t app;
  int status = bench_options_read(argc, argv, false, &app.options);
  if (status != 0) return status < 0 ? 0 : status;
  if (app.options.workload == BENCH_TMQ) return bench_tmq_run(&app.options);
  status = run(&app);
  free(app.url);
  free(app.opens);
  return status;
}
