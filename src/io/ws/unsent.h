/* Frames that the system has not been given: their payload, and taking them out of the buffer. */
#ifndef TUV_IO_WS_UNSENT_H
#define TUV_IO_WS_UNSENT_H

#include "io/ws/out.h"

/* What it takes to read compressed frames again. */
typedef struct tuv_ws_unsent_s {
  tuv_inflater_t* inflater; /* made for the first compressed frame */
  tuv_refbuf_t* inflated;   /* the last payload */
} tuv_ws_unsent_t;

/* The payload of the frame at `at`, unmasked in place (so the frame cannot be sent any more) and
 * inflated. It stays there until the next call. NULL when the frame has left, when it cannot be
 * inflated without the messages before it, or when out of memory. */
uint8_t* tuv_ws_unsent_payload(tuv_ws_unsent_t* unsent, tuv_ws_out_t* out, uint64_t at,
                               size_t* size);

/* Takes a frame out of the buffer. Returns its bytes, by which all later frames have moved forward,
 * or 0 when it has left or when later frames may depend on it. */
size_t tuv_ws_unsent_withdraw(tuv_ws_out_t* out, uint64_t at);

void tuv_ws_unsent_free(tuv_ws_unsent_t* unsent);

#endif
