/* A whole session of a client, with every request observed from call to callback. */
#include "session_private.h"

/* A failure must be explained by the lack of memory or of a connection, have a text, and not look
 * like an error of the server. */
static void check_failure(const session_t* session, const taosuv_req_t* req, int status) {
  assert_int_equal(req->status, status);
  if (status == 0) return;
  assert_non_null(req->message);
  assert_true(strlen(req->message) > 0);
  if (session->any_status) return;
  bool explained = status == TAOSUV_ENOMEM || status == TAOSUV_ECONNLOST ||
                   status == TAOSUV_ECANCELED || status == TAOSUV_EHTTP || status == UV_EOF ||
                   status == UV_ECONNRESET || status == UV_ECONNREFUSED || status == UV_EPIPE;
  if (!explained) print_error("status %d: %s\n", status, req->message);
  assert_true(explained);
}

session_t* session_completed(taosuv_req_t* req, int status) {
  session_t* session = req->data;
  size_t index = (size_t) ((any_t*) (void*) req - session->calls);
  assert_true(index < session->used);
  assert_true(session->accepted[index]);
  session->called[index]++;
  assert_int_equal(session->called[index], 1);
  session->pending--;
  session->last = status;
  if (status < 0 && session->worst == 0) session->worst = status;
  check_failure(session, req, status);
  return session;
}

any_t* session_next_call(session_t* session) {
  assert_true(session->used < NCALLS);
  any_t* call = &session->calls[session->used++];
  memset(call, 0, sizeof *call);
  call->req.data = session;
  return call;
}

void session_note(session_t* session, int status) {
  if (!session->any_status) assert_int_equal(status, TAOSUV_ENOMEM);
  /* One request is always cancelled. */
  if (session->worst == 0 || session->worst == TAOSUV_ECANCELED) session->worst = status;
}

void session_began(session_t* session, any_t* call, int status) {
  size_t index = (size_t) (call - session->calls);
  if (status == 0) {
    session->accepted[index] = true;
    session->pending++;
    return;
  }
  assert_false(taosuv_is_pending(&call->req));
  session_note(session, status);
  session->last = status;
  session_next_step(session);
}

static void on_open(taosuv_open_t* req, int status) {
  session_next_step(session_completed((taosuv_req_t*) req, status));
}

static void on_exec(taosuv_exec_t* req, int status) {
  session_next_step(session_completed((taosuv_req_t*) req, status));
}

static void on_ping(taosuv_ping_t* req, int status) {
  session_next_step(session_completed((taosuv_req_t*) req, status));
}

static void on_version(taosuv_server_version_t* req, int status) {
  session_next_step(session_completed((taosuv_req_t*) req, status));
}

static void on_status(taosuv_server_status_t* req, int status) {
  session_next_step(session_completed((taosuv_req_t*) req, status));
}

static void on_db(taosuv_current_db_t* req, int status) {
  session_next_step(session_completed((taosuv_req_t*) req, status));
}

static void on_lines(taosuv_insert_lines_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  if (status == 0 && !session->any_status)
    assert_int_equal(req->affected_rows, session->http ? -1 : 1);
  session_next_step(session);
}

/* Two buffers, into the table that discards its rows. */
static int insert_lines(session_t* session, any_t* call) {
  static const char* const text[] = {"sink,t=a v=1i32 ", "1700000000000000000\n"};
  uv_buf_t bufs[2];
  for (int i = 0; i < 2; i++)
    bufs[i] = uv_buf_init((char*) (uintptr_t) text[i], (unsigned) strlen(text[i]));
  call->lines.precision = TAOSUV_LINES_NS;
  return taosuv_insert_lines(session->client, &call->lines, bufs, 2, on_lines);
}

/* Reads a result to its end, or until it fails. */
void session_on_block(taosuv_fetch_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  taosuv_result_t* result = req->result;
  if (status == 0 && req->block != NULL) {
    session->rows += taosuv_block_rows(req->block);
    any_t* call = session_next_call(session);
    status = taosuv_fetch(result, &call->fetch, session_on_block);
    if (status == 0) {
      session_began(session, call, 0);
      return;
    }
    session_note(session, status);
  }
  taosuv_result_close(result);
  session_next_step(session);
}

static void on_query(taosuv_query_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  if (status < 0) {
    assert_null(req->result);
    session_next_step(session);
    return;
  }
  any_t* call = session_next_call(session);
  status = taosuv_fetch(req->result, &call->fetch, session_on_block);
  if (status < 0) taosuv_result_close(req->result);
  session_began(session, call, status);
}

/* Closes the result without reading it. */
static void on_unread(taosuv_query_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  taosuv_result_close(req->result);
  session_next_step(session);
}

static void on_canceled(taosuv_query_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  taosuv_result_close(req->result); /* it may have failed or completed before */
  session_next_step(session);
}

static const char table[] = "select * from bench.rows_7_3";

