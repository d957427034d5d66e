/* Changes of HTTP replies: wrong lengths and chunks, heads of all kinds, an end anywhere. */
#include "spoiled.h"
#include "text.h"

enum { CUTS = 80 };

/* A reply that replaces the right one. In the head %z is the length of the body, %s one less, %l
 * one more, and %h the length in hexadecimal. */
typedef struct form_s {
  const char* name;
  sp_verdict_t verdict;
  const char* head;
  const char* body; /* NULL: the right one; then `back` */
  const char* back;
  bool ends; /* the connection ends after it */
} form_t;

#define OK "HTTP/1.1 200 OK\r\n"
#define JSON "Content-Type: application/json\r\n"
#define MAYBE SP_SAME_OR_ERROR

static const form_t forms[] = {
    {"its length", SP_SAME, OK JSON "Content-Length: %z\r\n\r\n", NULL, "", false},
    {"no length, to the end", MAYBE, OK JSON "\r\n", NULL, "", true},
    {"no length and no end", MAYBE, OK JSON "\r\n", NULL, "", false},
    {"a length one too short", MAYBE, OK JSON "Content-Length: %s\r\n\r\n", NULL, "", false},
    {"a length one too long", MAYBE, OK JSON "Content-Length: %l\r\n\r\n", NULL, "", true},
    {"length 0", MAYBE, OK JSON "Content-Length: 0\r\n\r\n", NULL, "", false},
    {"length -1", MAYBE, OK JSON "Content-Length: -1\r\n\r\n", NULL, "", false},
    {"length of text", MAYBE, OK JSON "Content-Length: many\r\n\r\n", NULL, "", false},
    {"length 2^63", MAYBE, OK JSON "Content-Length: 9223372036854775808\r\n\r\n", NULL, "", true},
    {"length 2^64", MAYBE, OK JSON "Content-Length: 18446744073709551616\r\n\r\n", NULL, "", true},
    {"two lengths", MAYBE, OK "Content-Length: %z\r\nContent-Length: 1\r\n\r\n", NULL, "", false},
    {"length and chunks", MAYBE,
     OK "Content-Length: %z\r\nTransfer-Encoding: chunked\r\n\r\n%h\r\n", NULL, "\r\n0\r\n\r\n",
     false},
    {"one chunk", SP_SAME, OK "Transfer-Encoding: chunked\r\n\r\n%h\r\n", NULL, "\r\n0\r\n\r\n",
     false},
    {"a chunk with an extension and a trailer", MAYBE,
     OK "Transfer-Encoding: chunked\r\n\r\n%h;a=b\r\n", NULL, "\r\n0\r\nX: y\r\n\r\n", false},
    {"chunk of a size that is none", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", NULL,
     "\r\n0\r\n\r\n", false},
    {"chunk of a negative size", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\n-5\r\n", NULL,
     "\r\n0\r\n\r\n", false},
    {"chunk of 2^64 - 1", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", NULL,
     "\r\n0\r\n\r\n", true},
    {"chunk of 2^64", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", NULL,
     "\r\n0\r\n\r\n", false},
    {"chunk too short", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\n1\r\n", NULL, "\r\n0\r\n\r\n",
     false},
    {"no last chunk", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\n%h\r\n", NULL, "\r\n", true},
    {"chunks that are none", MAYBE, OK "Transfer-Encoding: chunked\r\n\r\n", NULL, "", false},
    {"another transfer encoding", MAYBE, OK "Transfer-Encoding: gzip\r\n\r\n", NULL, "", true},
    {"100 before", SP_SAME, "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: %z\r\n\r\n", NULL,
     "", false},
    {"103 before", SP_SAME,
     "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK "Content-Length: %z\r\n\r\n", NULL, "",
     false},
    {"only 100", MAYBE, "HTTP/1.1 100 Continue\r\n\r\n", "", "", false},
    {"101", MAYBE, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
     NULL, "", false},
    {"204 without a body", MAYBE, "HTTP/1.1 204 No Content\r\n\r\n", "", "", false},
    {"204 with a body", MAYBE, "HTTP/1.1 204 No Content\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"200 without a body", MAYBE, OK "Content-Length: 0\r\n\r\n", "", "", false},
    {"201 with the body", MAYBE, "HTTP/1.1 201 Created\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"206 with the body", MAYBE, "HTTP/1.1 206 Partial\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"301 to nowhere", SP_ERROR, "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", "", "", false},
    {"302 with the body", SP_ERROR,
     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/x?token=y\r\nContent-Length: %z\r\n\r\n",
     NULL, "", false},
    {"307", SP_ERROR, "HTTP/1.1 307 X\r\nLocation: /rest/sql\r\nContent-Length: 0\r\n\r\n", "", "",
     false},
    {"304", SP_ERROR, "HTTP/1.1 304 Not Modified\r\n\r\n", "", "", false},
    {"400 as text", SP_ERROR, "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\n", "bad", "",
     false},
    {"401 as HTML", SP_ERROR,
     "HTTP/1.1 401 X\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n", "<html></html>", "",
     false},
    {"401 as JSON", SP_ERROR, "HTTP/1.1 401 X\r\nContent-Length: 24\r\n\r\n",
     "{\"code\":4357,\"desc\":\"no\"}", "", false},
    {"403 without a body", SP_ERROR, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "", "",
     false},
    {"404 with the true body", SP_ERROR, "HTTP/1.1 404 X\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"429", SP_ERROR, "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", "", "",
     false},
    {"500 with the true body", SP_ERROR, "HTTP/1.1 500 X\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"500 of schemaless", SP_ERROR, "HTTP/1.1 500 X\r\nContent-Length: 44\r\n\r\n",
     "{\"code\":\"internal error\",\"message\":\"[0x] x\"}", "", false},
    {"502 as HTML to the end", SP_ERROR, "HTTP/1.1 502 X\r\nContent-Type: text/html\r\n\r\n",
     "<html>bad gateway</html>", "", true},
    {"503 without a body", SP_ERROR, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", "", "", false},
    {"999", SP_ERROR, "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "", "", false},
    {"000", MAYBE, "HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n", "", "", false},
    {"a status of 5 digits", MAYBE, "HTTP/1.1 20000 X\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"no reason", MAYBE, "HTTP/1.1 200\r\nContent-Length: %z\r\n\r\n", NULL, "", false},
    {"HTTP/1.0", MAYBE, "HTTP/1.0 200 OK\r\nContent-Length: %z\r\n\r\n", NULL, "", true},
    {"HTTP/2.0", MAYBE, "HTTP/2.0 200 OK\r\nContent-Length: %z\r\n\r\n", NULL, "", false},
    {"no HTTP", SP_ERROR, "SSH-2.0-OpenSSH\r\n", "", "", false},
    {"only LF", MAYBE, "HTTP/1.1 200 OK\nContent-Length: %z\n\n", NULL, "", false},
    {"a header without a colon", MAYBE, OK "spoiled\r\nContent-Length: %z\r\n\r\n", NULL, "",
     false},
    {"a header with a NUL", MAYBE, OK "X: \x01\x02\r\nContent-Length: %z\r\n\r\n", NULL, "", false},
    {"a folded header", MAYBE, OK "X: a\r\n b\r\nContent-Length: %z\r\n\r\n", NULL, "", false},
    {"gzip that is none", MAYBE, OK "Content-Encoding: gzip\r\nContent-Length: %z\r\n\r\n", NULL,
     "", false},
    {"an unknown encoding", MAYBE, OK "Content-Encoding: br\r\nContent-Length: %z\r\n\r\n", NULL,
     "", false},
    {"HTML", MAYBE, OK "Content-Type: text/html\r\nContent-Length: 13\r\n\r\n", "<html></html>", "",
     false},
    {"Connection: close", MAYBE, OK "Connection: close\r\nContent-Length: %z\r\n\r\n", NULL, "",
     true},
    {"garbage behind it", MAYBE, OK "Content-Length: %z\r\n\r\n", NULL, "garbage", false},
    {"another answer behind it", MAYBE, OK "Content-Length: %z\r\n\r\n", NULL,
     OK "Content-Length: 2\r\n\r\n{}", false},
    {"blank lines behind it", MAYBE, OK "Content-Length: %z\r\n\r\n", NULL, "\r\n\r\n", false},
};

/* The head with its numbers; the caller frees it. */
static char* head_of(const char* pattern, size_t size) {
  text_t out = {0};
  for (const char* mark; (mark = strchr(pattern, '%')) != NULL; pattern = mark + 2) {
    size_t number = mark[1] == 's' ? size - 1 : mark[1] == 'l' ? size + 1 : size;
    text_add(&out, "%.*s", (int) (mark - pattern), pattern);
    text_add(&out, mark[1] == 'h' ? "%zx" : "%zu", number);
  }
  text_add(&out, "%s", pattern);
  return out.data;
}

static bool form(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  const form_t* as = &forms[n];
  bool empty = message->size == 0; /* many of these are correct */
  char* head = head_of(as->head, message->size);
  snprintf(spoilt->note, sizeof spoilt->note, "%s", as->name);
  spoilt->verdict = empty && as->verdict == SP_SAME ? SP_SAME_OR_ERROR : as->verdict;
  sp_raw(to, head, strlen(head));
  if (as->body == NULL)
    sp_raw(to, message->bytes, message->size);
  else
    sp_raw(to, as->body, strlen(as->body));
  sp_raw(to, as->back, strlen(as->back));
  if (as->ends) sp_end(to, UV_EOF);
  free(head);
  return true;
}

/* One header of a megabyte, or many headers. */
static void large_head(const sp_message_t* message, sp_stream_t* to, bool many) {
  static char line[1 << 20];
  memset(line, 'x', sizeof line);
  sp_raw(to, OK, strlen(OK));
  if (many) {
    for (unsigned i = 0; i < 20000; i++) sp_raw(to, "X-Spoiled: yes\r\n", 16);
  } else {
    sp_raw(to, "X: ", 3);
    sp_raw(to, line, sizeof line);
    sp_raw(to, "\r\n", 2);
  }
  char* rest = head_of("Content-Length: %z\r\n\r\n", message->size);
  sp_raw(to, rest, strlen(rest));
  sp_raw(to, message->bytes, message->size);
  free(rest);
}

static void in_chunks(const sp_message_t* message, sp_stream_t* to) {
  sp_raw(to, OK "Transfer-Encoding: chunked\r\n\r\n", 47);
  for (size_t i = 0; i < message->size; i++) {
    sp_raw(to, "1\r\n", 3);
    sp_raw(to, message->bytes + i, 1);
    sp_raw(to, "\r\n", 2);
  }
  sp_raw(to, "0\r\n\r\n", 5);
}

static bool cut(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  char* head = head_of(OK JSON "Content-Length: %z\r\n\r\n", message->size);
  size_t before = strlen(head), whole = before + message->size;
  size_t at = n / 2 * (whole / CUTS + 1);
  if (at >= whole) at = whole - 1;
  snprintf(spoilt->note, sizeof spoilt->note, "%s after %zu of %zu bytes",
           n % 2 == 0 ? "EOF" : "reset", at, whole);
  sp_raw(to, head, at < before ? at : before);
  if (at > before) sp_raw(to, message->bytes, at - before);
  sp_end(to, n % 2 == 0 ? UV_EOF : UV_ECONNRESET);
  free(head);
  return true;
}

bool sp_spoil_http(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  if (message->answer->kind != SP_HTTP) return false;
  if (n < COUNT(forms)) return form(message, n, to, spoilt);
  n -= (uint32_t) COUNT(forms);
  spoilt->verdict = SP_SAME_OR_ERROR;
  if (n < 2) {
    snprintf(spoilt->note, sizeof spoilt->note, n == 0 ? "a header of 1 MB" : "20000 headers");
    large_head(message, to, n == 1);
    return true;
  }
  if (n == 2) {
    snprintf(spoilt->note, sizeof spoilt->note, "byte by byte in chunks");
    in_chunks(message, to);
    return true;
  }
  if (n == 3) {
    snprintf(spoilt->note, sizeof spoilt->note, "byte by byte");
    to->mem.piece = 1;
    sp_send(to, SP_HTTP, message->bytes, message->size, message->answer->http_status);
    return true;
  }
  return n - 4 < 2 * CUTS && cut(message, n - 4, to, spoilt);
}
