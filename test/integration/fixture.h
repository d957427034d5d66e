/* The fixture of all integration tests: a loop, a server, clients with a counting allocator, and
 * operations that are counted from call to callback.
 *
 * The server is the bundled one, on the test's loop, or that of TAOSUV_TEST_URL: then `it->server`
 * is NULL. A test runs against both, and states what it needs:
 *
 *   it_needs(it, IT_DECIMAL)         a feature of the server (versions.h)
 *   it_needs_ws(it, "pings")         a feature that HTTP does not have
 *   it_proxy(it)                     network failures: cuts, stalls, silence, refusals, delays, by a
 *                                    proxy before either server (proxy.h)
 *   it_numbers(it, client, 12000)    a result of many rows
 *   it_needs_bundled(it)             rules, counters, or breaches of the protocol */
#ifndef TUV_TEST_INTEGRATION_FIXTURE_H
#define TUV_TEST_INTEGRATION_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "proxy.h"
#include "taosuv.h"
#include "testserver.h"
#include "versions.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A test with its own loop, server and allocator; see it_setup and it_teardown. */
#define IT_TEST(name) cmocka_unit_test_setup_teardown(name, it_setup, it_teardown)

enum { IT_CLIENTS = 40, IT_DATABASES = 8, IT_SERVERS = 3, IT_PROXIES = 3 };

typedef struct it_op_s it_op_t;

typedef struct it_slot_s {
  it_t* it;
  taosuv_client_t* client;                             /* NULL once it is closed */
  unsigned closing;                                    /* taosuv_close was called */
  unsigned closed;                                     /* callbacks of it */
  unsigned drains;                                     /* callbacks of on_drain */
  void (*on_drain)(it_t* it, taosuv_client_t* client); /* may be set by a test; the rest is
                                                          private */
} it_slot_t;

/* State of one test. */
struct it_s {
  uv_loop_t loop;
  uv_timer_t watchdog;
  ts_server_t* server; /* NULL: the one of TAOSUV_TEST_URL */
  bool server_closed;
  ts_server_t* others[IT_SERVERS]; /* of cluster.h; NULL: not running */
  proxy_t* proxies[IT_PROXIES];    /* NULL: none */
  uint64_t held_at;                /* bytes that had been sent to the server at it_hold_answers */
  char numbers[128];               /* of it_numbers */
  alloc_probe_t probe;
  it_slot_t slots[IT_CLIENTS];
  char databases[IT_DATABASES][32]; /* to be dropped */
  uint64_t accepted;                /* calls that returned 0 */
  uint64_t completed;               /* callbacks */
  void* param;                      /* the initial state of the test, if any */
};

/* One operation. Zero it before its first use; it may be used again after its callback. */
struct it_op_s {
  union {
    taosuv_req_t req;
    taosuv_open_t open;
    taosuv_exec_t exec;
    taosuv_query_t query;
    taosuv_fetch_t fetch;
    taosuv_ping_t ping;
    taosuv_insert_lines_t lines;
    taosuv_server_version_t version;
    taosuv_server_status_t server_status;
    taosuv_current_db_t current_db;
    taosuv_stmt_prepare_t prepare;
    taosuv_stmt_exec_t stmt_exec;
  };
  it_t* it;
  void (*then)(it_op_t* op); /* called at the end of its callback; may call any function */
  void* data;
  unsigned accepted;
  unsigned completed;
  taosuv_block_t* block; /* of a fetch, referenced: released by it_done */
  char message[256];     /* copies of data that is valid until the callback returns; "" for NULL */
  char host[64];
  char text[128]; /* details, db */
};

int it_setup(void** state);

/* Closes clients and server, then asserts: a callback for every accepted call, one for every
 * taosuv_close, an empty loop, no live memory. */
int it_teardown(void** state);

/* The affected rows that a reply about lines reports after writing `rows`: -1 over HTTP and from
 * older servers, which do not report it. */
int64_t it_told(int64_t rows);
void it_needs_ws(const it_t* it, const char* what); /* features that HTTP does not have: skips
                                                       with a note */
/* Skips the rest of the test, with a note, if the server is not the bundled one. */
void it_needs_bundled(const it_t* it);
/* With another server, prints what the rest of the test omits. */
void it_left_out(const it_t* it, const char* what);
/* For a test with its own URLs: a server without TLS, regardless of the transport. */
void it_plain(it_t* it);
/* The status of a connection that ends without notice: TLS detects that it was cut. */
int it_lost_status(void);
void it_server_stop(it_t* it);
void it_server_start(it_t* it, const ts_config_t* config); /* after it_server_stop */

/* Writes the server's URL with a database ("" for none) and more keys ("a=1&b=2" or ""). */
void it_url(const it_t* it, char* url, size_t size, const char* db, const char* keys);

/* ---- network failures ---- */

/* Puts the proxy before the server: it_url and its callers use the proxy from now on. Further calls
 * return the same one. */
proxy_t* it_proxy(it_t* it);
/* Proxies 0 to `count` - 1 before the one server, which a client uses as `count` hosts;
 * it_url_hosts names them all. */
void it_proxies(it_t* it, size_t count);
void it_url_hosts(const it_t* it, char* url, size_t size, size_t hosts, const char* keys);
/* Holds back the server's answers, on all connections of the first proxy, until it_let_go. */
void it_hold_answers(it_t* it);
void it_let_go(it_t* it); /* removes all failures and rules, on all connections */
/* Whether this number of requests (at least their bytes) has been sent to the server since
 * it_hold_answers. */
