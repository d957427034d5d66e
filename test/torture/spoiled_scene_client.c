/* Scenes of a client over WebSocket: log-in, SQL, rows, lines, small requests, many at once. */
#include "spoiled_scene.h"

/* ---- log-in and small requests ---- */

static const sp_source_t login_sources[] = {VERSION, CONN,
                                            RECORDED("query_types_legacy", "get_current_db", 0),
                                            RECORDED("options", "check_server_status", 0)};

static void login_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_open(run); break;
    case 1: sp_db(run); break;
    case 2: sp_version(run); break;
    case 3: sp_status(run); break;
    case 4: sp_ping(run); break;
    default: break;
  }
}

/* A log-in that asks for the version, and whose answer names the other gateways. */
static const sp_source_t instances_sources[] = {
    OLD_VERSION("3.4.1.13"),
    MADE("conn",
         ",\"version\":\"3.4.1.13\",\"list_instances\":[\"127.0.0.1:6041\","
         "\"127.0.0.2:6041\"]"),
    RECORDED("query_types_legacy", "get_current_db", 0)};

static void instances_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_open(run); break;
    case 1: sp_db(run); break;
    default: break;
  }
}

/* ---- rows ---- */

static const sp_source_t rows_sources[] = {VERSION, CONN,
                                           RECORDED("query_types_ms", "binary_query", 0),
                                           RECORDED("query_types_ms", "fetch_raw_block", 0),
                                           RECORDED("query_types_ms", "fetch_raw_block", 1)};

static void rows_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_query(run, "select * from t_all order by ts"); break;
    case 1:
    case 2:
    case 3: sp_fetch(run); break;
    default: break;
  }
}

/* Two blocks; JSON tags; and a result that is not read. */
static const sp_source_t blocks_sources[] = {VERSION,
                                             CONN,
                                             RECORDED("query_super", "binary_query", 5),
                                             RECORDED("query_super", "fetch_raw_block", 10),
                                             RECORDED("query_super", "fetch_raw_block", 11),
                                             RECORDED("query_super", "fetch_raw_block", 12),
                                             RECORDED("query_super", "binary_query", 1),
                                             RECORDED("query_super", "fetch_raw_block", 2),
                                             RECORDED("query_super", "fetch_raw_block", 3)};

static void blocks_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_query(run, "select table_name from information_schema.ins_tables"); break;
    case 1:
    case 2:
    case 3:
    case 4: sp_fetch(run); break;
    case 5: sp_query(run, "select info, v, ts from sites"); break;
    case 6:
    case 7:
    case 8: sp_fetch(run); break;
    default: break;
  }
}

/* The JSON actions of old servers. */
static const sp_source_t old_sources[] = {OLD_VERSION("3.1.1.15"),
                                          CONN,
                                          RECORDED("query_types_legacy", "query", 0),
                                          RECORDED("query_types_legacy", "fetch", 0),
                                          RECORDED("query_types_legacy", "fetch_block", 0),
                                          RECORDED("query_types_legacy", "fetch", 1)};

/* ---- updates and lines ---- */

static const sp_source_t exec_sources[] = {VERSION,
                                           CONN,
                                           RECORDED("query_super", "binary_query", 11),
                                           RECORDED("query_super", "binary_query", 12),
                                           RECORDED("query_super", "binary_query", 8),
                                           RECORDED("query_super", "binary_query", 11)};

static void exec_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_exec(run, "insert into d0 values(now, 1, 2, 3)"); break;
    case 1: sp_exec(run, "create table t(ts timestamp)"); break;
    case 2: sp_exec(run, "select 1"); break;
    case 3: sp_query(run, "insert into d0 values(now, 1, 2, 3)"); break;
    default: break;
  }
}

static const sp_source_t lines_sources[] = {VERSION, CONN, RECORDED("schemaless", "insert", 0),
                                            RECORDED("schemaless", "insert", 2),
                                            RECORDED("schemaless", "insert", 3)};

static void lines_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_lines(run, TAOSUV_LINES_INFLUX, "m,t=a v=1 1700000000000000000"); break;
    case 1: sp_lines(run, TAOSUV_LINES_TELNET, "sys.cpu 1700000000 0.5 host=a"); break;
    case 2: sp_lines(run, TAOSUV_LINES_JSON, "{\"metric\":\"m\"}"); break;
    default: break;
  }
}

/* ---- writing messages of a consumer ---- */

static const sp_source_t write_sources[] = {VERSION, CONN, MADE("write_raw", ""),
                                            MADE("write_raw", "")};

static void on_written(taosuv_write_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
  sp_next(req->data);
}

static void write_step(sp_run_t* run) {
  static const uint8_t bytes[64] = {1};
  taosuv_raw_t raw = {2, bytes, sizeof bytes};
  if (run->step++ > 1) return;
  sp_op_t* op = sp_op(run, "write_raw");
  sp_began(run, op, taosuv_write_raw(run->client, &op->req.write, &raw, on_written));
}

/* ---- many at once, answered in reverse order ---- */

static const sp_source_t at_once_sources[] = {VERSION,
                                              CONN,
                                              RECORDED("query_super", "binary_query", 11),
                                              RECORDED("query_super", "binary_query", 12),
                                              RECORDED("query_super", "binary_query", 11),
                                              RECORDED("query_types_legacy", "get_current_db", 0),
                                              RECORDED("options", "check_server_status", 0)};

static void at_once_step(sp_run_t* run) {
  if (run->step == 0) {
    run->step = 1;
    sp_open(run);
    return;
  }
  if (run->step != 1) return;
  run->step = 10;
  sp_exec(run, "insert into d0 values(now, 1, 2, 3)");
  run->step = 11;
  sp_exec(run, "create table t(ts timestamp)");
  run->step = 12;
  sp_exec(run, "insert into d1 values(now, 1, 2, 3)");
  run->step = 13;
  sp_db(run);
  run->step = 14;
  sp_version(run);
  run->step = 15;
  sp_status(run);
  run->step = 16;
}

/* ---- compressed ---- */

#define compressed_sources rows_sources

/* ---- without another connection ---- */

#define alone_sources at_once_sources

SCENE(login, URL, .step = login_step);
SCENE(instances, URL "&adapter_ha=true&connector=c", .step = instances_step);
SCENE(rows, URL, .step = rows_step, .from = 2);
SCENE(blocks, URL "&prefetch=0", .step = blocks_step, .from = 2);
SCENE(old, URL, .step = rows_step);
SCENE(exec, URL, .step = exec_step, .from = 2);
SCENE(lines, URL, .step = lines_step, .from = 2);
SCENE(write, URL, .step = write_step, .from = 2);
SCENE(at_once, URL, .step = at_once_step, .gathers = true);

/* No message that is sent is that long. */
SCENE(compressed, URL "&compression=1&compression_threshold=2000000000", .step = rows_step,
      .compressed = true, .from = 1);
SCENE(alone, URL, .step = at_once_step, .gathers = true, .alone = true);

sp_scene_t* const sp_scenes_client[] = {
    &alone_scene, &login_scene, &compressed_scene, &instances_scene, &rows_scene,   &blocks_scene,
    &old_scene,   &exec_scene,  &lines_scene,      &write_scene,     &at_once_scene};
const unsigned sp_scenes_client_count = COUNT(sp_scenes_client);
