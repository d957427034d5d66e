/* What the files of the writer share: its shards, and what a shard is made of. */
#ifndef TUV_CLIENT_WRITER_H
#define TUV_CLIENT_WRITER_H

#include "client/conn/conn.h"
#include "taosuv/writer.h"
#include "util/arena.h"

typedef struct tuv_shard_s tuv_shard_t;

/* What a shard gathers and how it is written: rows by a statement, or lines. */
typedef struct tuv_shard_type_s {
  size_t size;      /* of the shard's struct, which begins with a tuv_shard_t */
  const char* name; /* of what it gathers, for error texts */
  bool asks;        /* it has something to ask the server before it can begin */
  /* Begins to make it ready. Returns 0 or an error. If it asks, tuv_shard_ready follows from a
   * later turn; otherwise the writer's first step makes it ready. */
  int (*open)(tuv_shard_t* shard, const taosuv_writer_options_t* options, tuv_errmsg_t* err);
  /* Bytes of what is gathered. */
  size_t (*bytes)(tuv_shard_t* shard);
  /* What is gathered becomes the backlog; there is none. */
  void (*take)(tuv_shard_t* shard);
  /* How many rows of the backlog from `from` on, at most `rows`, have about so many bytes; at
   * least 1. */
  uint64_t (*fit)(tuv_shard_t* shard, uint32_t from, uint32_t rows, size_t bytes);
  /* Where the rows of a table end, behind row `from` of the backlog and, if `last`, for the last
   * time up to `to` (0: nowhere). NULL: they have no tables. */
  uint32_t (*table_end)(tuv_shard_t* shard, uint32_t from, uint32_t to, bool last);
  /* Notes in shard->ranges the rows of the backlog from shard->from to shard->to. */
  void (*note)(tuv_shard_t* shard);
  /* Begins to make it ready again, for what the server has now; there is no backlog and nothing is
   * gathered. tuv_shard_renewed follows from a later turn. Returns 0, or an error and nothing has
   * changed. NULL: there is no need for it. */
  int (*renew)(tuv_shard_t* shard, tuv_errmsg_t* err);
  /* Begins to write the rows of the backlog from shard->from to shard->to; tuv_shard_done follows
   * from a later turn. Its request keeps waiting after its time limit (tuv_req_t). Returns 0, or an
   * error and nothing has changed. */
  int (*send)(tuv_shard_t* shard, tuv_errmsg_t* err);
  /* The request of the attempt in flight, and the connection that it went over, or NULL. */
  taosuv_req_t* (*request)(tuv_shard_t* shard);
  tuv_conn_t* (*conn)(tuv_shard_t* shard);
  /* Drops the backlog; nothing of it is in flight. */
  void (*drop)(tuv_shard_t* shard);
  /* Frees all but the shard; nothing is in flight. */
  void (*close)(tuv_shard_t* shard);
} tuv_shard_type_t;

extern const tuv_shard_type_t tuv_shard_rows;
extern const tuv_shard_type_t tuv_shard_lines;

typedef enum {
  TUV_SHARD_OPENING,
  TUV_SHARD_IDLE,
  TUV_SHARD_IN_FLIGHT, /* a part of its backlog is on its way */
  TUV_SHARD_PAUSING,   /* before the next part is sent, or the same one again */
  TUV_SHARD_REFUSED,   /* what could not be sent at all is to be reported in the next step */
  TUV_SHARD_TELLING,   /* on_report is reading what is noted */
  TUV_SHARD_RENEWING   /* its statement is being prepared again */
} tuv_shard_state_t;

