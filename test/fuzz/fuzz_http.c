/* Fuzzes the answer to an upgrade: the verdict must not depend on how the bytes are cut. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/http/upgrade.h"
#include "wire/status.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/* The key of the recordings in test/data; the corpus is made of them. */
static const char key[] = "AAECAwQFBgcICQoLDA0ODw==";

typedef struct {
  int result, status;
  bool deflate;
  tuv_http_deflate_t agreed;
  size_t consumed;
} verdict_t;

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void check_text(const tuv_errmsg_t* err) {
  require(memchr(err->text, '\0', sizeof err->text) != NULL, "an error's text ends");
  size_t length = strlen(err->text);
  require(length > 0, "an error has a text");
  for (size_t i = 0; i < length; i++)
    require(err->text[i] >= ' ' && err->text[i] < 0x7F, "an error's text is printable");
}

static void check_verdict(const tuv_http_upgrade_t* upgrade, int result, const tuv_errmsg_t* err) {
  require(result == 0 || upgrade->done, "a verdict is final");
  if (result < 0) check_text(err);
  if (result != 1) return;
  require(upgrade->status == 101, "only a 101 switches");
  require(!upgrade->deflate || upgrade->offer != TUV_HTTP_DEFLATE_NONE,
          "no compression that was not offered");
  if (upgrade->deflate)
    require(upgrade->agreed.client_window_bits >= 9 && upgrade->agreed.client_window_bits <= 15,
            "a window that zlib has");
  require(upgrade->seen <= TUV_HTTP_MAX_HEAD, "the head is within its limit");
}

static verdict_t feed(const uint8_t* data, size_t size, tuv_http_offer_t offered, size_t first,
                      size_t piece) {
  char accept[TUV_HTTP_ACCEPT_SIZE + 1];
  tuv_http_accept(key, sizeof key - 1, accept);
  tuv_http_upgrade_t upgrade;
  tuv_http_upgrade_init(&upgrade, accept, offered);
  tuv_errmsg_t err = {{0}};
  verdict_t verdict = {0};
  size_t at = 0, next = first;
  while (at < size && verdict.result == 0) {
    size_t take = next != 0 && next < size - at ? next : size - at, used = 0;
    next = piece;
    char* copy = malloc(take);
    require(copy != NULL, "memory");
    memcpy(copy, data + at, take);
    verdict.result = tuv_http_upgrade_feed(&upgrade, copy, take, &used, &err);
    free(copy);
    require(used <= take, "not more is consumed than there was");
    require(verdict.result != 0 || used == take, "all is consumed while more is needed");
    at += used;
  }
  check_verdict(&upgrade, verdict.result, &err);
  if (verdict.result == 0) require(tuv_http_upgrade_eof(&upgrade, &err) == TUV_EHTTP, "eof");
  if (verdict.result == 1) verdict.consumed = at;
  verdict.status = upgrade.status;
  verdict.deflate = upgrade.deflate;
  if (upgrade.deflate) verdict.agreed = upgrade.agreed;
  return verdict;
}

static void require_same(verdict_t a, verdict_t b) {
  require(a.result == b.result, "the same result");
  if (a.result == TUV_EHTTP) return; /* how far it was read depends on the cut */
  require(a.status == b.status, "the same status");
  require(a.deflate == b.deflate, "the same compression");
  require(a.agreed.server_keeps_context == b.agreed.server_keeps_context, "the same contexts");
  require(a.agreed.client_window_bits == b.agreed.client_window_bits, "the same window");
  require(a.consumed == b.consumed, "the same end of the head");
}

/* Byte 0: what was offered of compression. Byte 1: the size of the pieces. The rest is the
 * answer. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  tuv_http_offer_t offered = (tuv_http_offer_t) (data[0] % 3);
  size_t n = data[1];
  data += 2;
  size -= 2;
  verdict_t whole = feed(data, size, offered, 0, 0);
  require_same(whole, feed(data, size, offered, 0, n));
  require_same(whole, feed(data, size, offered, 0, 1));
  require_same(whole, feed(data, size, offered, n, 0));
  return 0;
}
