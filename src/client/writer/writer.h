/* A writer gathers rows or lines in its shards, sends them in batches, and sends again what was lost
 * until it is written or reported.
 *
 * This folder is the writer. Public calls are in writer, rows and lines. A step (step, timer) lets
 * each shard do what is due. A shard (shard, gather, renew) chooses a part of what it has (divide),
 * makes an attempt to write it (attempt, unanswered), and reports what was not written (report).
 * rows and lines are the two types of shards. */
#ifndef TUV_CLIENT_WRITER_WRITER_H
#define TUV_CLIENT_WRITER_WRITER_H

#include "client/writer/shard.h"

/* How long a batch is tried at least when retry_ms is not set, in ms. */
#define TUV_WRITER_RETRY 120000u
/* When the client's queue is full: when to try again, in ms. */
#define TUV_WRITER_QUEUE_PAUSE 10u

struct taosuv_writer_s {
  void (*step)(taosuv_writer_t* writer); /* tuv_writer_step; the parts of the writer call it */
  tuv_dependent_t dependent;             /* on the client */
  taosuv_client_t* client;               /* NULL once it is closed */
  uv_loop_t* loop;
  tuv_mem_t* mem;      /* the client's; the writer lies in a buffer of it */
  uint64_t attempt_ms; /* the time limit of an attempt; UINT64_MAX: there is none */
  bool can_probe;      /* a connection that does not answer can be asked for a sign of life */
  const tuv_shard_type_t* type;
  tuv_shard_t** shards;
  uint32_t nshards;
  uint32_t nbegun;  /* shards whose opening has begun */
  uint32_t opening; /* shards whose opening has begun and is not over */
  uv_timer_t timer;
  uint64_t wake_at; /* when the timer runs; UINT64_MAX: it is not set */
  bool in_step;     /* a step is running */
  bool in_timer;    /* some versions of libuv run a timer of 0 ms again in the same turn */
  bool queue_full;  /* the client's queue had no room: try again soon */
  taosuv_writer_options_t options;
  taosuv_writer_open_t* open; /* NULL once it is done */
  int open_status;
  bool named;           /* rows: the SQL has a `?` for the name of the table */
  uint32_t ntags;       /* rows: the number of `?` for tags in the SQL */
  char* texts[3];       /* copies of the options' SQL, table and table_name_key */
  uint64_t shard_limit; /* bytes that a shard may gather while it is busy */
  uint64_t taken;       /* the number of the next row */
  taosuv_writer_totals_t totals;
  tuv_queue_t flushes; /* tuv_flush_t, in order */
  bool drain_wanted;
  bool closing;
  taosuv_writer_close_cb close_cb;
  void* close_data;
  uint64_t random;  /* the state of the random numbers for pauses */
  tuv_errmsg_t err; /* of the last call */
};

/* The private part of a flush. */
typedef struct tuv_flush_s {
  tuv_queue_t link;
  uint64_t upto;    /* it waits for the rows below this number */
  uint64_t failed;  /* rows that had failed when it began */
  uint64_t pending; /* not 0: the request is pending */
} tuv_flush_t;

/* What a call that adds rows checks first. Returns 0, or an error whose text is in the writer. */
int tuv_writer_check(taosuv_writer_t* writer, const tuv_shard_type_t* type);
/* The shard for a table, which is always the same one. */
tuv_shard_t* tuv_writer_shard(taosuv_writer_t* writer, const void* key, size_t size);

/* Lets every shard do what is due, and calls back those who waited for it. */
void tuv_writer_step(taosuv_writer_t* writer);
/* Has a step made at the moment `at`, or before; in a later turn. */
void tuv_writer_expect(taosuv_writer_t* writer, uint64_t at);
void tuv_writer_wake(taosuv_writer_t* writer); /* as soon as possible */

void tuv_writer_free_shards(taosuv_writer_t* writer);
void tuv_writer_free_memory(taosuv_writer_t* writer);
void tuv_writer_release(taosuv_writer_t* writer); /* frees all, once the timer is closed */

#endif
