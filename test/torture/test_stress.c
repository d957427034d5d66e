/* Stress: thousands of mixed requests with random cancels, time limits and faults of the server,
 * from a seed that is printed and can be given (TAOSUV_TEST_SEED). Every accepted request completes
 * once, and memory returns to where it was. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "taosuv.h"
#include "testserver.h"

enum { ROUNDS = 20, PER_ROUND = 1500, IN_FLIGHT = 120 };

typedef struct job_s job_t;

typedef struct stress_s {
  uv_loop_t loop;
  ts_server_t* server;
  alloc_probe_t probe;
  taosuv_client_t* client;
  uint64_t random;
  job_t* jobs;
  unsigned started;
  unsigned running;  /* jobs under way */
  unsigned accepted; /* requests */
  unsigned completed;
  unsigned failed;
  unsigned blocks;
  bool drained, closed;
  taosuv_block_t* kept; /* outlives all clients */
} stress_t;

/* The kind of a job: one request, or a query with its fetches. */
struct job_s {
  stress_t* stress;
  union {
    taosuv_req_t req;
    taosuv_exec_t exec;
    taosuv_query_t query;
    taosuv_ping_t ping;
    taosuv_server_version_t version;
    taosuv_open_t open;
  } first;
  taosuv_fetch_t fetch;
  unsigned blocks_wanted;
  bool first_pending, fetch_pending;
};

static uint64_t draw(stress_t* stress, uint64_t below) {
  stress->random ^= stress->random << 13;
  stress->random ^= stress->random >> 7;
  stress->random ^= stress->random << 17;
  return stress->random % below;
}

static void refill(stress_t* stress);

static void end_job(job_t* job) {
  job->stress->running--;
  refill(job->stress);
}

static void done_with(job_t* job, bool* pending, const taosuv_req_t* req, int status) {
  assert_true(*pending);
  *pending = false;
  assert_int_equal(req->status, status);
  if (status < 0) assert_non_null(req->message);
  job->stress->completed++;
  job->stress->failed += status < 0;
}

/* May cancel the request of another job. */
static void maybe_cancel(stress_t* stress) {
  if (draw(stress, 8) != 0) return;
  job_t* other = &stress->jobs[draw(stress, IN_FLIGHT)];
  if (other->fetch_pending && draw(stress, 2) == 0)
    taosuv_cancel((taosuv_req_t*) (void*) &other->fetch);
  else if (other->first_pending)
    taosuv_cancel(&other->first.req);
}

static void limit(stress_t* stress, taosuv_req_t* req) {
  switch (draw(stress, 4)) {
    case 0: req->timeout_ms = 1 + draw(stress, 60); break;
    case 1: req->deadline = uv_now(&stress->loop) + draw(stress, 60); break;
    default: req->timeout_ms = 150; break;
  }
}

static void on_simple(job_t* job, taosuv_req_t* req, int status) {
  done_with(job, &job->first_pending, req, status);
  maybe_cancel(job->stress);
  end_job(job);
}

static void on_exec(taosuv_exec_t* req, int status) {
  on_simple(req->data, (taosuv_req_t*) req, status);
}

static void on_ping(taosuv_ping_t* req, int status) {
  on_simple(req->data, (taosuv_req_t*) req, status);
}

static void on_version(taosuv_server_version_t* req, int status) {
  on_simple(req->data, (taosuv_req_t*) req, status);
}

static void on_open(taosuv_open_t* req, int status) {
  on_simple(req->data, (taosuv_req_t*) req, status);
}

static void start_fetch(job_t* job, taosuv_result_t* result);

static void on_fetch(taosuv_fetch_t* req, int status) {
  job_t* job = req->data;
  stress_t* stress = job->stress;
  done_with(job, &job->fetch_pending, (taosuv_req_t*) req, status);
  if (status == 0 && req->block != NULL) {
    stress->blocks++;
    assert_true(taosuv_block_columns(req->block) == 4 || taosuv_block_rows(req->block) == 1);
    if (draw(stress, 16) == 0) {
      taosuv_block_unref(stress->kept);
      stress->kept = taosuv_block_ref(req->block);
    }
    maybe_cancel(stress);
    if (job->blocks_wanted-- > 0) {
      start_fetch(job, req->result);
      return;
    }
  }
  taosuv_result_close(req->result);
  end_job(job);
}

