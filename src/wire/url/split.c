/* Cuts a URL into scheme, user, password, hosts, path and query. */
#include <string.h>

#include "util/ascii.h"
#include "wire/status.h"
#include "wire/url/parts.h"

static int check_characters(tuv_span_t text, tuv_errmsg_t* err) {
  if (text.length == 0) return tuv_fail(err, TUV_EURL, "the URL is empty");
  if (text.length > TUV_URL_MAX_LENGTH) {
    return tuv_fail(err, TUV_EURL, "the URL is longer than %u bytes", TUV_URL_MAX_LENGTH);
  }
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char) text.at[i];
    if (c <= ' ' || c == 0x7f) {
      return tuv_fail(err, TUV_EURL, "byte %zu is a space or control character; write it as %%%02X",
                      i, c);
    }
    if (c == '#') {
      return tuv_fail(err, TUV_EURL,
                      "byte %zu is '#': a fragment has no meaning here; in a value write %%23", i);
    }
  }
  return 0;
}

static bool is_scheme_char(char c) {
  return tuv_is_letter(c) || tuv_is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* Takes "scheme://" off. A text without a scheme is not shown: it may begin with a password. */
static int split_scheme(tuv_span_t* rest, tuv_span_t* scheme, tuv_errmsg_t* err) {
  size_t i = 0;
  while (i < rest->length && is_scheme_char(rest->at[i])) i++;
  if (i == 0 || rest->length - i < 3 || memcmp(rest->at + i, "://", 3) != 0) {
    return tuv_fail(err, TUV_EURL, "the URL must begin with ws://, wss://, http:// or https://");
  }
  scheme->at = rest->at;
  scheme->length = i;
  rest->at += i + 3;
  rest->length -= i + 3;
  return 0;
}

static void split_user(tuv_span_t info, tuv_url_parts_t* parts) {
  tuv_span_next(&info, ':', &parts->user);
  parts->password = info;
}

int tuv_url_split(const char* text, size_t length, tuv_url_parts_t* parts, tuv_errmsg_t* err) {
  tuv_span_t rest = {text, length};
  memset(parts, 0, sizeof *parts);
  int status = check_characters(rest, err);
  if (status == 0) status = split_scheme(&rest, &parts->scheme, err);
  if (status != 0) return status;

  size_t end = 0, at = SIZE_MAX;
  for (; end < rest.length && rest.at[end] != '/' && rest.at[end] != '?'; end++) {
    if (rest.at[end] == '@') at = end; /* the last one counts: a password may have '@' in it */
  }
  if (at != SIZE_MAX) split_user((tuv_span_t) {rest.at, at}, parts);
  size_t host = at == SIZE_MAX ? 0 : at + 1;
  parts->hosts = (tuv_span_t) {rest.at + host, end - host};

  tuv_span_t tail = {rest.at + end, rest.length - end};
  if (tail.length == 0) return 0;
  tuv_span_t path;
  tuv_span_next(&tail, '?', &path);
  parts->query = tail;
  if (path.length > 0) parts->path = (tuv_span_t) {path.at + 1, path.length - 1};
  return 0;
}
