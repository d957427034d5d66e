/* JSON that lies: each lie gets its status at once, never an empty success, and the client
 * goes on. */
#include "hostile.h"

#define ROWS ",\"id\":1000,\"is_update\":false,\"affected_rows\":0"
#define NAMES ",\"fields_count\":2,\"fields_names\":[\"ts\",\"a\"]"
#define TYPES ",\"fields_types\":[9,4],\"fields_lengths\":[8,4]"

static const lie_t lies[] = {
    {"code as text", QUERY, TAOSUV_EPROTO, "{\"code\":\"0\",\"req_id\":$REQ_ID}", NULL},
    {"code negative", QUERY, TAOSUV_EPROTO, "{\"code\":-1,\"req_id\":$REQ_ID}", NULL},
    {"code of 65 bits", QUERY, TAOSUV_EPROTO, "{\"code\":36893488147419103232,\"req_id\":$REQ_ID}",
     NULL},
    {"code as fraction", QUERY, TAOSUV_EPROTO, "{\"code\":0.5,\"req_id\":$REQ_ID}", NULL},
    {"no code", QUERY, TAOSUV_EPROTO, "{\"req_id\":$REQ_ID}", NULL},
    {"code null", QUERY, TAOSUV_EPROTO, "{\"code\":null,\"req_id\":$REQ_ID}", NULL},
    {"message as number", QUERY, TAOSUV_EPROTO, "{\"code\":1,\"message\":5,\"req_id\":$REQ_ID}",
     NULL},
    {"action as list", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"action\":[],\"req_id\":$REQ_ID}", NULL},
    {"timing as text", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"timing\":\"1\",\"req_id\":$REQ_ID}",
     NULL},
    {"nothing but a code", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD "}", NULL},
    {"nothing but a code to exec", EXEC, TAOSUV_EPROTO, HOSTILE_HEAD "}", NULL},
    {"id as text", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD ",\"id\":\"1\"}", NULL},
    {"id zero", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD ",\"id\":0,\"is_update\":false" NAMES TYPES "}",
     NULL},
    {"is_update as number", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD ",\"id\":1000,\"is_update\":1}",
     NULL},
    {"affected_rows as text", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"is_update\":true,\"affected_rows\":\"1\"}", NULL},
    {"affected_rows as text to exec", EXEC, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"is_update\":true,\"affected_rows\":\"1\"}", NULL},
    {"affected_rows too large", EXEC, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"is_update\":true,\"affected_rows\":9223372036854775808}", NULL},
    {"no fields", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD ROWS "}", NULL},
    {"fields_count zero", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD ROWS ",\"fields_count\":0}", NULL},
    {"fields_count enormous", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS ",\"fields_count\":4294967297}", NULL},
    {"fields_count of three", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS ",\"fields_count\":3,\"fields_names\":[\"ts\",\"a\"]" TYPES "}", NULL},
    {"fields_names null", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS ",\"fields_count\":2,\"fields_names\":null" TYPES "}", NULL},
    {"fields_names of numbers", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS ",\"fields_count\":2,\"fields_names\":[1,2]" TYPES "}", NULL},
    {"fields_types of texts", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS NAMES ",\"fields_types\":[\"9\",\"4\"],\"fields_lengths\":[8,4]}", NULL},
    {"fields_types too large", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS NAMES ",\"fields_types\":[9,256],\"fields_lengths\":[8,4]}", NULL},
    {"fields_lengths negative", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS NAMES ",\"fields_types\":[9,4],\"fields_lengths\":[8,-4]}", NULL},
    {"fields_lengths as object", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS NAMES ",\"fields_types\":[9,4],\"fields_lengths\":{}}", NULL},
    {"fields_scales too few", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS NAMES TYPES ",\"fields_scales\":[0]}", NULL},
    {"precision unknown", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD ROWS NAMES TYPES ",\"precision\":3}",
     NULL},
    {"precision as text", QUERY, TAOSUV_EPROTO,
     HOSTILE_HEAD ROWS NAMES TYPES ",\"precision\":\"ms\"}", NULL},
    {"no JSON", QUERY, TAOSUV_EPROTO, "hello $REQ_ID", NULL},
    {"empty text", QUERY, TAOSUV_EPROTO, "", NULL},
    {"JSON cut off", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"req_id\":$REQ_ID", NULL},
    {"two JSON values", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD "}{}", NULL},
    {"a list", QUERY, TAOSUV_EPROTO, "[$REQ_ID]", NULL},
    {"null", QUERY, TAOSUV_EPROTO, "null", NULL},
    {"no req_id", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"message\":\"\"}", NULL},
    {"req_id as text", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"req_id\":\"$REQ_ID\"}", NULL},
    {"req_id negative", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"req_id\":-1}", NULL},
    {"req_id unknown", QUERY, TAOSUV_EPROTO, "{\"code\":0,\"req_id\":1}", NULL},
    {"text in place of a block", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":1,\"completed\":false,\"rows\":5}", NULL},
    {"a text that claims the end", FETCH, TAOSUV_EPROTO, HOSTILE_HEAD ",\"completed\":true}", NULL},
    {"no version", VERSION, TAOSUV_EPROTO, HOSTILE_HEAD "}", NULL},
    {"version as number", VERSION, TAOSUV_EPROTO, HOSTILE_HEAD ",\"version\":3}", NULL},
    {"no status", STATUS, TAOSUV_EPROTO, HOSTILE_HEAD ",\"details\":\"\"}", NULL},
    {"no details", STATUS, TAOSUV_EPROTO, HOSTILE_HEAD ",\"status\":2}", NULL},
    {"status as text", STATUS, TAOSUV_EPROTO, HOSTILE_HEAD ",\"status\":\"2\",\"details\":\"\"}",
     NULL},
    {"status negative", STATUS, TAOSUV_EPROTO, HOSTILE_HEAD ",\"status\":-2,\"details\":\"\"}",
     NULL},
    {"no db", CURRENT_DB, TAOSUV_EPROTO, HOSTILE_HEAD "}", NULL},
    {"db as list", CURRENT_DB, TAOSUV_EPROTO, HOSTILE_HEAD ",\"db\":[]}", NULL},
};

