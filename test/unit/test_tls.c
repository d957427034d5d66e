/* TLS over a stream in memory: what is trusted and what is not, bytes both ways, and every end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certs.h"
#include "taosuv/error.h"
#include "tls_pair.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static cert_t *ca, *other_ca, *good, *client_cert, *foreign_client;
static tls_pair_t tls_pair;
static tls_pair_t* const p = &tls_pair;

static cert_t* server_cert(cert_spec_t spec) {
  if (spec.name == NULL) spec.name = "server";
  if (spec.dns[0] == NULL && spec.ip[0] == NULL && !spec.no_names) spec.dns[0] = "db.example";
  return cert_new(&spec);
}

static int make_all(void** state) {
  (void) state;
  ca = cert_new(&(cert_spec_t) {.name = "Test CA", .ca = true});
  other_ca = cert_new(&(cert_spec_t) {.name = "Other CA", .ca = true});
  good = server_cert((cert_spec_t) {.issuer = ca});
  client_cert = cert_new(&(cert_spec_t) {.name = "client", .issuer = ca});
  foreign_client = cert_new(&(cert_spec_t) {.name = "client", .issuer = other_ca});
  return 0;
}

static int free_all(void** state) {
  (void) state;
  cert_free(ca);
  cert_free(other_ca);
  cert_free(good);
  cert_free(client_cert);
  cert_free(foreign_client);
  return 0;
}

static ts_tls_options_t serve_version(int version) {
  return (ts_tls_options_t) {.certificate = good->chain, .key = good->key, .only_version = version};
}

static tuv_tls_settings_t trust(void) {
  return (tuv_tls_settings_t) {.ca = ca->pem};
}

static void init_version(int version) {
  ts_tls_options_t server = serve_version(version);
  tuv_tls_settings_t client = trust();
  tls_pair_init(p, &server, &client);
}

static void open_version(int version) {
  init_version(version);
  assert_int_equal(tls_pair_open(p), 0);
  assert_true(ts_tls_is_open(p->server));
}

static void require_message(const char* part) {
  if (strstr(p->message, part) == NULL) fail_msg("'%s' lacks '%s'", p->message, part);
}

/* Writes it whole: what is not taken at once, later. */
static void write_all(const void* data, size_t size) {
  ssize_t taken = tuv_stream_try_write(p->stream, data, size);
  assert_true(taken == UV_EAGAIN || taken > 0);
  size_t done = taken > 0 ? (size_t) taken : 0;
  if (done == size) return;
  assert_int_equal(p->stream->ops->write(p->stream, (const uint8_t*) data + done, size - done), 0);
  assert_int_equal(p->writes, 0);
}

static uint8_t* pattern(size_t size) {
  uint8_t* bytes = malloc(size);
  assert_non_null(bytes);
  uint32_t x = 1;
  for (size_t i = 0; i < size; i++) {
    x = x * 1664525u + 1013904223u;
    bytes[i] = (uint8_t) (x >> 24);
  }
  return bytes;
}

/* ---- bytes ---- */

static void bytes_pass_both_ways(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    open_version(version);
    write_all("hello", 5);
    tls_pair_run(p);
    tls_pair_send(p, "world!", 6);
    tls_pair_run(p);
    assert_int_equal(p->got_size, 5);
    assert_memory_equal(p->got, "hello", 5);
    assert_int_equal(p->filled, 6);
    assert_memory_equal(p->buffer, "world!", 6);
    assert_int_equal(p->gifts, 0); /* nothing is asked for without something to put there */
    tls_pair_end(p);
  }
}

static void nothing_of_the_plaintext_is_seen_below(void** state) {
  (void) state;
  open_version(0);
  write_all("SECRET-SECRET", 13);
  tls_pair_run(p);
  for (size_t i = 0; i + 6 <= p->mem.written_size; i++)
    assert_memory_not_equal(p->mem.written + i, "SECRET", 6);
  tls_pair_end(p);
}

static void large_data_is_intact_and_lands_where_it_was_offered(void** state) {
  (void) state;
  const size_t size = 3000001;
  uint8_t* bytes = pattern(size);
  for (int version = 12; version <= 13; version++) {
    open_version(version);
    tls_pair_send(p, bytes, size);
    tls_pair_run(p);
    assert_int_equal(p->filled, size); /* on_read checks each place */
    assert_memory_equal(p->buffer, bytes, size);
    assert_in_range(p->reads, size / 16384, size / 16384 + 2);
    write_all(bytes, size);
    tls_pair_run(p);
    assert_int_equal(p->got_size, size);
    assert_memory_equal(p->got, bytes, size);
    tls_pair_end(p);
  }
  free(bytes);
}

static void no_read_is_larger_than_what_was_offered(void** state) {
  (void) state;
  uint8_t* bytes = pattern(3000);
  for (size_t offer = 1; offer < 80; offer += 13) {
    init_version(13);
    p->offer = offer;
    assert_int_equal(tls_pair_open(p), 0);
    tls_pair_send(p, bytes, 3000);
    tls_pair_run(p);
    assert_int_equal(p->filled, 3000);
    assert_memory_equal(p->buffer, bytes, 3000);
    assert_int_equal(p->reads, (3000 + offer - 1) / offer);
    tls_pair_end(p);
  }
  free(bytes);
}

static void records_of_one_byte_and_reads_of_one_byte_are_enough(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    ts_tls_options_t server = serve_version(version);
    tuv_tls_settings_t client = trust();
    server.record_size = 1;
    tls_pair_init(p, &server, &client);
    assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
    p->mem.piece = 1;
    p->mem.empty_reads = true;
    p->mem.early_alloc = version == 13;
    tls_pair_run(p);
    assert_int_equal(p->connect_status, 0);
    tls_pair_send(p, "one by one", 10);
    tls_pair_run(p);
    assert_int_equal(p->filled, 10);
    assert_memory_equal(p->buffer, "one by one", 10);
    tls_pair_end(p);
  }
}

