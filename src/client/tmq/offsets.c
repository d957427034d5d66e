/* Queries about the subscription: topics, offsets, vgroups. */
#include <string.h>

#include "client/core/op.h"
#include "client/core/req.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"
#include "client/tmq/request.h"
#include "wire/json/request.h"

/* An array for the caller, freed when its callback has returned. NULL: the request has failed. */
static void* make_array(taosuv_consumer_t* consumer, taosuv_req_t* req, tuv_conn_t* conn,
                        uint32_t count, size_t size) {
  void* array = tuv_calloc(&consumer->alloc, count == 0 ? 1 : count, size);
  if (array == NULL) tuv_tmq_malformed(req, conn, TAOSUV_ENOMEM, "no memory for the answer");
  return array;
}

/* Frees an array that the caller could only read. */
static void free_array(taosuv_consumer_t* consumer, const void* array) {
  void* memory;
  memcpy(&memory, &array, sizeof memory);
  tuv_free(&consumer->alloc, memory);
}

/* ---- list_topics ---- */

static int read_topics(yyjson_val* array, const char** topics, tuv_errmsg_t* err) {
  size_t index, max;
  yyjson_val* element;
  yyjson_arr_foreach(array, index, max, element) {
    int status = tuv_tmq_read_text(element, "topics", &topics[index], err);
    if (status < 0) return status;
  }
  return 0;
}

static void topics_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_list_topics_t* list = (taosuv_list_topics_t*) (void*) req;
  yyjson_val* array;
  tuv_errmsg_t err;
  uint32_t count;
  int status = tuv_tmq_array(reply, "topics", &array, &count, &err);
  if (status == 0) {
    const char** topics = make_array(list->consumer, req, conn, count, sizeof *topics);
    if (topics == NULL) return;
    list->topics = (const char* const*) topics;
    status = read_topics(array, topics, &err);
  }
  if (status < 0) {
    tuv_tmq_malformed(req, conn, status, err.text);
    return;
  }
  list->count = count;
  tuv_req_finish(req, 0);
}

static void topics_complete(taosuv_req_t* req, int status) {
  taosuv_list_topics_t* list = (taosuv_list_topics_t*) (void*) req;
  taosuv_consumer_t* consumer = list->consumer;
  const void* array = list->topics;
  if (status < 0) list->topics = NULL;
  list->cb(list, status);
  free_array(consumer, array);
}

static const tuv_op_type_t topics_type = {.is_request = true,
                                          .pinned = true,
                                          .encode = tuv_tmq_encode_newer,
                                          .reply = topics_replied,
                                          .complete = topics_complete,
                                          .tombstone = &tuv_plain_tombstone};

int taosuv_consumer_list_topics(taosuv_consumer_t* consumer, taosuv_list_topics_t* req,
                                taosuv_list_topics_cb cb) {
  taosuv_req_t* base = tuv_req_base(req);
  tuv_json_request_t request;
  int status = tuv_tmq_check(consumer, base, cb != NULL, false);
  if (status < 0) return status;
  req->cb = cb;
  req->consumer = consumer;
  req->topics = NULL;
  req->count = 0;
  uint64_t id = tuv_tmq_request(consumer, base, &request, "list_topics");
  return tuv_tmq_begin(consumer, base, &topics_type, &request, id);
}

/* ---- committed, position ---- */

static int read_offsets(yyjson_val* array, const char* key, int64_t* offsets, tuv_errmsg_t* err) {
  size_t index, max;
  yyjson_val* element;
  yyjson_arr_foreach(array, index, max, element) {
    int status = tuv_tmq_read_int(element, key, &offsets[index], err);
    if (status < 0) return status;
  }
  return 0;
}

static void take_offsets(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply,
                         const char* key) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_offsets_t* wanted = (taosuv_offsets_t*) (void*) req;
  yyjson_val* array;
  tuv_errmsg_t err;
  uint32_t count;
  int status = tuv_tmq_array(reply, key, &array, &count, &err);
  if (status == 0 && count != wanted->count)
    status = tuv_fail(&err, TAOSUV_EPROTO, "the reply's \"%s\" has %u offsets for %u vgroups", key,
                      count, wanted->count);
  if (status == 0) {
    int64_t* offsets = make_array(wanted->consumer, req, conn, count, sizeof *offsets);
    if (offsets == NULL) return;
    wanted->offsets = offsets;
    status = read_offsets(array, key, offsets, &err);
  }
  if (status < 0)
    tuv_tmq_malformed(req, conn, status, err.text);
  else
    tuv_req_finish(req, 0);
}

static void committed_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  take_offsets(op, conn, reply, "committed");
}

static void position_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  take_offsets(op, conn, reply, "position");
}

static void offsets_complete(taosuv_req_t* req, int status) {
  taosuv_offsets_t* wanted = (taosuv_offsets_t*) (void*) req;
  taosuv_consumer_t* consumer = wanted->consumer;
  const void* array = wanted->offsets;
  if (status < 0) wanted->offsets = NULL;
  wanted->cb(wanted, status);
  free_array(consumer, array);
}

