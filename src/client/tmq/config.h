/* The properties of a consumer: their names, their values, and their names in the subscribe
 * request. */
#ifndef TUV_CLIENT_TMQ_CONFIG_H
#define TUV_CLIENT_TMQ_CONFIG_H

#include "taosuv/tmq.h"
#include "util/alloc.h"
#include "util/errmsg.h"

typedef enum {
  TUV_TMQ_GROUP_ID,
  TUV_TMQ_CLIENT_ID,
  TUV_TMQ_OFFSET_RESET,
  TUV_TMQ_AUTO_COMMIT,
  TUV_TMQ_COMMIT_INTERVAL,
  TUV_TMQ_SESSION_TIMEOUT,
  TUV_TMQ_MAX_POLL_INTERVAL,
  TUV_TMQ_WITH_TABLE_NAME,
  TUV_TMQ_SNAPSHOT,
  TUV_TMQ_BATCH_META,
  TUV_TMQ_EXCLUDED,
  TUV_TMQ_RAWDATA,
  TUV_TMQ_USER,
  TUV_TMQ_PASSWORD,
  TUV_TMQ_DB,
  TUV_TMQ_TOKEN,
  TUV_TMQ_IP,
  TUV_TMQ_PORT,
  TUV_TMQ_PROPERTIES
} tuv_tmq_property_t;

/* The entry of a property in the table. */
typedef struct tuv_tmq_property_info_s {
  const char* name;
  const char* arg;  /* its argument of subscribe; NULL: none */
  uint64_t version; /* TUV_VERSION that the server must have; 0: any */
} tuv_tmq_property_info_t;
extern const tuv_tmq_property_info_t tuv_tmq_properties[TUV_TMQ_PROPERTIES];

/* All properties, checked. This struct owns the texts; NULL: not given. */
typedef struct tuv_tmq_config_s {
  const char* value[TUV_TMQ_PROPERTIES]; /* as the server wants them */
  const char* (*others)[2]; /* names and values of properties that are not known here */
  size_t nothers;
  bool auto_commit;
  bool from_latest;         /* where a group without a committed offset begins */
  uint64_t commit_interval; /* ms */
  char* memory;
  size_t memory_size;
} tuv_tmq_config_t;

/* Returns 0, TAOSUV_EINVAL with the property's name in `err`, or TAOSUV_ENOMEM. On failure there is
 * nothing to free. */
int tuv_tmq_config_read(const tuv_alloc_t* alloc, const taosuv_property_t* properties, size_t count,
                        tuv_tmq_config_t* config, tuv_errmsg_t* err);
void tuv_tmq_config_free(const tuv_alloc_t* alloc, tuv_tmq_config_t* config);

#endif
