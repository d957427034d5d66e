/* Cuts SQL into tokens, as far as the library reads SQL itself: comments and blanks are skipped,
 * and quoted texts and names are not looked into. Any bytes are allowed. It is used to find the
 * question marks and names of a statement (wire/stmt/sql) and to tell what kind of statement one is
 * (wire/sql/kind). */
#ifndef TUV_WIRE_SQL_LEXER_H
#define TUV_WIRE_SQL_LEXER_H

#include <stdbool.h>
#include <stddef.h>

/* What is left of the text. */
typedef struct tuv_sql_lexer_s {
  const char* at;
  const char* end;
} tuv_sql_lexer_t;

/* A word, a quoted text or name with its quotes, or any other single character. */
typedef struct tuv_sql_token_s {
  const char* at;
  size_t length; /* 0: the end of the text */
} tuv_sql_token_t;

static inline tuv_sql_lexer_t tuv_sql_lexer(const char* sql, size_t length) {
  tuv_sql_lexer_t lexer = {sql, sql + length};
  return lexer;
}

tuv_sql_token_t tuv_sql_next(tuv_sql_lexer_t* lexer);

/* Whether a token is this word, given in lower case, or this character. */
bool tuv_sql_is(tuv_sql_token_t token, const char* word);

#endif
