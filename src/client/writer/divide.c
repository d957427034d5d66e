/* Which part of a lane's backlog is sent next: batches of the usual size, smaller parts of what was
 * refused or lost. */
#include "client/writer/writer.h"

/* How many refused messages a batch may cost when nothing is said. */
#define DEFAULT_REFUSALS 1000u

/* After a loss among parts that had begun to grow again, so many must arrive before the next one is
 * larger. */
#define PATIENCE 8u

static uint32_t smaller(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

/* The next part of the batch: of whole tables where that is not much less. */
static void choose(tuv_lane_t* lane) {
  const tuv_lane_type_t* type = lane->writer->type;
  uint32_t rows = smaller(smaller(lane->length, lane->most), lane->end - lane->from);
  lane->to = lane->from + rows;
  if (lane->to < lane->end) {
    uint32_t at = type->table_end != NULL ? type->table_end(lane, lane->from, lane->to, true) : 0;
    if (at > lane->from && at - lane->from >= rows / 2) lane->to = at;
    lane->divided = true;
  }
  lane->state = TUV_LANE_PAUSING;
  lane->retry_at = 0;
}

static void begin_batch(tuv_lane_t* lane, bool whole) {
  const taosuv_writer_options_t* options = &lane->writer->options;
  uint32_t rest = lane->backlog - lane->from;
  lane->end = lane->backlog;
  if (!whole && (rest > options->batch_rows || lane->flying_bytes > options->batch_bytes))
    lane->end = lane->from + (uint32_t) lane->writer->type->fit(lane, lane->from,
                                                                smaller(rest, options->batch_rows),
                                                                options->batch_bytes);
  lane->length = lane->end - lane->from;
  lane->refusals = options->divide != 0 ? options->divide : DEFAULT_REFUSALS;
  lane->divided = false;
  choose(lane);
}

void tuv_lane_take(tuv_lane_t* lane, bool whole) {
  lane->backlog = (uint32_t) lane->rows;
  lane->flying_rows = lane->rows;
  lane->flying_bytes = lane->bytes;
  lane->flying_first = lane->first;
  lane->from = lane->maybe_to = 0;
  lane->attempts = 0;
  lane->fresh = true;
  lane->last_chance = false;
  lane->rows = lane->bytes = 0;
  lane->due = lane->alone = false;
  lane->writer->type->take(lane);
  begin_batch(lane, whole);
}

/* What is in flight stays until it has come back, even if it was reported. */
static void land(tuv_lane_t* lane) {
  if (!lane->held) lane->writer->type->drop(lane);
  lane->state = TUV_LANE_IDLE;
  lane->backlog = 0;
}

void tuv_lane_pass(tuv_lane_t* lane, bool progress) {
  taosuv_writer_totals_t* totals = &lane->writer->totals;
  uint64_t rows = lane->to - lane->from;
  uint64_t bytes = (uint64_t) ((double) lane->flying_bytes * (double) rows /
                               (double) lane->flying_rows);
  if (rows == lane->flying_rows || bytes > lane->flying_bytes) bytes = lane->flying_bytes;
  lane->flying_rows -= rows;
  lane->flying_bytes -= bytes;
  totals->rows_pending -= rows;
  totals->bytes_pending -= bytes;
  lane->attempts = 0;
  if (progress) {
    lane->fresh = true;
    lane->last_chance = false;
  }
  lane->from = lane->to;
  if (lane->from == lane->backlog)
    land(lane);
  else if (lane->from == lane->end)
    begin_batch(lane, false);
  else
    choose(lane);
}

/* ---- lost ---- */

void tuv_lane_arrived(tuv_lane_t* lane) {
  lane->losses = 0;
  lane->length = lane->length > UINT32_MAX / 2 ? UINT32_MAX : 2 * lane->length;
  if (lane->most == UINT32_MAX || ++lane->arrivals < lane->patience) return;
  lane->arrivals = 0;
  lane->most *= 2;
  if (lane->most < lane->writer->options.batch_rows) return;
  lane->most = UINT32_MAX;
  lane->patience = 1;
}

/* One loss says nothing of the size. */
void tuv_lane_lost(tuv_lane_t* lane) {
  if (lane->losses == 0 && lane->most != UINT32_MAX) lane->patience = PATIENCE;
  if (++lane->losses < 2 || lane->to - lane->from <= 1) return;
  if (lane->most == UINT32_MAX) lane->patience = 1;
  lane->arrivals = 0;
  lane->most = smaller((lane->to - lane->from) / 2, UINT32_MAX / 4);
  choose(lane);
}

/* ---- refused ---- */

/* Refusals of what every row has in common. Tables that are made from a super table's miss nothing
 * else. */
static bool concerns_all(const taosuv_writer_t* writer, int code) {
  switch (code) {
    case 0x0362: /* table does not exist */
    case 0x2603: /* the same */ return writer->ntags > 0;
    case 0x2600: /* syntax error */
    case 0x260C: /* number of tags */
    case 0x0217: /* these three: database not specified */
    case 0x0380:
    case 0x2616:
    case 0x0388: /* database not exist */
    case 0x0303: /* insufficient privilege */ return true;
    default: return false;
  }
}

/* Refusals of what the rows of a table have in common, if each row names its table. */
static bool concerns_table(int code) {
  return code == 0x0362 || code == 0x2603 || code == 0x0618; /* it does not exist */
}

static bool may_divide(const tuv_lane_t* lane, int status, int server_code, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  const taosuv_writer_options_t* options = &writer->options;
  if (options->divide == TAOSUV_WRITER_NO_DIVIDE || options->retry_ms <= 1) return false;
  if (writer->client == NULL || now - lane->begun >= options->retry_ms) return false;
  if (status == TAOSUV_EMSGSIZE || status == TAOSUV_ERANGE) return true; /* by us */
  return status == TAOSUV_ESERVER && !concerns_all(writer, server_code);
}

uint32_t tuv_lane_refused(tuv_lane_t* lane, int status, int server_code, uint64_t now) {
  uint32_t rows = lane->to - lane->from;
  if (!may_divide(lane, status, server_code, now) || lane->refusals == 0) return lane->end;
  lane->refusals--;
  if (rows == 1) return lane->to;
  const tuv_lane_type_t* type = lane->writer->type;
  uint32_t table = type->table_end != NULL ? type->table_end(lane, lane->from, 0, false) : 0;
  if (table >= lane->to && status == TAOSUV_ESERVER && concerns_table(server_code))
    return smaller(table, lane->end);
  lane->length = rows / 2;
  lane->attempts = 0;
  choose(lane);
  return 0;
}
