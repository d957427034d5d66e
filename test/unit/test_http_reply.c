/* HTTP answers read in pieces of every size, and HTTP requests written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/alloc.h"
#include "wire/http/reply.h"
#include "wire/http/request.h"
#include "wire/status.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define OK "HTTP/1.1 200 OK\r\n"

typedef struct reader_s {
  tuv_http_reply_t reply;
  char body[4096];
  size_t size;
  tuv_errmsg_t err;
} reader_t;

static int on_body(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  reader_t* reader = context;
  if (size == 4 && memcmp(data, "stop", 4) == 0) return tuv_fail(err, TUV_EPROTO, "stopped");
  assert_true(size <= sizeof reader->body - reader->size);
  memcpy(reader->body + reader->size, data, size);
  reader->size += size;
  return 0;
}

static void open_reader(reader_t* reader, uint64_t limit) {
  tuv_http_reply_init(&reader->reply, &tuv_alloc_default, limit, on_body, reader);
}

/* Returns the last status; *left is what was not taken. */
static int feed(reader_t* reader, const char* text, size_t size, size_t piece, size_t* left) {
  int status = 0;
  tuv_http_reply_begin(&reader->reply);
  reader->size = 0;
  reader->err.text[0] = 0;
  for (size_t at = 0; at < size && status == 0;) {
    size_t part = size - at < piece ? size - at : piece, used;
    char* bytes = malloc(part);
    memcpy(bytes, text + at, part);
    status = tuv_http_reply_feed(&reader->reply, bytes, part, &used, &reader->err);
    free(bytes);
    at += used;
    *left = size - at;
  }
  return status;
}

static void test_answers_are_read_in_every_piece(void** state) {
  static const struct {
    const char* text;
    int status;
    const char* body;
    bool keep_alive;
    size_t left;
  } cases[] = {
      {OK "Content-Length: 5\r\n\r\nhello", 200, "hello", true, 0},
      {OK "content-length:0\r\nContent-Type: application/json; charset=utf-8\r\n\r\n", 200, "",
       true, 0},
      {OK "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n", 200,
       "hello", true, 0},
      {"HTTP/1.1 100 Continue\r\nContent-Encoding: br\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi",
       200, "hi", true, 0},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nextra", 204, "", true, 5},
      {"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n", 304, "", true, 0},
      {OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false, 0},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false, 0},
      {OK "Content-Length: 2\r\n\r\nhiHTTP/1.1", 200, "hi", true, 8},
  };
  reader_t reader = {.size = 0};
  (void) state;
  open_reader(&reader, 1000);
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
      size_t left = 0;
      int status = feed(&reader, cases[i].text, strlen(cases[i].text), piece, &left);
      if (status != 1) fail_msg("%s: %d %s", cases[i].text, status, reader.err.text);
      assert_int_equal(reader.reply.status, cases[i].status);
      assert_int_equal(reader.reply.keep_alive, cases[i].keep_alive);
      assert_int_equal(reader.size, strlen(cases[i].body));
      assert_memory_equal(reader.body, cases[i].body, reader.size);
      if (piece == strlen(cases[i].text)) assert_int_equal(left, cases[i].left);
    }
  tuv_http_reply_free(&reader.reply);
}

