/* The one way of all bytes out: queued, damaged by the faults, and written once a loop turn. */
#include <stdlib.h>
#include <string.h>

#include "ws/conn.h"
#include "ws/out.h"

#define CHUNK 8192u
#define COPY_BELOW 2048u /* a blob smaller than this is copied beside its neighbours */
#define MAX_BUFS 64u

static ts_chunk_t* add_chunk(ts_conn_t* conn, size_t capacity) {
  ts_chunk_t* chunk = ts_malloc(sizeof *chunk + capacity);
  *chunk = (ts_chunk_t) {.at = chunk->data, .capacity = capacity};
  if (conn->out_last != NULL) conn->out_last->next = chunk;
  if (conn->out_first == NULL) conn->out_first = chunk;
  conn->out_last = chunk;
  return chunk;
}

static void queue_copy(ts_conn_t* conn, const uint8_t* data, size_t size) {
  ts_chunk_t* last = conn->out_last;
  size_t used = last == NULL ? 0 : (size_t) (last->at - last->data) + last->size;
  /* A chunk that is being written may still grow: the kernel was given only what it had. */
  if (last == NULL || last->blob != NULL || last->capacity - used < size) {
    last = add_chunk(conn, size > CHUNK ? size : CHUNK);
    used = 0;
  }
  memcpy(last->data + used, data, size);
  last->size += size;
}

static void queue(ts_conn_t* conn, const uint8_t* data, size_t size, ts_blob_t* blob) {
  if (size == 0) return;
  if (blob == NULL || size < COPY_BELOW) {
    queue_copy(conn, data, size);
  } else {
    ts_chunk_t* chunk = add_chunk(conn, 0);
    chunk->blob = ts_blob_ref(blob);
    chunk->at = data;
    chunk->size = size;
  }
}

static void mark_dirty(ts_conn_t* conn) {
  if (conn->dirty) return;
  conn->dirty = true;
  conn->dirty_next = conn->peer->dirty;
  conn->peer->dirty = conn;
}

void ts_out_finish(ts_conn_t* conn) {
  if (conn->tls != NULL && !conn->out_closed) ts_tls_finish(conn->tls);
  conn->finish_when_flushed = true;
  mark_dirty(conn);
}

void ts_conn_finish(ts_conn_t* conn) {
  if (!conn->closing && !conn->finish_when_flushed) ts_out_finish(conn);
}

/* All bytes of the connection pass here, in the order in which they are sent. */
static void out(ts_conn_t* conn, const uint8_t* data, size_t size, ts_blob_t* blob) {
  const ts_fault_t* fault = &conn->fault;
  if (conn->out_closed || conn->stalled || conn->closing) return;
  if (fault->cut_after_sent > 0 && size >= fault->cut_after_sent - conn->sent) {
    size = (size_t) (fault->cut_after_sent - conn->sent);
    conn->out_closed = true;
    conn->cut_when_flushed = true;
  }
  uint64_t at = fault->xor_offset - conn->sent;
  if (fault->xor_mask != 0 && fault->xor_offset >= conn->sent && at < size) {
    uint8_t byte = data[at] ^ fault->xor_mask;
    queue(conn, data, (size_t) at, blob);
    queue_copy(conn, &byte, 1);
    queue(conn, data + at + 1, size - (size_t) at - 1, blob);
  } else {
    queue(conn, data, size, blob);
  }
  conn->sent += size;
  conn->peer->counters.bytes_out += size;
  mark_dirty(conn);
}

void ts_out_cipher(void* conn, const uint8_t* data, size_t size) {
  out(conn, data, size, NULL);
}

/* Under TLS it is the ciphertext that is counted, cut, split and changed. */
void ts_out_bytes(ts_conn_t* conn, const void* data, size_t size) {
  if (conn->tls != NULL) {
    ts_tls_write(conn->tls, data, size);
  } else {
    out(conn, data, size, NULL);
  }
}

void ts_out_blob(ts_conn_t* conn, ts_blob_t* blob) {
  if (conn->tls != NULL) {
    ts_tls_write(conn->tls, blob->data, blob->size);
  } else {
    out(conn, blob->data, blob->size, blob);
  }
}

