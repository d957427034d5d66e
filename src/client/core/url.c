/* The public checks of connection URLs, over wire/url. */
#include "taosuv/url.h"
#include "util/errmsg.h"
#include "wire/status.h"
#include "wire/text.h"
#include "wire/url/url.h"

#include <string.h>

static void give(const char* text, char* buf, size_t size) {
  tuv_text_t out = tuv_text_start(buf, size);
  tuv_text_add(&out, text, strlen(text));
  tuv_text_end(&out);
}

int taosuv_url_check(const char* url, size_t length, char* message, size_t size) {
  tuv_errmsg_t err = {""};
  tuv_url_t parsed;
  int status = TUV_EURL;
  if (url == NULL) {
    give("the URL is NULL", message, size);
    return status;
  }
  length = tuv_text_length(url, length);
  status = tuv_url_parse(&tuv_alloc_default, url, length, &parsed, &err);
  if (status == 0) tuv_url_free(&tuv_alloc_default, &parsed);
  give(err.text, message, size);
  return status;
}

int taosuv_url_redact(const char* url, size_t length, char* buf, size_t size) {
  if (url == NULL) {
    give("", buf, size);
    return TUV_EURL;
  }
  length = tuv_text_length(url, length);
  return tuv_url_redact(url, length, buf, size);
}
