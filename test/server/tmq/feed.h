/* What a topic's SELECT makes of rows on their way through the log: they are put into a table of
 * SQLite's, w<family>, like the one that keeps all rows, and selected from there. */
#ifndef TS_TMQ_FEED_H
#define TS_TMQ_FEED_H

#include "tmq/topic.h"

/* Whether the topic's query is one that can run on rows as they come; fills in topic->feed. */
int ts_feed_check(ts_store_t* store, ts_topic_t* topic, ts_error_t* error);
int ts_feed_select(ts_store_t* store, const ts_topic_t* topic, const ts_wal_part_t* part,
                   ts_result_t** result, ts_error_t* error);

#endif
