/* Bindings: what a bind message has said, with the memory that it takes. */
#include <stdlib.h>

#include "stmt/binding.h"

typedef struct ts_bind_memory_s {
  struct ts_bind_memory_s* next;
  max_align_t data[];
} ts_bind_memory_t;

ts_binding_t* ts_binding_new(void) {
  return ts_calloc(1, sizeof(ts_binding_t));
}

void* ts_binding_alloc(ts_binding_t* binding, size_t size) {
  ts_bind_memory_t* memory = ts_malloc(sizeof *memory + size);
  memory->next = binding->memory;
  binding->memory = memory;
  return memory->data;
}

void ts_binding_tables(ts_binding_t* binding, uint32_t ntables, uint32_t ntags, uint32_t ncolumns) {
  binding->ntables = ntables;
  binding->ntags = ntags;
  binding->ncolumns = ncolumns;
  size_t each = (size_t) ntags + ncolumns;
  binding->tables = ts_calloc(ntables, sizeof *binding->tables);
  binding->binds = ts_calloc(ntables * each, sizeof *binding->binds);
  for (size_t i = 0; i < ntables; i++) {
    if (ntags > 0) binding->tables[i].tags = binding->binds + i * each;
    if (ncolumns > 0) binding->tables[i].columns = binding->binds + i * each + ntags;
  }
}

void ts_binding_free(ts_binding_t* binding) {
  while (binding != NULL) {
    ts_binding_t* next = binding->next;
    while (binding->memory != NULL) {
      ts_bind_memory_t* memory = binding->memory;
      binding->memory = memory->next;
      free(memory);
    }
    free(binding->tables);
    free(binding->binds);
    free(binding);
    binding = next;
  }
}
