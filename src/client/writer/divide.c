/* Which part of a shard's backlog is sent next. */
#include "client/writer/divide.h"
#include "wire/server_code.h"

/* How many refusals a batch is divided after, if the option `divide` is 0. */
#define DEFAULT_REFUSALS 1000u

/* After a loss among parts that had begun to grow again, this many must arrive before they grow. */
#define PATIENCE 8u

static uint32_t smaller(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

/* The next part of the batch. It ends with a table if that takes at most half of the rows off. */
static void choose(tuv_shard_t* shard) {
  const tuv_shard_type_t* type = shard->writer->type;
  uint32_t rows = smaller(smaller(shard->length, shard->most), shard->end - shard->from);
  shard->to = shard->from + rows;
  if (shard->to < shard->end) {
    uint32_t at = type->table_end != NULL ? type->table_end(shard, shard->from, shard->to, true)
                                          : 0;
    if (at > shard->from && at - shard->from >= rows / 2) shard->to = at;
    shard->divided = true;
  }
  shard->state = TUV_SHARD_PAUSING;
  shard->retry_at = 0;
}

static void begin_batch(tuv_shard_t* shard, bool whole) {
  const taosuv_writer_options_t* options = &shard->writer->options;
  uint32_t rest = shard->backlog - shard->from;
  shard->end = shard->backlog;
  if (!whole && (rest > options->batch_rows || shard->in_flight_bytes > options->batch_bytes))
    shard->end = shard->from +
                 (uint32_t) shard->writer->type->fit(
                     shard, shard->from, smaller(rest, options->batch_rows), options->batch_bytes);
  shard->length = shard->end - shard->from;
  shard->refusals = options->divide != 0 ? options->divide : DEFAULT_REFUSALS;
  shard->divided = false;
  choose(shard);
}

void tuv_shard_take(tuv_shard_t* shard, bool whole) {
  shard->backlog = (uint32_t) shard->rows;
  shard->in_flight_rows = shard->rows;
  shard->in_flight_bytes = shard->bytes;
  shard->in_flight_first = shard->first;
  shard->from = shard->maybe_to = 0;
  shard->attempts = 0;
  shard->fresh = true;
  shard->last_chance = false;
  shard->rows = shard->bytes = 0;
  shard->due = shard->alone = false;
  shard->writer->type->take(shard);
  begin_batch(shard, whole);
}

/* The backlog is done. What is in flight stays until it is answered, even if it was reported. */
static void land(tuv_shard_t* shard) {
  if (!shard->held) shard->writer->type->drop(shard);
  shard->state = TUV_SHARD_IDLE;
  shard->backlog = 0;
}

void tuv_shard_pass(tuv_shard_t* shard, bool progress) {
  taosuv_writer_totals_t* totals = &shard->writer->totals;
  uint64_t rows = shard->to - shard->from;
  uint64_t bytes = (uint64_t) ((double) shard->in_flight_bytes * (double) rows /
                               (double) shard->in_flight_rows);
  if (rows == shard->in_flight_rows || bytes > shard->in_flight_bytes)
    bytes = shard->in_flight_bytes;
  shard->in_flight_rows -= rows;
  shard->in_flight_bytes -= bytes;
  totals->rows_pending -= rows;
  totals->bytes_pending -= bytes;
  shard->attempts = 0;
  if (progress) {
    shard->fresh = true;
    shard->last_chance = false;
  }
  shard->from = shard->to;
  if (shard->from == shard->backlog)
    land(shard);
  else if (shard->from == shard->end)
    begin_batch(shard, false);
  else
    choose(shard);
}

/* ---- lost ---- */

void tuv_shard_arrived(tuv_shard_t* shard) {
  shard->losses = 0;
  shard->length = shard->length > UINT32_MAX / 2 ? UINT32_MAX : 2 * shard->length;
  if (shard->most == UINT32_MAX || ++shard->arrivals < shard->patience) return;
  shard->arrivals = 0;
  shard->most *= 2;
  if (shard->most < shard->writer->options.batch_rows) return;
  shard->most = UINT32_MAX;
  shard->patience = 1;
}

/* A single loss says nothing about the size. */
void tuv_shard_lost(tuv_shard_t* shard) {
  if (shard->losses == 0 && shard->most != UINT32_MAX) shard->patience = PATIENCE;
  if (++shard->losses < 2 || shard->to - shard->from <= 1) return;
  if (shard->most == UINT32_MAX) shard->patience = 1;
  shard->arrivals = 0;
  shard->most = smaller((shard->to - shard->from) / 2, UINT32_MAX / 4);
  choose(shard);
}

/* ---- refused ---- */

/* Whether a refusal concerns what all rows have in common. When tables are created with tags, only
 * their super table can be missing. */
static bool concerns_all(const taosuv_writer_t* writer, int code) {
  switch (code) {
    case TUV_CODE_STABLE_NOT_EXIST:
    case TUV_CODE_PARSER_TABLE_NOT_EXIST: return writer->ntags > 0;
    case TUV_CODE_SYNTAX_ERROR:
    case TUV_CODE_NUMBER_OF_TAGS:
    case TUV_CODE_CLIENT_NO_DATABASE:
    case TUV_CODE_NO_DATABASE:
    case TUV_CODE_PARSER_NO_DATABASE:
    case TUV_CODE_DATABASE_NOT_EXIST:
    case TUV_CODE_NO_PRIVILEGE: return true;
    default: return false;
  }
}

/* Whether a refusal concerns what the rows of one table have in common. */
static bool concerns_table(int code) {
  return code == TUV_CODE_STABLE_NOT_EXIST || code == TUV_CODE_PARSER_TABLE_NOT_EXIST ||
         code == TUV_CODE_TABLE_NOT_EXIST;
}

static bool may_divide(const tuv_shard_t* shard, int status, int server_code, uint64_t now) {
  const taosuv_writer_t* writer = shard->writer;
  const taosuv_writer_options_t* options = &writer->options;
  if (options->divide == TAOSUV_WRITER_NO_DIVIDE || options->retry_ms <= 1) return false;
  if (writer->client == NULL || now - shard->begun >= options->retry_ms) return false;
  if (status == TAOSUV_EMSGSIZE || status == TAOSUV_ERANGE) return true; /* refused by taosuv */
  return status == TAOSUV_ESERVER && !concerns_all(writer, server_code);
}

uint32_t tuv_shard_refused(tuv_shard_t* shard, int status, int server_code, uint64_t now) {
  uint32_t rows = shard->to - shard->from;
  if (!may_divide(shard, status, server_code, now) || shard->refusals == 0) return shard->end;
  shard->refusals--;
  if (rows == 1) return shard->to;
  const tuv_shard_type_t* type = shard->writer->type;
  uint32_t table = type->table_end != NULL ? type->table_end(shard, shard->from, 0, false) : 0;
  if (table >= shard->to && status == TAOSUV_ESERVER && concerns_table(server_code))
    return smaller(table, shard->end);
  shard->length = rows / 2;
  shard->attempts = 0;
  choose(shard);
  return 0;
}