struct tuv_shard_s {
  taosuv_writer_t* writer;
  /* gathered */
  uint64_t rows, bytes;
  uint64_t first; /* number of its first row */
  uint64_t since; /* loop time of the first one */
  /* The backlog: what was gathered when the shard last had nothing to send. It is sent in batches,
   * and a batch that is refused or lost in parts; rows are counted from 0 in the order in which
   * they are sent. */
  uint32_t backlog;                         /* its rows; 0: there is none */
  uint64_t in_flight_rows, in_flight_bytes; /* of it, neither written nor reported */
  uint64_t in_flight_first;
  uint32_t from, to; /* the part in flight or to be sent next; rows before it are done */
  uint32_t end;      /* where its batch ends */
  uint32_t length;   /* rows of a part, because of refusals in this batch … */
  uint32_t most;     /* … and because of lost attempts; UINT32_MAX: any number */
  uint32_t refusals; /* that this batch may still meet */
  uint32_t maybe_to; /* rows before it may have been executed by earlier attempts */
  uint32_t losses;   /* attempts lost in a row */
  uint32_t arrivals; /* parts that arrived since `most` was changed, … */
  uint32_t patience; /* … and how many must before it grows */
  uint32_t attempts; /* of this part */
  uint64_t begun;    /* loop time of the first attempt since the server last answered */
  uint64_t tried_at; /* loop time of the last attempt */
  uint64_t retry_at;
  uint64_t held_at; /* loop time since when … */
  bool held;        /* … an attempt that was reported may still be executed */
  bool fresh;       /* `begun` is not set yet */
  bool overdue;     /* a limit has ended, and what has arrived is to be read before it counts */
  bool last_chance; /* retry_ms are over: what comes next is tried once */
  bool divided;     /* a part of this batch was sent, rather than the whole of it */
  uint8_t state;    /* tuv_shard_state_t */
  bool due;         /* what is gathered is to be sent */
  bool no_ranges;   /* there was no memory to note them */
  bool alone;       /* something large waits until nothing is gathered */
  bool stale;       /* the table has changed: to be renewed before it takes more … */
  int renewal;      /* … and why that failed last (until it is tried again), for the callers */
  int refusal;
  tuv_errmsg_t refusal_text;
  /* noted when it was sent */
  tuv_arena_t names;
  taosuv_writer_range_t* ranges;
  size_t nranges, ranges_size;
};

struct taosuv_writer_s {
  void (*step)(taosuv_writer_t* writer); /* tuv_writer_step; shards have it called */
  tuv_dependent_t dependent;             /* on the client */
  taosuv_client_t* client;               /* NULL once it is closed */
  uv_loop_t* loop;
  tuv_mem_t* mem; /* the client's, kept by a piece of memory of it */
  const tuv_shard_type_t* type;
  tuv_shard_t** shards;
  uint32_t nshards;
  uint32_t nbegun;  /* of the shards, whose opening has begun … */
  uint32_t opening; /* … and of these, that are not ready */
  uv_timer_t timer;
  uint64_t wake_at; /* loop time for which it is set; UINT64_MAX: it is not */
  bool in_step;     /* to do things once, however they come */
  bool in_timer;    /* some versions of libuv run a timer of 0 ms again in the same turn */
  bool queue_full;  /* the client's: to be tried again soon */
  taosuv_writer_options_t options;
  taosuv_writer_open_t* open; /* NULL once it is done */
  int open_status;
  bool named;           /* rows: the SQL has a `?` for the table's name … */
  uint32_t ntags;       /* … and so many for tags */
  char* texts[3];       /* of the options: SQL, table, table_name_key */
  uint64_t shard_limit; /* bytes that a shard may gather while it is busy */
  uint64_t taken;       /* rows: the number of the next one */
  taosuv_writer_totals_t totals;
  tuv_queue_t flushes; /* taosuv_writer_flush_t by their private part, in order */
  bool drain_wanted;
  bool closing;
  taosuv_writer_close_cb close_cb;
  void* close_data;
  uint64_t random;  /* for the pauses */
  tuv_errmsg_t err; /* of the last call */
};

/* A flush's insides: overlays its priv. */
typedef struct tuv_flush_s {
  tuv_queue_t link;
  uint64_t upto;    /* rows below this number */
  uint64_t failed;  /* of the writer when it began */
  uint64_t pending; /* not 0: the request is */
} tuv_flush_t;

