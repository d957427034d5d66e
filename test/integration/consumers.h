/* Consumers for integration tests: topics that are cleaned up, and synchronous operations. */
#ifndef TUV_TEST_INTEGRATION_CONSUMERS_H
#define TUV_TEST_INTEGRATION_CONSUMERS_H

#include "fixture.h"
#include "taosuv/tmq.h"

enum { TC_CONSUMERS = 8, TC_TOPICS = 4, TC_VGROUPS = 16 };

typedef struct tc_s tc_t;

/* A consumer of a test, and the events that it has reported. */
typedef struct tc_consumer_s {
  tc_t* tc;
  taosuv_consumer_t* consumer;                   /* NULL once it is closed */
  unsigned lost, resumed, commit_failed, failed; /* events */
  unsigned assigned;
  uint32_t vgroups; /* of the last assignment that was reported */
  int event_status; /* status of the last event that had one */
  int event_code;   /* the server's code of the same event */
  /* May be set. */
  void (*on_event)(struct tc_consumer_s* one, const taosuv_consumer_event_t* event);
  taosuv_consumer_close_t close;
  bool closed;
  int close_status, close_code;
  char close_message[128], close_host[64];
  void* data;
} tc_consumer_t;

/* State of one test: a database with a super table, topics, consumers. */
struct tc_s {
  it_t* it;
  taosuv_client_t* client; /* of the database */
  const char* db;
  char topics[TC_TOPICS][64];
  tc_consumer_t consumers[TC_CONSUMERS];
  char group[48];
  int skip_unreadable; /* for the consumers that are created from now on */
};

int tc_setup(void** state);
int tc_teardown(void** state); /* closes open consumers, drops topics, then calls it_teardown */
#define TC_TEST(name) cmocka_unit_test_setup_teardown(name, tc_setup, tc_teardown)

/* Creates a topic on the database: `as` is "as select …", "with meta as database …", with %s for
 * the database's name. Returns its name. */
const char* tc_topic(tc_t* tc, const char* as);
/* Rows of values first … first + count − 1 into `table`, a child of the super table `st`; the row's
 * time is its value. */
void tc_rows(tc_t* tc, const char* table, int first, int count);

/* A consumer of the test's group that starts at the earliest offset. `keys` for the URL; more
 * properties as "name=value", separated by spaces. */
tc_consumer_t* tc_consumer(tc_t* tc, const char* keys, const char* properties);
/* The same, starting as the properties say. */
tc_consumer_t* tc_consumer_from(tc_t* tc, const char* keys, const char* properties);
/* The first one, already subscribed. */
tc_consumer_t* tc_subscribed(tc_t* tc, const char* topic, const char* properties);

/* Each waits for the callback and returns its status, or the status of the call. */
int tc_subscribe(tc_consumer_t* one, const char* topic);
int tc_unsubscribe(tc_consumer_t* one);
int tc_poll(tc_consumer_t* one, uint64_t wait_ms, taosuv_message_t** message); /* referenced */
int tc_commit(tc_consumer_t* one, taosuv_message_t* message);                  /* NULL: all */
int tc_commit_offset(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t offset);
int tc_committed(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t* offset);
int tc_position(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t* offset);
int tc_assignment(tc_consumer_t* one, const char* topic, taosuv_partition_t* partitions,
                  uint32_t* count);
int tc_seek(tc_consumer_t* one, const char* topic, int32_t vgroup, int64_t offset);
int tc_seek_to(tc_consumer_t* one, const char* topic, bool beginning);
int tc_topics(tc_consumer_t* one, char* list, size_t size);
int tc_close(tc_consumer_t* one);

/* The next message with rows or schema changes; fails the test if none arrives. */
taosuv_message_t* tc_next(tc_consumer_t* one);
/* The waiting time of a poll for written rows, and the number of polls without a message after
 * which there is none. */
uint64_t tc_wait_ms(const tc_t* tc);
unsigned tc_patience(const tc_t* tc);
/* Polls until `count` values have been seen; each is counted in seen[value]. Gives up when no more
 * messages arrive. Returns the number of values. */
unsigned tc_drain(tc_consumer_t* one, unsigned* seen, unsigned size, unsigned count);
/* Counts the values (column `v` of each block) of a message. */
unsigned tc_count(taosuv_message_t* message, unsigned* seen, unsigned size);
/* Runs the loop until *flag is at least `value`, or fails the test. */
void tc_until(tc_t* tc, const unsigned* flag, unsigned value);

#endif
