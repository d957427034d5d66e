/* Spoiled replies: a peer in memory plays recorded conversations to the public API, with one reply
 * changed in one way. Each way is a separate case. */
#ifndef TUV_TEST_TORTURE_SPOILED_H
#define TUV_TEST_TORTURE_SPOILED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "client/pool/client.h"
#include "mem_stream.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- what the peer answers: spoiled_script.c ---- */

typedef enum { SP_TEXT = 1, SP_BINARY, SP_HTTP } sp_kind_t;

typedef struct sp_answer_s {
  char action[32];
  sp_kind_t kind;
  uint8_t* bytes; /* NULL: it gets no answer */
  size_t size;
  int http_status;
  int step; /* the step of the scene in which it was sent unchanged; -1: not sent yet */
} sp_answer_t;

/* The source of an answer: the n-th answer to `action` in a recording; the n-th line of rest.jsonl;
 * or, without a recording, the text. HTTP answers have a status in `http`. */
typedef struct sp_source_s {
  const char* recording;
  const char* action;
  unsigned nth;
  const char* text;
  int http;
  const char* as; /* the action that it answers, if it differs from `action` */
} sp_source_t;

enum { SP_ANSWERS = 48 };

typedef struct sp_script_s {
  sp_answer_t list[SP_ANSWERS];
  unsigned count;
} sp_script_t;

void sp_script_load(sp_script_t* script, const sp_source_t* sources, unsigned count);
void sp_script_free(sp_script_t* script);

/* ---- ways to spoil a message ---- */

typedef struct sp_stream_s sp_stream_t;

/* The expected outcome. */
typedef enum {
  SP_SAME_OR_ERROR, /* each operation fails, or gives the same result as with the unchanged reply */
  SP_ANY,           /* it may also succeed with the value that was sent instead of the right one */
  SP_SAME,          /* the change is harmless: all results are the same */
  SP_ERROR          /* at least one operation fails, and none gives a different result */
} sp_verdict_t;

/* A reply that is due. */
typedef struct sp_message_s {
  const sp_answer_t* answer;
  const uint8_t* bytes;
  size_t size;
  uint64_t req_id;
  uint64_t other_id; /* id of another waiting request; 0: none */
} sp_message_t;

typedef struct sp_spoilt_s {
  sp_verdict_t verdict;
  char note[96];
  char key[32]; /* text that the error must contain; "": any */
} sp_spoilt_t;

/* Sends the message, changed in way number `n`. Returns false and sends nothing if there is no such
 * way. The same number always makes the same change. */
typedef bool (*sp_way_t)(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                         sp_spoilt_t* spoilt);

bool sp_spoil_json(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt);
bool sp_spoil_binary(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt);
bool sp_spoil_message(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                      sp_spoilt_t* spoilt);
bool sp_spoil_frames(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt);
bool sp_spoil_deflate(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                      sp_spoilt_t* spoilt);
bool sp_spoil_gzip(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt);
bool sp_spoil_http(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt);
/* The number of ways is unlimited: `n` is a seed. */
bool sp_spoil_random(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt);

/* ---- the peer: spoiled_peer.c ---- */

enum { SP_STREAMS = 24 };

typedef struct sp_run_s sp_run_t;

struct sp_stream_s {
  mem_stream_t mem;
  sp_run_t* run;
  unsigned index; /* number of streams of the run */
  bool open;      /* not freed */
  bool upgraded;
  size_t seen; /* of mem.written */
  unsigned replies;
  uint8_t* held; /* bytes to be sent after the next reply */
  size_t held_size;
  bool ended;
};

/* The reply of the first connection (with `always`: of each connection) that is changed. */
typedef struct sp_plan_s {
  sp_way_t way; /* NULL: none */
  uint32_t n;
  unsigned at; /* number of the reply, from 0 */
  bool always;
  bool exhausted; /* out: there is no such way */
  bool done;      /* out: it was sent */
  sp_spoilt_t spoilt;
} sp_plan_t;

int sp_connect(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host, uint16_t port,
               bool nodelay, tuv_route_t* route, const tuv_stream_events_t* events, void* context,
               tuv_stream_t** stream);
/* Answers the received requests; returns whether there were any. */
bool sp_peer_look(sp_run_t* run);
bool sp_peer_busy(const sp_run_t* run);
unsigned sp_peer_cut(sp_run_t* run); /* ends all connections; returns their number */
void sp_peer_free(sp_run_t* run);

/* For the functions that change replies. */
void sp_send(sp_stream_t* to, sp_kind_t kind, const void* bytes, size_t size, int http_status);
void sp_frame(sp_stream_t* to, unsigned first_byte, const void* bytes, size_t size);
void sp_raw(sp_stream_t* to, const void* bytes, size_t size);
void sp_hold(sp_stream_t* to, const sp_message_t* message);
void sp_end(sp_stream_t* to, int status);

/* ---- a scene: the calls of the client; spoiled_scene_*.c ---- */

enum { SP_OPS = 32, SP_REPLIES = 64 };

