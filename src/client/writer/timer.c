/* When the next step of a writer is made. */
#include "client/writer/writer.h"

static void on_timer(uv_timer_t* timer) {
  taosuv_writer_t* writer = timer->data;
  writer->wake_at = UINT64_MAX;
  writer->in_timer = true;
  writer->step(writer);
  writer->in_timer = false;
}

/* libuv counts from the time of its loop, which may be old. */
void tuv_writer_expect(taosuv_writer_t* writer, uint64_t at) {
  if (at >= writer->wake_at || uv_is_closing((uv_handle_t*) &writer->timer)) return;
  uint64_t now = uv_now(writer->loop);
  if (at <= now && writer->in_timer) at = now + 1;
  writer->wake_at = at;
  uv_timer_start(&writer->timer, on_timer, at > now ? at - now : 0, 0);
}

void tuv_writer_wake(taosuv_writer_t* writer) {
  tuv_writer_expect(writer, 0);
}