void session_next_step(session_t* session) {
  if (session->step == 10) {
    session->step++;
    if (session->http) {
      session->step++;
      return;
    }
    session_stmt(session);
    return;
  }
  any_t* call = session->step < 10 ? session_next_call(session) : NULL;
  int status;
  switch (session->step++) {
    case 0: status = taosuv_open(session->client, &call->open, on_open); break;
    case 1: status = taosuv_exec(session->client, &call->exec, "select 1", 8, on_exec); break;
    case 2:
      status = taosuv_query(session->client, &call->query, table, sizeof table - 1, on_query);
      break;
    case 3:
      status = taosuv_query(session->client, &call->query, table, sizeof table - 1, on_unread);
      break;
    case 4:
      status = taosuv_query(session->client, &call->query, table, sizeof table - 1, on_canceled);
      if (status == 0) assert_int_equal(taosuv_cancel(&call->req), 0);
      break;
    case 5: status = taosuv_ping(session->client, &call->ping, on_ping); break;
    case 6: status = taosuv_server_version(session->client, &call->version, on_version); break;
    case 7:
      status = taosuv_server_status(session->client, &call->status, NULL, 0, 0, on_status);
      break;
    case 8: status = taosuv_current_db(session->client, &call->db, on_db); break;
    case 9: status = insert_lines(session, call); break;
    default: return;
  }
  session_began(session, call, status);
}

static void run_until_idle(session_t* session) {
  while (session->pending > 0) uv_run(session->loop, UV_RUN_ONCE);
}

static void on_closed(void* data) {
  session_t* session = data;
  assert_false(session->closed);
  session->closed = true;
}

int session_run(place_t* place, bool any_status, void (*eased)(void*), void* context) {
  uv_loop_t* loop = &place->loop;
  alloc_probe_t* probe = &place->probe;
  session_t session = {.loop = loop,
                       .any_status = any_status,
                       .http = place->http,
                       .decimals = strstr(place->url, "stmt_version=1") == NULL};
  taosuv_options_t options;
  taosuv_options_init(&options);
  taosuv_allocator_t allocator;
  memcpy(&allocator, &probe->alloc, sizeof allocator);
  options.url = place->url;
  options.allocator = &allocator;
  options.data = &session;
  int status = taosuv_client_create_ex(loop, &options, &session.client);
  if (status < 0) {
    assert_int_equal(status, TAOSUV_ENOMEM);
    assert_null(session.client);
    return status;
  }
  session_next_step(&session);
  run_until_idle(&session);
  assert_int_equal(session.step, 12);
  assert_null(session.insert);
  assert_null(session.select);
  int worst = session.worst;
  bool canceled = worst == TAOSUV_ECANCELED; /* one of them always is */
  if (canceled) worst = 0;
  for (unsigned i = 0; i < session.used && canceled; i++)
    if (session.calls[i].req.status < 0 && session.calls[i].req.status != TAOSUV_ECANCELED)
      worst = session.calls[i].req.status;
  if (worst == 0 && !any_status) assert_int_equal(session.rows, place->http ? 7 : 7 + 8);

  if (eased != NULL) eased(context);
  /* Its connection may be cut unnoticed; the next attempt then uses a new one. */
  session.step = 100;
  session.last = -1;
  for (unsigned attempt = 0; attempt < 2 && session.last < 0; attempt++) {
    any_t* call = session_next_call(&session);
    session_began(&session, call, taosuv_exec(session.client, &call->exec, "select 1", 8, on_exec));
    run_until_idle(&session);
  }
  assert_int_equal(session.last, 0);
  for (unsigned i = 0; i < session.used; i++)
    assert_int_equal(session.called[i], session.accepted[i] ? 1 : 0);

  taosuv_close(session.client, on_closed);
  while (!session.closed) uv_run(loop, UV_RUN_ONCE);
  assert_int_equal(probe->live_blocks, 0);
  return worst;
}

void place_set_up(place_t* place, const char* keys, const char* version) {
  assert_int_equal(uv_loop_init(&place->loop), 0);
  /* Compression if the client offers it. */
  ts_config_t config = {.compression = true, .version = version};
  assert_int_equal(ts_server_create(&place->loop, &config, &place->server), 0);
  static const char super_table[] =
      "create stable torture.st (ts timestamp, v int, n nchar(8)) tags (g int)";
  static const char with_decimal[] =
      "create stable torture.dt (ts timestamp, v int, n nchar(8), d decimal(10,3)) tags (g int)";
  assert_int_equal(ts_server_exec(place->server, "create database torture"), 0);
  assert_int_equal(ts_server_exec(place->server, super_table), 0);
  assert_int_equal(ts_server_exec(place->server, with_decimal), 0);
  ts_server_exec(place->server, "create database bench");
  place->http = strncmp(keys, "http", 4) == 0;
  if (place->http) keys += keys[4] == '&' ? 5 : 4;
  /* Many of these servers never answer: closing does not wait long for them. */
  snprintf(place->url, sizeof place->url,
           "%s%s/bench?retries=0&retry_initial=1&retry_max=1&close_timeout=500%s%s",
           place->http ? "http" : "", ts_server_url(place->server) + (place->http ? 2 : 0),
           keys[0] == 0 ? "" : "&", keys);
  alloc_probe_init(&place->probe);
}

void place_tear_down(place_t* place) {
  assert_int_equal(ts_server_counters(place->server).poisonous, 0);
  ts_server_close(place->server, NULL, NULL);
  uv_run(&place->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&place->loop), 0);
}