static void start_fetch(job_t* job, taosuv_result_t* result) {
  memset(&job->fetch, 0, sizeof job->fetch);
  job->fetch.data = job;
  limit(job->stress, (taosuv_req_t*) (void*) &job->fetch);
  int status = taosuv_fetch(result, &job->fetch, on_fetch);
  if (status == 0) {
    job->fetch_pending = true;
    job->stress->accepted++;
    return;
  }
  assert_int_equal(status, TAOSUV_ENOMEM);
  taosuv_result_close(result);
  end_job(job);
}

static void on_query(taosuv_query_t* req, int status) {
  job_t* job = req->data;
  done_with(job, &job->first_pending, (taosuv_req_t*) req, status);
  if (status == 0 && req->result != NULL && draw(job->stress, 5) != 0) {
    start_fetch(job, req->result);
    return;
  }
  taosuv_result_close(req->result);
  end_job(job);
}

static int start_job(stress_t* stress, job_t* job) {
  static const char* const queries[] = {"select 1", "select * from bench.rows_900_300",
                                        "select * from bench.rows_9000_4096",
                                        "select * from bench.rows_5_1", "selec 1"};
  const char* sql = queries[draw(stress, 5)];
  memset(job, 0, sizeof *job);
  job->stress = stress;
  job->first.req.data = job;
  job->blocks_wanted = (unsigned) draw(stress, 6);
  limit(stress, &job->first.req);
  switch (draw(stress, 8)) {
    case 0: return taosuv_ping(stress->client, &job->first.ping, on_ping);
    case 1: return taosuv_server_version(stress->client, &job->first.version, on_version);
    case 2: return taosuv_open(stress->client, &job->first.open, on_open);
    case 3:
    case 4: return taosuv_exec(stress->client, &job->first.exec, sql, strlen(sql), on_exec);
    default: return taosuv_query(stress->client, &job->first.query, sql, strlen(sql), on_query);
  }
}

/* Keeps as many jobs running as possible, until the round has had its number. */
static void refill(stress_t* stress) {
  for (unsigned i = 0; i < IN_FLIGHT && stress->started < PER_ROUND; i++) {
    job_t* job = &stress->jobs[i];
    if (job->first_pending || job->fetch_pending) continue;
    if (stress->running >= IN_FLIGHT) return;
    int status = start_job(stress, job);
    if (status == TAOSUV_EAGAIN) return; /* the drain callback continues */
    assert_int_equal(status, 0);
    job->first_pending = true;
    stress->accepted++;
    stress->started++;
    stress->running++;
  }
}

static void on_drain(taosuv_client_t* client, void* data) {
  stress_t* stress = data;
  assert_ptr_equal(client, stress->client);
  stress->drained = true;
  refill(stress);
}

static void random_fault(stress_t* stress) {
  ts_fault_t fault = {0};
  switch (draw(stress, 12)) {
    case 0: fault.cut_after_sent = 200 + draw(stress, 400000); break;
    case 1: fault.cut_after_received = 200 + draw(stress, 8000); break;
    case 2: fault.split = 1 + (uint32_t) draw(stress, 5000); break;
    case 3: fault.reorder = 2 + (uint32_t) draw(stress, 6); break;
    case 4: fault.coalesce = 2 + (uint32_t) draw(stress, 6); break;
    case 5: fault.drop_reply = 3 + (uint32_t) draw(stress, 40); break;
    case 6: fault.repeat_reply = 3 + (uint32_t) draw(stress, 40); break;
    case 7: fault.change_id_reply = 1 + (uint32_t) draw(stress, 40); break;
    case 8:
      fault.xor_mask = (uint8_t) (1 + draw(stress, 255));
      fault.xor_offset = draw(stress, 60000);
      break;
    case 9: fault.close_after_replies = 1 + (uint32_t) draw(stress, 60); break;
    case 10: fault.stall_after_replies = 3 + (uint32_t) draw(stress, 60); break;
    default: fault.reply_delay_ms = 1 + (uint32_t) draw(stress, 30); break;
  }
  ts_peer_t* peer = ts_server_peer(stress->server);
  ts_conn_t* conn = ts_peer_next(peer, NULL);
  for (uint64_t skip = draw(stress, 4); conn != NULL && skip > 0; skip--)
    conn = ts_peer_next(peer, conn);
  uint64_t how = draw(stress, 8);
  if (conn == NULL || how < 2)
    ts_peer_set_fault(peer, &fault, 1 + (unsigned) draw(stress, 3));
  else if (how == 2)
    ts_conn_cut(conn);
  else if (how == 3)
    ts_conn_reset(conn);
  else
    ts_conn_set_fault(conn, &fault);
}