static void the_handshake_leaves_byte_by_byte(void** state) {
  (void) state;
  for (size_t take = 0; take < 3; take++) {
    init_version(0);
    assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
    p->mem.take = take;
    tls_pair_run(p);
    assert_int_equal(p->connect_status, 0);
    tls_pair_end(p);
  }
}

/* See `signatures` in src/io/tls/config.c: PKCS#1 (x01) comes before RSA-PSS (08x). */
static void signatures_are_offered_in_an_order_that_tls_1_2_can_use(void** state) {
  (void) state;
  static const uint8_t order[] = {6, 1, 5, 1, 4, 1, 8, 6, 8, 5, 8, 4};
  init_version(0);
  assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
  p->hold_server = true;
  tls_pair_run(p);
  size_t at = 0;
  while (at + sizeof order <= p->mem.written_size &&
         memcmp(p->mem.written + at, order, sizeof order) != 0)
    at++;
  assert_true(at + sizeof order <= p->mem.written_size);
  p->hold_server = false;
  tls_pair_end(p);
}

/* ---- reading can be stopped ---- */

static void stop_reading(tls_pair_t* pair) {
  if (pair->reads != 1) return;
  pair->stream->ops->read_stop(pair->stream);
}

static void nothing_is_read_while_reading_is_stopped(void** state) {
  (void) state;
  init_version(13);
  p->offer = 10;
  p->then = stop_reading;
  assert_int_equal(tls_pair_open(p), 0);
  uint8_t* bytes = pattern(100000);
  tls_pair_send(p, bytes, 100000);
  tls_pair_run(p);
  assert_int_equal(p->filled, 10);
  assert_false(p->mem.reading); /* nor below: the peer has to wait */
  p->then = NULL;
  assert_int_equal(p->stream->ops->read_start(p->stream), 0);
  assert_int_equal(p->filled, 10); /* never from inside a call */
  p->offer = SIZE_MAX;
  tls_pair_run(p);
  assert_int_equal(p->filled, 100000);
  assert_memory_equal(p->buffer, bytes, 100000);
  free(bytes);
  tls_pair_end(p);
}

static void reading_can_be_started_late(void** state) {
  (void) state;
  init_version(13);
  p->no_read = true;
  assert_int_equal(tls_pair_open(p), 0);
  tls_pair_send(p, "early", 5);
  ts_tls_finish(p->server);
  tls_pair_run(p);
  assert_int_equal(p->filled, 0);
  assert_int_equal(p->read_status, 0);
  assert_int_equal(p->stream->ops->read_start(p->stream), 0);
  tls_pair_run(p);
  assert_int_equal(p->filled, 5);
  assert_int_equal(p->read_status, UV_EOF);
  tls_pair_end(p);
}

static void no_room_is_told_as_such(void** state) {
  (void) state;
  init_version(13);
  p->offer = 0;
  assert_int_equal(tls_pair_open(p), 0);
  tls_pair_send(p, "x", 1);
  tls_pair_run(p);
  assert_int_equal(p->read_status, UV_ENOBUFS);
  tls_pair_end(p);
}

/* ---- writing ---- */

static void writing_ahead_is_bounded(void** state) {
  (void) state;
  const size_t size = 2000000;
  uint8_t* bytes = pattern(size);
  open_version(13);
  p->mem.take = 0;
  p->mem.hold_write = true;
  const tuv_stream_ops_t* ops = p->stream->ops;
  ssize_t taken = tuv_stream_try_write(p->stream, bytes, size);
  assert_in_range(taken, 1, 100000);
  size_t done = (size_t) taken;
  assert_int_equal(tuv_stream_try_write(p->stream, bytes + done, size - done), UV_EAGAIN);
  assert_int_equal(ops->write(p->stream, bytes + done, size - done), 0);
  assert_int_equal(tuv_stream_try_write(p->stream, bytes, 1), UV_EAGAIN);
  tls_pair_run(p);
  assert_int_equal(p->writes, 0);
  assert_in_range(p->probe.live_bytes, 0, 500000);
  p->mem.hold_write = false;
  mem_stream_kick(&p->mem);
  tls_pair_run(p);
  assert_int_equal(p->writes, 1);
  assert_int_equal(p->write_status, 0);
  assert_int_equal(p->got_size, size);
  assert_memory_equal(p->got, bytes, size);
  tls_pair_end(p);
  free(bytes);
}

static void a_write_that_is_taken_at_once_is_told_later(void** state) {
  (void) state;
  open_version(13);
  assert_int_equal(p->stream->ops->write(p->stream, (const uint8_t*) "abc", 3), 0);
  assert_int_equal(p->writes, 0);
  tls_pair_run(p);
  assert_int_equal(p->writes, 1);
  assert_int_equal(p->got_size, 3);
  tls_pair_end(p);
}

static void errors_of_writing_below_are_told(void** state) {
  (void) state;
  open_version(13);
  p->mem.try_write_status = UV_EPIPE;
  assert_int_equal(tuv_stream_try_write(p->stream, (const uint8_t*) "abc", 3), UV_EPIPE);
  tls_pair_end(p);
  open_version(13);
  p->mem.take = 0;
  p->mem.write_call_status = UV_ENOMEM;
  assert_int_equal(p->stream->ops->write(p->stream, (const uint8_t*) "abc", 3), UV_ENOMEM);
  assert_int_equal(tuv_stream_try_write(p->stream, (const uint8_t*) "abc", 3), UV_ENOMEM);
  tls_pair_end(p);
  open_version(13);
  p->mem.take = 0;
  p->mem.write_status = UV_ECONNRESET;
  assert_int_equal(p->stream->ops->write(p->stream, (const uint8_t*) "abc", 3), 0);
  tls_pair_run(p);
  assert_int_equal(p->writes, 1);
  assert_int_equal(p->write_status, UV_ECONNRESET);
  assert_int_equal(p->read_status, UV_ECONNRESET);
  tls_pair_end(p);
}

