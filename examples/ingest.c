/* Writes rows from a CSV file, or from stdin, into a super table, with a progress line and a
 * summary.
 *
 *   ingest [FILE]            a file with a header line; without it stdin
 *   ingest --demo ROWS       generates this number of rows for 100 tables instead
 *
 * A line is: table, location, groupid, ts, current, voltage, phase. ts is milliseconds since 1970,
 * an empty value is NULL, values are not quoted. Rows go to power.meters, which is created if it
 * does not exist. From the environment: TAOSUV_URL. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "set_up.h"

enum {
  FIELDS = 7,
  TABLE_MAX_LENGTH = 192,
  CHUNK = 1 << 16,
  LINE_MAX_LENGTH = 4096,
  DEMO_TABLES = 100
};

#define DATABASE "power"

static const char insert_sql[] = "INSERT INTO ? USING meters TAGS(?, ?) VALUES(?, ?, ?, ?)";
static const char* const set_up_sql[] = {
    "CREATE DATABASE IF NOT EXISTS " DATABASE " PRECISION 'ms'",
    "CREATE STABLE IF NOT EXISTS " DATABASE
    ".meters "
    "(ts TIMESTAMP, current FLOAT, voltage INT, phase FLOAT) "
    "TAGS (location VARCHAR(64), groupid INT)",
};

static struct {
  taosuv_client_t* client;
  taosuv_writer_t* writer;
  taosuv_writer_open_t open;
  uv_fs_t read;
  uv_timer_t progress;
  uv_file file;
  char chunk[CHUNK];
  char line[LINE_MAX_LENGTH +
            1]; /* the line that is incomplete, or that the writer had no room for */
  size_t line_length;
  size_t chunk_at, chunk_end;
  uint64_t lines, bad, demo_rows, demo_next;
  uint64_t begun;
  int demo, waiting, reading, ended, failed;
  int too_long;    /* of the line only the first bytes were kept */
  const char* why; /* why the last line is not a row; NULL: see the writer's message */
} app;

static void go_on(void);

/* ---- stopping ---- */

static void give_up(const char* what, const char* message) {
  fprintf(stderr, "%s failed: %s\n", what, message);
  app.failed = 1;
  taosuv_close(app.client, NULL);
}

static void on_writer_closed(const taosuv_writer_totals_t* totals, void* data) {
  (void) data;
  double seconds = (double) (uv_hrtime() - app.begun) / 1e9;
  fprintf(stderr, "\r");
  printf("%" PRIu64 " rows written in %" PRIu64 " batches, %" PRIu64 " failed, %" PRIu64
         " lines not understood; %.2f s, %.0f rows/s\n",
         totals->rows_written, totals->batches, totals->rows_failed, app.bad, seconds,
         (double) totals->rows_written / (seconds > 0 ? seconds : 1));
  if (totals->rows_failed > 0 || app.bad > 0) app.failed = 1;
  taosuv_close(app.client, NULL);
}

static void finish(void) {
  app.ended = 1;
  uv_close((uv_handle_t*) &app.progress, NULL);
  taosuv_writer_close(app.writer, on_writer_closed, NULL);
}

/* ---- rows ---- */

static int read_i64(const char* text, taosuv_value_t* value) {
  char* end;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  *value = *text == 0 ? taosuv_null() : taosuv_i64(number);
  return *end == 0 && errno == 0 ? 0 : -1;
}

static int read_f64(const char* text, taosuv_value_t* value) {
  char* end;
  double number = strtod(text, &end);
  *value = *text == 0 ? taosuv_null() : taosuv_f64(number);
  return *end == 0 ? 0 : -1;
}

/* Splits a line, without its newline, at the commas. */
static int split(char* line, char* fields[FIELDS]) {
  int count = 0;
  fields[count++] = line;
  for (; *line != 0; line++) {
    if (*line != ',') continue;
    if (count == FIELDS) return -1;
    *line = 0;
    fields[count++] = line + 1;
  }
  return count == FIELDS ? 0 : -1;
}

