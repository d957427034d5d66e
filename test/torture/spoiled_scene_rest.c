/* Scenes of a client over HTTP: SQL with and without rows, lines, log-in, small requests. */
#include "spoiled_scene.h"

#define REST "http://root:taosdata@127.0.0.1/cap" KEYS
#define VERSION_ROW                                                                                \
  HTTP("version", 200,                                                                             \
       "{\"code\":0,\"column_meta\":[[\"server_version()\",\"VARCHAR\",7]],"                       \
       "\"data\":[[\"3.3.6.0\"]],\"rows\":1}")
#define USED                                                                                       \
  HTTP("use", 200,                                                                                 \
       "{\"code\":0,\"column_meta\":[[\"affected_rows\",\"INT\",4]],\"data\":[[0]],\"rows\":1}")

/* ---- all types; JSON tags; updates ---- */

static const sp_source_t rest_sources[] = {USED, VERSION_ROW, LINE("sql", 2), LINE("sql", 7),
                                           LINE("sql", 8)};

static void rest_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_query(run, "select * from t_all order by ts"); break;
    case 1:
    case 2: sp_fetch(run); break;
    case 3: sp_query(run, "select info, v from sites order by v"); break;
    case 4:
    case 5: sp_fetch(run); break;
    case 6: sp_exec(run, "insert into t_all (ts, c_i32) values (1700000009999, 5)"); break;
    default: break;
  }
}

/* ---- the log-in with a token, and requests without rows ---- */

static const sp_source_t rest_small_sources[] = {
    LINE("login", 14),
    USED,
    VERSION_ROW,
    LINE("ping", 16),
    HTTP("status", 200,
         "{\"code\":0,\"column_meta\":[[\"server_status()\",\"INT\",4]],\"data\":[[1]],"
         "\"rows\":1}"),
    HTTP("db", 200,
         "{\"code\":0,\"column_meta\":[[\"database()\",\"VARCHAR\",66]],\"data\":[[\"cap\"]],"
         "\"rows\":1}"),
    HTTP("vgid", 200, "{\"code\":0,\"vgIDs\":[2,3]}")};

static void on_vgroups(taosuv_table_vgroups_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  for (uint32_t i = 0; status == 0 && i < req->count; i++)
    sp_hash_number(op, (uint64_t) req->vgroups[i]);
  sp_next(req->data);
}

static void vgroups(sp_run_t* run) {
  static const char* const tables[] = {"t1", "t2"};
  sp_op_t* op = sp_op(run, "table_vgroups");
  sp_began(run, op,
           taosuv_table_vgroups(run->client, &op->req.vgroups, NULL, tables, 2, on_vgroups));
}

static void rest_small_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_open(run); break;
    case 1: sp_ping(run); break;
    case 2: sp_status(run); break;
    case 3: sp_db(run); break;
    case 4: sp_version(run); break;
    case 5: vgroups(run); break;
    default: break;
  }
}

/* ---- lines ---- */

static const sp_source_t rest_lines_sources[] = {USED, VERSION_ROW, LINE("influxdb", 18),
                                                 LINE("telnet", 20), LINE("json", 21)};

static void rest_lines_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: sp_lines(run, TAOSUV_LINES_INFLUX, "rest_m,t=a v=1i64 1700000000000"); break;
    case 1: sp_lines(run, TAOSUV_LINES_TELNET, "rest.cpu 1700000000 0.5 host=a"); break;
    case 2: sp_lines(run, TAOSUV_LINES_JSON, "{\"metric\":\"m\"}"); break;
    default: break;
  }
}

/* Without another connection. */
#define rest_alone_sources rest_small_sources

SCENE(rest, REST, .step = rest_step, .from = 2);
SCENE(rest_small, REST "&rest_auth=token", .step = rest_small_step);
SCENE(rest_lines, REST, .step = rest_lines_step, .from = 2);

#define rest_gzip_sources rest_sources
SCENE(rest_gzip, REST "&compression=1", .step = rest_step, .compressed = true);
SCENE(rest_alone, REST "&rest_auth=token", .step = rest_small_step, .alone = true);

sp_scene_t* const sp_scenes_rest[] = {&rest_alone_scene, &rest_gzip_scene, &rest_scene,
                                      &rest_small_scene, &rest_lines_scene};
const unsigned sp_scenes_rest_count = COUNT(sp_scenes_rest);
