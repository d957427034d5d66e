/* Fuzzes the replies of the statement actions: read or refused with a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json/result.h"
#include "wire/status.h"
#include "wire/stmt/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void check(int status, const tuv_errmsg_t* err) {
  if (status == 0) return;
  require(status == TUV_EPROTO, "a reply that is not read is a broken protocol");
  require(err->text[0] != '\0' && memchr(err->text, '\0', sizeof err->text) != NULL, "its text");
}

static void check_fields(const tuv_reply_t* reply, uint8_t kind) {
  tuv_stmt_fields_t fields;
  tuv_errmsg_t err = {""};
  int status = tuv_stmt_reply_fields(reply, kind, &fields, &err);
  check(status, &err);
  if (status < 0) return;
  taosuv_stmt_field_t* out = calloc(fields.count + 1, sizeof *out);
  char* names = malloc(fields.names_size + 1);
  char* end = tuv_stmt_fields_copy(&fields, out, names);
  require(end == names + fields.names_size, "names fill their room");
  for (uint32_t i = 0; i < fields.count; i++) {
    require(out[i].name >= names && out[i].name + out[i].name_length < end, "a name's place");
    require(out[i].name[out[i].name_length] == '\0', "a name's end");
    require(out[i].kind >= TAOSUV_BIND_COLUMN && out[i].kind <= TAOSUV_BIND_TABLE, "a kind");
  }
  free(names);
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tuv_json_t json;
  tuv_json_init(&json, &tuv_alloc_default);
  tuv_reply_t reply;
  tuv_errmsg_t err = {""};
  if (tuv_reply_parse(&json, data, size, &reply, &err) == 0) {
    uint64_t id;
    int64_t affected;
    tuv_query_reply_t query;
    check(tuv_stmt_reply_id(&reply, &id, &err), &err);
    check(tuv_stmt_reply_affected(&reply, &affected, &err), &err);
    check(tuv_reply_stmt_result(&reply, "id", size % 2 == 0, &query, &err), &err);
    check_fields(&reply, 0);
    check_fields(&reply, TAOSUV_BIND_TAG);
  }
  tuv_json_free(&json);
  return 0;
}
