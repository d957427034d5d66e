/* What consumers have read, written into a database: raw messages and blocks. */
#ifndef TS_APPLY_H
#define TS_APPLY_H

#include "query/context.h"
#include "store/write.h"

/* A raw message: of rows (types 2 and 4) in the form that all servers give, of metadata in this
 * server's own form, which is its JSON. It goes to the environment's database. */
int ts_apply_raw(ts_store_t* store, ts_env_t* env, unsigned type, const uint8_t* data, size_t size,
                 ts_error_t* error);

/* One JSON message of metadata. */
int ts_apply_meta(ts_store_t* store, ts_env_t* env, const char* json, size_t size,
                  ts_error_t* error);

/* A block of rows for a table. `names`: of its columns, in its order; NULL: the table's. The
 * write is the caller's. */
int ts_apply_block(ts_write_t* write, ts_database_t* database, const char* table,
                   const char* const* names, const uint8_t* data, size_t size, ts_error_t* error);

#endif
