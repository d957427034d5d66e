/* Consumers of the bundled server on plain sockets: requests one after another, messages read. */
#ifndef TS_TEST_TMQ_CLIENT_H
#define TS_TEST_TMQ_CLIENT_H

#include "store/wal.h"
#include "ws_client.h"

#define TC_CLIENTS 5

typedef struct tc_s {
  wc_t wc; /* first: its set-up and tear-down are this one's too */
  wc_client_t more[TC_CLIENTS];
  uint64_t message[TC_CLIENTS]; /* the last one's id */
  size_t now;                   /* the client that the calls are about */
  int type;                     /* of the last message */
  int vgroup;
  long long offset;
} tc_t;

int tc_setup(void** state);
int tc_setup_as(void** state, const char* version); /* of the server */
int tc_teardown(void** state);

void tc_sql(tc_t* f, const char* sql); /* on the server, without a connection */
void tc_use(tc_t* f, size_t client);   /* 0 to TC_CLIENTS - 1; 0 at first */
void tc_open(tc_t* f);                 /* again: what was there is cut */
void tc_cut(tc_t* f);                  /* and the server has seen it */
/* The reply to a request, which must come. Good until the next call. */
const char* tc_text(tc_t* f, const char* request);
const ts_buf_t* tc_binary(tc_t* f, const char* request);
/* The reply is this text, in which # stands for a number. */
void tc_says(tc_t* f, const char* request, const char* expected);
bool tc_has(tc_t* f, const char* request, const char* part);
void tc_silent(tc_t* f, const char* request); /* there is no reply before that of `version` */

#define TC_SUBSCRIBE(req_id, group, reset, topic)                                                  \
  "{\"action\":\"subscribe\",\"args\":{\"req_id\":" req_id                                         \
  ",\"user\":\"root\",\"password\":\"taosdata\",\"group_id\":\"" group                             \
  "\",\"client_id\":\"c\",\"offset_reset\":\"" reset "\",\"topics\":[\"" topic                     \
  "\"],\"auto_commit\":\"false\",\"enable_batch_meta\":\"1\"}}"

void tc_subscribe(tc_t* f, const char* group, const char* reset, const char* topic); /* opens too */
int tc_poll(tc_t* f, int blocking_ms); /* the message's type; 0: none came */
char* tc_json_meta(tc_t* f);           /* of the last message; the caller frees it */
void tc_commit(tc_t* f);

/* Blocks that came, copied. */
typedef struct tc_blocks_s {
  ts_buf_t list[64];
  char tables[64][32];
  size_t count;
  uint64_t rows;
  unsigned metas;    /* messages of metadata */
  unsigned messages; /* all */
} tc_blocks_t;

void tc_blocks_free(tc_blocks_t* blocks);
void tc_read(tc_t* f, tc_blocks_t* blocks);  /* the last message, by fetch_raw_data */
void tc_drain(tc_t* f, tc_blocks_t* blocks); /* polls until nothing is there */

#endif
