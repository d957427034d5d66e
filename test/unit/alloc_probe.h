/* An allocator for tests: counts allocated blocks, and fails on demand. */
#ifndef TUV_TEST_UNIT_ALLOC_PROBE_H
#define TUV_TEST_UNIT_ALLOC_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/alloc.h"

/* Every block begins with a mark, so that a foreign or twice freed pointer ends the test program;
 * new memory is filled with 0xA5, freed memory with 0xDD, and realloc always moves. The alignment
 * is malloc's. Not to be moved after its init. */
typedef struct alloc_probe_s {
  tuv_alloc_t alloc; /* for the code under test; the public allocator has the same shape */
  size_t calls;      /* calls of malloc and realloc, including failed ones */
  size_t frees;
  size_t failures;    /* calls that were made to fail */
  size_t live_blocks; /* blocks that are not freed yet */
  size_t live_bytes;
  size_t peak_bytes;
  size_t largest;              /* size of the largest request seen, also of a failed one */
  size_t fail_in;              /* 1: the next call fails, 2: the one after it, …; 0: none */
  bool fail_on;                /* after the first failure all later calls fail as well */
  size_t limit;                /* larger requests fail; 0: no limit */
  const char* const* canaries; /* texts to look for in freed memory; NULL ends them */
  size_t spilt;                /* number of times that one was found */
  const char* last_spilt;
} alloc_probe_t;

void alloc_probe_init(alloc_probe_t* probe);

/* Whether the memory contains a text of at least eight bytes, plain or masked as by a WebSocket. */
bool alloc_probe_has(const void* data, size_t size, const char* canary);

/* Makes the n-th call from now fail (1: the next), and with `all` also every later one. 0: no call
 * fails any more. */
void alloc_probe_fail(alloc_probe_t* probe, size_t n, bool all);

#endif
