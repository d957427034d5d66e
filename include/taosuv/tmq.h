/* TMQ, TDengine's data subscription: consumers of topics, their messages, and writing those on. */
#ifndef TAOSUV_TMQ_H
#define TAOSUV_TMQ_H

#include "query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A consumer: a member of a consumer group, with a connection of its own. It belongs
 * to the library: made by taosuv_consumer_create, ended by taosuv_consumer_close. It lives on one
 * loop, is used on that loop's thread only, and keeps the loop alive until it is closed. */
typedef struct taosuv_consumer_s taosuv_consumer_t;

/* A message: what one poll brings. Reference counted like a block; see below. */
typedef struct taosuv_message_s taosuv_message_t;

/* ---- creating ---- */

/* A property by its connector's name. Both texts end with a NUL and are copied.
 *   group.id                      1 to 192 bytes; required
 *   client.id                     up to 255 bytes
 *   auto.offset.reset             earliest, latest, none: where a group without a committed offset
 *                                 begins; the server's default is latest. From the latest on, where
 *                                 a vgroup's first message begins is committed when it has come, by
 *                                 auto-commit; what is written before the first message while there
 *                                 is no subscription is never seen
 *   enable.auto.commit            default true; done by the client alone, see below
 *   auto.commit.interval.ms       default 5000
 *   session.timeout.ms            6000 to 1800000 (server 3.3.3.0)
 *   max.poll.interval.ms          1000 to 2147483647: who polls less often loses its
 *                                 share (3.3.3.0)
 *   msg.with.table.name           messages say which table a block is of
 *   experimental.snapshot.enable  begin with what the database holds, then follow its log
 *   msg.enable.batchmeta          several changes of schema in one message (3.3.3.0)
 *   msg.consume.excluded          leave out what write_raw wrote
 *   msg.consume.rawdata           messages of kind TAOSUV_MESSAGE_RAW, for write_raw
 *                                 alone (3.3.6.0)
 *   td.connect.user, .pass, .db   in place of the URL's
 *   td.connect.token              in place of the URL's bearer_token (3.4.0.0)
 *   td.connect.ip, .port          must be the same as the URL's first host
 * Switches are true, false, 1 or 0. Any other name is handed on to the server (3.3.6.0), which
 * refuses what it does not know. */
typedef struct taosuv_property_s {
  const char* key;
  const char* value;
} taosuv_property_t;

/* What a consumer tells without being asked. */
typedef enum {
  TAOSUV_CONSUMER_LOST = 1, /* the connection; it is being made again, on any host of the URL. It
                               is given up, too, when the server says that the consumer is of no
                               more use (998, 16385, 16386, 16387, 16407; while pushing: whatever
                               it answers to a poll), and when a message could not be fetched */
  TAOSUV_CONSUMER_RESUMED,  /* subscribed again: it goes on from the committed offsets, so that
                               messages that were not committed come again, here or elsewhere */
  TAOSUV_CONSUMER_ASSIGNED, /* the vgroups that this consumer is given have changed */
  TAOSUV_CONSUMER_COMMIT_FAILED, /* an automatic commit; the next one tries again */
  TAOSUV_CONSUMER_FAILED /* given up: it is as before subscribe. A pending poll fails likewise.
                               So it ends when subscribing again is refused (993: the topic was
                               dropped), and after more than `retries` failures in a row: of
                               subscribing, or when the connection was lost each time in the middle
                               of one and the same message */
} taosuv_consumer_event_type_t;

/* A vgroup of a topic, and its offsets. */
typedef struct taosuv_partition_s {
  const char* topic;
  int32_t vgroup_id;
  int64_t offset; /* of an assignment: where the last message began */
  int64_t begin;  /* the first that there is */
  int64_t end;    /* behind the last that there is */
  uint64_t reserved[2];
} taosuv_partition_t;

/* It and all it points to live until the callback returns. */
typedef struct taosuv_consumer_event_s {
  taosuv_consumer_event_type_t type;
  int status;                           /* of LOST, COMMIT_FAILED, FAILED: why; otherwise 0 */
  int server_code;                      /* with TAOSUV_ESERVER */
  const char* message;                  /* why, in words; or NULL */
  const taosuv_partition_t* partitions; /* of ASSIGNED: all that it now has */
  uint32_t count;
  uint64_t reserved[4];
} taosuv_consumer_event_t;

