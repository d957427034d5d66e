/* What a shard gathers, and when that is sent. */
#ifndef TUV_CLIENT_WRITER_GATHER_H
#define TUV_CLIENT_WRITER_GATHER_H

#include "client/writer/writer.h"

/* Sends what is gathered: as a whole if it has grown by at most one call since it was enough. */
void tuv_gather_send(tuv_shard_t* shard, bool whole);

#endif
