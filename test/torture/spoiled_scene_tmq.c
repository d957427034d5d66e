/* Scenes of a consumer: subscribing, messages of all kinds, offsets, leaving. */
#include "spoiled_scene.h"

#define CONSUMER "ws://root:taosdata@127.0.0.1" KEYS
#define TOPIC "cap_topic"
#define STB_TOPIC "cap_topic_stb"

static void on_subscribed(taosuv_subscribe_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
  sp_next(req->data);
}

static void subscribe(sp_run_t* run, const char* topic) {
  sp_op_t* op = sp_op(run, "subscribe");
  sp_began(run, op,
           taosuv_consumer_subscribe(run->consumer, &op->req.subscribe, &topic, 1, on_subscribed));
}

static void unsubscribe(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "unsubscribe");
  sp_began(run, op, taosuv_consumer_unsubscribe(run->consumer, &op->req.subscribe, on_subscribed));
}

static void read_message(sp_op_t* op, taosuv_message_t* message) {
  size_t length;
  taosuv_raw_t raw = taosuv_message_raw(message);
  const char* meta = taosuv_message_meta(message, &length);
  sp_hash_number(op, taosuv_message_kind(message));
  sp_hash_text(op, taosuv_message_topic(message));
  sp_hash_text(op, taosuv_message_database(message));
  sp_hash_number(op, (uint64_t) taosuv_message_vgroup(message));
  sp_hash_number(op, (uint64_t) taosuv_message_offset(message));
  sp_hash_number(op, (uint64_t) taosuv_message_end(message));
  if (meta != NULL) sp_hash(op, meta, length + 1);
  sp_hash_number(op, raw.type);
  sp_hash(op, raw.data == NULL ? "" : raw.data, raw.size);
  for (uint32_t i = 0; i < taosuv_message_blocks(message); i++) {
    uint32_t count;
    sp_hash_text(op, taosuv_message_table(message, i));
    const taosuv_field_t* fields = taosuv_message_fields(message, i, &count);
    if (fields != NULL) sp_read_fields(op, fields, count);
    sp_read_block(op, taosuv_message_block(message, i));
  }
}

static void on_polled(taosuv_poll_t* req, int status) {
  sp_run_t* run = req->data;
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  int told = req->msg == NULL ? status : taosuv_message_status(req->msg);
  if (status != told) sp_fault(run, "poll: another status than its message's");
  if (status == 0 && req->msg != NULL) {
    read_message(op, req->msg);
    taosuv_message_unref(run->message);
    run->message = taosuv_message_ref(req->msg);
  }
  sp_next(run);
}

static void poll_one(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "poll");
  sp_began(run, op, taosuv_consumer_poll(run->consumer, &op->req.poll, 0, on_polled));
}

static void on_topics(taosuv_list_topics_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  for (uint32_t i = 0; status == 0 && i < req->count; i++) sp_hash_text(op, req->topics[i]);
  sp_next(req->data);
}

static void list_topics(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "list_topics");
  sp_began(run, op, taosuv_consumer_list_topics(run->consumer, &op->req.topics, on_topics));
}

static void on_assignment(taosuv_assignment_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  for (uint32_t i = 0; status == 0 && i < req->count; i++) {
    sp_hash_number(op, (uint64_t) req->partitions[i].vgroup_id);
    sp_hash_number(op, (uint64_t) req->partitions[i].offset);
    sp_hash_number(op, (uint64_t) req->partitions[i].begin);
    sp_hash_number(op, (uint64_t) req->partitions[i].end);
  }
  sp_next(req->data);
}

static void assignment(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "assignment");
  sp_began(run, op,
           taosuv_consumer_assignment(run->consumer, &op->req.assignment, TOPIC, on_assignment));
}

static void on_offsets(taosuv_offsets_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  for (uint32_t i = 0; status == 0 && i < req->count; i++)
    sp_hash_number(op, (uint64_t) req->offsets[i]);
  sp_next(req->data);
}

