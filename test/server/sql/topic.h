/* The statements about topics and their consumers. */
#ifndef TS_SQL_TOPIC_H
#define TS_SQL_TOPIC_H

#include "query/context.h"

int ts_sql_create_topic(ts_sql_t* sql); /* what follows CREATE TOPIC, and so on */
int ts_sql_drop_topic(ts_sql_t* sql);
int ts_sql_drop_group(ts_sql_t* sql);
int ts_sql_show_topics(ts_sql_t* sql);
int ts_sql_show_consumers(ts_sql_t* sql);
int ts_sql_show_subscriptions(ts_sql_t* sql);

/* Whether there is such a table about topics; then it is filled with what is so now. */
bool ts_system_table(ts_store_t* store, const char* db, const char* name, ts_database_t** database,
                     ts_table_t** table);

#endif
