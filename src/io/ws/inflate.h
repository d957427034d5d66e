/* Received messages that are compressed: each is inflated, frame by frame, where it is put
 * together. */
#ifndef TUV_IO_WS_INFLATE_H
#define TUV_IO_WS_INFLATE_H

#include "io/shared.h"
#include "io/ws/assembly.h"
#include "wire/deflate/deflate.h"
#include "wire/ws/frame.h"

typedef enum {
  TUV_WS_INFLATE_MORE,  /* the rest of the message is still to come */
  TUV_WS_INFLATE_WHOLE, /* the message is complete in the assembly */
  TUV_WS_INFLATE_PAUSE, /* the turn's work is done: tuv_ws_inflate_resume in the next turn */
  TUV_WS_INFLATE_TOO_BIG,
  TUV_WS_INFLATE_NO_MEMORY,
  TUV_WS_INFLATE_CORRUPT,
  TUV_WS_INFLATE_NOT_UTF8
} tuv_ws_inflate_status_t;

typedef struct tuv_ws_inflate_s {
  bool bounded;             /* it pauses when the turn's work is done */
  bool keeps_context;       /* the server's messages depend on those before */
  tuv_inflater_t* inflater; /* made for the first message */
  bool active;              /* a message is in progress */
  size_t last_size;         /* of the last message, or 0 when it says nothing about the next one */
  uint32_t utf8_state;      /* of the text in progress */
  bool paused;
  tuv_ws_event_t rest; /* while paused: what is still to be inflated */
} tuv_ws_inflate_t;

/* Takes a piece of a message's payload. */
tuv_ws_inflate_status_t tuv_ws_inflate(tuv_ws_inflate_t* inflate, tuv_io_shared_t* shared,
                                       tuv_ws_assembly_t* assembly, const tuv_ws_event_t* event,
                                       uint64_t limit);

/* Goes on after TUV_WS_INFLATE_PAUSE, with the same bytes in memory. */
tuv_ws_inflate_status_t tuv_ws_inflate_resume(tuv_ws_inflate_t* inflate, tuv_io_shared_t* shared,
                                              tuv_ws_assembly_t* assembly, uint64_t limit);

void tuv_ws_inflate_free(tuv_ws_inflate_t* inflate);

#endif
