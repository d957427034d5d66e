/* Happy Eyeballs: attempts side by side; the next one starts when one fails or takes too long. */
#include "io/race.h"

#include "io/timers.h"
#include "util/assert.h"
#include "util/mem.h"

typedef struct attempt_s {
  uv_tcp_t handle; /* first */
  uv_connect_t connect;
  tuv_queue_t link;
  tuv_race_t* race;
  size_t index; /* of the race's order */
  bool closing;
} attempt_t;

static const struct addrinfo* next_of(const struct addrinfo* at, bool family6) {
  int family = family6 ? AF_INET6 : AF_INET;
  while (at != NULL && at->ai_family != family) at = at->ai_next;
  return at;
}

size_t tuv_race_order(const struct addrinfo* list, const struct addrinfo* order[TUV_RACE_MAX]) {
  const struct addrinfo* at[2] = {next_of(list, false), next_of(list, true)};
  while (list != NULL && list->ai_family != AF_INET && list->ai_family != AF_INET6)
    list = list->ai_next;
  bool six = list != NULL && list->ai_family == AF_INET6;
  size_t count = 0;
  while (count < TUV_RACE_MAX && (at[0] != NULL || at[1] != NULL)) {
    if (at[six] == NULL) six = !six;
    order[count++] = at[six];
    at[six] = next_of(at[six]->ai_next, six);
    six = !six;
  }
  return count;
}

/* Moves the avoided addresses to the end; both parts keep their order. */
static void put_avoided_last(tuv_race_t* race) {
  const struct addrinfo* last[TUV_RACE_MAX];
  size_t count = 0;
  uint64_t now = tuv_now();
  race->good = 0;
  for (size_t i = 0; i < race->count; i++) {
    const struct addrinfo* each = race->order[i];
    if (race->avoid != NULL && tuv_avoid_has(race->avoid, each->ai_addr, now))
      last[count++] = each;
    else
      race->order[race->good++] = each;
  }
  for (size_t i = 0; i < count; i++) race->order[race->good + i] = last[i];
}

uint32_t tuv_race_others(const tuv_race_t* race) {
  uint32_t others = 0;
  if (race->won >= race->good) return 0;
  for (size_t i = 0; i < race->good; i++)
    if (i != race->won && (race->failed & 1u << i) == 0) others++;
  return others;
}

static void release_if_done(tuv_race_t* race) {
  if (race->closing && race->open_handles == 0) race->on_closed(race);
}

static void on_attempt_closed(uv_handle_t* handle) {
  attempt_t* attempt = (attempt_t*) (void*) handle; /* the winner's `data` belongs to its owner */
  tuv_race_t* race = attempt->race;
  tuv_free(race->alloc, attempt);
  race->open_handles--;
  release_if_done(race);
}

static void close_attempt(attempt_t* attempt) {
  TUV_ASSERT(!attempt->closing);
  attempt->closing = true;
  tuv_queue_remove(&attempt->link);
  uv_close((uv_handle_t*) &attempt->handle, on_attempt_closed);
}

static void close_all_but(tuv_race_t* race, const attempt_t* winner) {
  tuv_queue_t* at = race->attempts.next;
  while (at != &race->attempts) {
    attempt_t* attempt = TUV_CONTAINER(at, attempt_t, link);
    at = at->next;
    if (attempt != winner) close_attempt(attempt);
  }
}

static void run_next(tuv_race_t* race);

static void on_connected(uv_connect_t* request, int status) {
  attempt_t* attempt = request->data;
  tuv_race_t* race = attempt->race;
  if (attempt->closing) return;
  TUV_ASSERT(race->winner == NULL && !race->closing);
  if (status < 0) {
    race->failure = status;
    race->failed |= 1u << attempt->index;
    close_attempt(attempt);
    run_next(race);
    return;
  }
  uv_timer_stop(&race->timer);
  close_all_but(race, attempt);
  race->winner = &attempt->handle;
  race->won = attempt->index;
  race->on_done(race, 0);
}

static int start_attempt(tuv_race_t* race, size_t index) {
  attempt_t* attempt = tuv_calloc(race->alloc, 1, sizeof *attempt);
  if (attempt == NULL) return UV_ENOMEM;
  int status = uv_tcp_init(race->loop, &attempt->handle);
  if (status < 0) {
    tuv_free(race->alloc, attempt);
    return status;
  }
  attempt->race = race;
  attempt->index = index;
  attempt->connect.data = attempt;
  race->open_handles++;
  tuv_queue_push(&race->attempts, &attempt->link);
  if (race->nodelay) uv_tcp_nodelay(&attempt->handle, 1);
  status = uv_tcp_connect(&attempt->connect, &attempt->handle, race->order[index]->ai_addr,
                          on_connected);
  if (status < 0) close_attempt(attempt);
  return status;
}

static void on_timer(uv_timer_t* timer) {
  run_next(timer->data);
}

/* Starts the next attempt. Reports the failure when no attempt is left and none is running. */
static void run_next(tuv_race_t* race) {
  uv_timer_stop(&race->timer);
  while (race->next < race->count) {
    int status = start_attempt(race, race->next++);
    if (status == 0) {
      uint64_t delay = race->next < race->good ? TUV_RACE_DELAY : TUV_RACE_LAST_DELAY;
      if (race->next < race->count) uv_timer_start(&race->timer, on_timer, delay, 0);
      return;
    }
    race->failure = status;
    race->failed |= 1u << (race->next - 1);
  }
  if (tuv_queue_empty(&race->attempts)) race->on_done(race, race->failure);
}

void tuv_race_init(tuv_race_t* race, uv_loop_t* loop, const tuv_alloc_t* alloc, bool nodelay) {
  race->loop = loop;
  race->alloc = alloc;
  race->nodelay = nodelay;
  tuv_queue_init(&race->attempts);
  uv_timer_init(loop, &race->timer); /* cannot fail */
  race->timer.data = race;
  race->open_handles = 1;
}

void tuv_race_start(tuv_race_t* race, const struct addrinfo* addresses, int otherwise) {
  TUV_ASSERT(!race->closing && race->count == 0);
  race->count = tuv_race_order(addresses, race->order);
  put_avoided_last(race);
  race->failure = otherwise;
  uv_timer_start(&race->timer, on_timer, 0, 0);
}

static void on_timer_closed(uv_handle_t* handle) {
  tuv_race_t* race = handle->data;
  race->open_handles--;
  release_if_done(race);
}

void tuv_race_close(tuv_race_t* race) {
  TUV_ASSERT(!race->closing);
  race->closing = true;
  race->winner = NULL;
  close_all_but(race, NULL);
  uv_close((uv_handle_t*) &race->timer, on_timer_closed);
}
