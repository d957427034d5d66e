/* The rows of an ingest, for both client and floor: generated once, the same for every table. */
#ifndef BENCH_INGEST_ROWS_H
#define BENCH_INGEST_ROWS_H

#include <stdint.h>

/* Their super table, whose rows a bundled server counts and discards. */
#define INGEST_TABLE "bench.sink"
#define INGEST_DROP "drop table if exists " INGEST_TABLE
#define INGEST_CREATE                                                                              \
  "create table " INGEST_TABLE " (ts timestamp, a int, b double, c varchar(24)) tags (g int)"
#define INGEST_SQL "insert into ? using " INGEST_TABLE " tags(?) values(?,?,?,?)"
#define INGEST_TEXT_MAX 24u

typedef struct ingest_rows_s {
  uint32_t count; /* rows of one table in one batch */
  int64_t* ts;
  int32_t* a;
  double* b;
  char* c;             /* one after another */
  uint32_t* c_offsets; /* count + 1 */
  int64_t sum;         /* of a */
} ingest_rows_t;

/* Returns 0, or -1 when out of memory. */
int ingest_rows_make(ingest_rows_t* rows, uint32_t count);
void ingest_rows_free(ingest_rows_t* rows);

/* The name of a table, with its NUL. */
#define INGEST_NAME_MAX 32u
int ingest_name(char name[INGEST_NAME_MAX], uint32_t table);

/* The number of rows of a table in a batch. */
static inline uint32_t ingest_share(uint32_t batch, uint32_t tables, uint32_t table) {
  return batch / tables + (table < batch % tables);
}

#endif