void it_until_asked(it_t* it, unsigned requests);
/* Whether this number of bytes has passed the first proxy in one direction since it was created. */
void it_until_passed(it_t* it, proxy_way_t way, uint64_t bytes);
uint64_t it_passed(const it_t* it, proxy_way_t way);
/* The next `times` (0: all) log-ins are not answered, or their connections are cut. Over TLS with
 * another server than the bundled one the test is skipped. */
void it_lose_logins(it_t* it, bool cut, unsigned times);
void it_cut(it_t* it); /* the newest connection of the first proxy */

/* Creates a client, which the tear-down closes unless the test has closed it. */
taosuv_client_t* it_client(it_t* it, const char* keys);
taosuv_client_t* it_client_db(it_t* it, const char* db, const char* keys);
taosuv_client_t* it_client_url(it_t* it, const char* url);
it_slot_t* it_slot(it_t* it, const taosuv_client_t* client);

/* The first calls taosuv_close. The second also runs the loop until the client is closed. The third
 * only runs the loop, for a client that is being closed. */
void it_close(it_t* it, taosuv_client_t* client);
void it_close_wait(it_t* it, taosuv_client_t* client);
void it_closed(it_slot_t* slot);

/* Creates a database of its own for this test ("ms", "us", "ns") and returns its name. */
const char* it_database(it_t* it, taosuv_client_t* client, const char* precision);

/* Drops the databases of this test, so that it can create more: IT_DATABASES at a time. */
void it_drop_databases(it_t* it);

/* Each starts an operation and returns the status of the call. */
int it_open(it_t* it, taosuv_client_t* client, it_op_t* op);
int it_exec(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql);
int it_exec_sized(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql, size_t size);
int it_query(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql);
int it_fetch(it_t* it, taosuv_result_t* result, it_op_t* op);
/* Uses the in-fields of op->lines unchanged. */
int it_lines(it_t* it, taosuv_client_t* client, it_op_t* op, const uv_buf_t* text,
             unsigned int count);
int it_line(it_t* it, taosuv_client_t* client, it_op_t* op, const char* text);
int it_ping(it_t* it, taosuv_client_t* client, it_op_t* op);
int it_version(it_t* it, taosuv_client_t* client, it_op_t* op);
int it_status(it_t* it, taosuv_client_t* client, it_op_t* op, const char* fqdn, int port);
int it_current_db(it_t* it, taosuv_client_t* client, it_op_t* op);
int it_prepare(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql);
int it_reprepare(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, const char* sql);
int it_stmt_exec(it_t* it, taosuv_stmt_t* stmt, it_op_t* op);

/* Runs the loop until the operation has completed and returns its status. */
int it_wait(it_op_t* op);
/* The same for a call that must have succeeded: it_end(it_exec(it, client, &op, sql), &op) */
int it_end(int started, it_op_t* op);
/* Releases the result and block of the operation. */
void it_done(it_op_t* op);

/* Synchronous; a failure fails the test. With a real server it_ok waits for schema changes in
 * progress. */
void it_ok(it_t* it, taosuv_client_t* client, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
taosuv_result_t* it_rows(it_t* it, taosuv_client_t* client, const char* sql);
taosuv_stmt_t* it_stmt(it_t* it, taosuv_client_t* client, const char* sql);
/* Executes the bound rows; returns the affected rows. */
int64_t it_executed(it_t* it, taosuv_stmt_t* stmt);
/* The next block, referenced, or NULL. */
taosuv_block_t* it_block(it_t* it, taosuv_result_t* result);
/* The number of remaining rows. */
uint64_t it_drain(it_t* it, taosuv_result_t* result);
/* The only value of the only row, an integer. */
int64_t it_number(it_t* it, taosuv_client_t* client, const char* sql);
/* The SQL of a query with this number of rows, in blocks of 4096 at most: ts, a (0, 1, ... in each
 * of the bundled server's blocks), b, c. Another server gets a table of them. */
const char* it_numbers(it_t* it, taosuv_client_t* client, unsigned rows);
/* Asserts that a client works: a query with one row. */
void it_usable(it_t* it, taosuv_client_t* client);

/* Runs the loop for this time, or until `done` returns true; returns whether it did. */
bool it_until(it_t* it, bool (*done)(void* data), void* data, unsigned ms);
void it_run(it_t* it, unsigned ms);
/* Each runs the loop until the bundled server has counted this number, or fails the test.
 * Connections are counted by the first proxy, if there is one. */
void it_until_hits(it_t* it, uint32_t rule, uint64_t hits);
void it_until_no_results(it_t* it);
void it_until_connections(it_t* it, uint64_t open);
uint64_t it_connections(const it_t* it); /* that are open */

uint32_t it_rule(it_t* it, const ts_rule_t* rule);
void it_unrule(it_t* it);     /* all */
ts_conn_t* it_conn(it_t* it); /* the newest connection of the bundled server */

uint64_t it_ms(void);                                                /* a clock */
void it_within(uint64_t since, uint64_t at_least, uint64_t at_most); /* asserts the time that has
                                                                        passed */
void it_has(const char* text, const char* part); /* asserts that the text contains it */

#endif
