/* The tables of a batch, found by their names. */
#include "wire/batch/table.h"

#include "util/hash.h"
#include "util/utf8.h"
#include "wire/batch/error.h"
#include "wire/batch/size.h"
#include "wire/stmt/table_name.h"
#include "wire/text.h"

#define FIRST_TABLES 8u

static uint32_t hash_name(const char* name, size_t length) {
  return (uint32_t) tuv_hash_folded(name, length);
}

static bool is_named(const tuv_batch_table_t* table, const char* name, size_t length) {
  return table->name_length == length && memcmp(table->name, name, length) == 0;
}

/* The slot of a name, or the free slot for it. There is always a free slot. */
static tuv_batch_table_t** find_slot(const tuv_batch_t* batch, const char* name, size_t length,
                                     uint32_t hash) {
  for (uint32_t at = hash;; at++) {
    tuv_batch_table_t** slot = &batch->slots[at & (batch->nslots - 1)];
    if (*slot == NULL || ((*slot)->hash == hash && is_named(*slot, name, length))) return slot;
  }
}

static tuv_batch_table_t* find_table(const tuv_batch_t* batch, const char* name, size_t length) {
  if (batch->nslots == 0 || name == NULL || length > TUV_BATCH_MAX_BYTES) return NULL;
  return *find_slot(batch, name, length, hash_name(name, length));
}

static bool grow_slots(tuv_batch_t* batch) {
  uint32_t nslots = batch->nslots == 0 ? 2 * FIRST_TABLES : 2 * batch->nslots;
  tuv_batch_table_t** slots = tuv_calloc(batch->alloc, nslots, sizeof *slots);
  if (slots == NULL) return false;
  tuv_free(batch->alloc, batch->slots);
  batch->slots = slots;
  batch->nslots = nslots;
  for (uint32_t i = 0; i < batch->ntables; i++) {
    tuv_batch_table_t* table = batch->tables[i];
    *find_slot(batch, table->name, table->name_length, table->hash) = table;
  }
  return true;
}

static bool grow_tables(tuv_batch_t* batch) {
  uint32_t size = batch->tables_size == 0 ? FIRST_TABLES : 2 * batch->tables_size;
  /* The second half lists the tables that are sent. */
  size_t bytes = 2 * (size_t) size * sizeof *batch->tables;
  void* tables = tuv_realloc(batch->alloc, batch->tables, bytes);
  if (tables == NULL) return false;
  batch->tables = tables;
  batch->tables_size = size;
  return true;
}

tuv_batch_table_t* tuv_batch_add_table(tuv_batch_t* batch, const char* name, size_t length,
                                       uint32_t hash) {
  if (batch->ntables == batch->tables_size && !grow_tables(batch)) return NULL;
  if (2 * (batch->ntables + 1) > batch->nslots && !grow_slots(batch)) return NULL;
  size_t sums = batch->layout->ncolumns * sizeof(tuv_sum_t);
  tuv_batch_table_t* table = tuv_arena_take(&batch->arena, sizeof *table + sums + length);
  if (table == NULL) return NULL;
  memset(table, 0, sizeof *table + sums);
  char* copy = (char*) &table->sums[batch->layout->ncolumns];
  if (length > 0) memcpy(copy, name, length);
  table->name = copy;
  table->name_length = (uint32_t) length;
  table->hash = hash;
  batch->tables[batch->ntables++] = table;
  *find_slot(batch, copy, length, hash) = table;
  return table;
}

/* Freeing its slot breaks no other search: all other tables were added before it. */
void tuv_batch_remove_last_table(tuv_batch_t* batch) {
  const tuv_batch_table_t* table = batch->tables[batch->ntables - 1];
  *find_slot(batch, table->name, table->name_length, table->hash) = NULL;
  batch->ntables--;
}

/* A name that makes a new table, with its database. Servers would cut a longer one, and write the
 * rows to another table. */
#define MAX_NEW_NAME 192u

static int check_name(const tuv_batch_layout_t* layout, const char* name, size_t length,
                      tuv_errmsg_t* err) {
  size_t limit = TUV_BATCH_MAX_BYTES - 1; /* the length with a NUL has 16 bits */
  if (layout->table->length != 0 && layout->table->length < limit) limit = layout->table->length;
  if (layout->ntags > 0 && limit > MAX_NEW_NAME) limit = MAX_NEW_NAME;
  if (name == NULL || length == 0) return tuv_fail(err, TUV_EINVAL, "the table's name is empty");
  if (length > limit)
    return tuv_fail(err, TUV_ERANGE,
                    "the name of table '%.*s…' has %zu bytes; at most %zu are allowed",
                    length < 100 ? (int) length : 100, name, length, limit);
  if (memchr(name, '\0', length) != NULL || !tuv_utf8_valid((const uint8_t*) name, length))
    return tuv_fail(err, TUV_EINVAL, "the table's name is not UTF-8 or contains a NUL");
  return 0;
}

/* The table of a name that was not found as it is written. It is looked up in the form that is
 * sent, so that all forms of a name are one table. */
static tuv_batch_table_t* new_name(tuv_batch_t* batch, const char* name, size_t length, int* status,
                                   tuv_errmsg_t* err) {
  tuv_table_name_t parts;
  char text[TUV_TABLE_NAME_TEXT];
  *status = check_name(batch->layout, name, length, err);
  if (*status == 0) *status = tuv_table_name_read(name, length, &parts, err);
  if (*status < 0) return NULL;
  length = tuv_table_name_write(&parts, text);
  tuv_batch_table_t* table = find_table(batch, text, length);
  if (table != NULL) return table;
  *status = check_name(batch->layout, text, length, err);
  if (*status < 0) return NULL;
  table = tuv_batch_add_table(batch, text, length, hash_name(text, length));
  if (table == NULL) *status = tuv_batch_no_memory(err);
  return table;
}

static int check_unfinished(const tuv_batch_t* batch, tuv_errmsg_t* err) {
  if (batch->cursor == 0) return 0;
  return tuv_fail(err, TUV_EINVAL, "a row is unfinished: it has %u of %u values", batch->cursor,
                  batch->layout->ncolumns);
}

int tuv_batch_table(tuv_batch_t* batch, const char* name, size_t length, tuv_errmsg_t* err) {
  int status = batch->layout == NULL ? tuv_batch_make_layout(batch, err) : 0;
  if (status < 0 || (status = check_unfinished(batch, err)) < 0) return status;
  if (batch->layout->table == NULL)
    return tuv_fail(err, TUV_EINVAL, "the SQL has no '?' for a table's name");
  if (name != NULL) length = tuv_text_length(name, length);
  if (name != NULL && batch->current != NULL && is_named(batch->current, name, length)) return 0;
  tuv_batch_table_t* table = find_table(batch, name, length);
  if (table == NULL) table = new_name(batch, name, length, &status, err);
  if (table == NULL) return status;
  if (batch->current != NULL) tuv_batch_count(batch, batch->current);
  batch->current = table;
  return 0;
}

int tuv_batch_begin(tuv_batch_t* batch, bool unfinished, tuv_errmsg_t* err) {
  int status = batch->layout == NULL ? tuv_batch_make_layout(batch, err) : 0;
  if (status < 0) return status;
  if (!unfinished && (status = check_unfinished(batch, err)) < 0) return status;
  if (batch->current != NULL || !batch->insert) return 0;
  if (batch->layout->table != NULL)
    return tuv_fail(err, TUV_EINVAL, "the name of the table must be bound first");
  batch->current = tuv_batch_add_table(batch, NULL, 0, 0);
  return batch->current != NULL ? 0 : tuv_batch_no_memory(err);
}
