/* A writer of lines: a shard gathers text, and keeps what is in flight until it is written. */
#include <string.h>

#include "client/core/req.h"
#include "client/query/lines.h"
#include "client/writer/opening.h"
#include "client/writer/report.h"
#include "client/writer/writer.h"
#include "util/buf.h"
#include "util/utf8.h"
#include "wire/lines/insert.h"
#include "wire/text.h"

typedef struct lines_shard_s {
  tuv_shard_t shard;
  taosuv_insert_lines_t insert;
  tuv_buf_t gathered, in_flight;
  tuv_buf_t numbers, in_flight_numbers; /* numbers_t of their lines */
  uint64_t escaped;                     /* the size of `gathered` in a message */
  uint32_t passed; /* the number of lines of `in_flight` that end before `at` */
  size_t at;       /* a place in `in_flight` */
} lines_shard_t;

/* Lines whose numbers follow each other. */
typedef struct numbers_s {
  uint64_t first, count;
} numbers_t;

static lines_shard_t* of(tuv_shard_t* shard) {
  return (lines_shard_t*) (void*) shard;
}

/* ---- opening ---- */

/* The server is not asked. The writer's first step opens the shard. */
static int open_lines(tuv_shard_t* shard, const taosuv_writer_options_t* options,
                      tuv_errmsg_t* err) {
  lines_shard_t* lines = of(shard);
  (void) err;
  if (options->format == TAOSUV_LINES_JSON) return TAOSUV_EINVAL; /* JSON is not a text of lines */
  lines->insert.data = lines;
  lines->insert.format = options->format;
  lines->insert.precision = options->precision;
  lines->insert.timeout_ms = options->timeout_ms;
  lines->insert.table_name_key = options->table_name_key;
  lines->insert.table_name_key_length = options->table_name_key_length;
  int status = tuv_lines_check(shard->writer->client, &lines->insert);
  if (status < 0) return status;
  tuv_buf_init(&lines->gathered, &shard->writer->mem->alloc);
  tuv_buf_init(&lines->in_flight, &shard->writer->mem->alloc);
  tuv_buf_init(&lines->numbers, &shard->writer->mem->alloc);
  tuv_buf_init(&lines->in_flight_numbers, &shard->writer->mem->alloc);
  return 0;
}

static void close_lines(tuv_shard_t* shard) {
  tuv_buf_free(&of(shard)->gathered);
  tuv_buf_free(&of(shard)->in_flight);
  tuv_buf_free(&of(shard)->numbers);
  tuv_buf_free(&of(shard)->in_flight_numbers);
}

/* ---- sending ---- */

static size_t bytes_of(tuv_shard_t* shard) {
  return (size_t) of(shard)->escaped;
}

/* The number of line `index` of the batch. */
static uint64_t number_of(const lines_shard_t* lines, uint64_t index) {
  const tuv_buf_t* buf = &lines->in_flight_numbers;
  const numbers_t* run = (const numbers_t*) (const void*) (buf->data + buf->head);
  while (index >= run->count) index -= run++->count;
  return run->first + index;
}

static void note_lines(tuv_shard_t* shard) {
  tuv_shard_note(shard, NULL, 0, number_of(of(shard), shard->from),
                 number_of(of(shard), shard->to - 1u), shard->to - shard->from);
}

/* ---- parts ---- */

/* The size of a line with its newline. */
static size_t line_size(const tuv_buf_t* text, size_t at) {
  const uint8_t* from = text->data + text->head + at;
  const uint8_t* end = memchr(from, '\n', tuv_buf_size(text) - at);
  return (size_t) (end - from) + 1;
}

/* Where a line begins. The search goes on from the last one, because they mostly come in order. */
static size_t begin_of(lines_shard_t* lines, uint32_t line) {
  if (line < lines->passed) lines->passed = 0;
  if (lines->passed == 0) lines->at = 0;
  for (; lines->passed < line; lines->passed++)
    lines->at += line_size(&lines->in_flight, lines->at);
  return lines->at;
}

