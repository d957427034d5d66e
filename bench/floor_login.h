/* The floor's log-in, blocking: connection, upgrade, log-in, and exchanges of one message. */
#ifndef BENCH_FLOOR_LOGIN_H
#define BENCH_FLOOR_LOGIN_H

#include <stddef.h>
#include <stdint.h>

#include "floor_link.h"

/* Connects to ws[s]://[user[:password]@]host:port and logs in. Text after the port is ignored.
 * Returns 0, or -1 after printing the error to stderr. */
int floor_log_in(const char* url, floor_link_t* link);

/* Sends a frame and receives one message. Returns its payload, which the caller frees, and its
 * length; or NULL after printing the error. */
uint8_t* floor_exchange(floor_link_t* link, const uint8_t* frame, size_t size, size_t* length);

#endif
