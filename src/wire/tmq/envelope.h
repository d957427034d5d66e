/* JSON of /rest/tmq (PROTOCOL 7): the requests of a consumer and the replies to them. */
#ifndef TUV_WIRE_TMQ_ENVELOPE_H
#define TUV_WIRE_TMQ_ENVELOPE_H

#include "wire/json/reply.h"
#include "wire/json/request.h"

/* Frequent requests, written without allocation. Each function returns the length. */
#define TUV_TMQ_REQUEST_MAX 160u
size_t tuv_tmq_poll(char out[TUV_TMQ_REQUEST_MAX], uint64_t req_id, uint64_t blocking_ms,
                    uint64_t last_message_id);
/* fetch, fetch_block, fetch_raw, fetch_raw_data, fetch_json_meta, commit. */
size_t tuv_tmq_message_request(char out[TUV_TMQ_REQUEST_MAX], const char* action, uint64_t req_id,
                               uint64_t message_id);

/* Args of a request that is being written. */
void tuv_tmq_add_int(tuv_json_request_t* request, const char* key, int64_t value);
void tuv_tmq_add_texts(tuv_json_request_t* request, const char* key, const char* const* texts,
                       size_t count);
/* Adds `count` pairs of name and value to the object args.key, which is made if it is missing. */
void tuv_tmq_add_object(tuv_json_request_t* request, const char* key, const char* const (*pairs)[2],
                        size_t count);
/* Appends {"topic":…,"vgroup_id":…} to the array args.key, which is made if it is missing. */
void tuv_tmq_add_vgroup(tuv_json_request_t* request, const char* key, const char* topic,
                        int32_t vgroup_id);

/* The reply to poll. */
typedef struct tuv_tmq_polled_s {
  bool have_message;
  const char* topic;
  const char* database;
  int32_t vgroup_id;
  uint32_t message_type;
  uint64_t message_id;
  int64_t offset;
} tuv_tmq_polled_t;
int tuv_tmq_polled(const tuv_reply_t* reply, tuv_tmq_polled_t* out, tuv_errmsg_t* err);

/* The reply to fetch. */
typedef struct tuv_tmq_fetched_s {
  bool completed;
  uint64_t message_id;
  const char* table;
  uint64_t rows;
  uint8_t precision;
  uint32_t fields; /* each array has this many elements of the right type */
  yyjson_val *names, *types, *lengths;
} tuv_tmq_fetched_t;
int tuv_tmq_fetched(const tuv_reply_t* reply, tuv_tmq_fetched_t* out, tuv_errmsg_t* err);

/* Returns "data" of a reply as JSON text, which the caller frees with tuv_free, and its length.
 * Returns NULL and sets *status to 0 if it is null, to TUV_EPROTO if it is not an object, or to
 * TUV_ENOMEM. */
char* tuv_tmq_meta(const tuv_json_t* json, const tuv_reply_t* reply, size_t* length, int* status,
                   tuv_errmsg_t* err);

/* Reads an array, whose elements are read by the functions below. */
int tuv_tmq_array(const tuv_reply_t* reply, const char* key, yyjson_val** array, uint32_t* count,
                  tuv_errmsg_t* err);
/* Read an element as an integer, as a text, as the numbers of an assignment. Return 0 or
 * TUV_EPROTO. */
int tuv_tmq_read_int(yyjson_val* element, const char* key, int64_t* value, tuv_errmsg_t* err);
int tuv_tmq_read_text(yyjson_val* element, const char* key, const char** text, tuv_errmsg_t* err);
typedef struct tuv_tmq_vgroup_s {
  int32_t vgroup_id;
  int64_t offset, begin, end;
} tuv_tmq_vgroup_t;
int tuv_tmq_read_vgroup(yyjson_val* element, tuv_tmq_vgroup_t* vgroup, tuv_errmsg_t* err);

#endif
