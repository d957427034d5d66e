/* What the files of the WebSocket connection share. */
#ifndef TUV_IO_WS_PRIVATE_H
#define TUV_IO_WS_PRIVATE_H

#include "io/ws/ws.h"

/* Ends a connection that failed or was ended by the peer: on_down, then the stream is closed. */
void tuv_ws_down(tuv_ws_t* ws, int status, const char* message);

/* The same, with a close frame: because the peer broke the protocol, or has sent one itself. */
void tuv_ws_say_goodbye(tuv_ws_t* ws, int status, uint16_t code, const char* message);

/* Gives the system all of the send buffer, to be written when it can: on_write follows, unless it
 * returns an error. */
int tuv_ws_write_rest(tuv_ws_t* ws);

/* Puts a control frame into the send buffer. Returns 0 or UV_ENOMEM. */
int tuv_ws_send_close(tuv_ws_t* ws, uint16_t code);

/* How large an empty send buffer may be to be kept. */
size_t tuv_ws_keep(const tuv_ws_t* ws);

/* Puts the pong that is due into the send buffer; without memory it stays due. */
void tuv_ws_put_pong(tuv_ws_t* ws);

/* Tells the owner that the system has taken bytes. */
void tuv_ws_report_sent(tuv_ws_t* ws);

/* Asks the owner for a flush, once a turn. */
void tuv_ws_mark_dirty(tuv_ws_t* ws);

/* A piece of a message's payload that is compressed (deflate.c). Returns whether the
 * message is complete then, inflated in `assembly`. */
bool tuv_ws_inflate(tuv_ws_t* ws, const tuv_ws_event_t* event, uint64_t limit);

/* The three steps of sending a message compressed, and its way back (deflate.c). */
int tuv_ws_pack_begin(tuv_ws_t* ws, uint8_t opcode, size_t length);
void tuv_ws_pack(tuv_ws_t* ws, const void* data, size_t size, bool end);
int tuv_ws_pack_end(tuv_ws_t* ws);
uint8_t* tuv_ws_unpack(tuv_ws_t* ws, const uint8_t* payload, size_t* size);

/* Ends a connection whose peer sends a message that is too big. */
void tuv_ws_too_big(tuv_ws_t* ws, uint64_t limit);

/* Makes room for `more` bytes of the message in `assembly`; false: the connection is down. */
bool tuv_ws_assemble(tuv_ws_t* ws, uint64_t more);

/* The stream's alloc and on_read. */
void tuv_ws_on_alloc(void* context, uint8_t** base, size_t* size);
void tuv_ws_on_read(void* context, ssize_t size, uint8_t* base);

/* Drops what was being received. */
void tuv_ws_receive_end(tuv_ws_t* ws);

#endif
