/* Opening a writer: its shards become ready one after another. */
#ifndef TUV_CLIENT_WRITER_OPENING_H
#define TUV_CLIENT_WRITER_OPENING_H

#include "client/writer/writer.h"

int tuv_writer_open_shard(taosuv_writer_t* writer);   /* the next one; returns 0 or an error */
void tuv_writer_open_others(taosuv_writer_t* writer); /* as many as the client's queue takes */
void tuv_writer_open_more(taosuv_writer_t* writer);   /* in a step; may call back */
/* A shard was opened, or failed to. `req` has the outcome; it is NULL if there was no request. The
 * last shard has the writer call back. */
void tuv_shard_ready(tuv_shard_t* shard, int status, const taosuv_req_t* req);

#endif
