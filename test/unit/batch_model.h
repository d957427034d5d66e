/* The expected content of a batch, and the check that its messages have exactly this content. */
#ifndef TUV_TEST_UNIT_BATCH_MODEL_H
#define TUV_TEST_UNIT_BATCH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/batch/batch.h"

#define MODEL_FIELDS 12
#define MODEL_TABLES 6

/* A value: fixed width little-endian, a DECIMAL's integer, or the bytes; NCHAR as UTF-8. */
typedef struct model_cell_s {
  bool null;
  uint32_t size;
  uint8_t* bytes;
} model_cell_t;

typedef struct model_table_s {
  char name[40];
  uint32_t name_length;
  bool tagged;
  model_cell_t tags[MODEL_FIELDS];
  uint32_t rows;
  model_cell_t* cells; /* row by row */
} model_table_t;

typedef struct model_s {
  taosuv_stmt_field_t fields[MODEL_FIELDS];
  uint32_t count, ntags, ncolumns;
  const taosuv_stmt_field_t* tags[MODEL_FIELDS];
  const taosuv_stmt_field_t* columns[MODEL_FIELDS];
  bool named;
  model_table_t tables[MODEL_TABLES];
  uint32_t ntables;
} model_t;

/* Ends the program when it does not hold: for cmocka and for the fuzzer alike. */
#define MODEL_CHECK(holds) model_check((holds), #holds, __FILE__, __LINE__)
void model_check(bool holds, const char* text, const char* file, int line);

model_cell_t model_cell(const void* bytes, uint32_t size);
void model_cell_free(model_cell_t* cell);
void model_clear(model_t* model);
uint64_t model_rows(const model_t* model);

/* Writes the batch in every form and compares the meaning of each byte with the model. The batch
 * must not be empty, and every table with rows must have its tags. */
void model_verify(const model_t* model, tuv_batch_t* batch);

#endif
