/* The floor's way in, blocking: connecting, upgrade, log-in, and exchanges of one message. */
#include "floor_login.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor_frames.h"

#define MESSAGE_MAX (UINT64_C(1) << 30)

typedef struct address_s {
  char user[128];
  char password[128];
  char host[256];
  char port[8];
} address_t;

static bool take(char* out, size_t size, const char* from, size_t length) {
  if (length >= size || memchr(from, '%', length) != NULL) return false;
  memcpy(out, from, length);
  out[length] = 0;
  return true;
}

/* A simple reading of the URL: one host, nothing percent-encoded. */
static bool read_url(const char* url, address_t* address) {
  if (strncmp(url, "ws://", 5) != 0) return false;
  url += 5;
  size_t length = strcspn(url, "/?");
  const char* at = memchr(url, '@', length);
  strcpy(address->user, "root");
  strcpy(address->password, "taosdata");
  if (at != NULL) {
    const char* colon = memchr(url, ':', (size_t) (at - url));
    if (!take(address->user, sizeof address->user, url,
              (size_t) ((colon != NULL ? colon : at) - url)))
      return false;
    if (colon != NULL &&
        !take(address->password, sizeof address->password, colon + 1, (size_t) (at - colon - 1)))
      return false;
    length -= (size_t) (at + 1 - url);
    url = at + 1;
  }
  size_t host = strcspn(url, ":/?");
  strcpy(address->port, "6041");
  if (!take(address->host, sizeof address->host, url, host) || host == 0) return false;
  return host == length ||
         take(address->port, sizeof address->port, url + host + 1, length - host - 1);
}

static int fail(const char* what) {
  fprintf(stderr, "taosuv-floor: %s: %s\n", what, errno != 0 ? strerror(errno) : "ended");
  return -1;
}

int floor_send(int fd, const void* data, size_t size) {
  const char* at = data;
  while (size > 0) {
    ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
    if (sent < 0) return fail("sending");
    at += sent;
    size -= (size_t) sent;
  }
  return 0;
}

static int receive(int fd, void* data, size_t size) {
  char* at = data;
  while (size > 0) {
    errno = 0;
    ssize_t got = recv(fd, at, size, 0);
    if (got <= 0) return fail("receiving");
    at += got;
    size -= (size_t) got;
  }
  return 0;
}

/* One byte after the other, because no header says where a message begins behind. */
static uint8_t* receive_message(int fd, size_t* length) {
  floor_reader_t reader = {0};
  while (!reader.in_payload && !floor_reader_ended(&reader)) {
    uint8_t byte;
    if (receive(fd, &byte, 1) < 0) return NULL;
    floor_reader_next(&reader, &byte, 1);
  }
  if (reader.length > MESSAGE_MAX || (reader.opcode != 1 && reader.opcode != 2)) {
    fprintf(stderr, "taosuv-floor: the server sent a frame of opcode %u\n", reader.opcode);
    return NULL;
  }
  uint8_t* message = calloc(1, (size_t) reader.length + 1);
  *length = (size_t) reader.length;
  if (message != NULL && receive(fd, message, *length) == 0) return message;
  free(message);
  return NULL;
}

uint8_t* floor_exchange(int fd, const uint8_t* frame, size_t size, size_t* length) {
  return floor_send(fd, frame, size) < 0 ? NULL : receive_message(fd, length);
}

/* A JSON request whose reply must have code 0. */
static int ask(int fd, const char* text) {
  uint8_t frame[1024];
  size_t length, size = floor_frame(frame, 1, text, strlen(text));
  char* reply = (char*) floor_exchange(fd, frame, size, &length);
  if (reply == NULL) return -1;
  bool well = strstr(reply, "\"code\":0,") != NULL;
  if (!well) fprintf(stderr, "taosuv-floor: the log-in was refused: %s\n", reply);
  free(reply);
  return well ? 0 : -1;
}

static int log_in(int fd, const address_t* address) {
  char text[768];
  if (ask(fd, "{\"action\":\"version\",\"args\":{\"req_id\":1}}") < 0) return -1;
  snprintf(text, sizeof text,
           "{\"action\":\"conn\",\"args\":{\"req_id\":2,\"user\":\"%s\",\"password\":\"%s\","
           "\"db\":\"\"}}",
           address->user, address->password);
  return ask(fd, text);
}

/* The answer is read a byte at a time up to its empty line: what follows are frames. */
static int upgrade(int fd, const address_t* address) {
  char text[1024];
  size_t size = 0;
  snprintf(text, sizeof text,
           "GET /ws HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
           address->host, address->port);
  if (floor_send(fd, text, strlen(text)) < 0) return -1;
  while (size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4) != 0) {
    if (size == sizeof text - 1 || receive(fd, text + size, 1) < 0) return -1;
    size++;
  }
  text[size] = 0;
  if (strncmp(text, "HTTP/1.1 101", 12) == 0) return 0;
  fprintf(stderr, "taosuv-floor: the upgrade was refused: %s\n", text);
  return -1;
}

static int connect_to(const address_t* address) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
  int fd = -1, one = 1, status = getaddrinfo(address->host, address->port, &hints, &found);
  if (status != 0) {
    fprintf(stderr, "taosuv-floor: %s: %s\n", address->host, gai_strerror(status));
    return -1;
  }
  for (const struct addrinfo* at = found; at != NULL; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0) break;
    fail(address->host);
    if (fd >= 0) close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

int floor_log_in(const char* url) {
  address_t address;
  if (!read_url(url, &address)) {
    fprintf(stderr, "taosuv-floor: the URL is to be ws://[user[:password]@]host:port\n");
    return -1;
  }
  int fd = connect_to(&address);
  if (fd < 0) return -1;
  if (upgrade(fd, &address) == 0 && log_in(fd, &address) == 0) return fd;
  close(fd);
  return -1;
}
