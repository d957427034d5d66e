/* Follows a topic: prints its rows as CSV or JSON lines until Ctrl-C, then commits and leaves the
 * group.
 *
 *   tail [--json] [--group NAME] [--from earliest|latest] [--create SELECT] TOPIC
 *   tail [--json] --demo
 *
 * TAOSUV_URL names the server (default ws://root:taosdata@localhost:6041). --create creates the
 * topic first, if it does not exist; --rows N ends after that number of rows. --demo creates a
 * database with 20 rows and a topic, follows the topic to its end, and drops both. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "set_up.h"

#define DEMO "taosuv_tail_demo"

enum { DEMO_ROWS = 20 };

/* The state of the program: requests are the caller's memory. */
static struct {
  const char* url;
  const char* topic;
  const char* group;
  const char* from;
  const char* create;
  unsigned long long rows, until;
  int json, demo, failed, ending;
  uv_signal_t interrupt;
  taosuv_client_t* client;
  taosuv_consumer_t* consumer;
  taosuv_subscribe_t subscribe;
  taosuv_consumer_close_t close;
} app = {.group = "taosuv_tail", .from = "earliest"};

/* ---- rows ---- */

static void print_quoted(const char* text, char quote) {
  putchar(quote);
  for (; *text != 0; text++) {
    unsigned char c = (unsigned char) *text;
    if (app.json && (c == '"' || c == '\\'))
      printf("\\%c", c);
    else if (app.json && c < ' ')
      printf("\\u%04x", c);
    else if (!app.json && c == '"')
      printf("\"\"");
    else
      putchar(c);
  }
  putchar(quote);
}

static int is_number(uint8_t type) {
  switch (type) {
    case TAOSUV_TYPE_VARCHAR:
    case TAOSUV_TYPE_NCHAR:
    case TAOSUV_TYPE_TIMESTAMP:
    case TAOSUV_TYPE_JSON:
    case TAOSUV_TYPE_VARBINARY:
    case TAOSUV_TYPE_GEOMETRY:
    case TAOSUV_TYPE_BLOB: return 0;
    default: return 1;
  }
}

static void print_cell(const taosuv_column_t* column, uint32_t row) {
  char small[256];
  char* text = small;
  if (taosuv_is_null(column, row)) {
    if (app.json) printf("null");
    return;
  }
  int length = taosuv_format_cell(column, row, 0, small, sizeof small);
  if (length >= (int) sizeof small) { /* a long text */
    text = malloc((size_t) length + 1);
    if (text == NULL) abort();
    taosuv_format_cell(column, row, 0, text, (size_t) length + 1);
  }
  if (length < 0)
    printf(app.json ? "null" : "");
  else if (is_number(column->type) && !(app.json && strpbrk(text, "NI") != NULL))
    printf("%s", text); /* NaN and Infinity are not JSON */
  else if (app.json || strpbrk(text, "\",\r\n") != NULL)
    print_quoted(text, '"');
  else
    printf("%s", text);
  if (text != small) free(text);
}

static void print_row(const taosuv_block_t* block, const taosuv_field_t* fields, uint32_t count,
                      const char* table, uint32_t row) {
  if (app.json && table[0] != 0) {
    printf("{\"tbname\":");
    print_quoted(table, '"');
  } else if (table[0] != 0) {
    printf("%s", table);
  } else if (app.json) {
    printf("{");
  }
  for (uint32_t i = 0; i < count; i++) {
    taosuv_column_t column;
    taosuv_block_column(block, i, &column);
    if (i > 0 || table[0] != 0) putchar(',');
    if (app.json) {
      print_quoted(fields[i].name, '"');
      putchar(':');
    }
    print_cell(&column, row);
  }
  printf(app.json ? "}\n" : "\n");
}

static void end(void);

static void on_message(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  (void) consumer;
  (void) data;
  const char* meta = taosuv_message_meta(message, NULL);
  if (taosuv_message_status(message) < 0)
    fprintf(stderr, "unreadable: %s\n", taosuv_message_error(message));
  if (meta != NULL) fprintf(stderr, "schema: %s\n", meta);
  for (uint32_t i = 0; i < taosuv_message_blocks(message); i++) {
    uint32_t count;
    const taosuv_block_t* block = taosuv_message_block(message, i);
    const taosuv_field_t* fields = taosuv_message_fields(message, i, &count);
    for (uint32_t row = 0; row < taosuv_block_rows(block); row++)
      print_row(block, fields, count, taosuv_message_table(message, i), row);
    app.rows += taosuv_block_rows(block);
  }
  fflush(stdout);
  if (app.until != 0 && app.rows >= app.until) end();
}

/* ---- starting and stopping ---- */

static void on_closed(taosuv_consumer_close_t* req, int status) {
  if (status < 0) fprintf(stderr, "leaving the group: %s\n", req->message);
  if (status < 0) app.failed = 1;
}

/* Closing commits the printed messages, and leaves the group. */
static void end(void) {
  if (app.ending) return;
  app.ending = 1;
  uv_close((uv_handle_t*) &app.interrupt, NULL);
  taosuv_consumer_close(app.consumer, &app.close, on_closed);
}

static void on_interrupt(uv_signal_t* handle, int number) {
  (void) handle;
  (void) number;
  end();
}

