/* The hosts of a URL: names, IPv4 and bracketed IPv6 addresses, ports. */
#include <stdio.h>
#include <string.h>

#include "util/ascii.h"
#include "util/assert.h"
#include "wire/status.h"
#include "wire/url/parts.h"

#define DEFAULT_PORT 6041
#define CLOUD_PORT 443
#define MAX_NAME 253

static bool is_name_char(char c) {
  return tuv_is_letter(c) || tuv_is_digit(c) || c == '-' || c == '.' || c == '_';
}

static bool all_name_chars(tuv_span_t span) {
  for (size_t i = 0; i < span.length; i++) {
    if (!is_name_char(span.at[i])) return false;
  }
  return span.length != 0;
}

static bool is_ipv4(tuv_span_t text) {
  tuv_span_t piece;
  int count = 0;
  uint64_t value;
  while (tuv_span_next(&text, '.', &piece)) {
    if (piece.length > 3 || !tuv_span_number(piece, 0, 255, &value)) return false;
    count++;
  }
  return count == 4;
}

/* Counts the groups of hex digits between colons. An IPv4 address may be the last group and counts
 * as two. Returns -1 for anything else, and 0 for an empty text. */
static int count_groups(tuv_span_t text, bool ipv4_allowed) {
  int count = 0;
  if (text.length == 0) return 0;
  tuv_span_t piece;
  while (tuv_span_next(&text, ':', &piece)) {
    if (text.at == NULL && ipv4_allowed && tuv_span_has(piece, '.')) {
      return is_ipv4(piece) ? count + 2 : -1;
    }
    if (piece.length == 0 || piece.length > 4) return -1;
    for (size_t i = 0; i < piece.length; i++) {
      if (tuv_hex_value(piece.at[i]) < 0) return -1;
    }
    if (++count > 8) return -1;
  }
  return count;
}

static bool is_ipv6(tuv_span_t text) {
  size_t gap = 0;
  while (gap + 1 < text.length && (text.at[gap] != ':' || text.at[gap + 1] != ':')) gap++;
  if (gap + 1 >= text.length) return count_groups(text, true) == 8;
  int before = count_groups((tuv_span_t) {text.at, gap}, false);
  int after = count_groups((tuv_span_t) {text.at + gap + 2, text.length - gap - 2}, true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

/* Reads the text between the brackets: an address, and optionally "%25" and a zone (RFC 6874). */
static int read_ipv6(tuv_url_arena_t* arena, tuv_span_t text, uint32_t number, tuv_host_t* host,
                     tuv_errmsg_t* err) {
  tuv_span_t address = text, zone = {NULL, 0};
  const char* percent = text.length == 0 ? NULL : memchr(text.at, '%', text.length);
  if (percent != NULL) {
    address.length = (size_t) (percent - text.at);
    zone = (tuv_span_t) {percent, text.length - address.length};
    if (zone.length < 4 || memcmp(zone.at, "%25", 3) != 0 || zone.length > 3 + 32 ||
        !all_name_chars((tuv_span_t) {zone.at + 3, zone.length - 3})) {
      return tuv_fail(err, TUV_EURL,
                      "host %u: the zone of an IPv6 address must be written as %%25name", number);
    }
  }
  if (!is_ipv6(address)) {
    return tuv_fail(err, TUV_EURL, "host %u: the brackets must contain an IPv6 address", number);
  }
  host->ipv6 = true;
  host->name = arena->next;
  tuv_url_copy(arena, address.at, address.length);
  if (zone.at != NULL) {
    arena->next[-1] = '%';
    tuv_url_copy(arena, zone.at + 3, zone.length - 3);
  }
  return 0;
}

/* Reads a number of an IPv4 address: decimal, octal after "0", or hexadecimal after "0x". */
static bool read_ipv4_number(tuv_span_t text, uint64_t* value) {
  unsigned base = 10;
  if (text.length > 1 && text.at[0] == '0') {
    bool hex = text.at[1] == 'x' || text.at[1] == 'X';
    base = hex ? 16 : 8;
    text.at += hex ? 2 : 1;
    text.length -= hex ? 2 : 1;
  }
  *value = 0;
  for (size_t i = 0; i < text.length; i++) {
    int digit = tuv_hex_value(text.at[i]);
    if (digit < 0 || (unsigned) digit >= base || *value > UINT32_MAX) return false;
    *value = *value * base + (unsigned) digit;
  }
  return text.length > 0;
}

/* Reads an IPv4 address in any form that systems accept: one to four numbers, of which the last one
 * fills the rest of the 32 bits, as in "127.1". */
static bool read_ipv4(tuv_span_t text, uint32_t* address) {
  tuv_span_t piece;
  uint64_t value = 0;
  uint32_t count = 0;
  *address = 0;
  while (tuv_span_next(&text, '.', &piece)) {
    if (count > 0 && value > 255) return false; /* the previous number */
    if (count > 0) *address |= (uint32_t) value << (32 - 8 * count);
    if (++count > 4 || !read_ipv4_number(piece, &value)) return false;
  }
  TUV_ASSERT(count > 0); /* even an empty text has one piece */
  if (value > UINT32_MAX >> (8 * (count - 1))) return false;
  *address |= (uint32_t) value;
  return true;
}

static const char* copy_ipv4(tuv_url_arena_t* arena, uint32_t address) {
  char text[TUV_URL_IPV4_SIZE];
  int length = snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
                        address >> 8 & 255, address & 255);
  return tuv_url_copy(arena, text, (size_t) length);
}

static int read_name(tuv_url_arena_t* arena, tuv_span_t name, uint32_t number, tuv_host_t* host,
                     tuv_errmsg_t* err) {
  if (name.length == 0) return tuv_fail(err, TUV_EURL, "host %u is empty", number);
  if (name.length > MAX_NAME) {
    return tuv_fail(err, TUV_EURL, "host %u is longer than %d bytes", number, MAX_NAME);
  }
  if (!all_name_chars(name)) {
    return tuv_fail(err, TUV_EURL,
                    "host %u has a character other than letters, digits, '-', '.' and '_' (an IPv6 "
                    "address needs brackets)",
                    number);
  }
  uint32_t address;
  host->ipv6 = false;
  host->name = read_ipv4(name, &address) ? copy_ipv4(arena, address)
                                         : tuv_url_copy(arena, name.at, name.length);
  return 0;
}

static uint16_t default_port(const char* name) {
  static const char* const clouds[] = {".cloud.tdengine.com", ".cloud.taosdata.com"};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof clouds / sizeof clouds[0]; i++) {
    size_t suffix = strlen(clouds[i]);
    if (length <= suffix) continue;
    if (tuv_span_is((tuv_span_t) {name + length - suffix, suffix}, clouds[i])) return CLOUD_PORT;
  }
  return DEFAULT_PORT;
}

