/* taosuv-floor: the same work on bare libuv, which is the minimal cost of any client.
 *
 * It sends frames made in advance and counts what comes. Of what it receives it parses the headers
 * of the frames, because the server's times have more or fewer digits; that a text frame answers a
 * query and a binary one a fetch; the length of the latter, which must be the one that was seen
 * first; and for fetch the rows of a block and the length that says that there are no more. The
 * results' ids are counted up from the first, and replies are taken to come in order. All have the
 * same req_id. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "floor_frames.h"
#include "floor_ingest.h"
#include "floor_login.h"
#include "lines_text.h"
#include "report.h"

#define READ_SIZE (256u << 10)
#define FINISHED_LENGTH 51u /* of the reply to a fetch when there are no more rows */
#define BLOCK_AT 55u
#define BENCH_VALUES_AT                                                                            \
  64u /* in the block of a bench table: its header, four types, four lengths */

typedef struct floor_s {
  bench_options_t options;
  floor_link_t link;
  uv_tcp_t tcp; /* of the loop; with TLS there is none, only blocking reads */
  uv_write_t write;
  floor_messages_t messages;
  floor_ingest_t ingest;
  floor_reader_t reader;
  uint64_t next_id;
  size_t text_length;  /* of the first reply to the query */
  size_t block_length; /* of the first reply to a fetch */
  uint8_t* in;
  size_t in_size;
  size_t in_fill; /* of the message in progress, where its bytes are wanted */
  uint8_t* out;
  size_t out_fill, out_size;
  uint8_t* flying; /* being written by libuv */
  uint64_t goal, begun, completed;
  bool measuring;
  bool failed;
  bool stopped;
  bench_sums_t sums;
  bench_cost_t start;
  bench_cost_t cost;
} floor_t;

static void stop(floor_t* run) {
  if (!run->stopped && run->link.tls == NULL) uv_close((uv_handle_t*) &run->tcp, NULL);
  run->stopped = true;
}

static void fail(floor_t* run, const char* what) {
  if (!run->failed) fprintf(stderr, "taosuv-floor: %s\n", what);
  run->failed = true;
  stop(run);
}

static void append(floor_t* run, const uint8_t* data, size_t size) {
  if (run->out_size - run->out_fill < size) {
    size_t bigger = 2 * run->out_size + size;
    uint8_t* out = realloc(run->out, bigger);
    if (out == NULL) {
      fail(run, "out of memory");
      return;
    }
    run->out = out;
    run->out_size = bigger;
  }
  memcpy(run->out + run->out_fill, data, size);
  run->out_fill += size;
}

static void flush(floor_t* run);

static void on_written(uv_write_t* request, int status) {
  floor_t* run = request->data;
  free(run->flying);
  run->flying = NULL;
  if (run->failed) return;
  if (status < 0)
    fail(run, uv_strerror(status));
  else
    flush(run);
}

/* One write for all frames that are due. If the system does not accept all bytes, libuv takes over
 * the buffer. */
static void flush(floor_t* run) {
  if (run->out_fill == 0 || run->flying != NULL || run->failed) return;
  if (run->link.tls != NULL) {
    if (floor_link_send(&run->link, run->out, run->out_fill) < 0) fail(run, "sending failed");
    run->out_fill = 0;
    return;
  }
  uv_buf_t buf = uv_buf_init((char*) run->out, (unsigned) run->out_fill);
  int taken = uv_try_write((uv_stream_t*) &run->tcp, &buf, 1);
  if (taken < 0 && taken != UV_EAGAIN) {
    fail(run, uv_strerror(taken));
    return;
  }
  if (taken == (int) run->out_fill) {
    run->out_fill = 0;
    return;
  }
  buf.base += taken > 0 ? taken : 0;
  buf.len -= (size_t) (taken > 0 ? taken : 0);
  run->flying = run->out;
  run->out = NULL;
  run->out_size = run->out_fill = 0;
  int status = uv_write(&run->write, (uv_stream_t*) &run->tcp, &buf, 1, on_written);
  if (status < 0) fail(run, uv_strerror(status));
}

