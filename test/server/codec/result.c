/* A finished result: its columns and its blocks, unchanging and shared by those who read it. */
#include "codec/result.h"

#include <stdlib.h>
#include <string.h>

ts_result_t* ts_result_new(const ts_field_t* fields, uint32_t nfields, uint8_t precision) {
  ts_result_t* result = ts_calloc(1, sizeof *result);
  result->refs = 1;
  result->precision = precision;
  result->nfields = nfields;
  result->repeat = 1;
  result->fields = ts_calloc(nfields, sizeof *fields);
  if (nfields > 0) memcpy(result->fields, fields, nfields * sizeof *fields);
  return result;
}

void ts_result_add(ts_result_t* result, ts_blob_t* block) {
  result->blocks = ts_realloc(result->blocks, (result->nblocks + 1) * sizeof *result->blocks);
  result->blocks[result->nblocks++] = block;
}

ts_result_t* ts_result_ref(ts_result_t* result) {
  result->refs++;
  return result;
}

void ts_result_unref(ts_result_t* result) {
  if (result == NULL || --result->refs > 0) return;
  for (size_t i = 0; i < result->nblocks; i++) ts_blob_unref(result->blocks[i]);
  ts_blob_unref(result->meta);
  free(result->blocks);
  free(result->fields);
  free(result);
}

ts_blob_t* ts_result_block(const ts_result_t* result, uint64_t index) {
  if (result->nblocks == 0) return NULL;
  if (index < result->repeat) return result->blocks[0];
  index -= result->repeat - 1;
  return index < result->nblocks ? result->blocks[index] : NULL;
}

uint32_t ts_block_rows(const ts_blob_t* block) {
  return block->size >= 12 ? ts_get_u32(block->data + 8) : 0;
}

typedef uint32_t (*get_number_t)(const ts_field_t* field);

static uint32_t get_type(const ts_field_t* field) {
  return field->type.type;
}
static uint32_t get_width(const ts_field_t* field) {
  return field->type.width;
}
static uint32_t get_storage(const ts_field_t* field) {
  return ts_type_storage(field->type);
}
static uint32_t get_precision(const ts_field_t* field) {
  return field->type.precision;
}
static uint32_t get_scale(const ts_field_t* field) {
  return field->type.scale;
}

static void put_numbers(ts_buf_t* out, const ts_result_t* result, const char* key,
                        get_number_t get) {
  ts_buf_format(out, ",\"%s\":[", key);
  for (uint32_t i = 0; i < result->nfields; i++) {
    if (i > 0) ts_buf_text(out, ",");
    ts_buf_decimal(out, get(&result->fields[i]));
  }
  ts_buf_text(out, "]");
}

void ts_result_put_meta(ts_buf_t* out, const ts_result_t* result, bool html, bool decimals,
                        bool storage) {
  ts_buf_format(out, "\"fields_count\":%u,\"fields_names\":[", result->nfields);
  for (uint32_t i = 0; i < result->nfields; i++) {
    if (i > 0) ts_buf_text(out, ",");
    ts_buf_json(out, result->fields[i].name, strlen(result->fields[i].name), html);
  }
  ts_buf_text(out, "]");
  put_numbers(out, result, "fields_types", get_type);
  put_numbers(out, result, "fields_lengths", storage ? get_storage : get_width);
  ts_buf_format(out, ",\"precision\":%u", (unsigned) result->precision);
  if (decimals) {
    put_numbers(out, result, "fields_precisions", get_precision);
    put_numbers(out, result, "fields_scales", get_scale);
  }
}

const ts_blob_t* ts_result_meta(ts_result_t* result, bool html, bool decimals) {
  if (result->meta != NULL) return result->meta;
  ts_buf_t out = {0};
  ts_result_put_meta(&out, result, html, decimals, false);
  ts_buf_text(&out, "}");
  result->meta = ts_blob_new(out.data, out.size);
  ts_buf_free(&out);
  return result->meta;
}
