/* What kind of statement an SQL text is. */
#include "wire/sql/kind.h"

#include "wire/sql/lexer.h"

/* Whether a token is one of a list of words, which ends with NULL. */
static bool is_one_of(tuv_sql_token_t token, const char* const* words) {
  for (; *words != NULL; words++)
    if (tuv_sql_is(token, *words)) return true;
  return false;
}

bool tuv_sql_only_reads(const char* sql, size_t length) {
  static const char* const words[] = {"select", "show", "describe", "desc", "explain", NULL};
  tuv_sql_lexer_t lexer = tuv_sql_lexer(sql, length);
  tuv_sql_token_t first = tuv_sql_next(&lexer);
  while (tuv_sql_is(first, "(")) first = tuv_sql_next(&lexer);
  return is_one_of(first, words);
}

bool tuv_sql_changes_tables(const char* sql, size_t length) {
  static const char* const words[] = {"use", "alter", "drop", NULL};
  tuv_sql_lexer_t lexer = tuv_sql_lexer(sql, length);
  return is_one_of(tuv_sql_next(&lexer), words);
}
