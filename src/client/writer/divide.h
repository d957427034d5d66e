/* Which part of a shard's backlog is sent next. A batch has batch_rows or batch_bytes. After a
 * refusal it is sent in halves, down to the row that is refused. After two losses in a row, parts are
 * halved as well: the server may fail because of their size. They grow again when parts arrive. */
#ifndef TUV_CLIENT_WRITER_DIVIDE_H
#define TUV_CLIENT_WRITER_DIVIDE_H

#include "client/writer/writer.h"

/* Makes the backlog of what is gathered, and chooses the first part: all of it if it is `whole`,
 * otherwise what a batch may have. */
void tuv_shard_take(tuv_shard_t* shard, bool whole);
/* The rows of the part are written or reported: chooses the next one. `progress`: the server has
 * answered, and the next part has retry_ms of its own. */
void tuv_shard_pass(tuv_shard_t* shard, bool progress);
void tuv_shard_arrived(tuv_shard_t* shard); /* before tuv_shard_pass: the part was written */
void tuv_shard_lost(tuv_shard_t* shard);    /* an attempt was lost: chooses what is sent next */
/* The part was refused, by the server or before it was sent. Returns 0 if a smaller one is chosen,
 * otherwise up to which row it is to be reported. */
uint32_t tuv_shard_refused(tuv_shard_t* shard, int status, int server_code, uint64_t now);

#endif
