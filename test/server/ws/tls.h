/* The server's end of TLS as an engine without sockets: bytes in, bytes out. ws/peer.c puts it
 * between the faults and the WebSocket; a unit test feeds it by hand. */
#ifndef TS_WS_TLS_H
#define TS_WS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero but certificate and key: any version, no client certificate asked. Texts are PEM and are
 * not needed after ts_tls_config_new. */
typedef struct ts_tls_options_s {
  const char* certificate; /* with its chain, the server's own first */
  const char* key;
  const char* client_ca; /* not NULL: a client must have a certificate from this CA */
  int only_version;      /* 12 or 13: just this TLS version; 0: both */
  size_t record_size;    /* bytes of plaintext in one record at most; 0: what fits */
  bool no_close_notify;  /* ends without it, as one does that truncates */
  bool no_tickets;       /* nothing is resumed */
} ts_tls_options_t;

typedef struct ts_tls_config_s ts_tls_config_t;

typedef struct ts_tls_counters_s {
  uint64_t handshakes;     /* done */
  uint64_t resumed;        /* tickets that came back and were good */
  uint64_t failed;         /* handshakes that ended with an error */
  uint64_t close_notifies; /* received */
} ts_tls_counters_t;

/* Returns 0, or -1 with the reason in `message`. */
int ts_tls_config_new(const ts_tls_options_t* options, ts_tls_config_t** config, char* message,
                      size_t size);
void ts_tls_config_free(ts_tls_config_t* config); /* after all of its connections */
const ts_tls_counters_t* ts_tls_counters(const ts_tls_config_t* config);

typedef struct ts_tls_s ts_tls_t;

/* Called from inside the calls below. `cipher` is to be sent, `plain` was received. */
typedef struct ts_tls_events_s {
  void (*cipher)(void* data, const uint8_t* bytes, size_t size);
  void (*plain)(void* data, uint8_t* bytes, size_t size);
} ts_tls_events_t;

ts_tls_t* ts_tls_new(ts_tls_config_t* config, const ts_tls_events_t* events, void* data);
void ts_tls_free(ts_tls_t* tls);

/* Takes what the client has sent. Returns 0, or -1 when no more will come of it: an error (its
 * alert was sent) or the client's close_notify. The events may close the connection, not free
 * it. */
int ts_tls_feed(ts_tls_t* tls, const uint8_t* bytes, size_t size);
bool ts_tls_is_open(const ts_tls_t* tls);                         /* the handshake is done */
void ts_tls_write(ts_tls_t* tls, const void* bytes, size_t size); /* once it is open */
void ts_tls_finish(ts_tls_t* tls);                                /* close_notify, if allowed */

#endif
