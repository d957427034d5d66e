/* taosuv_submit: functions that other threads have run on the client's loop. */
#include "fixture.h"

enum { MANY = 1000, THREADS = 4 };

typedef struct job_s {
  taosuv_submit_t submit;
  struct worker_s* worker;
  unsigned number;
  unsigned calls;
  int status;
  int returned; /* by taosuv_submit */
} job_t;

/* A thread and what it submits; `ran` and `in_order` belong to the loop's thread. */
typedef struct worker_s {
  uv_thread_t thread;
  taosuv_client_t* client;
  uv_thread_t loop_thread;
  job_t jobs[MANY];
  unsigned count;
  unsigned ran;
  bool in_order;
  bool on_loop;
} worker_t;

static void on_job(taosuv_submit_t* submit, int status) {
  job_t* job = submit->data;
  worker_t* worker = job->worker;
  uv_thread_t self = uv_thread_self();
  job->calls++;
  job->status = status;
  if (job->number != worker->ran++) worker->in_order = false;
  if (!uv_thread_equal(&self, &worker->loop_thread)) worker->on_loop = false;
}

static void submit_all(void* data) {
  worker_t* worker = data;
  for (unsigned i = 0; i < worker->count; i++) {
    job_t* job = &worker->jobs[i];
    job->returned = taosuv_submit(worker->client, &job->submit, on_job);
  }
}

static worker_t* make_worker(taosuv_client_t* client, unsigned count) {
  worker_t* worker = calloc(1, sizeof *worker);
  assert_non_null(worker);
  worker->client = client;
  worker->loop_thread = uv_thread_self();
  worker->count = count;
  worker->in_order = worker->on_loop = true;
  for (unsigned i = 0; i < count; i++) {
    worker->jobs[i].submit.data = &worker->jobs[i];
    worker->jobs[i].worker = worker;
    worker->jobs[i].number = i;
  }
  return worker;
}

static bool has_run_all(void* data) {
  const worker_t* worker = data;
  return worker->ran == worker->count;
}

static void check_worker(const worker_t* worker, int status) {
  assert_int_equal(worker->ran, worker->count);
  assert_true(worker->in_order);
  assert_true(worker->on_loop);
  for (unsigned i = 0; i < worker->count; i++) {
    assert_int_equal(worker->jobs[i].returned, 0);
    assert_int_equal(worker->jobs[i].calls, 1);
    assert_int_equal(worker->jobs[i].status, status);
  }
}

static void many_submits_run_in_order_on_the_loops_thread(void** state) {
  it_t* it = *state;
  worker_t* worker = make_worker(it_client(it, ""), MANY);
  assert_int_equal(uv_thread_create(&worker->thread, submit_all, worker), 0);
  assert_true(it_until(it, has_run_all, worker, 10000));
  uv_thread_join(&worker->thread);
  check_worker(worker, 0);
  free(worker);
}

