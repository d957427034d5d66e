/* A connection for HTTP requests over a stream in memory: answers at every cut, and every end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "io/http/http_conn.h"
#include "mem_stream.h"
#include "taosuv/error.h"

typedef struct fixture_s {
  tuv_http_conn_t http; /* the first member */
  alloc_probe_t probe;
  uv_loop_t loop;
  tuv_mem_t* mem;
  tuv_io_shared_t shared;
  mem_stream_t stream;
  bool no_flush;    /* a pending flush is not done */
  int body_status;  /* what on_body returns */
  const char* then; /* the event in which the connection is closed; NULL: none */
  /* One line an event; the pieces of a body are joined. */
  char* heard;
  size_t heard_size;
  bool in_body;
  unsigned downs, gones, pauses, replies, flushes;
  size_t body_size;
  int down_status;
  char down_text[300];
  bool flush_pending, paused;
} fixture_t;

static fixture_t fixture;
static fixture_t* const f = &fixture;

static void hear(const void* data, size_t size) {
  f->heard = realloc(f->heard, f->heard_size + size + 1);
  assert_non_null(f->heard);
  memcpy(f->heard + f->heard_size, data, size);
  f->heard_size += size;
  f->heard[f->heard_size] = '\0';
}

static void hear_event(const char* line) {
  if (f->in_body) hear("\n", 1);
  f->in_body = false;
  hear(line, strlen(line));
}

static void then(const char* event) {
  if (f->then != NULL && strcmp(f->then, event) == 0) tuv_http_conn_close(&f->http);
}

static void on_open(tuv_http_conn_t* http) {
  assert_ptr_equal(http, &f->http);
  hear_event("open\n");
  then("open");
}

static int on_body(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  assert_ptr_equal(context, &f->http);
  if (f->body_status != 0) return tuv_fail(err, f->body_status, "the body is bad");
  f->body_size += size;
  hear(data, size);
  f->in_body = true;
  then("body");
  return 0;
}

static void on_reply(tuv_http_conn_t* http) {
  char line[40];
  snprintf(line, sizeof line, "%d%s\n", http->reply.status, http->spent ? " spent" : "");
  f->replies++;
  hear_event(line);
  then("reply");
}

static void on_down(tuv_http_conn_t* http, int status, const char* message) {
  f->downs++;
  f->down_status = status;
  snprintf(f->down_text, sizeof f->down_text, "%s", message);
  hear_event("down\n");
  tuv_http_conn_close(http); /* no effect */
}

static void on_gone(tuv_http_conn_t* http) {
  assert_ptr_equal(http->stream, NULL);
  f->gones++;
  f->flush_pending = f->paused = false;
}

static void on_flush_pending(tuv_http_conn_t* http) {
  (void) http;
  f->flush_pending = true;
}

static void on_paused(tuv_http_conn_t* http) {
  (void) http;
  f->pauses++;
  f->paused = true;
  then("paused");
}

static const tuv_http_events_t events = {on_open, on_body,          on_reply, on_down,
                                         on_gone, on_flush_pending, on_paused};

static void begin(void) {
  memset(f, 0, sizeof *f);
  alloc_probe_init(&f->probe);
  assert_int_equal(uv_loop_init(&f->loop), 0);
  f->mem = tuv_mem_create(&f->probe.alloc);
  assert_non_null(f->mem);
  f->shared.mem = f->mem;
  f->shared.max_message_size = 1u << 20;
  tuv_http_conn_init(&f->http, &f->shared, &events);
  mem_stream_init(&f->stream, &f->loop, &tuv_http_stream_events, &f->http);
  f->http.stream = &f->stream.stream;
}

