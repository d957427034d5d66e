/* The ingest of the floor: a statement that is prepared once, and the precomputed frames of its
 * batch. */
#include "floor_ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor_frames.h"
#include "floor_login.h"
#include "ingest_rows.h"

static uint8_t* put(uint8_t* out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) *out++ = (uint8_t) (value >> (8 * i));
  return out;
}

/* An exchange whose answer must be a success. Returns the answer, which the caller frees, or NULL
 * after printing the error. */
static char* ask(floor_link_t* link, const uint8_t* frame, size_t size, size_t* length) {
  char* reply = (char*) floor_exchange(link, frame, size, length);
  if (reply == NULL || strstr(reply, "\"code\":0,") != NULL) return reply;
  fprintf(stderr, "taosuv-floor: refused: %s\n", reply);
  free(reply);
  return NULL;
}

static char* ask_json(floor_link_t* link, const char* text) {
  uint8_t frame[1024];
  size_t length;
  return ask(link, frame, floor_frame(frame, 1, text, strlen(text)), &length);
}

static int create(floor_link_t* link) {
  static const char* const steps[] = {"create database if not exists bench", INGEST_DROP,
                                      INGEST_CREATE};
  for (size_t i = 0; i < 3; i++) {
    floor_messages_t step;
    size_t length;
    if (floor_messages_init(&step, steps[i]) < 0) return -1;
    char* reply = ask(link, step.query, step.query_size, &length);
    floor_messages_free(&step);
    if (reply == NULL) return -1;
    free(reply);
  }
  return 0;
}

static int prepare(floor_link_t* link, uint64_t* id) {
  char text[512];
  char* reply = ask_json(link,
                         "{\"action\":\"stmt2_init\",\"args\":{\"req_id\":1,"
                         "\"single_stb_insert\":true,\"single_table_bind_once\":true}}");
  if (reply == NULL) return -1;
  const char* at = strstr(reply, "\"stmt_id\":");
  *id = at == NULL ? 0 : strtoull(at + 10, NULL, 10);
  free(reply);
  snprintf(text, sizeof text,
           "{\"action\":\"stmt2_prepare\",\"args\":{\"req_id\":1,\"stmt_id\":%llu,"
           "\"sql\":\"" INGEST_SQL "\",\"get_fields\":true}}",
           (unsigned long long) *id);
  reply = ask_json(link, text);
  if (reply == NULL) return -1;
  free(reply);
  return 0;
}

/* A bind item of `rows` values without a NULL (PROTOCOL 6.3.3). */
static uint8_t* put_item(uint8_t* out, uint32_t type, uint32_t rows, const void* values,
                         uint32_t size, const uint32_t* offsets) {
  uint32_t lengths = offsets == NULL ? 0 : 4 * rows;
  out = put(out, 17 + rows + lengths + size, 4);
  out = put(put(out, type, 4), rows, 4);
  memset(out, 0, rows);
  out = put(out + rows, offsets != NULL, 1);
  for (uint32_t i = 0; offsets != NULL && i < rows; i++)
    out = put(out, offsets[i + 1] - offsets[i], 4);
  out = put(out, size, 4);
  memcpy(out, values, size);
  return out + size;
}

static uint32_t columns_size(const ingest_rows_t* from, uint32_t rows) {
  return 4 * 17 + 4 * rows + 20 * rows + 4 * rows + from->c_offsets[rows];
}

static uint8_t* put_columns(uint8_t* out, const ingest_rows_t* from, uint32_t rows) {
  out = put_item(out, 9, rows, from->ts, 8 * rows, NULL);
  out = put_item(out, 4, rows, from->a, 4 * rows, NULL);
  out = put_item(out, 7, rows, from->b, 8 * rows, NULL);
  return put_item(out, 8, rows, from->c, from->c_offsets[rows], from->c_offsets);
}

typedef struct layout_s {
  uint32_t names, tags, columns, total;
} layout_t;

