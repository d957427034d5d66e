/* Frames that come, put together to messages. */
#ifndef TS_WS_FRAMES_H
#define TS_WS_FRAMES_H

#include "ws/conn.h"

void ts_frames_read(ts_conn_t* conn, uint8_t* data,
                    size_t size); /* takes bytes behind the upgrade */

#endif
