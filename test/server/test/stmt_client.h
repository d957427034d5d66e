/* What the tests of the bundled server's statements share: requests, messages, comparisons. */
#ifndef TS_TEST_STMT_CLIENT_H
#define TS_TEST_STMT_CLIENT_H

#include "bind_message.h"
#include "ws_client.h"

/* Another server if a version is given; database d with st (ts, v int, s varchar(8)) tags (g int,
 * l nchar(4)) and the same columns in t; and a login with d. */
void sc_start(wc_t* f, const char* version);
void sc_log_in(wc_t* f);
void sc_run(wc_t* f, const char* sql); /* without a connection */

/* Waits for the next message after `before` of them, and returns its index. */
size_t sc_wait_reply(wc_t* f, size_t before);
/* Sends an action with these arguments (after req_id), and returns its reply's index. */
size_t sc_ask(wc_t* f, const char* action, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
/* A binary message; the number of those before its reply, and its reply. */
size_t sc_send_message(wc_t* f, uint64_t action, uint64_t stmt, const ts_buf_t* payload);
size_t sc_send_bind(wc_t* f, uint64_t action, uint64_t stmt, const ts_buf_t* payload);
/* A new statement of the second protocol, prepared with its fields; its number is `stmt`. */
size_t sc_prepare2(wc_t* f, uint64_t stmt, const char* sql);
size_t sc_exec2(wc_t* f, uint64_t stmt);

void sc_is_text(wc_t* f, size_t index, const char* part, bool wanted);
void sc_fails(wc_t* f, size_t index, int code, const char* text); /* how the message begins */
#define SC_OK(index) sc_is_text(f, index, "{\"code\":0,", true)

/* The only block of a query, as `fetch_raw_block` carries it; the caller frees it. */
ts_buf_t sc_query_block(wc_t* f, const char* sql);
uint32_t sc_count_rows(wc_t* f, const char* sql);
void sc_same_answers(wc_t* f, const char* a, const char* b);

#define TS0 INT64_C(1700000000000)
extern const int64_t sc_times[3]; /* from TS0 on */
extern const char sc_using_sql[]; /* into st, with both tags and all columns */

/* Items of three rows (ts, v, s): (…, 1, 'a'), (…, NULL, NULL), (…, 3, ''); and of tags. */
void sc_put_rows(ts_buf_t* out, int32_t v_type);
void sc_put_tags(ts_buf_t* out, int32_t g, const char* l);
ts_buf_t sc_plain_payload(int32_t v_type); /* the rows for t */
/* The rows for a1 and d.a2, with the sections that are wanted. */
ts_buf_t sc_two_tables(bool names, bool tags, bool columns);

#endif
