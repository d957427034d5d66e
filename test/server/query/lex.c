/* TDengine SQL cut into tokens. */
#include "query/lex.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (unsigned char) c >= 0x80;
}

static const char* skip_blanks(const char* at, const char* end) {
  while (at < end) {
    if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') {
      at++;
    } else if (end - at >= 2 && memcmp(at, "--", 2) == 0) {
      while (at < end && *at != '\n') at++;
    } else if (end - at >= 2 && memcmp(at, "/*", 2) == 0) {
      at += 2;
      while (end - at >= 2 && memcmp(at, "*/", 2) != 0) at++;
      at = end - at >= 2 ? at + 2 : end;
    } else {
      break;
    }
  }
  return at;
}

/* A quoted text: a doubled quote stands for itself, and so does one behind a backslash. */
static ts_token_kind_t quoted(const char** at, const char* end) {
  char quote = *(*at)++;
  while (*at < end) {
    if (**at == '\\' && quote != '`' && end - *at >= 2) {
      *at += 2;
    } else if (**at != quote) {
      (*at)++;
    } else if (end - *at >= 2 && (*at)[1] == quote) {
      *at += 2;
    } else {
      (*at)++;
      return quote == '`' ? TS_T_NAME : TS_T_STRING;
    }
  }
  return TS_T_BAD;
}

/* 0x1f, 0b101; but 0b alone is a duration of no nanoseconds. */
static bool is_prefixed(const char* at, const char* end) {
  if (end - at < 3 || at[0] != '0') return false;
  if (at[1] == 'x' || at[1] == 'X') return is_hex(at[2]);
  return (at[1] == 'b' || at[1] == 'B') && (at[2] == '0' || at[2] == '1');
}

static ts_token_kind_t prefixed(const char** at, const char* end) {
  bool hex = (*at)[1] == 'x' || (*at)[1] == 'X';
  *at += 2;
  const char* start = *at;
  while (*at < end && (hex ? is_hex(**at) : **at == '0' || **at == '1')) (*at)++;
  bool bad = *at == start || (*at < end && is_word(**at));
  return bad ? TS_T_BAD : TS_T_INT;
}

static void digits(const char** at, const char* end) {
  while (*at < end && is_digit(**at)) (*at)++;
}

static ts_token_kind_t number(const char** at, const char* end) {
  if (is_prefixed(*at, end)) return prefixed(at, end);
  ts_token_kind_t kind = TS_T_INT;
  digits(at, end);
  if (*at < end && **at == '.') {
    kind = TS_T_FLOAT;
    (*at)++;
    digits(at, end);
  }
  if (end - *at >= 2 && (**at == 'e' || **at == 'E')) {
    const char* e = *at + 1;
    if ((*e == '+' || *e == '-') && end - e >= 2) e++;
    if (is_digit(*e)) {
      kind = TS_T_FLOAT;
      *at = e;
      digits(at, end);
    }
  }
  if (*at == end || !is_word(**at)) return kind;
  char unit = *(*at)++;
  bool alone = *at == end || !is_word(**at);
  return kind == TS_T_INT && alone && strchr("buasmhdwny", unit) != NULL ? TS_T_DURATION : TS_T_BAD;
}

static ts_token_kind_t operation(const char** at, const char* end) {
  static const char* const pairs[] = {"<=", ">=", "<>", "!=", "->", "||", "&&"};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    if (end - *at < 2 || memcmp(*at, pairs[i], 2) != 0) continue;
    *at += 2;
    return TS_T_OP;
  }
  char c = *(*at)++;
  return strchr("(),.*+-/%=<>?&|~@", c) != NULL && c != '\0' ? TS_T_OP : TS_T_BAD;
}

void ts_lex_advance(ts_lex_t* lex) {
  lex->last = lex->token.at + lex->token.size;
  const char* at = skip_blanks(lex->next, lex->end);
  lex->token.at = at;
  if (at == lex->end || *at == ';') {
    lex->token.kind = TS_T_END;
  } else if (*at == '\'' || *at == '"' || *at == '`') {
    lex->token.kind = quoted(&at, lex->end);
  } else if (is_digit(*at) || (*at == '.' && lex->end - at >= 2 && is_digit(at[1]))) {
    lex->token.kind = number(&at, lex->end);
  } else if (is_word(*at)) {
    while (at < lex->end && is_word(*at)) at++;
    lex->token.kind = TS_T_WORD;
  } else {
    lex->token.kind = operation(&at, lex->end);
  }
  lex->token.size = (size_t) (at - lex->token.at);
  lex->next = at;
}

