/* Cuts SQL into tokens. */
#include "wire/sql/lexer.h"

#include <string.h>

#include "util/ascii.h"

static bool is_word(char c) {
  return tuv_is_letter(c) || tuv_is_digit(c) || c == '_';
}

/* The position behind the next occurrence of a text, or the end. */
static const char* find(const tuv_sql_lexer_t* lexer, const char* from, const char* text) {
  size_t length = strlen(text);
  for (; (size_t) (lexer->end - from) >= length; from++)
    if (memcmp(from, text, length) == 0) return from + length;
  return lexer->end;
}

static void skip_blanks(tuv_sql_lexer_t* lexer) {
  while (lexer->at < lexer->end) {
    size_t left = (size_t) (lexer->end - lexer->at);
    if (left >= 2 && memcmp(lexer->at, "--", 2) == 0)
      lexer->at = find(lexer, lexer->at, "\n");
    else if (left >= 2 && memcmp(lexer->at, "/*", 2) == 0)
      lexer->at = find(lexer, lexer->at + 2, "*/");
    else if ((unsigned char) *lexer->at <= ' ')
      lexer->at++;
    else
      return;
  }
}

/* The position behind the quoted text that begins here. A quote inside is doubled, or follows a
 * backslash. */
static const char* quoted_end(const tuv_sql_lexer_t* lexer) {
  char quote = *lexer->at;
  const char* at = lexer->at + 1;
  while (at < lexer->end) {
    if (*at == '\\' && quote != '`' && at + 1 < lexer->end) {
      at += 2;
    } else if (*at == quote) {
      if (at + 1 == lexer->end || at[1] != quote) return at + 1;
      at += 2;
    } else {
      at++;
    }
  }
  return lexer->end;
}

tuv_sql_token_t tuv_sql_next(tuv_sql_lexer_t* lexer) {
  skip_blanks(lexer);
  tuv_sql_token_t token = {lexer->at, 0};
  if (lexer->at == lexer->end) return token;
  char first = *lexer->at;
  if (first == '\'' || first == '"' || first == '`')
    lexer->at = quoted_end(lexer);
  else if (is_word(first))
    while (lexer->at < lexer->end && is_word(*lexer->at)) lexer->at++;
  else
    lexer->at++;
  token.length = (size_t) (lexer->at - token.at);
  return token;
}

bool tuv_sql_is(tuv_sql_token_t token, const char* word) {
  return token.length == strlen(word) && tuv_equal_ignoring_case(token.at, word, token.length);
}