static void run_round(stress_t* stress) {
  stress->started = 0;
  refill(stress);
  uint64_t next_fault = uv_now(&stress->loop);
  while (stress->running > 0 || stress->started < PER_ROUND) {
    if (uv_now(&stress->loop) >= next_fault) {
      random_fault(stress);
      next_fault = uv_now(&stress->loop) + 1 + draw(stress, 6);
    }
    uv_run(&stress->loop, UV_RUN_ONCE);
    if (stress->running == 0) refill(stress);
  }
  assert_int_equal(stress->accepted, stress->completed);
}

static void on_closed(void* data) {
  ((stress_t*) data)->closed = true;
}

static void make_client(stress_t* stress) {
  char url[256];
  taosuv_options_t options;
  taosuv_allocator_t allocator;
  alloc_probe_init(&stress->probe);
  memcpy(&allocator, &stress->probe.alloc, sizeof allocator);
  snprintf(url, sizeof url,
           "%s?pool_size=4&retry_initial=2&retry_max=20&max_inflight=20"
           "&max_queue=30&connect_timeout=300",
           ts_server_url(stress->server));
  taosuv_options_init(&options);
  options.url = url;
  options.allocator = &allocator;
  options.on_drain = on_drain;
  options.data = stress;
  assert_int_equal(taosuv_client_create_ex(&stress->loop, &options, &stress->client), 0);
}

static void requests_complete_once_whatever_happens(void** state) {
  static stress_t stress;
  (void) state;
  const char* given = getenv("TAOSUV_TEST_SEED");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : uv_hrtime();
  print_message("seed: TAOSUV_TEST_SEED=%llu\n", (unsigned long long) seed);
  memset(&stress, 0, sizeof stress);
  stress.random = seed * 0x9E3779B97F4A7C15u | 1;
  stress.jobs = calloc(IN_FLIGHT, sizeof *stress.jobs);
  assert_int_equal(uv_loop_init(&stress.loop), 0);
  assert_int_equal(ts_server_create(&stress.loop, NULL, &stress.server), 0);
  make_client(&stress);
  size_t most = 0, last = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    run_round(&stress);
    last = stress.probe.live_bytes;
    if (round < ROUNDS / 2 && last > most) most = last;
  }
  print_message("%u requests, %u of them failed, %u blocks, %llu connections, %zu bytes at rest\n",
                stress.completed, stress.failed, stress.blocks,
                (unsigned long long) ts_server_counters(stress.server).connections, last);
  /* Memory at rest: the pools (at most 4 MiB of buffers) and the connections. */
  assert_true(last <= most + (8u << 20));
  assert_true(stress.blocks > 0 && stress.failed > 0);
  taosuv_close(stress.client, on_closed);
  ts_peer_set_fault(ts_server_peer(stress.server), NULL, 0);
  while (!stress.closed) uv_run(&stress.loop, UV_RUN_ONCE);
  taosuv_block_unref(stress.kept);
  assert_int_equal(stress.probe.live_blocks, 0);
  ts_server_close(stress.server, NULL, NULL);
  uv_run(&stress.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&stress.loop), 0);
  free(stress.jobs);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_complete_once_whatever_happens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
