/* Points in time: texts to epoch numbers, durations, and the time zones that the server knows. */
#ifndef TS_CODEC_TIME_H
#define TS_CODEC_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only zones without daylight saving are known: their offset needs no data base. */
typedef struct ts_zone_s {
  char name[64];
  bool known;
  int offset; /* seconds east of UTC */
  char abbreviation[8];
} ts_zone_t;

void ts_zone_set(ts_zone_t* zone, const char* name); /* "" or NULL: Etc/UTC */
/* As timezone() prints it: "Asia/Tokyo (JST, +0900)". */
void ts_zone_text(const ts_zone_t* zone, char* text, size_t size);

int64_t ts_per_second(uint8_t precision); /* 0 ms, 1 us, 2 ns */
int64_t ts_now(uint8_t precision);
int64_t ts_today(uint8_t precision, const ts_zone_t* zone);

/* Reads "YYYY-MM-DD", "YYYY-MM-DD hh:mm:ss[.f]", with 'T' for the blank and a zone (Z, +hh:mm,
 * +hhmm) allowed. Returns 0, 1 when it is no such text, 2 when the zone is not known. */
int ts_time_parse(const char* text, size_t size, uint8_t precision, const ts_zone_t* zone,
                  int64_t* value);

/* Reads "10s" (units b u a s m h d w) in a precision; 0, or 1 for another unit or overflow. */
int ts_duration_parse(const char* text, size_t size, uint8_t precision, int64_t* value);

#endif
