/* What a shard gathers and how that is written: rows by a statement (rows.c), or lines (lines.c). */
#ifndef TUV_CLIENT_WRITER_SHARD_TYPE_H
#define TUV_CLIENT_WRITER_SHARD_TYPE_H

#include "client/conn/conn.h"
#include "taosuv/writer.h"

typedef struct tuv_shard_s tuv_shard_t;

typedef struct tuv_shard_type_s {
  size_t size;      /* of the shard's struct, which begins with a tuv_shard_t */
  const char* name; /* of what it gathers, for error texts */
  bool asks;        /* opening a shard needs an answer of the server */
  /* Begins to make the shard ready. Returns 0 or an error. If it asks, tuv_shard_ready follows from
   * a later turn. Otherwise the writer's first step makes it ready. */
  int (*open)(tuv_shard_t* shard, const taosuv_writer_options_t* options, tuv_errmsg_t* err);
  /* The size in bytes of what is gathered. */
  size_t (*bytes)(tuv_shard_t* shard);
  /* Makes the backlog of what is gathered. There is no backlog before. */
  void (*take)(tuv_shard_t* shard);
  /* How many rows of the backlog from `from` on, at most `rows`, take about `bytes`; at least 1. */
  uint64_t (*fit)(tuv_shard_t* shard, uint32_t from, uint32_t rows, size_t bytes);
  /* The row of the backlog before which the rows of a table end: the first such row behind `from`,
   * or with `last` the last one up to `to`; 0: there is none. NULL: rows have no tables. */
  uint32_t (*table_end)(tuv_shard_t* shard, uint32_t from, uint32_t to, bool last);
  /* Calls tuv_shard_note for the rows of the backlog from shard->from to shard->to. */
  void (*note)(tuv_shard_t* shard);
  /* Begins to make the shard ready for what the server has now. There is no backlog, and nothing is
   * gathered. tuv_shard_renewed follows from a later turn. Returns 0, or an error and nothing has
   * changed. NULL: there is nothing to renew. */
  int (*renew)(tuv_shard_t* shard, tuv_errmsg_t* err);
  /* Begins to write the rows of the backlog from shard->from to shard->to; tuv_shard_done follows
   * from a later turn. The request goes on waiting after its time limit (see tuv_req_t). Returns 0,
   * or an error and nothing has changed. */
  int (*send)(tuv_shard_t* shard, tuv_errmsg_t* err);
  /* The request of the attempt in flight, and its connection, or NULL. */
  taosuv_req_t* (*request)(tuv_shard_t* shard);
  tuv_conn_t* (*conn)(tuv_shard_t* shard);
  /* Drops the backlog, of which nothing is in flight. */
  void (*drop)(tuv_shard_t* shard);
  /* Frees everything but the shard itself. Nothing is in flight. */
  void (*close)(tuv_shard_t* shard);
} tuv_shard_type_t;

extern const tuv_shard_type_t tuv_shard_rows;
extern const tuv_shard_type_t tuv_shard_lines;

#endif
