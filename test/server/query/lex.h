/* TDengine SQL cut into tokens. */
#ifndef TS_QUERY_LEX_H
#define TS_QUERY_LEX_H

#include "base/error.h"
#include "codec/type.h"

typedef enum {
  TS_T_END,
  TS_T_WORD,   /* a keyword or a plain name */
  TS_T_NAME,   /* a name in backquotes */
  TS_T_STRING, /* in ' or " */
  TS_T_INT,    /* also 0x1f and 0b101 */
  TS_T_FLOAT,
  TS_T_DURATION, /* 10s */
  TS_T_OP,
  TS_T_BAD
} ts_token_kind_t;

typedef struct ts_token_s {
  ts_token_kind_t kind;
  const char* at; /* its text, quotes included */
  size_t size;
} ts_token_t;

typedef struct ts_lex_s {
  const char* next;
  const char* end;
  const char* last; /* the end of the token before this one */
  ts_token_t token; /* the one to be read now */
  ts_error_t* error;
} ts_lex_t;

void ts_lex_init(ts_lex_t* lex, const char* sql, size_t size, ts_error_t* error);
void ts_lex_advance(ts_lex_t* lex);
bool ts_lex_is(const ts_lex_t* lex, const char* word); /* a keyword, in any case */
bool ts_lex_is_op(const ts_lex_t* lex, const char* op);
bool ts_lex_take(ts_lex_t* lex, const char* word); /* read it if it is there */
bool ts_lex_take_op(ts_lex_t* lex, const char* op);
/* 0, or the syntax error. */
int ts_lex_expect(ts_lex_t* lex, const char* word);
int ts_lex_expect_op(ts_lex_t* lex, const char* op);
int ts_lex_expect_end(ts_lex_t* lex);
int ts_lex_syntax(ts_lex_t* lex); /* the error at this token */

/* A name of at most `max` bytes: in lower case unless in backquotes, where alone it may be a word
 * that is reserved. `name` has max + 1 bytes. */
int ts_lex_name(ts_lex_t* lex, char* name, size_t max);
/* The same with reserved words: where a function may be called. */
int ts_lex_word(ts_lex_t* lex, char* name, size_t max);
/* In any case. */
bool ts_word_is_reserved(const char* at, size_t size);
/* The text of a STRING token without quotes and escapes; `out` has token->size bytes. */
size_t ts_lex_unescape(const ts_token_t* token, char* out);
/* An INT token's value; false when it needs more than 64 bits. */
bool ts_lex_int(const ts_token_t* token, uint64_t* value);
/* An integer as an option or width; 0 or the syntax error. */
int ts_lex_number(ts_lex_t* lex, uint64_t max, uint64_t* value);

#endif