static void an_end_below_ends_a_write_that_waits(void** state) {
  (void) state;
  uint8_t* bytes = pattern(500000);
  open_version(13);
  p->mem.take = 0;
  p->mem.hold_write = true;
  p->hold_server = true;
  assert_int_equal(p->stream->ops->write(p->stream, bytes, 500000), 0);
  mem_stream_end(&p->mem, UV_EOF);
  tls_pair_run(p);
  assert_int_equal(p->read_status, TAOSUV_ETLSEOF);
  assert_int_equal(p->writes, 0); /* the bytes are still being written below */
  p->mem.hold_write = false;
  mem_stream_kick(&p->mem);
  tls_pair_run(p);
  assert_int_equal(p->writes, 1);
  assert_int_equal(p->write_status, UV_ENOTCONN);
  p->hold_server = false;
  tls_pair_end(p);
  free(bytes);
}

/* ---- whom to trust ---- */

typedef struct trust_case_s {
  const char* what;
  const char* host;
  int status;
  cert_spec_t spec;
  bool by_other_ca, self_signed;
  const char* message; /* a part of it */
} trust_case_t;

static const trust_case_t trust_cases[] = {
    {"good", "db.example", 0, {0}, false, false, ""},
    {"name in another case", "DB.Example", 0, {0}, false, false, ""},
    {"RSA", "db.example", 0, {.rsa_bits = 2048}, false, false, ""},
    {"one of several names", "b.example", 0, {.dns = {"a.example", "b.example"}}, false, false, ""},
    {"wildcard", "db.example", 0, {.dns = {"*.example"}}, false, false, ""},
    {"wildcard for two labels",
     "a.db.example",
     TAOSUV_ETLSHOST,
     {.dns = {"*.example"}},
     false,
     false,
     "a.db.example"},
    {"wildcard for none",
     "example",
     TAOSUV_ETLSHOST,
     {.dns = {"*.example"}},
     false,
     false,
     "example"},
    {"address", "192.0.2.7", 0, {.ip = {"192.0.2.7"}}, false, false, ""},
    {"IPv6 address", "2001:db8::7", 0, {.ip = {"192.0.2.7", "2001:db8::7"}}, false, false, ""},
    {"IPv6 address with a zone", "fe80::1%eth0", 0, {.ip = {"fe80::1"}}, false, false, ""},
    {"other address",
     "192.0.2.8",
     TAOSUV_ETLSHOST,
     {.ip = {"192.0.2.7"}},
     false,
     false,
     "192.0.2.8"},
    {"address that is only a name",
     "192.0.2.7",
     TAOSUV_ETLSHOST,
     {.dns = {"192.0.2.7"}},
     false,
     false,
     "192.0.2.7"},
    {"name that is only an address",
     "db.example",
     TAOSUV_ETLSHOST,
     {.ip = {"192.0.2.7"}},
     false,
     false,
     "db.example"},
    {"name that ends with a dot", "db.example.", 0, {0}, false, false, ""},
    {"IPv4 address written as IPv6",
     "::ffff:192.0.2.7",
     0,
     {.ip = {"192.0.2.7"}},
     false,
     false,
     ""},
    {"other IPv4 address written as IPv6",
     "::ffff:192.0.2.8",
     TAOSUV_ETLSHOST,
     {.ip = {"192.0.2.7"}},
     false,
     false,
     "::ffff:192.0.2.8"},
    {"IPv6 address that ends as an IPv4 one",
     "::fffe:192.0.2.7",
     TAOSUV_ETLSHOST,
     {.ip = {"192.0.2.7"}},
     false,
     false,
     "::fffe:192.0.2.7"},
    {"common name without alternative names",
     "db.example",
     TAOSUV_ETLSHOST,
     {.name = "db.example", .no_names = true},
     false,
     false,
     "no subject alternative name"},
    {"address as common name",
     "192.0.2.7",
     TAOSUV_ETLSHOST,
     {.name = "192.0.2.7", .no_names = true},
     false,
     false,
     "no subject alternative name"},
    {"wrong host", "other.example", TAOSUV_ETLSHOST, {0}, false, false, "other.example"},
    {"expired",
     "db.example",
     TAOSUV_ETLSEXPIRED,
     {.from = -20, .to = -10},
     false,
     false,
     "expired"},
    {"not yet valid",
     "db.example",
     TAOSUV_ETLSNOTYET,
     {.from = 10, .to = 20},
     false,
     false,
     "future"},
    {"unknown CA", "db.example", TAOSUV_ETLSUNTRUSTED, {0}, true, false, "CA"},
    {"self-signed", "db.example", TAOSUV_ETLSSELFSIGNED, {0}, false, true, "self-signed"},
    {"unknown CA and expired",
     "db.example",
     TAOSUV_ETLSUNTRUSTED,
     {.from = -20, .to = -10},
     true,
     false,
     "expired"},
    {"RSA of 1024 bits", "db.example", TAOSUV_ETLSCERT, {.rsa_bits = 1024}, false, false, "key"},
    {"SHA-1", "db.example", TAOSUV_ETLSCERT, {.sha1 = true}, false, false, "hash"},
};

static void check_trust(const trust_case_t* test, int version, const cert_t* cert) {
  ts_tls_options_t server = {.certificate = cert->chain, .key = cert->key, .only_version = version};
  tuv_tls_settings_t client = trust();
  tls_pair_init(p, &server, &client);
  assert_int_equal(tls_pair_connect(p, test->host, 6041), 0);
  tls_pair_run(p);
  assert_int_equal(p->connects, 1);
  if (p->connect_status != test->status)
    fail_msg("%s, TLS 1.%d: %s %s", test->what, version - 10, taosuv_err_name(p->connect_status),
             p->message);
  require_message(test->message);
  if (test->status < 0) {
    assert_int_equal(taosuv_err_class(p->connect_status), TAOSUV_CLASS_TLS);
    require_message(taosuv_strerror(test->status));
  }
  tls_pair_end(p);
}

