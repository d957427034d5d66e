/* Shared by the tests of hostile servers: a lie is a rule of the server that the client must
 * detect. */
#ifndef TUV_TEST_INTEGRATION_HOSTILE_H
#define TUV_TEST_INTEGRATION_HOSTILE_H

#include "fixture.h"

/* Time limits far longer than any case takes, and a small limit of size. */
#define HOSTILE_KEYS "request_timeout=30000&connect_timeout=30000&max_message_size=200000"
#define HOSTILE_SQL "select * from bench.rows_10_10"

/* The beginning of a correct answer. */
#define HOSTILE_HEAD "{\"code\":0,\"message\":\"\",\"action\":\"x\",\"req_id\":$REQ_ID,\"timing\":1"

typedef enum { EXEC, QUERY, FETCH, VERSION, STATUS, CURRENT_DB, OPEN } operation_t;

/* A lie in a text message. Its name is that of its test. */
typedef struct lie_s {
  const char* name;
  operation_t operation;
  int status;         /* the expected status */
  const char* text;   /* the answer: with $REQ_ID */
  const char* action; /* NULL: the operation's own */
} lie_t;

/* A client that is logged in and has read one result, from a server that has only JSON actions. */
taosuv_client_t* hostile_client(it_t* it);
taosuv_client_t* hostile_client_old(it_t* it);

/* Starts the operation: HOSTILE_SQL, the fetch of its result, or another request. */
int hostile_start(it_t* it, taosuv_client_t* client, it_op_t* op, operation_t operation);

/* Runs the operation while the rule applies and requires the status; twice for a fetch, because a
 * failed result stays failed. Then checks that the client works. */
void hostile_tell(it_t* it, taosuv_client_t* client, operation_t operation, const ts_rule_t* rule,
                  int expected);
void hostile_tell_text(it_t* it, taosuv_client_t* client, const lie_t* lie);

/* After a lie at the time `since`: asserts that no time has passed, and that the client works. */
void hostile_goes_on(it_t* it, taosuv_client_t* client, uint64_t since);

/* The tests of one program: first those from tables, then the others. */
void hostile_add(const char* name, CMUnitTestFunction function, const void* param);
int hostile_run(const char* name, const struct CMUnitTest* others, size_t count);

#endif