static int no_row(const char* why) {
  app.why = why;
  return TAOSUV_EINVAL;
}

/* Returns the writer's status, or TAOSUV_EINVAL for a line that is not a row. */
static int write_line(const char* text) {
  char copy[LINE_MAX_LENGTH + 1], *field[FIELDS];
  taosuv_value_t tags[2], values[4];
  app.why = NULL;
  strcpy(copy, text);
  if (split(copy, field) < 0) return no_row("not seven values");
  if (field[0][0] == 0) return no_row("no table");
  tags[0] = *field[1] == 0 ? taosuv_null() : taosuv_text(field[1], strlen(field[1]));
  if (read_i64(field[2], &tags[1]) < 0 || read_i64(field[3], &values[0]) < 0 ||
      read_f64(field[4], &values[1]) < 0 || read_i64(field[5], &values[2]) < 0 ||
      read_f64(field[6], &values[3]) < 0)
    return no_row("a value is not a number");
  size_t length = strlen(field[0]);
  if (length > TABLE_MAX_LENGTH) return no_row("the table's name is too long");
  return taosuv_writer_row(app.writer, field[0], length, tags, 2, values, 4);
}

/* Handles a complete line. The first one may be a header; empty lines are skipped. */
static int read_line(void) {
  size_t length = app.line_length;
  if (length > 0 && app.line[length - 1] == '\r') length--;
  app.line[length] = 0;
  if (app.too_long) return no_row("longer than 4096 bytes");
  if (strlen(app.line) < length) return no_row("a NUL byte");
  if (length == 0 || (app.lines == 0 && strncmp(app.line, "table,", 6) == 0)) return 0;
  return write_line(app.line);
}

/* Returns whether to continue; otherwise the writer is full and will call on_drain. */
static int take_line(void) {
  int status = read_line();
  if (status == TAOSUV_EAGAIN) return 0;
  app.lines++;
  app.line_length = 0;
  app.too_long = 0;
  if (status == 0) return 1;
  app.bad++;
  fprintf(stderr, "\rline %" PRIu64 ": %s\n", app.lines,
          app.why != NULL ? app.why : taosuv_writer_message(app.writer));
  return 1;
}

/* ---- reading ---- */

static void on_read(uv_fs_t* req) {
  ssize_t size = req->result;
  uv_fs_req_cleanup(req);
  app.reading = 0;
  if (size < 0) {
    fprintf(stderr, "\rreading failed: %s\n", uv_strerror((int) size));
    app.failed = 1;
  }
  app.chunk_at = 0;
  app.chunk_end = size > 0 ? (size_t) size : 0;
  if (size <= 0) {
    if (app.line_length > 0 && !take_line()) {
      app.waiting = 1; /* on_drain reads once more and gets the end again */
      return;
    }
    finish();
    return;
  }
  go_on();
}

static void read_more(void) {
  uv_buf_t buf = uv_buf_init(app.chunk, CHUNK);
  app.reading = 1;
  uv_fs_read(taosuv_client_loop(app.client), &app.read, app.file, &buf, 1, -1, on_read);
}

/* Handles the lines of the chunk, then reads the next chunk. */
static void go_on_reading(void) {
  if (app.reading) return;
  while (app.chunk_at < app.chunk_end) {
    char c = app.chunk[app.chunk_at];
    if (c == '\n') {
      if (!take_line()) {
        app.waiting = 1;
        return;
      }
    } else if (app.line_length < LINE_MAX_LENGTH) {
      app.line[app.line_length++] = c;
    } else {
      app.too_long = 1;
    }
    app.chunk_at++;
  }
  read_more();
}

/* ---- generated rows ---- */

static void go_on_making(void) {
  for (; app.demo_next < app.demo_rows; app.demo_next++) {
    uint64_t table = app.demo_next % DEMO_TABLES, step = app.demo_next / DEMO_TABLES;
    char line[200];
    snprintf(line, sizeof line,
             "demo%" PRIu64 ",California.City%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.2f,%d,%.3f",
             table, table % 10, table % 24, 1700000000000 + 1000 * step,
             10 + 2 * sin((double) step / 50), 215 + (int) (step % 11), 0.3);
    if (write_line(line) == TAOSUV_EAGAIN) {
      app.waiting = 1;
      return;
    }
    app.lines++;
  }
  finish();
}