/* Handles a whole frame in place. */
static void send_frame(floor_t* run, const uint8_t* frame, size_t size) {
  if (run->link.tls != NULL) {
    append(run, frame, size);
    return;
  }
  uv_buf_t buf = uv_buf_init((char*) (uintptr_t) frame, (unsigned) size);
  int taken = uv_try_write((uv_stream_t*) &run->tcp, &buf, 1);
  if (taken < 0 && taken != UV_EAGAIN) {
    fail(run, uv_strerror(taken));
    return;
  }
  buf.base += taken > 0 ? taken : 0;
  buf.len -= (size_t) (taken > 0 ? taken : 0);
  if (buf.len == 0) return;
  int status = uv_write(&run->write, (uv_stream_t*) &run->tcp, &buf, 1, on_written);
  if (status < 0) fail(run, uv_strerror(status));
}

static void begin(floor_t* run) {
  run->begun++;
  if (run->options.workload == BENCH_INGEST) {
    run->ingest.bound = false;
    send_frame(run, run->ingest.bind, run->ingest.bind_size);
    return;
  }
  append(run, run->messages.query, run->messages.query_size);
}

static void begin_phase(floor_t* run, uint64_t goal, bool measuring) {
  run->goal = goal;
  run->begun = run->completed = 0;
  run->measuring = measuring;
  memset(&run->sums, 0, sizeof run->sums);
  run->start = bench_cost_now();
  while (run->begun < goal && run->begun < run->options.inflight) begin(run);
}

static void complete(floor_t* run) {
  run->completed++;
  if (run->begun < run->goal) {
    begin(run);
  } else if (run->completed == run->goal && !run->measuring) {
    begin_phase(run, run->options.ops, true);
  } else if (run->completed == run->goal) {
    run->cost = bench_cost_since(&run->start);
    stop(run);
  }
}

/* The values of a bench table's columns ts, a, b and c, which have no NULL. */
static void touch(floor_t* run, const uint8_t* block, uint32_t rows) {
  uint32_t texts;
  memcpy(&texts, block + BENCH_VALUES_AT - 4, sizeof texts);
  size_t bits = ((size_t) rows + 7) / 8, count = rows;
  const uint8_t* at = block + BENCH_VALUES_AT;
  if (BLOCK_AT + BENCH_VALUES_AT + 3 * bits + 24 * count + texts > run->reader.length) {
    fail(run, "a block is shorter than its rows");
    return;
  }
  run->sums.integers += bench_sum_i64(at + bits, rows);
  at += bits + 8 * count;
  run->sums.integers += bench_sum_i32(at + bits, rows);
  at += bits + 4 * count;
  run->sums.doubles += bench_sum_f64(at + bits, rows);
  at += bits + 8 * count;
  run->sums.bytes += bench_sum_lengths(at, at + 4 * count, rows);
}

/* Handles the reply to a fetch: requests the next block before it reads the rows. */
static void on_fetched(floor_t* run, const uint8_t* payload) {
  if (run->reader.length == FINISHED_LENGTH) {
    complete(run);
    return;
  }
  if (run->reader.length < BLOCK_AT + 28) {
    fail(run, "a reply to fetch that is no block: refused?");
    return;
  }
  append(run, run->messages.next, run->messages.fetch_size);
  flush(run);
  uint32_t rows;
  memcpy(&rows, payload + BLOCK_AT + 8, sizeof rows);
  run->sums.blocks++;
  run->sums.rows += rows;
  if (run->options.touch) touch(run, payload + BLOCK_AT, rows);
}