static layout_t lay_out(const bench_options_t* options, const ingest_rows_t* from) {
  char name[INGEST_NAME_MAX];
  layout_t at = {.names = 28};
  at.tags = at.names;
  for (uint32_t i = 0; i < options->tables; i++) at.tags += 2 + (uint32_t) ingest_name(name, i) + 1;
  at.columns = at.tags + options->tables * (4 + 22);
  at.total = at.columns;
  for (uint32_t i = 0; i < options->tables; i++)
    at.total += 4 + columns_size(from, ingest_share(options->batch, options->tables, i));
  return at;
}

static uint8_t* put_names_and_tags(uint8_t* out, uint32_t tables) {
  char name[INGEST_NAME_MAX];
  for (uint32_t i = 0; i < tables; i++) out = put(out, (uint64_t) ingest_name(name, i) + 1, 2);
  for (uint32_t i = 0; i < tables; i++) {
    size_t size = (size_t) ingest_name(name, i) + 1;
    memcpy(out, name, size);
    out += size;
  }
  for (uint32_t i = 0; i < tables; i++) out = put(out, 22, 4);
  for (uint32_t i = 0; i < tables; i++) out = put_item(out, 4, 1, &i, 4, NULL);
  return out;
}

#define HEADER_MAX 14u

/* The header of a binary frame; its mask is 0. */
static uint8_t* put_header(uint8_t* out, uint64_t size) {
  int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  *out++ = 0x82;
  *out++ = (uint8_t) (0x80 | (bytes == 0 ? size : bytes == 2 ? 126u : 127u));
  while (bytes-- > 0) *out++ = (uint8_t) (size >> (8 * bytes));
  return put(out, 0, 4);
}

static int make_bind(floor_ingest_t* ingest, const bench_options_t* options, uint64_t id) {
  ingest_rows_t rows;
  int status = ingest_rows_make(&rows, ingest_share(options->batch, options->tables, 0));
  layout_t at = {0, 0, 0, 0};
  if (status == 0) {
    at = lay_out(options, &rows);
    ingest->bind = malloc(HEADER_MAX + 30 + (size_t) at.total);
    if (ingest->bind == NULL) status = -1;
  }
  if (status == 0) {
    uint8_t* out = put_header(ingest->bind, 30 + (uint64_t) at.total);
    out = put(put(put(out, 1, 8), id, 8), 9, 8);
    out = put(put(out, 1, 2), 0xFFFFFFFF, 4);
    const uint32_t head[] = {at.total, options->tables, 1, 4, at.names, at.tags, at.columns};
    for (size_t i = 0; i < 7; i++) out = put(out, head[i], 4);
    out = put_names_and_tags(out, options->tables);
    for (uint32_t i = 0; i < options->tables; i++)
      out = put(out, columns_size(&rows, ingest_share(options->batch, options->tables, i)), 4);
    for (uint32_t i = 0; i < options->tables; i++)
      out = put_columns(out, &rows, ingest_share(options->batch, options->tables, i));
    ingest->bind_size = (size_t) (out - ingest->bind);
  }
  ingest_rows_free(&rows);
  return status;
}

int floor_ingest_learn(floor_ingest_t* ingest, floor_link_t* link, const bench_options_t* options,
                       size_t* text_length) {
  char text[96];
  uint64_t id;
  if (create(link) < 0 || prepare(link, &id) < 0) return -1;
  if (make_bind(ingest, options, id) < 0) {
    fprintf(stderr, "taosuv-floor: out of memory\n");
    return -1;
  }
  snprintf(text, sizeof text,
           "{\"action\":\"stmt2_exec\",\"args\":{\"req_id\":1,\"stmt_id\":%llu}}",
           (unsigned long long) id);
  ingest->exec_size = floor_frame(ingest->exec, 1, text, strlen(text));
  char* reply = ask(link, ingest->bind, ingest->bind_size, text_length);
  if (reply == NULL) return -1;
  free(reply);
  reply = ask(link, ingest->exec, ingest->exec_size, text_length);
  if (reply == NULL) return -1;
  free(reply);
  return 0;
}

void floor_ingest_free(floor_ingest_t* ingest) {
  free(ingest->bind);
}
