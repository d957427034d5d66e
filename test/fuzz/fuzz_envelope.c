/* Fuzzes JSON replies: read or refused with a text, never more memory than is given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json/request.h"
#include "wire/json/result.h"
#include "wire/status.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void check_error(int status, const tuv_errmsg_t* err) {
  require(status == TUV_EPROTO, "a reply that is not read is a broken protocol");
  require(err->text[0] != '\0', "an error has its text");
  require(memchr(err->text, '\0', sizeof err->text) != NULL, "an error's text ends");
}

static void check_query(const tuv_reply_t* reply) {
  tuv_query_reply_t query;
  tuv_errmsg_t err = {""};
  int status = tuv_reply_query(reply, &query, &err);
  if (status < 0) {
    check_error(status, &err);
    return;
  }
  if (query.is_update) return;
  require(query.fields > 0 && query.id != 0 && query.precision <= 2, "a result has its members");
  require(yyjson_arr_size(query.names) == query.fields, "as many names as fields");
  require(yyjson_arr_size(query.types) == query.fields, "as many types as fields");
  require(yyjson_arr_size(query.lengths) == query.fields, "as many lengths as fields");
  size_t size = 0;
  for (uint32_t i = 0; i < query.fields; i++)
    size += strlen(yyjson_get_str(yyjson_arr_get(query.names, i))) + 1;
  require(size <= query.names_size, "room for all names");
}

static void check_members(const tuv_reply_t* reply) {
  static const char* const keys[] = {"code", "message",       "version", "id",       "completed",
                                     "rows", "affected_rows", "stmt_id", "is_update"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const char* text = NULL;
    uint64_t number = 0;
    int64_t whole = 0;
    bool truth = false;
    tuv_errmsg_t err = {""};
    int right = (tuv_reply_text(reply, keys[i], &text, &err) == 0) +
                (tuv_reply_uint(reply, keys[i], &number, &err) == 0) +
                (tuv_reply_int(reply, keys[i], &whole, &err) == 0) +
                (tuv_reply_bool(reply, keys[i], &truth, &err) == 0);
    require(right <= 2 || right == 4, "a member has one type, or is not there");
    if (text != NULL) require(strlen(text) < 1u << 30, "a text ends");
  }
}

/* The hosts that a log-in's reply names. */
static void check_texts(const tuv_reply_t* reply) {
  yyjson_val* list = NULL;
  yyjson_val* text;
  size_t index, max;
  tuv_errmsg_t err = {""};
  if (tuv_reply_texts(reply, "list_instances", &list, &err) < 0 || list == NULL) return;
  yyjson_arr_foreach(list, index, max, text) {
    require(yyjson_is_str(text), "an array of texts has nothing else");
  }
}

/* The input is the message; it is parsed twice, in memory that the first time has left. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tuv_json_t json;
  tuv_json_init(&json, &tuv_alloc_default);
  for (unsigned round = 0; round < 2; round++) {
    tuv_reply_t reply;
    tuv_errmsg_t err = {""};
    int status = tuv_reply_parse(&json, data, size, &reply, &err);
    if (status < 0) {
      check_error(status, &err);
      continue;
    }
    require(strlen(reply.message) <= size && strlen(reply.action) <= size, "texts of the message");
    check_members(&reply);
    check_query(&reply);
    check_texts(&reply);
  }
  size_t length = 0;
  char* sql = tuv_json_request_arg(&json, data, size, "sql", &length);
  if (sql != NULL) require(sql[length] == '\0' && length <= size, "an arg of the request");
  tuv_free(json.alloc, sql);
  tuv_json_free(&json);
  return 0;
}
