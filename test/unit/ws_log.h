/* What a WebSocket reader reports, as a text that does not depend on how the bytes were cut. */
#ifndef TUV_TEST_UNIT_WS_LOG_H
#define TUV_TEST_UNIT_WS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Feeds the bytes to a new reader: first `first` of them (0: no such piece), then pieces of `piece`
 * bytes (0: all the rest at once). Each piece is a heap block of its own, so that a sanitizer sees
 * every access outside of it; the input is not changed. Aborts when the reader breaks the promises
 * of its header (consumed more than there was, MORE with bytes left, data outside of the piece, no
 * progress, another event after an ERROR).
 *
 * One event a line; the caller frees the text:
 *   F1^.z 5       a frame of a TEXT message: its first (^), its last (.), compressed (z), length 5
 *   D1 6869 |     its payload in hex, pieces joined; | ends the frame, || the message, ... neither
 *   C9 6869       a control frame;  C8 1000 6869: a close frame with its code
 *   E1002 text    an error; the unfinished D line before it is left out, as its size depends on
 *                 where the bytes were cut */
char* ws_log(const uint8_t* data, size_t size, bool expect_mask, bool allow_rsv1, size_t first,
             size_t piece);

#endif
