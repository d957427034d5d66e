/* A batch that the server refuses, in parts: halves of what is refused, then the rest, until it is
 * known which tables or lines it is refused for. */
#include "client/writer.h"

uint64_t tuv_lane_part(const tuv_lane_t* lane) {
  return lane->units > 0 ? lane->part_rows : lane->flying_rows;
}

void tuv_lane_choose(tuv_lane_t* lane, uint32_t from, uint32_t to) {
  lane->from = from;
  lane->to = to;
  lane->part_rows = lane->writer->type->choose(lane, from, to);
  lane->state = TUV_LANE_PAUSING;
  lane->retry_at = 0;
}

/* Refusals of what every part has in common. Tables that are made from a super table's miss nothing
 * else. */
static bool concerns_all(const taosuv_writer_t* writer, int code) {
  switch (code) {
    case 0x0362: /* table does not exist */
    case 0x2603: /* the same */
      return writer->ntags > 0;
    case 0x2600: /* syntax error */
    case 0x260C: /* number of tags */
    case 0x0217: /* these three: database not specified */
    case 0x0380:
    case 0x2616:
    case 0x0388: /* database not exist */
    case 0x0303: /* insufficient privilege */
      return true;
    default: return false;
  }
}

bool tuv_lane_divide(tuv_lane_t* lane, const taosuv_req_t* req, uint64_t now) {
  const taosuv_writer_t* writer = lane->writer;
  const taosuv_writer_options_t* options = &writer->options;
  bool may = options->divide > 0 && req->status == TAOSUV_ESERVER && writer->client != NULL &&
             now - lane->begun < options->retry_ms && options->retry_ms > 1 &&
             !concerns_all(writer, req->server_code);
  if (may && lane->units == 0) {
    lane->units = lane->to = writer->type->units(lane);
    lane->from = 0;
    lane->refusals = options->divide;
    lane->part_rows = lane->flying_rows;
  } else if (may && lane->refusals > 0) {
    lane->refusals--;
  } else {
    if (lane->units > 0) tuv_lane_choose(lane, lane->from, lane->units);
    return false;
  }
  if (lane->to - lane->from <= 1) return false;
  tuv_lane_choose(lane, lane->from, lane->from + (lane->to - lane->from) / 2);
  lane->attempts = 0;
  return true;
}
