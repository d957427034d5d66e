/* Results as /rest/sql writes them (PROTOCOL 9.3): JSON made from the blocks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/reply.h"
#include "session/request.h"
#include "session/rest.h"
#include "wire/block/block.h"

/* Go writes "1e+30" and "1e-07" where others write "1e30" and "1e-7". */
static void put_float(ts_buf_t* out, const char* text) {
  const char* exponent = strchr(text, 'e');
  if (exponent == NULL) {
    ts_buf_text(out, text);
    return;
  }
  long value = strtol(exponent + 1, NULL, 10);
  ts_buf_add(out, text, (size_t) (exponent - text));
  ts_buf_format(out, "e%c%02ld", value < 0 ? '-' : '+', labs(value));
}

/* NaN and infinities have been null since 3.3.8.4; before, no reader of JSON took them. */
static void put_real(ts_buf_t* out, const ts_server_t* server, const char* text) {
  bool finite = strpbrk(text, "yN") == NULL;
  if (finite)
    put_float(out, text);
  else if (ts_server_has(server, 3, 3, 8, 4))
    ts_buf_text(out, "null");
  else
    ts_buf_text(out, *text == 'N' ? "NaN" : *text == '-' ? "-Inf" : "+Inf");
}

static void put_bytes(ts_buf_t* out, const taosuv_column_t* column, uint32_t row) {
  uint32_t size;
  const uint8_t* bytes = taosuv_get_bytes(column, row, &size);
  if (column->type == TS_JSON) {
    ts_buf_add(out, bytes, size);
    return;
  }
  int length = taosuv_format_cell(column, row, 0, NULL, 0);
  char* text = ts_malloc((size_t) length + 1);
  taosuv_format_cell(column, row, 0, text, (size_t) length + 1);
  ts_buf_json(out, text, strlen(text) < (size_t) length ? (size_t) length : strlen(text), false);
  free(text);
}

static void put_cell(ts_buf_t* out, const ts_request_t* request, const taosuv_column_t* column,
                     uint32_t row) {
  char text[128];
  if (taosuv_is_null(column, row)) {
    ts_buf_text(out, "null");
    return;
  }
  if (column->size == 0) {
    put_bytes(out, column, row);
    return;
  }
  taosuv_format_cell(column, row, request->zone.offset, text, sizeof text);
  switch (column->type) {
    case TS_FLOAT:
    case TS_DOUBLE: put_real(out, request->session->server, text); break;
    case TS_TIMESTAMP:
    case TS_DECIMAL:
    case TS_DECIMAL64: ts_buf_format(out, "\"%s\"", text); break;
    default: ts_buf_text(out, text);
  }
}

static void put_row(ts_buf_t* out, const ts_request_t* request, const ts_result_t* result,
                    const taosuv_column_t* columns, uint32_t row) {
  ts_buf_text(out, request->with_meta ? "{" : "[");
  for (uint32_t i = 0; i < result->nfields; i++) {
    if (i > 0) ts_buf_text(out, ",");
    if (request->with_meta) {
      ts_buf_json(out, result->fields[i].name, strlen(result->fields[i].name), false);
      ts_buf_text(out, ":");
    }
    put_cell(out, request, &columns[i], row);
  }
  ts_buf_text(out, request->with_meta ? "}" : "]");
}

/* Returns the rows, or UINT32_MAX for a malformed block, which a rule can make. */
static uint32_t put_block(ts_buf_t* out, const ts_request_t* request, const ts_result_t* result,
                          const ts_blob_t* block, bool first) {
  tuv_block_head_t head;
  if (tuv_block_head(block->data, block->size, &head, NULL) != 0) return UINT32_MAX;
  taosuv_column_t* columns = ts_calloc(head.columns, sizeof *columns);
  int status = tuv_block_parse(block->data, block->size, &head, result->precision, columns, NULL);
  for (uint32_t row = 0; status == 0 && row < head.rows; row++) {
    if (!first || row > 0) ts_buf_text(out, ",");
    put_row(out, request, result, columns, row);
  }
  free(columns);
  return status == 0 ? head.rows : UINT32_MAX;
}

static void put_meta(ts_buf_t* out, const ts_field_t* field) {
  ts_type_t type = field->type;
  ts_buf_text(out, "[");
  ts_buf_json(out, field->name, strlen(field->name), false);
  ts_buf_format(out, ",\"%s", ts_type_name(type.type));
  if (ts_type_is_decimal(type.type)) ts_buf_format(out, "(%u,%u)", type.precision, type.scale);
  ts_buf_format(out, "\",%u]", type.width);
}

static void end(ts_request_t* request, ts_buf_t* out, uint64_t rows) {
  ts_buf_text(out, "],\"rows\":");
  ts_buf_decimal(out, rows);
  if (request->timing) {
    ts_buf_text(out, ",\"timing\":");
    ts_buf_decimal(out, ts_request_timing(request));
  }
  ts_buf_text(out, "}");
  ts_conn_http_reply(request->session->conn, 200, TS_HTTP_JSON, out->data, out->size, true);
}

void ts_rest_result(ts_request_t* request, const ts_result_t* result) {
  ts_buf_t* out = &request->session->server->scratch;
  uint64_t rows = 0;
  out->size = 0;
  ts_buf_text(out, "{\"code\":0,\"column_meta\":[");
  for (uint32_t i = 0; i < result->nfields; i++) {
    if (i > 0) ts_buf_text(out, ",");
    put_meta(out, &result->fields[i]);
  }
  ts_buf_text(out, "],\"data\":[");
  const ts_blob_t* block;
  for (uint64_t i = 0; (block = ts_result_block(result, i)) != NULL; i++) {
    uint32_t count = put_block(out, request, result, block, rows == 0);
    if (count == UINT32_MAX) break; /* as an error within a fetch, it ends the data */
    rows += count;
  }
  end(request, out, rows);
}

void ts_rest_update(ts_request_t* request, int64_t affected_rows) {
  ts_buf_t* out = &request->session->server->scratch;
  out->size = 0;
  ts_buf_text(out, "{\"code\":0,\"column_meta\":[[\"affected_rows\",\"INT\",4]],\"data\":[");
  ts_buf_format(out, request->with_meta ? "{\"affected_rows\":%lld}" : "[%lld]",
                (long long) affected_rows);
  end(request, out, 1);
}
