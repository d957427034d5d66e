/* Fetches messages, one at a time: a poll, then the parts of the message, step by step. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/ids.h"
#include "client/core/op.h"
#include "client/core/server_code.h"
#include "client/core/turn.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"
#include "client/tmq/fetch.h"
#include "client/tmq/message.h"
#include "client/tmq/poll.h"
#include "client/tmq/trouble.h"
#include "wire/version.h"

/* A message of this size takes its time: it is waited for while this many bytes of it come in each
 * step. */
#define PROGRESS_BYTES (64u << 10)

static taosuv_consumer_t* consumer_of(tuv_op_t* op) {
  return TUV_CONTAINER(op, taosuv_consumer_t, op);
}

/* How long the server may wait for a message: not long, because it does nothing else for this
 * consumer meanwhile. */
static uint64_t blocking_time(const taosuv_consumer_t* consumer) {
  if (consumer->waiter == NULL) return TUV_TMQ_SLICE_MS;
  uint64_t now = tuv_now();
  uint64_t left = consumer->wait_until > now ? consumer->wait_until - now : 0;
  return left < TUV_TMQ_SLICE_MS ? left : TUV_TMQ_SLICE_MS;
}

static const char* action_of(const taosuv_consumer_t* consumer, const tuv_conn_t* conn) {
  static const char* const actions[] = {"poll", "fetch_json_meta", "fetch_raw", "fetch",
                                        "fetch_block"};
  bool newer = conn->version >= TUV_VERSION(3, 3, 3, 0);
  return consumer->step == TUV_TMQ_RAW && newer ? "fetch_raw_data" : actions[consumer->step];
}

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const taosuv_consumer_t* consumer = consumer_of(op);
  char text[TUV_TMQ_REQUEST_MAX];
  size_t length;
  (void) payload;
  (void) size;
  if (consumer->step == TUV_TMQ_POLL)
    length = tuv_tmq_poll(text, op->id, blocking_time(consumer), consumer->last_id);
  else
    length = tuv_tmq_message_request(text, action_of(consumer, conn), op->id, consumer->message_id);
  return tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, &op->at);
}

static void drop_building(taosuv_consumer_t* consumer) {
  taosuv_message_t* message = consumer->building;
  consumer->building = NULL;
  taosuv_message_unref(message);
}

void tuv_tmq_stop_asking(taosuv_consumer_t* consumer) {
  drop_building(consumer);
  if (consumer->op.conn != NULL) return; /* its answer is still noted when it comes */
  tuv_timers_remove(&consumer->client->context.timers, &consumer->answer);
  tuv_queue_remove(&consumer->op.link);
  consumer->in_flight = false;
}

static void wait_for_answer(taosuv_consumer_t* consumer);

static void on_unanswered(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, answer);
  tuv_patience_t* patience = &consumer->patience;
  if (tuv_patience_next(patience) &&
      tuv_timers_add(&consumer->client->context.timers, timed, patience->at) == 0)
    return;
  bool coming = consumer->conn != NULL && consumer->step != TUV_TMQ_POLL &&
                consumer->conn->ws.received - consumer->heard >= PROGRESS_BYTES;
  bool silent = consumer->conn != NULL && consumer->conn->ws.received == consumer->heard;
  if (coming)
    wait_for_answer(consumer);
  else if (silent)
    tuv_conn_silent(consumer->conn, "a poll was not answered within the time limit");
  else
    tuv_tmq_drop_conn(consumer, "a poll was not answered within the time limit");
}

static void wait_for_answer(taosuv_consumer_t* consumer) {
  uint64_t timeout = consumer->client->context.url.request_timeout;
  consumer->heard = consumer->conn->ws.received;
  if (timeout == 0) timeout = TUV_TMQ_ANSWER_MS;
  tuv_patience_begin(&consumer->patience, tuv_after(timeout, TUV_TMQ_SLICE_MS));
  tuv_tmq_set_at(consumer, &consumer->answer, consumer->patience.at, on_unanswered);
}

/* Loses the connection, with the reason that is reported. */
static void drop_for(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  consumer->cause = failure;
  tuv_tmq_drop_conn(consumer, failure->message);
  consumer->cause = NULL;
}

static const tuv_op_type_t op_type;

static void send_step(taosuv_consumer_t* consumer, tuv_tmq_step_t step) {
  consumer->step = step;
  consumer->in_flight = true;
  consumer->op.type = &op_type;
  /* The block comes with the id of the fetch that announced it (PROTOCOL 7.8). */
  if (step != TUV_TMQ_BLOCK) consumer->op.id = tuv_ids_next(&consumer->client->context.ids);
  wait_for_answer(consumer);
  /* Small answers and large ones take turns. */
  tuv_ws_expect(&consumer->conn->ws, step == TUV_TMQ_RAW ? consumer->raw_size : 0);
  tuv_conn_post(consumer->conn, &consumer->op);
}

