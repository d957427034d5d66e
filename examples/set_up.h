/* What several examples need before they begin and after they end. */
#ifndef EXAMPLE_SET_UP_H
#define EXAMPLE_SET_UP_H

#include "taosuv.h"

/* The URL with this database in its path, in place of its own: an example has a database of its
 * own, and what it writes goes to that of its connections. 0, or TAOSUV_EURL. */
int set_up_url(const char* url, const char* database, char* out, size_t size);

/* Executes one statement and runs the loop until it is done; failures are printed to stderr. A
 * server that is still at something else, as when consumers leave, is asked again for half a
 * minute. */
int set_up_execute(taosuv_client_t* client, const char* sql);

/* The only value of the only row, an integer; -1 when there is none. */
int64_t set_up_number(taosuv_client_t* client, const char* sql);

#endif
