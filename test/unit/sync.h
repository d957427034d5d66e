/* Operations one after the other: each call starts one and runs the loop until it has completed. */
#ifndef TUV_TEST_UNIT_SYNC_H
#define TUV_TEST_UNIT_SYNC_H

#include "taosuv.h"

/* Each returns what the call returned when that was an error, otherwise the callback's status. `req` is
 * zeroed first, so in-fields cannot be set here; out-fields hold, texts are copied to these: */
extern char sync_message[512]; /* of the last failure */
extern char sync_text[512];    /* details of server_status, db of current_db */

int sync_open(taosuv_client_t* client, taosuv_open_t* req);
int sync_exec(taosuv_client_t* client, taosuv_exec_t* req, const char* sql);
int sync_query(taosuv_client_t* client, taosuv_query_t* req, const char* sql);
/* The block, if any, is referenced: give it back. */
int sync_fetch(taosuv_client_t* client, taosuv_result_t* result, taosuv_fetch_t* req);
/* The text, as one buffer, of a request whose in-fields are kept. */
int sync_insert_lines(taosuv_client_t* client, taosuv_insert_lines_t* req, const char* text,
                      size_t size);
int sync_ping(taosuv_client_t* client, taosuv_ping_t* req);
int sync_server_version(taosuv_client_t* client, taosuv_server_version_t* req);
int sync_server_status(taosuv_client_t* client, taosuv_server_status_t* req, const char* fqdn,
                       int port);
int sync_current_db(taosuv_client_t* client, taosuv_current_db_t* req);

/* Closes the client and runs the loop until the close callback has been called. */
void sync_close(taosuv_client_t* client);

/* Runs the loop for some milliseconds, or until *done when it is not NULL. Returns *done. */
int sync_run(uv_loop_t* loop, unsigned ms, const int* done);

#endif
