/* JSON requests of /ws (PROTOCOL 2, 3): {"action":…,"args":{"req_id":…,…}}. */
#ifndef TUV_WIRE_JSON_REQUEST_H
#define TUV_WIRE_JSON_REQUEST_H

#include "wire/json/json.h"

/* A request that is being written. Strings are not copied before tuv_json_request_end. After a step
 * that fails, later steps do nothing, and the end returns NULL. */
typedef struct tuv_json_request_s {
  const tuv_json_t* json;
  yyjson_mut_doc* doc;
  yyjson_mut_val* args;
  bool failed;
} tuv_json_request_t;

void tuv_json_request_begin(tuv_json_request_t* request, const tuv_json_t* json, const char* action,
                            uint64_t req_id);
void tuv_json_request_text(tuv_json_request_t* request, const char* key, const char* text,
                           size_t length);
void tuv_json_request_uint(tuv_json_request_t* request, const char* key, uint64_t value);
void tuv_json_request_bool(tuv_json_request_t* request, const char* key, bool value);

/* Returns the finished text, which the caller frees with tuv_free; or NULL and sets *status to
 * TUV_ENOMEM, or to TUV_EINVAL for a text that is not UTF-8. */
char* tuv_json_request_end(tuv_json_request_t* request, size_t* length, int* status);

/* {"action":…,"args":{"req_id":…,KEY:ID}}, without allocation. `action` and `key` are the library's
 * own words, of at most 32 bytes together. Returns the length. */
#define TUV_REQUEST_ID_MAX 128u
size_t tuv_json_request_id(char out[TUV_REQUEST_ID_MAX], const char* action, uint64_t req_id,
                           const char* key, uint64_t id);

/* The same with "stmt_id" and a UTF-8 text "name" of at most TUV_REQUEST_NAME_LENGTH bytes. */
#define TUV_REQUEST_NAME_LENGTH 512u
#define TUV_REQUEST_NAME_MAX (TUV_REQUEST_ID_MAX + 16u + 6u * TUV_REQUEST_NAME_LENGTH)
size_t tuv_json_request_name(char out[TUV_REQUEST_NAME_MAX], const char* action, uint64_t req_id,
                             uint64_t stmt_id, const char* name, size_t length);

/* Copies the text in args.key of a request that was written here, for a request that has to be sent
 * again over another connection. NULL when there is none, or when out of memory. */
char* tuv_json_request_arg(const tuv_json_t* json, const uint8_t* data, size_t size,
                           const char* key, size_t* length);

#endif