static void pop_chunk(ts_conn_t* conn) {
  ts_chunk_t* chunk = conn->out_first;
  conn->out_first = chunk->next;
  if (conn->out_first == NULL) conn->out_last = NULL;
  ts_blob_unref(chunk->blob);
  free(chunk);
}

static void consume(ts_conn_t* conn, size_t size) {
  while (size > 0) {
    ts_chunk_t* chunk = conn->out_first;
    size_t part = size < chunk->size ? size : chunk->size;
    chunk->at += part;
    chunk->size -= part;
    size -= part;
    if (chunk->size == 0) pop_chunk(conn);
  }
}

void ts_out_free(ts_conn_t* conn) {
  while (conn->out_first != NULL) pop_chunk(conn);
}

static void on_shutdown(uv_shutdown_t* request, int status) {
  (void) status;
  ts_conn_cut(request->data);
}

/* Everything is written: what was to happen then? */
static void flushed(ts_conn_t* conn) {
  if (conn->cut_when_flushed) {
    if (conn->fault.cut_reset) {
      ts_conn_reset(conn);
    } else {
      ts_conn_cut(conn);
    }
  } else if (conn->finish_when_flushed) {
    conn->finish_when_flushed = false;
    conn->out_closed = true;
    conn->shutdown.data = conn;
    if (uv_shutdown(&conn->shutdown, (uv_stream_t*) &conn->tcp, on_shutdown) != 0)
      ts_conn_cut(conn);
  }
}

static size_t gather(const ts_conn_t* conn, uv_buf_t* bufs, unsigned* count) {
  size_t size = 0;
  *count = 0;
  for (const ts_chunk_t* c = conn->out_first; c != NULL && *count < MAX_BUFS; c = c->next) {
    uint8_t* base = (uint8_t*) (uintptr_t) c->at; /* libuv's bufs are not const; it only reads */
    size_t part = c->size < (1u << 30) ? c->size : 1u << 30;
    if (conn->fault.split > 0 && part > conn->fault.split) part = conn->fault.split;
    bufs[(*count)++] = uv_buf_init((char*) base, (unsigned) part);
    size += part;
    if (conn->fault.split > 0 || part < c->size) break;
  }
  return size;
}

static void on_written(uv_write_t* request, int status) {
  ts_conn_t* conn = request->data;
  conn->writing = false;
  if (conn->closing) return;
  if (status < 0) {
    ts_conn_cut(conn);
    return;
  }
  consume(conn, conn->write_size);
  mark_dirty(conn); /* not now: libuv may run several of these callbacks in one turn */
}

void ts_out_flush(ts_conn_t* conn) {
  uv_buf_t bufs[MAX_BUFS];
  unsigned count;
  uv_stream_t* stream = (uv_stream_t*) &conn->tcp;
  while (!conn->writing && !conn->closing && conn->out_first != NULL) {
    size_t size = gather(conn, bufs, &count);
    if (conn->fault.split == 0) {
      int written = uv_try_write(stream, bufs, count);
      if (written > 0) consume(conn, (size_t) written);
      if (written > 0 && (size_t) written == size) continue;
      if (written >= 0) size = gather(conn, bufs, &count);
    }
    conn->write.data = conn;
    conn->write_size = size;
    if (uv_write(&conn->write, stream, bufs, count, on_written) != 0) {
      ts_conn_cut(conn);
    } else {
      conn->writing = true;
    }
  }
  if (!conn->writing && !conn->closing) flushed(conn);
}

void ts_out_flush_dirty(ts_peer_t* peer, bool before_poll) {
  ts_conn_t** at = &peer->dirty;
  while (*at != NULL) {
    ts_conn_t* conn = *at;
    if (conn->fault.split > 0 && !before_poll) { /* one piece a turn */
      at = &conn->dirty_next;
      continue;
    }
    *at = conn->dirty_next;
    conn->dirty = false;
    ts_out_flush(conn);
  }
}
