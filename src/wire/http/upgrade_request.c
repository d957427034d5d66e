/* The request for an upgrade, the key in it and its answer, and the Host header of all requests. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "taosuv/version.h"
#include "util/digest.h"
#include "wire/http/upgrade.h"

void tuv_http_accept(const char* key, size_t length, char accept[TUV_HTTP_ACCEPT_SIZE + 1]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
  char text[128 + sizeof guid];
  uint8_t hash[TUV_SHA1_SIZE];
  accept[0] = '\0';
  if (length > sizeof text - sizeof guid) return; /* no valid key is that long */
  memcpy(text, key, length);
  memcpy(text + length, guid, sizeof guid - 1);
  if (tuv_sha1(text, length + sizeof guid - 1, hash))
    tuv_base64(hash, sizeof hash, accept, TUV_HTTP_ACCEPT_SIZE + 1);
}

void tuv_http_key(const uint8_t nonce[16], char key[TUV_HTTP_KEY_SIZE + 1],
                  char accept[TUV_HTTP_ACCEPT_SIZE + 1]) {
  ptrdiff_t length = tuv_base64(nonce, 16, key, TUV_HTTP_KEY_SIZE + 1);
  accept[0] = '\0';
  if (length > 0) tuv_http_accept(key, (size_t) length, accept);
}

bool tuv_http_is_safe(const char* text) {
  for (const char* at = text; *at != '\0'; at++)
    if ((unsigned char) *at <= ' ' || *at == 0x7F) return false;
  return true;
}

int tuv_http_write_host(char* buf, size_t size, const char* host, uint16_t port) {
  bool ipv6 = strchr(host, ':') != NULL;
  /* An IPv6 zone ("%eth0") has a meaning on this machine only and is not sent (RFC 6874, 4). */
  size_t length = ipv6 ? strcspn(host, "%") : strlen(host);
  if (length > INT_MAX / 2) return -1;
  return snprintf(buf, size, "%s%.*s%s:%u", ipv6 ? "[" : "", (int) length, host, ipv6 ? "]" : "",
                  (unsigned) port);
}

int tuv_http_write_upgrade(char* buf, size_t size, const char* host, uint16_t port,
                           const char* path, const char* key, tuv_http_offer_t offer) {
  static const char* const offers[] = {
      [TUV_HTTP_DEFLATE_NONE] = "",
      [TUV_HTTP_DEFLATE_ALONE] =
          "Sec-WebSocket-Extensions: permessage-deflate; "
          "client_no_context_takeover; server_no_context_takeover\r\n",
      [TUV_HTTP_DEFLATE_ANY] =
          "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, "
          "permessage-deflate; client_no_context_takeover; client_max_window_bits\r\n"};
  if (!tuv_http_is_safe(host) || !tuv_http_is_safe(path) || !tuv_http_is_safe(key)) return -1;
  if (host[0] == '\0' || path[0] != '/') return -1;
  char authority[320];
  int length = tuv_http_write_host(authority, sizeof authority, host, port);
  if (length < 0 || (size_t) length >= sizeof authority) return -1;
  return snprintf(buf, size,
                  "GET %s HTTP/1.1\r\n"
                  "Host: %s\r\n"
                  "User-Agent: taosuv/" TAOSUV_VERSION_STRING
                  "\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: %s\r\n"
                  "%s\r\n",
                  path, authority, key, offers[offer]);
}
