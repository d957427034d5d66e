/* SHOW TOPICS, CONSUMERS and SUBSCRIPTIONS. */
#include <stdio.h>
#include <string.h>

#include "sql_topic.h"
#include "tmq_consumer.h"

/* A result in the making. */
typedef struct table_s {
  ts_block_writer_t writer;
  ts_result_t* result;
} table_t;

static void begin(table_t* table, const ts_field_t* fields, uint32_t nfields) {
  table->result = ts_result_new(fields, nfields, 0);
  ts_block_begin(&table->writer, fields, nfields);
}

static void put_text(table_t* table, uint32_t column, const char* text) {
  ts_block_bytes(&table->writer, column, text, strlen(text));
}

static void end_row(table_t* table) {
  ts_block_row(&table->writer);
  if (table->writer.rows == TS_BLOCK_ROWS)
    ts_result_add(table->result, ts_block_end(&table->writer));
}

static int end(ts_sql_t* sql, table_t* table) {
  if (table->writer.rows > 0) ts_result_add(table->result, ts_block_end(&table->writer));
  ts_block_free(&table->writer);
  sql->outcome->result = table->result;
  return 0;
}

int ts_sql_show_topics(ts_sql_t* sql) {
  static const ts_field_t fields[] = {{"topic_name", {TS_VARCHAR, 0, 0, TS_TOPIC_MAX}}};
  int status = ts_lex_expect_end(&sql->lex);
  if (status != 0 || sql->dry) return status;
  table_t table;
  begin(&table, fields, 1);
  for (const ts_topic_t* topic = sql->store->topics; topic != NULL; topic = topic->next) {
    put_text(&table, 0, topic->name);
    end_row(&table);
  }
  return end(sql, &table);
}

static void put_consumer(table_t* table, uint32_t column, const ts_consumer_t* consumer) {
  char text[32];
  if (consumer == NULL) {
    ts_block_null(&table->writer, column);
    return;
  }
  snprintf(text, sizeof text, "0x%llx", (unsigned long long)consumer->id);
  put_text(table, column, text);
}

int ts_sql_show_consumers(ts_sql_t* sql) {
  static const ts_field_t fields[] = {{"consumer_id", {TS_VARCHAR, 0, 0, 32}},
                                      {"consumer_group", {TS_VARCHAR, 0, 0, 192}},
                                      {"client_id", {TS_VARCHAR, 0, 0, 192}},
                                      {"status", {TS_VARCHAR, 0, 0, 20}},
                                      {"topics", {TS_VARCHAR, 0, 0, 192}}};
  int status = ts_lex_expect_end(&sql->lex);
  if (status != 0 || sql->dry) return status;
  table_t table;
  begin(&table, fields, 5);
  for (const ts_consumer_t* c = sql->store->consumers; c != NULL; c = c->next) {
    for (size_t i = 0; i < c->ngroups; i++) { /* a row per topic */
      put_consumer(&table, 0, c);
      put_text(&table, 1, c->config.group);
      put_text(&table, 2, c->config.client);
      put_text(&table, 3, "ready");
      put_text(&table, 4, c->groups[i]->topic->name);
      end_row(&table);
    }
  }
  return end(sql, &table);
}

static void put_share(table_t* table, const ts_group_t* group, unsigned index) {
  const ts_share_t* share = &group->shares[index];
  char offset[32];
  put_text(table, 0, group->topic->name);
  put_text(table, 1, group->name);
  ts_block_bits(&table->writer, 2, (uint64_t)ts_topic_wal(group->topic, index)->vgroup);
  put_consumer(table, 3, share->owner);
  if (share->committed == TS_NO_OFFSET) {
    ts_block_null(&table->writer, 4);
  } else {
    snprintf(offset, sizeof offset, "wal:%lld", (long long)share->committed);
    put_text(table, 4, offset);
  }
  end_row(table);
}

int ts_sql_show_subscriptions(ts_sql_t* sql) {
  static const ts_field_t fields[] = {{"topic_name", {TS_VARCHAR, 0, 0, 192}},
                                      {"consumer_group", {TS_VARCHAR, 0, 0, 192}},
                                      {"vgroup_id", {TS_INT, 0, 0, 4}},
                                      {"consumer_id", {TS_VARCHAR, 0, 0, 32}},
                                      {"offset", {TS_VARCHAR, 0, 0, 64}}};
  int status = ts_lex_expect_end(&sql->lex);
  if (status != 0 || sql->dry) return status;
  table_t table;
  begin(&table, fields, 5);
  for (const ts_topic_t* topic = sql->store->topics; topic != NULL; topic = topic->next)
    for (const ts_group_t* group = topic->groups; group != NULL; group = group->next)
      for (unsigned i = 0; i < TS_VGROUPS; i++) put_share(&table, group, i);
  return end(sql, &table);
}
