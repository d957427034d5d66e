/* Connection URLs. */
#include "wire/url/url.h"

#include <string.h>

#include "wire/status.h"
#include "wire/url/parts.h"

#define MAX_DB 64
#define DEFAULT_USER "root"
#define DEFAULT_PASSWORD "taosdata"

static void set_defaults(tuv_url_t* url) {
  memset(url, 0, sizeof *url);
  url->user = DEFAULT_USER;
  url->password = DEFAULT_PASSWORD;
  url->db = url->token = url->bearer_token = url->totp_code = url->totp_secret = "";
  url->timezone = url->app = url->ip = url->connector = "";
  url->tls_ca = url->tls_cert = url->tls_key = url->tls_server_name = url->tls_pin = "";
  url->prefetch = true;
  url->tcp_nodelay = true;
  url->pool_size = 1;
  url->max_inflight = 1024;
  url->max_queue = 65536;
  url->max_queue_bytes = 64u << 20;
  url->max_send_buffer = 16u << 20;
  url->max_message_size = 0x60000000;
  url->stmt_cache = 100;
  url->compression_threshold = 1024;
  url->connect_timeout = 8000;
  url->close_timeout = 5000;
  url->request_timeout = 60000;
  url->discover_interval = 60000;
  url->retries = 5;
  url->retry_initial = 200;
  url->retry_max = 2000;
  url->ping_interval = 15000;
  url->probe_timeout = 5000;
}

static int read_scheme(tuv_span_t scheme, tuv_url_t* url, tuv_errmsg_t* err) {
  bool ws = tuv_span_is(scheme, "ws"), wss = tuv_span_is(scheme, "wss");
  bool http = tuv_span_is(scheme, "http"), https = tuv_span_is(scheme, "https");
  if (!ws && !wss && !http && !https) {
    return tuv_fail(err, TUV_EURL, "unknown scheme '%s'; use ws, wss, http or https",
                    tuv_url_show(scheme).text);
  }
  url->transport = ws || wss ? TUV_TRANSPORT_WS : TUV_TRANSPORT_REST;
  url->tls = wss || https;
  return 0;
}

/* "user@" keeps the default password, "user:@" means an empty one, ":pw@" keeps the default
 * user. */
static int read_user(tuv_url_arena_t* arena, const tuv_url_parts_t* parts, tuv_url_t* url,
                     tuv_errmsg_t* err) {
  int status = 0;
  if (parts->user.length > 0) {
    status = tuv_url_store(arena, parts->user, "the user", &url->user, err);
  }
  if (status == 0 && parts->password.at != NULL) {
    status = tuv_url_store(arena, parts->password, "the password", &url->password, err);
  }
  return status;
}

/* The name is not shown: it may be the rest of a password after an unescaped '/'. */
static int read_db(tuv_url_arena_t* arena, tuv_span_t path, tuv_url_t* url, tuv_errmsg_t* err) {
  if (path.length == 0) return 0;
  if (tuv_span_has(path, '/')) {
    return tuv_fail(err, TUV_EURL, "the path must be the name of a database alone");
  }
  int status = tuv_url_store(arena, path, "the database", &url->db, err);
  if (status != 0) return status;
  if (strlen(url->db) > MAX_DB) {
    return tuv_fail(err, TUV_EURL, "the database is longer than %d bytes", MAX_DB);
  }
  for (const char* p = url->db; *p != '\0'; p++) {
    if ((unsigned char) *p < ' ' || *p == 0x7f) {
      return tuv_fail(err, TUV_EURL, "the database contains a control character");
    }
  }
  return 0;
}

static size_t count_hosts(tuv_span_t list) {
  tuv_span_t piece;
  size_t count = 0;
  while (tuv_span_next(&list, ',', &piece)) count++;
  return count;
}

/* Every byte of the URL is part of at most one string. The NUL of a string takes the place of a
 * separator, except for the last host and the last value. An IPv4 address may become longer than it
 * was written. */
static int allocate(const tuv_alloc_t* alloc, const tuv_url_parts_t* parts, size_t length,
                    tuv_url_t* url, tuv_url_arena_t* arena, tuv_errmsg_t* err) {
  size_t count = count_hosts(parts->hosts);
  if (count > TUV_URL_MAX_HOSTS) {
    return tuv_fail(err, TUV_EURL, "the URL has more than %u hosts", TUV_URL_MAX_HOSTS);
  }
  url->memory_size = count * (sizeof(tuv_host_t) + TUV_URL_IPV4_SIZE) + length + 16;
  url->memory = tuv_malloc(alloc, url->memory_size);
  if (url->memory == NULL) return tuv_fail(err, TUV_ENOMEM, "out of memory");
  url->hosts = url->memory;
  arena->next = (char*) url->memory + count * sizeof(tuv_host_t);
  return 0;
}

static int read_parts(tuv_url_arena_t* arena, const tuv_url_parts_t* parts, tuv_url_t* url,
                      tuv_errmsg_t* err) {
  int status = read_user(arena, parts, url, err);
  if (status == 0) status = tuv_url_hosts(arena, parts->hosts, url, err);
  if (status == 0) status = read_db(arena, parts->path, url, err);
  if (status == 0) {
    status = tuv_url_query(arena, parts->query, parts->user.at == NULL, url, err);
  }
  return status;
}

int tuv_url_parse(const tuv_alloc_t* alloc, const char* text, size_t length, tuv_url_t* url,
                  tuv_errmsg_t* err) {
  tuv_url_parts_t parts;
  tuv_url_arena_t arena;
  set_defaults(url);
  int status = tuv_url_split(text, length, &parts, err);
  if (status == 0) status = read_scheme(parts.scheme, url, err);
  if (status == 0) status = allocate(alloc, &parts, length, url, &arena, err);
  if (status != 0) return status;
  status = read_parts(&arena, &parts, url, err);
  if (status != 0) tuv_url_free(alloc, url);
  return status;
}

void tuv_url_free(const tuv_alloc_t* alloc, tuv_url_t* url) {
  if (url->memory != NULL) {
    tuv_wipe(url->memory, url->memory_size);
    tuv_free(alloc, url->memory);
  }
  memset(url, 0, sizeof *url);
}
