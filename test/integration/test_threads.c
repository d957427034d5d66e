/* Several loops in several threads, each with a client of its own, against one server. Nothing is
 * shared but the functions that threads submit to each other. test/run tsan runs this under
 * ThreadSanitizer. */
#include <stdatomic.h>

#include "fixture.h"

enum { THREADS = 4, ROUNDS = 20, ROWS = 12000, HOPS = 1000, CLIENTS_IN_TURN = 20, WAIT = 60000 };

typedef struct peer_s {
  uv_thread_t thread;
  uv_loop_t loop; /* of the thread */
  char url[256];
  const char* sql;
  taosuv_client_t* client;
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  taosuv_open_t open;
  unsigned left;     /* rounds, or clients to come */
  uint64_t rows;     /* of all results */
  unsigned closed;   /* clients */
  int failed;        /* the first status that is not 0 */
  int loop_end;      /* of uv_loop_close */
  atomic_bool ready; /* the client is there */
  atomic_bool ended; /* the loop has ended */
} peer_t;

static void note(peer_t* peer, int status) {
  if (status < 0 && peer->failed == 0) peer->failed = status;
}

static void run_loop(peer_t* peer) {
  uv_run(&peer->loop, UV_RUN_DEFAULT);
  peer->loop_end = uv_loop_close(&peer->loop);
  peer->ended = true;
}

static int make_client(peer_t* peer) {
  int status = taosuv_client_create(&peer->loop, peer->url, &peer->client);
  if (status == 0) taosuv_client_set_data(peer->client, peer);
  note(peer, status);
  return status;
}

static void on_closed(void* data) {
  ((peer_t*) data)->closed++;
}

static bool all_ready(void* data) {
  peer_t* peers = data;
  for (size_t i = 0; i < THREADS; i++)
    if (!peers[i].ready) return false;
  return true;
}

static bool all_ended(void* data) {
  peer_t* peers = data;
  for (size_t i = 0; i < THREADS; i++)
    if (!peers[i].ended) return false;
  return true;
}

/* The server may be on the test's loop, which therefore runs until the threads have ended. */
static void start(it_t* it, peer_t* peers, uv_thread_cb entry, const char* sql, unsigned rounds) {
  for (size_t i = 0; i < THREADS; i++) {
    it_url(it, peers[i].url, sizeof peers[i].url, "", "");
    peers[i].sql = sql;
    peers[i].left = rounds;
    assert_int_equal(uv_thread_create(&peers[i].thread, entry, &peers[i]), 0);
  }
}

static void end(it_t* it, peer_t* peers, unsigned clients) {
  assert_true(it_until(it, all_ended, peers, WAIT));
  for (size_t i = 0; i < THREADS; i++) {
    uv_thread_join(&peers[i].thread);
    assert_int_equal(peers[i].failed, 0);
    assert_int_equal(peers[i].loop_end, 0);
    assert_int_equal(peers[i].closed, clients);
  }
}

/* ---- results at the same time ---- */

static void next_query(peer_t* peer);

static void on_block(taosuv_fetch_t* fetch, int status) {
  peer_t* peer = fetch->data;
  note(peer, status);
  if (status == 0 && fetch->block != NULL) {
    peer->rows += taosuv_block_rows(fetch->block);
    note(peer, taosuv_fetch(peer->query.result, fetch, on_block));
    return;
  }
  taosuv_result_close(peer->query.result);
  next_query(peer);
}

static void on_result(taosuv_query_t* query, int status) {
  peer_t* peer = query->data;
  note(peer, status);
  if (status < 0) {
    next_query(peer);
    return;
  }
  peer->fetch.data = peer;
  note(peer, taosuv_fetch(query->result, &peer->fetch, on_block));
}

static void next_query(peer_t* peer) {
  if (peer->left-- == 0) {
    taosuv_close(peer->client, on_closed);
    return;
  }
  peer->query.data = peer;
  note(peer, taosuv_query(peer->client, &peer->query, peer->sql, TAOSUV_NUL_TERMINATED, on_result));
}

static void query_in_rounds(void* data) {
  peer_t* peer = data;
  uv_loop_init(&peer->loop);
  if (make_client(peer) == 0) next_query(peer);
  run_loop(peer);
}

static void loops_in_several_threads_read_results_at_the_same_time(void** state) {
  it_t* it = *state;
  peer_t peers[THREADS] = {0};
  const char* sql = it_numbers(it, it_client(it, ""), ROWS);
  start(it, peers, query_in_rounds, sql, ROUNDS);
  end(it, peers, 1);
  for (size_t i = 0; i < THREADS; i++) assert_int_equal(peers[i].rows, ROUNDS * ROWS);
}