void tuv_tmq_ask(taosuv_consumer_t* consumer) {
  send_step(consumer, TUV_TMQ_POLL);
}

/* ---- failures ---- */

/* A message that could not be fetched must not be skipped at once: by the next poll the server
 * would assume that this one was received. So the connection is made again, and goes on from what
 * is committed. */
static void failed(tuv_op_t* op, const tuv_failure_t* failure) {
  taosuv_consumer_t* consumer = consumer_of(op);
  bool polling = consumer->step == TUV_TMQ_POLL;
  bool expelled = tuv_tmq_is_expelled(failure);
  consumer->in_flight = false;
  tuv_timers_remove(&consumer->client->context.timers, &consumer->answer);
  if (consumer->building != NULL) tuv_tmq_trouble_note(consumer);
  drop_building(consumer);
  if (consumer->state != TUV_TMQ_SUBSCRIBED) return;
  if (!expelled) tuv_tmq_waiter_failed(consumer, failure);
  if (consumer->state != TUV_TMQ_SUBSCRIBED || consumer->conn == NULL) return;
  consumer->cut_short = !polling;
  if (!polling || consumer->pushing || expelled) drop_for(consumer, failure);
}

static void malformed(taosuv_consumer_t* consumer, tuv_conn_t* conn, int status,
                      const char* message) {
  tuv_failure_t failure = {status, 0, 0, message, tuv_conn_host(conn)};
  failed(&consumer->op, &failure);
}

/* ---- answers ---- */

static void complete(taosuv_consumer_t* consumer, tuv_conn_t* conn) {
  taosuv_message_t* message = consumer->building;
  consumer->building = NULL;
  int status = tuv_tmq_arrived(consumer, message);
  if (status < 0) {
    taosuv_message_unref(message);
    malformed(consumer, conn, status,
              status == TAOSUV_EPROTO ? "a message of another topic" : "no memory for a message");
    return;
  }
  tuv_tmq_deliver(consumer);
}

/* The steps that are left out because they have failed before. */
static unsigned left_out(taosuv_consumer_t* consumer) {
  const tuv_tmq_trouble_t* trouble = tuv_tmq_trouble_of(consumer, consumer->building);
  if (trouble == NULL || trouble->skip == 0) return 0;
  tuv_message_set_unreadable(consumer->building, trouble->status, trouble->server_code,
                             trouble->text);
  return trouble->skip;
}

/* What follows the announcement of a message, or its changes of schema. */
static void next_step(taosuv_consumer_t* consumer, tuv_conn_t* conn) {
  uint8_t kind = consumer->building->kind;
  unsigned skip = left_out(consumer);
  bool newer = conn->version >= TUV_VERSION(3, 3, 3, 0);
  bool schema = kind == TAOSUV_MESSAGE_META || kind == TAOSUV_MESSAGE_METADATA;
  bool rows = kind == TAOSUV_MESSAGE_DATA || kind == TAOSUV_MESSAGE_METADATA;
  tuv_tmq_step_t step = rows && !newer ? TUV_TMQ_FETCH : TUV_TMQ_RAW;
  if (schema && consumer->step == TUV_TMQ_POLL && (skip & 1u << TUV_TMQ_META) == 0)
    send_step(consumer, TUV_TMQ_META);
  else if ((skip & 1u << step) == 0)
    send_step(consumer, step);
  else
    complete(consumer, conn);
}

static void polled(taosuv_consumer_t* consumer, tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_tmq_polled_t polled;
  tuv_errmsg_t err;
  int status = tuv_tmq_polled(reply, &polled, &err);
  if (status < 0) {
    malformed(consumer, conn, status, err.text);
  } else if (!polled.have_message) {
    consumer->attempts = 0;
    tuv_tmq_nothing(consumer);
  } else {
    consumer->building = tuv_message_create(consumer, &polled);
    consumer->message_id = polled.message_id;
    if (consumer->building == NULL)
      malformed(consumer, conn, TAOSUV_ENOMEM, "no memory for a message");
    else
      next_step(consumer, conn);
  }
}

static void got_meta(taosuv_consumer_t* consumer, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_message_t* message = consumer->building;
  tuv_errmsg_t err;
  int status = tuv_reply_expect(reply, "message_id", consumer->message_id, &err);
  if (status < 0) {
    malformed(consumer, conn, status, err.text);
    return;
  }
  message->json = tuv_tmq_meta(&conn->context->json, reply, &message->json_length, &status, &err);
  message->size += message->json_length;
  if (status == TAOSUV_ENOMEM) {
    malformed(consumer, conn, status, err.text);
    return;
  }
  if (status < 0) tuv_message_set_unreadable(message, status, 0, err.text);
  next_step(consumer, conn);
}