static size_t size_of(const lines_shard_t* lines, size_t at, uint32_t count) {
  size_t end = at;
  while (count-- > 0) end += line_size(&lines->in_flight, end);
  return end - at;
}

static uint64_t fit_lines(tuv_shard_t* shard, uint32_t from, uint32_t count, size_t bytes) {
  lines_shard_t* lines = of(shard);
  size_t at = begin_of(lines, from), size = 0;
  for (uint32_t fit = 0; fit < count; fit++) {
    size_t length = line_size(&lines->in_flight, at);
    size += tuv_insert_escaped(lines->in_flight.data + lines->in_flight.head + at, length);
    if (size > bytes && fit > 0) return fit;
    at += length;
  }
  return count;
}

static void on_inserted(taosuv_insert_lines_t* req, int status) {
  lines_shard_t* lines = req->data;
  bool known = status == 0 && req->affected_rows > 0; /* over HTTP it is not */
  tuv_shard_done(&lines->shard, tuv_req_base(req), known ? req->affected_rows : 0);
}

static void empty(tuv_buf_t* buf) {
  tuv_buf_consume(buf, tuv_buf_size(buf), SIZE_MAX);
}

static void drop_lines(tuv_shard_t* shard) {
  empty(&of(shard)->in_flight);
  empty(&of(shard)->in_flight_numbers);
  of(shard)->passed = 0;
}

static void swap(tuv_buf_t* a, tuv_buf_t* b) {
  tuv_buf_t other = *a;
  *a = *b;
  *b = other;
}

static void take_lines(tuv_shard_t* shard) {
  lines_shard_t* lines = of(shard);
  swap(&lines->gathered, &lines->in_flight);
  swap(&lines->numbers, &lines->in_flight_numbers);
  lines->passed = 0;
  lines->escaped = 0;
}

static int send_lines(tuv_shard_t* shard, tuv_errmsg_t* err) {
  lines_shard_t* lines = of(shard);
  bool last = shard->to == shard->backlog;
  size_t at = begin_of(lines, shard->from);
  size_t size = last ? tuv_buf_size(&lines->in_flight) - at
                     : size_of(lines, at, shard->to - shard->from);
  uv_buf_t buf = uv_buf_init((char*) lines->in_flight.data + lines->in_flight.head + at,
                             (unsigned int) size);
  int status = taosuv_insert_lines(shard->writer->client, &lines->insert, &buf, 1, on_inserted);
  if (status < 0) return tuv_fail(err, status, "%s", taosuv_strerror(status));
  tuv_req_of(tuv_req_base(&lines->insert))->stays = true;
  return 0;
}

static taosuv_req_t* request_of(tuv_shard_t* shard) {
  return tuv_req_base(&of(shard)->insert);
}

static tuv_conn_t* conn_of(tuv_shard_t* shard) {
  return tuv_req_of(request_of(shard))->op.conn;
}

const tuv_shard_type_t tuv_shard_lines = {.name = "lines",
                                          .size = sizeof(lines_shard_t),
                                          .open = open_lines,
                                          .bytes = bytes_of,
                                          .take = take_lines,
                                          .fit = fit_lines,
                                          .note = note_lines,
                                          .send = send_lines,
                                          .request = request_of,
                                          .conn = conn_of,
                                          .drop = drop_lines,
                                          .close = close_lines};

/* ---- gathering ---- */

/* Copies lines into `out`, which has room for all of them and a newline; with NULL it only measures.
 * Leaves out blank lines and comments, which a server might count or refuse, and a CR at the end of a
 * line, which servers treat differently. Returns the number of lines, and their size in *size. */
