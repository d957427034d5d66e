/* One run of a scene with changed replies, and its verdict. */
#include "spoiled.h"

/* A turn takes microseconds: so many without an end are a hang. */
enum { MOST_TURNS = 400000, MOST_CUTS = 24 };

/* ---- turning the loop without waiting for what will not come ---- */

/* Nothing more will arrive: the awaited reply was lost. Short timers (a retry) may run; long timers
 * are time limits, and the peer ends the connections instead. */
static bool turn(sp_run_t* run, unsigned* cuts) {
  unsigned before = run->progress;
  uv_run(run->loop, UV_RUN_NOWAIT);
  bool asked = sp_peer_look(run);
  if (asked || before != run->progress || sp_peer_busy(run)) return true;
  int wait = uv_backend_timeout(run->loop);
  if (wait >= 0 && wait <= 100) {
    /* Neither uv_run, which would wait for later timers as well, nor a short sleep, which may take
     * too long. */
    if (wait > 2) uv_sleep((unsigned) wait);
    uv_update_time(run->loop);
    return true;
  }
  if (sp_peer_cut(run) == 0) return false;
  return ++*cuts <= MOST_CUTS;
}

static void show_line(void* context, const char* text) {
  (void) context;
  print_error("  %s\n", text);
}

static void run_until(sp_run_t* run, bool (*over)(const sp_run_t*), const char* what) {
  unsigned cuts = 0, turns = 0;
  while (!over(run)) {
    if (turn(run, &cuts) && ++turns < MOST_TURNS) continue;
    print_error("%s: at reply %u: %s: number %u: %s does not end (%u pending, %u cuts, %u turns)\n",
                run->scene->name, run->plan[0].at, run->plan[0].spoilt.note, run->plan[0].n, what,
                run->pending, cuts, turns);
    for (unsigned i = 0; i < run->nops; i++)
      if (!run->ops[i].done) print_error("  %s is pending\n", run->ops[i].name);
    taosuv_client_dump(run->client, show_line, NULL);
    for (unsigned i = 0; i < run->nstreams; i++)
      print_error("  connection %u: %s, %zu of %zu bytes read, %zu written\n", i,
                  run->streams[i].mem.closed ? "closed"
                  : run->streams[i].ended    ? "ended"
                                             : "open",
                  run->streams[i].mem.delivered, run->streams[i].mem.incoming_size,
                  run->streams[i].mem.written_size);
    abort();
  }
}

static bool none_pending(const sp_run_t* run) {
  return run->pending == 0;
}

static bool is_closed(const sp_run_t* run) {
  return run->closed;
}

/* ---- the end of a run ---- */

static void on_closed(void* data) {
  sp_run_t* run = data;
  if (run->closed) sp_fault(run, "closed twice");
  run->closed = true;
}

static void on_consumer_closed(taosuv_consumer_close_t* req, int status) {
  sp_run_t* run = req->data;
  (void) status;
  on_closed(run);
}

static void check_handle(uv_handle_t* handle, void* data) {
  sp_fault(data, "a handle of type %s is left", uv_handle_type_name(uv_handle_get_type(handle)));
}

static void close_all(sp_run_t* run) {
  taosuv_consumer_close_t closing = {.data = run};
  taosuv_result_close(run->result);
  taosuv_stmt_close(run->stmt);
  taosuv_message_unref(run->message);
  run->result = NULL;
  run->stmt = NULL;
  run->message = NULL;
  if (run->scene->consumer)
    taosuv_consumer_close(run->consumer, &closing, on_consumer_closed);
  else
    taosuv_close(run->client, on_closed);
  run_until(run, is_closed, "close");
  sp_peer_free(run);
  uv_walk(run->loop, check_handle, run);
  if (run->probe.live_blocks != 0)
    sp_fault(run, "%zu pieces of memory are left", run->probe.live_blocks);
}

/* ---- usable afterwards ---- */

static void on_usable(taosuv_exec_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
}

static void on_topics(taosuv_list_topics_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
}

static void on_again(taosuv_subscribe_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
}

/* A request, or a subscription if the scene has no client. */
static int try_consumer(sp_run_t* run) {
  static const char* const topics[] = {"cap_topic"};
  sp_op_t* op = sp_op(run, "list_topics");
  int status = taosuv_consumer_list_topics(run->consumer, &op->req.topics, on_topics);
  if (status == TAOSUV_ESTATE)
    status = taosuv_consumer_subscribe(run->consumer, &op->req.subscribe, topics, 1, on_again);
  sp_began(run, op, status);
  if (op->accepted) run_until(run, none_pending, "the request afterwards");
  return op->status;
}

static int try_client(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "exec");
  sp_began(run, op, taosuv_exec(run->client, &op->req.exec, "good", 4, on_usable));
  if (op->accepted) run_until(run, none_pending, "the request afterwards");
  return op->status;
}

/* Its connection may be lost unnoticed, or being opened again. */
static void check_usable(sp_run_t* run) {
  unsigned cuts = 0;
  int status = -1;
  run->phase = 1;
  for (unsigned attempt = 0; attempt < 200 && status != 0; attempt++) {
    run->nops = 0;
    status = run->scene->consumer ? try_consumer(run) : try_client(run);
    if (status == TAOSUV_ECONNLOST && run->scene->consumer) turn(run, &cuts);
    if (attempt >= 4 && !run->scene->consumer) break;
  }
  if (status != 0)
    sp_fault(run, "not usable afterwards: %s: %s", taosuv_err_name(status),
             run->ops[run->nops - 1].message);
}

