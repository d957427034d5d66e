/* One attempt to write a part of a shard's backlog: how it is made, and how it ends. */
#ifndef TUV_CLIENT_WRITER_ATTEMPT_H
#define TUV_CLIENT_WRITER_ATTEMPT_H

#include "client/writer/writer.h"

/* Sends the part that was chosen, or waits for room in the client's queue. */
void tuv_attempt_send(tuv_shard_t* shard, uint64_t now);
/* A part could not be sent at all: reports it, or divides it. */
void tuv_attempt_refused(tuv_shard_t* shard, uint64_t now);

/* How long something is tried or waited for that is not a repetition, in ms. */
uint64_t tuv_attempt_patience(const taosuv_writer_t* writer);
/* Watches the attempt in flight. Returns when to do so again. */
uint64_t tuv_attempt_watch(tuv_shard_t* shard, uint64_t now);
/* Watches an attempt that was reported and has no answer yet. Returns when to do so again. */
uint64_t tuv_attempt_wait(tuv_shard_t* shard, uint64_t now);

#endif