static void certificates_are_verified(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(trust_cases); i++) {
    cert_spec_t spec = trust_cases[i].spec;
    spec.issuer = trust_cases[i].self_signed ? NULL : trust_cases[i].by_other_ca ? other_ca : ca;
    cert_t* cert = server_cert(spec);
    for (int version = 12; version <= 13; version++) check_trust(&trust_cases[i], version, cert);
    cert_free(cert);
  }
}

static void an_intermediate_ca_must_be_sent(void** state) {
  (void) state;
  cert_t* middle = cert_new(&(cert_spec_t) {.name = "Middle CA", .issuer = ca, .ca = true});
  cert_t* leaf = server_cert((cert_spec_t) {.issuer = middle});
  tuv_tls_settings_t client = trust();
  ts_tls_options_t server = {.certificate = leaf->chain, .key = leaf->key};
  tls_pair_init(p, &server, &client);
  assert_int_equal(tls_pair_open(p), 0);
  tls_pair_close(p);
  server.certificate = leaf->pem;
  tls_pair_serve(p, &server);
  assert_int_equal(tls_pair_open(p), TAOSUV_ETLSUNTRUSTED);
  tls_pair_end(p);
  cert_free(leaf);
  cert_free(middle);
}

static void what_is_no_ca_cannot_sign(void** state) {
  (void) state;
  cert_t* leaf = server_cert((cert_spec_t) {.name = "leaf", .issuer = good});
  tuv_tls_settings_t client = trust();
  ts_tls_options_t server = {.certificate = leaf->chain, .key = leaf->key};
  tls_pair_init(p, &server, &client);
  assert_int_equal(tls_pair_open(p), TAOSUV_ETLSUNTRUSTED);
  tls_pair_end(p);
  cert_free(leaf);
}

static void a_common_name_counts_where_it_is_allowed(void** state) {
  (void) state;
  static const struct {
    const char *name, *host;
    bool names;
    int status;
  } cases[] = {{"db.example", "db.example", false, 0},
               {"db.example", "db.example.", false, 0},
               {"db.example", "other.example", false, TAOSUV_ETLSHOST},
               {"192.0.2.7", "192.0.2.7", false, TAOSUV_ETLSHOST},
               {"other.example", "other.example", true, TAOSUV_ETLSHOST}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    cert_t* cert = server_cert(
        (cert_spec_t) {.name = cases[i].name, .issuer = ca, .no_names = !cases[i].names});
    ts_tls_options_t server = {.certificate = cert->chain, .key = cert->key};
    tuv_tls_settings_t client = trust();
    client.common_name = true;
    tls_pair_init(p, &server, &client);
    assert_int_equal(tls_pair_connect(p, cases[i].host, 6041), 0);
    tls_pair_run(p);
    assert_int_equal(p->connect_status, cases[i].status);
    tls_pair_end(p);
    cert_free(cert);
  }
}

static void a_server_name_stands_for_the_host_s(void** state) {
  (void) state;
  ts_tls_options_t server = serve_version(0);
  tuv_tls_settings_t client = trust();
  client.server_name = "db.example";
  tls_pair_init(p, &server, &client);
  assert_int_equal(tls_pair_connect(p, "192.0.2.1", 1), 0);
  tls_pair_run(p);
  assert_int_equal(p->connect_status, 0);
  tls_pair_end(p);
  client.server_name = "other.example";
  tls_pair_init(p, &server, &client);
  assert_int_equal(tls_pair_open(p), TAOSUV_ETLSHOST);
  tls_pair_end(p);
}

static void the_system_s_cas_do_not_know_a_private_one(void** state) {
  (void) state;
  tuv_tls_context_t* context;
  tuv_tls_settings_t client = {0};
  tuv_errmsg_t err = {""};
  int status = tuv_tls_context_create(&tuv_alloc_default, &client, &context, &err);
  if (status == TAOSUV_ETLSFILE) { /* a machine without any CA says so */
    assert_non_null(strstr(err.text, "tls_ca"));
    return;
  }
  assert_int_equal(status, 0);
  tuv_tls_context_free(context);
  ts_tls_options_t server = serve_version(0);
  tls_pair_init(p, &server, &client);
  assert_int_equal(tls_pair_open(p), TAOSUV_ETLSUNTRUSTED);
  tls_pair_end(p);
}

static void verification_can_be_switched_off(void** state) {
  (void) state;
  cert_t* bad = server_cert((cert_spec_t) {.from = -20, .to = -10, .dns = {"x.example"}});
  for (int version = 12; version <= 13; version++) {
    ts_tls_options_t server = {.certificate = bad->chain, .key = bad->key, .only_version = version};
    tuv_tls_settings_t client = {.insecure = true};
    tls_pair_init(p, &server, &client);
    assert_int_equal(tls_pair_open(p), 0);
    tls_pair_end(p);
  }
  cert_free(bad);
}

static void pins_must_match_the_server_s_key(void** state) {
  (void) state;
  char two[100];
  snprintf(two, sizeof two, "%s,%s", other_ca->pin, good->pin);
  const struct {
    const char* pins;
    bool insecure;
    int status;
  } cases[] = {{good->pin, false, 0},
               {two, false, 0},
               {good->pin, true, 0},
               {other_ca->pin, false, TAOSUV_ETLSPIN},
               {ca->pin, false, TAOSUV_ETLSPIN},
               {other_ca->pin, true, TAOSUV_ETLSPIN}};
  for (size_t i = 0; i < 2 * COUNT(cases); i++) {
    ts_tls_options_t server = serve_version(i % 2 == 0 ? 12 : 13);
    tuv_tls_settings_t client = trust();
    if (cases[i / 2].insecure) client = (tuv_tls_settings_t) {.insecure = true};
    client.pins = cases[i / 2].pins;
    tls_pair_init(p, &server, &client);
    for (int round = 0; round < 2; round++) { /* the second one resumes, if it may */
      assert_int_equal(tls_pair_open(p), cases[i / 2].status);
      tls_pair_close(p);
    }
    assert_int_equal(ts_tls_counters(p->config)->resumed, cases[i / 2].status == 0);
    tls_pair_end(p);
  }
}

