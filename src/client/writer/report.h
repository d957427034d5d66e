/* What a writer reports: rows that were not written, or maybe not, in view of all attempts. */
#ifndef TUV_CLIENT_WRITER_REPORT_H
#define TUV_CLIENT_WRITER_REPORT_H

#include "client/core/failure.h"
#include "client/writer/writer.h"

/* Notes the rows of one table for the report; `table` is copied. */
void tuv_shard_note(tuv_shard_t* shard, const char* table, size_t length, uint64_t first,
                    uint64_t last, uint64_t rows);
/* Reports the rows from shard->from to `to`, which are done then. Calls on_report. */
void tuv_shard_report(tuv_shard_t* shard, uint32_t to, const tuv_failure_t* failure);
/* Up to which row the rows of the batch have one fate: all may have been executed, or none. */
uint32_t tuv_shard_certain(const tuv_shard_t* shard);
/* Reports the whole backlog. Rows behind the batch were never sent, and are reported on their own:
 * with the same status if the client is closed or the table has changed. */
void tuv_shard_give_up(tuv_shard_t* shard, const tuv_failure_t* failure);

#endif
