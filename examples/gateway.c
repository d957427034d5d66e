/* A gateway: accepts points over HTTP, and writes them through one writer of lines, on one loop.
 *
 *   gateway [--port N] [--db NAME] [--precision ms|us|ns] [--max-pending BYTES] [--timeout MS]
 *
 *   POST /write   line protocol, or with Content-Type application/json one point or an array of
 *                 {"measurement": "m", "tags": {}, "fields": {}, "timestamp": 1700000000000}
 *                 202: accepted, and not written yet. Points that cannot be written later are
 *                 counted in /stats and reported on stderr
 *   GET /stats    the numbers of points accepted, written and failed, as JSON
 *   GET /         a page that draws them
 *
 * Times are in milliseconds unless --precision says otherwise; a point without a time gets the
 * current time. Numbers of JSON become DOUBLE. While --max-pending bytes wait for the server, the
 * connections of senders with more points are not read; after --timeout they get 503, and their
 * points are not accepted. --timeout also limits reading a request and writing an answer. It
 * listens on 127.0.0.1, port 8086; port 0 chooses a free one. SIGINT and SIGTERM end it when all
 * accepted points are written; a second signal ends it at once. From the environment:
 * TAOSUV_URL. */
#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "gateway.h"
#include "set_up.h"

static struct {
  uv_loop_t* loop;
  const char* url;
  gateway_http_options_t http;
  size_t max_pending;
  taosuv_client_t* first;  /* without a database: the example creates one */
  taosuv_client_t* client; /* in that */
  taosuv_exec_t exec;
  taosuv_writer_open_t open;
  taosuv_writer_t* writer;
  uv_signal_t interrupt, terminate;
  uint64_t started;
  char failure[GATEWAY_WHY]; /* the last report */
  int listening, ending, failed;
} app = {.http = {.port = 8086, .db = "gateway", .precision = "ms", .timeout = 30000}};

/* ---- stopping ---- */

static void close_one(taosuv_client_t** client) {
  taosuv_client_t* closing = *client;
  *client = NULL;
  if (closing != NULL) taosuv_close(closing, NULL);
}

static void close_all(void) {
  close_one(&app.first);
  close_one(&app.client);
  uv_close((uv_handle_t*) &app.interrupt, NULL);
  uv_close((uv_handle_t*) &app.terminate, NULL);
}

static void on_writer_closed(const taosuv_writer_totals_t* totals, void* data) {
  (void) data;
  app.writer = NULL;
  printf("%" PRIu64 " points taken, %" PRIu64 " written in %" PRIu64 " batches, %" PRIu64
         " failed\n",
         totals->rows_taken, totals->rows_written, totals->batches, totals->rows_failed);
  if (app.client != NULL) close_all();
}

/* The writer writes its rows before it calls back; closing the client cuts this short. */
static void end(void) {
  if (app.ending) {
    if (app.client != NULL) close_all();
    return;
  }
  app.ending = 1;
  if (app.listening) gateway_http_stop();
  if (app.writer != NULL)
    taosuv_writer_close(app.writer, on_writer_closed, NULL);
  else
    close_all();
}

static void give_up(const char* what, const char* why) {
  fprintf(stderr, "%s failed: %s\n", what, why);
  app.failed = 1;
  if (!app.ending) end();
}

static void on_signal(uv_signal_t* handle, int number) {
  (void) handle, (void) number;
  end();
}

/* ---- called by the HTTP server ---- */

int gateway_write(const gateway_lines_t* lines, char why[GATEWAY_WHY]) {
  int status = taosuv_writer_lines(app.writer, lines->text, lines->size);
  if (status < 0) {
    const char* message = taosuv_writer_message(app.writer);
    snprintf(why, GATEWAY_WHY, "%s", *message != 0 ? message : taosuv_strerror(status));
  }
  return status;
}

static void add_count(yyjson_mut_doc* doc, yyjson_mut_val* root, const char* key, uint64_t count) {
  yyjson_mut_obj_add_uint(doc, root, key, count);
}

static void add_totals(yyjson_mut_doc* doc, yyjson_mut_val* root) {
  taosuv_writer_totals_t totals;
  taosuv_writer_totals(app.writer, &totals);
  add_count(doc, root, "rows_taken", totals.rows_taken);
  add_count(doc, root, "rows_written", totals.rows_written);
  add_count(doc, root, "rows_failed", totals.rows_failed);
  add_count(doc, root, "rows_pending", totals.rows_pending);
  add_count(doc, root, "bytes_pending", totals.bytes_pending);
  add_count(doc, root, "batches", totals.batches);
  add_count(doc, root, "retries", totals.retries);
  yyjson_mut_obj_add_int(doc, root, "affected_rows", totals.affected_rows);
}

static void add_requests(yyjson_mut_doc* doc, yyjson_mut_val* root) {
  gateway_http_stats_t stats;
  gateway_http_stats(&stats);
  add_count(doc, root, "requests", stats.requests);
  add_count(doc, root, "requests_taken", stats.taken);
  add_count(doc, root, "requests_refused", stats.refused);
  add_count(doc, root, "waits", stats.waits);
  add_count(doc, root, "waiting", stats.waiting);
  add_count(doc, root, "connections", stats.connections);
}

