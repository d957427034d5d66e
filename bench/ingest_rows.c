/* The rows of an ingest, for both client and floor: generated once, the same for every table. */
#include "ingest_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ingest_rows_make(ingest_rows_t* rows, uint32_t count) {
  memset(rows, 0, sizeof *rows);
  rows->count = count;
  rows->ts = malloc(count * sizeof *rows->ts);
  rows->a = malloc(count * sizeof *rows->a);
  rows->b = malloc(count * sizeof *rows->b);
  rows->c = malloc((size_t) count * INGEST_TEXT_MAX + 1);
  rows->c_offsets = malloc(((size_t) count + 1) * sizeof *rows->c_offsets);
  if (!rows->ts || !rows->a || !rows->b || !rows->c || !rows->c_offsets) return -1;
  uint32_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    rows->ts[i] = INT64_C(1700000000000) + i;
    rows->a[i] = (int32_t) (i * 2654435761u) >> 8;
    rows->b[i] = i * 0.25 - 1000;
    rows->c_offsets[i] = at;
    at += (uint32_t) snprintf(rows->c + at, INGEST_TEXT_MAX + 1, "row %u of the table", i % 1000);
    rows->sum += rows->a[i];
  }
  rows->c_offsets[count] = at;
  return 0;
}

void ingest_rows_free(ingest_rows_t* rows) {
  free(rows->ts);
  free(rows->a);
  free(rows->b);
  free(rows->c);
  free(rows->c_offsets);
}

int ingest_name(char name[INGEST_NAME_MAX], uint32_t table) {
  return snprintf(name, INGEST_NAME_MAX, "bench.sink_%u", table);
}
