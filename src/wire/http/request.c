/* HTTP requests written. */
#include "wire/http/request.h"

#include <stdio.h>
#include <string.h>

#include "taosuv/version.h"
#include "util/digest.h"
#include "util/percent.h"
#include "wire/http/upgrade.h"
#include "wire/status.h"

int tuv_http_put(tuv_buf_t* out, const char* text, size_t length) {
  uint8_t* room = tuv_buf_reserve(out, length + 1);
  if (room == NULL) return TUV_ENOMEM;
  if (length > 0) memcpy(room, text, length);
  tuv_buf_commit(out, length);
  return 0;
}

static int put_text(tuv_buf_t* out, const char* text) {
  return tuv_http_put(out, text, strlen(text));
}

int tuv_http_put_encoded(tuv_buf_t* out, const char* text, size_t length) {
  uint8_t* room = length > SIZE_MAX / 4 ? NULL : tuv_buf_reserve(out, 3 * length + 1);
  if (room == NULL) return TUV_ENOMEM;
  tuv_buf_commit(out, tuv_percent_encode((char*) room, text, length));
  return 0;
}

int tuv_http_put_param(tuv_buf_t* out, size_t begin, const char* key, const char* value) {
  if (value[0] == 0) return 0;
  const uint8_t* text = out->data + out->head;
  bool has = memchr(text + begin, '?', tuv_buf_size(out) - begin) != NULL;
  int status = put_text(out, has ? "&" : "?");
  if (status == 0) status = put_text(out, key);
  if (status == 0) status = put_text(out, "=");
  return status < 0 ? status : tuv_http_put_encoded(out, value, strlen(value));
}

int tuv_http_put_number(tuv_buf_t* out, uint64_t value) {
  char text[24];
  int length = snprintf(text, sizeof text, "%llu", (unsigned long long) value);
  return tuv_http_put(out, text, (size_t) length);
}

int tuv_http_write_head(tuv_buf_t* out, const tuv_http_head_t* head) {
  char authority[320];
  if (!tuv_http_is_safe(head->host)) return TUV_EINVAL;
  for (const char* at = head->authorization; *at != 0; at++)
    if ((unsigned char) *at < ' ' || *at == 0x7F) return TUV_EINVAL;
  int length = tuv_http_write_host(authority, sizeof authority, head->host, head->port);
  if (length < 0 || (size_t) length >= sizeof authority) return TUV_EINVAL;
  int status = put_text(out, head->method);
  if (status == 0) status = put_text(out, " ");
  if (status == 0) status = tuv_http_put(out, head->target, head->target_size);
  if (status == 0) status = put_text(out, head->more);
  if (status == 0) status = put_text(out, " HTTP/1.1\r\nHost: ");
  if (status == 0) status = put_text(out, authority);
  if (status == 0) status = put_text(out, "\r\nUser-Agent: taosuv/" TAOSUV_VERSION_STRING "\r\n");
  if (status == 0 && head->authorization[0] != 0) {
    status = put_text(out, "Authorization: ");
    if (status == 0) status = put_text(out, head->authorization);
    if (status == 0) status = put_text(out, "\r\n");
  }
  if (status == 0 && head->gzip) status = put_text(out, "Accept-Encoding: gzip\r\n");
  if (status == 0 && head->has_body) {
    status = put_text(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: ");
    if (status == 0) status = tuv_http_put_number(out, head->body_size);
    if (status == 0) status = put_text(out, "\r\n");
  }
  return status < 0 ? status : put_text(out, "\r\n");
}

char* tuv_http_basic(const tuv_alloc_t* alloc, const char* user, const char* password) {
  static const char scheme[] = "Basic ";
  size_t plain_size = strlen(user) + 1 + strlen(password);
  size_t capacity = tuv_base64_capacity(plain_size);
  char* plain = tuv_malloc(alloc, plain_size + 1);
  char* out = capacity == 0 ? NULL : tuv_malloc(alloc, sizeof scheme + capacity);
  if (plain != NULL && out != NULL) {
    snprintf(plain, plain_size + 1, "%s:%s", user, password);
    memcpy(out, scheme, sizeof scheme - 1);
    tuv_base64(plain, plain_size, out + sizeof scheme - 1, capacity);
  } else {
    tuv_free(alloc, out);
    out = NULL;
  }
  if (plain != NULL) tuv_wipe(plain, plain_size);
  tuv_free(alloc, plain);
  return out;
}
