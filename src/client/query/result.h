/* A result: what its life (result.c) and its fetching (fetch.c) share. */
#ifndef TUV_CLIENT_RESULT_H
#define TUV_CLIENT_RESULT_H

#include "client/core/failure.h"
#include "client/query/results.h"

struct taosuv_result_s {
  tuv_dependent_t dependent; /* on its connection, or on the client once it needs no connection */
  tuv_mem_t* mem;
  taosuv_client_t* client;   /* NULL when the client is closed */
  tuv_conn_t* conn;          /* NULL when the connection is gone */
  tuv_result_owner_t* owner; /* or NULL */
  tuv_op_t op;               /* the fetch in flight */
  uint64_t id;
  taosuv_field_t* fields; /* one piece of memory with the names; kept when recycled */
  size_t fields_capacity;
  uint32_t fields_count;
  uint8_t precision;
  bool fetch_pending;         /* `op` is in flight or waits for room */
  bool ended;                 /* the server has no more, and has freed it */
  tuv_task_t close;           /* posted by a hook that closed the result */
  bool closed;                /* the caller has closed it; it only waits for the answer in flight */
  bool whole;                 /* its blocks are here, in `stored`: it came over HTTP */
  tuv_refbuf_t* stored;       /* linked by `next` */
  const char* host;           /* that it came from; of a whole one */
  bool block_announced;       /* JSON actions: `fetch` is answered, `fetch_block` in flight */
  uint64_t blocks;            /* seen so far */
  taosuv_block_t* next_block; /* arrived, not yet given to the caller */
  uint64_t server_time;       /* of the last answer */
  taosuv_fetch_t* waiter;
  tuv_failure_t failure; /* status 0: it has not failed. The message is a copy, or static */
  char* message;
};

/* result.c */
void tuv_result_release(taosuv_result_t* result);
void tuv_result_let_owner_go(taosuv_result_t* result);

/* fetch.c */
extern const tuv_op_type_t tuv_fetch_type; /* of taosuv_result_s.op */
/* The result has failed. Each fetch from it fails with this failure. */
void tuv_result_set_failure(taosuv_result_t* result, const tuv_failure_t* failure);
/* Something has arrived, or nothing will: calls who waits for it. */
void tuv_result_wake(taosuv_result_t* result);

#endif
