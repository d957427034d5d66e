/* Every error text that a test provokes is looked at: it must not contain the words that the project
 * does not use (test/english/words.txt). Test programs are linked with --wrap=tuv_fail, so that the
 * library's calls come here first. A text that fails ends the test program. */
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/errmsg.h"

#define MAX_RULES 64
#define MAX_SEEN 1024
#define LOOKS 20u /* for each call: later texts differ in numbers only */

typedef struct rule_s {
  regex_t regex;
  char better[80];
} rule_t;

static rule_t rules[MAX_RULES];
static size_t nrules;

static void stop(const char* what, const char* text) {
  fprintf(stderr, "%s: %s\n", what, text);
  abort();
}

static void add_rule(const char* pattern, const char* better) {
  char whole[512];
  rule_t* rule = &rules[nrules];
  if (nrules == MAX_RULES) stop("too many rules", pattern);
  snprintf(whole, sizeof whole, "(^|[^A-Za-z_])(%s)($|[^A-Za-z_])", pattern);
  if (regcomp(&rule->regex, whole, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
    stop("not a regular expression", pattern);
  snprintf(rule->better, sizeof rule->better, "%s", better);
  nrules++;
}

/* Lines of the kind "text": kind, expression and what is better, with tabs between them. */
static void read_rules(void) {
  char line[600];
  const char* path = getenv("TAOSUV_TEST_WORDS");
  if (path == NULL) path = "test/english/words.txt";
  FILE* file = fopen(path, "r");
  if (file == NULL) stop("cannot be read (TAOSUV_TEST_WORDS names it)", path);
  while (fgets(line, sizeof line, file) != NULL) {
    char* pattern = strchr(line, '\t');
    if (pattern == NULL || strncmp(line, "text\t", 5) != 0) continue;
    char* better = strchr(++pattern, '\t');
    if (better == NULL) stop("a rule without an end", line);
    *better++ = 0;
    better[strcspn(better, "\n")] = 0;
    add_rule(pattern, better);
  }
  fclose(file);
  if (nrules == 0) stop("no rules", path);
}

/* Whether a call's texts were looked at often enough. Calls differ in their formats. */
static int was_seen(const char* format) {
  static struct {
    const char* format;
    unsigned looks;
  } seen[MAX_SEEN];
  size_t at = (size_t) format % MAX_SEEN;
  for (size_t i = 0; i < MAX_SEEN; i++, at = (at + 1) % MAX_SEEN) {
    if (seen[at].format != NULL && seen[at].format != format) continue;
    seen[at].format = format;
    return seen[at].looks++ >= LOOKS;
  }
  return 1;
}

static void look_at(const char* text) {
  for (size_t i = 0; i < nrules; i++) {
    if (regexec(&rules[i].regex, text, 0, NULL, 0) != 0) continue;
    fprintf(stderr, "better: %s\n", rules[i].better);
    stop("an error text is not in plain English", text);
  }
}

int __wrap_tuv_fail(tuv_errmsg_t* err, int status, const char* format, ...);
int __real_tuv_fail(tuv_errmsg_t* err, int status, const char* format, ...);

int __wrap_tuv_fail(tuv_errmsg_t* err, int status, const char* format, ...) {
  char text[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (nrules == 0) read_rules();
  if (!was_seen(format)) look_at(text);
  return __real_tuv_fail(err, status, "%s", text);
}
