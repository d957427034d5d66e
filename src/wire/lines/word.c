/* Names and tag values of line protocol: checked, escaped, and each key once in a point. */
#include "wire/lines/private.h"

#include "util/utf8.h"
#include "wire/text.h"

const tuv_line_word_t tuv_line_measurement = {"the measurement", ", ", 192, true, false};
const tuv_line_word_t tuv_line_tag_key = {"the key of a tag", ", =", 64, true, true};
const tuv_line_word_t tuv_line_tag_value = {"the value of a tag", ", =", TUV_LINE_MAX_NCHAR, true,
                                            true};
const tuv_line_word_t tuv_line_field_key = {"the key of a field", ", =", 64, false, false};

/* A key of the point that is being written: its position in `text`, escaped. */
typedef struct key_s {
  size_t at;
  size_t length;
} line_key_t;

int tuv_line_no_memory(taosuv_line_t* line) {
  return tuv_fail(&line->err, TUV_ENOMEM, "no memory for more lines");
}

int tuv_line_check_utf8(taosuv_line_t* line, const char* what, const char* text, size_t length) {
  if (!tuv_utf8_valid((const uint8_t*) text, length))
    return tuv_fail(&line->err, TUV_EINVAL, "%s is not UTF-8", what);
  if (memchr(text, '\n', length) != NULL || memchr(text, 0, length) != NULL)
    return tuv_fail(&line->err, TUV_EINVAL, "%s contains a newline or a NUL", what);
  return 0;
}

static size_t backslashes(const char* text, size_t length) {
  size_t count = 0;
  while (count < length && text[count] == '\\') count++;
  return count;
}

static int wrong_backslash(taosuv_line_t* line, const tuv_line_word_t* word, const char* text,
                           size_t left) {
  size_t run = backslashes(text, left);
  const char* why =
      line->server == TUV_LINE_ANY_SERVER && word->doubled
          ? "servers before 3.3.0.1 and newer ones read that differently (taosuv_line_set_server)"
          : "line protocol cannot carry that";
  if (run == left)
    return tuv_fail(&line->err, TUV_EINVAL, "%s ends with a backslash: %s", word->what, why);
  if (strchr(word->special, text[run]) != NULL)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has a backslash before '%c': %s", word->what,
                    text[run], why);
  return tuv_fail(&line->err, TUV_EINVAL, "%s has two backslashes in a row: %s", word->what, why);
}

/* Whether the servers of the lines read a run of backslashes as it is, when `next` follows it (NUL:
 * the end). */
static bool can_carry(const taosuv_line_t* line, const tuv_line_word_t* word, size_t run,
                      char next) {
  bool special = next != 0 && strchr(word->special, next) != NULL;
  if (line->server == TUV_LINE_OLD_SERVER) return next != 0;
  if (run == 1 && next != 0 && !special) return true;
  if (line->server == TUV_LINE_ANY_SERVER || !word->doubled) return false;
  return next != 0 ? !special : word->may_end;
}

static int check_backslashes(taosuv_line_t* line, const tuv_line_word_t* word, const char* text,
                             size_t length) {
  for (size_t i = 0; i < length;) {
    size_t run = backslashes(text + i, length - i);
    char next = i + run < length ? text[i + run] : 0;
    if (run > 0 && !can_carry(line, word, run, next))
      return wrong_backslash(line, word, text + i, length - i);
    i += run + 1;
  }
  return 0;
}

int tuv_line_check_word(taosuv_line_t* line, const tuv_line_word_t* word, const char* text,
                        size_t* length) {
  if (text == NULL) return tuv_fail(&line->err, TUV_EINVAL, "%s is missing", word->what);
  *length = tuv_text_length(text, *length);
  if (*length == 0) return tuv_fail(&line->err, TUV_EINVAL, "%s is empty", word->what);
  if (*length > word->most)
    return tuv_fail(&line->err, TUV_EINVAL, "%s has %zu bytes; at most %zu are allowed", word->what,
                    *length, word->most);
  int status = tuv_line_check_utf8(line, word->what, text, *length);
  return status == 0 ? check_backslashes(line, word, text, *length) : status;
}

static bool equals(const char* text, size_t length, const char* word) {
  return length == strlen(word) && memcmp(text, word, length) == 0;
}

/* The server uses these names for a column and, in a table without tags, for a tag. */
int tuv_line_check_key(taosuv_line_t* line, const tuv_line_word_t* word, const char* key,
                       size_t* length) {
  int status = tuv_line_check_word(line, word, key, length);
  if (status == 0 && (equals(key, *length, "_ts") || equals(key, *length, "_tag_null")))
    return tuv_fail(&line->err, TUV_EINVAL, "%s is %.*s, a name that the server keeps for itself",
                    word->what, (int) *length, key);
  return status;
}

uint8_t* tuv_line_put_escaped(uint8_t* out, const char* text, size_t length, const char* special) {
  for (size_t i = 0; i < length; i++) {
    if (strchr(special, text[i]) != NULL) *out++ = '\\'; /* the text has no NUL */
    *out++ = (uint8_t) text[i];
  }
  return out;
}

uint8_t* tuv_line_put_word(const taosuv_line_t* line, uint8_t* out, const tuv_line_word_t* word,
                           const char* text, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t run = backslashes(text + i, length - i);
    bool doubled = line->server == TUV_LINE_NEW_SERVER && (run > 1 || i + run == length);
    memset(out, '\\', doubled ? 2 * run : run);
    out += doubled ? 2 * run : run;
    i += run;
    if (i == length) break;
    out = tuv_line_put_escaped(out, text + i, 1, word->special);
    i++;
  }
  return out;
}

int tuv_line_add_key(taosuv_line_t* line, const tuv_line_word_t* word, const uint8_t* key,
                     size_t length) {
  const uint8_t* text = line->text.data + line->text.head;
  size_t count = tuv_buf_size(&line->keys) / sizeof(line_key_t);
  line_key_t next = {(size_t) (key - text), length};
  for (size_t i = 0; i < count; i++) {
    line_key_t old;
    memcpy(&old, line->keys.data + line->keys.head + i * sizeof old, sizeof old);
    if (old.length == length && memcmp(text + old.at, key, length) == 0)
      return tuv_fail(&line->err, TUV_EINVAL, "%s is in this point already", word->what);
  }
  uint8_t* room = tuv_buf_reserve(&line->keys, sizeof next);
  if (room == NULL) return tuv_line_no_memory(line);
  memcpy(room, &next, sizeof next);
  tuv_buf_commit(&line->keys, sizeof next);
  return 0;
}
