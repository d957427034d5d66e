/* A tuv_stream_t in memory whose peer is the test: on a real loop, every trouble on demand. */
#include "mem_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "the owner of a stream broke its contract: %s\n", what);
  abort();
}

/* Room for `more` bytes behind `used` ones; it grows by doubling. */
static void* grow(void* memory, size_t used, size_t more) {
  size_t capacity = 256;
  while (capacity < used) capacity *= 2;
  if (memory != NULL && used > 0 && used + more <= capacity) return memory;
  while (capacity < used + more) capacity *= 2;
  void* moved = realloc(memory, capacity);
  require(moved != NULL, "out of memory");
  return moved;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t waiting(const mem_stream_t* mem) {
  size_t end = mem->end != 0 ? least(mem->end_at, mem->incoming_size) : mem->incoming_size;
  return end - mem->delivered;
}

static bool end_due(const mem_stream_t* mem) {
  return mem->end != 0 && waiting(mem) == 0;
}

static bool can_connect(const mem_stream_t* mem) {
  return !mem->connected && !mem->hold_connect;
}

static bool can_read(const mem_stream_t* mem) {
  if (!mem->reading) return false;
  if (mem->early_alloc && !mem->has_base) return true;
  return !mem->hold_reads && (waiting(mem) > 0 || end_due(mem));
}

static bool can_finish_write(const mem_stream_t* mem) {
  return mem->flying != NULL && !mem->hold_write;
}

bool mem_stream_busy(const mem_stream_t* mem) {
  if (mem->closed) return false;
  return mem->closing || can_connect(mem) || can_read(mem) || can_finish_write(mem);
}

static void arrive(mem_stream_t* mem, const uint8_t* data, size_t size) {
  mem->written = grow(mem->written, mem->written_size, size);
  if (size > 0) memcpy(mem->written + mem->written_size, data, size);
  mem->written_size += size;
}

static void finish_write(mem_stream_t* mem) {
  require(memcmp(mem->flying, mem->flying_copy, mem->flying_size) == 0,
          "bytes changed while they were being written");
  if (mem->write_status == 0) arrive(mem, mem->flying_copy, mem->flying_size);
  free(mem->flying_copy);
  mem->flying_copy = NULL;
  mem->flying = NULL;
  mem->stream.events->on_write(mem->stream.context, mem->write_status);
}

static void ask_for_base(mem_stream_t* mem) {
  mem->base = NULL;
  mem->offered = 0;
  mem->stream.events->alloc(mem->stream.context, &mem->base, &mem->offered);
  mem->allocs++;
  mem->has_base = true;
  require(!mem->closing, "close inside of alloc");
}

static void note_read(mem_stream_t* mem, size_t size) {
  size_t used = mem->read_count * sizeof *mem->reads;
  mem->reads = grow(mem->reads, used, sizeof *mem->reads);
  mem->reads[mem->read_count++] = (mem_read_t) {mem->base, mem->offered, size};
}

static void report_end(mem_stream_t* mem, int status) {
  mem->reading = false;
  mem->has_base = false;
  mem->stream.events->on_read(mem->stream.context, status, mem->no_base ? NULL : mem->base);
}

/* Writes over all that was offered, within reason: a system may do so, and what is kept elsewhere
 * must not notice. */
static void scribble(const mem_stream_t* mem) {
  memset(mem->base, 0xEE, least(mem->offered, 256));
  mem->base[mem->offered - 1] = 0xEE;
}

static void read_once(mem_stream_t* mem) {
  if (!mem->has_base) {
    ask_for_base(mem);
    if (mem->early_alloc) return;
  }
  if (mem->offered == 0) {
    report_end(mem, UV_ENOBUFS);
    return;
  }
  scribble(mem);
  if (mem->empty_reads && !mem->emptied) {
    mem->emptied = true;
    mem->has_base = false;
    mem->stream.events->on_read(mem->stream.context, 0, mem->base);
    return;
  }
  mem->emptied = false;
  if (waiting(mem) == 0) {
    report_end(mem, mem->end);
    return;
  }
  size_t size = least(waiting(mem), mem->offered);
  if (mem->piece != 0) size = least(size, mem->piece);
  memcpy(mem->base, mem->incoming + mem->delivered, size);
  mem->delivered += size;
  note_read(mem, size);
  mem->has_base = false;
  mem->stream.events->on_read(mem->stream.context, (ssize_t) size, mem->base);
}

static void on_turn(uv_idle_t* idle) {
  mem_stream_t* mem = idle->data;
  if (can_connect(mem)) {
    mem->connected = true;
    mem->stream.events->on_connect(mem->stream.context, mem->connect_status, mem->connect_message);
  } else if (can_finish_write(mem)) {
    finish_write(mem);
  } else if (can_read(mem)) {
    read_once(mem);
  }
  mem_stream_kick(mem);
}

static void on_closed(uv_handle_t* handle) {
  mem_stream_t* mem = handle->data;
  mem->closed = true;
  mem->stream.events->on_close(mem->stream.context);
}

void mem_stream_kick(mem_stream_t* mem) {
  if (mem->closing) return;
  if (mem_stream_busy(mem))
    uv_idle_start(&mem->turn, on_turn);
  else
    uv_idle_stop(&mem->turn);
}

static mem_stream_t* of(tuv_stream_t* stream) {
  return (mem_stream_t*) stream;
}

static int read_start(tuv_stream_t* stream) {
  mem_stream_t* mem = of(stream);
  require(mem->connected && !mem->closing, "read_start on what is not connected");
  if (mem->read_start_status != 0) return mem->read_start_status;
  mem->reading = true;
  mem_stream_kick(mem);
  return 0;
}

static void read_stop(tuv_stream_t* stream) {
  of(stream)->reading = false;
  mem_stream_kick(of(stream));
}

static ssize_t try_write(tuv_stream_t* stream, const uv_buf_t* pieces, unsigned count) {
  mem_stream_t* mem = of(stream);
  size_t size = 0, all = 0;
  for (unsigned i = 0; i < count; i++) {
    require(pieces[i].len > 0, "try_write of an empty piece");
    size += pieces[i].len;
  }
  require(mem->connected && !mem->closing, "try_write on what is not connected");
  require(mem->flying == NULL, "try_write while a write is under way");
  require(size > 0, "try_write of nothing");
  mem->try_writes++;
  if (mem->try_write_status != 0) return mem->try_write_status;
  size_t taken = least(least(size, mem->take), mem->take_total);
  if (taken == 0) return UV_EAGAIN;
  if (mem->take_total != SIZE_MAX) mem->take_total -= taken;
  for (unsigned i = 0; all < taken; all += pieces[i++].len)
    arrive(mem, (const uint8_t*) pieces[i].base, least(pieces[i].len, taken - all));
  return (ssize_t) taken;
}

static int write_all(tuv_stream_t* stream, const uint8_t* data, size_t size) {
  mem_stream_t* mem = of(stream);
  require(mem->connected && !mem->closing, "write on what is not connected");
  require(mem->flying == NULL, "two writes at once");
  require(size > 0, "write of nothing");
  mem->writes++;
  if (mem->write_call_status != 0) return mem->write_call_status;
  mem->flying = data;
  mem->flying_size = size;
  mem->flying_copy = grow(NULL, 0, size);
  memcpy(mem->flying_copy, data, size);
  mem_stream_kick(mem);
  return 0;
}

static void close_stream(tuv_stream_t* stream) {
  mem_stream_t* mem = of(stream);
  require(!mem->closing, "closed twice");
  mem->closing = true;
  mem->reading = false;
  uv_close((uv_handle_t*) &mem->turn, on_closed);
}

static size_t unwritten(const tuv_stream_t* stream) {
  const mem_stream_t* mem = (const mem_stream_t*) stream;
  return mem->below + (mem->flying == NULL ? 0 : mem->flying_size);
}

void mem_stream_init(mem_stream_t* mem, uv_loop_t* loop, const tuv_stream_events_t* events,
                     void* context) {
  static const tuv_stream_ops_t ops = {read_start, read_stop,    try_write,
                                       write_all,  close_stream, unwritten};
  memset(mem, 0, sizeof *mem);
  mem->stream = (tuv_stream_t) {&ops, events, context, NULL, false};
  mem->loop = loop;
  mem->take = SIZE_MAX;
  mem->take_total = SIZE_MAX;
  uv_idle_init(loop, &mem->turn);
  mem->turn.data = mem;
  mem_stream_kick(mem);
}

void mem_stream_free(mem_stream_t* mem) {
  require(mem->closed, "it was not closed");
  free(mem->incoming);
  free(mem->written);
  free(mem->reads);
  free(mem->flying_copy);
}

void mem_stream_feed(mem_stream_t* mem, const void* data, size_t size) {
  mem->incoming = grow(mem->incoming, mem->incoming_size, size);
  if (size > 0) memcpy(mem->incoming + mem->incoming_size, data, size);
  mem->incoming_size += size;
  mem_stream_kick(mem);
}

void mem_stream_end(mem_stream_t* mem, int status) {
  mem->end = status;
  mem->end_at = mem->incoming_size;
  mem_stream_kick(mem);
}
