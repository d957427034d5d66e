/* What servers can do since which version. */
#include "versions.h"

#include "fixture.h"
#include "transport.h"
#include "base/version.h"

static const struct {
  uint8_t since[4];
  bool ws_only; /* over HTTP there are other means, of any version */
  const char* what;
} features[IT_FEATURES] = {
    [IT_ONE_ENDPOINT] = {{3, 1, 1, 15}, true, "one connection for SQL, lines and statements"},
    [IT_BINARY_QUERIES] = {{3, 3, 2, 0}, true, "queries as one binary message"},
    [IT_CURRENT_DB] = {{3, 3, 3, 0}, true, "the current database"},
    [IT_SERVER_STATUS] = {{3, 3, 6, 0}, true, "the server's status"},
    [IT_SESSION_OPTIONS] = {{3, 3, 5, 0}, false, "timezone, app and ip of a connection"},
    [IT_LINES_COUNTED] = {{3, 3, 3, 0}, false, "the number of rows that lines became"},
    [IT_TABLE_NAME_KEY] = {{3, 3, 3, 0}, false, "a tag that names the tables of lines"},
    [IT_STATEMENT_QUERIES] = {{3, 2, 2, 0}, false, "queries by statements"},
    [IT_STATEMENTS_2] = {{3, 3, 6, 0}, false, "statements of the second version"},
    [IT_GEOMETRY_AND_VARBINARY] = {{3, 2, 1, 0}, false, "GEOMETRY and VARBINARY"},
    [IT_DECIMAL] = {{3, 3, 6, 0}, false, "DECIMAL"},
    [IT_BLOB] = {{3, 3, 7, 0}, false, "BLOB"},
    [IT_OFFSETS] = {{3, 1, 1, 15}, false, "offsets and topics of a consumer"},
    [IT_MANUAL_COMMIT] = {{3, 3, 3, 0}, false, "consumers without auto-commit"},
    [IT_RAW_MESSAGES] = {{3, 3, 3, 0}, false, "raw bytes of messages"},
    [IT_BATCHED_META] = {{3, 3, 3, 0}, false, "metadata in batches"},
};

/* ---- the version of another server ---- */

static char version[48]; /* "": not asked yet */

static void on_open(taosuv_open_t* req, int status) {
  if (status != 0)
    fprintf(stderr, "TAOSUV_TEST_URL: %s: %s\n", taosuv_err_name(status), req->message);
  else
    snprintf(version, sizeof version, "%s", req->version);
}

/* On a loop of its own, before any test counts what is on its loop. */
static void ask(const it_t* it) {
  uv_loop_t loop;
  char url[1024];
  taosuv_client_t* client;
  taosuv_open_t open;
  memset(&open, 0, sizeof open);
  it_url(it, url, sizeof url, "", "");
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(taosuv_client_create(&loop, url, &client), 0);
  assert_int_equal(taosuv_open(client, &open, on_open), 0);
  while (taosuv_is_pending((taosuv_req_t*) (void*) &open)) uv_run(&loop, UV_RUN_ONCE);
  taosuv_close(client, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&loop), 0);
  if (version[0] == 0) fail_msg("the server's version could not be read");
}

const char* it_server_version(const it_t* it) {
  if (it->server != NULL) return ts_server_version(it->server);
  if (version[0] == 0) ask(it);
  return version;
}

/* ---- features ---- */

bool it_can(const it_t* it, it_feature_t feature) {
  const uint8_t* since = features[feature].since;
  if (features[feature].ws_only && it_transport_http()) return true;
  return ts_version_since(it_server_version(it), since[0], since[1], since[2], since[3]);
}

void it_needs(const it_t* it, it_feature_t feature) {
  static bool noted[IT_FEATURES]; /* once a program: how many tests they are is counted */
  const uint8_t* since = features[feature].since;
  if (it_can(it, feature)) return;
  if (!noted[feature])
    print_message("note: skipped, as a server of version %s has none: %s (since %u.%u.%u.%u)\n",
                  it_server_version(it), features[feature].what, since[0], since[1], since[2],
                  since[3]);
  noted[feature] = true;
  skip();
}
