/* Three servers that are killed, stalled and restarted under load: the outcome of each request is
 * accounted for exactly, and the connections are distributed evenly again. */
#include "cluster.h"

enum { WINDOW = 60, POOL = 12, MOST = 2000000 };

/* What servers and callbacks said of each request; its number is its req_id. */
typedef struct account_s {
  uint8_t* executed;  /* how often a server has run it */
  uint8_t* completed; /* how often it was called back */
  int32_t* status;
  uint8_t* flags;
  uint64_t issued;
  uint64_t on_server[CL_HOSTS]; /* run since the server was started */
} account_t;

typedef struct load_s load_t;

typedef struct slot_s {
  it_op_t op;
  load_t* load;
} slot_t;

struct load_s {
  cl_t cluster;
  taosuv_client_t* client;
  account_t account;
  slot_t slots[WINDOW];
  unsigned running;
  bool stopping;
  struct {
    account_t* account;
    size_t server;
  } spies[CL_HOSTS];
};

static bool is_idempotent(uint64_t id) {
  return id % 4 == 0;
}

/* A server is about to run a message: inserts are counted by their req_id. */
static void spy(void* data, const char* action, const void* message, size_t size) {
  struct {
    account_t* account;
    size_t server;
  }* who = data;
  if (strcmp(action, "binary_query") != 0 || size < 8) return;
  uint64_t id = taosuv_load_u64(message);
  if (id == 0 || id > who->account->issued) return; /* of the test itself */
  who->account->executed[id]++;
  who->account->on_server[who->server]++;
}

static void start_server(load_t* load, size_t i) {
  load->spies[i].account = &load->account;
  load->spies[i].server = i;
  load->account.on_server[i] = 0;
  cl_start(&load->cluster, i, &(ts_config_t) {.spy = spy, .spy_data = &load->spies[i]});
  ts_server_t* server = load->cluster.server[i];
  assert_int_equal(ts_server_exec(server, "create database load"), 0);
  assert_int_equal(ts_server_exec(server, "create table load.t (ts timestamp, v int)"), 0);
}

/* ---- load: always WINDOW requests under way ---- */

static void issue(slot_t* slot);

static void on_done(it_op_t* op) {
  slot_t* slot = op->data;
  account_t* account = &slot->load->account;
  uint64_t id = op->req.req_id;
  account->completed[id]++;
  account->status[id] = op->req.status;
  account->flags[id] = (uint8_t) op->req.err_flags;
  slot->load->running--;
  if (!slot->load->stopping) issue(slot);
}

static void issue(slot_t* slot) {
  load_t* load = slot->load;
  char sql[80];
  uint64_t id = ++load->account.issued;
  assert_true(id < MOST);
  snprintf(sql, sizeof sql, "insert into load.t values (%llu, 1)", (unsigned long long) id);
  slot->op.req.req_id = id;
  slot->op.req.idempotent = is_idempotent(id);
  slot->op.then = on_done;
  slot->op.data = slot;
  load->running++;
  assert_int_equal(it_exec(load->cluster.it, load->client, &slot->op, sql), 0);
}

static load_t* start_load(it_t* it) {
  load_t* load = calloc(1, sizeof *load);
  load->account = (account_t) {.executed = calloc(MOST, 1),
                               .completed = calloc(MOST, 1),
                               .status = calloc(MOST, sizeof(int32_t)),
                               .flags = calloc(MOST, 1)};
  load->cluster = (cl_t) {.it = it, .server = it->others};
  for (size_t i = 0; i < CL_HOSTS; i++) start_server(load, i);
  load->client = cl_client(
      &load->cluster, CL_HOSTS,
      "pool_size=12&max_inflight=8&ping_interval=100&connect_timeout=250&retries=100"
      "&timeout=2000");
  for (size_t i = 0; i < WINDOW; i++) {
    load->slots[i].load = load;
    issue(&load->slots[i]);
  }
  return load;
}

static bool is_idle(void* data) {
  return ((load_t*) data)->running == 0;
}

/* ---- the account ---- */

/* Of a lost connection, of a host that is down, of a server that does not answer. */
static bool is_plausible(int status) {
  return status == TAOSUV_ECONNLOST || status == TAOSUV_ECONNTIMEOUT || status == UV_ECONNREFUSED ||
         status == UV_ECONNRESET || status == TAOSUV_ETIMEDOUT || status == TAOSUV_EUNSENT;
}

