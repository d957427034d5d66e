/* TMQ, TDengine's data subscription: consumers of topics, their messages, and replication. */
#ifndef TAOSUV_TMQ_H
#define TAOSUV_TMQ_H

#include "query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A consumer: a member of a consumer group, with its own connection. It belongs to the library:
 * created by taosuv_consumer_create, ended by taosuv_consumer_close. It uses one loop, must be used
 * on that loop's thread only, and keeps the loop alive until it is closed. */
typedef struct taosuv_consumer_s taosuv_consumer_t;

/* A message: the result of one poll. Reference-counted like a block; see below. */
typedef struct taosuv_message_s taosuv_message_t;

/* ---- creating ---- */

/* A property, with the name that other connectors use. Both texts are NUL-terminated and copied.
 *   group.id                      1 to 192 bytes; required
 *   client.id                     up to 255 bytes
 *   auto.offset.reset             earliest, latest, none: where a group without a committed offset
 *                                 starts; the server's default is latest. With latest, auto-commit
 *                                 commits the offset at which a vgroup's first message begins when
 *                                 it has arrived; rows written before the first message while there
 *                                 is no subscription are never received
 *   enable.auto.commit            default true; done by the client alone, see below
 *   auto.commit.interval.ms       default 5000
 *   session.timeout.ms            6000 to 1800000 (server 3.3.3.0)
 *   max.poll.interval.ms          1000 to 2147483647: a consumer that polls less often loses its
 *                                 vgroups (3.3.3.0)
 *   msg.with.table.name           messages name the table of each block
 *   experimental.snapshot.enable  start with the content of the database, then follow its log
 *   msg.enable.batchmeta          several schema changes in one message (3.3.3.0)
 *   msg.consume.excluded          skip rows that were written by write_raw
 *   msg.consume.rawdata           messages of kind TAOSUV_MESSAGE_RAW, only for write_raw (3.3.6.0)
 *   td.connect.user, .pass, .db   instead of the URL's
 *   td.connect.token              instead of the URL's bearer_token (3.4.0.0)
 *   td.connect.ip, .port          must be the same as the URL's first host
 * Switches are true, false, 1 or 0. Any other name is passed to the server (3.3.6.0), which refuses
 * names that it does not know. */
typedef struct taosuv_property_s {
  const char* key;
  const char* value;
} taosuv_property_t;

/* The events of a consumer. */
typedef enum {
  TAOSUV_CONSUMER_LOST = 1,      /* the connection is lost; it is being opened again, to any host of
                               the URL. The consumer also gives it up when the server reports
                               that the consumer is unusable (998, 16385, 16386, 16387, 16407;
                               during a push, any error as answer to a poll), and when a message
                               could not be fetched */
  TAOSUV_CONSUMER_RESUMED,       /* subscribed again. It continues from the committed offsets, so
                               messages that were not committed are delivered again, to this or
                               another consumer */
  TAOSUV_CONSUMER_ASSIGNED,      /* the vgroups of this consumer have changed */
  TAOSUV_CONSUMER_COMMIT_FAILED, /* an automatic commit failed; the next one tries again */
  TAOSUV_CONSUMER_FAILED /* it has given up and is in the state before subscribe. A pending poll
                            fails as well. This happens when subscribing again is refused (993:
                            the topic was dropped), and after more than `retries` failures in a
                            row: of subscribing, or because the connection was lost each time in
                            the middle of the same message */
} taosuv_consumer_event_type_t;

/* A vgroup of a topic, and its offsets. */
typedef struct taosuv_partition_s {
  const char* topic;
  int32_t vgroup_id;
  int64_t offset; /* in an assignment: where the last message began */
  int64_t begin;  /* the first available offset */
  int64_t end;    /* the offset after the last one */
  uint64_t reserved[2];
} taosuv_partition_t;

/* The event and all data that it points to are valid until the callback returns. */
typedef struct taosuv_consumer_event_s {
  taosuv_consumer_event_type_t type;
  int status;                           /* for LOST, COMMIT_FAILED, FAILED: the cause; otherwise
                                           0 */
  int server_code;                      /* with TAOSUV_ESERVER */
  const char* message;                  /* the cause as text; or NULL */
  const taosuv_partition_t* partitions; /* for ASSIGNED: all that it now has */
  uint32_t count;
  uint64_t reserved[4];
} taosuv_consumer_event_t;

