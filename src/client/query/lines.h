/* Schemaless writes. */
#ifndef TUV_CLIENT_QUERY_LINES_H
#define TUV_CLIENT_QUERY_LINES_H

#include "taosuv.h"

/* Checks whether the options can be sent. Returns 0, or what taosuv_insert_lines would return. */
int tuv_lines_check(const taosuv_client_t* client, const taosuv_insert_lines_t* req);

#endif
