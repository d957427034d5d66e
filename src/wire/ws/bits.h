/* The first two bytes of a frame's header (RFC 6455, 5.2). */
#ifndef TUV_WIRE_WS_BITS_H
#define TUV_WIRE_WS_BITS_H

enum { BIT_FIN = 0x80, BIT_RSV1 = 0x40, BITS_RSV23 = 0x30, BITS_OPCODE = 0x0F };
enum { BIT_MASK = 0x80, BITS_LENGTH = 0x7F, LENGTH_16 = 126, LENGTH_64 = 127 };

#endif