static void offsets(sp_run_t* run, bool committed) {
  static const taosuv_partition_t list[] = {{.topic = TOPIC, .vgroup_id = 115},
                                            {.topic = TOPIC, .vgroup_id = 116}};
  sp_op_t* op = sp_op(run, committed ? "committed" : "position");
  sp_began(run, op,
           committed
               ? taosuv_consumer_committed(run->consumer, &op->req.offsets, list, 2, on_offsets)
               : taosuv_consumer_position(run->consumer, &op->req.offsets, list, 2, on_offsets));
}

static void on_committed(taosuv_commit_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
  sp_next(req->data);
}

static void commit(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "commit");
  sp_began(run, op,
           taosuv_consumer_commit(run->consumer, &op->req.commit, run->message, on_committed));
}

static void commit_offset(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "commit_offset");
  sp_began(
      run, op,
      taosuv_consumer_commit_offset(run->consumer, &op->req.commit, TOPIC, 115, 0, on_committed));
}

static void on_sought(taosuv_seek_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
  sp_next(req->data);
}

static void seek(sp_run_t* run, bool beginning) {
  sp_op_t* op = sp_op(run, beginning ? "seek_to_beginning" : "seek");
  int status = beginning
                   ? taosuv_consumer_seek_to_beginning(run->consumer, &op->req.seek, TOPIC,
                                                       TAOSUV_ALL_VGROUPS, on_sought)
                   : taosuv_consumer_seek(run->consumer, &op->req.seek, TOPIC, 115, 0, on_sought);
  sp_began(run, op, status);
}

/* ---- rows in one message each, and all other requests ---- */

#define PLACE ",\"topic\":\"" TOPIC "\",\"vgroup_id\":115"

static const sp_source_t topic_sources[] = {VERSION,
                                            RECORDED("tmq_topic", "subscribe", 0),
                                            RECORDED("tmq_topic", "list_topics", 0),
                                            RECORDED("tmq_topic", "assignment", 0),
                                            RECORDED("tmq_topic", "poll", 0),
                                            RECORDED("tmq_topic", "fetch_raw_data", 0),
                                            RECORDED("tmq_topic", "poll", 1),
                                            MADE("commit_offset", PLACE ",\"offset\":4"),
                                            MADE("commit_offset", PLACE ",\"offset\":0"),
                                            RECORDED("tmq_topic", "committed", 0),
                                            RECORDED("tmq_topic", "position", 0),
                                            RECORDED("tmq_topic_stb", "seek", 0),
                                            RECORDED("tmq_topic", "unsubscribe", 0)};

static void topic_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: subscribe(run, TOPIC); break;
    case 1: list_topics(run); break;
    case 2: assignment(run); break;
    case 3:
    case 4: poll_one(run); break;
    case 5: commit(run); break;
    case 6: commit_offset(run); break;
    case 7: offsets(run, true); break;
    case 8: offsets(run, false); break;
    case 9: seek(run, false); break;
    case 10: seek(run, true); break;
    case 11: unsubscribe(run); break;
    default: break;
  }
}

/* ---- block by block, as from older servers ---- */

static const sp_source_t old_topic_sources[] = {OLD_VERSION("3.3.2.0"),
                                                RECORDED("tmq_topic", "subscribe", 0),
                                                RECORDED("tmq_topic", "poll", 3),
                                                RECORDED("tmq_topic", "fetch", 0),
                                                RECORDED("tmq_topic", "fetch_block", 0),
                                                RECORDED("tmq_topic", "fetch", 1),
                                                RECORDED("tmq_topic", "fetch_block", 1),
                                                RECORDED("tmq_topic", "fetch", 3),
                                                RECORDED("tmq_topic", "poll", 1),
                                                RECORDED("tmq_topic", "unsubscribe", 0)};

static void polls_step(sp_run_t* run, const char* topic, unsigned polls) {
  unsigned step = run->step++;
  if (step == 0)
    subscribe(run, topic);
  else if (step <= polls)
    poll_one(run);
  else if (step == polls + 1)
    unsubscribe(run);
}