static void test_other_versions_are_refused(void** state) {
  static const char* const texts[] = {"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                                      "HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nhi"};
  reader_t reader = {.size = 0};
  size_t left;
  (void) state;
  for (size_t i = 0; i < COUNT(texts); i++) {
    open_reader(&reader, 1000);
    assert_int_equal(feed(&reader, texts[i], strlen(texts[i]), 7, &left), TUV_EPROTO);
    assert_non_null(strstr(reader.err.text, "not HTTP/1.1"));
    assert_int_equal(reader.size, 0);
    tuv_http_reply_free(&reader.reply);
  }
}

static void test_headers_that_matter(void** state) {
  reader_t reader = {.size = 0};
  size_t left;
  (void) state;
  open_reader(&reader, 1000);
  static const char text[] =
      "HTTP/1.1 503 Busy\r\nContent-Type: Application/JSON;x\r\nRetry-After: 120\r\n"
      "Location: http://a/b?token=secret\r\nContent-Length: 16\r\n\r\nno\x01 token=?token";
  assert_int_equal(feed(&reader, text, sizeof text - 1, 9, &left), 1);
  assert_true(reader.reply.json);
  assert_int_equal(reader.reply.retry_after, 120);
  assert_string_equal(reader.reply.location, "http://a/b");
  assert_string_equal(reader.reply.quote, "no token=");
  tuv_http_reply_free(&reader.reply);
}

static void test_what_is_no_answer_is_refused(void** state) {
  static const struct {
    const char* text;
    int status;
  } cases[] = {
      {"SSH-2.0-OpenSSH\r\n", TUV_EHTTP},
      {"\x16\x03\x01\x00", TUV_EHTTP},
      {OK "Content-Length: x\r\n\r\n", TUV_EHTTP},
      {OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", TUV_EHTTP},
      {OK "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", TUV_EHTTP},
      {OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", TUV_EHTTP},
      {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", TUV_EHTTP},
      {OK "Content-Encoding: br\r\n\r\n", TUV_EHTTP},
      {OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", TUV_EHTTP},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
       TUV_EHTTP},
      {OK "Content-Length: 11\r\n\r\n0123456789a", TUV_EMSGSIZE},
      {OK "Content-Length: 4\r\n\r\nstop", TUV_EPROTO},
  };
  reader_t reader = {.size = 0};
  (void) state;
  open_reader(&reader, 10);
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t left;
    int status = feed(&reader, cases[i].text, strlen(cases[i].text), SIZE_MAX / 2, &left);
    if (status != cases[i].status) fail_msg("%s: %d %s", cases[i].text, status, reader.err.text);
    assert_string_not_equal(reader.err.text, "");
  }
  tuv_http_reply_free(&reader.reply);
}

static void test_a_head_without_end_is_refused(void** state) {
  reader_t reader = {.size = 0};
  tuv_errmsg_t err;
  size_t used, total = 0;
  (void) state;
  open_reader(&reader, 10);
  tuv_http_reply_begin(&reader.reply);
  int status = tuv_http_reply_feed(&reader.reply, OK, sizeof OK - 1, &used, &err);
  while (status == 0 && total < 100000) {
    status = tuv_http_reply_feed(&reader.reply, "X: yyyyyyyyyyyy\r\n", 17, &used, &err);
    total += 17;
  }
  assert_int_equal(status, TUV_EHTTP);
  assert_in_range(total, TUV_HTTP_MAX_HEAD - 100, TUV_HTTP_MAX_HEAD + 100);
  tuv_http_reply_free(&reader.reply);
}

static void test_the_end_of_the_connection(void** state) {
  static const struct {
    const char* text;
    int status;
  } cases[] = {{"", TUV_EHTTP},
               {OK "Content-Le", TUV_EHTTP},
               {OK "Content-Length: 5\r\n\r\nhell", TUV_EHTTP},
               {OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", TUV_EHTTP},
               {OK "\r\nall of it", 1}};
  reader_t reader = {.size = 0};
  (void) state;
  open_reader(&reader, 1000);
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t left;
    assert_int_equal(feed(&reader, cases[i].text, strlen(cases[i].text), 3, &left), 0);
    assert_int_equal(tuv_http_reply_begun(&reader.reply), i > 0);
    assert_int_equal(tuv_http_reply_eof(&reader.reply, &reader.err), cases[i].status);
  }
  assert_int_equal(reader.size, 9);
  assert_false(reader.reply.keep_alive);
  tuv_http_reply_free(&reader.reply);
}

#ifdef TUV_HAVE_DEFLATE
/* "hello" forty times, as gzip writes it. */
#define PACKED                                                                                     \
  "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xcf"                               \
  "\x18\xfa\x04\x00\xe1\x50\xd3\x00\xc8\x00\x00\x00"

static size_t write_gzip(char* out, size_t room, size_t cut) {
  size_t size = sizeof PACKED - 1 - cut;
  int head = snprintf(out, room, OK "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", size);
  if (head < 0 || (size_t) head > room - size) abort(); /* which optimisers understand */
  memcpy(out + head, PACKED, size);
  return (size_t) head + size;
}

static void test_gzip_is_inflated_and_bounded(void** state) {
  reader_t reader = {.size = 0};
  char text[512];
  size_t left, size = write_gzip(text, sizeof text, 0);
  (void) state;
  open_reader(&reader, 200);
  for (size_t piece = 1; piece <= size; piece++) {
    assert_int_equal(feed(&reader, text, size, piece, &left), 1);
    assert_int_equal(reader.size, 200);
    assert_memory_equal(reader.body + 195, "hello", 5);
  }
  size_t last = strlen("hello");
  text[size - 5] ^= 1; /* the check sum */
  assert_int_equal(feed(&reader, text, size, size, &left), TUV_EHTTP);
  for (size_t cut = 1; cut < 12; cut++) {
    size = write_gzip(text, sizeof text, cut);
    assert_int_equal(feed(&reader, text, size, last, &left), TUV_EHTTP);
  }
  tuv_http_reply_free(&reader.reply);
  open_reader(&reader, 199);
  size = write_gzip(text, sizeof text, 0);
  assert_int_equal(feed(&reader, text, size, size, &left), TUV_EMSGSIZE);
  tuv_http_reply_free(&reader.reply);
}
#endif

/* All is fed at once; each feed may hand on a limited number of bytes. Returns how many feeds it
 * took. */
static unsigned feed_in_turns(reader_t* reader, const char* text, size_t size, size_t allowance) {
  size_t at = 0, used;
  unsigned feeds = 0;
  int status;
  tuv_http_reply_begin(&reader->reply);
  reader->size = 0;
  do {
    size_t before = reader->size;
    reader->reply.allowance = allowance;
    status = tuv_http_reply_feed(&reader->reply, text + at, size - at, &used, &reader->err);
    assert_true(reader->size - before <= allowance + 16384);
    at += used;
    feeds++;
  } while (status == TUV_HTTP_PAUSED);
  assert_int_equal(status, 1);
  assert_int_equal(at, size);
  return feeds;
}

static void test_a_body_is_handed_on_in_turns(void** state) {
  (void) state;
  static const char plain[] = OK "Content-Length: 5\r\n\r\nhello";
  static const char chunked[] = OK
      "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
  reader_t reader;
  open_reader(&reader, 4096);
  assert_int_equal(feed_in_turns(&reader, plain, sizeof plain - 1, 5), 1);
  assert_int_equal(feed_in_turns(&reader, chunked, sizeof chunked - 1, 3), 2);
  assert_int_equal(reader.size, 5);
  assert_memory_equal(reader.body, "hello", 5);
  /* Nothing may be handed on: the bytes are kept, until it is allowed. */
  size_t used;
  tuv_http_reply_begin(&reader.reply);
  reader.size = reader.reply.allowance = 0;
  for (int i = 0; i < 3; i++) {
    const char* text = i == 0 ? plain : plain + sizeof plain - 1;
    int status = tuv_http_reply_feed(&reader.reply, text, i == 0 ? sizeof plain - 1 : 0, &used,
                                     &reader.err);
    assert_int_equal(status, TUV_HTTP_PAUSED);
    assert_int_equal(reader.size, 0);
  }
  reader.reply.allowance = 1;
  assert_int_equal(tuv_http_reply_feed(&reader.reply, plain, 0, &used, &reader.err), 1);
  assert_int_equal(reader.size, 5);
  tuv_http_reply_free(&reader.reply);
}

static void test_requests_are_written(void** state) {
  tuv_buf_t out;
  (void) state;
  tuv_buf_init(&out, &tuv_alloc_default);
  assert_int_equal(tuv_http_put(&out, "/x", 2), 0);
  assert_int_equal(tuv_http_put_param(&out, 0, "a", ""), 0);
  assert_int_equal(tuv_http_put_param(&out, 0, "b", "c d&\xc3\xa9"), 0);
  assert_int_equal(tuv_http_put_param(&out, 0, "e", "-_.~"), 0);
  assert_int_equal(tuv_http_put_number(&out, UINT64_MAX), 0);
  static const char target[] = "/x?b=c%20d%26%C3%A9&e=-_.~18446744073709551615";
  assert_int_equal(tuv_buf_size(&out), sizeof target - 1);
  assert_memory_equal(out.data, target, sizeof target - 1);
  tuv_buf_free(&out);
  tuv_http_head_t head = {.method = "POST",
                          .target = "/y",
                          .target_size = 2,
                          .more = "7",
                          .host = "::1%eth0",
                          .port = 6041,
                          .authorization = "Basic eDp5",
                          .gzip = true,
                          .has_body = true,
                          .body_size = 12};
  assert_int_equal(tuv_http_write_head(&out, &head), 0);
  assert_int_equal(tuv_http_put(&out, "", 1), 0); /* ends the text */
  const char* text = (const char*) out.data;
  assert_memory_equal(text, "POST /y7 HTTP/1.1\r\nHost: [::1]:6041\r\n", 37);
  assert_non_null(strstr(text, "\r\nAuthorization: Basic eDp5\r\n"));
  assert_non_null(strstr(text, "\r\nAccept-Encoding: gzip\r\n"));
  assert_non_null(strstr(text, "\r\nContent-Length: 12\r\n\r\n"));
  head.authorization = "Basic a\r\nX: y";
  assert_int_equal(tuv_http_write_head(&out, &head), TUV_EINVAL);
  head.authorization = "";
  head.host = "a b";
  assert_int_equal(tuv_http_write_head(&out, &head), TUV_EINVAL);
  tuv_buf_free(&out);
  char* basic = tuv_http_basic(&tuv_alloc_default, "root", "taosdata");
  assert_string_equal(basic, "Basic cm9vdDp0YW9zZGF0YQ==");
  free(basic);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_answers_are_read_in_every_piece),
      cmocka_unit_test(test_other_versions_are_refused),
      cmocka_unit_test(test_headers_that_matter),
      cmocka_unit_test(test_what_is_no_answer_is_refused),
      cmocka_unit_test(test_a_head_without_end_is_refused),
      cmocka_unit_test(test_the_end_of_the_connection),
#ifdef TUV_HAVE_DEFLATE
      cmocka_unit_test(test_gzip_is_inflated_and_bounded),
#endif
      cmocka_unit_test(test_a_body_is_handed_on_in_turns),
      cmocka_unit_test(test_requests_are_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