static void on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event,
                     void* data) {
  (void) consumer;
  (void) data;
  if (event->type == TAOSUV_CONSUMER_LOST)
    fprintf(stderr, "connection lost: %s; connecting again\n", event->message);
  if (event->type == TAOSUV_CONSUMER_RESUMED)
    fprintf(stderr, "subscribed again: what was not committed comes again\n");
  if (event->type == TAOSUV_CONSUMER_ASSIGNED)
    fprintf(stderr, "this consumer reads %u vgroups\n", (unsigned) event->count);
  if (event->type == TAOSUV_CONSUMER_FAILED) {
    fprintf(stderr, "given up: %s\n", event->message);
    app.failed = 1;
    end();
  }
}

static void on_subscribed(taosuv_subscribe_t* req, int status) {
  if (status == 0) status = taosuv_consumer_start(app.consumer, 0, 0, on_message, NULL);
  if (status == 0 || app.ending) return;
  fprintf(stderr, "%s: %s\n", app.topic,
          req->message != NULL ? req->message : taosuv_strerror(status));
  app.failed = 1;
  end();
}

static int follow(void) {
  taosuv_property_t properties[] = {
      {"group.id", app.group}, {"auto.offset.reset", app.from}, {"msg.with.table.name", "true"}};
  char message[256] = "";
  taosuv_consumer_options_t options;
  taosuv_consumer_options_init(&options);
  options.url = app.url;
  options.properties = properties;
  options.count = sizeof properties / sizeof *properties;
  options.on_event = on_event;
  options.message = message;
  options.message_size = sizeof message;
  if (taosuv_consumer_create(uv_default_loop(), &options, &app.consumer) < 0) {
    fprintf(stderr, "%s\n", message);
    return -1;
  }
  uv_signal_init(uv_default_loop(), &app.interrupt);
  uv_signal_start(&app.interrupt, on_interrupt, SIGINT);
  return taosuv_consumer_subscribe(app.consumer, &app.subscribe, &app.topic, 1, on_subscribed);
}

/* ---- creating the topic ---- */

static int create(void) {
  char sql[4096];
  if (strchr(app.topic, '`') != NULL) return TAOSUV_EINVAL; /* it could not be quoted */
  snprintf(sql, sizeof sql, "create topic if not exists `%s` as %s", app.topic, app.create);
  return set_up_execute(app.client, sql);
}

/* Also drops the leftovers of an earlier run. */
static int drop_demo(void) {
  int status = set_up_execute(app.client, "drop topic if exists " DEMO);
  return status < 0 ? status : set_up_execute(app.client, "drop database if exists " DEMO);
}

static int create_demo(void) {
  char sql[2048];
  int status = drop_demo();
  if (status == 0) status = set_up_execute(app.client, "create database " DEMO " vgroups 1");
  if (status == 0)
    status = set_up_execute(app.client, "create table " DEMO
                                        ".t "
                                        "(ts timestamp, a int, b double, c varchar(24))");
  int at = snprintf(sql, sizeof sql, "insert into " DEMO ".t values");
  for (int i = 0; i < DEMO_ROWS; i++)
    at += snprintf(sql + at, sizeof sql - (size_t) at, " (%lld, %d, %.1f, 'row-%d')",
                   1700000000000 + 1000LL * i, i, i * 0.5, i);
  if (status == 0) status = set_up_execute(app.client, sql);
  app.create = "select ts, a, b, c from " DEMO ".t";
  app.group = app.topic = DEMO;
  app.until = DEMO_ROWS;
  return status < 0 ? status : create();
}

/* A client only for this, with nothing else on the loop. */
static int with_client(int (*work)(void)) {
  int status = taosuv_client_create(uv_default_loop(), app.url, &app.client);
  if (status < 0) {
    fprintf(stderr, "TAOSUV_URL: %s\n", taosuv_strerror(status));
    return status;
  }
  status = work();
  taosuv_close(app.client, NULL);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return status;
}

static const char* value_of(char** argv, int* i, const char* name) {
  if (strcmp(argv[*i], name) != 0 || argv[*i + 1] == NULL) return NULL;
  return argv[++*i];
}

static int read_arguments(char** argv) {
  for (int i = 1; argv[i] != NULL; i++) {
    const char* value;
    if (strcmp(argv[i], "--json") == 0)
      app.json = 1;
    else if (strcmp(argv[i], "--demo") == 0)
      app.demo = 1;
    else if ((value = value_of(argv, &i, "--group")) != NULL)
      app.group = value;
    else if ((value = value_of(argv, &i, "--from")) != NULL)
      app.from = value;
    else if ((value = value_of(argv, &i, "--create")) != NULL)
      app.create = value;
    else if ((value = value_of(argv, &i, "--rows")) != NULL)
      app.until = strtoull(value, NULL, 10);
    else if (argv[i][0] == '-' || app.topic != NULL)
      return -1;
    else
      app.topic = argv[i];
  }
  return (app.topic == NULL) == app.demo ? 0 : -1;
}

int main(int argc, char** argv) {
  (void) argc;
  app.url = getenv("TAOSUV_URL");
  if (app.url == NULL) app.url = "ws://root:taosdata@localhost:6041";
  if (read_arguments(argv) < 0) {
    fprintf(stderr,
            "usage: tail [--json] [--group NAME] [--from earliest|latest] "
            "[--create SELECT] [--rows N] TOPIC | tail [--json] --demo\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (app.demo && with_client(create_demo) < 0) return 1;
  if (!app.demo && app.create != NULL && with_client(create) < 0) return 1;
  if (follow() < 0) return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  if (app.demo && with_client(drop_demo) < 0) return 1;
  return app.failed;
}
