/* Answers to an upgrade, fed in every way to cut them. */
#include "http_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/upgrade.h"

outcome_t http_feed(const char* bytes, size_t size, tuv_http_offer_t offered, size_t first,
                    size_t piece) {
  tuv_http_upgrade_t upgrade;
  tuv_http_upgrade_init(&upgrade, ACCEPT, offered);
  outcome_t outcome = {0};
  size_t at = 0, next = first;
  while (at < size && outcome.result == 0) {
    size_t take = next != 0 && next < size - at ? next : size - at, used = 0;
    next = piece;
    char* copy = malloc(take);
    assert_non_null(copy);
    memcpy(copy, bytes + at, take);
    outcome.result = tuv_http_upgrade_feed(&upgrade, copy, take, &used, &outcome.err);
    assert_true(used <= take);
    if (outcome.result == 0) assert_int_equal(used, take);
    free(copy);
    at += used;
  }
  outcome.status = upgrade.status;
  outcome.deflate = upgrade.deflate;
  outcome.agreed = upgrade.agreed;
  outcome.consumed = at;
  return outcome;
}

static void expect(const answer_t* answer, const char* bytes, size_t size, size_t head,
                   size_t first, size_t piece) {
  outcome_t outcome = http_feed(bytes, size, answer->offered, first, piece);
  if (outcome.result != answer->result)
    fail_msg("%s (first %zu, pieces of %zu): %d (%s) instead of %d", answer->name, first, piece,
             outcome.result, outcome.err.text, answer->result);
  if (answer->result == 1) {
    assert_int_equal(outcome.consumed, head);
    assert_int_equal(outcome.status, 101);
    assert_int_equal(outcome.deflate, answer->deflate);
  }
  bool whole = first == 0 && piece == 0;
  if (whole && answer->text != NULL && strcmp(outcome.err.text, answer->text) != 0)
    fail_msg("%s: \"%s\" instead of \"%s\"", answer->name, outcome.err.text, answer->text);
}

static void expect_every_cut(const answer_t* answer, const char* tail, size_t tail_size) {
  size_t head = strlen(answer->answer), size = head + tail_size;
  char* bytes = malloc(size);
  assert_non_null(bytes);
  memcpy(bytes, answer->answer, head);
  memcpy(bytes + head, tail, tail_size);
  expect(answer, bytes, size, head, 0, 0);
  for (size_t n = 1; n <= size; n++) {
    expect(answer, bytes, size, head, n, n);
    expect(answer, bytes, size, head, n, 0);
  }
  free(bytes);
}

void http_expect(const answer_t* answers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    expect_every_cut(&answers[i], "", 0);
    /* A frame, and bytes that are no HTTP, in the same read. */
    if (answers[i].result == 1) expect_every_cut(&answers[i], "\x81\x02hi\x00\xff\r\n\r\n", 10);
  }
}