static void on_frame(floor_t* run, const uint8_t* payload) {
  uint64_t length = run->reader.length;
  if (run->reader.opcode == 1) {
    if (length + 24 < run->text_length || length > run->text_length + 24) {
      fail(run, "a text reply of another length than the first: refused?");
      return;
    }
    if (run->options.workload == BENCH_INGEST && !run->ingest.bound) {
      run->ingest.bound = true;
      send_frame(run, run->ingest.exec, run->ingest.exec_size);
      return;
    }
    if (run->options.workload == BENCH_INGEST) {
      run->sums.rows += run->options.batch;
      complete(run);
      return;
    }
    if (run->options.workload == BENCH_LINES) {
      run->sums.rows += run->options.rows;
      complete(run);
      return;
    }
    floor_messages_set_id(&run->messages, run->next_id++);
    bool both = run->options.workload == BENCH_QUERY;
    append(run, run->messages.next,
           run->messages.fetch_size + (both ? run->messages.free_size : 0));
  } else if (run->reader.opcode != 2) {
    if (run->reader.opcode != 9) fail(run, "the server closes the connection");
  } else if (run->options.workload == BENCH_FETCH) {
    on_fetched(run, payload);
  } else if (length != run->block_length) {
    fail(run, "a reply to fetch of another length than the first: refused, or out of order?");
  } else {
    complete(run);
  }
}

static bool collects(const floor_t* run) {
  return run->options.workload == BENCH_FETCH;
}

/* The message of a fetch is collected in the read buffer; only one is in flight at a time. */
static size_t make_room(floor_t* run) {
  uint64_t need = run->in_fill + run->reader.left;
  if (collects(run) && run->reader.in_payload && need > run->in_size) {
    uint8_t* in = realloc(run->in, (size_t) need);
    if (in != NULL) {
      run->in = in;
      run->in_size = (size_t) need;
    }
  }
  return run->in_size - run->in_fill;
}

/* The bytes read after in_fill. */
static void on_bytes(floor_t* run, size_t left) {
  const uint8_t* data = run->in + run->in_fill;
  while (left > 0 && !run->stopped) {
    size_t used = floor_reader_next(&run->reader, data, left);
    data += used;
    left -= used;
    run->in_fill += used;
    if (!floor_reader_ended(&run->reader)) continue;
    on_frame(run, data - run->reader.length);
    run->in_fill = 0;
  }
  if (!collects(run)) run->in_fill = 0;
  if (!run->stopped) flush(run);
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  floor_t* run = handle->data;
  (void) suggested;
  size_t room = make_room(run);
  *buf = uv_buf_init((char*) run->in + run->in_fill, (unsigned) room);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  floor_t* run = stream->data;
  (void) buf;
  if (size < 0)
    fail(run, uv_strerror((int) size));
  else
    on_bytes(run, (size_t) size);
}

static bool find_id(const uint8_t* reply, uint64_t* id) {
  const char* at = strstr((const char*) reply, "\"id\":");
  *id = at == NULL ? 0 : strtoull(at + 5, NULL, 10);
  return strstr((const char*) reply, "\"code\":0,") != NULL && *id != 0;
}

/* The columns of a bench table: TIMESTAMP, INT, DOUBLE and VARCHAR. */
static bool is_bench_block(const uint8_t* reply, size_t length) {
  static const uint8_t types[] = {9, 4, 7, 8};
  if (length < BLOCK_AT + BENCH_VALUES_AT || reply[BLOCK_AT + 12] != sizeof types) return false;
  for (size_t i = 0; i < sizeof types; i++)
    if (reply[BLOCK_AT + 28 + 5 * i] != types[i]) return false;
  return true;
}

/* Sends one statement or message, blocking. Returns the length of its reply, or 0 after printing
 * the error. */
static size_t ask(floor_t* run, const uint8_t* frame, size_t size) {
  size_t length;
  uint8_t* reply = floor_exchange(&run->link, frame, size, &length);
  if (reply == NULL) return 0;
  bool well = strstr((const char*) reply, "\"code\":0,") != NULL;
  if (!well) fprintf(stderr, "taosuv-floor: refused: %s\n", (const char*) reply);
  free(reply);
  return well ? length : 0;
}

