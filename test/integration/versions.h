/* Features of servers by version: tests request them by name, and are skipped with a note if the
 * server is too old. This includes the bundled server, which has the features of the version that
 * it was started as. */
#ifndef TUV_TEST_INTEGRATION_VERSIONS_H
#define TUV_TEST_INTEGRATION_VERSIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
  IT_ONE_ENDPOINT,   /* /ws for all except consumers; older gateways have an endpoint for each
                        purpose */
  IT_BINARY_QUERIES, /* as one message instead of the JSON action */
  IT_CURRENT_DB,     /* older gateways may terminate on the request */
  IT_SERVER_STATUS,
  IT_SESSION_OPTIONS, /* timezone, app, ip */
  IT_LINES_COUNTED,   /* replies report the number of rows of lines */
  IT_TABLE_NAME_KEY,
  IT_STATEMENT_QUERIES,
  IT_STATEMENTS_2, /* with the second version, unless the URL selects the first */
  IT_GEOMETRY_AND_VARBINARY,
  IT_DECIMAL,
  IT_BLOB,
  IT_OFFSETS,       /* of consumers: committed, position, commit_offset, list_topics */
  IT_MANUAL_COMMIT, /* older servers commit even with enable.auto.commit=false */
  IT_RAW_MESSAGES,
  IT_BATCHED_META, /* msg.enable.batchmeta */
  IT_FEATURES
} it_feature_t;

typedef struct it_s it_t;

/* Skips the rest of the test, with a note, if the server is too old for the feature. */
void it_needs(const it_t* it, it_feature_t feature);
bool it_can(const it_t* it, it_feature_t feature);

/* The server's version, "3.3.6.0"; another server than the bundled one is asked once per
 * program. */
const char* it_server_version(const it_t* it);

#endif