void ts_lex_init(ts_lex_t* lex, const char* sql, size_t size, ts_error_t* error) {
  *lex = (ts_lex_t) {.next = sql, .end = sql + size, .error = error};
  lex->token.at = sql;
  ts_lex_advance(lex);
}

bool ts_lex_is(const ts_lex_t* lex, const char* word) {
  return lex->token.kind == TS_T_WORD && strlen(word) == lex->token.size &&
         strncasecmp(lex->token.at, word, lex->token.size) == 0;
}

bool ts_lex_is_op(const ts_lex_t* lex, const char* op) {
  return lex->token.kind == TS_T_OP && strlen(op) == lex->token.size &&
         memcmp(lex->token.at, op, lex->token.size) == 0;
}

bool ts_lex_take(ts_lex_t* lex, const char* word) {
  if (!ts_lex_is(lex, word)) return false;
  ts_lex_advance(lex);
  return true;
}

bool ts_lex_take_op(ts_lex_t* lex, const char* op) {
  if (!ts_lex_is_op(lex, op)) return false;
  ts_lex_advance(lex);
  return true;
}

int ts_lex_syntax(ts_lex_t* lex) {
  size_t size = (size_t) (lex->end - lex->token.at);
  if (size == 0) return ts_error(lex->error, TS_E_INCOMPLETE, "Incomplete SQL statement");
  return ts_error(lex->error, TS_E_SYNTAX, "syntax error near \"%.*s\"",
                  (int) (size > 255 ? 255 : size), lex->token.at);
}

int ts_lex_expect(ts_lex_t* lex, const char* word) {
  return ts_lex_take(lex, word) ? 0 : ts_lex_syntax(lex);
}

int ts_lex_expect_op(ts_lex_t* lex, const char* op) {
  return ts_lex_take_op(lex, op) ? 0 : ts_lex_syntax(lex);
}

int ts_lex_expect_end(ts_lex_t* lex) {
  return lex->token.kind == TS_T_END ? 0 : ts_lex_syntax(lex);
}

int ts_lex_name(ts_lex_t* lex, char* name, size_t max) {
  bool reserved = lex->token.kind == TS_T_WORD &&
                  ts_word_is_reserved(lex->token.at, lex->token.size);
  return reserved ? ts_lex_syntax(lex) : ts_lex_word(lex, name, max);
}

int ts_lex_word(ts_lex_t* lex, char* name, size_t max) {
  const char* at = lex->token.at;
  size_t size = lex->token.size;
  if (lex->token.kind == TS_T_NAME) {
    at++;
    size -= 2;
  } else if (lex->token.kind != TS_T_WORD) {
    return ts_lex_syntax(lex);
  }
  if (size == 0 || size > max) return ts_lex_syntax(lex);
  for (size_t i = 0; i < size; i++) {
    bool upper = lex->token.kind == TS_T_WORD && at[i] >= 'A' && at[i] <= 'Z';
    name[i] = upper ? (char) (at[i] + ('a' - 'A')) : at[i];
  }
  name[size] = '\0';
  ts_lex_advance(lex);
  return 0;
}

static char escaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

size_t ts_lex_unescape(const ts_token_t* token, char* out) {
  char quote = token->at[0];
  size_t size = 0;
  for (size_t i = 1; i + 1 < token->size; i++) {
    char c = token->at[i];
    char next = i + 2 < token->size ? token->at[i + 1] : '\0';
    if (c == '\\' && i + 2 < token->size) {
      if (next == '%' || next == '_') out[size++] = '\\'; /* LIKE takes it away */
      c = escaped(next);
      i++;
    } else if (c == quote && next == quote) {
      i++;
    }
    out[size++] = c;
  }
  return size;
}

bool ts_lex_int(const ts_token_t* token, uint64_t* value) {
  uint64_t base = 10;
  size_t at = 0;
  if (token->size > 2 && token->at[0] == '0' && !is_digit(token->at[1])) {
    base = (token->at[1] | 0x20) == 'x' ? 16 : 2;
    at = 2;
  }
  *value = 0;
  for (; at < token->size; at++) {
    char c = token->at[at];
    uint64_t digit = (uint64_t) (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    if (__builtin_mul_overflow(*value, base, value)) return false;
    if (__builtin_add_overflow(*value, digit, value)) return false;
  }
  return true;
}

int ts_lex_number(ts_lex_t* lex, uint64_t max, uint64_t* value) {
  if (lex->token.kind != TS_T_INT || !ts_lex_int(&lex->token, value) || *value > max)
    return ts_lex_syntax(lex);
  ts_lex_advance(lex);
  return 0;
}
