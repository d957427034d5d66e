/* Scenes with prepared statements: both versions, inserts and queries, one message or several. */
#include "spoiled_scene.h"

static void on_prepared(taosuv_stmt_prepare_t* req, int status) {
  sp_run_t* run = req->data;
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  run->stmt = req->stmt;
  if (status < 0 && req->stmt != NULL) sp_fault(run, "prepare: a failure with a statement");
  if (status == 0) {
    uint32_t count;
    const taosuv_stmt_field_t* fields = taosuv_stmt_fields(req->stmt, &count);
    sp_hash_number(op, (uint64_t) taosuv_stmt_is_insert(req->stmt));
    sp_hash_number(op, count);
    for (uint32_t i = 0; fields != NULL && i < count; i++) {
      sp_hash(op, fields[i].name, fields[i].name_length + 1);
      sp_hash_number(op, fields[i].kind);
      sp_hash_number(op, fields[i].type);
      sp_hash_number(op, fields[i].precision);
      sp_hash_number(op, fields[i].scale);
      sp_hash_number(op, fields[i].length);
    }
  }
  sp_next(run);
}

static void prepare(sp_run_t* run, const char* sql) {
  taosuv_stmt_close(run->stmt);
  run->stmt = NULL;
  sp_op_t* op = sp_op(run, "prepare");
  sp_began(run, op,
           taosuv_stmt_prepare(run->client, &op->req.prepare, sql, strlen(sql), on_prepared));
}

static void on_executed(taosuv_stmt_exec_t* req, int status) {
  sp_run_t* run = req->data;
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status < 0 && req->result != NULL) sp_fault(run, "stmt_exec: a failure with a result");
  sp_take_result(run, op, status, req->result, req->affected_rows);
  sp_next(run);
}

/* Values that do not fit the changed fields are not bound: the batch is then empty. */
static void execute(sp_run_t* run, const char* table, const taosuv_value_t* values,
                    uint32_t count) {
  taosuv_value_t tags[] = {taosuv_text("sf", 2), taosuv_i64(2)};
  if (run->stmt == NULL) {
    sp_next(run);
    return;
  }
  if (table != NULL) {
    taosuv_bind_table(run->stmt, table, strlen(table));
    taosuv_bind_tags(run->stmt, tags, 2);
  }
  taosuv_bind_row(run->stmt, values, count);
  sp_op_t* op = sp_op(run, "stmt_exec");
  sp_began(run, op, taosuv_stmt_exec(run->stmt, &op->req.stmt, on_executed));
}

static void end_stmt(sp_run_t* run) {
  taosuv_stmt_close(run->stmt);
  run->stmt = NULL;
  sp_next(run);
}

/* ---- stmt2 ---- */

#define FIELD(name, type, bytes, kind)                                                             \
  "{\"name\":\"" name "\",\"field_type\":" type ",\"precision\":0,\"scale\":0,\"bytes\":" bytes    \
  ",\"bind_type\":" kind "}"

/* A form that is prepared once for all batches: it creates its tables. */
#define INSERT_SQL "insert into ? using st tags(?,?) values(?,?,?)"
#define PREPARED                                                                                   \
  MADE(                                                                                            \
      "stmt2_prepare",                                                                             \
      ",\"stmt_id\":2,\"is_insert\":true,\"fields\":[" FIELD("tbname", "8", "271", "4") "," FIELD( \
          "l", "8", "12",                                                                          \
          "2") "," FIELD("g", "4", "4",                                                            \
                         "2") "," FIELD("ts", "9", "8",                                            \
                                        "1") "," FIELD("v", "4", "4",                              \
                                                       "1") "," FIELD("n", "8", "12",              \
                                                                      "1") "],\"fields_count\":6")

static const sp_source_t stmt2_sources[] = {VERSION,
                                            CONN,
                                            RECORDED("stmt2", "stmt2_init", 1),
                                            PREPARED,
                                            RECORDED("stmt2", "stmt2_bind", 2),
                                            RECORDED("stmt2", "stmt2_exec", 2),
                                            RECORDED("stmt2", "stmt2_bind", 2),
                                            RECORDED("stmt2", "stmt2_exec", 2),
                                            RECORDED("stmt2", "stmt2_close", 1),
                                            RECORDED("stmt2", "stmt2_init", 2),
                                            RECORDED("stmt2", "stmt2_prepare", 4),
                                            RECORDED("stmt2", "stmt2_bind", 3),
                                            RECORDED("stmt2", "stmt2_exec", 3),
                                            RECORDED("stmt2", "stmt2_result", 0),
                                            RECORDED("stmt2", "fetch_raw_block", 2),
                                            RECORDED("stmt2", "fetch_raw_block", 3)};