/* A turn of the loop, as the owner of the connection makes it. */
static void turn(void) {
  f->shared.work = 0;
  if (f->paused) {
    f->paused = false;
    tuv_http_conn_resume(&f->http);
  }
  if (f->flush_pending && !f->no_flush) {
    f->flush_pending = false;
    f->flushes++;
    tuv_http_conn_flush(&f->http);
  }
  uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void run(void) {
  while (mem_stream_busy(&f->stream) || f->paused || (f->flush_pending && !f->no_flush)) turn();
}

static void open_it(void) {
  begin();
  run();
  assert_string_equal(f->heard, "open\n");
  f->heard_size = 0;
  f->heard[0] = '\0';
}

static void end(void) {
  alloc_probe_fail(&f->probe, 0, false);
  f->stream.hold_write = false;
  tuv_http_conn_close(&f->http);
  run();
  assert_int_equal(f->gones, 1);
  assert_in_range(f->downs, 0, 1);
  tuv_io_shared_free(&f->shared);
  tuv_mem_close(f->mem);
  assert_int_equal(uv_loop_close(&f->loop), 0);
  assert_int_equal(f->probe.live_blocks, 0);
  mem_stream_free(&f->stream);
  free(f->heard);
}

/* Returns the request's position, or UINT64_MAX when there is no memory for it. */
static uint64_t request(const char* text) {
  uint64_t at = UINT64_MAX;
  tuv_buf_t* out = tuv_http_conn_out(&f->http);
  uint8_t* room = tuv_buf_reserve(out, strlen(text));
  if (room == NULL) return at;
  memcpy(room, text, strlen(text));
  tuv_buf_commit(out, strlen(text));
  tuv_http_conn_end(&f->http, &at);
  return at;
}

static void answer(const char* text) {
  mem_stream_feed(&f->stream, text, strlen(text));
}

static const char get[] = "GET / HTTP/1.1\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
static const char endless[] = "HTTP/1.1 200 OK\r\n\r\nhello";

static void require_down(int status, const char* text) {
  assert_int_equal(f->downs, 1);
  assert_int_equal(f->down_status, status);
  if (strstr(f->down_text, text) == NULL) fail_msg("'%s' lacks '%s'", f->down_text, text);
}

static void requests_follow_each_other_on_one_connection(void** state) {
  (void) state;
  open_it();
  for (unsigned i = 0; i < 3; i++) {
    assert_int_equal(request(get), i * (sizeof get - 1));
    run();
    assert_int_equal(f->stream.written_size, (i + 1) * (sizeof get - 1));
    assert_int_equal(tuv_http_conn_sent_up_to(&f->http), f->stream.written_size);
    answer(ok);
    run();
  }
  assert_string_equal(f->heard, "hello\n200\nhello\n200\nhello\n200\n");
  assert_int_equal(f->http.answers, 3);
  assert_int_equal(f->shared.traffic.messages_sent, 3);
  assert_int_equal(f->shared.traffic.messages_received, 3);
  assert_int_equal(f->shared.traffic.bytes_sent, 3 * (sizeof get - 1));
  assert_int_equal(f->shared.traffic.bytes_received, 3 * (sizeof ok - 1));
  assert_int_equal(f->http.received, 3 * (sizeof ok - 1));
  end();
}

static void an_answer_does_not_depend_on_the_cuts(void** state) {
  (void) state;
  for (size_t piece = 1; piece < sizeof ok; piece++) {
    open_it();
    f->stream.piece = piece;
    f->stream.empty_reads = piece % 2 == 0;
    request(get);
    run();
    answer(ok);
    run();
    assert_string_equal(f->heard, "hello\n200\n");
    end();
  }
}

static void an_end_at_every_byte_of_the_answer_is_a_lost_connection(void** state) {
  (void) state;
  static const int ends[] = {UV_EOF, UV_ECONNRESET, TAOSUV_ETLSEOF};
  for (size_t cut = 0; cut < 3 * (sizeof ok - 1); cut++) {
    size_t size = cut / 3;
    int status = ends[cut % 3];
    open_it();
    request(get);
    run();
    mem_stream_feed(&f->stream, ok, size);
    mem_stream_end(&f->stream, status);
    run();
    assert_int_equal(f->replies, 0);
    bool begun = size > 0 && status != UV_ECONNRESET;
    if (status == TAOSUV_ETLSEOF && !begun)
      require_down(TAOSUV_ETLSEOF, taosuv_strerror(TAOSUV_ETLSEOF));
    else
      require_down(TAOSUV_ECONNLOST, begun              ? "before its answer was complete"
                                     : status == UV_EOF ? "the server ended the connection"
                                                        : "reset");
    end();
  }
}

/* A body without a length ends with the connection; over TLS only if close_notify was sent. */
static void an_end_may_complete_an_answer(void** state) {
  (void) state;
  open_it();
  request(get);
  run();
  answer(endless);
  mem_stream_end(&f->stream, UV_EOF);
  run();
  assert_string_equal(f->heard, "hello\n200 spent\n");
  end();
  open_it();
  request(get);
  run();
  answer(endless);
  mem_stream_end(&f->stream, TAOSUV_ETLSEOF);
  run();
  assert_int_equal(f->replies, 0);
  require_down(TAOSUV_ECONNLOST, "before its answer was complete");
  end();
}

static void bytes_that_answer_no_request_end_the_connection(void** state) {
  (void) state;
  open_it();
  answer("HTTP/1.1");
  run();
  require_down(TAOSUV_EHTTP, "the server sent 8 bytes that answer no request");
  end();
}

static void what_is_not_http_ends_the_connection(void** state) {
  (void) state;
  open_it();
  request(get);
  run();
  answer("SSH-2.0-OpenSSH\r\n");
  run();
  assert_int_equal(f->replies, 0);
  require_down(TAOSUV_EHTTP, "");
  end();
}

static void an_answer_says_whether_another_request_may_follow(void** state) {
  (void) state;
  open_it();
  request(get);
  run();
  answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  run();
  assert_string_equal(f->heard, "200 spent\n");
  end();
  open_it();
  request(get);
  run();
  answer("HTTP/1.1 204 No Content\r\n\r\nmore");
  run();
  assert_string_equal(f->heard, "204 spent\n");
  end();
}

/* The server may refuse a request before it has read all of it. */
static void an_answer_before_the_request_has_left_is_the_last_one(void** state) {
  (void) state;
  open_it();
  f->stream.take = 4;
  f->stream.hold_write = true;
  request(get);
  turn();
  answer("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
  while (f->replies == 0) turn();
  assert_string_equal(f->heard, "413 spent\n");
  end();
}

static void the_request_is_whole_wherever_a_write_stops(void** state) {
  (void) state;
  for (size_t take = 0; take < sizeof get; take++) {
    open_it();
    f->stream.take_total = take;
    request(get);
    run();
    assert_int_equal(f->stream.written_size, sizeof get - 1);
    assert_memory_equal(f->stream.written, get, sizeof get - 1);
    assert_int_equal(f->stream.writes, take < sizeof get - 1 ? 1 : 0);
    assert_int_equal(tuv_http_conn_unsent_bytes(&f->http), 0);
    answer(ok);
    run();
    assert_string_equal(f->heard, "hello\n200\n");
    end();
  }
}

static void a_second_flush_during_a_write_does_nothing(void** state) {
  (void) state;
  open_it();
  f->stream.take = 4;
  f->stream.hold_write = true;
  request(get);
  turn();
  tuv_http_conn_flush(&f->http);
  assert_int_equal(f->stream.writes, 1);
  end();
}

static void a_request_that_has_not_left_can_be_taken_back(void** state) {
  (void) state;
  open_it();
  f->no_flush = true;
  assert_int_equal(tuv_http_conn_withdraw(&f->http), 0); /* there is none */
  request(get);
  assert_int_equal(tuv_http_conn_withdraw(&f->http), sizeof get - 1);
  assert_int_equal(tuv_http_conn_withdraw(&f->http), 0);
  assert_int_equal(tuv_http_conn_unsent_bytes(&f->http), 0);
  assert_int_equal(request(get), 0); /* at the same position */
  tuv_http_conn_flush(&f->http);
  assert_int_equal(tuv_http_conn_withdraw(&f->http), 0);
  assert_int_equal(f->stream.written_size, sizeof get - 1);
  end();
}

static void an_error_of_writing_is_a_lost_connection(void** state) {
  (void) state;
  open_it();
  f->stream.try_write_status = UV_EPIPE;
  request(get);
  run();
  require_down(TAOSUV_ECONNLOST, "");
  end();
  open_it();
  f->stream.take = 0;
  f->stream.write_call_status = UV_EPIPE;
  request(get);
  run();
  require_down(TAOSUV_ECONNLOST, "");
  end();
  open_it();
  f->stream.take = 0;
  f->stream.write_call_status = UV_ENOMEM;
  request(get);
  run();
  require_down(UV_ENOMEM, "");
  end();
}

/* The server may have answered before it stopped reading. */
static void an_error_of_a_late_write_lets_the_answer_be_read(void** state) {
  (void) state;
  open_it();
  f->stream.take = 4;
  f->stream.write_status = UV_EPIPE;
  request(get);
  run();
  assert_int_equal(f->downs, 0);
  answer("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  run();
  assert_string_equal(f->heard, "413 spent\n");
  end();
  open_it();
  f->stream.take = 4;
  f->stream.hold_write = true;
  f->stream.write_status = UV_EPIPE;
  request(get);
  turn();
  answer(ok);
  while (f->replies == 0) turn();
  f->stream.hold_write = false; /* now nothing is due that could still come */
  mem_stream_kick(&f->stream);
  run();
  require_down(TAOSUV_ECONNLOST, "");
  end();
}

static char* large_answer(size_t size) {
  char* text = malloc(size + 100);
  assert_non_null(text);
  int head = sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
  memset(text + head, 'x', size);
  text[(size_t) head + size] = '\0';
  return text;
}

static void a_large_body_takes_several_turns(void** state) {
  (void) state;
  enum { SIZE = 500000 };
  char* text = large_answer(SIZE);
  open_it();
  request(get);
  run();
  answer(text);
  run();
  assert_int_equal(f->body_size, SIZE);
  assert_int_equal(f->replies, 1);
  assert_in_range(f->pauses, SIZE / (TUV_TURN_WORK + (16u << 10)), SIZE / TUV_TURN_WORK + 1);
  answer("junk"); /* it reads again */
  run();
  require_down(TAOSUV_EHTTP, "answer no request");
  end();
  free(text);
}

static void a_read_that_cannot_be_started_is_a_failure(void** state) {
  (void) state;
  begin();
  f->stream.read_start_status = UV_ENOMEM;
  run();
  require_down(UV_ENOMEM, "");
  end();
  char* text = large_answer(100000);
  open_it();
  request(get);
  run();
  answer(text);
  f->stream.read_start_status = UV_EIO; /* after the first pause */
  run();
  assert_in_range(f->pauses, 1, 2);
  require_down(TAOSUV_ECONNLOST, "");
  end();
  free(text);
}

static void a_failure_to_connect_is_passed_on(void** state) {
  (void) state;
  begin();
  f->stream.connect_status = UV_ECONNREFUSED;
  run();
  require_down(UV_ECONNREFUSED, taosuv_strerror(UV_ECONNREFUSED));
  end();
  begin();
  f->stream.connect_status = TAOSUV_EDNS;
  f->stream.connect_message = "the host name was not found";
  run();
  require_down(TAOSUV_EDNS, "the host name was not found");
  end();
}

static void a_body_that_the_owner_refuses_ends_the_connection(void** state) {
  (void) state;
  open_it();
  f->body_status = TAOSUV_EPROTO;
  request(get);
  run();
  answer(ok);
  run();
  assert_int_equal(f->replies, 0);
  require_down(TAOSUV_EPROTO, "the body is bad");
  end();
}

static void it_can_be_closed_inside_of_each_event(void** state) {
  (void) state;
  static const char* const inside[] = {"open", "body", "reply", "paused"};
  char* text = large_answer(100000);
  for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
    begin();
    f->then = inside[i];
    run();
    if (i > 0) {
      request(get);
      run();
      answer(i == 3 ? text : ok);
      run();
    }
    assert_int_equal(f->gones, 1);
    assert_int_equal(f->downs, 0);
    end();
  }
  free(text);
}

static void credentials_are_wiped(void** state) {
  (void) state;
  static const char* const canaries[] = {"c2VjcmV0OnNlY3JldA==", NULL};
  open_it();
  f->probe.canaries = canaries;
  request("GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0OnNlY3JldA==\r\n\r\n");
  run();
  end();
  assert_int_equal(f->probe.spilt, 0);
}

/* Returns whether an allocation was made to fail. */
static bool whole_life(size_t n, bool all) {
  static char* text;
  if (text == NULL) text = large_answer(100000);
  begin();
  alloc_probe_fail(&f->probe, n, all);
  run();
  bool sent = f->downs == 0 && request(get) != UINT64_MAX;
  run();
  if (sent) answer(text);
  run();
  bool failed = f->probe.failures > 0;
  assert_int_equal(f->replies + f->downs, sent || f->downs > 0 ? 1 : 0);
  if (f->downs > 0) assert_int_equal(f->down_status, UV_ENOMEM);
  if (!failed) {
    assert_int_equal(f->replies, 1);
    free(text);
    text = NULL;
  }
  end();
  return failed;
}

static void every_failed_allocation_ends_in_one_clean_event(void** state) {
  (void) state;
  for (unsigned all = 0; all < 2; all++) {
    size_t n = 1;
    while (whole_life(n, all != 0)) n++;
    assert_true(n > 2);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_follow_each_other_on_one_connection),
      cmocka_unit_test(an_answer_does_not_depend_on_the_cuts),
      cmocka_unit_test(an_end_at_every_byte_of_the_answer_is_a_lost_connection),
      cmocka_unit_test(an_end_may_complete_an_answer),
      cmocka_unit_test(bytes_that_answer_no_request_end_the_connection),
      cmocka_unit_test(what_is_not_http_ends_the_connection),
      cmocka_unit_test(an_answer_says_whether_another_request_may_follow),
      cmocka_unit_test(an_answer_before_the_request_has_left_is_the_last_one),
      cmocka_unit_test(the_request_is_whole_wherever_a_write_stops),
      cmocka_unit_test(a_second_flush_during_a_write_does_nothing),
      cmocka_unit_test(a_request_that_has_not_left_can_be_taken_back),
      cmocka_unit_test(an_error_of_writing_is_a_lost_connection),
      cmocka_unit_test(an_error_of_a_late_write_lets_the_answer_be_read),
      cmocka_unit_test(a_large_body_takes_several_turns),
      cmocka_unit_test(a_read_that_cannot_be_started_is_a_failure),
      cmocka_unit_test(a_failure_to_connect_is_passed_on),
      cmocka_unit_test(a_body_that_the_owner_refuses_ends_the_connection),
      cmocka_unit_test(it_can_be_closed_inside_of_each_event),
      cmocka_unit_test(credentials_are_wiped),
      cmocka_unit_test(every_failed_allocation_ends_in_one_clean_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