static void json_lie(void** state) {
  it_t* it = *state;
  hostile_tell_text(it, hostile_client(it), it->param);
}

/* While logging in: no connection comes of it. */
static const lie_t login_lies[] = {
    {"login: version as number", OPEN, TAOSUV_EPROTO, HOSTILE_HEAD ",\"version\":3}", "version"},
    {"login: no version", OPEN, TAOSUV_EVERSION, HOSTILE_HEAD "}", "version"},
    {"login: a version that is none", OPEN, TAOSUV_EVERSION, HOSTILE_HEAD ",\"version\":\"new\"}",
     "version"},
    {"login: no JSON", OPEN, TAOSUV_EPROTO, "hello", "version"},
    {"login: conn without code", OPEN, TAOSUV_EPROTO, "{\"req_id\":$REQ_ID}", "conn"},
    {"login: conn of an unknown id", OPEN, TAOSUV_EPROTO, "{\"code\":0,\"req_id\":1}", "conn"},
    {"login: conn with code as text", OPEN, TAOSUV_EPROTO, "{\"code\":\"0\",\"req_id\":$REQ_ID}",
     "conn"},
};

static void login_lie(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "messages of the WebSocket");
  it_needs_bundled(it);
  hostile_tell_text(it, it_client(it, HOSTILE_KEYS), it->param);
}

static void json_of_great_depth_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  size_t size = 100000;
  char* deep = malloc(size);
  memset(deep, '[', size);
  hostile_tell(
      it, client, QUERY,
      &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_TEXT, .data = deep, .size = size},
      TAOSUV_EPROTO);
  free(deep);
}

static void binary_in_place_of_json_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  uint8_t reply[64] = {255, 255, 255, 255, 255, 255, 255, 255, 7, [16] = 1};
  for (size_t size = 0; size <= sizeof reply; size += 8)
    hostile_tell(it, client, QUERY,
                 &(ts_rule_t) {.action = "binary_query",
                               .answer = TS_ANSWER_BINARY,
                               .data = reply,
                               .size = size,
                               .put_req_id = true},
                 TAOSUV_EPROTO);
}

/* ---- the JSON actions of old servers ---- */

static const lie_t old_lies[] = {
    {"old: neither rows nor end", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":2,\"completed\":false,\"lengths\":null,\"rows\":0}", "fetch"},
    {"old: completed as text", FETCH, TAOSUV_EPROTO, HOSTILE_HEAD ",\"id\":2,\"completed\":\"no\"}",
     "fetch"},
    {"old: rows negative", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":2,\"completed\":false,\"rows\":-5}", "fetch"},
    {"old: another result", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":77,\"completed\":false,\"rows\":5}", "fetch"},
    {"old: another result's end", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":77,\"completed\":true}", "fetch"},
    {"old: nothing but a code", FETCH, TAOSUV_EPROTO, HOSTILE_HEAD "}", "fetch"},
    {"old: text in place of a block", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":2,\"completed\":false,\"rows\":5}", "fetch_block"},
    {"old: the end in place of a block", FETCH, TAOSUV_EPROTO,
     HOSTILE_HEAD ",\"id\":2,\"completed\":true}", "fetch_block"},
    {"old: nothing but a code to query", QUERY, TAOSUV_EPROTO, HOSTILE_HEAD "}", "query"},
};

static void old_lie(void** state) {
  it_t* it = *state;
  hostile_tell_text(it, hostile_client_old(it), it->param);
}

int main(void) {
  static const struct CMUnitTest others[] = {
      IT_TEST(json_of_great_depth_is_refused),
      IT_TEST(binary_in_place_of_json_is_refused),
  };
  for (size_t i = 0; i < COUNT(lies); i++) hostile_add(lies[i].name, json_lie, &lies[i]);
  for (size_t i = 0; i < COUNT(login_lies); i++)
    hostile_add(login_lies[i].name, login_lie, &login_lies[i]);
  for (size_t i = 0; i < COUNT(old_lies); i++) hostile_add(old_lies[i].name, old_lie, &old_lies[i]);
  return hostile_run("hostile_json", others, COUNT(others));
}
