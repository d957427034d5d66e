/* What a connection and its listener consist of. For the files of this folder alone.
 *
 * Bytes that come pass TLS (tls) and are a request (upgrade, http_request) or frames (frames).
 * What leaves passes reply, then deflate or not, then out. conn ends a connection, peer makes
 * and frees it. */
#ifndef TS_WS_CONN_H
#define TS_WS_CONN_H

#include <llhttp.h>

#include "wire/deflate/deflate.h"
#include "ws/tls.h"
#include "wire/ws/frame.h"
#include "ws/peer.h"

/* Bytes to be sent: own ones, or a part of a blob. */
typedef struct ts_chunk_s {
  struct ts_chunk_s* next;
  ts_blob_t* blob; /* NULL: the bytes are in data */
  const uint8_t* at;
  size_t size;
  size_t capacity; /* of data */
  uint8_t data[];
} ts_chunk_t;

/* A reply on its way through the faults. */
typedef struct ts_reply_s {
  struct ts_reply_s* next;
  uint64_t due;
  uint8_t opcode;
  size_t size;
  ts_blob_t* body;
  uint8_t head[];
} ts_reply_t;

typedef struct ts_reply_list_s {
  ts_reply_t* first;
  ts_reply_t* last;
  uint32_t count;
} ts_reply_list_t;

/* The upgrade request, or an HTTP request, as far as it has come. */
typedef struct ts_upgrade_s {
  llhttp_t parser;
  llhttp_settings_t settings;
  ts_buf_t text; /* all of its bytes */
  char path[1024];
  char field[32];
  char value[512];
  size_t path_size, field_size, value_size;
  bool has_upgrade, has_connection, has_version, offers_deflate;
  bool complete;
  char key[64];
  /* HTTP (ws/http.c) */
  char authorization[512];
  bool accepts_gzip;
  bool pending; /* it is complete, and not answered */
  bool last;    /* with its answer the connection ends */
  ts_buf_t body;
  ts_buf_t beyond; /* bytes that followed it */
} ts_upgrade_t;

struct ts_conn_s {
  uv_tcp_t tcp;
  uv_timer_t ping;
  uv_timer_t deadline;
  uv_timer_t delay;
  uv_write_t write;
  uv_shutdown_t shutdown;
  ts_peer_t* peer;
  ts_tls_t* tls; /* NULL: none */
  void* data;
  ts_patch_t patch; /* size 0: none */
  ts_conn_t* prev;  /* of the peer's list */
  ts_conn_t* next;
  unsigned handles;          /* not closed yet */
  uv_close_cb handle_closed; /* frees the connection after the last one */
  bool opened;
  bool http; /* it carries HTTP requests, not a WebSocket */
  bool closing;
  uint64_t last_seen;
  ts_upgrade_t upgrade;
  ts_fault_t fault;
  char* upgrade_answer; /* the connection's own copy */
  uint64_t received;
  /* messages */
  tuv_ws_reader_t reader;
  ts_buf_t message;
  tuv_inflater_t* inflater; /* both NULL: no compression was agreed on */
  tuv_deflater_t* deflater;
  /* replies (ws/reply.c) */
  bool reply_faults;
  uint32_t replies;
  uint32_t delivered;
  ts_reply_list_t held;
  ts_reply_list_t delayed;
  /* bytes (ws/out.c) */
  uint64_t sent;
  bool out_closed; /* nothing more is queued */
  bool stalled;
  bool cut_when_flushed;
  bool finish_when_flushed;
  bool writing;
  size_t write_size; /* of the write in progress */
  bool dirty;
  ts_conn_t* dirty_next;
  ts_chunk_t* out_first;
  ts_chunk_t* out_last;
};

struct ts_peer_s {
  uv_tcp_t tcp;
  uv_prepare_t prepare;
  uv_check_t check;
  unsigned handles;
  int port;
  bool refuse;
  bool paused; /* nothing is read */
  bool closing;
  ts_peer_options_t options;
  ts_peer_counters_t counters;
  ts_fault_t fault;
  char* upgrade_answer;
  unsigned fault_count;
  bool fault_forever;
  ts_conn_t* conns;
  ts_conn_t* dirty;
  void (*closed)(void* data);
  void* closed_data;
  char buffer[65536]; /* of the read in progress: libuv asks for it only right before reading */
};

#endif