static uint64_t copy_lines(const char* text, size_t length, uint8_t* out, size_t* size) {
  uint64_t count = 0;
  *size = 0;
  for (size_t at = 0; at < length;) {
    const char* end = memchr(text + at, '\n', length - at);
    size_t part = end != NULL ? (size_t) (end - text) - at : length - at;
    size_t blank = 0;
    while (blank < part && strchr(" \t\r", text[at + blank]) != NULL) blank++;
    if (blank < part && text[at] != '#') {
      size_t rest = part;
      while (text[at + rest - 1] == '\r') rest--;
      if (out != NULL) memcpy(out + *size, text + at, rest);
      if (out != NULL) out[*size + rest] = '\n';
      *size += rest + 1;
      count++;
    }
    at += part + 1;
  }
  return count;
}

/* The length of the measurement. Lines with the same one keep their order. */
static size_t key_length(const char* text, size_t length) {
  size_t at = 0;
  while (at < length && text[at] != ',' && text[at] != ' ') at++;
  return at;
}

/* Refuses what would make the server refuse the other lines of the message as well. */
static int check_lines(taosuv_writer_t* writer, const char* text, size_t length, size_t escaped) {
  size_t most = (size_t) writer->shard_limit - TUV_INSERT_HEAD_MAX - strlen(TUV_INSERT_END);
  tuv_errmsg_t* err = &writer->err;
  if (!tuv_utf8_valid((const uint8_t*) text, length))
    return tuv_fail(err, TAOSUV_EINVAL, "the lines are not valid UTF-8");
  if (memchr(text, 0, length) != NULL)
    return tuv_fail(err, TAOSUV_EINVAL, "the lines contain a NUL byte");
  if (escaped <= most) return 0;
  return tuv_fail(err, TAOSUV_EMSGSIZE,
                  "the lines take %zu bytes of JSON, %zu more than half of max_message_size allows",
                  escaped, escaped - most);
}

/* Makes room for the numbers of more lines. */
static bool reserve_numbers(lines_shard_t* lines) {
  return tuv_buf_reserve(&lines->numbers, sizeof(numbers_t)) != NULL;
}

static void add_numbers(lines_shard_t* lines, uint64_t count) {
  tuv_buf_t* buf = &lines->numbers;
  uint64_t first = lines->shard.writer->taken;
  numbers_t* next = (numbers_t*) (void*) (buf->data + buf->tail);
  if (tuv_buf_size(buf) > 0 && next[-1].first + next[-1].count == first) {
    next[-1].count += count;
    return;
  }
  *next = (numbers_t) {first, count};
  tuv_buf_commit(buf, sizeof *next);
}

int taosuv_writer_lines(taosuv_writer_t* writer, const char* text, size_t length) {
  if (writer == NULL || text == NULL) return TAOSUV_EINVAL;
  int status = tuv_writer_check(writer, &tuv_shard_lines);
  if (status < 0) return status;
  length = tuv_text_length(text, length);
  size_t size,
      escaped = tuv_insert_escaped((const uint8_t*) text, length) + 2; /* a newline's size */
  uint64_t lines = copy_lines(text, length, NULL, &size);
  if (lines == 0) return tuv_fail(&writer->err, TAOSUV_EINVAL, "the text contains no line");
  status = check_lines(writer, text, length, escaped);
  if (status < 0) return status;
  tuv_shard_t* shard = tuv_writer_shard(writer, text, key_length(text, length));
  tuv_buf_t* gathered = &of(shard)->gathered;
  status = tuv_shard_check(shard, escaped);
  if (status < 0) return status;
  uint8_t* room = tuv_buf_reserve(gathered, size);
  if (room == NULL || !reserve_numbers(of(shard)))
    return tuv_fail(&writer->err, TAOSUV_ENOMEM, "out of memory");
  copy_lines(text, length, room, &size);
  tuv_buf_commit(gathered, size);
  of(shard)->escaped += escaped;
  add_numbers(of(shard), lines);
  tuv_shard_added(shard, lines);
  return 0;
}
