/* Replicates the rows and schema changes of a topic to another database or server, until Ctrl-C.
 *
 *   mirror [--group NAME] [--idle SECONDS] [--create DATABASE] TOPIC TARGET
 *   mirror --demo
 *
 * TARGET is a URL with a database, or a database on the same server, which is created if it does not
 * exist. The topic must have been created "with meta as database …". TAOSUV_URL names the server of
 * the topic (default ws://root:taosdata@localhost:6041). A message is committed after it is written.
 * An uncommitted message is delivered again; writing it twice changes nothing. --idle ends when no
 * message has arrived for that time; --create creates the database and its topic, if they do not
 * exist. --demo creates two databases, one with rows, and a topic, replicates the rows, and drops
 * all three. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "set_up.h"

#define DEMO "taosuv_mirror_demo"
#define DEMO_SOURCE "taosuv_mirror_source"
#define DEMO_COPY "taosuv_mirror_copy"

enum { DEMO_ROWS = 20 };

/* A message that is being written; it is finished when that is done. */
typedef struct way_s {
  taosuv_write_t write;
  taosuv_message_t* message;
} way_t;

static struct {
  const char* url;
  const char* topic;
  const char* target;
  const char* group;
  const char* create;
  unsigned long long messages, rows, bytes;
  unsigned long long idle, quiet, seen; /* seconds; number of messages at the last check */
  unsigned long long until;             /* number of rows; 0: unlimited */
  int demo, failed, ending;
  uv_signal_t interrupt;
  uv_timer_t progress;
  taosuv_client_t* client;
  taosuv_consumer_t* consumer;
  taosuv_subscribe_t subscribe;
  taosuv_consumer_close_t close;
  way_t way; /* one at a time: a schema change must be written before the rows that need it */
} app = {.group = "taosuv_mirror"};

static void on_closed(taosuv_consumer_close_t* req, int status) {
  if (status < 0) {
    fprintf(stderr, "leaving the group: %s\n", req->message);
    app.failed = 1;
  }
  taosuv_close(app.client, NULL);
}

static void end(void) {
  if (app.ending) return;
  app.ending = 1;
  uv_close((uv_handle_t*) &app.interrupt, NULL);
  uv_close((uv_handle_t*) &app.progress, NULL);
  if (app.consumer == NULL)
    taosuv_close(app.client, NULL);
  else
    taosuv_consumer_close(app.consumer, &app.close, on_closed);
}

static void give_up(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  app.failed = 1;
  end();
}

static void on_interrupt(uv_signal_t* handle, int number) {
  (void) handle;
  (void) number;
  end();
}

/* ---- messages ---- */

static void on_written(taosuv_write_t* req, int status) {
  taosuv_message_t* message = app.way.message;
  app.way.message = NULL;
  if (status < 0) {
    /* It stays unfinished, so that it is not committed: the next run receives it again. */
    if (!app.ending) give_up("writing", req->message);
  } else {
    app.messages++;
    app.bytes += taosuv_message_size(message);
    for (uint32_t i = 0; i < taosuv_message_blocks(message); i++)
      app.rows += taosuv_block_rows(taosuv_message_block(message, i));
    taosuv_message_done(message);
    if (!app.ending) taosuv_consumer_resume(app.consumer);
    if (app.until != 0 && app.rows >= app.until) end();
  }
  taosuv_message_unref(message);
}

static void on_message(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  (void) data;
  taosuv_raw_t raw = taosuv_message_raw(message);
  int status = taosuv_write_raw(app.client, &app.way.write, &raw, on_written);
  if (status < 0) {
    give_up("writing", raw.data == NULL ? "the server is too old" : taosuv_strerror(status));
    return;
  }
  app.way.message = taosuv_message_ref(message);
  taosuv_consumer_pause(consumer);
}

static void on_progress(uv_timer_t* timer) {
  (void) timer;
  fprintf(stderr, "%llu messages, %llu rows, %llu bytes\n", app.messages, app.rows, app.bytes);
  app.quiet = app.messages == app.seen ? app.quiet + 1 : 0;
  app.seen = app.messages;
  if (app.idle != 0 && app.quiet >= app.idle) end();
}

/* ---- the consumer ---- */

static void on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event,
                     void* data) {
  (void) consumer;
  (void) data;
  if (event->type == TAOSUV_CONSUMER_LOST)
    fprintf(stderr, "connection lost: %s; connecting again\n", event->message);
  if (event->type == TAOSUV_CONSUMER_COMMIT_FAILED)
    fprintf(stderr, "not committed: %s\n", event->message);
  if (event->type == TAOSUV_CONSUMER_FAILED) give_up("given up", event->message);
}

static void on_subscribed(taosuv_subscribe_t* req, int status) {
  if (app.ending) return;
  if (status < 0) {
    give_up(app.topic, req->message);
    return;
  }
  taosuv_consumer_start(app.consumer, 0, 0, on_message, NULL);
  uv_timer_start(&app.progress, on_progress, 1000, 1000);
}

static void subscribe(void) {
  taosuv_property_t properties[] = {{"group.id", app.group},
                                    {"auto.offset.reset", "earliest"},
                                    {"msg.with.table.name", "true"}}; /* the database to write to */
  char message[256] = "";
  taosuv_consumer_options_t options;
  taosuv_consumer_options_init(&options);
  options.url = app.url;
  options.properties = properties;
  options.count = sizeof properties / sizeof *properties;
  options.on_event = on_event;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_consumer_create(uv_default_loop(), &options, &app.consumer);
  if (status == 0)
    status = taosuv_consumer_subscribe(app.consumer, &app.subscribe, &app.topic, 1, on_subscribed);
  if (status < 0) give_up("subscribing", message[0] != 0 ? message : taosuv_strerror(status));
}

