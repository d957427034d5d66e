/* What the files of the writer share: its lanes, and what a lane is made of. */
#ifndef TUV_CLIENT_WRITER_H
#define TUV_CLIENT_WRITER_H

#include "client/private.h"
#include "taosuv/writer.h"
#include "util/arena.h"

typedef struct tuv_lane_s tuv_lane_t;

/* What a lane gathers and how it is written: rows by a statement, or lines. */
typedef struct tuv_lane_type_s {
  size_t size; /* of the lane's struct, which begins with a tuv_lane_t */
  bool asks;   /* it has something to ask the server before it can begin */
  /* Begins to make it ready. Returns 0 or an error. If it asks, tuv_lane_ready follows from a later
   * turn; else the writer's first step makes it ready. */
  int (*open)(tuv_lane_t* lane, const taosuv_writer_options_t* options, tuv_errmsg_t* err);
  /* Bytes of what is gathered. */
  size_t (*bytes)(tuv_lane_t* lane);
  /* Notes in lane->ranges what is gathered, or the part that is chosen. */
  void (*note)(tuv_lane_t* lane, bool part);
  /* How many tables or lines the batch has that was given to tuv_lane_done last; and chooses of
   * these what is sent again. Returns how many rows that are. */
  uint32_t (*units)(tuv_lane_t* lane);
  uint64_t (*choose)(tuv_lane_t* lane, uint32_t from, uint32_t to);
  /* Begins to make it ready again, for what the server has now; nothing is gathered nor in flight.
   * tuv_lane_renewed follows from a later turn. Returns 0, or an error and nothing has changed.
   * NULL: there is no need for it. */
  int (*renew)(tuv_lane_t* lane, tuv_errmsg_t* err);
  /* Begins to write what is gathered, or `again` the batch that was given to tuv_lane_done last;
   * tuv_lane_done follows from a later turn. Returns 0, or an error and nothing has changed. */
  int (*send)(tuv_lane_t* lane, bool again, tuv_errmsg_t* err);
  /* Drops what is gathered. */
  void (*drop)(tuv_lane_t* lane);
  /* Frees all but the lane; nothing is in flight. */
  void (*close)(tuv_lane_t* lane);
} tuv_lane_type_t;

extern const tuv_lane_type_t tuv_lane_rows;
extern const tuv_lane_type_t tuv_lane_lines;

typedef enum {
  TUV_LANE_OPENING,
  TUV_LANE_IDLE,
  TUV_LANE_FLYING, /* its batch is on its way */
  TUV_LANE_PAUSING, /* before its batch is sent again */
  TUV_LANE_REFUSED, /* its batch could not even be given away; to be told in the next step */
  TUV_LANE_TELLING, /* on_report is reading what is noted */
  TUV_LANE_RENEWING /* its statement is being prepared again */
} tuv_lane_state_t;

struct tuv_lane_s {
  taosuv_writer_t* writer;
  /* gathered */
  uint64_t rows, bytes;
  uint64_t first, last; /* numbers of its first and last row */
  uint64_t since;       /* loop time of the first one */
  /* in flight, or to be sent again */
  uint64_t flying_rows, flying_bytes;
  uint64_t flying_first;
  uint64_t begun;       /* loop time of its first attempt, or of the first one to give it away */
  uint64_t retry_at;
  uint32_t attempts;
  unsigned int flags;   /* TAOSUV_ERR_MAYBE_EXECUTED of an earlier attempt */
  /* A batch that was refused, in parts */
  uint32_t units;       /* tables or lines of it; 0: it is whole … */
  uint32_t from, to;    /* … of which these are in flight; those before are written or reported */
  uint32_t refusals;    /* that may be met */
  uint64_t part_rows;
  uint8_t state;        /* tuv_lane_state_t */
  bool due;             /* what is gathered is to be sent … */
  bool blocked;         /* … and the client's queue was full */
  bool no_ranges;       /* there was no memory to note them */
  bool alone;           /* something large waits until nothing is gathered */
  bool stale;           /* the table has changed: to be renewed before it takes more … */
  int renewal;          /* … and why that failed last (until it is tried again), for the callers */
  int refusal;
  tuv_errmsg_t refusal_text;
  /* noted when it was sent */
  tuv_arena_t names;
  taosuv_writer_range_t* ranges;
  size_t nranges, ranges_size;
};