/* ---- the client's certificate ---- */

static int open_with_client(const cert_t* own, int version) {
  ts_tls_options_t server = serve_version(version);
  server.client_ca = ca->pem;
  tuv_tls_settings_t client = trust();
  if (own != NULL) {
    client.certificate = own->chain;
    client.key = own->key;
  }
  tls_pair_init(p, &server, &client);
  int status = tls_pair_open(p);
  if (status == 0) status = p->read_status; /* TLS 1.3 refuses after the client's part is done */
  return status;
}

static void a_client_certificate_is_shown_where_it_is_asked_for(void** state) {
  (void) state;
  const struct {
    const cert_t* own;
    int status;
    const char* message;
  } cases[] = {{client_cert, 0, ""},
               {foreign_client, TAOSUV_ETLSREFUSED, "alert 48, unknown_ca"},
               {NULL, TAOSUV_ETLSREFUSED, "alert "}};
  for (size_t i = 0; i < 2 * COUNT(cases); i++) {
    int status = open_with_client(cases[i / 2].own, i % 2 == 0 ? 12 : 13);
    if (status != cases[i / 2].status) fail_msg("%zu: %s", i, p->message);
    require_message(cases[i / 2].message);
    assert_int_equal(ts_tls_is_open(p->server), status == 0);
    tls_pair_end(p);
  }
}

/* ---- versions ---- */

static void the_minimum_version_is_kept(void** state) {
  (void) state;
  ts_tls_options_t old = serve_version(12), young = serve_version(13);
  tuv_tls_settings_t client = trust();
  client.tls_13_only = true;
  tls_pair_init(p, &old, &client);
  int status = tls_pair_open(p);
  if (status != TAOSUV_ETLSVERSION && status != TAOSUV_ETLSREFUSED)
    fail_msg("%s %s", taosuv_err_name(status), p->message);
  tls_pair_close(p);
  tls_pair_serve(p, &young);
  assert_int_equal(tls_pair_open(p), 0);
  tls_pair_end(p);
}

/* ---- resumption ---- */

static void the_next_connection_resumes_the_session(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    init_version(version);
    for (unsigned i = 0; i < 4; i++) {
      assert_int_equal(tls_pair_open(p), 0);
      assert_int_equal(ts_tls_counters(p->config)->resumed, i);
      write_all("hello", 5);
      tls_pair_run(p);
      assert_int_equal(p->got_size, 5);
      tls_pair_close(p);
    }
    assert_int_equal(tls_pair_connect(p, "db.example", 6042), 0); /* another server */
    tls_pair_run(p);
    assert_int_equal(p->connect_status, 0);
    assert_int_equal(ts_tls_counters(p->config)->resumed, 3);
    tls_pair_end(p);
  }
}

static void a_session_that_the_server_has_forgotten_costs_nothing(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    ts_tls_options_t server = serve_version(version);
    init_version(version);
    assert_int_equal(tls_pair_open(p), 0);
    tls_pair_close(p);
    tls_pair_serve(p, &server); /* with other ticket keys */
    assert_int_equal(tls_pair_open(p), 0);
    assert_int_equal(ts_tls_counters(p->config)->resumed, 0);
    tls_pair_close(p);
    server.only_version = 25 - version; /* of the other version now */
    tls_pair_serve(p, &server);
    int status = tls_pair_open(p);
    tls_pair_close(p);
    if (status != 0) status = tls_pair_open(p); /* at the latest a fresh attempt is through */
    assert_int_equal(status, 0);
    tls_pair_end(p);
  }
}

/* ---- the end ---- */

static void close_notify_is_a_clean_end(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    open_version(version);
    tls_pair_send(p, "last words", 10);
    ts_tls_finish(p->server);
    mem_stream_end(&p->mem, UV_EOF);
    tls_pair_run(p);
    assert_int_equal(p->filled, 10);
    assert_int_equal(p->read_status, UV_EOF);
    assert_string_equal(p->message, "");
    tls_pair_end(p);
  }
}

static void an_end_without_close_notify_is_an_error(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    open_version(version);
    tls_pair_send(p, "last words", 10);
    mem_stream_end(&p->mem, UV_EOF);
    tls_pair_run(p);
    assert_int_equal(p->filled, 10);
    assert_int_equal(p->read_status, TAOSUV_ETLSEOF);
    require_message("close_notify");
    tls_pair_end(p);
  }
}

static void an_end_at_each_byte_of_a_record_is_an_error(void** state) {
  (void) state;
  for (size_t cut = 0; cut < 60; cut++) {
    open_version(13);
    p->to_client = p->sent + cut;
    if (cut == 0) mem_stream_end(&p->mem, UV_EOF);
    tls_pair_send(p, "01234567890123456789012345678901234567890123456789", 50);
    tls_pair_run(p);
    assert_int_equal(p->filled, 0); /* half a record says nothing */
    assert_int_equal(p->read_status, TAOSUV_ETLSEOF);
    tls_pair_end(p);
  }
}

static void an_error_below_is_told_behind_what_came_before(void** state) {
  (void) state;
  open_version(13);
  tls_pair_send(p, "last words", 10);
  mem_stream_end(&p->mem, UV_ECONNRESET);
  tls_pair_run(p);
  assert_int_equal(p->filled, 10);
  assert_int_equal(p->read_status, UV_ECONNRESET);
  tls_pair_end(p);
}

