/* The command line that taosuv-bench and taosuv-floor share. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "ingest_rows.h"

static const char bench_usage[] =
    "usage: taosuv-bench --url URL --workload fetch|query|lines|ingest|tmq\n"
    "                    [options]\n"
    "  --workload fetch   reads every row of the statement and touches every value\n"
    "  --workload query   runs the statement again and again and reads its first block\n"
    "  --workload lines   writes line protocol into bench.sink (taosuv_insert_lines)\n"
    "  --workload ingest  writes batches into bench.sink by a prepared statement\n"
    "  --workload tmq     consumes a topic made of the statement, once, and touches every value\n"
    "  --rows N           lines: points in a message, up to 1000000 (1000); ingest: rows in all,\n"
    "                     up to the next whole batch (10000000)\n"
    "  --batch B          ingest: rows of a batch (10000)\n"
    "  --tables T         ingest: tables that a batch is spread over (10)\n"
    "  --sql S            the statement (fetch: select * from bench.rows_10000000_4096;\n"
    "                     query: select 1)\n"
    "  --ops N            how often it is run (fetch: 1; query: 100000; lines: 1000)\n"
    "  --inflight K       how many at the same time, up to 1000000 (1; ingest: 2)\n"
    "  --connections C    over how many connections, up to 65535 (1)\n"
    "  --idle-memory      also measure the library's bytes per request in flight\n"
    "  --json             one line of JSON instead of a table\n"
    "pool_size, max_inflight and max_queue are added to the URL where it lacks them.\n";

static const char floor_usage[] =
    "usage: taosuv-floor --url ws[s]://[user[:password]@]host:port --workload fetch|query|lines\n"
    "                    |ingest [options]\n"
    "  --workload, --rows, --batch, --tables, --sql, --ops, --inflight, --json   as of "
    "taosuv-bench\n"
    "  --connections 1    there is always one; fetch has always one in flight\n"
    "  --touch            fetch from a bench.rows_ table: sum the values, as the client does\n";

const char* bench_workload_name(bench_workload_t workload) {
  static const char* const names[] = {"fetch", "query", "lines", "ingest", "tmq"};
  return names[workload];
}

static int complain(bool floor, const char* what, const char* about) {
  fprintf(stderr, "%s%s%s\n%s", what, about != NULL ? ": " : "", about != NULL ? about : "",
          floor ? floor_usage : bench_usage);
  return 2;
}

/* A decimal number from 1 to max. */
static bool read_number(const char* text, uint64_t max, uint64_t* value) {
  *value = 0;
  if (*text == 0) return false;
  for (; *text != 0; text++) {
    if (*text < '0' || *text > '9') return false;
    *value = *value * 10 + (uint64_t) (*text - '0');
    if (*value > max) return false;
  }
  return *value > 0;
}

typedef struct given_s {
  const char* workload;
  const char* ops;
  const char* inflight;
  const char* connections;
  const char* rows;
  const char* batch;
  const char* tables;
} given_t;

static bool read_switch(const char* name, bool floor, bench_options_t* options) {
  bool* place = NULL;
  if (strcmp(name, "--json") == 0) place = &options->json;
  if (!floor && strcmp(name, "--idle-memory") == 0) place = &options->idle_memory;
  if (floor && strcmp(name, "--touch") == 0) place = &options->touch;
  if (place == NULL) return false;
  *place = true;
  return true;
}

static const char** place_of(const char* name, bench_options_t* options, given_t* given) {
  if (strcmp(name, "--url") == 0) return &options->url;
  if (strcmp(name, "--sql") == 0) return &options->sql;
  if (strcmp(name, "--workload") == 0) return &given->workload;
  if (strcmp(name, "--ops") == 0) return &given->ops;
  if (strcmp(name, "--inflight") == 0) return &given->inflight;
  if (strcmp(name, "--connections") == 0) return &given->connections;
  if (strcmp(name, "--rows") == 0) return &given->rows;
  if (strcmp(name, "--batch") == 0) return &given->batch;
  if (strcmp(name, "--tables") == 0) return &given->tables;
  return NULL;
}

