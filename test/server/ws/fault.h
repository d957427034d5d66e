/* Faults: the ways in which a connection can misbehave. */
#ifndef TS_WS_FAULT_H
#define TS_WS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: no fault. Replies and bytes are counted per connection, again from 0 when the fault is
 * set on a live one. Replies are text and binary messages, from 1, without control frames. Bytes of
 * the stream include the answer to the upgrade. */
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
  uint32_t close_after_replies; /* after N replies a close frame follows */
  uint16_t close_code;          /* the code of that frame; 0: no code */
  uint32_t stall_after_replies; /* after N replies nothing more is sent, not even pongs */
  bool stall;                   /* from the beginning */
  /* bytes */
  uint64_t cut_after_sent;     /* the connection ends when N bytes have been sent */
  uint64_t cut_after_received; /* the same when N bytes have been received; no more are read */
  bool cut_reset;              /* it ends with RST instead of FIN */
  uint32_t split;              /* pieces of N bytes, each its own write in its own loop turn */
  uint8_t xor_mask;            /* not 0: changes the byte at xor_offset */
  uint64_t xor_offset;         /* in the sent stream, from 0 */
  /* the end */
  bool ignore_close; /* a client's close frame is not acted upon */
} ts_fault_t;

#endif