char* gateway_stats(size_t* length) {
  yyjson_mut_doc* doc = yyjson_mut_doc_new(NULL);
  yyjson_mut_val* root = doc != NULL ? yyjson_mut_obj(doc) : NULL;
  if (root == NULL) return NULL;
  yyjson_mut_doc_set_root(doc, root);
  yyjson_mut_obj_add_str(doc, root, "database", app.http.db);
  yyjson_mut_obj_add_str(doc, root, "precision", app.http.precision);
  add_count(doc, root, "uptime_ms", uv_now(app.loop) - app.started);
  add_totals(doc, root);
  add_requests(doc, root);
  yyjson_mut_obj_add_str(doc, root, "last_failure", app.failure);
  char* text = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE, length);
  yyjson_mut_doc_free(doc);
  return text;
}

/* ---- the writer ---- */

static void on_drain(taosuv_writer_t* writer, void* data) {
  (void) writer, (void) data;
  if (!app.ending) gateway_http_drained();
}

static void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  (void) writer, (void) data;
  snprintf(app.failure, sizeof app.failure, "%" PRIu64 " points: %s", report->rows,
           report->message);
  fprintf(stderr, "not written: %s\n", app.failure);
}

static void on_opened(taosuv_writer_open_t* req, int status) {
  app.writer = status == 0 ? req->writer : NULL;
  if (app.ending) { /* a signal came first, and the client is closed */
    taosuv_writer_close(app.writer, NULL, NULL);
    return;
  }
  if (status < 0) {
    give_up("opening the writer", req->message);
    return;
  }
  app.listening = 1;
  status = gateway_http_start(app.loop, &app.http);
  if (status < 0) {
    fprintf(stderr, "port %d: ", app.http.port);
    give_up("listening", uv_strerror(status));
    return;
  }
  printf("http://127.0.0.1:%d/ writes to the database %s\n", app.http.port, app.http.db);
  fflush(stdout);
}

static int open_writer(void) {
  taosuv_writer_options_t options;
  taosuv_writer_options_init(&options);
  options.precision = *app.http.precision == 'm'   ? TAOSUV_LINES_MS
                      : *app.http.precision == 'u' ? TAOSUV_LINES_US
                                                   : TAOSUV_LINES_NS;
  options.max_bytes = app.max_pending;
  options.on_report = on_report;
  options.on_drain = on_drain;
  return taosuv_writer_open(app.client, &app.open, &options, on_opened);
}

/* ---- starting ---- */

/* Schemaless writes go to the database of the connection. */
static int open_database(void) {
  char whole[1024];
  int status = set_up_url(app.url, app.http.db, whole, sizeof whole);
  return status < 0 ? status : taosuv_client_create(app.loop, whole, &app.client);
}

static void on_created(taosuv_exec_t* req, int status) {
  if (app.ending) return; /* a signal came first */
  if (status < 0) {
    fprintf(stderr, "at %s: ", req->host != NULL ? req->host : "no host");
    give_up("CREATE DATABASE", req->message);
  } else {
    status = open_database();
    if (status == 0) status = open_writer();
    if (status < 0) give_up("opening the database", taosuv_strerror(status));
  }
  close_one(&app.first);
}

static int create_database(void) {
  char sql[160];
  snprintf(sql, sizeof sql, "CREATE DATABASE IF NOT EXISTS `%s` PRECISION '%s'", app.http.db,
           app.http.precision);
  return taosuv_exec(app.first, &app.exec, sql, TAOSUV_NUL_TERMINATED, on_created);
}

static void watch(uv_signal_t* handle, int number) {
  uv_signal_init(app.loop, handle);
  uv_signal_start(handle, on_signal, number);
}

static int is_name(const char* text) {
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
  return length > 0 && length <= 64 && text[length] == 0 && !isdigit((unsigned char) *text);
}

static int read_number(const char* text, uint64_t most, uint64_t* number) {
  char* stop;
  *number = strtoull(text, &stop, 10);
  return isdigit((unsigned char) *text) && *stop == 0 && *number <= most ? 0 : -1;
}

static int read_arguments(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const char* value = argv[i + 1];
    uint64_t number;
    if (i + 1 == argc) return -1;
    if (strcmp(argv[i], "--db") == 0 && is_name(value)) {
      app.http.db = value;
    } else if (strcmp(argv[i], "--precision") == 0) {
      app.http.precision = value; /* checked by gateway_points_init */
    } else if (strcmp(argv[i], "--port") == 0 && read_number(value, 65535, &number) == 0) {
      app.http.port = (int) number;
    } else if (strcmp(argv[i], "--timeout") == 0 && read_number(value, 86400000, &number) == 0) {
      app.http.timeout = number;
    } else if (strcmp(argv[i], "--max-pending") == 0 &&
               read_number(value, SIZE_MAX, &number) == 0) {
      app.max_pending = (size_t) number;
    } else {
      return -1;
    }
  }
  return gateway_points_init(app.http.precision);
}

int main(int argc, char** argv) {
  if (read_arguments(argc, argv) < 0) {
    fprintf(stderr,
            "usage: gateway [--port N] [--db name] [--precision ms|us|ns] "
            "[--max-pending BYTES] [--timeout MS]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  app.loop = uv_default_loop();
  app.started = uv_now(app.loop);
  app.url = getenv("TAOSUV_URL");
  if (app.url == NULL) app.url = "ws://root:taosdata@localhost:6041";
  int status = taosuv_client_create(app.loop, app.url, &app.first);
  if (status < 0) {
    fprintf(stderr, "TAOSUV_URL: %s\n", taosuv_strerror(status));
    gateway_points_end();
    return 1;
  }
  watch(&app.interrupt, SIGINT);
  watch(&app.terminate, SIGTERM);
  status = create_database();
  if (status < 0) give_up("CREATE DATABASE", taosuv_strerror(status));
  uv_run(app.loop, UV_RUN_DEFAULT);
  gateway_points_end();
  return uv_loop_close(app.loop) != 0 || app.failed;
}