static void go_on(void) {
  if (app.ended) return;
  if (app.demo)
    go_on_making();
  else
    go_on_reading();
}

static void on_drain(taosuv_writer_t* writer, void* data) {
  (void) writer, (void) data;
  if (!app.waiting) return;
  app.waiting = 0;
  go_on();
}

static void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  (void) writer, (void) data;
  fprintf(stderr, "\r%" PRIu64 " rows were not written: %s\n", report->rows, report->message);
  for (size_t i = 0; i < report->count && i < 5; i++)
    fprintf(stderr, "  %.*s: %" PRIu64 " rows\n", (int) report->ranges[i].length,
            report->ranges[i].table, report->ranges[i].rows);
}

static void on_progress(uv_timer_t* timer) {
  (void) timer;
  taosuv_writer_totals_t totals;
  taosuv_writer_totals(app.writer, &totals);
  double seconds = (double) (uv_hrtime() - app.begun) / 1e9;
  fprintf(stderr, "\r%" PRIu64 " rows written, %" PRIu64 " pending, %.0f rows/s   ",
          totals.rows_written, totals.rows_pending, (double) totals.rows_written / seconds);
}

/* ---- starting ---- */

static void on_opened(taosuv_writer_open_t* req, int status) {
  if (status < 0) {
    give_up("opening the writer", req->message);
    return;
  }
  app.writer = req->writer;
  app.begun = uv_hrtime();
  uv_timer_init(taosuv_client_loop(app.client), &app.progress);
  uv_timer_start(&app.progress, on_progress, 1000, 1000);
  go_on();
}

/* Creates the database and the table if they do not exist, then opens the database: tables without
 * a database in their name are in that of the connection. */
static int set_up(const char* url) {
  char whole[1024];
  taosuv_client_t* first;
  int status = taosuv_client_create(uv_default_loop(), url, &first);
  if (status < 0) {
    fprintf(stderr, "TAOSUV_URL: %s\n", taosuv_strerror(status));
    return status;
  }
  for (size_t i = 0; status == 0 && i < sizeof set_up_sql / sizeof *set_up_sql; i++)
    status = set_up_execute(first, set_up_sql[i]);
  taosuv_close(first, NULL);
  if (status == 0) status = set_up_url(url, DATABASE, whole, sizeof whole);
  return status < 0 ? status : taosuv_client_create(uv_default_loop(), whole, &app.client);
}

static void open_writer(void) {
  taosuv_writer_options_t options;
  taosuv_writer_options_init(&options);
  options.sql = insert_sql;
  options.on_report = on_report;
  options.on_drain = on_drain;
  int status = taosuv_writer_open(app.client, &app.open, &options, on_opened);
  if (status < 0) give_up("opening the writer", taosuv_strerror(status));
}

static int read_arguments(int argc, char** argv) {
  app.file = 0; /* stdin */
  if (argc == 3 && strcmp(argv[1], "--demo") == 0) {
    app.demo = 1;
    app.demo_rows = strtoull(argv[2], NULL, 10);
    return app.demo_rows > 0 ? 0 : -1;
  }
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) return -1;
  if (argc == 1) return 0;
  app.file = open(argv[1], O_RDONLY);
  if (app.file < 0) fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
  return app.file < 0 ? -1 : 0;
}

int main(int argc, char** argv) {
  const char* url = getenv("TAOSUV_URL");
  if (read_arguments(argc, argv) < 0) {
    fprintf(stderr, "usage: ingest [FILE] | --demo ROWS\n");
    return 2;
  }
  if (url == NULL) url = "ws://root:taosdata@localhost:6041";
  if (set_up(url) == 0)
    open_writer();
  else
    app.failed = 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  uv_loop_close(uv_default_loop());
  return app.failed;
}