/* A wrong port is not shown: it may be part of a password in which '/' or '?' was not escaped. */
static int read_port(tuv_span_t text, uint32_t number, tuv_host_t* host, tuv_errmsg_t* err) {
  uint64_t port;
  if (text.at == NULL) {
    host->port = default_port(host->name);
    return 0;
  }
  if (!tuv_span_number(text, 1, UINT16_MAX, &port)) {
    return tuv_fail(err, TUV_EURL, "the port of host %u must be a number from 1 to 65535", number);
  }
  host->port = (uint16_t) port;
  return 0;
}

static int read_host(tuv_url_arena_t* arena, tuv_span_t text, uint32_t number, tuv_host_t* host,
                     tuv_errmsg_t* err) {
  tuv_span_t name;
  int status;
  *host = (tuv_host_t) {.name = ""};
  if (text.length > 0 && text.at[0] == '[') {
    text.at++;
    text.length--;
    tuv_span_next(&text, ']', &name);
    bool closed = text.at != NULL;
    if (!closed || (text.length > 0 && text.at[0] != ':')) {
      return tuv_fail(err, TUV_EURL, "host %u: '[' needs a ']', and then nothing or ':' and a port",
                      number);
    }
    text = text.length == 0 ? (tuv_span_t) {NULL, 0} : (tuv_span_t) {text.at + 1, text.length - 1};
    status = read_ipv6(arena, name, number, host, err);
  } else {
    tuv_span_next(&text, ':', &name);
    status = read_name(arena, name, number, host, err);
  }
  return status == 0 ? read_port(text, number, host, err) : status;
}

int tuv_host_parse(const char* text, size_t length, char name[TUV_HOST_NAME_SIZE], tuv_host_t* host,
                   tuv_errmsg_t* err) {
  tuv_url_arena_t arena = {name}; /* large enough for a name and for an address with a zone */
  return read_host(&arena, (tuv_span_t) {text, length}, 1, host, err);
}

static bool is_listed(const tuv_url_t* url, const tuv_host_t* host) {
  for (uint32_t i = 0; i < url->nhosts; i++) {
    tuv_span_t name = {host->name, strlen(host->name)};
    if (url->hosts[i].port == host->port && tuv_span_is(name, url->hosts[i].name)) return true;
  }
  return false;
}

int tuv_url_hosts(tuv_url_arena_t* arena, tuv_span_t list, tuv_url_t* url, tuv_errmsg_t* err) {
  tuv_span_t piece;
  uint32_t number = 0;
  while (tuv_span_next(&list, ',', &piece)) {
    tuv_host_t host;
    int status = read_host(arena, piece, ++number, &host, err);
    if (status != 0) return status;
    if (!is_listed(url, &host)) url->hosts[url->nhosts++] = host;
  }
  return 0;
}
