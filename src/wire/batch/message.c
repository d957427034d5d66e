/* A batch as one message: stmt2_bind or stmt2_bind_exec. */
#include "wire/batch/item.h"
#include "wire/batch/premasked.h"
#include "wire/batch/send.h"

enum { ACTION_STMT2_BIND = 9, ACTION_STMT2_BIND_EXEC = 11 };

size_t tuv_batch_message_size(tuv_batch_t* batch) {
  return tuv_batch_size(batch);
}

void tuv_batch_message(tuv_batch_t* batch, uint64_t req_id, uint64_t stmt_id, tuv_sink_t* sink) {
  tuv_encoder_t encoder;
  bool columnar = batch->encoding.format == TUV_BATCH_COLUMNAR;
  tuv_batch_unmask(batch);
  tuv_encoder_begin(&encoder, sink, req_id, stmt_id,
                    columnar ? ACTION_STMT2_BIND_EXEC : ACTION_STMT2_BIND);
  if (columnar)
    tuv_columnar_write(batch, &encoder);
  else
    tuv_stmt2_write(batch, &encoder);
  tuv_encoder_end(&encoder);
}