/* Called on the loop's thread, never from inside a call that you make. It may call any function. */
typedef void (*taosuv_consumer_event_cb)(taosuv_consumer_t* consumer,
                                         const taosuv_consumer_event_t* event, void* data);

/* Initialise with taosuv_consumer_options_init, then set the fields that should differ. */
typedef struct taosuv_consumer_options_s {
  size_t size;       /* sizeof(taosuv_consumer_options_t) of the caller's header */
  const char* url;   /* as for a client; copied. pool_size, max_inflight, idle_timeout and
                        max_age have no effect: a consumer has one permanent connection */
  size_t url_length; /* TAOSUV_NUL_TERMINATED by default */
  const taosuv_property_t* properties;
  size_t count;
  const taosuv_allocator_t* allocator; /* copied; NULL: malloc, realloc, free */
  taosuv_consumer_event_cb on_event;   /* may be NULL */
  void* data;                          /* for on_event and taosuv_consumer_data */
  uint64_t assignment_interval_ms;     /* how often the server is asked for the assignment, while
                                          on_event is set. 0: 5000 */
  char* message; /* receives what is wrong with the URL or a property; may be NULL */
  size_t message_size;
  int skip_unreadable; /* 1: a message that cannot be read (taosuv_message_status) is finished
                          like any other, and auto-commit passes it. 0: auto-commit stops before
                          it until the caller decides */
  int unused;
  uint64_t reserved[3];
} taosuv_consumer_options_t;

TAOSUV_EXTERN void taosuv_consumer_options_init(taosuv_consumer_options_t* options);

/* Creates a consumer; nothing is sent before subscribe. Returns what taosuv_client_create_ex
 * returns, or TAOSUV_EINVAL if a property has an unknown value or is given twice, or if group.id is
 * missing. The message names the property. */
TAOSUV_EXTERN int taosuv_consumer_create(uv_loop_t* loop, const taosuv_consumer_options_t* options,
                                         taosuv_consumer_t** consumer);

TAOSUV_EXTERN void* taosuv_consumer_data(const taosuv_consumer_t* consumer);

/* The client behind a consumer, for observe.h: stats, metrics, hooks, dump. Requests with it return
 * TAOSUV_ENOTSUP, and closing it does nothing: it ends with the consumer. */
TAOSUV_EXTERN taosuv_client_t* taosuv_consumer_client(taosuv_consumer_t* consumer);

/* ---- subscribing ----
 *
 * All calls below can return the errors that client.h lists for every call, and: TAOSUV_ESTATE if
 * the consumer is not subscribed (for subscribe: if it is subscribed or subscribing already), or if
 * the call is not possible while messages are polled; TAOSUV_ECONNLOST while it reconnects. Nothing
 * is sent in these cases, because the server may never answer a message that it does not expect. */

/* Subscribes to topics. The server needs half a second to two seconds. TAOSUV_EVERSION before
 * 3.0.5.0, and when a property needs a newer server: the message names it. A refusal (993: no such
 * topic) leaves the consumer as it was; wrong credentials are refused with 65535. */
typedef struct taosuv_subscribe_s taosuv_subscribe_t;
typedef void (*taosuv_subscribe_cb)(taosuv_subscribe_t* req, int status);
struct taosuv_subscribe_s {
  TAOSUV_REQ_FIELDS
  taosuv_subscribe_cb cb;
  taosuv_consumer_t* consumer; /* out, here and below: the consumer of the call */
};
TAOSUV_EXTERN int taosuv_consumer_subscribe(taosuv_consumer_t* consumer, taosuv_subscribe_t* req,
                                            const char* const* topics, size_t count,
                                            taosuv_subscribe_cb cb);

/* Leaves the group. With auto-commit, finished messages are committed first. Stops a push. A
 * pending poll completes with TAOSUV_ECANCELED. Messages that were not delivered are dropped and
 * will be delivered again. */
TAOSUV_EXTERN int taosuv_consumer_unsubscribe(taosuv_consumer_t* consumer, taosuv_subscribe_t* req,
                                              taosuv_subscribe_cb cb);