/* ---- clients that come and go ---- */

static void next_client(peer_t* peer);

static void on_closed_in_turn(void* data) {
  peer_t* peer = data;
  peer->closed++;
  next_client(peer);
}

static void on_open(taosuv_open_t* open, int status) {
  peer_t* peer = open->data;
  note(peer, status);
  taosuv_close(peer->client, on_closed_in_turn);
}

static void next_client(peer_t* peer) {
  if (peer->left-- == 0 || make_client(peer) < 0) return;
  peer->open.data = peer;
  note(peer, taosuv_open(peer->client, &peer->open, on_open));
}

static void open_in_turn(void* data) {
  peer_t* peer = data;
  uv_loop_init(&peer->loop);
  next_client(peer);
  run_loop(peer);
}

static void clients_come_and_go_in_several_threads(void** state) {
  it_t* it = *state;
  peer_t peers[THREADS] = {0};
  start(it, peers, open_in_turn, NULL, CLIENTS_IN_TURN);
  end(it, peers, CLIENTS_IN_TURN);
}

/* ---- a function that goes round ---- */

/* Hops from loop to loop; on each it runs a statement before it goes on. */
typedef struct token_s {
  taosuv_submit_t submit;
  taosuv_exec_t exec;
  peer_t* peers;
  unsigned at; /* the peer that it is on, or on its way to */
  unsigned hops;
  unsigned strays;     /* how often it was on another thread than its peer's */
  int failed;          /* the first status that is not 0 */
  atomic_bool is_home; /* it has gone all its hops */
} token_t;

static void hop(token_t* token);

static void on_executed(taosuv_exec_t* exec, int status) {
  token_t* token = exec->data;
  if (status < 0 && token->failed == 0) token->failed = status;
  token->at = (token->at + 1) % THREADS;
  hop(token);
}

static void on_hop(taosuv_submit_t* submit, int status) {
  token_t* token = submit->data;
  peer_t* peer = &token->peers[token->at];
  uv_thread_t self = uv_thread_self();
  if (!uv_thread_equal(&self, &peer->thread)) token->strays++;
  if (status == 0)
    status = taosuv_exec(peer->client, &token->exec, "select 1", TAOSUV_NUL_TERMINATED,
                         on_executed);
  if (status == 0) return;
  token->failed = status;
  token->is_home = true;
}

/* A token that is submitted belongs to the thread that it goes to. */
static void hop(token_t* token) {
  if (token->hops == HOPS) {
    token->is_home = true;
    return;
  }
  token->hops++;
  int status = taosuv_submit(token->peers[token->at].client, &token->submit, on_hop);
  if (status == 0) return;
  token->failed = status;
  token->is_home = true;
}

static bool all_home(void* data) {
  token_t* tokens = data;
  for (size_t i = 0; i < THREADS; i++)
    if (!tokens[i].is_home) return false;
  return true;
}

/* The client's async handle keeps the loop alive until the client is closed. */
static void serve_until_closed(void* data) {
  peer_t* peer = data;
  uv_loop_init(&peer->loop);
  make_client(peer);
  peer->ready = true;
  run_loop(peer);
}

static void close_own(taosuv_submit_t* submit, int status) {
  peer_t* peer = submit->data;
  note(peer, status);
  taosuv_close(peer->client, on_closed);
}

static void threads_submit_to_each_others_loops(void** state) {
  it_t* it = *state;
  peer_t peers[THREADS] = {0};
  token_t tokens[THREADS] = {0};
  taosuv_submit_t closing[THREADS] = {0};
  start(it, peers, serve_until_closed, NULL, 0);
  assert_true(it_until(it, all_ready, peers, WAIT));
  for (size_t i = 0; i < THREADS; i++) {
    tokens[i].submit.data = tokens[i].exec.data = &tokens[i];
    tokens[i].peers = peers;
    tokens[i].at = (unsigned) i;
    hop(&tokens[i]);
  }
  assert_true(it_until(it, all_home, tokens, WAIT));
  for (size_t i = 0; i < THREADS; i++) {
    closing[i].data = &peers[i];
    assert_int_equal(taosuv_submit(peers[i].client, &closing[i], close_own), 0);
  }
  end(it, peers, 1);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(tokens[i].failed, 0);
    assert_int_equal(tokens[i].strays, 0);
    assert_int_equal(tokens[i].hops, HOPS);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(loops_in_several_threads_read_results_at_the_same_time),
      IT_TEST(clients_come_and_go_in_several_threads),
      IT_TEST(threads_submit_to_each_others_loops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
