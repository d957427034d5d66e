/* Binary actions that write blocks and consumers' raw messages. */
#ifndef TS_ACTION_WRITE_H
#define TS_ACTION_WRITE_H

#include "session/request.h"

/* `data` is the message behind its header of 24 bytes. False: its lengths contradict each other,
 * which the real gateway does not survive. */
bool ts_request_write_raw(ts_request_t* request, const uint8_t* data, size_t size);
bool ts_request_write_block(ts_request_t* request, const uint8_t* data, size_t size,
                            bool with_fields);

#endif
