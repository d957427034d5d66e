/* CREATE TOPIC, DROP TOPIC, DROP CONSUMER GROUP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/bench.h"
#include "sql/topic.h"
#include "sql/ddl.h"
#include "tmq/feed.h"

/* WITH META, which may stand before AS or at the end. */
static int read_meta(ts_sql_t* sql, ts_topic_t* topic) {
  if (ts_lex_is(&sql->lex, "only")) return ts_unsupported(sql->error, "ONLY META");
  if (!ts_lex_take(&sql->lex, "with")) return 0;
  topic->with_meta = true;
  return ts_lex_expect(&sql->lex, "meta");
}

static int of_database(ts_sql_t* sql, ts_topic_t* topic) {
  char name[TS_NAME_MAX + 1];
  topic->kind = TS_TOPIC_DATABASE;
  int status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
  if (status == 0) status = ts_sql_database(sql, name, "", &topic->database);
  if (status == 0) status = read_meta(sql, topic);
  return status != 0 ? status : ts_lex_expect_end(&sql->lex);
}

static int of_stable(ts_sql_t* sql, ts_topic_t* topic) {
  ts_table_name_t name;
  ts_table_t* table;
  topic->kind = TS_TOPIC_STABLE;
  int status = ts_sql_table_name(sql, &name);
  if (status == 0) status = ts_sql_table(sql, &name, "", &topic->database, &table);
  if (status == 0 && table->kind != TS_SUPER)
    status = ts_error(sql->error, TS_E_NO_STABLE, "STable not exist");
  if (status == 0) topic->family = table->family->id;
  if (status == 0) status = read_meta(sql, topic);
  if (status == 0 && ts_lex_is(&sql->lex, "where"))
    return ts_unsupported(sql->error, "a topic on a part of a super table");
  return status != 0 ? status : ts_lex_expect_end(&sql->lex);
}

/* Every second block is one vgroup's. */
static void of_bench(ts_store_t* store, ts_topic_t* topic) {
  const ts_result_t* bench = topic->bench;
  uint64_t blocks = bench->nblocks == 0 ? 0 : bench->repeat - 1 + bench->nblocks;
  topic->kind = TS_TOPIC_BENCH;
  for (unsigned i = 0; i < TS_VGROUPS; i++) {
    ts_wal_init(&topic->bench_wals[i], store->next_vgroup++);
    topic->bench_wals[i].end += (int64_t) ((blocks + TS_VGROUPS - 1 - i) / TS_VGROUPS);
  }
}

static int of_query(ts_sql_t* sql, ts_topic_t* topic, const char* query) {
  topic->kind = TS_TOPIC_QUERY;
  topic->query = topic->sql + (query - sql->text);
  topic->env = *sql->env;
  topic->bench = ts_result_bench(topic->query, strlen(topic->query));
  if (topic->bench == NULL) return ts_feed_check(sql->store, topic, sql->error);
  if (!sql->dry) of_bench(sql->store, topic);
  return 0;
}

static int read_source(ts_sql_t* sql, ts_topic_t* topic) {
  int status = read_meta(sql, topic);
  if (status == 0) status = ts_lex_expect(&sql->lex, "as");
  if (status != 0) return status;
  const char* query = sql->lex.token.at;
  if (ts_lex_take(&sql->lex, "database")) return of_database(sql, topic);
  if (ts_lex_take(&sql->lex, "stable")) return of_stable(sql, topic);
  if (!ts_lex_is(&sql->lex, "select")) return ts_lex_syntax(&sql->lex);
  if (topic->with_meta) return ts_lex_syntax(&sql->lex);
  return of_query(sql, topic, query);
}

int ts_sql_create_topic(ts_sql_t* sql) {
  ts_topic_t* topic = ts_calloc(1, sizeof *topic);
  int status = 0;
  bool lenient = ts_sql_if_exists(sql, true, &status);
  topic->sql = ts_strdup(sql->text, sql->size);
  topic->created = ts_now(0);
  if (status == 0) status = ts_lex_name(&sql->lex, topic->name, TS_TOPIC_MAX);
  if (status == 0) status = read_source(sql, topic);
  bool exists = status == 0 && ts_topic_find(sql->store, topic->name) != NULL;
  if (exists && !lenient) status = ts_error(sql->error, TS_E_TOPIC_EXISTS, "Topic already exists");
  if (status == 0 && !exists && !sql->dry) {
    ts_topic_add(sql->store, topic);
    return 0;
  }
  ts_topic_free(topic);
  return status;
}

int ts_sql_drop_topic(ts_sql_t* sql) {
  char name[TS_TOPIC_MAX + 1];
  int status = 0;
  bool lenient = ts_sql_if_exists(sql, false, &status);
  if (status == 0) status = ts_lex_name(&sql->lex, name, TS_TOPIC_MAX);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0) return status;
  ts_topic_t* topic = ts_topic_find(sql->store, name);
  if (topic == NULL) return lenient ? 0 : ts_error(sql->error, TS_E_NO_TOPIC, "Topic not exist");
  if (ts_topic_is_subscribed(topic))
    return ts_error(sql->error, TS_E_TOPIC_SUBSCRIBED, "Topic subscribed cannot be dropped");
  if (!sql->dry) ts_topic_drop(sql->store, topic);
  return 0;
}

int ts_sql_drop_group(ts_sql_t* sql) {
  char name[TS_TOPIC_MAX + 1];
  char topic_name[TS_TOPIC_MAX + 1];
  int status = ts_lex_expect(&sql->lex, "group");
  bool lenient = status == 0 && ts_sql_if_exists(sql, false, &status);
  if (status == 0) status = ts_lex_name(&sql->lex, name, TS_TOPIC_MAX);
  if (status == 0) status = ts_lex_expect(&sql->lex, "on");
  if (status == 0) status = ts_lex_name(&sql->lex, topic_name, TS_TOPIC_MAX);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0) return status;
  const ts_topic_t* topic = ts_topic_find(sql->store, topic_name);
  ts_group_t* group = topic != NULL ? ts_group_find(topic, name) : NULL;
  if (group == NULL)
    return lenient ? 0 : ts_error(sql->error, TS_E_NO_SUBSCRIPTION, "Subcribe not exist");
  if (group->nmembers > 0)
    return ts_error(sql->error, TS_E_GROUP_USED, "Consumer group being used by some consumer");
  if (!sql->dry) ts_group_drop(group);
  return 0;
}
