/* The line protocol of the example gateway, checked as far as possible without the server.
 *
 * The writer sends the points of many requests in one batch, and determines which of them the
 * server refuses. The sender gets an error for a text that is not a point, or whose time is in
 * another unit. */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"

enum { MAX_NAME = 192, MAX_KEY = 64, MAX_TAG = 2047, TIME_ROOM = 24 };

/* The rest of a line, and what is wrong with it. */
typedef struct scan_s {
  const char* begin; /* of the line */
  const char* at;
  const char* end;
  const char* why;
} scan_t;

static int wrong(scan_t* scan, const char* why) {
  scan->why = why;
  return -1;
}

/* As servers from 3.3.0.1 on read it: a backslash makes the next character ordinary, also a second
 * backslash. */
static int is_escaped(const scan_t* scan) {
  const char* at = scan->at;
  while (at > scan->begin && at[-1] == '\\') at--;
  return (scan->at - at) % 2 != 0;
}

static int is_at(const scan_t* scan, char c) {
  return scan->at < scan->end && *scan->at == c && !is_escaped(scan);
}

/* Advances to one of these characters; returns the number of bytes before it. */
static size_t skip_to(scan_t* scan, const char* stops) {
  const char* begin = scan->at;
  for (; scan->at < scan->end; scan->at++)
    if (strchr(stops, *scan->at) != NULL && !is_escaped(scan)) break;
  return (size_t) (scan->at - begin);
}

static void skip_spaces(scan_t* scan) {
  while (scan->at < scan->end && *scan->at == ' ') scan->at++;
}

static int scan_key(scan_t* scan) {
  size_t length = skip_to(scan, "=, ");
  if (!is_at(scan, '=')) return wrong(scan, "a key without '='");
  if (length == 0 || length > MAX_KEY)
    return wrong(scan, "a key is empty, or longer than 64 bytes");
  scan->at++;
  return 0;
}

static int scan_tag(scan_t* scan) {
  if (scan_key(scan) < 0) return -1;
  size_t length = skip_to(scan, "=, ");
  if (is_at(scan, '=')) return wrong(scan, "a tag with two '='");
  if (length == 0 || length > MAX_TAG)
    return wrong(scan, "a tag's value is empty, or longer than 2047 bytes");
  return 0;
}

static int is_integer(const char* text, char kind, int bits) {
  int negative = *text == '-';
  text += negative || *text == '+';
  if (!isdigit((unsigned char) *text) || (negative && kind == 'u')) return 0;
  uint64_t most = kind == 'u' ? UINT64_MAX >> (64 - bits)
                              : (UINT64_MAX >> (65 - bits)) + (uint64_t) negative;
  char* end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  return *end == kind && errno == 0 && value <= most;
}

static int is_real(const char* text, size_t digits, int bits) {
  char* end;
  double value = strtod(text, &end);
  return digits > 0 && end == text + digits && isfinite(value) &&
         (bits == 64 || fabs(value) <= (double) FLT_MAX);
}

/* 1, -1.5e3, 1f32, 7i, 7u8 … within their range. */
static int is_number(const char* text) {
  static const char* const sizes[] = {"64", "32", "16", "8", ""};
  static const int bits[] = {64, 32, 16, 8, 64};
  size_t digits = strspn(text, "+-.0123456789eE"), which = 0;
  char kind = text[digits];
  if (kind == 0) return is_real(text, digits, 64);
  while (which < 5 && strcmp(text + digits + 1, sizes[which]) != 0) which++;
  if (which == 5) return 0;
  if (kind == 'f') return which < 2 && is_real(text, digits, bits[which]);
  return (kind == 'i' || kind == 'u') && is_integer(text, kind, bits[which]);
}

static int scan_plain(scan_t* scan) {
  static const char* const words[] = {"t", "f", "true", "false"};
  char text[64];
  const char* begin = scan->at;
  size_t length = skip_to(scan, ", ");
  if (length == 0 || length >= sizeof text)
    return wrong(scan, "a field's value is empty or invalid");
  memcpy(text, begin, length);
  text[length] = 0;
  if (is_number(text)) return 0;
  for (size_t i = 0; i < length; i++) text[i] = (char) tolower((unsigned char) text[i]);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(words[i], text) == 0) return 0;
  return wrong(scan, "a field's value is neither a number in range, nor a boolean, nor in quotes");
}

