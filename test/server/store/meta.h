/* Changes of tables, written to the logs as the JSON that consumers get. */
#ifndef TS_STORE_META_H
#define TS_STORE_META_H

#include "store/write.h"

/* The members that describe a child table, "tableName" to "tags", without braces around them. The
 * caller frees it. */
char* ts_meta_child(const ts_table_t* table, const ts_cell_t* tags);
/* The whole message about `count` children: the first one's members, then all of them in a list
 * if there are several. */
void ts_meta_children(ts_buf_t* out, const char* const* children, size_t count);

/* Records for the vgroups that the table belongs to. The caller says ts_store_changed after it. */
void ts_meta_created(ts_database_t* database, const ts_table_t* table);
void ts_meta_child_created(ts_database_t* database, const ts_table_t* table, const char* child);
void ts_meta_dropped(ts_database_t* database, const ts_table_t* table);
void ts_meta_field_added(ts_database_t* database, const ts_table_t* table, const ts_field_t* field,
                         bool tag);
void ts_meta_field_widened(ts_database_t* database, const ts_table_t* table,
                           const ts_field_t* field, bool tag);
void ts_meta_tag_set(ts_database_t* database, const ts_table_t* table, const ts_field_t* tag,
                     const ts_cell_t* value);
/* Rows of this table from one timestamp to another one are gone. */
void ts_meta_deleted(ts_database_t* database, const ts_table_t* table, int64_t from, int64_t to);

#endif
