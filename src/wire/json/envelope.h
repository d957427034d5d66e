/* JSON envelopes of /ws (PROTOCOL 2, 3): requests written, replies read, by yyjson. */
#ifndef TUV_WIRE_JSON_ENVELOPE_H
#define TUV_WIRE_JSON_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

#include "util/alloc.h"
#include "util/errmsg.h"

/* Working memory for JSON, one a client: a parsed reply lives in it until the next is parsed. */
#define TUV_JSON_MARKS 64u

typedef struct tuv_json_s {
  const tuv_alloc_t* alloc;
  yyjson_alc heap; /* yyjson's view of alloc, for requests */
  void* pool;      /* for replies */
  size_t pool_size;
  yyjson_val* keys[TUV_JSON_MARKS]; /* of the last reply's members, by a mark of their names */
} tuv_json_t;

void tuv_json_init(tuv_json_t* json, const tuv_alloc_t* alloc);
void tuv_json_free(tuv_json_t* json);
/* An allocator over that memory, enough to read a text of `size` bytes: what it held before is
 * gone. Returns 0 or TUV_ENOMEM. */
int tuv_json_pool(tuv_json_t* json, size_t size, yyjson_alc* alc);

/* A request in the making: {"action":…,"args":{"req_id":…,…}}. Strings are not copied before
 * tuv_json_request_end. A failed step makes all later ones do nothing and the end return NULL. */
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
void tuv_json_request_bool(tuv_json_request_t* request, const char* key, bool value);
void tuv_json_request_uint(tuv_json_request_t* request, const char* key, uint64_t value);
void tuv_json_request_bool(tuv_json_request_t* request, const char* key, bool value);
/* The finished text, to be given to tuv_free; or NULL with *status TUV_ENOMEM, or TUV_EINVAL for a
 * text that is not UTF-8. */
char* tuv_json_request_end(tuv_json_request_t* request, size_t* length, int* status);

/* {"action":…,"args":{"req_id":…,KEY:ID}}, without allocation. `action` and `key` are our own, of
 * at most 32 bytes together. Returns its length. */
#define TUV_REQUEST_ID_MAX 128u
size_t tuv_json_request_id(char out[TUV_REQUEST_ID_MAX], const char* action, uint64_t req_id,
                           const char* key, uint64_t id);

/* The same with "stmt_id" and a UTF-8 text "name" of at most TUV_REQUEST_NAME_LENGTH bytes. */
#define TUV_REQUEST_NAME_LENGTH 512u
#define TUV_REQUEST_NAME_MAX (TUV_REQUEST_ID_MAX + 16u + 6u * TUV_REQUEST_NAME_LENGTH)
size_t tuv_json_request_name(char out[TUV_REQUEST_NAME_MAX], const char* action, uint64_t req_id,
                             uint64_t stmt_id, const char* name, size_t length);

/* A text of a request's args that this file wrote, copied: what was in args.key. NULL when there is
 * none or out of memory. For a request that has to be sent again over another connection. */
char* tuv_json_request_arg(const tuv_json_t* json, const uint8_t* data, size_t size,
                           const char* key, size_t* length);

/* What a server says to people is cut to so many bytes. */
#define TUV_REPLY_MAX_MESSAGE 4096u

/* A reply: what all have in common. Texts are NUL-terminated and live in the tuv_json_t. */
typedef struct tuv_reply_s {
  yyjson_val* root;
  yyjson_val* const* keys; /* in its tuv_json_t */
  uint32_t code;
  const char* message; /* at most TUV_REPLY_MAX_MESSAGE bytes */
  const char* action;
  uint64_t req_id;
  uint64_t timing; /* ns; 0 when missing */
} tuv_reply_t;

/* Reads a text message. Returns 0, TUV_EPROTO or TUV_ENOMEM. No member may be there twice: which
 * one is meant cannot be told. */
int tuv_reply_parse(tuv_json_t* json, const uint8_t* data, size_t size, tuv_reply_t* reply,
                    tuv_errmsg_t* err);

/* Whether all of these members are there, and not null; NULL ends the list. TUV_EPROTO names the
 * first that is not. */
int tuv_reply_require(const tuv_reply_t* reply, const char* const keys[], tuv_errmsg_t* err);

/* Members of a reply; absent or null is `*value` unchanged (NULL, 0). TUV_EPROTO for another type,
 * and for a text with a NUL in it, which would be cut there. */
int tuv_reply_text(const tuv_reply_t* reply, const char* key, const char** value,
                   tuv_errmsg_t* err);
int tuv_reply_uint(const tuv_reply_t* reply, const char* key, uint64_t* value, tuv_errmsg_t* err);
int tuv_reply_int(const tuv_reply_t* reply, const char* key, int64_t* value, tuv_errmsg_t* err);
int tuv_reply_bool(const tuv_reply_t* reply, const char* key, bool* value, tuv_errmsg_t* err);

/* The same for what a server says to people: cut at a NUL, and to TUV_REPLY_MAX_MESSAGE bytes. */
int tuv_reply_message(const tuv_reply_t* reply, const char* key, const char** value,
                      tuv_errmsg_t* err);

/* Whether the reply is about this: the member must be there and have this value. */
int tuv_reply_about(const tuv_reply_t* reply, const char* key, uint64_t value, tuv_errmsg_t* err);

/* Whether no member of an object is there twice; and where each is (json->keys). */
int tuv_json_members(tuv_json_t* json, yyjson_val* root, tuv_errmsg_t* err);

/* Whether it is a text without a NUL in it. */
bool tuv_json_is_text(yyjson_val* value);

/* An array of texts; absent is NULL. */
int tuv_reply_texts(const tuv_reply_t* reply, const char* key, yyjson_val** value,
                    tuv_errmsg_t* err);

/* A number of rows, which is not negative. Absent or null is `*rows` unchanged; so is an error. */
int tuv_reply_rows(const tuv_reply_t* reply, const char* key, int64_t* rows, tuv_errmsg_t* err);
/* The same where it must be there. */
int tuv_reply_need_rows(const tuv_reply_t* reply, const char* key, int64_t* rows,
                        tuv_errmsg_t* err);

/* The reply to query and binary_query (PROTOCOL 3.4). */
typedef struct tuv_query_reply_s {
  bool is_update;
  int64_t affected_rows;
  uint64_t id;
  uint32_t fields; /* the arrays below have this many elements of the right types */
  uint8_t precision;
  yyjson_val* names;
  yyjson_val* types;
  yyjson_val* lengths;
  yyjson_val* precisions; /* NULL before 3.3.6.0 */
  yyjson_val* scales;     /* NULL before 3.3.6.0 */
  size_t names_size;      /* of all names together, with a NUL each */
  bool storage_widths;    /* lengths are those of storage, not as declared (PROTOCOL 5.7) */
} tuv_query_reply_t;

int tuv_reply_query(const tuv_reply_t* reply, tuv_query_reply_t* out, tuv_errmsg_t* err);

/* The reply to use_result and stmt2_result: a result set whose id is in `id_key`. `stored`: servers
 * of this version give the lengths of storage, unless one of them cannot be that. */
int tuv_reply_stmt_result(const tuv_reply_t* reply, const char* id_key, bool stored,
                          tuv_query_reply_t* out, tuv_errmsg_t* err);

#endif