static int scan_quoted(scan_t* scan) {
  for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++)
    if (*scan->at == '\\' && scan->at + 1 < scan->end &&
        (scan->at[1] == '"' || scan->at[1] == '\\'))
      scan->at++;
  if (scan->at == scan->end) return wrong(scan, "a quote is not closed");
  scan->at++;
  if (scan->at < scan->end && *scan->at != ',' && *scan->at != ' ')
    return wrong(scan, "text after a closing quote");
  return 0;
}

/* The value of a field: L, B and G before a quote select the kind of text. */
static int scan_field(scan_t* scan) {
  if (scan_key(scan) < 0) return -1;
  if (scan->end - scan->at >= 2 && scan->at[1] == '"' && strchr("LBGlbg", *scan->at) != NULL)
    scan->at++;
  return scan->at < scan->end && *scan->at == '"' ? scan_quoted(scan) : scan_plain(scan);
}

static int scan_list(scan_t* scan, int (*one)(scan_t*)) {
  int status;
  while ((status = one(scan)) == 0 && scan->at < scan->end && *scan->at == ',') scan->at++;
  return status;
}

/* Sets `time` to 0 if there is none; the line then ends here. */
static int scan_time(scan_t* scan, int64_t* time) {
  char text[TIME_ROOM], *end;
  skip_spaces(scan);
  size_t length = (size_t) (scan->end - scan->at);
  if (length >= sizeof text) return wrong(scan, "the time is not a number");
  memcpy(text, scan->at, length);
  text[length] = 0;
  errno = 0;
  *time = strtoll(text, &end, 10);
  if (length > 0 && (!isdigit((unsigned char) *text) || *end != 0 || errno != 0))
    return wrong(scan, "the time is not a number");
  if (*time == 0)
    scan->end = scan->at;
  else
    scan->why = gateway_check_time(*time);
  return scan->why == NULL ? 0 : -1;
}

/* measurement[,tag=value…] field=value[,…] [time], without blanks around it. */
static int scan_line(scan_t* scan, int64_t* time) {
  size_t length = (size_t) (scan->end - scan->at);
  if (length > GATEWAY_MAX_LINE) return wrong(scan, "longer than 60000 bytes");
  if (memchr(scan->at, 0, length) != NULL) return wrong(scan, "a NUL byte");
  if (*scan->at == ',') return wrong(scan, "the measurement is missing");
  scan->begin = scan->at;
  scan->at++;
  if (skip_to(scan, ", ") >= MAX_NAME) return wrong(scan, "a measurement longer than 192 bytes");
  if (is_at(scan, ',')) {
    scan->at++;
    if (scan_list(scan, scan_tag) < 0) return -1;
  }
  skip_spaces(scan);
  if (scan->at == scan->end) return wrong(scan, "the line has no fields");
  return scan_list(scan, scan_field) < 0 ? -1 : scan_time(scan, time);
}

static void trim(scan_t* line) {
  while (line->at < line->end && (*line->at == ' ' || *line->at == '\t')) line->at++;
  while (line->at < line->end && strchr(" \t\r", line->end[-1]) != NULL) line->end--;
}

static int add_line(gateway_lines_t* lines, scan_t* line, char why[GATEWAY_WHY], size_t number) {
  int64_t time;
  char tail[TIME_ROOM] = "\n";
  const char* begin = line->at;
  if (scan_line(line, &time) < 0) {
    snprintf(why, GATEWAY_WHY, "line %zu: %s", number, line->why);
    return 400;
  }
  while (line->end[-1] == ' ') line->end--;
  if (time == 0) snprintf(tail, sizeof tail, " %" PRId64 "\n", gateway_now());
  if (gateway_lines_add(lines, begin, (size_t) (line->end - begin)) == 0 &&
      gateway_lines_add(lines, tail, strlen(tail)) == 0)
    return 0;
  snprintf(why, GATEWAY_WHY, "out of memory");
  return 503;
}

int gateway_points_from_lines(gateway_lines_t* lines, const char* body, size_t length,
                              char why[GATEWAY_WHY]) {
  size_t number = 0;
  for (const char *at = body, *end = body + length; at < end;) {
    const char* newline = memchr(at, '\n', (size_t) (end - at));
    scan_t line = {at, at, newline != NULL ? newline : end, NULL};
    at = newline != NULL ? newline + 1 : end;
    number++;
    trim(&line);
    if (line.at == line.end || *line.at == '#') continue;
    int status = add_line(lines, &line, why, number);
    if (status != 0) return status;
  }
  if (lines->size > 0) return 0;
  snprintf(why, GATEWAY_WHY, "the body contains no line");
  return 400;
}