/* writer_shard.c */
/* An attempt is done, well (0) or not; `req` says more. */
void tuv_shard_done(tuv_shard_t* shard, const taosuv_req_t* req, int64_t affected_rows);
/* `rows` were added. */
void tuv_shard_added(tuv_shard_t* shard, uint64_t rows);
/* Whether a shard takes something of about this size; else an error, with its text in the writer's.
 * What is large enough to make a message too large together with others goes alone. */
int tuv_shard_check(tuv_shard_t* shard, uint64_t size);
/* It was renewed, well (0) or not; `req` says more, if there was one. */
void tuv_shard_renewed(tuv_shard_t* shard, int status, const taosuv_req_t* req);
/* Whether it has rows with numbers below this one that are neither written nor reported. */
bool tuv_shard_has(const tuv_shard_t* shard, uint64_t upto);
/* Does what is due for a shard, which may call back; returns when it is to be looked at again. */
uint64_t tuv_shard_step(tuv_shard_t* shard, uint64_t now);

/* writer_report.c */
/* The name of a table of what is being noted. */
void tuv_shard_note(tuv_shard_t* shard, const char* table, size_t length, uint64_t first,
                    uint64_t last, uint64_t rows);
/* Reports the rows from shard->from to `to`, which are done then. */
void tuv_shard_report(tuv_shard_t* shard, uint32_t to, const tuv_failure_t* failure);
/* Up to where the rows of the batch share one fate: all may have been executed, or none. */
uint32_t tuv_shard_certain(const tuv_shard_t* shard);
/* The same for the whole backlog. What comes behind the batch, and was never sent, is reported by
 * itself: with the same status if there is no client any more or the table has changed. */
void tuv_shard_give_up(tuv_shard_t* shard, const tuv_failure_t* failure);

/* writer_divide.c: which part of the backlog is sent next */
/* What is gathered becomes the backlog, and its first batch is chosen: all of it if it is `whole`,
 * else what a batch may have. */
void tuv_shard_take(tuv_shard_t* shard, bool whole);
/* The rows of the part are written or reported. With `progress` the server has answered, and what
 * comes next has retry_ms of its own. */
void tuv_shard_pass(tuv_shard_t* shard, bool progress);
void tuv_shard_arrived(tuv_shard_t* shard); /* before tuv_shard_pass: the part was written */
void tuv_shard_lost(tuv_shard_t* shard);    /* an attempt was lost: chooses what is sent next */
/* The part was refused, by the server or before it was sent. Returns 0 if a smaller one is sent
 * now; else up to which row it is to be reported. */
uint32_t tuv_shard_refused(tuv_shard_t* shard, int status, int server_code, uint64_t now);

/* writer_step.c */
/* When the client's queue is full: when to try again. */
#define TUV_WRITER_QUEUE_PAUSE 10u
/* Lets every shard do what is due and tells whoever waits. Calls back. */
void tuv_writer_step(taosuv_writer_t* writer);
void tuv_writer_wake(taosuv_writer_t* writer); /* a step in a later turn */
void tuv_writer_expect(taosuv_writer_t* writer, uint64_t at);

/* writer.c */
/* How long a batch is tried at least when nothing is said. */
#define TUV_WRITER_RETRY 120000u
/* A shard was opened, well (0) or not; `req` says more, if there was one. The last one calls
 * back. */
void tuv_shard_ready(tuv_shard_t* shard, int status, const taosuv_req_t* req);
/* Goes on with the opening; may call back. */
void tuv_writer_open_more(taosuv_writer_t* writer);
tuv_shard_t* tuv_writer_shard(taosuv_writer_t* writer, const void* key, size_t size);
int tuv_writer_check(taosuv_writer_t* writer, const tuv_shard_type_t* type);
void tuv_writer_release(taosuv_writer_t* writer);

/* base.c */
void tuv_writer_free_shards(taosuv_writer_t* writer);
void tuv_writer_free_memory(taosuv_writer_t* writer);

/* opening.c */
int tuv_writer_open_shard(taosuv_writer_t* writer);   /* the next one */
void tuv_writer_open_others(taosuv_writer_t* writer); /* as many as the client's queue takes */

#endif
