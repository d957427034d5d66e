/* The numbers of a client as Prometheus text, exposition format 0.0.4. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/pool/client.h"
#include "client/observe/prometheus.h"
#include "client/core/stats.h"

/* The histogram's `le` bounds: powers of two of microseconds, from 16 us to 67 s. They are bounds
 * of our own buckets, of which there are too many to show. */
#define FIRST_POWER 4u
#define LAST_POWER 26u

static void add(tuv_text_t* out, const char* text) {
  tuv_text_add(out, text, strlen(text));
}

static void add_number(tuv_text_t* out, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  add(out, text);
}

/* Nanoseconds as seconds, without zeros at the end; a locale has no say in this. */
static void add_seconds(tuv_text_t* out, uint64_t ns) {
  char text[32];
  int length = snprintf(text, sizeof text, "%" PRIu64 ".%09" PRIu64, ns / 1000000000u,
                        ns % 1000000000u);
  while (text[length - 1] == '0' && text[length - 2] != '.') length--;
  tuv_text_add(out, text, (size_t) length);
}

void tuv_prometheus_head(tuv_text_t* out, const char* name, const char* type, const char* help) {
  const char* const parts[] = {"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) add(out, parts[i]);
}

void tuv_prometheus_label(tuv_text_t* out, const char* key, const char* value) {
  add(out, key);
  add(out, "=\"");
  for (; *value != 0; value++) {
    if (*value == '\\' || *value == '"') tuv_text_char(out, '\\');
    if (*value == '\n')
      add(out, "\\n");
    else
      tuv_text_char(out, *value);
  }
  tuv_text_char(out, '"');
}

static void add_value(tuv_text_t* out, uint64_t value) {
  tuv_text_char(out, ' ');
  add_number(out, value);
  tuv_text_char(out, '\n');
}

static void add_simple(tuv_text_t* out, const char* name, const char* type, const char* help,
                       uint64_t value) {
  tuv_prometheus_head(out, name, type, help);
  add(out, name);
  add_value(out, value);
}

static void add_totals(tuv_text_t* out, const taosuv_client_t* client) {
  taosuv_stats_t s = {.size = sizeof s};
  taosuv_client_stats(client, &s);
  const struct {
    const char* name;
    const char* type;
    const char* help;
    uint64_t value;
  } rows[] = {
      {"taosuv_requests_queued", "gauge", "Requests that wait for a connection.", s.queued},
      {"taosuv_requests_pending", "gauge", "Requests between call and callback.", s.pending},
      {"taosuv_requests_total", "counter", "Requests completed.", s.requests},
      {"taosuv_requests_failed_total", "counter", "Requests failed.", s.failures},
      {"taosuv_requests_moved_total", "counter", "Requests moved off a dying connection.", s.moves},
      {"taosuv_reconnects_total", "counter", "Log-ins in place of a lost connection.",
       s.reconnects},
      {"taosuv_sent_bytes_total", "counter", "Bytes sent.", s.bytes_sent},
      {"taosuv_received_bytes_total", "counter", "Bytes received.", s.bytes_received},
      {"taosuv_sent_messages_total", "counter", "Messages sent.", s.messages_sent},
      {"taosuv_received_messages_total", "counter", "Messages received.", s.messages_received},
      {"taosuv_blocks_total", "counter", "Blocks of rows received.", s.blocks},
      {"taosuv_rows_total", "counter", "Rows received.", s.rows},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    add_simple(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
}

static void add_host_value(tuv_text_t* out, const char* name, const char* host, uint64_t value) {
  add(out, name);
  tuv_text_char(out, '{');
  tuv_prometheus_label(out, "host", host);
  tuv_text_char(out, '}');
  add_value(out, value);
}

static void add_states(tuv_text_t* out, const taosuv_host_stats_t* host) {
  const struct {
    const char* state;
    uint64_t count;
  } states[] = {{"connecting", host->connecting},
                {"login", host->logging_in},
                {"ready", host->ready},
                {"closing", host->closing}};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
    add(out, "taosuv_connections{");
    tuv_prometheus_label(out, "host", host->host);
    tuv_text_char(out, ',');
    tuv_prometheus_label(out, "state", states[i].state);
    tuv_text_char(out, '}');
    add_value(out, states[i].count);
  }
}

static void add_hosts(tuv_text_t* out, const taosuv_client_t* client) {
  static const struct {
    const char* name;
    const char* type;
    const char* help;
    bool metrics;
  } families[] = {
      {"taosuv_connections", "gauge", "Connections by state.", false},
      {"taosuv_messages_in_flight", "gauge", "Messages sent and not answered.", false},
      {"taosuv_waiting_bytes", "gauge", "Bytes in send buffers.", false},
      {"taosuv_connects_total", "counter", "Log-ins.", true},
      {"taosuv_connections_lost_total", "counter", "Connections lost.", true},
      {"taosuv_connects_failed_total", "counter", "Connections that could not be made.", true},
  };
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    if (families[i].metrics && client->context.stats == NULL) continue;
    tuv_prometheus_head(out, families[i].name, families[i].type, families[i].help);
    taosuv_host_stats_t host = {.size = sizeof host};
    for (uint32_t at = 0; taosuv_stats_host(client, at, &host) == 0; at++) {
      const uint64_t values[] = {0,
                                 host.in_flight,
                                 host.bytes_waiting,
                                 host.connects,
                                 host.connections_lost,
                                 host.connects_failed};
      if (i == 0)
        add_states(out, &host);
      else
        add_host_value(out, families[i].name, host.host, values[i]);
    }
  }
}

static void add_errors(tuv_text_t* out, const taosuv_client_t* client) {
  static const char name[] = "taosuv_request_errors_total";
  int status;
  uint64_t count;
  tuv_prometheus_head(out, name, "counter", "Requests failed, by status.");
  for (uint32_t i = 0; taosuv_stats_error(client, i, &status, &count) == 0; i++) {
    add(out, name);
    tuv_text_char(out, '{');
    tuv_prometheus_label(out, "status", taosuv_err_name(status));
    tuv_text_char(out, '}');
    add_value(out, count);
  }
}

#define DURATION "taosuv_request_duration_seconds"

static void add_bucket(tuv_text_t* out, const char* action, uint64_t le_ns, uint64_t count) {
  add(out, DURATION "_bucket{");
  tuv_prometheus_label(out, "action", action);
  add(out, ",le=\"");
  if (le_ns == 0)
    add(out, "+Inf");
  else
    add_seconds(out, le_ns);
  add(out, "\"}");
  add_value(out, count);
}

static void add_action(tuv_text_t* out, const char* suffix, const char* action) {
  add(out, DURATION);
  add(out, suffix);
  tuv_text_char(out, '{');
  tuv_prometheus_label(out, "action", action);
  tuv_text_char(out, '}');
}

void tuv_prometheus_latency(tuv_text_t* out, const char* action, const taosuv_latency_t* latency) {
  uint64_t seen = 0;
  unsigned int bucket = 0;
  for (unsigned int power = FIRST_POWER; power <= LAST_POWER; power++) {
    uint64_t le = (UINT64_C(1) << power) * 1000;
    while (bucket < TAOSUV_LATENCY_BUCKETS && taosuv_latency_bound(bucket) <= le)
      seen += latency->buckets[bucket++];
    add_bucket(out, action, le, seen);
  }
  add_bucket(out, action, 0, latency->count);
  add_action(out, "_sum", action);
  tuv_text_char(out, ' ');
  add_seconds(out, latency->sum_ns);
  tuv_text_char(out, '\n');
  add_action(out, "_count", action);
  add_value(out, latency->count);
}

int taosuv_client_prometheus(const taosuv_client_t* client, char* buf, size_t size) {
  if (client == NULL) return TAOSUV_EINVAL;
  tuv_text_t out = tuv_text_start(buf, size);
  add_totals(&out, client);
  add_hosts(&out, client);
  if (client->context.stats != NULL) {
    add_errors(&out, client);
    tuv_prometheus_head(&out, DURATION, "histogram",
                        "From call to callback; of connect, to the log-in's end.");
    for (int action = 0; action < TUV_ACTIONS; action++)
      if (client->context.stats->latency[action].count > 0)
        tuv_prometheus_latency(&out, taosuv_action_name(action),
                               &client->context.stats->latency[action]);
  }
  return tuv_text_end(&out);
}
