/* The points that the workload lines writes. */
#include "lines_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST 128u

char* bench_lines_text(uint32_t rows, size_t* length) {
  char* text = malloc((size_t) rows * LONGEST);
  if (text == NULL) return NULL;
  *length = 0;
  for (uint32_t row = 0; row < rows; row++)
    *length += (size_t) snprintf(text + *length, LONGEST,
                                 "sink,host=web%" PRIu32 ",dc=lga a=%" PRIu32
                                 "i32,user=%.2f,idle=%.2f,note=\"as \\\"ever\\\"\" %" PRIu64 "\n",
                                 row % 10, row, (row % 100) * 0.01, 1 - (row % 100) * 0.01,
                                 UINT64_C(1700000000000) + row);
  return text;
}