static const tuv_op_type_t committed_type = {.is_request = true,
                                             .pinned = true,
                                             .encode = tuv_tmq_encode_newer,
                                             .reply = committed_replied,
                                             .complete = offsets_complete,
                                             .tombstone = &tuv_plain_tombstone};
static const tuv_op_type_t position_type = {.is_request = true,
                                            .pinned = true,
                                            .encode = tuv_tmq_encode_newer,
                                            .reply = position_replied,
                                            .complete = offsets_complete,
                                            .tombstone = &tuv_plain_tombstone};

static int ask_offsets(taosuv_consumer_t* consumer, taosuv_offsets_t* req, const char* action,
                       const tuv_op_type_t* type, const taosuv_partition_t* partitions,
                       uint32_t count, taosuv_offsets_cb cb) {
  taosuv_req_t* base = tuv_req_base(req);
  tuv_json_request_t request;
  int status = tuv_tmq_check(consumer, base, cb != NULL, false);
  if (status == 0 && (count > 65536 || (count > 0 && partitions == NULL))) status = TAOSUV_EINVAL;
  for (uint32_t i = 0; i < count && status == 0; i++)
    if (partitions[i].topic == NULL || partitions[i].vgroup_id < 0) status = TAOSUV_EINVAL;
  if (status < 0) return status;
  req->cb = cb;
  req->consumer = consumer;
  req->offsets = NULL;
  req->count = count;
  uint64_t id = tuv_tmq_request(consumer, base, &request, action);
  tuv_tmq_add_vgroup(&request, "topic_vgroup_ids", NULL, 0);
  for (uint32_t i = 0; i < count; i++)
    tuv_tmq_add_vgroup(&request, "topic_vgroup_ids", partitions[i].topic, partitions[i].vgroup_id);
  return tuv_tmq_begin(consumer, base, type, &request, id);
}

int taosuv_consumer_committed(taosuv_consumer_t* consumer, taosuv_offsets_t* req,
                              const taosuv_partition_t* partitions, uint32_t count,
                              taosuv_offsets_cb cb) {
  return ask_offsets(consumer, req, "committed", &committed_type, partitions, count, cb);
}

int taosuv_consumer_position(taosuv_consumer_t* consumer, taosuv_offsets_t* req,
                             const taosuv_partition_t* partitions, uint32_t count,
                             taosuv_offsets_cb cb) {
  return ask_offsets(consumer, req, "position", &position_type, partitions, count, cb);
}

/* ---- assignment ---- */

static int read_partitions(yyjson_val* array, taosuv_partition_t* partitions, tuv_errmsg_t* err) {
  size_t index, max;
  yyjson_val* element;
  yyjson_arr_foreach(array, index, max, element) {
    tuv_tmq_vgroup_t vgroup;
    int status = tuv_tmq_read_vgroup(element, &vgroup, err);
    if (status < 0) return status;
    partitions[index] = (taosuv_partition_t) {.vgroup_id = vgroup.vgroup_id,
                                              .offset = vgroup.offset,
                                              .begin = vgroup.begin,
                                              .end = vgroup.end};
  }
  return 0;
}

static void assignment_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_assignment_t* wanted = (taosuv_assignment_t*) (void*) req;
  yyjson_val* array;
  tuv_errmsg_t err;
  uint32_t count;
  int status = tuv_tmq_array(reply, "assignment", &array, &count, &err);
  if (status == 0) {
    taosuv_partition_t* partitions = make_array(wanted->consumer, req, conn, count,
                                                sizeof *partitions);
    if (partitions == NULL) return;
    wanted->partitions = partitions;
    status = read_partitions(array, partitions, &err);
  }
  if (status < 0) {
    tuv_tmq_malformed(req, conn, status, err.text);
    return;
  }
  wanted->count = count;
  tuv_req_finish(req, 0);
}

static void assignment_complete(taosuv_req_t* req, int status) {
  taosuv_assignment_t* wanted = (taosuv_assignment_t*) (void*) req;
  taosuv_consumer_t* consumer = wanted->consumer;
  const void* array = wanted->partitions;
  if (status < 0) wanted->partitions = NULL;
  wanted->cb(wanted, status);
  free_array(consumer, array);
}

static const tuv_op_type_t assignment_type = {.is_request = true,
                                              .pinned = true,
                                              .encode = tuv_tmq_encode,
                                              .reply = assignment_replied,
                                              .complete = assignment_complete,
                                              .tombstone = &tuv_plain_tombstone};

int taosuv_consumer_assignment(taosuv_consumer_t* consumer, taosuv_assignment_t* req,
                               const char* topic, taosuv_assignment_cb cb) {
  taosuv_req_t* base = tuv_req_base(req);
  tuv_json_request_t request;
  int status = tuv_tmq_check(consumer, base, cb != NULL, false);
  if (status == 0 && (topic == NULL || topic[0] == 0)) status = TAOSUV_EINVAL;
  if (status < 0) return status;
  req->cb = cb;
  req->consumer = consumer;
  req->partitions = NULL;
  req->count = 0;
  uint64_t id = tuv_tmq_request(consumer, base, &request, "assignment");
  tuv_json_request_text(&request, "topic", topic, strlen(topic));
  return tuv_tmq_begin(consumer, base, &assignment_type, &request, id);
}
