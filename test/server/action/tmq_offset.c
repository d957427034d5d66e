/* Offsets: committed, read, set, and what there is. */
#include "session/args.h"
#include "action/tmq.h"
#include "session/reply.h"

#include <string.h>

static void done(ts_request_t* request) {
  ts_reply_begin(request);
  ts_reply_end(request);
}

/* Before 3.1.1.15: of one message's vgroup, up to the message. One that is not kept is none to be
 * committed, which is a success. */
static void commit_message(ts_tmq_t* tmq, uint64_t id) {
  ts_error_t error;
  const ts_uncommitted_t* kept = tmq->uncommitted;
  while (kept != NULL && kept->id != id) kept = kept->next;
  if (kept == NULL) return;
  const ts_assigned_t* assigned = ts_consumer_find(tmq->consumer, kept->topic, kept->vgroup,
                                                   &error);
  if (assigned != NULL) assigned->group->shares[assigned->index].committed = kept->end;
  ts_tmq_forget(tmq, id);
}

void ts_tmq_commit(ts_request_t* request) {
  ts_tmq_t* tmq = request->session->tmq;
  if (ts_server_has(tmq->server, 3, 1, 1, 15))
    ts_consumer_commit(tmq->consumer);
  else
    commit_message(tmq, request->id);
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"message_id\":");
  ts_buf_decimal(out, request->id);
  ts_reply_end(request);
}

/* Topic, vgroup and offset, checked. NULL: it is answered, or deserves no answer. */
static ts_assigned_t* find(ts_request_t* request, const char** topic, int64_t* offset) {
  int64_t vgroup;
  ts_error_t error;
  if (!ts_arg_text(request->args, "topic", topic, NULL) ||
      !ts_arg_int(request->args, "vgroup_id", &vgroup) ||
      !ts_arg_int(request->args, "offset", offset))
    return NULL;
  ts_consumer_t* consumer = request->session->tmq->consumer;
  ts_assigned_t* assigned = ts_consumer_find(consumer, *topic, vgroup, &error);
  if (assigned != NULL && ts_assigned_check(assigned, *offset, &error) == 0) return assigned;
  ts_reply_error(request, error.code, "%s", error.text);
  return NULL;
}

void ts_tmq_commit_offset(ts_request_t* request) {
  const char* topic;
  int64_t offset;
  const ts_assigned_t* assigned = find(request, &topic, &offset);
  if (assigned == NULL) return;
  assigned->group->shares[assigned->index].committed = offset;
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"topic\":");
  ts_buf_json(out, topic, strlen(topic), false);
  ts_buf_format(out, ",\"vgroup_id\":%d,\"offset\":%lld", (int) ts_assigned_wal(assigned)->vgroup,
                (long long) offset);
  ts_reply_end(request);
}

void ts_tmq_seek(ts_request_t* request) {
  const char* topic;
  int64_t offset;
  ts_assigned_t* assigned = find(request, &topic, &offset);
  if (assigned == NULL) return;
  assigned->position = assigned->offset = offset;
  assigned->resolved = true;
  done(request);
}

/* ---- lists of vgroups ---- */

typedef int64_t (*get_t)(const ts_consumer_t* consumer, const ts_assigned_t* assigned,
                         ts_error_t* error);

static int64_t get_committed(const ts_consumer_t* consumer, const ts_assigned_t* assigned,
                             ts_error_t* error) {
  (void) consumer;
  (void) error;
  return assigned->group->shares[assigned->index].committed;
}

static int64_t get_position(const ts_consumer_t* consumer, const ts_assigned_t* assigned,
                            ts_error_t* error) {
  int64_t position = ts_consumer_position(consumer, assigned);
  return ts_assigned_check(assigned, position, error) == 0 ? position : 0;
}

/* One of the request's list. False: bad arguments. */
static bool get_one(ts_request_t* request, yyjson_val* item, get_t get, int64_t* value,
                    ts_error_t* error) {
  const char* topic;
  int64_t vgroup;
  if (!yyjson_is_obj(item) || !ts_arg_text(item, "topic", &topic, NULL) ||
      !ts_arg_int(item, "vgroup_id", &vgroup))
    return false;
  ts_consumer_t* consumer = request->session->tmq->consumer;
  const ts_assigned_t* assigned = ts_consumer_find(consumer, topic, vgroup, error);
  *value = assigned != NULL ? get(consumer, assigned, error) : 0;
  return true;
}

static void get_list(ts_request_t* request, const char* key, get_t get) {
  yyjson_val* list = ts_arg(request->args, "topic_vgroup_ids");
  ts_buf_t values = {0};
  ts_error_t error = {0};
  bool ok = list == NULL || yyjson_is_null(list) || yyjson_is_arr(list);
  yyjson_arr_iter iter = yyjson_arr_iter_with(list);
  for (yyjson_val* item; ok && error.code == 0 && (item = yyjson_arr_iter_next(&iter)) != NULL;) {
    int64_t value;
    ok = get_one(request, item, get, &value, &error);
    if (ok) ts_buf_format(&values, "%s%lld", values.size > 0 ? "," : "", (long long) value);
  }
  if (ok && error.code != 0) {
    ts_reply_error(request, error.code, "%s", error.text);
  } else if (ok) {
    ts_buf_t* out = ts_reply_begin(request);
    ts_buf_format(out, ",\"%s\":[", key);
    ts_buf_add(out, values.data, values.size);
    ts_buf_text(out, "]");
    ts_reply_end(request);
  }
  ts_buf_free(&values);
}

void ts_tmq_committed(ts_request_t* request) {
  get_list(request, "committed", get_committed);
}
void ts_tmq_position(ts_request_t* request) {
  get_list(request, "position", get_position);
}

/* ---- assignment ---- */

/* Before a poll only those know where they stand that begin at the beginning. */
static int check(ts_consumer_t* consumer, const ts_group_t* group, ts_error_t* error) {
  for (size_t i = 0; i < consumer->nassigned; i++) {
    ts_assigned_t* assigned = &consumer->assigned[i];
    if (assigned->group != group) continue;
    if (!assigned->known && consumer->config.reset != TS_RESET_EARLIEST)
      return ts_error(error, TS_E_TMQ_UNPOLLED,
                      "Assignment or poll interface need to be called first");
    int status = ts_assigned_resolve(consumer, assigned, error);
    if (status != 0) return status;
    assigned->known = true;
  }
  return 0;
}

void ts_tmq_assignment(ts_request_t* request) {
  ts_consumer_t* consumer = request->session->tmq->consumer;
  const char* topic;
  ts_error_t error;
  if (!ts_arg_text(request->args, "topic", &topic, NULL)) return;
  const ts_group_t* group = ts_consumer_group(consumer, topic);
  int status = group != NULL
                   ? check(consumer, group, &error)
                   : ts_error(&error, TS_E_TMQ_TOPIC, "Topic does not belong to this consumer");
  if (status != 0) {
    ts_reply_error(request, status, "%s", error.text);
    return;
  }
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"assignment\":[");
  bool first = true;
  for (size_t i = 0; i < consumer->nassigned; i++) {
    const ts_assigned_t* assigned = &consumer->assigned[i];
    const ts_wal_t* wal = ts_assigned_wal(assigned);
    if (assigned->group != group) continue;
    ts_buf_format(out, "%s{\"vgroup_id\":%d,\"offset\":%lld,\"begin\":%lld,\"end\":%lld}",
                  first ? "" : ",", (int) wal->vgroup, (long long) assigned->offset,
                  (long long) wal->begin, (long long) wal->end);
    first = false;
  }
  ts_buf_text(out, "]");
  ts_reply_end(request);
}
