/* A shard whose table has changed has its statement prepared again. */
#include "client/writer/renew.h"

#include "client/core/req.h"
#include "io/timers.h"

/* When a statement could not be prepared again: when to try once more, in ms. */
#define RENEWAL_PAUSE 500u

void tuv_shard_renewed(tuv_shard_t* shard, int status, const taosuv_req_t* req) {
  uint64_t now = tuv_now();
  bool passing = status == TAOSUV_EAGAIN || status == TAOSUV_EBUSY ||
                 taosuv_err_class(status) == TAOSUV_CLASS_NETWORK ||
                 (req != NULL && (req->err_flags & TAOSUV_ERR_RETRYABLE) != 0);
  shard->state = TUV_SHARD_IDLE;
  shard->stale = status < 0;
  shard->renewal = passing ? 0 : status;
  shard->retry_at = now + (status == TAOSUV_EAGAIN || status == TAOSUV_EBUSY
                               ? TUV_WRITER_QUEUE_PAUSE
                               : RENEWAL_PAUSE);
  const char* why = req != NULL && req->message != NULL ? req->message : taosuv_strerror(status);
  tuv_fail(&shard->refusal_text, status, "%s", why);
  tuv_writer_wake(shard->writer);
}

uint64_t tuv_shard_renew(tuv_shard_t* shard, uint64_t now) {
  taosuv_writer_t* writer = shard->writer;
  if (writer->closing || writer->client == NULL) return UINT64_MAX;
  if (now < shard->retry_at) return shard->retry_at;
  tuv_errmsg_t err = {""};
  shard->state = TUV_SHARD_RENEWING;
  int status = writer->type->renew(shard, &err);
  if (status < 0) tuv_shard_renewed(shard, status, NULL);
  return UINT64_MAX;
}