static void closing_says_close_notify(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    open_version(version);
    tls_pair_close(p);
    assert_int_equal(ts_tls_counters(p->config)->close_notifies, 1);
    tls_pair_end(p);
  }
}

static void a_changed_byte_ends_the_stream(void** state) {
  (void) state;
  for (int version = 12; version <= 13; version++) {
    open_version(version);
    size_t at = p->mem.incoming_size;
    p->mem.hold_reads = true;
    tls_pair_send(p, "0123456789", 10);
    p->mem.incoming[at + 12] ^= 1;
    p->mem.hold_reads = false;
    mem_stream_kick(&p->mem);
    tls_pair_run(p);
    assert_int_equal(p->filled, 0);
    assert_int_equal(p->read_status, TAOSUV_ETLS);
    require_message("(-0x");
    tls_pair_end(p);
  }
}

static void what_is_no_tls_is_told_as_such(void** state) {
  (void) state;
  init_version(13);
  assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
  p->hold_server = true;
  mem_stream_feed(&p->mem, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
  tls_pair_run(p);
  assert_int_equal(p->connect_status, TAOSUV_ETLS);
  require_message("does that port speak TLS?");
  tls_pair_end(p);
}

/* An alert that comes in the clear, in place of the server's first message. */
static void a_fatal_alert_is_named(void** state) {
  (void) state;
  static const struct {
    uint8_t alert;
    const char* name;
  } alerts[] = {{10, "unexpected_message"},
                {20, "bad_record_mac"},
                {22, "record_overflow"},
                {40, "handshake_failure"},
                {42, "bad_certificate"},
                {43, "unsupported_certificate"},
                {44, "certificate_revoked"},
                {45, "certificate_expired"},
                {46, "certificate_unknown"},
                {47, "illegal_parameter"},
                {48, "unknown_ca"},
                {49, "access_denied"},
                {50, "decode_error"},
                {51, "decrypt_error"},
                {70, "protocol_version"},
                {71, "insufficient_security"},
                {80, "internal_error"},
                {112, "unrecognized_name"},
                {116, "certificate_required"},
                {120, "no_application_protocol"},
                {99, "no known name"}};
  for (size_t i = 0; i < COUNT(alerts); i++) {
    uint8_t record[] = {21, 3, 3, 0, 2, 2, alerts[i].alert};
    char expected[60];
    init_version(12);
    p->hold_server = true;
    assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
    mem_stream_feed(&p->mem, record, sizeof record);
    tls_pair_run(p);
    assert_int_equal(p->connect_status,
                     alerts[i].alert == 70 ? TAOSUV_ETLSVERSION : TAOSUV_ETLSREFUSED);
    snprintf(expected, sizeof expected, "alert %u, %s", alerts[i].alert, alerts[i].name);
    require_message(expected);
    tls_pair_end(p);
  }
}

static void what_the_system_does_not_have_is_unwritten(void** state) {
  (void) state;
  enum { SIZE = 300000 };
  uint8_t* data = calloc(1, SIZE);
  assert_non_null(data);
  open_version(13);
  assert_int_equal(p->stream->ops->unwritten(p->stream), 0);
  p->mem.take = 0;
  assert_int_equal(p->stream->ops->write(p->stream, data, SIZE), 0);
  assert_true(p->stream->ops->unwritten(p->stream) >= SIZE);
  tls_pair_run(p);
  assert_int_equal(p->writes, 1);
  assert_int_equal(p->stream->ops->unwritten(p->stream), 0);
  assert_int_equal(p->got_size, SIZE);
  tls_pair_end(p);
  free(data);
}

static void a_read_below_that_cannot_be_started_ends_the_handshake(void** state) {
  (void) state;
  init_version(13);
  assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
  p->mem.read_start_status = UV_EIO;
  tls_pair_run(p);
  assert_int_equal(p->connects, 1);
  assert_int_equal(p->connect_status, UV_EIO);
  tls_pair_end(p);
}

static int connect_without_memory(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host,
                                  uint16_t port, bool nodelay, tuv_route_t* route,
                                  const tuv_stream_events_t* events, void* context,
                                  tuv_stream_t** stream) {
  (void) loop;
  (void) alloc;
  (void) host;
  (void) port;
  (void) nodelay;
  (void) route;
  (void) events;
  (void) context;
  (void) stream;
  return UV_ENOMEM;
}

static void a_stream_below_that_cannot_be_made_is_an_error(void** state) {
  (void) state;
  static const tuv_stream_events_t none = {NULL, NULL, NULL, NULL, NULL};
  tuv_stream_t* stream = NULL;
  init_version(13);
  assert_int_equal(tuv_tls_connect(p->context, connect_without_memory, &p->loop, &p->probe.alloc,
                                   "db.example", 6041, true, NULL, &none, NULL, &stream),
                   UV_ENOMEM);
  assert_null(stream);
  tls_pair_end(p);
}

static void some_unreadable_certificates_are_counted(void** state) {
  (void) state;
  char bundle[10000];
  tuv_tls_context_t* context;
  tuv_errmsg_t err = {""};
  int length = snprintf(bundle, sizeof bundle,
                        "%s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                        ca->pem);
  assert_in_range(length, 1, sizeof bundle - 1);
  tuv_tls_settings_t settings = {.ca = bundle};
  assert_int_equal(tuv_tls_context_create(&tuv_alloc_default, &settings, &context, &err),
                   TAOSUV_ETLSFILE);
  assert_string_equal(err.text, "tls_ca: 1 of the certificates cannot be read");
}

static void errors_of_connecting_pass_through(void** state) {
  (void) state;
  init_version(13);
  assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
  p->mem.connect_status = UV_ECONNREFUSED;
  p->mem.connect_message = "nobody there";
  tls_pair_run(p);
  assert_int_equal(p->connect_status, UV_ECONNREFUSED);
  assert_string_equal(p->message, "nobody there");
  tls_pair_end(p);
}

static void close_it(tls_pair_t* pair) {
  pair->stream->ops->close(pair->stream);
}

static void it_can_be_closed_inside_of_each_event(void** state) {
  (void) state;
  init_version(13);
  p->then = close_it;
  assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
  while (p->closes == 0) {
    tls_pair_run(p);
    uv_run(&p->loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(p->connects, 1);
  tls_pair_close(p);
  p->then = NULL;
  assert_int_equal(tls_pair_open(p), 0);
  p->then = close_it;
  p->offer = 3;
  tls_pair_send(p, "0123456789", 10);
  tls_pair_run(p);
  assert_int_equal(p->reads, 1);
  tls_pair_end(p);
}

static void it_can_be_closed_at_each_turn(void** state) {
  (void) state;
  for (unsigned turns = 0; turns < 12; turns++) {
    init_version(13);
    assert_int_equal(tls_pair_connect(p, "db.example", 6041), 0);
    p->mem.piece = 300;
    for (unsigned i = 0; i < turns; i++) uv_run(&p->loop, UV_RUN_NOWAIT);
    close_it(p);
    tls_pair_end(p);
  }
}

/* ---- torture ---- */

static void cut_each_byte(int version, bool to_client) {
  init_version(version);
  assert_int_equal(tls_pair_open(p), 0);
  size_t bytes = to_client ? p->sent : p->relayed;
  tls_pair_end(p);
  size_t failed = 0;
  for (size_t n = 1; n <= bytes; n++) {
    init_version(version);
    *(to_client ? &p->to_client : &p->to_server) = n;
    int status = tls_pair_open(p);
    if (status == 0) status = p->read_status;
    bool shorter = !p->cut; /* a signature's length varies */
    if (status != (shorter ? 0 : TAOSUV_ETLSEOF)) fail_msg("%zu: %s", n, taosuv_err_name(status));
    failed += p->connect_status < 0;
    tls_pair_end(p);
  }
  assert_true(failed > bytes / 2);
}

static void the_handshake_is_cut_at_each_byte_of_the_server_1_2(void** state) {
  (void) state;
  cut_each_byte(12, true);
}
static void the_handshake_is_cut_at_each_byte_of_the_server_1_3(void** state) {
  (void) state;
  cut_each_byte(13, true);
}
static void the_handshake_is_cut_at_each_byte_of_the_client_1_2(void** state) {
  (void) state;
  cut_each_byte(12, false);
}
static void the_handshake_is_cut_at_each_byte_of_the_client_1_3(void** state) {
  (void) state;
  cut_each_byte(13, false);
}

static void each_allocation_fails(void** state) {
  (void) state;
  init_version(13);
  uint8_t* bytes = pattern(100000);
  unsigned failed = 0;
  for (size_t n = 1;; n++) {
    size_t before = p->probe.failures;
    alloc_probe_fail(&p->probe, n, false);
    int status = tls_pair_connect(p, "db.example", 6041);
    if (status == 0) {
      p->mem.take = 100;
      tls_pair_run(p);
      status = p->connect_status;
      ssize_t taken = 1;
      if (status == 0) taken = tuv_stream_try_write(p->stream, bytes, 100000);
      if (taken < 0) status = (int) taken;
      tls_pair_run(p);
      tls_pair_close(p);
    }
    alloc_probe_fail(&p->probe, 0, false);
    if (p->probe.failures == before) break;
    /* Only the place for a session can be missing without harm. */
    if (status != UV_ENOMEM && status != 0) fail_msg("%zu: %d %s", n, status, p->message);
    failed += status == UV_ENOMEM;
  }
  assert_true(failed >= 3);
  free(bytes);
  tls_pair_end(p);
}

static void each_allocation_of_a_context_fails(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_tls_settings_t client = {.ca = ca->pem, .server_name = "x", .pins = good->pin};
  for (size_t n = 1; n <= 3; n++) {
    tuv_tls_context_t* context;
    tuv_errmsg_t err = {""};
    alloc_probe_fail(&probe, n, false);
    assert_int_equal(tuv_tls_context_create(&probe.alloc, &client, &context, &err), UV_ENOMEM);
    assert_null(context);
    assert_int_equal(probe.live_blocks, 0);
  }
}

/* ---- settings ---- */

static char folder[256], empty_folder[256];
static char ca_file[300], cert_file[300], key_file[300], empty_file[300];

static int make_files(void** state) {
  (void) state;
  cert_folder(folder, sizeof folder);
  cert_folder(empty_folder, sizeof empty_folder);
  cert_write(folder, "ca.pem", ca->pem, ca_file, sizeof ca_file);
  cert_write(folder, "client.pem", client_cert->pem, cert_file, sizeof cert_file);
  cert_write(folder, "client.key", client_cert->key, key_file, sizeof key_file);
  cert_write(folder, "empty", "nothing\n", empty_file, sizeof empty_file);
  return 0;
}

static int remove_files(void** state) {
  (void) state;
  cert_folder_remove(folder);
  cert_folder_remove(empty_folder);
  return 0;
}

static void files_folders_and_texts_serve_alike(void** state) {
  (void) state;
  const tuv_tls_settings_t all[] = {
      {.ca = ca_file},
      {.ca = folder},
      {.ca = ca->pem},
      {.ca = ca_file, .certificate = cert_file, .key = key_file},
      {.ca = ca_file, .certificate = client_cert->pem, .key = client_cert->key}};
  ts_tls_options_t server = serve_version(0);
  for (size_t i = 0; i < COUNT(all); i++) {
    tls_pair_init(p, &server, &all[i]);
    assert_int_equal(tls_pair_open(p), 0);
    tls_pair_end(p);
  }
}

static void bad_settings_say_what_is_bad_and_no_secret(void** state) {
  (void) state;
  char broken[5000];
  snprintf(broken, sizeof broken, "%s", client_cert->key);
  memset(strchr(broken, '\n') + 1, '!', 20);
  const struct {
    tuv_tls_settings_t settings;
    const char* message;
  } cases[] = {
      {{.ca = "/nowhere/ca.pem"}, "tls_ca: /nowhere/ca.pem"},
      {{.ca = empty_file}, "tls_ca"},
      {{.ca = empty_folder}, "tls_ca: no certificate is in /"},
      {{.ca = "-----BEGIN CERTIFICATE-----\nSECRET"}, "tls_ca"},
      {{.ca = ca->pem, .certificate = "/nowhere", .key = key_file}, "tls_cert: /nowhere"},
      {{.ca = ca->pem, .certificate = cert_file, .key = "/nowhere/SECRET"}, "tls_key"},
      {{.ca = ca->pem, .certificate = cert_file, .key = broken}, "tls_key"},
      {{.ca = ca->pem, .certificate = cert_file, .key = cert_file}, "tls_key"},
      {{.ca = ca->pem, .certificate = cert_file, .key = good->key}, "not the key of tls_cert"},
      {{.ca = ca->pem, .certificate = cert_file}, "must be set together"},
      {{.ca = ca->pem, .pins = "c2hvcnQ="}, "tls_pin: pin 1"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    tuv_tls_context_t* context;
    tuv_errmsg_t err = {""};
    int status = tuv_tls_context_create(&tuv_alloc_default, &cases[i].settings, &context, &err);
    assert_int_equal(status, TAOSUV_ETLSFILE);
    assert_null(context);
    if (strstr(err.text, cases[i].message) == NULL)
      fail_msg("'%s' lacks '%s'", err.text, cases[i].message);
    assert_null(strstr(err.text, "SECRET"));
    assert_null(strstr(err.text, "BEGIN"));
    assert_null(strstr(err.text, "PRIVATE KEY"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_pass_both_ways),
      cmocka_unit_test(nothing_of_the_plaintext_is_seen_below),
      cmocka_unit_test(large_data_is_intact_and_lands_where_it_was_offered),
      cmocka_unit_test(no_read_is_larger_than_what_was_offered),
      cmocka_unit_test(records_of_one_byte_and_reads_of_one_byte_are_enough),
      cmocka_unit_test(the_handshake_leaves_byte_by_byte),
      cmocka_unit_test(signatures_are_offered_in_an_order_that_tls_1_2_can_use),
      cmocka_unit_test(nothing_is_read_while_reading_is_stopped),
      cmocka_unit_test(reading_can_be_started_late),
      cmocka_unit_test(no_room_is_told_as_such),
      cmocka_unit_test(writing_ahead_is_bounded),
      cmocka_unit_test(a_write_that_is_taken_at_once_is_told_later),
      cmocka_unit_test(errors_of_writing_below_are_told),
      cmocka_unit_test(an_end_below_ends_a_write_that_waits),
      cmocka_unit_test(certificates_are_verified),
      cmocka_unit_test(an_intermediate_ca_must_be_sent),
      cmocka_unit_test(what_is_no_ca_cannot_sign),
      cmocka_unit_test(a_common_name_counts_where_it_is_allowed),
      cmocka_unit_test(a_server_name_stands_for_the_host_s),
      cmocka_unit_test(the_system_s_cas_do_not_know_a_private_one),
      cmocka_unit_test(verification_can_be_switched_off),
      cmocka_unit_test(pins_must_match_the_server_s_key),
      cmocka_unit_test(a_client_certificate_is_shown_where_it_is_asked_for),
      cmocka_unit_test(the_minimum_version_is_kept),
      cmocka_unit_test(the_next_connection_resumes_the_session),
      cmocka_unit_test(a_session_that_the_server_has_forgotten_costs_nothing),
      cmocka_unit_test(close_notify_is_a_clean_end),
      cmocka_unit_test(an_end_without_close_notify_is_an_error),
      cmocka_unit_test(an_end_at_each_byte_of_a_record_is_an_error),
      cmocka_unit_test(an_error_below_is_told_behind_what_came_before),
      cmocka_unit_test(closing_says_close_notify),
      cmocka_unit_test(a_changed_byte_ends_the_stream),
      cmocka_unit_test(what_is_no_tls_is_told_as_such),
      cmocka_unit_test(a_fatal_alert_is_named),
      cmocka_unit_test(what_the_system_does_not_have_is_unwritten),
      cmocka_unit_test(a_read_below_that_cannot_be_started_ends_the_handshake),
      cmocka_unit_test(a_stream_below_that_cannot_be_made_is_an_error),
      cmocka_unit_test(some_unreadable_certificates_are_counted),
      cmocka_unit_test(errors_of_connecting_pass_through),
      cmocka_unit_test(it_can_be_closed_inside_of_each_event),
      cmocka_unit_test(it_can_be_closed_at_each_turn),
      cmocka_unit_test(the_handshake_is_cut_at_each_byte_of_the_server_1_2),
      cmocka_unit_test(the_handshake_is_cut_at_each_byte_of_the_server_1_3),
      cmocka_unit_test(the_handshake_is_cut_at_each_byte_of_the_client_1_2),
      cmocka_unit_test(the_handshake_is_cut_at_each_byte_of_the_client_1_3),
      cmocka_unit_test(each_allocation_fails),
      cmocka_unit_test(each_allocation_of_a_context_fails),
      cmocka_unit_test_setup_teardown(files_folders_and_texts_serve_alike, make_files,
                                      remove_files),
      cmocka_unit_test_setup_teardown(bad_settings_say_what_is_bad_and_no_secret, make_files,
                                      remove_files),
  };
  return cmocka_run_group_tests_name("tls", tests, make_all, free_all);
}
