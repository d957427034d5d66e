/* Reads and writes names of tables. */
#include "wire/stmt/table_name.h"

#include "util/ascii.h"
#include "util/utf8.h"
#include "wire/status.h"

/* The rest of the text. */
typedef struct rest_s {
  const char* at;
  const char* end;
} rest_t;

typedef struct part_s {
  const char* what;
  char* out;
  size_t length;
  size_t most;
} part_t;

static int add(part_t* part, char c, tuv_errmsg_t* err) {
  if (part->length == part->most)
    return tuv_fail(err, TUV_ERANGE, "%s has more than %zu bytes", part->what, part->most);
  part->out[part->length++] = c;
  return 0;
}

/* Two backquotes in a row stand for one. */
static int read_quoted(rest_t* rest, part_t* part, tuv_errmsg_t* err) {
  int status = 0;
  for (rest->at++; status == 0 && rest->at < rest->end; rest->at++) {
    if (*rest->at == '`') {
      if (rest->end - rest->at < 2 || rest->at[1] != '`') {
        rest->at++;
        return 0;
      }
      rest->at++;
    }
    status = add(part, *rest->at, err);
  }
  if (status < 0) return status;
  return tuv_fail(err, TUV_EINVAL, "%s has a backquote that is not closed", part->what);
}

static int read_plain(rest_t* rest, part_t* part, tuv_errmsg_t* err) {
  for (; rest->at < rest->end && *rest->at != '.'; rest->at++) {
    if (*rest->at == '`')
      return tuv_fail(
          err, TUV_EINVAL,
          "%s contains a backquote: put the whole name in backquotes and double this one",
          part->what);
    int status = add(part, *rest->at, err);
    if (status < 0) return status;
  }
  return 0;
}

static int read_part(rest_t* rest, part_t* part, tuv_errmsg_t* err) {
  part->length = 0;
  bool quoted = rest->at < rest->end && *rest->at == '`';
  int status = quoted ? read_quoted(rest, part, err) : read_plain(rest, part, err);
  if (status < 0) return status;
  part->out[part->length] = 0;
  return part->length > 0 ? 0 : tuv_fail(err, TUV_EINVAL, "%s is empty", part->what);
}

/* Whether the name has two parts. */
static bool has_database(const char* text, size_t length) {
  bool quoted = false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '`') quoted = !quoted;
    if (text[i] == '.' && !quoted) return true;
  }
  return false;
}

int tuv_table_name_read(const char* text, size_t length, tuv_table_name_t* name,
                        tuv_errmsg_t* err) {
  part_t database = {"the name of the table's database", name->database, 0, TUV_DATABASE_MAX};
  part_t table = {"the table's name", name->table, 0, TUV_TABLE_MAX};
  rest_t rest = {text, text + length};
  int status = 0;
  if (memchr(text, 0, length) != NULL || !tuv_utf8_valid((const uint8_t*) text, length))
    return tuv_fail(err, TUV_EINVAL, "the table's name is not UTF-8 or contains a NUL");
  if (has_database(text, length)) {
    status = read_part(&rest, &database, err);
    if (status == 0 && *rest.at != '.')
      return tuv_fail(err, TUV_EINVAL, "text follows the closing backquote in a table's name");
    rest.at++;
  }
  if (status == 0) status = read_part(&rest, &table, err);
  if (status < 0) return status;
  name->database_length = database.length;
  name->table_length = table.length;
  if (rest.at == rest.end) return 0;
  return tuv_fail(err, TUV_EINVAL,
                  *rest.at == '.' ? "a table's name has two dots outside of backquotes"
                                  : "text follows the closing backquote in a table's name");
}

/* ---- writing ---- */

static bool is_identifier(const char* text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!tuv_is_letter(text[i]) && text[i] != '_' && (i == 0 || !tuv_is_digit(text[i])))
      return false;
  return true;
}

static size_t write_part(const char* text, size_t length, char* out) {
  size_t size = 0;
  if (is_identifier(text, length)) {
    memcpy(out, text, length);
    return length;
  }
  out[size++] = '`';
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '`') out[size++] = '`';
    out[size++] = text[i];
  }
  out[size++] = '`';
  return size;
}

size_t tuv_table_name_write(const tuv_table_name_t* name, char out[TUV_TABLE_NAME_TEXT]) {
  size_t size = 0;
  if (name->database_length > 0) {
    size = write_part(name->database, name->database_length, out);
    out[size++] = '.';
  }
  return size + write_part(name->table, name->table_length, out + size);
}