typedef union sp_req_s {
  taosuv_req_t req;
  taosuv_open_t open;
  taosuv_exec_t exec;
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  taosuv_ping_t ping;
  taosuv_server_version_t version;
  taosuv_server_status_t status;
  taosuv_current_db_t db;
  taosuv_table_vgroups_t vgroups;
  taosuv_insert_lines_t lines;
  taosuv_stmt_prepare_t prepare;
  taosuv_stmt_exec_t stmt;
  taosuv_subscribe_t subscribe;
  taosuv_list_topics_t topics;
  taosuv_poll_t poll;
  taosuv_commit_t commit;
  taosuv_offsets_t offsets;
  taosuv_assignment_t assignment;
  taosuv_seek_t seek;
  taosuv_write_t write;
  taosuv_consumer_close_t close;
} sp_req_t;

/* One operation of a run. */
typedef struct sp_op_s {
  sp_req_t req;
  const char* name;
  unsigned step; /* of the scene */
  bool accepted, done;
  int status;
  uint64_t hash; /* hash of its results */
  char message[256];
} sp_op_t;

typedef struct sp_scene_s {
  const char* name;
  const char* url;
  bool consumer;
  bool recovers;   /* a malformed reply is requested again, without an error */
  bool compressed; /* only compressed messages are changed; needs zlib */
  bool alone;      /* a lost connection cannot be replaced: there is no memory for another */
  unsigned from;   /* earlier replies are covered by another scene */
  bool gathers;    /* requests that arrive together are answered in reverse order */
  const sp_source_t* sources;
  unsigned nsources;
  void (*step)(sp_run_t* run); /* starts the next operation; called again when it is done */
  sp_script_t script;          /* loaded once */
  sp_op_t good[SP_OPS];        /* the results with unchanged replies */
  unsigned ngood, nreplies;
  const sp_answer_t* replies[SP_REPLIES]; /* in their order */
} sp_scene_t;

struct sp_run_s {
  sp_scene_t* scene;
  uv_loop_t* loop;
  taosuv_client_t* client;
  taosuv_consumer_t* consumer;
  alloc_probe_t probe;
  sp_plan_t plan[2];
  sp_stream_t streams[SP_STREAMS];
  unsigned nstreams;
  sp_op_t ops[SP_OPS];
  unsigned nops, pending;
  unsigned step;
  unsigned phase;    /* 0: the scene; 1: the check after it, with a correct peer */
  unsigned progress; /* grows with every event */
  unsigned faults;   /* number of faults */
  bool used[SP_STREAMS][SP_ANSWERS];
  const char* unknown; /* a request without an answer in the script */
  bool closed;
  taosuv_result_t* result; /* of the step */
  taosuv_stmt_t* stmt;
  taosuv_message_t* message;
  sp_op_t* push; /* an operation that waits for a message, or for the consumer to give up */
};

extern sp_run_t* sp_current;

/* ---- operations: spoiled_ops.c ---- */

sp_op_t* sp_op(sp_run_t* run, const char* name);
/* Takes the status of the call: after an error there is no callback, so the scene continues at
 * once. */
void sp_began(sp_run_t* run, sp_op_t* op, int status);
void sp_hash(sp_op_t* op, const void* bytes, size_t size);
void sp_hash_number(sp_op_t* op, uint64_t number);
void sp_hash_text(sp_op_t* op, const char* text);
/* Records the completion. The caller then calls sp_next. */
sp_op_t* sp_done(taosuv_req_t* req, int status);
void sp_next(sp_run_t* run);
/* Touches, formats and hashes every cell. */
void sp_read_block(sp_op_t* op, const taosuv_block_t* block);
void sp_read_fields(sp_op_t* op, const taosuv_field_t* fields, uint32_t count);
/* Takes the result of a query or a statement; it becomes the run's result. */
void sp_take_result(sp_run_t* run, sp_op_t* op, int status, taosuv_result_t* result,
                    int64_t affected_rows);

void sp_open(sp_run_t* run);
void sp_exec(sp_run_t* run, const char* sql);
void sp_query(sp_run_t* run, const char* sql); /* sets run->result */
void sp_fetch(sp_run_t* run);                  /* fetches run->result; closes it at its end */
void sp_ping(sp_run_t* run);
void sp_version(sp_run_t* run);
void sp_status(sp_run_t* run);
void sp_db(sp_run_t* run);
void sp_lines(sp_run_t* run, int format, const char* text);
void sp_fault(sp_run_t* run, const char* format, ...) __attribute__((format(printf, 2, 3)));

void sp_on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event, void* data);

/* ---- running: spoiled_run.c ---- */

/* One run with up to two plans; returns the number of faults. */
unsigned sp_run(sp_scene_t* scene, uv_loop_t* loop, sp_plan_t plan[2], unsigned* nops);
/* Loads the script, and records the expected results. */
void sp_scene_begin(sp_scene_t* scene, uv_loop_t* loop);
void sp_scene_end(sp_scene_t* scene);

extern sp_scene_t* const sp_scenes_client[];
extern const unsigned sp_scenes_client_count;
extern sp_scene_t* const sp_scenes_stmt[];
extern const unsigned sp_scenes_stmt_count;
extern sp_scene_t* const sp_scenes_tmq[];
extern const unsigned sp_scenes_tmq_count;
extern sp_scene_t* const sp_scenes_rest[];
extern const unsigned sp_scenes_rest_count;

#endif