static void insert_row(sp_run_t* run) {
  taosuv_value_t values[] = {taosuv_i64(1700000000000), taosuv_i64(7), taosuv_text("x", 1)};
  execute(run, "st_a", values, 3);
}

static void select_plain(sp_run_t* run) {
  taosuv_value_t values[] = {taosuv_i64(1700000000000), taosuv_i64(7)};
  execute(run, NULL, values, 2);
}

static void stmt2_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: prepare(run, INSERT_SQL); break;
    case 1:
    case 2: insert_row(run); break;
    case 3: end_stmt(run); break;
    case 4: prepare(run, "select * from plain where ts >= ? and v = ?"); break;
    case 5: select_plain(run); break;
    case 6:
    case 7: sp_fetch(run); break;
    default: break;
  }
}

/* Many fields of all types of a super table; it is only prepared. */
static const sp_source_t fields_sources[] = {VERSION, CONN, RECORDED("stmt2", "stmt2_init", 0),
                                             RECORDED("stmt2", "stmt2_prepare", 0),
                                             RECORDED("stmt2", "stmt2_close", 0)};

static void fields_step(sp_run_t* run) {
  if (run->step++ == 0)
    prepare(run, "insert into ? using st tags(?,?,?,?,?) values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
}

/* For servers that bind and execute in one message. */
static const sp_source_t together_sources[] = {
    OLD_VERSION("3.4.1.13"),
    CONN,
    RECORDED("stmt2", "stmt2_init", 1),
    PREPARED,
    MADE("stmt2_bind_exec", ",\"stmt_id\":2,\"affected\":1"),
    MADE("stmt2_bind_exec", ",\"stmt_id\":2,\"affected\":1"),
    RECORDED("stmt2", "stmt2_close", 1),
    RECORDED("stmt2", "stmt2_init", 2),
    RECORDED("stmt2", "stmt2_prepare", 4),
    MADE("stmt2_bind_exec", ",\"stmt_id\":3,\"affected\":0"),
    RECORDED("stmt2", "stmt2_result", 0),
    RECORDED("stmt2", "fetch_raw_block", 2),
    RECORDED("stmt2", "fetch_raw_block", 3)};

/* ---- the first version ---- */

static const sp_source_t first_sources[] = {VERSION,
                                            CONN,
                                            RECORDED("stmt1", "init", 0),
                                            RECORDED("stmt1", "prepare", 0),
                                            RECORDED("stmt1", "set_table_name", 0),
                                            RECORDED("stmt1", "get_tag_fields", 0),
                                            RECORDED("stmt1", "get_col_fields", 0),
                                            RECORDED("stmt1", "set_tags", 0),
                                            RECORDED("stmt1", "bind", 0),
                                            RECORDED("stmt1", "add_batch", 0),
                                            RECORDED("stmt1", "exec", 0),
                                            RECORDED("stmt1", "init", 1),
                                            RECORDED("stmt1", "prepare", 1),
                                            RECORDED("stmt1", "bind", 2),
                                            RECORDED("stmt1", "add_batch", 2),
                                            RECORDED("stmt1", "exec", 2),
                                            RECORDED("stmt1", "use_result", 0),
                                            RECORDED("stmt1", "fetch_raw_block", 2),
                                            RECORDED("stmt1", "fetch_raw_block", 3)};

static void first_step(sp_run_t* run) {
  taosuv_value_t values[] = {taosuv_i64(1700000000000), taosuv_i64(1), taosuv_f64(1.5),
                             taosuv_text("a", 1), taosuv_text("b", 1)};
  taosuv_value_t parameter[] = {taosuv_i64(1)};
  switch (run->step++) {
    case 0: prepare(run, "insert into ? using st tags(?,?) values(?,?,?,?,?)"); break;
    case 1: execute(run, "st_a", values, 5); break;
    case 2: end_stmt(run); break;
    case 3: prepare(run, "select * from st where v > ?"); break;
    case 4: execute(run, NULL, parameter, 1); break;
    case 5:
    case 6: sp_fetch(run); break;
    default: break;
  }
}

SCENE(stmt2, URL, .step = stmt2_step, .from = 2);
SCENE(fields, URL "&stmt_cache=0", .step = fields_step, .from = 2);
SCENE(together, URL, .step = stmt2_step, .from = 2);
SCENE(first, URL "&stmt_version=1", .step = first_step, .from = 2);

sp_scene_t* const sp_scenes_stmt[] = {&stmt2_scene, &fields_scene, &together_scene, &first_scene};
const unsigned sp_scenes_stmt_count = COUNT(sp_scenes_stmt);
