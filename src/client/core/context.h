/* What the parts of a client share, and what a part is given in place of the client: the caller's
 * loop, memory, the settings of the URL, and the tools that are made once a client. A taosuv_client_t
 * begins with it. */
#ifndef TUV_CLIENT_CORE_CONTEXT_H
#define TUV_CLIENT_CORE_CONTEXT_H

#include <uv.h>

#include "io/timers.h"
#include "io/ws/ws.h"
#include "util/mem.h"
#include "wire/envelope.h"
#include "wire/url.h"

typedef struct tuv_context_s {
  uv_loop_t* loop;
  tuv_mem_t* mem;
  tuv_url_t url;          /* does not change once the client is made */
  tuv_ws_shared_t shared; /* buffers and random numbers; the work of this turn */
  tuv_json_t json;
  tuv_timers_t timers;
} tuv_context_t;

#endif