/* Asks the server for the topics of the subscription (3.1.1.15; before: TAOSUV_EVERSION). */
typedef struct taosuv_list_topics_s taosuv_list_topics_t;
typedef void (*taosuv_list_topics_cb)(taosuv_list_topics_t* req, int status);
struct taosuv_list_topics_s {
  TAOSUV_REQ_FIELDS
  taosuv_list_topics_cb cb;
  taosuv_consumer_t* consumer;
  const char* const* topics; /* out: until the callback returns */
  uint32_t count;
};
TAOSUV_EXTERN int taosuv_consumer_list_topics(taosuv_consumer_t* consumer,
                                              taosuv_list_topics_t* req, taosuv_list_topics_cb cb);

/* Closes a consumer. Pending requests complete with TAOSUV_ECANCELED. With auto-commit, finished
 * messages are committed. Then the consumer leaves the group, which takes a server one to two
 * seconds, and closes the connection. All of this takes at most timeout_ms (0: the URL's
 * request_timeout, or a minute if that is 0). Then, with no handle left on the loop, the callback
 * is called, and the consumer is freed. The status is 0, or the error of the last commit or of
 * leaving the group, with the server's code and text, and the host. Like taosuv_close, it waits for
 * a look-up of a host name that has started. It cannot be cancelled. After this call no other
 * function may be called with the consumer. Referenced messages stay readable. Returns
 * TAOSUV_ECLOSED if it is closing already. */
typedef struct taosuv_consumer_close_s taosuv_consumer_close_t;
typedef void (*taosuv_consumer_close_cb)(taosuv_consumer_close_t* req, int status);
struct taosuv_consumer_close_s {
  TAOSUV_REQ_FIELDS
  taosuv_consumer_close_cb cb;
};
TAOSUV_EXTERN int taosuv_consumer_close(taosuv_consumer_t* consumer, taosuv_consumer_close_t* req,
                                        taosuv_consumer_close_cb cb);

/* ---- messages ---- */

/* The numbers are the server's. A message of an unknown kind keeps its number, and has a status. */
typedef enum {
  TAOSUV_MESSAGE_DATA = 1,     /* rows */
  TAOSUV_MESSAGE_META = 2,     /* schema changes */
  TAOSUV_MESSAGE_METADATA = 3, /* rows, and the tables that were created with them */
  TAOSUV_MESSAGE_RAW = 4       /* bytes that only write_raw can use */
} taosuv_message_kind_t;

/* A message that is passed to a callback is valid until the callback returns. To keep it longer,
 * take a reference and release it later, on the loop's thread. It can outlive its consumer. Several
 * messages may exist at a time.
 *
 * When the last reference is released (the callback holds one), the message is *finished*: it may
 * be committed automatically. taosuv_message_done finishes it earlier. References to its blocks do
 * not keep a message unfinished. */
TAOSUV_EXTERN taosuv_message_t* taosuv_message_ref(taosuv_message_t* message); /* returns message */
TAOSUV_EXTERN void taosuv_message_unref(taosuv_message_t* message);            /* NULL is allowed */
TAOSUV_EXTERN void taosuv_message_done(taosuv_message_t* message);

/* A message that cannot be read, wholly or in part, is delivered like any other, so that a consumer
 * can continue after it; the connection is kept. Its status is the reason: TAOSUV_EBLOCK for a
 * malformed block; TAOSUV_EPROTO for a malformed message or meta, or an unknown kind or raw type.
 * For a message that could not be fetched in `retries` + 2 attempts, each over a new connection, it
 * is TAOSUV_EMSGSIZE (more than max_message_size), TAOSUV_ESERVER (refused) or TAOSUV_EPROTO. For
 * all other messages it is 0.
 *
 * Its topic, vgroup and offset are known. It has the blocks that can be read, without the others,
 * and the raw bytes as far as they arrived.
 *
 * The caller decides what to do with it. taosuv_message_done, or a commit of it or of a later
 * message of its vgroup, skips it. Releasing its references does not skip it: auto-commit stops
 * before it (unless skip_unreadable is set), later messages are delivered nevertheless, and all of
 * them are delivered again when the consumer subscribes again. To stop there, stop polling, or stop
 * the push. */
TAOSUV_EXTERN int taosuv_message_status(const taosuv_message_t* message);
/* The reason as text, with the block and its table; "" if the status is 0. Valid as long as the
 * message. */
TAOSUV_EXTERN const char* taosuv_message_error(const taosuv_message_t* message);

