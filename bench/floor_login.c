/* The floor's log-in, blocking: connection, upgrade, log-in, and exchanges of one message. */
#include "floor_login.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor_frames.h"

#define MESSAGE_MAX (UINT64_C(1) << 30)

typedef struct address_s {
  char user[128];
  char password[128];
  char host[256];
  char port[8];
  bool tls;
} address_t;

static bool take(char* out, size_t size, const char* from, size_t length) {
  if (length >= size || memchr(from, '%', length) != NULL) return false;
  memcpy(out, from, length);
  out[length] = 0;
  return true;
}

/* A simple parser of the URL: one host, no percent-encoding. */
static bool read_url(const char* url, address_t* address) {
  address->tls = strncmp(url, "wss://", 6) == 0;
  if (!address->tls && strncmp(url, "ws://", 5) != 0) return false;
  url += address->tls ? 6 : 5;
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

/* Byte by byte, so that nothing of the next message is read. */
static uint8_t* receive_message(floor_link_t* link, size_t* length) {
  floor_reader_t reader = {0};
  while (!reader.in_payload && !floor_reader_ended(&reader)) {
    uint8_t byte;
    if (floor_link_receive_all(link, &byte, 1) < 0) return NULL;
    floor_reader_next(&reader, &byte, 1);
  }
  if (reader.length > MESSAGE_MAX || (reader.opcode != 1 && reader.opcode != 2)) {
    fprintf(stderr, "taosuv-floor: the server sent a frame of opcode %u\n", reader.opcode);
    return NULL;
  }
  uint8_t* message = calloc(1, (size_t) reader.length + 1);
  *length = (size_t) reader.length;
  if (message != NULL && floor_link_receive_all(link, message, *length) == 0) return message;
  free(message);
  return NULL;
}

uint8_t* floor_exchange(floor_link_t* link, const uint8_t* frame, size_t size, size_t* length) {
  return floor_link_send(link, frame, size) < 0 ? NULL : receive_message(link, length);
}

/* A JSON request whose reply must have code 0. */
static int ask(floor_link_t* link, const char* text) {
  uint8_t frame[1024];
  size_t length, size = floor_frame(frame, 1, text, strlen(text));
  char* reply = (char*) floor_exchange(link, frame, size, &length);
  if (reply == NULL) return -1;
  bool well = strstr(reply, "\"code\":0,") != NULL;
  if (!well) fprintf(stderr, "taosuv-floor: the log-in was refused: %s\n", reply);
  free(reply);
  return well ? 0 : -1;
}

static int log_in(floor_link_t* link, const address_t* address) {
  char text[768];
  if (ask(link, "{\"action\":\"version\",\"args\":{\"req_id\":1}}") < 0) return -1;
  snprintf(text, sizeof text,
           "{\"action\":\"conn\",\"args\":{\"req_id\":2,\"user\":\"%s\",\"password\":\"%s\","
           "\"db\":\"\"}}",
           address->user, address->password);
  return ask(link, text);
}

/* The answer is read byte by byte up to its empty line; frames follow it. */
static int upgrade(floor_link_t* link, const address_t* address) {
  char text[1024];
  size_t size = 0;
  snprintf(text, sizeof text,
           "GET /ws HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
           address->host, address->port);
  if (floor_link_send(link, text, strlen(text)) < 0) return -1;
  while (size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4) != 0) {
    if (size == sizeof text - 1 || floor_link_receive_all(link, text + size, 1) < 0) return -1;
    size++;
  }
  text[size] = 0;
  if (strncmp(text, "HTTP/1.1 101", 12) == 0) return 0;
  fprintf(stderr, "taosuv-floor: the upgrade was refused: %s\n", text);
  return -1;
}

int floor_log_in(const char* url, floor_link_t* link) {
  address_t address;
  link->fd = -1;
  if (!read_url(url, &address)) {
    fprintf(stderr, "taosuv-floor: the URL is to be ws[s]://[user[:password]@]host:port\n");
    return -1;
  }
  if (floor_link_open(link, address.host, address.port, address.tls) < 0) return -1;
  if (upgrade(link, &address) == 0 && log_in(link, &address) == 0) return 0;
  floor_link_close(link);
  return -1;
}
