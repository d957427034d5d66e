/* Bind messages for the bundled server, well formed or not: what a client's encoder would make. */
#ifndef TS_TEST_BIND_MESSAGE_H
#define TS_TEST_BIND_MESSAGE_H

#include "base/buf.h"

/* An item of the second protocol. `nulls`: a character a row, '1' for NULL; NULL: none is. */
void bm_item(ts_buf_t* out, int32_t type, uint32_t rows, const char* nulls, const int32_t* lengths,
             const void* data, size_t size);
/* The payload of stmt2_bind: sections whose count or pointer is 0 are left out. tags[i] and
 * columns[i] are the items of table i. */
typedef struct bm_payload_s {
  uint32_t ntables;
  const char* const* names;
  uint32_t ntags;
  const ts_buf_t* tags;
  uint32_t ncolumns;
  const ts_buf_t* columns;
} bm_payload_t;
void bm_payload(ts_buf_t* out, const bm_payload_t* payload);
/* The payload of stmt2_bind_exec around its items. */
void bm_columns(ts_buf_t* out, uint32_t rows, uint32_t tables, uint32_t nfields,
                const ts_buf_t* items);
/* The 24 bytes in front, and for the actions 9 and 11 the version and the column index. */
void bm_head(ts_buf_t* out, uint64_t id, uint64_t stmt_id, uint64_t action);

#endif