TAOSUV_EXTERN taosuv_message_kind_t taosuv_message_kind(const taosuv_message_t* message);
TAOSUV_EXTERN const char* taosuv_message_topic(const taosuv_message_t* message);
TAOSUV_EXTERN const char* taosuv_message_database(const taosuv_message_t* message);
TAOSUV_EXTERN int32_t taosuv_message_vgroup(const taosuv_message_t* message);

/* The offset at which it begins in the vgroup's log: the server's "offset". */
TAOSUV_EXTERN int64_t taosuv_message_offset(const taosuv_message_t* message);
/* The offset that is committed for it, from which a restarted consumer continues. -1 if the server
 * does not report it (older than 3.3.3.0, or while a snapshot is read). */
TAOSUV_EXTERN int64_t taosuv_message_end(const taosuv_message_t* message);
/* Its size in bytes, as received. */
TAOSUV_EXTERN size_t taosuv_message_size(const taosuv_message_t* message);

/* Its blocks of rows, of tables or of a query, in order. All were checked when the message arrived
 * (taosuv_message_status says whether one was refused), and point into the buffer that was
 * received. They are borrowed from the message: take a reference on a block to keep it longer. NULL
 * if there is no such block. */
TAOSUV_EXTERN uint32_t taosuv_message_blocks(const taosuv_message_t* message);
TAOSUV_EXTERN taosuv_block_t* taosuv_message_block(const taosuv_message_t* message, uint32_t index);
/* The table of a block; "" if the server does not report it (topics on queries, or without
 * msg.with.table.name). */
TAOSUV_EXTERN const char* taosuv_message_table(const taosuv_message_t* message, uint32_t index);
/* The fields of a block: an array that is valid until the next call of this function with the same
 * message. NULL and *count 0 if there is no such block or memory ran out. */
TAOSUV_EXTERN const taosuv_field_t* taosuv_message_fields(taosuv_message_t* message, uint32_t index,
                                                          uint32_t* count);

/* The schema changes of a META or METADATA message as JSON text, NUL-terminated. NULL for other
 * kinds, and if the database reports none or they cannot be read. Up to 16 MiB. */
TAOSUV_EXTERN const char* taosuv_message_meta(const taosuv_message_t* message, size_t* length);

/* The whole message in the server's own format, for taosuv_write_raw. `data` is NULL if it is not
 * available: rows from a server older than 3.3.3.0. */
typedef struct taosuv_raw_s {
  uint16_t type; /* the server's number for the kind of the bytes */
  const void* data;
  size_t size;
} taosuv_raw_t;
TAOSUV_EXTERN taosuv_raw_t taosuv_message_raw(const taosuv_message_t* message);

/* ---- polling ---- */

/* Asks for the next message and waits up to `wait_ms` for it; the loop is not blocked. Completes
 * with status 0 and `msg`, which is NULL if no message arrived in that time. Only one poll may be
 * pending: a second one returns TAOSUV_EBUSY, and during a push TAOSUV_ESTATE. A poll that is
 * cancelled or times out loses no message: the next one gets it. If the connection is lost, the
 * poll continues once the consumer has subscribed again. A message that cannot be read completes
 * the poll with its taosuv_message_status, and is in `msg`; the next poll yields the message after
 * it. A malformed answer, or a refusal, fails the poll with `msg` NULL; the message is delivered
 * again. timeout_ms 0: the sum of wait_ms and the URL's request_timeout. */
typedef struct taosuv_poll_s taosuv_poll_t;
typedef void (*taosuv_poll_cb)(taosuv_poll_t* req, int status);
struct taosuv_poll_s {
  TAOSUV_REQ_FIELDS
  taosuv_poll_cb cb;
  taosuv_consumer_t* consumer;
  taosuv_message_t* msg; /* out: valid until the callback returns, or as long as it is referenced */
};
TAOSUV_EXTERN int taosuv_consumer_poll(taosuv_consumer_t* consumer, taosuv_poll_t* req,
                                       uint64_t wait_ms, taosuv_poll_cb cb);

/* Starts a push: the consumer polls by itself and calls back for each message, one after another;
 * messages that cannot be read have a taosuv_message_status. It asks for more while fewer than
 * `max_messages` messages (0: 16) and fewer than `max_bytes` bytes (0: 64 MiB) have arrived and are
 * not finished. This limits the memory of a caller that keeps references. TAOSUV_EBUSY if a poll is
 * pending or a push is on. A TAOSUV_CONSUMER_FAILED event ends the push. */
