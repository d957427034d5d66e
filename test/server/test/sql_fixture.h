/* What the tests of the bundled server's SQL share: a store, statements run on it, and values. */
#ifndef TS_TEST_SQL_FIXTURE_H
#define TS_TEST_SQL_FIXTURE_H

#include "sql/sql.h"

typedef struct sf_s {
  ts_store_t* store;
  ts_env_t env;
  ts_outcome_t outcome; /* of the last statement */
  ts_error_t error;
} sf_t;

int sf_setup(void** state);
int sf_teardown(void** state);

int sf_run(sf_t* f, const char* sql); /* returns the error's code or 0, as ts_sql_run does */
/* These fail the test when it comes out otherwise. */
void sf_ok(sf_t* f, const char* sql);
void sf_affects(sf_t* f, const char* sql, int64_t rows);
void sf_fails(sf_t* f, const char* sql, int code, const char* text);
void sf_refused(sf_t* f, const char* sql); /* code 256: TDengine's SQL, but not this server's */
void sf_gives(sf_t* f, const char* sql, uint32_t rows);
void sf_text_is(sf_t* f, const char* sql, const char* text);
/* The only value of a one-column, one-row result of a type of 4 or 8 bytes. */
int64_t sf_number(sf_t* f, const char* sql);
double sf_real(sf_t* f, const char* sql);
const ts_blob_t* sf_block(sf_t* f); /* the first one */

void sf_create(sf_t* f);     /* database db with t (ts, a int, s varchar(8)), and USE */
void sf_fill_types(sf_t* f); /* t_all as recorded */
void sf_fill_super(sf_t* f); /* meters and sites as recorded */

#endif