static void several_threads_keep_each_its_order(void** state) {
  it_t* it = *state;
  worker_t* workers[THREADS];
  taosuv_client_t* client = it_client(it, "");
  for (size_t i = 0; i < THREADS; i++) {
    workers[i] = make_worker(client, MANY);
    assert_int_equal(uv_thread_create(&workers[i]->thread, submit_all, workers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    assert_true(it_until(it, has_run_all, workers[i], 10000));
    uv_thread_join(&workers[i]->thread);
  }
  for (size_t i = 0; i < THREADS; i++) {
    check_worker(workers[i], 0);
    free(workers[i]);
  }
}

static void a_submit_that_is_pending_at_the_close_is_cancelled(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  worker_t* worker = make_worker(client, 10);
  assert_int_equal(uv_thread_create(&worker->thread, submit_all, worker), 0);
  uv_thread_join(&worker->thread);
  assert_int_equal(worker->ran, 0);
  it_close(it, client);
  assert_int_equal(worker->ran, 0);
  it_closed(it_slot(it, client));
  check_worker(worker, TAOSUV_ECANCELED);
  free(worker);
}

/* Submits until the call says that the client is closed. */
static void submit_until_closed(void* data) {
  worker_t* worker = data;
  for (worker->count = 0; worker->count < MANY; worker->count++) {
    job_t* job = &worker->jobs[worker->count];
    job->returned = taosuv_submit(worker->client, &job->submit, on_job);
    if (job->returned != 0) return;
    uv_sleep(1);
  }
}

static void a_thread_learns_that_the_client_is_closed(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  it_slot_t* slot = it_slot(it, client);
  worker_t* worker = make_worker(client, MANY);
  assert_int_equal(uv_thread_create(&worker->thread, submit_until_closed, worker), 0);
  it_run(it, 30);
  it_close(it, client);
  uv_thread_join(&worker->thread); /* before the close callback may run */
  assert_in_range(worker->count, 1, MANY - 1);
  assert_int_equal(worker->jobs[worker->count].returned, TAOSUV_ECLOSED);
  it_closed(slot);
  assert_int_equal(worker->ran, worker->count);
  for (unsigned i = 0; i < worker->count; i++) {
    assert_int_equal(worker->jobs[i].calls, 1);
    assert_true(worker->jobs[i].status == 0 || worker->jobs[i].status == TAOSUV_ECANCELED);
  }
  free(worker);
}

static void a_pending_submit_is_busy_and_reusable_afterwards(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  worker_t* worker = make_worker(client, 1);
  taosuv_submit_t* submit = &worker->jobs[0].submit;
  assert_int_equal(taosuv_submit(client, NULL, on_job), TAOSUV_EINVAL);
  assert_int_equal(taosuv_submit(client, submit, NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_submit(NULL, submit, on_job), TAOSUV_EINVAL);
  assert_int_equal(taosuv_submit(client, submit, on_job), 0);
  assert_int_equal(taosuv_submit(client, submit, on_job), TAOSUV_EBUSY);
  assert_int_equal(worker->ran, 0); /* never before the call has returned */
  assert_true(it_until(it, has_run_all, worker, 1000));
  worker->ran = 0;
  assert_int_equal(taosuv_submit(client, submit, on_job), 0);
  assert_true(it_until(it, has_run_all, worker, 1000));
  assert_int_equal(worker->jobs[0].calls, 2);
  free(worker);
}

typedef struct query_job_s {
  taosuv_submit_t submit;
  it_t* it;
  taosuv_client_t* client;
  it_op_t op;
} query_job_t;

static void on_query_job(taosuv_submit_t* submit, int status) {
  query_job_t* job = submit->data;
  assert_int_equal(status, 0);
  assert_int_equal(it_exec(job->it, job->client, &job->op, "select 1"), 0);
}

static void submit_query(void* data) {
  query_job_t* job = data;
  taosuv_submit(job->client, &job->submit, on_query_job);
}

static bool is_executed(void* data) {
  return ((query_job_t*) data)->op.completed == 1;
}

static void a_submitted_function_uses_the_client(void** state) {
  it_t* it = *state;
  uv_thread_t thread;
  query_job_t job = {.it = it, .client = it_client(it, "")};
  job.submit.data = &job;
  assert_int_equal(uv_thread_create(&thread, submit_query, &job), 0);
  assert_true(it_until(it, is_executed, &job, 10000));
  uv_thread_join(&thread);
  assert_int_equal(job.op.req.status, 0);
}

static void on_close_job(taosuv_submit_t* submit, int status) {
  query_job_t* job = submit->data;
  assert_int_equal(status, 0);
  it_close(job->it, job->client);
}

static void a_submitted_function_closes_the_client(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  query_job_t job = {.it = it, .client = client};
  it_slot_t* slot = it_slot(it, client);
  worker_t* worker = make_worker(client, 1);
  job.submit.data = &job;
  assert_int_equal(taosuv_submit(client, &job.submit, on_close_job), 0);
  assert_int_equal(taosuv_submit(client, &worker->jobs[0].submit, on_job), 0);
  assert_true(it_until(it, has_run_all, worker, 1000));
  assert_int_equal(worker->jobs[0].status, TAOSUV_ECANCELED);
  it_closed(slot);
  free(worker);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(many_submits_run_in_order_on_the_loops_thread),
      IT_TEST(several_threads_keep_each_its_order),
      IT_TEST(a_submit_that_is_pending_at_the_close_is_cancelled),
      IT_TEST(a_thread_learns_that_the_client_is_closed),
      IT_TEST(a_pending_submit_is_busy_and_reusable_afterwards),
      IT_TEST(a_submitted_function_uses_the_client),
      IT_TEST(a_submitted_function_closes_the_client),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
