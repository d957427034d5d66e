/* What a topic's SELECT makes of rows on their way through the log. */
#include "tmq/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/block_read.h"
#include "query/query.h"
#include "store/write.h"

static ts_family_t* find_family(const ts_topic_t* topic) {
  for (ts_table_t* table = topic->database->first; table != NULL; table = table->next)
    if (table->family->id == topic->family) return table->family;
  return NULL;
}

/* The table w<family>, made when first needed, and the statement that fills it. */
static sqlite3_stmt* prepare(ts_store_t* store, ts_family_t* family) {
  if (family->insert_feed != NULL) return family->insert_feed;
  ts_buf_t text = {0};
  if (!family->has_feed) {
    ts_buf_format(&text, "CREATE TABLE w%" PRId64 "(tid INTEGER", family->id);
    for (uint32_t i = 0; i < family->ncolumns; i++) ts_buf_format(&text, ",c%u", i);
    ts_buf_add(&text, ",PRIMARY KEY(tid,c0)) WITHOUT ROWID", 36);
    sqlite3_stmt* create = ts_store_prepare(store, (char*) text.data);
    ts_store_step(store, create);
    sqlite3_finalize(create);
    family->has_feed = true;
    text.size = 0;
  }
  ts_buf_format(&text, "INSERT OR REPLACE INTO w%" PRId64 " VALUES(?", family->id);
  for (uint32_t i = 0; i < family->ncolumns; i++) ts_buf_text(&text, ",?");
  ts_buf_add(&text, ")", 2);
  family->insert_feed = ts_store_prepare(store, (char*) text.data);
  ts_buf_free(&text);
  return family->insert_feed;
}

static void fill(ts_store_t* store, ts_family_t* family, const ts_wal_part_t* part) {
  sqlite3_stmt* insert = prepare(store, family);
  ts_block_reader_t reader;
  if (!ts_block_read(&reader, part->block->data, part->block->size)) return; /* it is our own */
  ts_cell_t* cells = ts_calloc(reader.ncolumns, sizeof *cells);
  sqlite3_bind_int64(insert, 1, part->table);
  for (uint32_t row = 0; row < reader.rows && ts_block_read_row(&reader, row, cells); row++) {
    for (uint32_t i = 0; i < reader.ncolumns; i++) ts_cell_bind(insert, (int) i + 2, &cells[i]);
    ts_store_step(store, insert);
  }
  sqlite3_clear_bindings(insert);
  free(cells);
  ts_block_read_end(&reader);
}

static int run(ts_store_t* store, const ts_topic_t* topic, ts_feed_t* feed, bool dry,
               ts_outcome_t* outcome, ts_error_t* error) {
  ts_env_t env = topic->env;
  return ts_query_feed(store, &env, topic->query, strlen(topic->query), feed, dry, outcome, error);
}

int ts_feed_check(ts_store_t* store, ts_topic_t* topic, ts_error_t* error) {
  ts_outcome_t outcome;
  int status = run(store, topic, &topic->feed, true, &outcome, error);
  if (status != 0) return status;
  topic->database = topic->feed.database;
  topic->family = topic->feed.family;
  prepare(store, find_family(topic));
  return run(store, topic, &topic->feed, true, &outcome, error);
}

int ts_feed_select(ts_store_t* store, const ts_topic_t* topic, const ts_wal_part_t* part,
                   ts_result_t** result, ts_error_t* error) {
  ts_family_t* family = find_family(topic);
  ts_feed_t feed = topic->feed;
  ts_outcome_t outcome = {0};
  *result = NULL;
  if (family == NULL) { /* the table is dropped: its rows are gone with it */
    *result = ts_result_new(NULL, 0, 0);
    return 0;
  }
  fill(store, family, part);
  int status = run(store, topic, &feed, false, &outcome, error);
  ts_store_run(store, "DELETE FROM w%" PRId64, family->id);
  *result = outcome.result;
  return status;
}
