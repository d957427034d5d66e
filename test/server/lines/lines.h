/* Schemaless writes: the engine behind the WebSocket action `insert` and the HTTP paths
 * /influxdb/v1/write and /opentsdb/v1/put/…. It knows nothing of sessions and sockets. */
#ifndef TS_LINES_H
#define TS_LINES_H

#include "base/error.h"
#include "store/store.h"

typedef enum {
  TS_LINES_INFLUX = 1, /* the protocol's own numbers */
  TS_LINES_TELNET = 2,
  TS_LINES_JSON = 3
} ts_lines_format_t;

typedef struct ts_lines_s {
  int64_t format;        /* another one than the three is refused with 12288 */
  const char* precision; /* h m s ms u μ ns; NULL or anything else: not configured */
  const char* data;      /* need not end in NUL */
  size_t size;
  const char* table_name_key; /* the tag whose value names the child table; NULL or "": none */
  bool old_escapes;           /* two backslashes are two (servers before 3.3.0.1), not one */
  bool strip_put;             /* telnet: a line may begin with "put ", as it may over HTTP */
} ts_lines_t;

/* Writes all points or none. Super tables, their columns and tags, and child tables that are not
 * there are made, texts that are too long for their column widen it; of a request that fails, what
 * was made that way stays (the real server's does too). `db` is the database's name; "" fails with
 * 9750, an unknown one with 904. The time to live of tables is the caller's to read and ignore.
 *
 * Returns 0 with *affected (each (table, timestamp) counts once) and *total (lines that are no
 * comments; a JSON text of one line is one), or the error's code, which is error->code as well. */
int ts_lines_insert(ts_store_t* store, const char* db, const ts_lines_t* lines, int64_t* affected,
                    int64_t* total, ts_error_t* error);

#endif
