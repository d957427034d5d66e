/* A batch as messages (PROTOCOL 6): whether it can be sent, how large the messages are, and the
 * messages themselves. They are written through a sink, with their heads, as often as needed. */
#ifndef TUV_WIRE_BATCH_SEND_H
#define TUV_WIRE_BATCH_SEND_H

#include "util/sink.h"
#include "wire/batch/batch.h"

/* Bytes of all messages of the batch as it is now; 0 without a row. */
size_t tuv_batch_size(tuv_batch_t* batch);

/* Whether the batch can be sent. Returns TUV_EINVAL without a row, with an unfinished row, or with
 * rows of a table that has no tags; TUV_ENOTSUP for a parameter of a type that cannot be sent this
 * way; TUV_ERANGE for a time that V1 would change; TUV_EMSGSIZE when a message would be larger than
 * `max_message_size`, with a text that says by how much. A table without rows is not sent, and
 * neither are its tags. */
int tuv_batch_ready(tuv_batch_t* batch, uint64_t max_message_size, tuv_errmsg_t* err);

/* What follows is for a batch that is ready, until it changes. Each function writes exactly the
 * bytes that its size function returns. */

/* STMT2 and COLUMNAR. */
size_t tuv_batch_message_size(tuv_batch_t* batch);
void tuv_batch_message(tuv_batch_t* batch, uint64_t req_id, uint64_t stmt_id, tuv_sink_t* sink);

/* V1: its tables by index; a query, and an INSERT that names its table, have one. The name is NULL
 * when the SQL has no question mark for it, and the size of the tags is 0 when it has no tags.
 * Names are valid UTF-8, not NUL-terminated. */
static inline uint32_t tuv_batch_tables(const tuv_batch_t* batch) {
  return batch->used;
}
const char* tuv_batch_v1_name(const tuv_batch_t* batch, uint32_t table, size_t* length);
size_t tuv_batch_v1_tags_size(const tuv_batch_t* batch, uint32_t table);
void tuv_batch_v1_tags(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink);
size_t tuv_batch_v1_rows_size(const tuv_batch_t* batch, uint32_t table);
void tuv_batch_v1_rows(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink);

/* ---- masks of STMT2 ---- */

/* Lets rows that are bound from now on, until the batch is cleared, be masked with this key, so
 * that they are sent as they lie: four unpredictable bytes, for this batch alone. Without a key
 * nothing is masked. */
void tuv_batch_set_key(tuv_batch_t* batch, const uint8_t key[4]);
static inline bool tuv_batch_has_key(const tuv_batch_t* batch) {
  return batch->has_key;
}

/* The mask of the message with which premasked rows need not be masked again. Returns false when
 * there are no such rows, or when the mask was returned before: no mask is used twice. */
bool tuv_batch_mask(tuv_batch_t* batch, uint8_t mask[4]);

#endif
