/* JSON replies of /ws (PROTOCOL 2, 3): what all of them have in common, and their members. */
#ifndef TUV_WIRE_JSON_REPLY_H
#define TUV_WIRE_JSON_REPLY_H

#include "wire/json/json.h"

/* Bytes of a message for people that are kept. */
#define TUV_REPLY_MAX_MESSAGE 4096u

/* The members that every reply has. Texts are NUL-terminated and live in the tuv_json_t. */
typedef struct tuv_reply_s {
  yyjson_val* root;
  yyjson_val* const* keys; /* in its tuv_json_t */
  uint32_t code;
  const char* message; /* at most TUV_REPLY_MAX_MESSAGE bytes */
  const char* action;
  uint64_t req_id;
  uint64_t timing; /* ns; 0 when missing */
} tuv_reply_t;

/* Reads a text message. Returns 0, TUV_EPROTO or TUV_ENOMEM. A member that is there twice is an
 * error. */
int tuv_reply_parse(tuv_json_t* json, const uint8_t* data, size_t size, tuv_reply_t* reply,
                    tuv_errmsg_t* err);

/* Checks that all of these members are there and not null; NULL ends the list. TUV_EPROTO names the
 * first one that is not. */
int tuv_reply_require(const tuv_reply_t* reply, const char* const keys[], tuv_errmsg_t* err);

/* Members of a reply. A member that is missing or null leaves *value unchanged. TUV_EPROTO for a
 * member of another type, and for a text with a NUL in it. */
int tuv_reply_text(const tuv_reply_t* reply, const char* key, const char** value,
                   tuv_errmsg_t* err);
int tuv_reply_uint(const tuv_reply_t* reply, const char* key, uint64_t* value, tuv_errmsg_t* err);
int tuv_reply_int(const tuv_reply_t* reply, const char* key, int64_t* value, tuv_errmsg_t* err);
int tuv_reply_bool(const tuv_reply_t* reply, const char* key, bool* value, tuv_errmsg_t* err);

/* The same for a message for people: cut at a NUL, and to TUV_REPLY_MAX_MESSAGE bytes. */
int tuv_reply_message(const tuv_reply_t* reply, const char* key, const char** value,
                      tuv_errmsg_t* err);

/* Checks that a member is there and has this value. */
int tuv_reply_expect(const tuv_reply_t* reply, const char* key, uint64_t value, tuv_errmsg_t* err);

/* An array of texts; *value is NULL when it is missing. */
int tuv_reply_texts(const tuv_reply_t* reply, const char* key, yyjson_val** value,
                    tuv_errmsg_t* err);

/* The error for a member of another type. */
int tuv_reply_wrong_type(const char* key, tuv_errmsg_t* err);

/* An array of exactly `count` elements; *value is NULL when it is missing. */
int tuv_reply_array_of(const tuv_reply_t* reply, const char* key, uint32_t count,
                       yyjson_val** value, tuv_errmsg_t* err);

/* The same, with elements all of which `check` accepts. Inline, because it sees every field of
 * every result. */
static inline int tuv_reply_array(const tuv_reply_t* reply, const char* key, uint32_t count,
                                  bool (*check)(yyjson_val*), yyjson_val** value,
                                  tuv_errmsg_t* err) {
  size_t index, max;
  yyjson_val* element;
  int status = tuv_reply_array_of(reply, key, count, value, err);
  if (status < 0 || *value == NULL) return status;
  yyjson_arr_foreach(*value, index, max, element) {
    if (!check(element)) return tuv_reply_wrong_type(key, err);
  }
  return 0;
}

/* A number of rows, which must not be negative. A missing or null member leaves *rows unchanged,
 * and so does an error. */
int tuv_reply_rows(const tuv_reply_t* reply, const char* key, int64_t* rows, tuv_errmsg_t* err);
/* The same for a member that must be there. */
int tuv_reply_need_rows(const tuv_reply_t* reply, const char* key, int64_t* rows,
                        tuv_errmsg_t* err);

#endif