/* Called on the loop's thread, never inside a call of the caller's. May do anything. */
typedef void (*taosuv_consumer_event_cb)(taosuv_consumer_t* consumer,
                                         const taosuv_consumer_event_t* event, void* data);

/* Initialise with taosuv_consumer_options_init, then set what differs. */
typedef struct taosuv_consumer_options_s {
  size_t size;       /* sizeof(taosuv_consumer_options_t) of the caller's header */
  const char* url;   /* as for a client; copied. pool_size, max_inflight, idle_timeout and max_age
                        are without effect: a consumer has one connection, which stays */
  size_t url_length; /* TAOSUV_NUL_TERMINATED by default */
  const taosuv_property_t* properties;
  size_t count;
  const taosuv_allocator_t* allocator; /* copied; NULL: malloc, realloc, free */
  taosuv_consumer_event_cb on_event;   /* may be NULL */
  void* data;                          /* for on_event and taosuv_consumer_data */
  uint64_t assignment_interval_ms;     /* how often the server is asked whether the assignment has
                        changed, while on_event is set. 0: 5000 */
  char* message; /* where create writes what is wrong with the URL or a property; may be NULL */
  size_t message_size;
  int skip_unreadable; /* 1: a message that cannot be read (taosuv_message_status) is finished like
                        any other, so that auto-commit passes it. 0: auto-commit stops before it
                        until the caller decides */
  int unused;
  uint64_t reserved[3];
} taosuv_consumer_options_t;

TAOSUV_EXTERN void taosuv_consumer_options_init(taosuv_consumer_options_t* options);

/* Makes a consumer; nothing is sent before subscribe. Returns what taosuv_client_create_ex does, or
 * TAOSUV_EINVAL for a property: unknown value, given twice, or group.id missing. The message names
 * it. */
TAOSUV_EXTERN int taosuv_consumer_create(uv_loop_t* loop, const taosuv_consumer_options_t* options,
                                         taosuv_consumer_t** consumer);

TAOSUV_EXTERN void* taosuv_consumer_data(const taosuv_consumer_t* consumer);

/* The client behind a consumer, for observe.h: stats, metrics, hooks, dump. Requests with it return
 * TAOSUV_ENOTSUP, and closing it does nothing: it ends with the consumer. */
TAOSUV_EXTERN taosuv_client_t* taosuv_consumer_client(taosuv_consumer_t* consumer);

/* ---- subscribing ----
 *
 * What all calls below can return, besides what client.h says of every call: TAOSUV_ESTATE when the
 * consumer is not subscribed (or, for subscribe, is already, or is about to be), and for what
 * cannot be while messages are polled; TAOSUV_ECONNLOST while it reconnects. Nothing is sent then:
 * the server may never answer what it does not expect. */

/* Subscribes to topics. The server takes half a second to two seconds. TAOSUV_EVERSION before
 * 3.0.5.0, and when a property needs a newer server: the message names it. A refusal (993: no such
 * topic) leaves the consumer as it was; wrong credentials are refused with 65535. */
typedef struct taosuv_subscribe_s taosuv_subscribe_t;
typedef void (*taosuv_subscribe_cb)(taosuv_subscribe_t* req, int status);
struct taosuv_subscribe_s {
  TAOSUV_REQ_FIELDS
  taosuv_subscribe_cb cb;
  taosuv_consumer_t* consumer; /* out, here and below: the one that was asked */
};
TAOSUV_EXTERN int taosuv_consumer_subscribe(taosuv_consumer_t* consumer, taosuv_subscribe_t* req,
                                            const char* const* topics, size_t count,
                                            taosuv_subscribe_cb cb);

/* With auto-commit commits what the caller has finished with, then leaves the group. Stops a push.
 * A pending poll completes with TAOSUV_ECANCELED. Messages that were not given to the caller are
 * dropped and come again. */
TAOSUV_EXTERN int taosuv_consumer_unsubscribe(taosuv_consumer_t* consumer, taosuv_subscribe_t* req,
                                              taosuv_subscribe_cb cb);

/* The topics of the subscription, as the server says (3.1.1.15; before: TAOSUV_EVERSION). */
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