typedef void (*taosuv_message_cb)(taosuv_consumer_t* consumer, taosuv_message_t* message,
                                  void* data);
TAOSUV_EXTERN int taosuv_consumer_start(taosuv_consumer_t* consumer, uint32_t max_messages,
                                        size_t max_bytes, taosuv_message_cb cb, void* data);
/* Ends the push: the callback is not called again. Messages that have arrived wait for the next
 * poll or start. */
TAOSUV_EXTERN int taosuv_consumer_stop(taosuv_consumer_t* consumer);
/* Pauses and resumes a push. Between the two calls there are no callbacks and no new polls; the
 * answer to a pending poll still arrives. A consumer that does not poll for longer than
 * max.poll.interval.ms (5 minutes by the server's default) loses its vgroups; it then subscribes
 * again by itself when it is resumed. TAOSUV_ESTATE if no push is on. */
TAOSUV_EXTERN int taosuv_consumer_pause(taosuv_consumer_t* consumer);
TAOSUV_EXTERN int taosuv_consumer_resume(taosuv_consumer_t* consumer);

/* ---- offsets ----
 *
 * Auto-commit: every auto.commit.interval.ms, at unsubscribe and at close the client commits, for
 * each vgroup, up to the first message that is not finished. The client does this itself: the
 * server's auto-commit, which commits all earlier messages in the next poll, is switched off at
 * subscribe. A server of 3.3.2.6 was observed to commit by itself nevertheless, even with
 * enable.auto.commit=false: there a message may be committed before it is finished. Other
 * connectors commit all messages that were polled; here a message whose callback has not returned,
 * or that is referenced, is delivered again after a crash. Delivery is at least once: messages that
 * were finished but not yet committed are delivered again as well. */

/* Commits a message and all earlier ones of its vgroup; or, if `message` is NULL, all messages that
 * were delivered. Commits run one after another. TAOSUV_EINVAL for a message of another consumer;
 * TAOSUV_ESTATE for a message from before a seek, an unsubscribe or a lost connection, which is
 * delivered again.
 *
 * If the server does not report the end of messages (taosuv_message_end is -1), only all messages
 * that it has sent can be committed together: TAOSUV_ENOTSUP while a message has arrived or may
 * arrive that was not delivered yet. The callback of a push may always commit; auto-commit pauses
 * polling for a moment, and does not commit while one of them is not finished. Gateways before
 * 3.1.1.15 commit one message and its vgroup, and forget the messages before it: committing one of
 * those later has no effect. */
typedef struct taosuv_commit_s taosuv_commit_t;
typedef void (*taosuv_commit_cb)(taosuv_commit_t* req, int status);
struct taosuv_commit_s {
  TAOSUV_REQ_FIELDS
  taosuv_commit_cb cb;
  taosuv_consumer_t* consumer;
  void* steps; /* the library's */
  uint32_t nsteps, step;
};
TAOSUV_EXTERN int taosuv_consumer_commit(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                                         taosuv_message_t* message, taosuv_commit_cb cb);

/* Commits an offset, from which a restarted consumer continues (server 3.1.1.15; before:
 * TAOSUV_EVERSION). The server refuses an offset that does not exist with 16391, a vgroup of
 * another consumer with 16392, a topic of another consumer with 16393, and any commit before the
 * first poll or assignment with 16400. */
TAOSUV_EXTERN int taosuv_consumer_commit_offset(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                                                const char* topic, int32_t vgroup_id,
                                                int64_t offset, taosuv_commit_cb cb);

/* Asks for the committed offsets, or for the positions, which are the offsets to be read next
 * (server 3.1.1.15; before: TAOSUV_EVERSION). `partitions` names the vgroups (topic and
 * vgroup_id). */
#define TAOSUV_OFFSET_NONE (-2147467247) /* nothing has been committed yet */
typedef struct taosuv_offsets_s taosuv_offsets_t;
typedef void (*taosuv_offsets_cb)(taosuv_offsets_t* req, int status);
struct taosuv_offsets_s {
  TAOSUV_REQ_FIELDS
  taosuv_offsets_cb cb;
  taosuv_consumer_t* consumer;
  const int64_t* offsets; /* out: in the order of the partitions; valid until the callback
                             returns */
  uint32_t count;
};
TAOSUV_EXTERN int taosuv_consumer_committed(taosuv_consumer_t* consumer, taosuv_offsets_t* req,
                                            const taosuv_partition_t* partitions, uint32_t count,
                                            taosuv_offsets_cb cb);
