/* The floor's connection to the server: a blocking socket, and TLS over it. */
#include "floor_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char* what) {
  fprintf(stderr, "taosuv-floor: %s: %s\n", what, errno != 0 ? strerror(errno) : "ended");
  return -1;
}

static int connect_to(const char* host, const char* port) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
  int fd = -1, one = 1, status = getaddrinfo(host, port, &hints, &found);
  if (status != 0) {
    fprintf(stderr, "taosuv-floor: %s: %s\n", host, gai_strerror(status));
    return -1;
  }
  for (const struct addrinfo* at = found; at != NULL; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0) break;
    fail(host);
    if (fd >= 0) close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

int floor_link_open(floor_link_t* link, const char* host, const char* port, bool tls) {
  link->tls = NULL;
  link->fd = connect_to(host, port);
  if (link->fd < 0) return -1;
  if (!tls || floor_tls_open(link) == 0) return 0;
  floor_link_close(link);
  return -1;
}

void floor_link_close(floor_link_t* link) {
  if (link->tls != NULL) floor_tls_close(link);
  if (link->fd >= 0) close(link->fd);
  link->fd = -1;
}

int floor_link_send(floor_link_t* link, const void* data, size_t size) {
  const char* at = data;
  if (link->tls != NULL) return floor_tls_send(link, data, size);
  while (size > 0) {
    ssize_t sent = send(link->fd, at, size, MSG_NOSIGNAL);
    if (sent < 0) return fail("sending");
    at += sent;
    size -= (size_t) sent;
  }
  return 0;
}

ssize_t floor_link_receive(floor_link_t* link, void* data, size_t size) {
  if (link->tls != NULL) return floor_tls_receive(link, data, size);
  errno = 0;
  ssize_t got = recv(link->fd, data, size, 0);
  return got > 0 ? got : fail("receiving");
}

int floor_link_receive_all(floor_link_t* link, void* data, size_t size) {
  char* at = data;
  while (size > 0) {
    ssize_t got = floor_link_receive(link, at, size);
    if (got < 0) return -1;
    at += got;
    size -= (size_t) got;
  }
  return 0;
}
