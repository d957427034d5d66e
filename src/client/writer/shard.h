/* A shard of a writer gathers the rows of some tables, and writes them in order. While an attempt is
 * in flight it gathers more. What it had gathered when it last had nothing to send is its backlog. The
 * backlog is sent in batches; a batch that is refused or lost is sent again in smaller parts. Rows of
 * the backlog are counted from 0, in the order in which they are sent. */
#ifndef TUV_CLIENT_WRITER_SHARD_H
#define TUV_CLIENT_WRITER_SHARD_H

#include "client/writer/shard_type.h"
#include "util/arena.h"

typedef enum {
  TUV_SHARD_OPENING,
  TUV_SHARD_IDLE,      /* there is no backlog */
  TUV_SHARD_IN_FLIGHT, /* a part of the backlog was sent */
  TUV_SHARD_PAUSING,   /* until the next part is sent, or the same one again */
  TUV_SHARD_REFUSED,   /* a part could not be sent at all: the next step reports it */
  TUV_SHARD_REPORTING, /* on_report reads what is noted */
  TUV_SHARD_RENEWING   /* its statement is being prepared again */
} tuv_shard_state_t;

struct tuv_shard_s {
  taosuv_writer_t* writer;
  uint8_t state; /* tuv_shard_state_t */
  /* What is gathered. */
  uint64_t rows, bytes;
  uint64_t first; /* the number of its first row */
  uint64_t since; /* when the first row was added, by tuv_now */
  bool due;       /* it is to be sent, whatever its size and age */
  bool alone;     /* a large call waits until nothing is gathered */
  /* The backlog. */
  uint32_t backlog;         /* its rows; 0: there is none */
  uint64_t in_flight_rows;  /* its rows that are neither written nor reported */
  uint64_t in_flight_bytes; /* their bytes */
  uint64_t in_flight_first; /* the number of the first row of the backlog */
  uint32_t from, to;        /* the part in flight, or to be sent next */
  uint32_t end;             /* where the batch of the part ends */
  uint32_t maybe_to;        /* rows before this one may have been executed by earlier attempts */
  /* The size of parts: see divide.h. */
  uint32_t length;   /* rows of a part, after refusals in this batch */
  uint32_t most;     /* rows of a part, after lost attempts; UINT32_MAX: any number */
  uint32_t refusals; /* how many more refusals this batch is divided after */
  uint32_t losses;   /* attempts lost in a row */
  uint32_t arrivals; /* parts that were written since `most` changed */
  uint32_t patience; /* how many of them it takes for `most` to grow */
  bool divided;      /* a part of this batch was sent, not the whole of it */
  /* The attempt. */
  uint32_t attempts; /* of this part */
  uint64_t begun;    /* when the first attempt since the server last answered was made */
  uint64_t tried_at; /* when the last attempt was made */
  uint64_t retry_at; /* when the next attempt is made */
  bool fresh;        /* `begun` is not set yet */
  bool last_chance;  /* retry_ms are over: the next attempt is the last one */
  bool overdue;      /* a limit has passed; it counts once what has arrived was read */
  bool held;         /* an attempt that was reported may still be executed */
  uint64_t held_at;  /* since when */
  int refusal;       /* REFUSED: the error */
  tuv_errmsg_t refusal_text;
  /* The statement. */
  bool stale;  /* its table has changed: it is renewed before the shard takes more rows */
  int renewal; /* the error that callers get until it is tried again; 0: none */
  /* What is noted for a report. */
  tuv_arena_t names;
  taosuv_writer_range_t* ranges;
  size_t nranges, ranges_size;
  bool no_ranges; /* there was no memory to note them */
};

/* Whether the shard takes rows of about `size` bytes. Returns 0, or an error whose text is in the
 * writer. A call that is so large that others would make the message too large goes alone. */
int tuv_shard_check(tuv_shard_t* shard, uint64_t size);
/* `rows` were added. Sends what is gathered, if that is enough. */
void tuv_shard_added(tuv_shard_t* shard, uint64_t rows);
/* Whether it has rows with numbers below `upto` that are neither written nor reported. */
bool tuv_shard_has(const tuv_shard_t* shard, uint64_t upto);
/* Does what is due, which may call back. Returns when the next step is due. */
uint64_t tuv_shard_step(tuv_shard_t* shard, uint64_t now);
/* The type reports: an attempt is over; the renewal is over. `req` has the outcome; it is NULL for a
 * renewal that could not be begun. */
void tuv_shard_done(tuv_shard_t* shard, const taosuv_req_t* req, int64_t affected_rows);
void tuv_shard_renewed(tuv_shard_t* shard, int status, const taosuv_req_t* req);

#endif
