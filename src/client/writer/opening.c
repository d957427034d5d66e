/* Opening a writer: its shards become ready one after another. */
#include "client/pool/client.h"
#include "client/writer/opening.h"
#include "io/timers.h"

#include <string.h>

int tuv_writer_open_shard(taosuv_writer_t* writer) {
  tuv_shard_t* shard = writer->shards[writer->nbegun];
  int status = writer->type->open(shard, &writer->options, &writer->err);
  if (status < 0) return status;
  writer->nbegun++;
  writer->opening++;
  return 0;
}

/* The call returns the failure of the first shard. Failures of the others go to the callback. When the
 * client's queue is full, they wait until it has room. */
void tuv_writer_open_others(taosuv_writer_t* writer) {
  int status = writer->open_status;
  while (status == 0 && writer->nbegun < writer->nshards)
    status = writer->client == NULL ? TAOSUV_ECANCELED : tuv_writer_open_shard(writer);
  if (status == TAOSUV_EAGAIN)
    tuv_writer_expect(writer, tuv_now() + TUV_WRITER_QUEUE_PAUSE);
  else
    writer->open_status = status;
}

static void finish_opening(taosuv_writer_t* writer) {
  taosuv_writer_open_t* open = writer->open;
  int status = writer->open_status;
  if (writer->opening > 0 || (writer->nbegun < writer->nshards && status == 0)) return;
  writer->open = NULL;
  tuv_errmsg_t err = writer->err;
  if (status < 0) {
    tuv_writer_release(writer);
    open->message = err.text[0] != 0 ? err.text : taosuv_strerror(status);
  } else {
    open->writer = writer;
  }
  open->priv[0] = NULL;
  open->cb(open, status);
}

void tuv_shard_ready(tuv_shard_t* shard, int status, const taosuv_req_t* req) {
  taosuv_writer_t* writer = shard->writer;
  shard->state = TUV_SHARD_IDLE;
  if (status < 0 && writer->open_status == 0) {
    writer->open_status = status;
    if (req != NULL) writer->open->server_code = req->server_code;
    tuv_fail(&writer->err, status, "%s",
             req != NULL && req->message != NULL ? req->message : taosuv_strerror(status));
  }
  writer->opening--;
  finish_opening(writer);
}

/* Shards that need no answer of the server become ready here. */
void tuv_writer_open_more(taosuv_writer_t* writer) {
  int status = writer->client == NULL ? TAOSUV_ECANCELED : 0;
  tuv_writer_open_others(writer);
  for (uint32_t left = writer->opening; !writer->type->asks && left > 0; left--)
    tuv_shard_ready(writer->shards[left - 1], status, NULL); /* the last one may free the writer */
  if (writer->type->asks && writer->open_status < 0) finish_opening(writer);
}
