/* The workload tmq of taosuv-bench: a consumer that reads a topic to its end. */
#include "tmq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counting.h"
#include "report.h"
#include "taosuv.h"
#include "touch.h"

#define TOPIC "taosuv_bench_topic"
#define WAIT_MS 1000u /* no message for this time: the topic is read to its end */

typedef struct run_s {
  const bench_options_t* options;
  taosuv_consumer_t* consumer;
  taosuv_subscribe_t subscribe;
  taosuv_poll_t poll;
  taosuv_consumer_close_t close;
  bench_counting_t counting;
  bench_report_t report;
  bench_cost_t start;
  uint64_t rows; /* total number; 0: unknown */
  bool failed;
} run_t;

static void fail(run_t* run, const char* what, int status, const char* message) {
  fprintf(stderr, "taosuv-bench: %s failed: %s (%s)\n", what,
          message != NULL ? message : taosuv_strerror(status), taosuv_err_name(status));
  run->failed = true;
}

/* ---- the topic ---- */

static void on_exec(taosuv_exec_t* exec, int status) {
  (void) status;
  if (status < 0) fprintf(stderr, "taosuv-bench: %s\n", exec->message);
  taosuv_close(exec->data, NULL);
}

static int execute(const bench_options_t* options, const char* sql) {
  taosuv_client_t* client;
  taosuv_exec_t exec;
  memset(&exec, 0, sizeof exec);
  int status = taosuv_client_create(uv_default_loop(), options->url, &client);
  if (status < 0) return status;
  exec.data = client;
  status = taosuv_exec(client, &exec, sql, TAOSUV_NUL_TERMINATED, on_exec);
  if (status < 0) taosuv_close(client, NULL);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return status < 0 ? status : exec.status;
}

static int make_topic(const bench_options_t* options) {
  size_t size = strlen(options->sql) + sizeof "create topic " TOPIC " as ";
  char* sql = malloc(size);
  if (sql == NULL) return TAOSUV_ENOMEM;
  snprintf(sql, size, "create topic " TOPIC " as %s", options->sql);
  execute(options, "drop topic if exists " TOPIC); /* left by a run that was killed */
  int status = execute(options, sql);
  free(sql);
  return status;
}

/* ---- the consumer ---- */

static void on_closed(taosuv_consumer_close_t* close, int status) {
  run_t* run = close->data;
  if (status < 0 && !run->failed) fail(run, "closing", status, close->message);
}

static void end(run_t* run) {
  run->report.cost = bench_cost_since(&run->start);
  run->close.data = run;
  taosuv_consumer_close(run->consumer, &run->close, on_closed);
}

static void ask(run_t* run);

static void on_message(taosuv_poll_t* poll, int status) {
  run_t* run = poll->data;
  if (status < 0) fail(run, "poll", status, poll->message);
  if (status < 0 || poll->msg == NULL) {
    end(run);
    return;
  }
  for (uint32_t i = 0; i < taosuv_message_blocks(poll->msg); i++)
    bench_touch(taosuv_message_block(poll->msg, i), &run->report.sums);
  if (run->rows != 0 && run->report.sums.rows >= run->rows)
    end(run);
  else
    ask(run);
}

static void ask(run_t* run) {
  int status = taosuv_consumer_poll(run->consumer, &run->poll, WAIT_MS, on_message);
  if (status == 0) return;
  fail(run, "poll", status, NULL);
  end(run);
}

static void on_subscribed(taosuv_subscribe_t* subscribe, int status) {
  run_t* run = subscribe->data;
  run->start = bench_cost_now();
  if (status < 0) {
    fail(run, "subscribe", status, subscribe->message);
    end(run);
    return;
  }
  run->poll.data = run;
  ask(run);
}

static int create(run_t* run) {
  static const taosuv_property_t properties[] = {{"group.id", "taosuv_bench"},
                                                 {"auto.offset.reset", "earliest"}};
  char message[256] = "";
  taosuv_allocator_t allocator = bench_counting(&run->counting, run->options->idle_memory);
  taosuv_consumer_options_t options;
  taosuv_consumer_options_init(&options);
  options.url = run->options->url;
  options.properties = properties;
  options.count = sizeof properties / sizeof *properties;
  options.allocator = &allocator;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_consumer_create(uv_default_loop(), &options, &run->consumer);
  if (status < 0) fail(run, "creating the consumer", status, message);
  return status;
}

static void print(run_t* run) {
  run->report.client = "taosuv";
  run->report.version = taosuv_version_string();
  run->report.options = run->options;
  run->report.has_allocations = true;
  run->report.allocations = run->report.allocations_measured = run->counting.calls;
  bench_report_print(&run->report);
}

int bench_tmq_run(const bench_options_t* options) {
  static run_t run;
  static const char* const topics[] = {TOPIC};
  const char* rows = strstr(options->sql, "bench.rows_");
  run.options = options;
  if (rows != NULL) run.rows = strtoull(rows + strlen("bench.rows_"), NULL, 10);
  if (make_topic(options) < 0) return 1;
  if (create(&run) == 0) {
    run.subscribe.data = &run;
    int status = taosuv_consumer_subscribe(run.consumer, &run.subscribe, topics, 1, on_subscribed);
    if (status < 0) {
      fail(&run, "subscribe", status, NULL);
      end(&run);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  }
  if (!run.failed) print(&run);
  if (execute(options, "drop topic if exists " TOPIC) < 0) run.failed = true;
  uv_loop_close(uv_default_loop());
  return run.failed ? 1 : 0;
}
