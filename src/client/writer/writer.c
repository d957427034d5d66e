/* The life of a writer: it is opened with its shards, and closed with nothing left behind; and its
 * public calls. */
#include "client/pool/client.h"
#include "client/conn/transport.h"
#include "client/writer/opening.h"
#include "client/writer/writer.h"
#include "wire/text.h"

#include <string.h>

#define DEFAULT_SHARDS 4u
#define MAX_SHARDS 64u
#define DEFAULT_ROWS 10000u
#define DEFAULT_BYTES (1u << 20)
#define DEFAULT_AGE 100u
#define DEFAULT_MAX_BYTES (64u << 20)

_Static_assert(sizeof(tuv_flush_t) <= sizeof((taosuv_writer_flush_t) {0}.priv),
               "a flush holds its private part");

static tuv_flush_t* flush_of(taosuv_writer_flush_t* req) {
  return (tuv_flush_t*) (void*) req->priv;
}

void taosuv_writer_options_init(taosuv_writer_options_t* options) {
  memset(options, 0, sizeof *options);
  options->size = sizeof *options;
  options->sql_length = TAOSUV_NUL_TERMINATED;
  options->table_name_key_length = TAOSUV_NUL_TERMINATED;
}

static void on_closing(tuv_dependent_t* dependent, tuv_conn_t* conn) {
  taosuv_writer_t* writer = TUV_CONTAINER(dependent, taosuv_writer_t, dependent);
  (void) conn;
  writer->client = NULL;
  tuv_writer_wake(writer); /* reports what it has gathered */
}

static const tuv_dependent_type_t dependent_type = {.rank = TUV_RANK_WRITER, .closing = on_closing};

void taosuv_writer_close(taosuv_writer_t* writer, taosuv_writer_close_cb cb, void* data) {
  if (writer == NULL || writer->closing) return;
  writer->closing = true;
  writer->close_cb = cb;
  writer->close_data = data;
  tuv_writer_wake(writer);
}

/* ---- the beginning ---- */

static uint64_t or_default(uint64_t value, uint64_t otherwise) {
  return value != 0 ? value : otherwise;
}

/* Copies a text of the options, because shards may be opened after the call. */
static int keep_text(taosuv_writer_t* writer, const char** text, size_t* length, char** copy) {
  if (*text == NULL) return 0;
  *length = tuv_text_length(*text, *length);
  *copy = tuv_malloc(&writer->mem->alloc, *length + 1);
  if (*copy == NULL) return TAOSUV_ENOMEM;
  memcpy(*copy, *text, *length);
  (*copy)[*length] = 0;
  *text = *copy;
  return 0;
}

static int keep_texts(taosuv_writer_t* writer) {
  taosuv_writer_options_t* options = &writer->options;
  size_t table = TAOSUV_NUL_TERMINATED;
  int status = keep_text(writer, &options->sql, &options->sql_length, &writer->texts[0]);
  if (status == 0) status = keep_text(writer, &options->table, &table, &writer->texts[1]);
  if (status == 0)
    status = keep_text(writer, &options->table_name_key, &options->table_name_key_length,
                       &writer->texts[2]);
  return status;
}

/* Long enough for a second attempt after one that timed out. */
static uint64_t default_retry(const taosuv_writer_t* writer) {
  uint64_t attempt = or_default(writer->options.timeout_ms,
                                writer->client->context.url.request_timeout);
  if (attempt <= TUV_WRITER_RETRY / 2) return TUV_WRITER_RETRY;
  return attempt > UINT64_MAX / 2 ? UINT64_MAX : 2 * attempt;
}

static int read_options(taosuv_writer_t* writer, const taosuv_writer_options_t* given) {
  taosuv_writer_options_t* options = &writer->options;
  size_t most = (size_t) (writer->client->context.url.max_message_size / 2);
  memcpy(options, given, given->size < sizeof *options ? given->size : sizeof *options);
  if (options->on_report == NULL || options->lanes > MAX_SHARDS) return TAOSUV_EINVAL;
  options->lanes = (uint32_t) or_default(options->lanes, DEFAULT_SHARDS);
  options->batch_rows = (uint32_t) or_default(options->batch_rows, DEFAULT_ROWS);
  options->batch_bytes = (size_t) or_default(options->batch_bytes, DEFAULT_BYTES);
  options->batch_age_ms = (uint32_t) or_default(options->batch_age_ms, DEFAULT_AGE);
  options->max_bytes = (size_t) or_default(options->max_bytes, DEFAULT_MAX_BYTES);
  options->retry_ms = or_default(options->retry_ms, default_retry(writer));
  if (options->batch_bytes > most) options->batch_bytes = most;
  writer->shard_limit = most;
  uint64_t timeout = or_default(options->timeout_ms, writer->client->context.url.request_timeout);
  writer->attempt_ms = or_default(timeout, UINT64_MAX);
  writer->can_probe = writer->client->pool.conns.transport->probe != NULL;
  return keep_texts(writer);
}

