/* Setup and cleanup that several examples share. */
#ifndef EXAMPLE_SET_UP_H
#define EXAMPLE_SET_UP_H

#include "taosuv.h"

/* Replaces the database of the URL: an example uses its own database, and rows are written to the
 * database of the connection. Returns 0 or TAOSUV_EURL. */
int set_up_url(const char* url, const char* database, char* out, size_t size);

/* Executes one statement and runs the loop until it is done; failures are printed to stderr. If the
 * server is busy, for example because consumers are leaving, it tries again for half a minute. */
int set_up_execute(taosuv_client_t* client, const char* sql);

/* Returns the only value of the only row, an integer; -1 if there is none. */
int64_t set_up_number(taosuv_client_t* client, const char* sql);

#endif