static int read_ingest(bool floor, const given_t* given, bench_options_t* options) {
  uint64_t rows = 10000000, batch = 10000, tables = 10;
  if (given->ops != NULL) return complain(floor, "ingest has --rows, not --ops", NULL);
  if (given->rows != NULL && !read_number(given->rows, UINT64_C(1000000000000), &rows))
    return complain(floor, "--rows is a number from 1", given->rows);
  if (given->batch != NULL && !read_number(given->batch, 10000000, &batch))
    return complain(floor, "--batch is a number from 1 to 10000000", given->batch);
  if (given->tables != NULL && !read_number(given->tables, 100000, &tables))
    return complain(floor, "--tables is a number from 1 to 100000", given->tables);
  options->batch = (uint32_t) batch;
  options->tables = (uint32_t) (tables < batch ? tables : batch);
  options->ops = (rows + batch - 1) / batch;
  return 0;
}

static int read_numbers(bool floor, const given_t* given, bench_options_t* options) {
  static const uint64_t usual[] = {1, 100000, 1000, 1, 1};
  bool ingest = options->workload == BENCH_INGEST;
  uint64_t value = usual[options->workload];
  if (given->ops != NULL && !read_number(given->ops, UINT64_C(1000000000000), &value))
    return complain(floor, "--ops is a number from 1", given->ops);
  options->ops = value;
  value = 1000;
  if (!ingest && given->rows != NULL && !read_number(given->rows, 1000000, &value))
    return complain(floor, "--rows is a number from 1 to 1000000", given->rows);
  options->rows = (uint32_t) value;
  value = ingest && !floor ? 2 : 1;
  if (given->inflight != NULL && !read_number(given->inflight, BENCH_MAX_INFLIGHT, &value))
    return complain(floor, "--inflight is a number from 1 to 1000000", given->inflight);
  if (floor && (ingest || options->workload == BENCH_FETCH) && value != 1)
    return complain(floor, "fetch and ingest have one in flight here", NULL);
  options->inflight = (uint32_t) value;
  value = 1;
  if (given->connections != NULL && !read_number(given->connections, floor ? 1 : 65535, &value))
    return complain(floor, floor ? "--connections is 1 here" : "--connections is 1 to 65535",
                    given->connections);
  options->connections = (uint32_t) value;
  if (ingest) return read_ingest(floor, given, options);
  if (given->batch != NULL || given->tables != NULL)
    return complain(floor, "--batch and --tables are for ingest", NULL);
  return 0;
}

static int check(bool floor, const given_t* given, bench_options_t* options) {
  if (options->url == NULL) return complain(floor, "--url is missing", NULL);
  if (given->workload == NULL) return complain(floor, "--workload is missing", NULL);
  unsigned workload = BENCH_FETCH;
  unsigned last = floor ? BENCH_INGEST : BENCH_TMQ; /* tmq is compared with fetch */
  while (workload <= last &&
         strcmp(given->workload, bench_workload_name((bench_workload_t) workload)) != 0)
    workload++;
  if (workload > last) return complain(floor, "--workload is none of those below", given->workload);
  options->workload = (bench_workload_t) workload;
  if ((workload == BENCH_LINES || workload == BENCH_INGEST) && options->sql != NULL)
    return complain(floor, "--sql is not for lines and ingest", NULL);
  if (options->sql == NULL)
    options->sql = workload == BENCH_FETCH || workload == BENCH_TMQ
                       ? "select * from bench.rows_10000000_4096"
                   : workload == BENCH_QUERY ? "select 1"
                   : workload == BENCH_LINES ? "lines into bench.sink"
                                             : INGEST_SQL;
  if (options->sql[0] == 0) return complain(floor, "--sql is empty", NULL);
  if (options->touch && options->workload != BENCH_FETCH)
    return complain(floor, "--touch is for fetch", NULL);
  return read_numbers(floor, given, options);
}

int bench_options_read(int argc, char** argv, bool floor, bench_options_t* options) {
  given_t given = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
  memset(options, 0, sizeof *options);
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      fputs(floor ? floor_usage : bench_usage, stdout);
      return -1;
    }
    if (read_switch(argv[i], floor, options)) continue;
    const char** place = place_of(argv[i], options, &given);
    if (place == NULL) return complain(floor, "unknown option", argv[i]);
    if (i + 1 == argc) return complain(floor, "a value is missing", argv[i]);
    *place = argv[++i];
  }
  return check(floor, &given, options);
}
