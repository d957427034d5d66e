/* Happy Eyeballs (RFC 8305): connects to the first of several addresses that accepts. */
#ifndef TUV_IO_RACE_H
#define TUV_IO_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "io/avoid.h"
#include "util/alloc.h"
#include "util/queue.h"

/* Milliseconds after which the next attempt starts beside one that has no result (RFC 8305, 5). */
#define TUV_RACE_DELAY 250

/* The same before an avoided address, which may accept sooner than a good one that is far away. */
#define TUV_RACE_LAST_DELAY 1000

/* The most addresses of one host that are tried. */
#define TUV_RACE_MAX 16

typedef struct tuv_race_s {
  uv_loop_t* loop;
  const tuv_alloc_t* alloc;
  /* Once, never from inside a call, not after tuv_race_close: connected (status 0), or the error of
   * the last attempt. */
  void (*on_done)(struct tuv_race_s* race, int status);
  /* The last event: no handle is left. */
  void (*on_closed)(struct tuv_race_s* race);
  uv_tcp_t* winner;         /* connected, from on_done to tuv_race_close; or NULL */
  const tuv_avoid_t* avoid; /* addresses that are tried last; NULL: none */
  const struct addrinfo* order[TUV_RACE_MAX];
  size_t count, next;
  size_t good;          /* the first ones of `order`, which are not avoided */
  uint32_t failed;      /* attempts that failed: bits by index of `order` */
  size_t won;           /* index of the winner */
  tuv_queue_t attempts; /* those that are running, and the winner */
  uv_timer_t timer;     /* its closing makes on_closed the last event */
  unsigned open_handles;
  int failure;
  bool nodelay;
  bool closing;
} tuv_race_t;

/* The order of the attempts: the families take turns, beginning with the first address's (RFC 8305,
 * 4). Other families than IPv4 and IPv6 are left out. Returns how many there are. */
size_t tuv_race_order(const struct addrinfo* list, const struct addrinfo* order[TUV_RACE_MAX]);

/* How many addresses besides the winner's may still be good: they are not avoided, and no attempt
 * to connect to them has failed. 0 when the winner is avoided: all others were tried before it. */
uint32_t tuv_race_others(const tuv_race_t* race);

/* The caller sets both callbacks and `avoid` before. Cannot fail; tuv_race_close must follow. */
void tuv_race_init(tuv_race_t* race, uv_loop_t* loop, const tuv_alloc_t* alloc, bool nodelay);

/* Starts in a later turn; the addresses must stay until on_done. Without addresses it fails with
 * `otherwise`. */
void tuv_race_start(tuv_race_t* race, const struct addrinfo* addresses, int otherwise);

/* At any moment, once. */
void tuv_race_close(tuv_race_t* race);

#endif
