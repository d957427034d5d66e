/* The action `insert`: schemaless writes. */
#ifndef TS_ACTION_LINES_H
#define TS_ACTION_LINES_H

#include "session/request.h"

/* False: the arguments are of wrong types, and nothing is done. */
bool ts_request_lines(ts_request_t* request);

#endif
