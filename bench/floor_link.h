/* The floor's connection to the server: a blocking socket, with TLS by bare mbedTLS if the URL
 * requires it. */
#ifndef BENCH_FLOOR_LINK_H
#define BENCH_FLOOR_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct floor_link_s {
  int fd;    /* -1: none */
  void* tls; /* NULL: none */
} floor_link_t;

/* Connects, without verifying certificates. Returns 0, or -1 after printing the error to stderr. */
int floor_link_open(floor_link_t* link, const char* host, const char* port, bool tls);
void floor_link_close(floor_link_t* link);

/* The first sends all bytes; the others receive some, or all requested bytes. Each returns 0 or the
 * count, or -1 after printing the error. */
int floor_link_send(floor_link_t* link, const void* data, size_t size);
ssize_t floor_link_receive(floor_link_t* link, void* data, size_t size);
int floor_link_receive_all(floor_link_t* link, void* data, size_t size);

/* TLS's part, on link->fd (floor_tls.c). */
int floor_tls_open(floor_link_t* link);
void floor_tls_close(floor_link_t* link);
int floor_tls_send(floor_link_t* link, const void* data, size_t size);
ssize_t floor_tls_receive(floor_link_t* link, void* data, size_t size);

#endif