/* Creates the database and sends the first message. */
static int learn_lines(floor_t* run) {
  static const char* const steps[] = {BENCH_LINES_CREATE, "USE " BENCH_LINES_DATABASE};
  for (size_t i = 0; i < 2; i++) {
    floor_messages_t step;
    if (floor_messages_init(&step, steps[i]) < 0) return -1;
    size_t length = ask(run, step.query, step.query_size);
    floor_messages_free(&step);
    if (length == 0) return -1;
  }
  if (floor_messages_lines(&run->messages, run->options.rows) < 0) return -1;
  run->text_length = ask(run, run->messages.query, run->messages.query_size);
  return run->text_length == 0 ? -1 : 0;
}

/* Runs the first operation, blocking, to learn the length of its replies and the first id of a
 * result. */
static int learn(floor_t* run) {
  if (run->options.workload == BENCH_LINES) return learn_lines(run);
  if (run->options.workload == BENCH_INGEST)
    return floor_ingest_learn(&run->ingest, &run->link, &run->options, &run->text_length);
  floor_link_t* link = &run->link;
  floor_messages_t* messages = &run->messages;
  uint64_t id;
  uint8_t* reply = floor_exchange(link, messages->query, messages->query_size, &run->text_length);
  if (reply == NULL) return -1;
  bool well = find_id(reply, &id);
  if (!well) fprintf(stderr, "taosuv-floor: no result set: %s\n", (const char*) reply);
  free(reply);
  if (!well) return -1;
  floor_messages_set_id(messages, id);
  run->next_id = id + 1;
  reply = floor_exchange(link, messages->next, messages->fetch_size, &run->block_length);
  if (reply == NULL) return -1;
  well = !run->options.touch || is_bench_block(reply, run->block_length);
  if (!well) fprintf(stderr, "taosuv-floor: --touch needs a table bench.rows_...\n");
  free(reply);
  if (!well) return -1;
  return floor_link_send(link, messages->next + messages->fetch_size, messages->free_size);
}

static void warm_up(floor_t* run) {
  uint64_t ops = run->options.ops / 10 < 1000 ? run->options.ops / 10 : 1000;
  begin_phase(run, ops > 0 ? ops : run->options.ops, ops == 0);
  flush(run);
}

/* With TLS: only blocking reads. */
static void run_blocking(floor_t* run) {
  warm_up(run);
  while (!run->stopped) {
    size_t room = make_room(run);
    ssize_t got = floor_link_receive(&run->link, run->in + run->in_fill, room);
    if (got < 0)
      fail(run, "the connection ended");
    else
      on_bytes(run, (size_t) got);
  }
}

static void run_loop(floor_t* run) {
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_init(loop, &run->tcp);
  int status = uv_tcp_open(&run->tcp, run->link.fd);
  run->link.fd = -1; /* libuv's now */
  run->tcp.data = run->write.data = run;
  if (status == 0) status = uv_read_start((uv_stream_t*) &run->tcp, on_alloc, on_read);
  if (status < 0)
    fail(run, uv_strerror(status));
  else
    warm_up(run);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_loop_close(loop);
}

static void report(const floor_t* run) {
  bench_report_t report = {.client = "floor",
                           .version = uv_version_string(),
                           .options = &run->options,
                           .cost = run->cost,
                           .sums = run->sums};
  bench_report_print(&report);
}

int main(int argc, char** argv) {
  static floor_t run;
  int status = bench_options_read(argc, argv, true, &run.options);
  if (status != 0) return status < 0 ? 0 : status;
  if (floor_messages_init(&run.messages, run.options.sql) < 0) {
    fprintf(stderr, "taosuv-floor: the statement is too long, or out of memory\n");
    return 1;
  }
  status = floor_log_in(run.options.url, &run.link) < 0 || learn(&run) < 0 ? 1 : 0;
  run.in_size = run.block_length + 16 > READ_SIZE ? run.block_length + 16 : READ_SIZE;
  run.in = malloc(run.in_size);
  if (run.in == NULL) status = 1;
  if (status == 0) {
    if (run.link.tls != NULL)
      run_blocking(&run);
    else
      run_loop(&run);
    status = run.failed ? 1 : 0;
  }
  floor_link_close(&run.link);
  if (status == 0) report(&run);
  floor_messages_free(&run.messages);
  floor_ingest_free(&run.ingest);
  free(run.in);
  free(run.out);
  return status;
}