TAOSUV_EXTERN int taosuv_consumer_position(taosuv_consumer_t* consumer, taosuv_offsets_t* req,
                                           const taosuv_partition_t* partitions, uint32_t count,
                                           taosuv_offsets_cb cb);

/* Asks for the vgroups of a topic that are assigned to this consumer. Before the first poll the
 * server may refuse (16400). */
typedef struct taosuv_assignment_s taosuv_assignment_t;
typedef void (*taosuv_assignment_cb)(taosuv_assignment_t* req, int status);
struct taosuv_assignment_s {
  TAOSUV_REQ_FIELDS
  taosuv_assignment_cb cb;
  taosuv_consumer_t* consumer;
  const taosuv_partition_t* partitions; /* out: until the callback returns; topic is NULL */
  uint32_t count;
};
TAOSUV_EXTERN int taosuv_consumer_assignment(taosuv_consumer_t* consumer, taosuv_assignment_t* req,
                                             const char* topic, taosuv_assignment_cb cb);

/* Continues at another offset: at a given one, at the first one, or after the last one; for one
 * vgroup, or with vgroup_id TAOSUV_ALL_VGROUPS for all vgroups of the topic that the consumer has.
 * TAOSUV_ESTATE if it has none, for example because the server has not assigned them yet. The
 * server refuses it with the codes of commit_offset. TAOSUV_ESTATE while a poll is pending or a
 * push is on, and until the answer to an earlier poll has arrived (half a second at most).
 * Committed offsets do not change. Messages of these vgroups that have arrived and were not
 * delivered are dropped. */
#define TAOSUV_ALL_VGROUPS (-1)
typedef struct taosuv_seek_s taosuv_seek_t;
typedef void (*taosuv_seek_cb)(taosuv_seek_t* req, int status);
struct taosuv_seek_s {
  TAOSUV_REQ_FIELDS
  taosuv_seek_cb cb;
  taosuv_consumer_t* consumer;
  void* steps; /* the library's */
  uint32_t nsteps, step;
};
TAOSUV_EXTERN int taosuv_consumer_seek(taosuv_consumer_t* consumer, taosuv_seek_t* req,
                                       const char* topic, int32_t vgroup_id, int64_t offset,
                                       taosuv_seek_cb cb);
TAOSUV_EXTERN int taosuv_consumer_seek_to_beginning(taosuv_consumer_t* consumer, taosuv_seek_t* req,
                                                    const char* topic, int32_t vgroup_id,
                                                    taosuv_seek_cb cb);
TAOSUV_EXTERN int taosuv_consumer_seek_to_end(taosuv_consumer_t* consumer, taosuv_seek_t* req,
                                              const char* topic, int32_t vgroup_id,
                                              taosuv_seek_cb cb);

/* ---- replication: writing messages to another database through a client ---- */

/* Applies the bytes of a message (taosuv_message_raw) to the client's database: rows and schema
 * changes. The bytes are copied before the call returns. */
typedef struct taosuv_write_s taosuv_write_t;
typedef void (*taosuv_write_cb)(taosuv_write_t* req, int status);
struct taosuv_write_s {
  TAOSUV_REQ_FIELDS
  taosuv_write_cb cb;
  uint32_t head; /* the library's */
  uint16_t tail;
};
TAOSUV_EXTERN int taosuv_write_raw(taosuv_client_t* client, taosuv_write_t* req,
                                   const taosuv_raw_t* raw, taosuv_write_cb cb);

/* Writes a block into an existing table of the client's database. The block's columns must match
 * the table's in number, order and type. `table` as in "Names of tables" of client.h; a database
 * other than the URL's is TAOSUV_ENOTSUP, because the message has no field for it: use a client of
 * that database. */
TAOSUV_EXTERN int taosuv_write_block(taosuv_client_t* client, taosuv_write_t* req,
                                     const char* table, size_t length, const taosuv_block_t* block,
                                     taosuv_write_cb cb);

#ifdef __cplusplus
}
#endif

#endif
