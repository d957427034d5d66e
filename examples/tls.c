/* TLS with a private CA: opens a connection over wss://, reports the error if it fails, and queries
 * one row. From the environment:
 *
 *   TAOSUV_URL   wss://user:password@host:port  (its own tls_ keys are kept)
 *   TAOSUV_CA    file or folder with the CA; without it the system's CAs are trusted
 *   TAOSUV_CERT, TAOSUV_KEY   files with the client's own certificate and its key, where the server
 *                asks for them */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taosuv.h"

static struct {
  taosuv_client_t* client;
  taosuv_open_t open;
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  int failed;
} app;

static void give_up(const char* what, const taosuv_req_t* req) {
  fprintf(stderr, "%s failed: %s (%s)%s\n", what, req->message, taosuv_err_name(req->status),
          taosuv_err_class(req->status) == TAOSUV_CLASS_TLS ? ": see tls_ca in the README" : "");
  app.failed = 1;
  taosuv_close(app.client, NULL);
}

static void on_block(taosuv_fetch_t* req, int status) {
  taosuv_column_t answer;
  if (status == 0 && req->block != NULL && taosuv_block_column(req->block, 0, &answer) == 0)
    printf("the answer: %" PRId64 "\n", taosuv_get_i64(&answer, 0));
  taosuv_result_close(req->result);
  if (status < 0)
    give_up("fetch", (taosuv_req_t*) req);
  else
    taosuv_close(app.client, NULL);
}

static void on_query(taosuv_query_t* req, int status) {
  if (status < 0)
    give_up("query", (taosuv_req_t*) req);
  else
    taosuv_fetch(req->result, &app.fetch, on_block);
}

static void on_open(taosuv_open_t* req, int status) {
  if (status < 0) {
    give_up("open", (taosuv_req_t*) req);
    return;
  }
  printf("connected over TLS to %s, server %s\n", req->host, req->version);
  taosuv_query(app.client, &app.query, "SELECT 42", TAOSUV_NUL_TERMINATED, on_query);
}

/* Adds "key=value" to the URL, with the value percent-encoded; does nothing if there is no
 * value. */
static void add_key(char* url, size_t size, const char* key, const char* value) {
  size_t length = strlen(url);
  if (value == NULL || value[0] == 0) return;
  const char* separator = strchr(url, '?') != NULL ? "&" : "?";
  length += (size_t) snprintf(url + length, size - length, "%s%s=", separator, key);
  for (; *value != 0 && length + 4 < size; value++)
    length += (size_t) snprintf(url + length, size - length, "%%%02X", (unsigned char) *value);
}

int main(void) {
  static char url[8192];
  char message[256];
  const char* base = getenv("TAOSUV_URL");
  if (base == NULL || strncmp(base, "wss://", 6) != 0 || strlen(base) > 1000) {
    fprintf(stderr, "set TAOSUV_URL to wss://user:password@host:port and TAOSUV_CA to a file\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  snprintf(url, sizeof url, "%s", base);
  add_key(url, sizeof url, "tls_ca", getenv("TAOSUV_CA"));
  add_key(url, sizeof url, "tls_cert", getenv("TAOSUV_CERT"));
  add_key(url, sizeof url, "tls_key", getenv("TAOSUV_KEY"));
  taosuv_options_t options;
  taosuv_options_init(&options);
  options.url = url;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_client_create_ex(uv_default_loop(), &options, &app.client);
  if (status < 0) {
    fprintf(stderr, "no client: %s (%s)\n", message, taosuv_err_name(status));
    return 1;
  }
  taosuv_open(app.client, &app.open, on_open);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) != 0 || app.failed;
}
