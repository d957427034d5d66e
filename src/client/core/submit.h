/* What other threads submit to the loop of a client. */
#ifndef TUV_CLIENT_CORE_SUBMIT_H
#define TUV_CLIENT_CORE_SUBMIT_H

#include <uv.h>

void tuv_submit_on_async(uv_async_t* handle);

#endif