/* Ends a consumer: pending requests complete with TAOSUV_ECANCELED; what the caller has finished
 * with is committed when auto-commit is on; the group is left, for which a server takes one to two
 * seconds; the connection is closed. All of that within timeout_ms (0: the URL's request_timeout,
 * or a minute if that is 0). Then, with no handle left on the loop, the callback comes, and the
 * consumer is gone: status 0, or why the last commit or leaving the group failed, with the server's
 * code and text, and its host. It waits for a look-up of a host name that has begun, as
 * taosuv_close does. Cannot be cancelled. After the call nothing else may be called with the
 * consumer. Messages that are referenced stay readable. Returns TAOSUV_ECLOSED when it is
 * closing already. */
typedef struct taosuv_consumer_close_s taosuv_consumer_close_t;
typedef void (*taosuv_consumer_close_cb)(taosuv_consumer_close_t* req, int status);
struct taosuv_consumer_close_s {
  TAOSUV_REQ_FIELDS
  taosuv_consumer_close_cb cb;
};
TAOSUV_EXTERN int taosuv_consumer_close(taosuv_consumer_t* consumer, taosuv_consumer_close_t* req,
                                        taosuv_consumer_close_cb cb);

/* ---- messages ---- */

/* The server's numbers. A message of another kind has its number, and a status. */
typedef enum {
  TAOSUV_MESSAGE_DATA = 1,     /* rows */
  TAOSUV_MESSAGE_META = 2,     /* changes of schema */
  TAOSUV_MESSAGE_METADATA = 3, /* rows, and the tables that were created with them */
  TAOSUV_MESSAGE_RAW = 4       /* bytes for write_raw alone */
} taosuv_message_kind_t;

/* A message given to a callback lives until the callback returns; whoever wants it longer takes a
 * reference and gives it back, on the loop's thread. It outlives its consumer. Several may be
 * alive.
 *
 * With the last reference gone (the callback's own counts) the caller has *finished* with it: it
 * may be committed automatically. taosuv_message_done says so earlier. Blocks that are referenced
 * themselves do not keep a message unfinished. */
TAOSUV_EXTERN taosuv_message_t* taosuv_message_ref(taosuv_message_t* message); /* returns message */
TAOSUV_EXTERN void taosuv_message_unref(taosuv_message_t* message);            /* NULL is allowed */
TAOSUV_EXTERN void taosuv_message_done(taosuv_message_t* message);

/* A message that cannot be read, wholly or in part, is given like any other, so that a consumer can
 * go on behind it; the connection is kept. Its status says why: TAOSUV_EBLOCK for a malformed
 * block; TAOSUV_EPROTO for a malformed message or meta, or an unknown kind or raw type. For a
 * message that could not be fetched in `retries` + 2 attempts, each over a new connection, it is
 * TAOSUV_EMSGSIZE (more than max_message_size), TAOSUV_ESERVER (refused) or TAOSUV_EPROTO. For all
 * other messages it is 0.
 *
 * Its topic, vgroup and offset are known. Blocks that can be read are there, and those that cannot
 * are left out; the raw bytes are there as far as they arrived.
 *
 * The caller decides what to do with it. taosuv_message_done, or a commit of it or of a later
 * message of its vgroup, skips it. Giving back its references does not skip it: auto-commit stops
 * before it (unless skip_unreadable is set), later messages are given nevertheless, and all of them
 * come again when the consumer subscribes again. To stop there, stop polling, or stop the push. */
TAOSUV_EXTERN int taosuv_message_status(const taosuv_message_t* message);
/* The reason as text: which block of which table; "" when the status is 0. Lives as long as the
 * message. */
TAOSUV_EXTERN const char* taosuv_message_error(const taosuv_message_t* message);

TAOSUV_EXTERN taosuv_message_kind_t taosuv_message_kind(const taosuv_message_t* message);
TAOSUV_EXTERN const char* taosuv_message_topic(const taosuv_message_t* message);
TAOSUV_EXTERN const char* taosuv_message_database(const taosuv_message_t* message);
TAOSUV_EXTERN int32_t taosuv_message_vgroup(const taosuv_message_t* message);

/* Where it begins in the vgroup's log: the server's "offset". */
TAOSUV_EXTERN int64_t taosuv_message_offset(const taosuv_message_t* message);
/* What committing it commits: the offset from which a restarted consumer goes on. -1 when the
 * server does not say (older than 3.3.3.0, or while a snapshot is read). */
TAOSUV_EXTERN int64_t taosuv_message_end(const taosuv_message_t* message);
/* Bytes that it was received in. */
TAOSUV_EXTERN size_t taosuv_message_size(const taosuv_message_t* message);