/* ---- the target ---- */

/* Executes one statement on the source's server and waits for it. */
static int execute(taosuv_client_t* client, const char* format, const char* a, const char* b) {
  char sql[512];
  snprintf(sql, sizeof sql, format, a, b);
  return set_up_execute(client, sql);
}

/* Also drops the leftovers of an earlier run. */
static int drop_demo(taosuv_client_t* client) {
  int status = set_up_execute(client, "drop topic if exists " DEMO);
  if (status == 0) status = set_up_execute(client, "drop database if exists " DEMO_SOURCE);
  if (status == 0) status = set_up_execute(client, "drop database if exists " DEMO_COPY);
  return status;
}

/* Two tables with ten rows each. */
static int fill_demo(taosuv_client_t* client) {
  char sql[2048] = "insert into";
  int at = (int) strlen(sql);
  for (int i = 0; i < DEMO_ROWS; i++) {
    if (i % 10 == 0)
      at += snprintf(sql + at, sizeof sql - (size_t) at,
                     " " DEMO_SOURCE ".d%d using " DEMO_SOURCE ".meters tags ('room %d') values",
                     i / 10, i / 10);
    at += snprintf(sql + at, sizeof sql - (size_t) at, " (%lld, %d)", 1700000000000LL + i, 210 + i);
  }
  int status = set_up_execute(client, "create stable " DEMO_SOURCE
                                      ".meters "
                                      "(ts timestamp, voltage int) tags (place varchar(16))");
  return status < 0 ? status : set_up_execute(client, sql);
}

/* Empty and small databases. */
static int make_demo(taosuv_client_t* client) {
  int status = drop_demo(client);
  if (status == 0) status = set_up_execute(client, "create database " DEMO_SOURCE " vgroups 1");
  if (status == 0) status = set_up_execute(client, "create database " DEMO_COPY " vgroups 1");
  return status;
}

static int prepare(taosuv_client_t* client, int make_target) {
  int status = app.demo ? make_demo(client) : 0;
  if (status == 0 && app.create != NULL)
    status = execute(client, "create database if not exists %s", app.create, "");
  if (status == 0 && app.create != NULL)
    status = execute(client, "create topic if not exists %s with meta as database %s", app.topic,
                     app.create);
  if (status == 0 && make_target)
    status = execute(client, "create database if not exists %s", app.target, "");
  return status < 0 || !app.demo ? status : fill_demo(client);
}

static int prepare_source(int make_target) {
  taosuv_client_t* client;
  int status = taosuv_client_create(uv_default_loop(), app.url, &client);
  if (status < 0) return status;
  status = prepare(client, make_target);
  taosuv_close(client, NULL);
  return status;
}

/* Opens the target: a URL is used as it is; a name is a database that is created first. */
static int open_target(void) {
  char url[1024];
  int is_url = strstr(app.target, "://") != NULL;
  int status = app.create != NULL || !is_url ? prepare_source(!is_url) : 0;
  if (status == 0) status = set_up_url(app.url, app.target, url, sizeof url);
  if (status < 0) return status;
  return taosuv_client_create(uv_default_loop(), is_url ? app.target : url, &app.client);
}

/* Handles the messages that have arrived, then ends everything. */
static int end_demo(void) {
  taosuv_client_t* client;
  int status = taosuv_client_create(uv_default_loop(), app.url, &client);
  if (status < 0) return status;
  int64_t rows = set_up_number(client, "select count(*) from " DEMO_COPY ".meters");
  printf("%lld rows in the copy\n", (long long) rows);
  status = drop_demo(client);
  taosuv_close(client, NULL);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return rows == DEMO_ROWS ? status : -1;
}

static int read_arguments(char** argv) {
  for (int i = 1; argv[i] != NULL; i++) {
    if (strcmp(argv[i], "--group") == 0 && argv[i + 1] != NULL)
      app.group = argv[++i];
    else if (strcmp(argv[i], "--idle") == 0 && argv[i + 1] != NULL)
      app.idle = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--create") == 0 && argv[i + 1] != NULL)
      app.create = argv[++i];
    else if (strcmp(argv[i], "--demo") == 0)
      app.demo = 1;
    else if (argv[i][0] == '-' || app.target != NULL)
      return -1;
    else if (app.topic == NULL)
      app.topic = argv[i];
    else
      app.target = argv[i];
  }
  if (app.demo && app.topic == NULL) {
    app.create = DEMO_SOURCE;
    app.group = app.topic = DEMO;
    app.target = DEMO_COPY;
    app.until = DEMO_ROWS;
    app.idle = 60;
    return 0;
  }
  return app.demo || app.target == NULL ? -1 : 0;
}

int main(int argc, char** argv) {
  (void) argc;
  app.url = getenv("TAOSUV_URL");
  if (app.url == NULL) app.url = "ws://root:taosdata@localhost:6041";
  if (read_arguments(argv) < 0) {
    fprintf(stderr,
            "usage: mirror [--group NAME] [--idle SECONDS] [--create DATABASE] TOPIC "
            "TARGET | mirror --demo\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (open_target() < 0) {
    fprintf(stderr, "the target cannot be opened: %s\n", app.target);
    return 1;
  }
  uv_signal_init(uv_default_loop(), &app.interrupt);
  uv_signal_start(&app.interrupt, on_interrupt, SIGINT);
  uv_timer_init(uv_default_loop(), &app.progress);
  subscribe();
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  fprintf(stderr, "%llu messages, %llu rows, %llu bytes\n", app.messages, app.rows, app.bytes);
  if (app.demo && end_demo() < 0) app.failed = 1;
  return app.failed;
}
