/* Connection URLs: the text is checked completely and becomes a struct of settings. */
#ifndef TUV_WIRE_URL_URL_H
#define TUV_WIRE_URL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"
#include "util/errmsg.h"

typedef enum { TUV_TRANSPORT_WS, TUV_TRANSPORT_REST } tuv_url_transport_t;

typedef struct tuv_host_s {
  const char* name; /* NUL-terminated; an IPv6 address without brackets */
  uint16_t port;
  bool ipv6; /* written in brackets */
} tuv_host_t;

/* Reads a host as it is written in a URL: a name, an IPv4 address, or an IPv6 address in brackets,
 * with or without a port. `name` holds host->name. Returns 0 or TUV_EURL. */
#define TUV_HOST_NAME_SIZE 256u
int tuv_host_parse(const char* text, size_t length, char name[TUV_HOST_NAME_SIZE], tuv_host_t* host,
                   tuv_errmsg_t* err);

/* The settings of a URL, with defaults for those that it does not have. Texts are percent-decoded,
 * NUL-terminated without a NUL in them, and "" by default. All of them lie in one block of memory,
 * which tuv_url_free wipes and frees. */
typedef struct tuv_url_s {
  tuv_url_transport_t transport; /* ws, wss; http, https */
  bool tls;                      /* wss, https */
  tuv_host_t* hosts;
  uint32_t nhosts;
  const char* user;
  const char* password;
  const char* db;
  const char* token;              /* token= (cloud, goes into the upgrade's query string) */
  const char* bearer_token;       /* bearer_token= */
  const char* totp_code;          /* totp_code= */
  const char* totp_secret;        /* totp_secret=: base32 */
  const char* timezone;           /* timezone= or tz=: an IANA name */
  const char* app;                /* app= or user_app= */
  const char* ip;                 /* ip= or user_ip= */
  const char* connector;          /* connector= */
  bool bi_mode;                   /* conmode=1 or conn_mode=1 */
  bool rest_token;                /* rest_auth=basic|token, default basic */
  bool compression;               /* compression=0|1|true|false */
  uint64_t compression_threshold; /* bytes, 0..0x7fffffff, default 1024 */
  bool adapter_ha;                /* adapter_ha= or discover= */
  uint64_t discover_interval;     /* ms, 0 (never)..86400000, default 60000 */
  bool prefetch;                  /* prefetch=0|1|true|false, default true */
  bool tcp_nodelay;               /* tcp_nodelay=, default true */
  uint32_t pool_size;             /* 1..65535, default 1 */
  uint32_t max_inflight;          /* per connection, 1..1048576, default 1024 */
  uint32_t max_queue;             /* per client, 0..16777216, default 65536 */
  uint64_t max_queue_bytes;       /* of their messages, 0..2^40, default 64 MiB */
  uint64_t max_send_buffer;       /* bytes per connection, 1..2^40, default 16 MiB */
  uint64_t max_message_size;      /* bytes, 65536..0x7fffffff, default 0x60000000 */
  uint32_t stmt_version;          /* 1 or 2; 0: what the server has (the default) */
  uint32_t stmt_cache;      /* statements kept for reuse per connection, 0..65536, default 100 */
  uint64_t connect_timeout; /* ms, 1..86400000, default 8000 */
  uint64_t close_timeout;   /* ms, 0 (at once)..86400000, default 5000 */
  uint64_t request_timeout; /* ms, 0 (none)..86400000, default 60000; timeout= is an alias */
  uint32_t retries;       /* rounds over all hosts; retries= or conn_retries=, 0..1000, default 5 */
  uint64_t retry_initial; /* ms; retry_initial= or retry_backoff_ms=, default 200 */
  bool metrics;           /* metrics=, default false */
  uint64_t retry_max;     /* ms; retry_max= or retry_backoff_max_ms=, default 2000 */
  const char* tls_ca;     /* tls_ca=: file, folder or PEM text; "": the system's CAs */
  const char* tls_cert;   /* tls_cert= and tls_key=: file or PEM text; both or none */
  const char* tls_key;
  const char* tls_server_name; /* tls_server_name=; "": the host */
  const char* tls_pin;         /* tls_pin=: base64 SHA-256 sums, comma separated */
  bool tls_13_only;            /* tls_min_version=1.2|1.3, default 1.2 */
  bool tls_insecure;           /* tls_verify=full|insecure-none, default full */
  bool tls_common_name;   /* tls_common_name=: a certificate without alternative names will do */
  bool first_alive;       /* load_balance=first; otherwise least, the default */
  uint64_t ping_interval; /* ms, 0 (none)..86400000, default 15000 */
  uint64_t probe_timeout; /* ms, 1..86400000, default 5000 */
  uint64_t idle_timeout;  /* ms, 0 (none, the default)..86400000 */
  uint64_t max_age;       /* ms, 0 (none, the default)..604800000 */
  void* memory;
  size_t memory_size;
} tuv_url_t;

/* Parses `length` bytes, which need no NUL. Returns 0; TUV_EURL with the reason in `err`, which
 * names a key or part and never shows a secret; or TUV_ENOMEM. After an error nothing has to be
 * freed. */
int tuv_url_parse(const tuv_alloc_t* alloc, const char* text, size_t length, tuv_url_t* url,
                  tuv_errmsg_t* err);
void tuv_url_free(const tuv_alloc_t* alloc, tuv_url_t* url);

/* Writes the text of a URL with "***" in place of its secrets. Returns the whole length as snprintf
 * does, or TUV_EURL. */
int tuv_url_redact(const char* text, size_t length, char* buf, size_t size);

#endif
