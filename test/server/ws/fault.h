/* The ways in which a connection can be told to misbehave. */
#ifndef TS_WS_FAULT_H
#define TS_WS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: none. Counts of replies and bytes are per connection and begin anew when the fault is
 * set on a live connection. Replies are text and binary messages, from 1: control frames are none.
 * Bytes of the stream include the answer to the upgrade. */
typedef struct ts_fault_s {
  /* the upgrade */
  const char* upgrade_answer; /* sent instead of an answer; then the connection is closed */
  size_t upgrade_answer_size; /* 0: up to its NUL */
  bool upgrade_keep_open;     /* it is not closed after upgrade_answer */
  bool upgrade_silent;        /* no answer at all */
  /* replies, in the order in which they are applied */
  uint32_t drop_reply;          /* the N-th reply is not sent */
  uint32_t change_id_reply;     /* the N-th reply's req_id has a high bit flipped */
  uint32_t repeat_reply;        /* the N-th reply is sent twice */
  uint32_t coalesce;            /* replies are held until there are N, then sent at once */
  uint32_t reorder;             /* the same, but in reverse order; wins over coalesce */
  uint32_t reply_delay_ms;      /* each is sent this much later */
  uint32_t close_after_replies; /* after N replies a close frame follows … */
  uint16_t close_code;          /* … with this code; 0: without one */
  uint32_t stall_after_replies; /* after N replies nothing is sent any more, pongs neither */
  bool stall;                   /* from the beginning */
  /* bytes */
  uint64_t cut_after_sent;     /* the connection ends when N bytes have been sent … */
  uint64_t cut_after_received; /* … or received (of those, the N-th is the last one read) */
  bool cut_reset;              /* it ends with RST instead of FIN */
  uint32_t split;              /* pieces of N bytes, each its own write in its own loop turn */
  uint8_t xor_mask;            /* not 0: changes the byte … */
  uint64_t xor_offset;         /* … at this offset of the sent stream, from 0 */
  /* the end */
  bool ignore_close; /* a client's close frame is not acted upon */
} ts_fault_t;

#endif
