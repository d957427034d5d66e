/* SHOW TOPICS, CONSUMERS and SUBSCRIPTIONS, and the system tables with the same content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/listing.h"
#include "sql/topic.h"
#include "store/write.h"
#include "tmq/consumer.h"
#include "codec/block_read.h"

static ts_result_t* topic_names(const ts_store_t* store) {
  static const ts_field_t fields[] = {{"topic_name", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}}};
  ts_listing_t list;
  ts_listing_begin(&list, fields, 1);
  for (const ts_topic_t* topic = store->topics; topic != NULL; topic = topic->next) {
    ts_listing_text(&list, 0, topic->name);
    ts_listing_row(&list);
  }
  return ts_listing_end(&list);
}

static ts_result_t* topics(const ts_store_t* store) {
  static const ts_field_t fields[] = {{"topic_name", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}},
                                      {"db_name", {TS_VARCHAR, 0, 0, TS_NAME_MAX}},
                                      {"create_time", {TS_TIMESTAMP, 0, 0, 8}},
                                      {"sql", {TS_VARCHAR, 0, 0, 49152}},
                                      {"meta", {TS_VARCHAR, 0, 0, 4}},
                                      {"type", {TS_VARCHAR, 0, 0, 8}}};
  static const char* const kinds[] = {[TS_TOPIC_QUERY] = "column",
                                      [TS_TOPIC_BENCH] = "column",
                                      [TS_TOPIC_STABLE] = "stable",
                                      [TS_TOPIC_DATABASE] = "db"};
  ts_listing_t list;
  ts_listing_begin(&list, fields, 6);
  for (const ts_topic_t* topic = store->topics; topic != NULL; topic = topic->next) {
    ts_listing_text(&list, 0, topic->name);
    ts_listing_text(&list, 1, ts_topic_database(topic));
    ts_block_bits(&list.writer, 2, (uint64_t) topic->created);
    ts_listing_text(&list, 3, topic->sql);
    ts_listing_text(&list, 4, topic->with_meta ? "yes" : "no");
    ts_listing_text(&list, 5, kinds[topic->kind]);
    ts_listing_row(&list);
  }
  return ts_listing_end(&list);
}

static void put_consumer(ts_listing_t* list, uint32_t column, const ts_member_t* consumer) {
  char text[32];
  if (consumer == NULL) {
    ts_listing_text(list, column, NULL);
    return;
  }
  snprintf(text, sizeof text, "0x%llx", (unsigned long long) consumer->id);
  ts_listing_text(list, column, text);
}

/* A row per consumer and topic. */
static ts_result_t* consumers(const ts_store_t* store) {
  static const ts_field_t fields[] = {{"consumer_id", {TS_VARCHAR, 0, 0, 32}},
                                      {"consumer_group", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}},
                                      {"client_id", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}},
                                      {"status", {TS_VARCHAR, 0, 0, 20}},
                                      {"topics", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}}};
  ts_listing_t list;
  ts_listing_begin(&list, fields, 5);
  for (const ts_consumer_t* c = store->consumers; c != NULL; c = c->next) {
    for (size_t i = 0; i < c->ngroups; i++) {
      put_consumer(&list, 0, &c->member);
      ts_listing_text(&list, 1, c->config.group);
      ts_listing_text(&list, 2, c->config.client);
      ts_listing_text(&list, 3, "ready");
      ts_listing_text(&list, 4, c->groups[i]->topic->name);
      ts_listing_row(&list);
    }
  }
  return ts_listing_end(&list);
}

static void put_share(ts_listing_t* list, const ts_group_t* group, unsigned index) {
  const ts_share_t* share = &group->shares[index];
  char offset[32];
  ts_listing_text(list, 0, group->topic->name);
  ts_listing_text(list, 1, group->name);
  ts_block_bits(&list->writer, 2, (uint64_t) ts_topic_wal(group->topic, index)->vgroup);
  put_consumer(list, 3, share->owner);
  if (share->committed == TS_NO_OFFSET) {
    ts_listing_text(list, 4, NULL);
  } else {
    snprintf(offset, sizeof offset, "wal:%lld", (long long) share->committed);
    ts_listing_text(list, 4, offset);
  }
  ts_listing_row(list);
}