struct taosuv_writer_s {
  tuv_queue_t link; /* in the client's writers */
  taosuv_client_t* client; /* NULL once it is closed */
  uv_loop_t* loop;
  tuv_mem_t* mem;   /* the client's, kept by a piece of memory of it */
  const tuv_lane_type_t* type;
  tuv_lane_t** lanes;
  uint32_t nlanes;
  uint32_t nbegun;  /* of the lanes, whose opening has begun … */
  uint32_t opening; /* … and of these, that are not ready */
  uv_timer_t timer;
  uint64_t wake_at; /* loop time for which it is set; UINT64_MAX: it is not */
  bool in_step;     /* to do things once, however they come */
  bool in_timer;    /* some versions of libuv run a timer of 0 ms again in the same turn */
  bool queue_full;  /* the client's: to be tried again soon */
  taosuv_writer_options_t options;
  taosuv_writer_open_t* open; /* NULL once it is done */
  int open_status;
  bool named;     /* rows: the SQL has a `?` for the table's name … */
  uint32_t ntags; /* … and so many for tags */
  char* texts[3]; /* of the options: SQL, table, table_name_key */
  uint64_t lane_limit; /* bytes that a lane may gather while it is busy */
  uint64_t taken;      /* rows: the number of the next one */
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

/* writer_lane.c */
/* A lane's batch is done, well (0) or not; `req` says more. */
void tuv_lane_done(tuv_lane_t* lane, const taosuv_req_t* req, int64_t affected_rows);
/* The name of a table of what is being noted. */
void tuv_lane_note(tuv_lane_t* lane, const char* table, size_t length, uint64_t first,
                   uint64_t last, uint64_t rows);
/* `rows` were added. */
void tuv_lane_added(tuv_lane_t* lane, uint64_t rows);
/* Whether a lane takes something of about this size; else an error, with its text in the writer's.
 * What is large enough to make a message too large together with others goes alone. */
int tuv_lane_check(tuv_lane_t* lane, uint64_t size);
/* It was renewed, well (0) or not; `req` says more, if there was one. */
void tuv_lane_renewed(tuv_lane_t* lane, int status, const taosuv_req_t* req);
/* Whether it has rows with numbers below this one that are neither written nor reported. */
bool tuv_lane_has(const tuv_lane_t* lane, uint64_t upto);
/* Does what is due for a lane, which may call back; returns when it is to be looked at again. */
uint64_t tuv_lane_step(tuv_lane_t* lane, uint64_t now);

/* writer_divide.c */
/* Rows of the batch that are in flight. */
uint64_t tuv_lane_part(const tuv_lane_t* lane);
/* A part of it that is to be sent in the next step. */
void tuv_lane_choose(tuv_lane_t* lane, uint32_t from, uint32_t to);
/* The server has refused what was in flight: whether a part of it is sent now; else what is chosen
 * is to be reported. */
bool tuv_lane_divide(tuv_lane_t* lane, const taosuv_req_t* req, uint64_t now);

/* writer_step.c */
/* When the client's queue is full: when to try again. */
#define TUV_WRITER_QUEUE_PAUSE 10u
/* Lets every lane do what is due and tells whoever waits. Calls back. */
void tuv_writer_step(taosuv_writer_t* writer);
void tuv_writer_wake(taosuv_writer_t* writer); /* a step in a later turn */
void tuv_writer_expect(taosuv_writer_t* writer, uint64_t at);

/* writer.c */
/* How long a batch is tried when nothing is said. */
#define TUV_WRITER_RETRY 60000u
/* A lane was opened, well (0) or not; `req` says more, if there was one. The last one calls
 * back. */
void tuv_lane_ready(tuv_lane_t* lane, int status, const taosuv_req_t* req);
/* Goes on with the opening; may call back. */
void tuv_writer_open_more(taosuv_writer_t* writer);
tuv_lane_t* tuv_writer_lane(taosuv_writer_t* writer, const void* key, size_t size);
int tuv_writer_check(taosuv_writer_t* writer, const tuv_lane_type_t* type);
void tuv_writer_release(taosuv_writer_t* writer);

#endif