static taosuv_writer_t* create(taosuv_client_t* client) {
  tuv_refbuf_t* memory = tuv_refbuf_take(client->context.mem, sizeof(taosuv_writer_t));
  if (memory == NULL) return NULL;
  taosuv_writer_t* writer = (taosuv_writer_t*) (void*) memory->data;
  memset(writer, 0, sizeof *writer);
  writer->client = client;
  writer->loop = client->context.loop;
  writer->mem = client->context.mem;
  writer->wake_at = UINT64_MAX;
  tuv_queue_init(&writer->flushes);
  tuv_dependent_init(&writer->dependent, &dependent_type);
  return writer;
}

static int make_shards(taosuv_writer_t* writer) {
  const tuv_alloc_t* alloc = &writer->mem->alloc;
  writer->shards = tuv_calloc(alloc, writer->options.lanes, sizeof *writer->shards);
  if (writer->shards == NULL) return TAOSUV_ENOMEM;
  for (uint32_t i = 0; i < writer->options.lanes; i++) {
    tuv_shard_t* shard = tuv_calloc(alloc, 1, writer->type->size);
    if (shard == NULL) return TAOSUV_ENOMEM;
    shard->writer = writer;
    shard->most = UINT32_MAX;
    shard->patience = 1;
    tuv_arena_init(&shard->names, alloc);
    writer->shards[writer->nshards++] = shard;
  }
  return 0;
}

int taosuv_writer_open(taosuv_client_t* client, taosuv_writer_open_t* req,
                       const taosuv_writer_options_t* options, taosuv_writer_open_cb cb) {
  if (client == NULL || req == NULL || options == NULL || options->size == 0 || cb == NULL)
    return TAOSUV_EINVAL;
  if (req->priv[0] != NULL || client->context.in_hook) return TAOSUV_EBUSY;
  if (client->context.closing) return TAOSUV_ECLOSED;
  taosuv_writer_t* writer = create(client);
  if (writer == NULL) return TAOSUV_ENOMEM;
  int status = read_options(writer, options);
  uint64_t seed = 0;
  if (status == 0)
    status = tuv_random_bytes(&client->context.shared.random, (uint8_t*) &seed, sizeof seed);
  writer->random = seed | 1;
  writer->step = tuv_writer_step;
  writer->type = writer->options.sql != NULL ? &tuv_shard_rows : &tuv_shard_lines;
  if (status == 0) status = make_shards(writer);
  if (status == 0) status = tuv_writer_open_shard(writer);
  if (status < 0) {
    tuv_writer_free_shards(writer);
    tuv_writer_free_memory(writer);
    return status;
  }
  uv_timer_init(client->context.loop, &writer->timer); /* cannot fail */
  writer->timer.data = writer;
  tuv_dependents_add(&client->context.dependents, &writer->dependent);
  writer->open = req;
  req->cb = cb;
  req->writer = NULL;
  req->message = NULL;
  req->server_code = 0;
  req->priv[0] = writer;
  tuv_writer_open_others(writer);
  if (!writer->type->asks) tuv_writer_wake(writer);
  return 0;
}

/* ---- calls ---- */

const char* taosuv_writer_message(const taosuv_writer_t* writer) {
  return writer != NULL ? writer->err.text : "";
}

void taosuv_writer_totals(const taosuv_writer_t* writer, taosuv_writer_totals_t* totals) {
  if (totals == NULL) return;
  *totals = writer != NULL ? writer->totals : (taosuv_writer_totals_t) {0};
}

int taosuv_writer_flush(taosuv_writer_t* writer, taosuv_writer_flush_t* req,
                        taosuv_writer_flush_cb cb) {
  if (writer == NULL || req == NULL || cb == NULL) return TAOSUV_EINVAL;
  tuv_flush_t* flush = flush_of(req);
  bool in_hook = writer->client != NULL && writer->client->context.in_hook;
  if (flush->pending || in_hook) return TAOSUV_EBUSY;
  if (writer->closing) return TAOSUV_ECLOSED;
  req->cb = cb;
  req->rows_failed = 0;
  flush->pending = 1;
  flush->upto = writer->taken;
  flush->failed = writer->totals.rows_failed;
  tuv_queue_push(&writer->flushes, &flush->link);
  tuv_writer_wake(writer);
  return 0;
}
