/* Rules: what is to happen to a request instead of the usual. */
#ifndef TS_SESSION_RULE_H
#define TS_SESSION_RULE_H

#include "codec/result.h"
#include "session/config.h"

typedef enum {
  TS_ANSWER_DEFAULT, /* the usual (after wait_ms) */
  TS_ANSWER_ERROR,   /* `code` and `text` */
  TS_ANSWER_SQL,     /* a query: as if `text` had been the SQL */
  TS_ANSWER_RESULT,  /* a query: `result` */
  TS_ANSWER_BLOCK,   /* a fetch (fetch_raw_block, fetch_block): `data` as the block */
  TS_ANSWER_TEXT,    /* `data` as a text message */
  TS_ANSWER_BINARY,  /* `data` as a binary message */
  TS_ANSWER_NOTHING,
  TS_ANSWER_CLOSE, /* a close frame with `code` (0: empty) and reason `text`, then the end */
  TS_ANSWER_CUT,   /* the connection ends at once */
  TS_ANSWER_RESET, /* the same by RST */
  TS_ANSWER_PATCH  /* the usual, if it is given at once, with `data` written over the first bytes
                      * of each message that are equal to `find`: a malformed block, a wrong type */
} ts_answer_t;

/* Texts and data are copied, `result` is referenced. The first rule that matches is applied. */
typedef struct ts_rule_s {
  const char* action; /* as replies name it ("query", "binary_query", …); NULL: any */
  const char* sql;    /* a part of the request's SQL; NULL: any or none */
  uint32_t skip;      /* the first matches are left alone */
  uint32_t times;     /* then it is applied this often; 0: always */
  uint32_t wait_ms;   /* meanwhile other requests of the connection are answered */
  ts_answer_t answer;
  int code;
  const char* text;
  ts_result_t* result;
  const void* data;
  size_t size;
  const void* find; /* PATCH: `size` bytes to look for */
  /* The request's id is put into `data`: for TEXT in place of each $REQ_ID, for BINARY at offset
   * 26 (that of a fetch_raw_block reply). */
  bool put_req_id;
} ts_rule_t;

/* Returns the rule's number, for the two calls below. */
uint32_t ts_server_add_rule(ts_server_t* server, const ts_rule_t* rule);
uint64_t ts_server_rule_hits(const ts_server_t* server, uint32_t rule); /* how often applied */
void ts_server_remove_rule(ts_server_t* server, uint32_t rule);         /* 0: all */

#endif