/* Its blocks, of tables or of a query's rows, in order. All were checked when the message arrived
 * (taosuv_message_status says whether any was refused), and lie in the buffer that it arrived in.
 * Borrowed from the message: take a reference on a block to keep it longer. NULL beyond the last
 * one. */
TAOSUV_EXTERN uint32_t taosuv_message_blocks(const taosuv_message_t* message);
TAOSUV_EXTERN taosuv_block_t* taosuv_message_block(const taosuv_message_t* message, uint32_t index);
/* The table that a block is of; "" when the server does not say (topics on queries, or without
 * msg.with.table.name). */
TAOSUV_EXTERN const char* taosuv_message_table(const taosuv_message_t* message, uint32_t index);
/* The fields of a block: an array that lives until the next call of this with the same message.
 * NULL with *count 0: no such block, or out of memory. */
TAOSUV_EXTERN const taosuv_field_t* taosuv_message_fields(taosuv_message_t* message, uint32_t index,
                                                          uint32_t* count);

/* The changes of schema of a META or METADATA message as JSON text, NUL-terminated;
 * NULL for other kinds, and where the database tells none, or it cannot be read. Up to 16 MiB. */
TAOSUV_EXTERN const char* taosuv_message_meta(const taosuv_message_t* message, size_t* length);

/* The whole message as the server's own bytes, for taosuv_write_raw. `data` is NULL when there are
 * none: rows from a server older than 3.3.3.0. */
typedef struct taosuv_raw_s {
  uint16_t type; /* the server's number of what the bytes are */
  const void* data;
  size_t size;
} taosuv_raw_t;
TAOSUV_EXTERN taosuv_raw_t taosuv_message_raw(const taosuv_message_t* message);

/* ---- polling ---- */

/* Asks for the next message, waiting up to `wait_ms` for one; the loop goes on meanwhile. Completes
 * with status 0 and `msg`, or with status 0 and NULL when there was none in that time. One poll
 * at a time: a second returns TAOSUV_EBUSY; while a push is on TAOSUV_ESTATE. A poll that is
 * cancelled or times out loses no message: the next one gets it. When the connection is lost the
 * poll goes on once the consumer is subscribed again. A message that cannot be read completes the
 * poll with its taosuv_message_status, and is in `msg`; the next poll gives the message after it. A
 * malformed answer, or a refusal, fails the poll with `msg` NULL; the message that it asked for
 * comes again. timeout_ms 0: wait_ms and the URL's request_timeout. */
typedef struct taosuv_poll_s taosuv_poll_t;
typedef void (*taosuv_poll_cb)(taosuv_poll_t* req, int status);
struct taosuv_poll_s {
  TAOSUV_REQ_FIELDS
  taosuv_poll_cb cb;
  taosuv_consumer_t* consumer;
  taosuv_message_t* msg; /* out: until the callback returns, or as long as it is referenced */
};
TAOSUV_EXTERN int taosuv_consumer_poll(taosuv_consumer_t* consumer, taosuv_poll_t* req,
                                       uint64_t wait_ms, taosuv_poll_cb cb);

/* Push: the consumer polls by itself and calls back for each message, one after another; those that
 * cannot be read have a taosuv_message_status. It asks
 * for more while fewer than `max_messages` messages (0: 16) and fewer than `max_bytes` bytes (0: 64
 * MiB) are alive: arrived and not finished with. So a caller that keeps references is not flooded.
 * TAOSUV_EBUSY when a poll is pending or a push is on. After a TAOSUV_CONSUMER_FAILED event it is
 * off. */
typedef void (*taosuv_message_cb)(taosuv_consumer_t* consumer, taosuv_message_t* message,
                                  void* data);
TAOSUV_EXTERN int taosuv_consumer_start(taosuv_consumer_t* consumer, uint32_t max_messages,
                                        size_t max_bytes, taosuv_message_cb cb, void* data);
/* No callback after it. Messages that have arrived wait for the next poll or start. */
TAOSUV_EXTERN int taosuv_consumer_stop(taosuv_consumer_t* consumer);
/* No callback between the two, and nothing more is asked for; what was asked for still arrives. Who
 * asks for nothing longer than max.poll.interval.ms (5 minutes, by the server's default) loses its
 * vgroups; the consumer then subscribes again by itself when it goes on. TAOSUV_ESTATE when no push
 * is on. */
TAOSUV_EXTERN int taosuv_consumer_pause(taosuv_consumer_t* consumer);
TAOSUV_EXTERN int taosuv_consumer_resume(taosuv_consumer_t* consumer);

