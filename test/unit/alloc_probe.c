/* An allocator for tests: counts what is alive, and fails when it is told to. */
#include "alloc_probe.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE 0x4C495645u
#define DEAD 0x44454144u

/* In front of every block; its size keeps the alignment of what follows. */
typedef struct {
  _Alignas(max_align_t) size_t size;
  unsigned mark;
} head_t;

static _Noreturn void die(const char* what) {
  fprintf(stderr, "alloc_probe: %s\n", what);
  abort();
}

static head_t* head_of(void* ptr) {
  head_t* head = (head_t*) ((char*) ptr - sizeof(head_t));
  if (head->mark != LIVE) die("a pointer that is not alive was given back");
  return head;
}

static bool must_fail(alloc_probe_t* probe, size_t size) {
  probe->calls++;
  if (size > probe->largest) probe->largest = size;
  bool fail = probe->limit != 0 && size > probe->limit;
  if (probe->fail_in == 1) {
    fail = true;
    if (!probe->fail_on) probe->fail_in = 0;
  } else if (probe->fail_in > 1) {
    probe->fail_in--;
  }
  if (fail) probe->failures++;
  return fail;
}

static void* take(alloc_probe_t* probe, size_t size) {
  if (size > SIZE_MAX - sizeof(head_t)) return NULL;
  head_t* head = malloc(sizeof(head_t) + size);
  if (head == NULL) return NULL;
  head->size = size;
  head->mark = LIVE;
  memset(head + 1, 0xA5, size);
  probe->live_blocks++;
  probe->live_bytes += size;
  if (probe->live_bytes > probe->peak_bytes) probe->peak_bytes = probe->live_bytes;
  return head + 1;
}

/* A mask of four bytes leaves alone how bytes four apart differ. */
bool alloc_probe_has(const void* data, size_t size, const char* canary) {
  const unsigned char* bytes = data;
  size_t length = strlen(canary);
  for (size_t at = 0; at + length <= size; at++) {
    size_t i = 0;
    while (i + 4 < length &&
           (bytes[at + i] ^ bytes[at + i + 4]) == (unsigned char) (canary[i] ^ canary[i + 4]))
      i++;
    if (i + 4 >= length) return true;
  }
  return false;
}

static void look_for_canaries(alloc_probe_t* probe, const head_t* head) {
  for (const char* const* at = probe->canaries; at != NULL && *at != NULL; at++) {
    if (!alloc_probe_has(head + 1, head->size, *at)) continue;
    probe->spilt++;
    probe->last_spilt = *at;
  }
}

static void give_back(alloc_probe_t* probe, head_t* head) {
  look_for_canaries(probe, head);
  probe->live_blocks--;
  probe->live_bytes -= head->size;
  memset(head + 1, 0xDD, head->size);
  head->mark = DEAD;
  free(head);
}

static void* probe_malloc(void* context, size_t size) {
  return must_fail(context, size) ? NULL : take(context, size);
}

static void* probe_realloc(void* context, void* ptr, size_t size) {
  if (must_fail(context, size)) return NULL;
  void* moved = take(context, size);
  if (moved == NULL || ptr == NULL) return moved;
  head_t* head = head_of(ptr);
  memcpy(moved, ptr, head->size < size ? head->size : size);
  give_back(context, head);
  return moved;
}

static void probe_free(void* context, void* ptr) {
  alloc_probe_t* probe = context;
  if (ptr == NULL) return;
  probe->frees++;
  give_back(probe, head_of(ptr));
}

void alloc_probe_init(alloc_probe_t* probe) {
  memset(probe, 0, sizeof *probe);
  probe->alloc = (tuv_alloc_t) {probe, probe_malloc, probe_realloc, probe_free};
}

void alloc_probe_fail(alloc_probe_t* probe, size_t n, bool all) {
  probe->fail_in = n;
  probe->fail_on = all;
}