static ts_result_t* subscriptions(const ts_store_t* store) {
  static const ts_field_t fields[] = {{"topic_name", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}},
                                      {"consumer_group", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}},
                                      {"vgroup_id", {TS_INT, 0, 0, 4}},
                                      {"consumer_id", {TS_VARCHAR, 0, 0, 32}},
                                      {"offset", {TS_VARCHAR, 0, 0, 64}}};
  ts_listing_t list;
  ts_listing_begin(&list, fields, 5);
  for (const ts_topic_t* topic = store->topics; topic != NULL; topic = topic->next)
    for (const ts_group_t* group = topic->groups; group != NULL; group = group->next)
      for (unsigned i = 0; i < TS_VGROUPS; i++) put_share(&list, group, i);
  return ts_listing_end(&list);
}

/* ---- SHOW ---- */

static int show(ts_sql_t* sql, ts_result_t* (*make)(const ts_store_t* store)) {
  int status = ts_lex_expect_end(&sql->lex);
  if (status == 0 && !sql->dry) sql->outcome->result = make(sql->store);
  return status;
}

int ts_sql_show_topics(ts_sql_t* sql) {
  return show(sql, topic_names);
}
int ts_sql_show_consumers(ts_sql_t* sql) {
  return show(sql, consumers);
}
int ts_sql_show_subscriptions(ts_sql_t* sql) {
  return show(sql, subscriptions);
}

/* ---- system tables: filled whenever a SELECT names one ---- */

static void insert(ts_store_t* store, const ts_table_t* table, const ts_result_t* result) {
  ts_buf_t text = {0};
  ts_buf_format(&text, "INSERT INTO d%lld VALUES(?", (long long) table->family->id);
  for (uint32_t i = 0; i < result->nfields; i++) ts_buf_text(&text, ",?");
  ts_buf_add(&text, ")", 2);
  sqlite3_stmt* statement = ts_store_prepare(store, (const char*) text.data);
  ts_buf_free(&text);
  ts_cell_t* cells = ts_calloc(result->nfields, sizeof *cells);
  int64_t number = 0; /* keeps rows apart whose first columns are the same */
  for (size_t i = 0; i < result->nblocks; i++) {
    ts_block_reader_t reader;
    bool ok = ts_block_read(&reader, result->blocks[i]->data, result->blocks[i]->size);
    for (uint32_t row = 0; ok && row < reader.rows; row++) {
      ts_block_read_row(&reader, row, cells);
      sqlite3_bind_int64(statement, 1, ++number);
      for (uint32_t k = 0; k < result->nfields; k++)
        ts_cell_bind(statement, (int) k + 2, &cells[k]);
      ts_store_step(store, statement);
    }
    if (ok) ts_block_read_end(&reader);
  }
  free(cells);
  sqlite3_finalize(statement);
}

bool ts_system_table(ts_store_t* store, const char* db, const char* name, ts_database_t** database,
                     ts_table_t** table) {
  static const struct {
    const char* db;
    const char* name;
    ts_result_t* (*make)(const ts_store_t* store);
  } known[] = {{"information_schema", "ins_topics", topics},
               {"information_schema", "ins_subscriptions", subscriptions},
               {"performance_schema", "perf_consumers", consumers}};
  size_t i = 0;
  while (i < 3 && (strcmp(known[i].db, db) != 0 || strcmp(known[i].name, name) != 0)) i++;
  if (i == 3) return false;
  if (store->system == NULL) store->system = ts_database_new("information_schema");
  *database = store->system;
  *table = ts_table_find(store->system, name);
  ts_result_t* result = known[i].make(store);
  if (*table == NULL)
    *table = ts_table_create(store, store->system, name, result->fields, result->nfields, NULL, 0);
  ts_store_run(store, "DELETE FROM d%lld", (long long) (*table)->family->id);
  insert(store, *table, result);
  ts_result_unref(result);
  return true;
}
