/* How a server is made. */
#ifndef TS_SESSION_CONFIG_H
#define TS_SESSION_CONFIG_H

#include "ws/tls.h"

typedef struct ts_server_s ts_server_t;

/* All zero: the defaults. Texts are copied. */
typedef struct ts_config_s {
  int port;                 /* 0: a free one */
  const char* version;      /* NULL: "3.3.6.0"; older ones lack actions and fields as they did */
  const char* user;         /* NULL: root */
  const char* password;     /* NULL: taosdata */
  const char* bearer_token; /* what `conn` may give instead (version 3.4.0.0 on); NULL: none */
  const char* totp_secret; /* base32: log-ins need its code, too (version 3.4.0.0 on); NULL: none */
  const char* instances;   /* ts_server_set_instances at the beginning */
  uint64_t ping_ms;        /* 0: 54 s; TS_NEVER: none */
  uint64_t deadline_ms;    /* 0: 114 s; TS_NEVER: none */
  bool compression;        /* agree to permessage-deflate when it is offered, as the real one */
  bool answer_close;       /* answer a close frame by one (the real server: by EOF alone) */
  const ts_tls_options_t* tls; /* wss:// instead of ws:// */
  /* Called with every message of a client before it is handled: `action` as replies name it. */
  void (*spy)(void* data, const char* action, const void* message, size_t size);
  void* spy_data;
} ts_config_t;

#define TS_NEVER UINT64_MAX

#endif