static void check_one(const account_t* account, uint64_t id) {
  int status = account->status[id];
  unsigned executed = account->executed[id];
  bool maybe = (account->flags[id] & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  bool right = account->completed[id] == 1;
  if (status == 0)
    right = right && executed >= 1 && (executed == 1 || is_idempotent(id));
  else if (!maybe)
    right = right && is_plausible(status) && executed == 0;
  else
    right = right && is_plausible(status) && (executed <= 1 || is_idempotent(id));
  if (!right)
    fail_msg("request %llu: called back %d times, %s, flags %d, executed %u times",
             (unsigned long long) id, account->completed[id], taosuv_err_name(status),
             account->flags[id], executed);
}

static void check_account(const load_t* load, bool may_fail) {
  const account_t* account = &load->account;
  uint64_t fine = 0, lost = 0, run = 0, once = 0;
  for (uint64_t id = 1; id <= account->issued; id++) {
    check_one(account, id);
    bool maybe = (account->flags[id] & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
    fine += account->status[id] == 0;
    lost += account->status[id] != 0;
    if (is_idempotent(id)) continue;
    once += account->status[id] == 0 || (maybe && account->executed[id] > 0);
    run += account->executed[id];
  }
  assert_int_equal(fine + lost, account->issued);
  assert_int_equal(run, once); /* every row is either reported or maybe executed */
  assert_true(fine > lost);
  if (!may_fail) assert_int_equal(lost, 0);
}

/* The rows that are on a server are those that it was seen to run. An idempotent one that came
 * twice to one server has the same time stamp, and is one row. */
static void check_rows(load_t* load) {
  for (size_t i = 0; i < CL_HOSTS; i++) {
    char url[128];
    it_t* it = load->cluster.it;
    snprintf(url, sizeof url, "%s/load", ts_server_url(load->cluster.server[i]));
    taosuv_client_t* client = it_client_url(it, url);
    uint64_t rows = (uint64_t) it_number(it, client, "select count(*) from t");
    assert_in_range(rows, load->account.on_server[i] * 9 / 10, load->account.on_server[i]);
    it_close_wait(it, client);
    memset(it_slot(it, NULL), 0, sizeof *it->slots);
  }
}

static void stop_load(load_t* load, bool may_fail) {
  it_t* it = load->cluster.it;
  load->stopping = true;
  assert_true(it_until(it, is_idle, load, 60000));
  check_account(load, may_fail);
  check_rows(load);
  it_close_wait(it, load->client);
  memset(it_slot(it, NULL), 0, sizeof *it->slots);
  cl_stop_all(&load->cluster);
  free(load->account.executed);
  free(load->account.completed);
  free(load->account.status);
  free(load->account.flags);
  free(load);
}

/* ---- events ---- */

static void kill_server(load_t* load, size_t i) {
  cl_stop(&load->cluster, i);
}

/* It says nothing any more: what it reads it runs, but nobody hears of it. */
static void stall(load_t* load, size_t i) {
  ts_peer_t* peer = ts_server_peer(load->cluster.server[i]);
  ts_fault_t fault = {.stall = true};
  ts_peer_set_fault(peer, &fault, 0);
  for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
    ts_conn_set_fault(conn, &fault);
}

/* It does not even read. */
static void freeze(load_t* load, size_t i) {
  stall(load, i);
  ts_peer_pause(ts_server_peer(load->cluster.server[i]), true);
}

static void heal(load_t* load, size_t i) {
  if (load->cluster.server[i] == NULL) {
    start_server(load, i);
    return;
  }
  ts_peer_t* peer = ts_server_peer(load->cluster.server[i]);
  ts_peer_pause(peer, false);
  ts_peer_set_fault(peer, NULL, 0);
  for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
    ts_conn_set_fault(conn, NULL);
}

typedef struct event_s {
  void (*happen)(load_t* load, size_t i);
  size_t victim; /* of an order of the three */
} event_t;

static const event_t stories[][6] = {
    {{kill_server, 0}, {stall, 1}, {heal, 0}, {kill_server, 2}, {heal, 1}, {heal, 2}},
    {{stall, 0}, {kill_server, 1}, {heal, 1}, {freeze, 2}, {heal, 0}, {heal, 2}},
    {{freeze, 0}, {stall, 1}, {kill_server, 2}, {heal, 2}, {heal, 0}, {heal, 1}}};

static const size_t orders[][CL_HOSTS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static void every_request_is_accounted_for(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t s = 0; s < COUNT(stories); s++) {
    for (size_t o = 0; o < COUNT(orders); o++) {
      load_t* load = start_load(it);
      cl_until_spread(&load->cluster, POOL / 3, POOL / 3, POOL / 3);
      for (size_t e = 0; e < COUNT(stories[s]); e++) {
        stories[s][e].happen(load, orders[o][stories[s][e].victim]);
        it_run(it, 40);
      }
      cl_until_spread(&load->cluster, POOL / 3, POOL / 3, POOL / 3); /* as it was, under load */
      stop_load(load, true);
    }
  }
}

/* All at once, and back again: what waited is done, what was on its way may be lost. */
static void all_servers_die_and_come_back(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  load_t* load = start_load(it);
  for (int round = 0; round < 3; round++) {
    cl_until_spread(&load->cluster, POOL / 3, POOL / 3, POOL / 3);
    for (size_t i = 0; i < CL_HOSTS; i++) kill_server(load, i);
    it_run(it, 100);
    for (size_t i = 0; i < CL_HOSTS; i++) heal(load, i);
  }
  cl_until_spread(&load->cluster, POOL / 3, POOL / 3, POOL / 3);
  stop_load(load, true);
}

static void without_events_nothing_is_lost(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  load_t* load = start_load(it);
  it_run(it, 300);
  stop_load(load, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(without_events_nothing_is_lost),
      IT_TEST(every_request_is_accounted_for),
      IT_TEST(all_servers_die_and_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