static void announced(taosuv_consumer_t* consumer, tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_tmq_fetched_t fetched;
  tuv_errmsg_t err;
  int status = tuv_tmq_fetched(reply, &fetched, &err);
  if (status == 0 && fetched.message_id != consumer->message_id)
    status = tuv_fail(&err, TAOSUV_EPROTO, "the reply has a block of another message");
  if (status == 0 && !fetched.completed) {
    consumer->precision = fetched.precision;
    status = tuv_message_announce(consumer->building, &fetched, &err);
  }
  if (status < 0)
    malformed(consumer, conn, status, err.text);
  else if (fetched.completed)
    complete(consumer, conn);
  else
    send_step(consumer, TUV_TMQ_BLOCK);
}

/* The operation is answered, and free for the next step. */
static bool landed(taosuv_consumer_t* consumer) {
  consumer->in_flight = false;
  tuv_timers_remove(&consumer->client->context.timers, &consumer->answer);
  if (consumer->settling) tuv_tmq_wake(consumer);
  bool wanted = consumer->step == TUV_TMQ_POLL || consumer->building != NULL;
  if (consumer->state == TUV_TMQ_SUBSCRIBED && wanted) return true;
  drop_building(consumer); /* nobody waits for it any more */
  return false;
}

static void replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_consumer_t* consumer = consumer_of(op);
  tuv_tmq_step_t step = consumer->step;
  if (!landed(consumer)) return;
  if (step == TUV_TMQ_POLL)
    polled(consumer, conn, reply);
  else if (step == TUV_TMQ_META)
    got_meta(consumer, conn, reply);
  else if (step == TUV_TMQ_FETCH)
    announced(consumer, conn, reply);
  else
    malformed(consumer, conn, TAOSUV_EPROTO, "text in place of a binary message");
}

static void refused(taosuv_consumer_t* consumer, tuv_conn_t* conn, const tuv_tmq_reply_t* reply) {
  char text[TUV_ERRMSG_SIZE];
  size_t size = reply->text_size < sizeof text ? reply->text_size : sizeof text - 1;
  memcpy(text, reply->text, size);
  text[size] = 0;
  tuv_failure_t failure = {TAOSUV_ESERVER, 0, tuv_server_code(reply->code), text,
                           tuv_conn_host(conn)};
  if (text[0] == 0) failure.message = taosuv_strerror(TAOSUV_ESERVER);
  failed(&consumer->op, &failure);
}

static void binary(tuv_op_t* op, tuv_conn_t* conn, const uint8_t* data, size_t size,
                   tuv_refbuf_t* owner) {
  taosuv_consumer_t* consumer = consumer_of(op);
  tuv_tmq_step_t step = consumer->step;
  tuv_tmq_reply_t reply = {.code = 0};
  tuv_errmsg_t err;
  if (!landed(consumer)) return;
  int status = step == TUV_TMQ_BLOCK ? tuv_tmq_block_reply(data, size, &reply, &err)
               : step == TUV_TMQ_RAW
                   ? tuv_tmq_raw_reply(data, size, &reply, &err)
                   : tuv_fail(&err, TAOSUV_EPROTO, "a binary message in place of JSON");
  if (status == 0 && reply.code != 0) {
    refused(consumer, conn, &reply);
    return;
  }
  if (status == 0 && reply.message_id != consumer->message_id)
    status = tuv_fail(&err, TAOSUV_EPROTO, "the reply has the bytes of another message");
  if (step == TUV_TMQ_RAW) consumer->raw_size = size;
  if (status == 0 && step == TUV_TMQ_RAW)
    status = tuv_message_set_raw(consumer->building, &reply, owner, &err);
  if (status == 0 && step == TUV_TMQ_BLOCK)
    status = tuv_message_add_block(consumer->building, &reply, owner, consumer->precision, &err);
  if (status < 0) {
    malformed(consumer, conn, status, err.text);
    return;
  }
  bool too_large = consumer->building->size > conn->context->url.max_message_size;
  if (too_large)
    tuv_message_set_unreadable(consumer->building, TAOSUV_EMSGSIZE, 0,
                               "a message's blocks exceed max_message_size");
  if (step == TUV_TMQ_BLOCK && !too_large)
    send_step(consumer, TUV_TMQ_FETCH);
  else
    complete(consumer, conn);
}

static const tuv_op_type_t op_type = {.action = TAOSUV_ACTION_POLL,
                                      .encode = encode,
                                      .reply = replied,
                                      .binary = binary,
                                      .failed = failed};