/* ---- the verdict ---- */

static bool names(const sp_run_t* run, const char* key) {
  for (unsigned i = 0; i < run->nops; i++) {
    const sp_op_t* op = &run->ops[i];
    if (op->status == TAOSUV_EPROTO && strstr(op->message, key) != NULL) return true;
    if (op->status < 0 && op->status != TAOSUV_EPROTO) return true;
  }
  return false;
}

/* The result of the same operation for unchanged replies. */
static const sp_op_t* good_of(const sp_scene_t* scene, const sp_op_t* op) {
  for (unsigned i = 0; i < scene->ngood; i++)
    if (scene->good[i].step == op->step && strcmp(scene->good[i].name, op->name) == 0)
      return &scene->good[i];
  return NULL;
}

static void judge_op(sp_run_t* run, const sp_op_t* op, const sp_plan_t* plan) {
  const sp_op_t* good = good_of(run->scene, op);
  sp_verdict_t verdict = run->plan[1].way != NULL ? SP_ANY : plan->spoilt.verdict;
  if (!op->done) sp_fault(run, "%s did not complete", op->name);
  if (op->status < 0 && verdict == SP_SAME)
    sp_fault(run, "%s failed: %s: %s", op->name, taosuv_err_name(op->status), op->message);
  if (op->status < 0 || verdict == SP_ANY) return;
  if (good == NULL || good->hash != op->hash)
    sp_fault(run, "%s (step %u) succeeded with something else", op->name, op->step);
}

static void judge(sp_run_t* run, const sp_plan_t* plan) {
  bool failed = false, any = run->plan[1].way != NULL || plan->spoilt.verdict == SP_ANY;
  for (unsigned i = 0; i < run->nops; i++) {
    judge_op(run, &run->ops[i], plan);
    if (run->ops[i].status < 0) failed = true;
  }
  if (run->nops != run->scene->ngood && !failed && !any)
    sp_fault(run, "%u operations in place of %u", run->nops, run->scene->ngood);
  if (!failed && plan->spoilt.verdict == SP_ERROR && !run->scene->recovers)
    sp_fault(run, "all succeeded");
  if (!failed || plan->spoilt.key[0] == 0 || names(run, plan->spoilt.key)) return;
  for (unsigned i = 0; i < run->nops; i++)
    if (run->ops[i].status < 0)
      sp_fault(run, "%s: %s: %s: does not name %s", run->ops[i].name,
               taosuv_err_name(run->ops[i].status), run->ops[i].message, plan->spoilt.key);
}

/* ---- a run ---- */

static void begin(sp_run_t* run) {
  const sp_scene_t* scene = run->scene;
  alloc_probe_init(&run->probe);
  taosuv_allocator_t allocator;
  memcpy(&allocator, &run->probe.alloc, sizeof allocator);
  if (scene->consumer) {
    static const taosuv_property_t properties[] = {{"group.id", "g"},
                                                   {"enable.auto.commit", "false"}};
    taosuv_consumer_options_t options;
    taosuv_consumer_options_init(&options);
    options.url = scene->url;
    options.allocator = &allocator;
    if (scene->recovers) options.on_event = sp_on_event;
    options.data = run;
    options.properties = properties;
    options.count = COUNT(properties);
    if (taosuv_consumer_create(run->loop, &options, &run->consumer) != 0) abort();
    run->client = taosuv_consumer_client(run->consumer);
  } else {
    taosuv_options_t options;
    taosuv_options_init(&options);
    options.url = scene->url;
    options.allocator = &allocator;
    options.data = run;
    if (taosuv_client_create_ex(run->loop, &options, &run->client) != 0) abort();
  }
  run->client->pool.conns.connect = sp_connect;
}

unsigned sp_run(sp_scene_t* scene, uv_loop_t* loop, sp_plan_t plan[2], unsigned* nops) {
  static sp_run_t run;
  memset(&run, 0, sizeof run);
  run.scene = scene;
  run.loop = loop;
  if (plan != NULL) memcpy(run.plan, plan, sizeof run.plan);
  sp_current = &run;
  begin(&run);
  sp_next(&run);
  run_until(&run, none_pending, "the scene");
  if (plan != NULL) memcpy(plan, run.plan, sizeof run.plan);
  if (plan == NULL) {
    memcpy(scene->good, run.ops, sizeof run.ops);
    scene->ngood = run.nops;
    if (run.unknown != NULL) sp_fault(&run, "%s has no answer", run.unknown);
  } else if (!plan[0].exhausted) {
    judge(&run, &plan[0]);
  }
  if (nops != NULL) *nops = run.nops;
  if (plan == NULL || (!plan[0].exhausted && !scene->alone)) check_usable(&run);
  close_all(&run);
  return run.faults;
}

void sp_scene_begin(sp_scene_t* scene, uv_loop_t* loop) {
  sp_script_load(&scene->script, scene->sources, scene->nsources);
  scene->nreplies = 0;
  if (sp_run(scene, loop, NULL, NULL) != 0) exit(1);
  for (unsigned i = 0; i < scene->ngood; i++) {
    if (scene->good[i].status == 0) continue;
    print_error("%s: %s: %s\n", scene->name, scene->good[i].name, scene->good[i].message);
    exit(1);
  }
}

void sp_scene_end(sp_scene_t* scene) {
  sp_script_free(&scene->script);
}
