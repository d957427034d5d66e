/* The SQL functions that TDengine's SQL needs and SQLite lacks. */
#include <string.h>

#include "store/store.h"
#include "codec/decimal.h"

/* An unsigned 64-bit number, kept in SQLite by its bits, as a number that compares rightly. */
static void u64(sqlite3_context* context, int argc, sqlite3_value** argv) {
  (void) argc;
  sqlite3_int64 bits = sqlite3_value_int64(argv[0]);
  if (sqlite3_value_type(argv[0]) == SQLITE_NULL) {
    sqlite3_result_null(context);
  } else if (bits >= 0) {
    sqlite3_result_int64(context, bits);
  } else {
    sqlite3_result_double(context, (double) (uint64_t) bits);
  }
}

typedef struct pick_s {
  bool any;
  sqlite3_int64 time;
  sqlite3_value* value;
} pick_t;

static void pick_step(sqlite3_context* context, sqlite3_value** argv, bool last, bool nulls) {
  pick_t* pick = sqlite3_aggregate_context(context, sizeof *pick);
  if (pick == NULL || (!nulls && sqlite3_value_type(argv[1]) == SQLITE_NULL)) return;
  sqlite3_int64 time = sqlite3_value_int64(argv[0]);
  if (pick->any && (last ? time < pick->time : time >= pick->time)) return;
  sqlite3_value_free(pick->value);
  pick->any = true;
  pick->time = time;
  pick->value = sqlite3_value_dup(argv[1]);
}

static void first_step(sqlite3_context* context, int argc, sqlite3_value** argv) {
  (void) argc;
  pick_step(context, argv, false, false);
}

static void last_step(sqlite3_context* context, int argc, sqlite3_value** argv) {
  (void) argc;
  pick_step(context, argv, true, false);
}

static void last_row_step(sqlite3_context* context, int argc, sqlite3_value** argv) {
  (void) argc;
  pick_step(context, argv, true, true);
}

static void pick_final(sqlite3_context* context) {
  pick_t* pick = sqlite3_aggregate_context(context, 0);
  if (pick == NULL || pick->value == NULL) {
    sqlite3_result_null(context);
    return;
  }
  sqlite3_result_value(context, pick->value);
  sqlite3_value_free(pick->value);
}

typedef struct sum_s {
  bool any;
  bool overflow;
  uint8_t value[sizeof(ts_i128_t)]; /* SQLite aligns its memory to 8 bytes only */
} sum_t;

/* Sums decimals: 64-bit ones are integers, 128-bit ones ordered keys. */
static void decimal_step(sqlite3_context* context, int argc, sqlite3_value** argv) {
  (void) argc;
  sum_t* sum = sqlite3_aggregate_context(context, sizeof *sum);
  int type = sqlite3_value_type(argv[0]);
  if (sum == NULL || type == SQLITE_NULL) return;
  ts_i128_t value = type == SQLITE_BLOB ? ts_decimal_from_key(sqlite3_value_blob(argv[0]))
                                        : (ts_i128_t) sqlite3_value_int64(argv[0]);
  ts_i128_t total;
  memcpy(&total, sum->value, sizeof total);
  sum->any = true;
  if (__builtin_add_overflow(total, value, &total)) sum->overflow = true;
  memcpy(sum->value, &total, sizeof total);
}

static void decimal_final(sqlite3_context* context) {
  sum_t* sum = sqlite3_aggregate_context(context, 0);
  if (sum == NULL || !sum->any) {
    sqlite3_result_null(context);
  } else if (sum->overflow) {
    sqlite3_result_error(context, "decimal overflow", -1);
  } else {
    uint8_t key[16];
    ts_i128_t total;
    memcpy(&total, sum->value, sizeof total);
    ts_decimal_key(total, key);
    sqlite3_result_blob(context, key, sizeof key, SQLITE_TRANSIENT);
  }
}

void ts_store_functions(sqlite3* sqlite) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  sqlite3_create_function(sqlite, "ts_u64", 1, flags, NULL, u64, NULL, NULL);
  sqlite3_create_function(sqlite, "ts_first", 2, flags, NULL, NULL, first_step, pick_final);
  sqlite3_create_function(sqlite, "ts_last", 2, flags, NULL, NULL, last_step, pick_final);
  sqlite3_create_function(sqlite, "ts_last_row", 2, flags, NULL, NULL, last_row_step, pick_final);
  sqlite3_create_function(sqlite, "ts_decimal_sum", 1, flags, NULL, NULL, decimal_step,
                          decimal_final);
}