/* ---- offsets ----
 *
 * Auto-commit: every auto.commit.interval.ms, at unsubscribe and at close the client commits, for
 * each vgroup, up to the first message that the caller has not finished with. It is the client that
 * does it: the server's own auto-commit, which commits in the next poll whatever was sent before,
 * is switched off at subscribe. A server of 3.3.2.6 was seen to commit by itself nevertheless, even
 * with enable.auto.commit=false: there a message may be committed before the caller has finished
 * with it. Other connectors commit what was polled, finished or not; here a message whose
 * callback has not returned, or that is referenced, comes again after a crash. Delivery is at least
 * once: what was finished but not yet committed comes again, too. */

/* Commits a message, and with it all earlier ones of its vgroup; or, with `message` NULL, all that
 * was given to the caller. Commits run one after another. TAOSUV_EINVAL for another consumer's
 * message; TAOSUV_ESTATE for one from before a seek, an unsubscribe or a lost connection, which
 * comes again.
 *
 * Of messages whose end the server does not say (taosuv_message_end -1) only all that it has sent
 * can be committed: TAOSUV_ENOTSUP while there is, or is to come, what the caller was not given. A
 * push's callback may always do it; auto-commit asks for nothing more for a moment, and does not
 * commit while any of them is not finished. Gateways before 3.1.1.15 commit one message and its
 * vgroup, and forget those that came before it: committing one of those later has no effect. */
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

/* Commits an offset: where a restarted consumer goes on (server 3.1.1.15; before: TAOSUV_EVERSION).
 * Refused by the server: 16391 for one that is not there, 16392 for a vgroup and 16393 for a topic
 * that is not this consumer's, 16400 before the first poll or assignment. */
TAOSUV_EXTERN int taosuv_consumer_commit_offset(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                                                const char* topic, int32_t vgroup_id,
                                                int64_t offset, taosuv_commit_cb cb);

/* The committed offsets; and the positions, that is the offsets to be read next (server 3.1.1.15;
 * before: TAOSUV_EVERSION). `partitions` says of which (topic and vgroup_id). */
#define TAOSUV_OFFSET_NONE (-2147467247) /* nothing was committed yet */
typedef struct taosuv_offsets_s taosuv_offsets_t;
typedef void (*taosuv_offsets_cb)(taosuv_offsets_t* req, int status);
struct taosuv_offsets_s {
  TAOSUV_REQ_FIELDS
  taosuv_offsets_cb cb;
  taosuv_consumer_t* consumer;
  const int64_t* offsets; /* out: in the order of the partitions; until the callback returns */
  uint32_t count;
};
TAOSUV_EXTERN int taosuv_consumer_committed(taosuv_consumer_t* consumer, taosuv_offsets_t* req,
                                            const taosuv_partition_t* partitions, uint32_t count,
                                            taosuv_offsets_cb cb);
TAOSUV_EXTERN int taosuv_consumer_position(taosuv_consumer_t* consumer, taosuv_offsets_t* req,
                                           const taosuv_partition_t* partitions, uint32_t count,
                                           taosuv_offsets_cb cb);

/* The vgroups of a topic that this consumer is given. Before the first poll the server may refuse
 * (16400). */
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

/* Goes on elsewhere: at an offset; at the first or behind the last that there is, of one vgroup or
 * (vgroup_id TAOSUV_ALL_VGROUPS) of all that the consumer has of the topic: TAOSUV_ESTATE when
 * there is none, as until the server has dealt them out. Refused as commit_offset is. TAOSUV_ESTATE
 * while a poll is pending or a push is on, and until the answer to what such asked for is here
 * (half a second at most). Committed offsets stay as they are. A message that is here already and
 * was not given to the caller is dropped when it is of such a vgroup. */
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

/* ---- replication: writing messages to another database, with a client ---- */

/* Applies a message's bytes (taosuv_message_raw) to the client's database: rows and changes of
 * schema. The bytes are copied before the call returns. */
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
 * other than the URL's is TAOSUV_ENOTSUP, because the message has no place for it: write with a
 * client of that database. */
TAOSUV_EXTERN int taosuv_write_block(taosuv_client_t* client, taosuv_write_t* req,
                                     const char* table, size_t length, const taosuv_block_t* block,
                                     taosuv_write_cb cb);

#ifdef __cplusplus
}
#endif

#endif
