/* The floor's way in, blocking: connecting, upgrade, log-in, and exchanges of one message. */
#ifndef BENCH_FLOOR_LOGIN_H
#define BENCH_FLOOR_LOGIN_H

#include <stddef.h>
#include <stdint.h>

/* Connects to ws://[user[:password]@]host:port and logs in. What follows the port is ignored.
 * Returns a socket, or -1 after saying why on stderr. */
int floor_log_in(const char* url);

/* Sends a frame and receives one message. Returns its payload, to be freed, and its length; or NULL
 * after saying why. */
uint8_t* floor_exchange(int fd, const uint8_t* frame, size_t size, size_t* length);

/* Sends bytes. Returns 0, or -1 after saying why. */
int floor_send(int fd, const void* data, size_t size);

#endif
