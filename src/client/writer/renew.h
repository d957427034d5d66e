/* A shard whose table has changed has its statement prepared again. */
#ifndef TUV_CLIENT_WRITER_RENEW_H
#define TUV_CLIENT_WRITER_RENEW_H

#include "client/writer/writer.h"

/* Begins to renew a stale shard, if it is time. Returns when to call this again. */
uint64_t tuv_shard_renew(tuv_shard_t* shard, uint64_t now);

#endif
