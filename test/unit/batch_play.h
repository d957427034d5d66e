/* Interprets bytes as a statement and as valid and invalid calls that bind values to it. */
#ifndef TUV_TEST_UNIT_BATCH_PLAY_H
#define TUV_TEST_UNIT_BATCH_PLAY_H

#include <stddef.h>
#include <stdint.h>

/* Makes a statement from the first bytes and calls of the binding functions from the others; checks
 * after each that the batch holds what it should, and ends the program when it does not. */
void batch_play(const uint8_t* data, size_t size);

#endif