static void old_topic_step(sp_run_t* run) {
  polls_step(run, TOPIC, 2);
}

/* ---- schema changes, with and without rows ---- */

static const sp_source_t schema_sources[] = {
    VERSION,
    RECORDED("tmq_topic_stb", "subscribe", 0),
    RECORDED("tmq_topic_stb", "poll", 0),
    RECORDED("tmq_topic_stb", "fetch_json_meta", 0),
    {"tmq_topic_stb.jsonl", "fetch_raw", 0, NULL, 0, "fetch_raw_data"},
    RECORDED("tmq_topic_stb", "poll", 2),
    RECORDED("tmq_topic_stb", "fetch_json_meta", 2),
    RECORDED("tmq_topic_stb", "fetch_raw_data", 0),
    RECORDED("tmq_topic_stb", "poll", 3),
    RECORDED("tmq_topic_stb", "unsubscribe", 0)};

static void schema_step(sp_run_t* run) {
  polls_step(run, STB_TOPIC, 3);
}

/* ---- push ---- */

static const sp_source_t push_sources[] = {
    VERSION,
    RECORDED("tmq_topic_stb", "subscribe", 0),
    RECORDED("tmq_topic_stb", "poll", 0),
    RECORDED("tmq_topic_stb", "fetch_json_meta", 0),
    {"tmq_topic_stb.jsonl", "fetch_raw", 0, NULL, 0, "fetch_raw_data"},
    RECORDED("tmq_topic_stb", "poll", 2),
    RECORDED("tmq_topic_stb", "fetch_json_meta", 2),
    RECORDED("tmq_topic_stb", "fetch_raw_data", 0),
    {NULL, "poll", 0, NULL, 0, NULL},
    RECORDED("tmq_topic_stb", "assignment", 0),
    RECORDED("tmq_topic_stb", "unsubscribe", 0)};

static void end_push(sp_run_t* run, int status, const char* message) {
  sp_op_t* op = run->push;
  run->push = NULL;
  if (op == NULL) return;
  op->done = true;
  op->status = status;
  snprintf(op->message, sizeof op->message, "%s", message == NULL ? "" : message);
  if (status < 0 && op->message[0] == 0) sp_fault(run, "push: a failure without a message");
  run->pending--;
  run->progress++;
  sp_next(run);
}

void sp_on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event, void* data) {
  (void) consumer;
  if (event->type == TAOSUV_CONSUMER_FAILED) end_push(data, event->status, event->message);
}

static void on_pushed(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  sp_run_t* run = data;
  int status = taosuv_message_status(message);
  if (status == 0) read_message(run->push, message);
  if (taosuv_consumer_stop(consumer) != 0) sp_fault(run, "push: does not stop");
  end_push(run, status, taosuv_message_error(message));
}

/* One message by push. A reply that cannot be assigned to it is requested again; an unreadable one
 * is reported with it. */
static void push_one(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "push");
  run->push = op;
  int status = taosuv_consumer_start(run->consumer, 1, 0, on_pushed, run);
  if (status < 0) run->push = NULL;
  sp_began(run, op, status);
}

static void push_step(sp_run_t* run) {
  switch (run->step++) {
    case 0: subscribe(run, STB_TOPIC); break;
    case 1:
    case 2: push_one(run); break;
    case 3: unsubscribe(run); break;
    default: break;
  }
}

SCENE(push, "ws://root:taosdata@127.0.0.1?retries=3&" PAUSES, .step = push_step, .consumer = true,
      .from = 2, .recovers = true);
SCENE(topic, CONSUMER, .step = topic_step, .consumer = true);
SCENE(old_topic, CONSUMER, .step = old_topic_step, .consumer = true, .from = 1);
SCENE(schema, CONSUMER, .step = schema_step, .consumer = true, .from = 1);

sp_scene_t* const sp_scenes_tmq[] = {&push_scene, &topic_scene, &old_topic_scene, &schema_scene};
const unsigned sp_scenes_tmq_count = COUNT(sp_scenes_tmq);
